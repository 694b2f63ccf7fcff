/* Private to serve/: which vendors' host names resolve. nginx refuses to start over a single name
 * that does not, so such a vendor's upstream is written as down until its name resolves. */
#ifndef CUSTOS_SERVE_RESOLVE_H
#define CUSTOS_SERVE_RESOLVE_H

#include <pthread.h>
#include <stdatomic.h>
#include "catalog/config.h"

typedef struct {
    const cu_config *config;
    pthread_t thread;
    _Atomic bool stop, looked;      /* looked: every name was asked for once */
    _Atomic bool *resolved;         /* per vendor */
    void *memory;                   /* of resolved */
} cu_names;

cu_err cu_names_start(cu_names *n, const cu_config *c, cu_fault *f) CU_MUST;
void cu_names_stop(cu_names *n);

#endif
