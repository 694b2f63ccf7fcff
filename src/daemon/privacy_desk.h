/* Private to daemon/: requests of persons, complaints, notices, and what is held about a person. */
#ifndef CUSTOS_DAEMON_PRIVACY_DESK_H
#define CUSTOS_DAEMON_PRIVACY_DESK_H

#include "desk.h"

cu_err dsr_check_received(desk_step *s, cu_fault *f) CU_MUST; /* completes received and due */
cu_err dsr_check_answered(desk_step *s, cu_fault *f) CU_MUST; /* an erasure is granted when nobody is behind the pseudonym any more */
cu_err complaint_check_received(desk_step *s, cu_fault *f) CU_MUST;
cu_err notice_check_published(desk_step *s, cu_fault *f) CU_MUST; /* with the vendors that the register holds now */
void privacy_watch(app *a); /* tells each request whose time ran out, once */

unsigned answer_held(call *c);
unsigned answer_privacy(call *c);
/* Records of the organisation name her. */
bool privacy_named(app *a, const char *person);

#endif
