/* The state of every control and criterion: a pure function of catalogue, sealed entries and a moment. Entries are
 * taken one by one, in any order; the state as of any moment is then read from sorted times, without a replay.
 * No data is never met. One thread at a time. docs/formats/controls.md says how a state comes about. */
#ifndef CUSTOS_COMPLY_STATUS_H
#define CUSTOS_COMPLY_STATUS_H

#include "base/buf.h"
#include "comply/catalogue.h"

#define CU_STATES(X)                                                                               \
    X(MET, "met")                                                                                  \
    X(PARTLY, "partly")                                                                            \
    X(NOT_MET, "not_met")                                                                          \
    X(NO_DATA, "no_data")                                                                          \
    X(NOT_APPLICABLE, "not_applicable")

typedef enum {
#define X(name, text) CU_STATE_##name,
    CU_STATES(X)
#undef X
    CU_STATE_COUNT
} cu_state;
const char *cu_state_name(cu_state s);

#define CU_STATUS_LOGS 4096u
#define CU_STATUS_DECISIONS 10000u /* of scope and answers, kept whole; the oldest goes */

typedef struct cu_status cu_status;
cu_err cu_status_new(const cu_catalogue *c, cu_status **out) CU_MUST;
void cu_status_free(cu_status *s);
const cu_catalogue *cu_status_catalogue(const cu_status *s);

typedef struct {
    cu_bytes log;     /* as a folder: "t/acme" */
    uint64_t index;
    cu_bytes type, ts; /* RFC 3339, UTC, milliseconds */
    cu_bytes body;    /* needed only where cu_status_needs_body() */
} cu_status_entry;
/* Takes a sealed entry. Of each log in the order of its index; one that was taken is passed over. CU_SYNTAX: no time. */
cu_err cu_status_take(cu_status *s, const cu_status_entry *e) CU_MUST;
bool cu_status_needs_body(const cu_status *s, cu_bytes type);
/* Milliseconds since 1970; false when it is not of that form. A date alone is its first moment. */
bool cu_status_time(cu_bytes ts, uint64_t *ms);

typedef struct {
    uint64_t count, first_ms, last_ms, index; /* index, log: where the newest one is */
    const char *log;
} cu_seen;
typedef enum { CU_RUN_NONE, CU_RUN_HELD, CU_RUN_BROKEN, CU_RUN_FAILED } cu_run_outcome;

typedef struct {
    const cu_control *control;
    cu_state state;
    char why[240];
    struct {
        cu_seen seen;
        bool fresh, nil;          /* nil: by a nil return */
    } sources[CU_CONTROL_SOURCES];
    cu_seen nils;
    struct {
        cu_seen seen;
        cu_run_outcome outcome;   /* of the newest that could run; FAILED: none could */
        bool fresh;
    } probe;
    cu_seen broken_by;            /* entries that say so, of the breaker that stands open */
    bool broken;
    uint64_t missed, missed_ms;   /* occurrences that did not take place in a year before, and the end of the last gap */
} cu_control_status;

/* Reads the decisions on scope in force then; see scope.h. */
void cu_status_control(cu_status *s, const cu_control *k, uint64_t at_ms, cu_control_status *out);
cu_state cu_status_criterion(cu_status *s, const cu_criterion *k, uint64_t at_ms);

/* GET /criteria and /controls: everything with its evidence, as of a moment. */
cu_err cu_status_criteria_json(cu_status *s, uint64_t at_ms, cu_buf *out) CU_MUST;
cu_err cu_status_controls_json(cu_status *s, uint64_t at_ms, cu_buf *out) CU_MUST;

#endif
