/* Private to daemon/: engagements: the plan to a report, its milestones proven by what is there, the window that is
 * opened and locked. */
#ifndef CUSTOS_DAEMON_TIMELINE_DESK_H
#define CUSTOS_DAEMON_TIMELINE_DESK_H

#include "comply/timeline.h"
#include "desk.h"

/* A plan as it stands: as asked for, with what was moved and reached, and what proves each milestone. */
typedef struct {
    cu_plan_asked asked;
    cu_plan plan;
    json_t *proofs;            /* a list each: [{"what", "holds", "found"}] */
    bool holds[CU_MILESTONES_MAX]; /* proven, and all that it needs is reached */
    uint64_t noted[CU_MILESTONES_MAX]; /* when an entry said that it is reached; 0: none did yet */
    uint64_t slipped[CU_MILESTONES_MAX]; /* the date that an entry said has passed */
} timeline_state;
/* record: an engagement, or NULL for a plan that nobody took (asked is given then). proofs: to be released. */
cu_err timeline_read(app *a, const json_t *record, timeline_state *s) CU_MUST;
json_t *timeline_current(app *a); /* the newest engagement that is not over, with pseudonyms; NULL: none */

cu_err timeline_check_plan(desk_step *s, cu_fault *f) CU_MUST;
cu_err timeline_check_move(desk_step *s, cu_fault *f) CU_MUST;
cu_err period_check_open(desk_step *s, cu_fault *f) CU_MUST;
cu_err period_check_lock(desk_step *s, cu_fault *f) CU_MUST;
/* Nothing that people record is dated into a locked period: fields that the registry calls dated. */
cu_err period_check_dated(app *a, const cu_event *e, const json_t *fields, cu_fault *f) CU_MUST;
/* What is reached, and what passed its date, becomes an entry. */
void timeline_watch(app *a);

unsigned answer_timeline(call *c);
unsigned answer_heat_map(call *c);

#endif
