/* Private to daemon/: incidents. What their steps ask, their clocks (catalog/runbooks.yaml), and entries of the log by
 * which one is opened without anybody. */
#ifndef CUSTOS_DAEMON_INCIDENT_DESK_H
#define CUSTOS_DAEMON_INCIDENT_DESK_H

#include "desk.h"

/* Rules of the register's steps. */
cu_err incident_check_opened(desk_step *s, cu_fault *f) CU_MUST;
cu_err incident_check_step(desk_step *s, cu_fault *f) CU_MUST;   /* of its runbook, and not done yet */
cu_err incident_check_notice(desk_step *s, cu_fault *f) CU_MUST; /* sent at a moment that has come */
cu_err incident_check_closed(desk_step *s, cu_fault *f) CU_MUST; /* it is decided who is told; cause and lessons are known */
cu_err exercise_check_held(desk_step *s, cu_fault *f) CU_MUST;

/* Opens incidents for entries that came since the last look, and tells each clock that ran out, once. */
void incidents_watch(app *a);

/* Clocks of one record: [{"clock","due","done","state","limit_s"}]; state: running, overdue, met, late or not_owed; done
 * is empty while it runs. */
json_t *incident_clocks(app *a, const json_t *record);

unsigned answer_incidents(call *c);
unsigned answer_incident(call *c);
unsigned answer_disclosures(call *c);

#endif
