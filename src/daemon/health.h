/* Private to daemon/: active checks of upstreams, in a thread of their own. */
#ifndef CUSTOS_DAEMON_HEALTH_H
#define CUSTOS_DAEMON_HEALTH_H

#include "app.h"

typedef struct health health;

/* Does nothing, and leaves *out NULL, when no vendor asks for checks. */
cu_err health_start(app *a, health **out, cu_fault *f) CU_MUST;
void health_stop(health *h);                /* a->stop is set; NULL is fine */
void health_status(app *a, cu_buf *out);    /* "upstreams":[…] */
void health_metrics(app *a, cu_buf *out);

#endif
