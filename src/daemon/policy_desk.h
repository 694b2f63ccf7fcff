/* Private to daemon/: written policies, from draft to acknowledgement. */
#ifndef CUSTOS_DAEMON_POLICY_DESK_H
#define CUSTOS_DAEMON_POLICY_DESK_H

#include "desk.h"

cu_err policy_check_draft(desk_step *s, cu_fault *f) CU_MUST;    /* fills the text from the settings of now */
cu_err policy_check_approval(desk_step *s, cu_fault *f) CU_MUST; /* of what the settings still say */
cu_err policy_name_reading(desk_step *s, const json_t *given, cu_fault *f) CU_MUST;
cu_err policy_check_reading(desk_step *s, cu_fault *f) CU_MUST;
void policies_watch(app *a);                                     /* approved ones that a setting has left behind */
unsigned answer_policies(call *c);
unsigned answer_policy(call *c);

#endif
