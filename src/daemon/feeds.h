/* Private to daemon/: what is brought from outside: leavers, lists of repositories, vulnerabilities. */
#ifndef CUSTOS_DAEMON_FEEDS_H
#define CUSTOS_DAEMON_FEEDS_H

#include "desk.h"

bool repo_described(const app *a, const char *name);      /* an entry of repositories fits it */
void leavers_end(app *a);                               /* their keys are revoked, their accounts ended */
cu_err repo_list_check(desk_step *s, cu_fault *f) CU_MUST; /* counts */
cu_err egress_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err vuln_check(desk_step *s, cu_fault *f) CU_MUST;   /* sets the day by which it is fixed */
void vulns_watch(app *a);                               /* tells what is overdue, once */

#endif
