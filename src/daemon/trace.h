/* Private to daemon/: a span for each exchange, made from its sealed entries and sent to a collector. */
#ifndef CUSTOS_DAEMON_TRACE_H
#define CUSTOS_DAEMON_TRACE_H

#include "app.h"

typedef struct traces traces;

/* Leaves *out NULL when no endpoint is configured. */
cu_err traces_start(app *a, traces **out, cu_fault *f) CU_MUST;
void traces_stop(traces *t);                       /* a->stop is set; NULL is fine */
void traces_take(traces *t, const cu_leaf *l);     /* never waits for the collector; NULL is fine */
void traces_metrics(app *a, cu_buf *out);

#endif
