/* Private to daemon/: what is looked after by the clock. */
#ifndef CUSTOS_DAEMON_WATCH_H
#define CUSTOS_DAEMON_WATCH_H

#include "app.h"

#define CLOCK_STEP_MS 500

/* Whether wall time minus time since boot moved by more than CLOCK_STEP_MS, and by how much. */
bool clock_stepped(int64_t before_ns, int64_t now_ns, int64_t *ms);
/* Whether a look is due, and when the next one is. By the wall clock: what fell due while the machine slept is due when it
 * wakes, and a clock that was set back does not put off a look for longer than its interval. */
bool watch_due(uint64_t *next_ns, uint64_t now_ns, uint64_t every_ns);
void *watch_thread(void *arg);
/* pack.c: packs full bundles of the logs (arg: app), until a->stop */
void *pack_thread(void *arg);
void watch_beat(app *a, const char *reason);
void watch_status(const app *a, cu_buf *out); /* the member "evidence" */
unsigned answer_reconcile(call *c);

#endif
