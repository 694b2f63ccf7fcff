/* Private to daemon/: what was so at an earlier moment. */
#ifndef CUSTOS_DAEMON_AS_OF_H
#define CUSTOS_DAEMON_AS_OF_H

#include "app.h"

typedef struct {
    uint64_t ns;
    char text[CU_TIME_LEN];
    bool given; /* else it is now */
} moment;

/* ?as_of= of a call: 0, or the status of a refusal. */
unsigned as_of(call *c, moment *m);
/* Array on the heap, to be freed, without hashes and last use. */
cu_err keys_as_of(const app *a, const moment *m, cu_store_key **out, size_t *n, cu_fault *f) CU_MUST;
/* The logs' checkpoints as the anchor log had them. */
unsigned answer_heads(call *c, const moment *m);

#endif
