/* Criteria, the controls behind them and the state that the log supports: a pure function of
 * catalogue, counts and clock. No data is never met. */
#ifndef CUSTOS_COMPLY_CRITERIA_H
#define CUSTOS_COMPLY_CRITERIA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

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

typedef struct cu_criteria cu_criteria;
/* Reads criteria.yaml and controls.yaml of dir into the arena; an unknown control, a duplicate id or
 * a count other than the file states is refused with file and line. */
cu_err cu_criteria_load(const char *dir, cu_arena *a, cu_criteria **out, cu_fault *f) CU_MUST;
bool cu_criteria_has_control(const cu_criteria *c, cu_bytes id);
/* The answer of GET /api/v1/criteria: every criterion with its state and the evidence behind it. */
cu_err cu_criteria_json(const cu_criteria *c, cu_store *s, uint64_t now_ns, cu_buf *out) CU_MUST;

#endif
