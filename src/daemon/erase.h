/* Private to daemon/: erasing a person or a tenant (erase.c), ordered by one person and approved by another in the
 * register of erasures (erase_desk.c). */
#ifndef CUSTOS_DAEMON_ERASE_H
#define CUSTOS_DAEMON_ERASE_H

#include "app.h"
#include "desk.h"

typedef struct {
    const char *subject; /* her name; NULL: the tenant as a whole */
    const char *tenant;  /* NULL: in every tenant, and in the organisation */
    const char *basis, *actor; /* actor: who writes the entries */
    char by[CU_PSEUDONYM_LEN]; /* who approved */
} erasure_order;

/* A person of one tenant, or all of it, and what is there of it. */
typedef struct {
    const char *tenant;
    char person[CU_PSEUDONYM_LEN]; /* "": the tenant */
    uint64_t persons, revoked, bodies;
} erasure_target;

/* Where custos.yaml names her: whoever is named there would be back at the next start. NULL: nowhere. */
const char *erasure_still_named(const app *a, const erasure_order *o);
/* Whom the order is about, on the heap; none when nobody of this name is known. Lock held. */
cu_err erasure_targets(app *a, const erasure_order *o, erasure_target **out, size_t *n, cu_fault *f) CU_MUST;
/* Destroys, and writes what. Cut short it is to be given again. Lock held. */
cu_err erasure_run(app *a, const erasure_order *o, erasure_target *t, size_t n, cu_fault *f) CU_MUST;

/* Steps of the register. */
cu_err erasure_check_order(desk_step *s, cu_fault *f) CU_MUST;
cu_err erasure_check_approval(desk_step *s, cu_fault *f) CU_MUST;
/* Carries out what was approved: at once, and again each minute until it is done. */
void erasures_watch(app *a);

unsigned answer_erase(call *c);

#endif
