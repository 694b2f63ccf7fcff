/* Private to daemon/: counters that Prometheus reads. Thread safe. */
#ifndef CUSTOS_DAEMON_METRICS_H
#define CUSTOS_DAEMON_METRICS_H

#include "app.h"

metrics *metrics_new(void);
void metrics_free(metrics *m);
/* Counts one sealed entry. */
void metrics_take(metrics *m, const cu_leaf *l);
void metrics_put(metrics *m, cu_buf *out);

#endif
