/* Private to daemon/: findings, exceptions and gaps as the states of controls give them. */
#ifndef CUSTOS_DAEMON_FINDINGS_H
#define CUSTOS_DAEMON_FINDINGS_H

#include "desk.h"

cu_err finding_check_control(desk_step *s, cu_fault *f) CU_MUST; /* the control that is named exists */
cu_err finding_check_retest(desk_step *s, cu_fault *f) CU_MUST;  /* of a control's finding: only Custos itself */
cu_err commitment_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err risk_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err risk_check_until(desk_step *s, cu_fault *f) CU_MUST;
/* Every minute: a control that is short gets a finding; one that is said to be fixed is retested; an overdue one is
 * told; missed occurrences become exceptions. */
void findings_watch(app *a);

unsigned answer_gaps(call *c);
unsigned record_gaps(call *c);
unsigned answer_risk_suggestions(call *c);
unsigned answer_calendar(call *c);
/* states.c: what each control comes to now, one after the other, with the lock of the states held. */
typedef void (*state_fn)(void *arg, const cu_control_status *st);
void states_each(app *a, uint64_t at_ms, state_fn each, void *arg);

#endif
