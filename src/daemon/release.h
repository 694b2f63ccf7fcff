/* Private to daemon/: the installed program files against those that were approved. */
#ifndef CUSTOS_DAEMON_RELEASE_H
#define CUSTOS_DAEMON_RELEASE_H

#include "desk.h"

/* Once a minute: when a file was touched, at a start, and when a day is over. */
void release_watch(app *a);
/* Compares now and tells; false when something differs. out, if not NULL, gets what. */
bool release_check(app *a, json_t *out);
/* Of release.approved: only what is installed now can be approved. */
cu_err release_check_approval(desk_step *s, cu_fault *f) CU_MUST;
void release_decided(app *a); /* after it */

#endif
