/* Private to serve/: the addresses of the vendors' host names, and which of them may be used. nginx
 * gets the addresses that were checked, not the name: what was looked at is what is connected to. */
#ifndef CUSTOS_SERVE_RESOLVE_H
#define CUSTOS_SERVE_RESOLVE_H

#include <pthread.h>
#include <stdatomic.h>
#include "catalog/config.h"
#include "serve/nginx_conf.h"

typedef struct {
    const cu_config *config;
    pthread_t thread;
    pthread_mutex_t lock;           /* for answers */
    _Atomic bool stop, looked;      /* looked: every name was asked for once */
    cu_vendor_addresses *answers;   /* CU_VENDOR_UPSTREAMS per vendor, as configured */
    bool running;
} cu_names;

cu_err cu_names_start(cu_names *n, const cu_config *c, cu_fault *f) CU_MUST;
void cu_names_stop(cu_names *n);
/* What is known of vendor i by now: CU_VENDOR_UPSTREAMS of them. */
void cu_names_get(cu_names *n, size_t i, cu_vendor_addresses *out);

#endif
