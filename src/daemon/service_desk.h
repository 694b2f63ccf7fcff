/* Private to daemon/: service levels, measured from the counts in the log, once a day and on demand. */
#ifndef CUSTOS_DAEMON_SERVICE_DESK_H
#define CUSTOS_DAEMON_SERVICE_DESK_H

#include "desk.h"

cu_err service_check_set(desk_step *s, cu_fault *f) CU_MUST; /* a target that its measure can have */
/* Measures each level whose last measure is not of today. */
void services_watch(app *a);

unsigned answer_service_levels(call *c);
unsigned sample_service_levels(call *c);

#endif
