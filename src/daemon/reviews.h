/* Private to daemon/: access reviews. Keys as they were at a moment, each kept or removed by a person. */
#ifndef CUSTOS_DAEMON_REVIEWS_H
#define CUSTOS_DAEMON_REVIEWS_H

#include "desk.h"

cu_err review_check_frozen(desk_step *s, cu_fault *f) CU_MUST; /* fixes the listing: count, digest and moment */
cu_err review_name_line(desk_step *s, const json_t *given, cu_fault *f) CU_MUST;
cu_err review_check_line(desk_step *s, cu_fault *f) CU_MUST;
cu_err review_check_done(desk_step *s, cu_fault *f) CU_MUST;   /* every line is decided */
void reviews_enforce(app *a);                                  /* a key that was removed is revoked */
cu_err review_end_key(app *a, const char *id, cu_fault *f) CU_MUST; /* revokes it, unless it is; a->lock held */
unsigned answer_access_review(call *c);

#endif
