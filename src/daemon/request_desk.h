/* Private to daemon/: requests of auditors, the evidence that answers them, and auditors' own conclusions. */
#ifndef CUSTOS_DAEMON_REQUEST_DESK_H
#define CUSTOS_DAEMON_REQUEST_DESK_H

#include "desk.h"

/* An auditor with an account, nobody for her: neither the operator nor who previews her seat. */
cu_err request_check_auditor(desk_step *s, cu_fault *f) CU_MUST;
cu_err request_check_answer(desk_step *s, cu_fault *f) CU_MUST; /* each piece of evidence is there */
cu_err request_check_open(desk_step *s, cu_fault *f) CU_MUST;
cu_err conclusion_check(desk_step *s, cu_fault *f) CU_MUST;     /* by who wrote it, of a control, with a sample that there is */

#endif
