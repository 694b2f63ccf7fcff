/* The way to a report as a plan: milestones with dates from a start (or back from a wanted report), moved ones with
 * what depends on them, and a forecast from the pace so far. catalog/timeline.yaml; docs/formats/timeline.md. Pure. */
#ifndef CUSTOS_COMPLY_TIMELINE_H
#define CUSTOS_COMPLY_TIMELINE_H

#include "base/arena.h"
#include "base/error.h"
#include "comply/catalogue.h"

#define CU_MILESTONES_MAX 64u
#define CU_MILESTONE_NEEDS 8u
#define CU_MILESTONE_PROOFS 6u
#define CU_PHASES_MAX 12u
#define CU_WINDOW_MONTHS 12u

typedef enum { CU_AT_DECISION, CU_AT_WINDOW_START, CU_AT_WINDOW_MIDDLE, CU_AT_WINDOW_END } cu_anchor_point;

/* What must be so for a milestone to be reached. */
typedef enum {
    CU_PROOF_ENTRIES,  /* at least one entry of the type */
    CU_PROOF_RECORDS,  /* at least one record of the register (in the state, with the value) */
    CU_PROOF_NONE,     /* no such record */
    CU_PROOF_CONTROL,  /* the control is met, or not applicable */
} cu_proof_kind;
typedef struct {
    cu_proof_kind kind;
    const char *what, *state, *field, *value; /* what: type, register or id; the others NULL when not asked for */
    const char *unless; /* a control: nothing is asked for when it is not applicable; NULL: always */
    bool in_window;    /* not before the window's start */
} cu_milestone_proof;

typedef struct {
    const char *id, *phase, *title, *owner_role, *deliverable;
    cu_anchor_point at;
    int32_t week, fast_week;       /* after the anchor; negative: before it */
    uint8_t needs[CU_MILESTONE_NEEDS]; /* indices of earlier ones */
    size_t needs_n;
    cu_milestone_proof proofs[CU_MILESTONE_PROOFS];
    size_t proofs_n;
} cu_milestone;

typedef struct {
    const char *id, *title, *goal;
} cu_phase;

typedef struct {
    cu_phase phases[CU_PHASES_MAX];
    size_t phases_n;
    cu_milestone v[CU_MILESTONES_MAX];
    size_t n;
    uint32_t prep_weeks[2], report_weeks[2]; /* standard, fast */
} cu_timeline;

/* Lives in the arena. A milestone that needs a later one, an unknown register, type or control: refused with its line. */
cu_err cu_timeline_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_arena *a, cu_timeline **out, cu_fault *f) CU_MUST;
const cu_milestone *cu_milestone_find(const cu_timeline *t, const char *id); /* NULL: none */

/* All times in seconds since 1970; 0: not given, or not yet. */
typedef struct {
    unsigned months;               /* 3, 6, 9, 12; 0: type 1, one day */
    bool fast;
    uint64_t start, report_by;     /* one of the two */
    uint64_t from, to;             /* of the window, once it is opened: in the place of what was planned */
    uint64_t moved[CU_MILESTONES_MAX], reached[CU_MILESTONES_MAX];
    uint64_t now;
} cu_plan_asked;

typedef struct {
    uint64_t planned, date, forecast; /* date: after moves; forecast: reached, or when it will be at the pace so far */
} cu_plan_point;

typedef struct {
    uint64_t start, from, to, report, forecast_report; /* the window is from <= t < to */
    uint32_t pace_percent;         /* 100: as planned; 150: half as slow again */
    cu_plan_point v[CU_MILESTONES_MAX];
} cu_plan;
/* CU_SYNTAX: no such window, or neither start nor report_by. */
cu_err cu_timeline_plan(const cu_timeline *t, const cu_plan_asked *in, cu_plan *out) CU_MUST;

/* The same day n months later; the month's last day where there is none. */
uint64_t cu_months_later(uint64_t at, int months);

#endif
