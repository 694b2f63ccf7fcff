/* Private to daemon/: what is configured against what is in force, and what changed since the start before. */
#ifndef CUSTOS_DAEMON_DRIFT_H
#define CUSTOS_DAEMON_DRIFT_H

#include "desk.h"

/* At start: digests of what is in force, credentials and classes that changed. */
cu_err drift_begin(app *a, cu_fault *f) CU_MUST;
/* Once a minute: the files on disk; and the record of the configuration. */
void drift_watch(app *a);
cu_err config_check_approval(desk_step *s, cu_fault *f) CU_MUST;

#endif
