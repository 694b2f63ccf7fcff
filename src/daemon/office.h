/* Private to daemon/: who answers for controls, who asks for keys, whose choice code rests on. */
#ifndef CUSTOS_DAEMON_OFFICE_H
#define CUSTOS_DAEMON_OFFICE_H

#include "desk.h"

cu_err owner_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err key_request_check(desk_step *s, cu_fault *f) CU_MUST;
cu_err consent_check(desk_step *s, cu_fault *f) CU_MUST;
void consents_changed(app *a); /* a bundle that refuses what must not leave any more */
/* Repositories whose consent is withdrawn, as rules before all others. Memory of arena. */
cu_err consents_apply(app *a, cu_arena *arena, cu_access *x) CU_MUST;
/* Uses up the request that a key is issued on: it must be approved, and for this tenant and holder. request NULL: none
 * was named. No lock is held. 0, or the status of a problem. */
unsigned key_request_use(call *c, const json_t *request, const cu_store_key *k);

#endif
