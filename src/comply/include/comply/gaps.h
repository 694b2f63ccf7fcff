/* Why a control is not met and what to do next, from its status alone. Pure. */
#ifndef CUSTOS_COMPLY_GAPS_H
#define CUSTOS_COMPLY_GAPS_H

#include "comply/status.h"

/* What shows that a control is short: a probe that got through, an entry that says so, or evidence that was
 * there and is too old. Never-seen evidence is a gap, not a shortcoming. */
typedef enum { CU_SHORT_NOT, CU_SHORT_PROBE, CU_SHORT_ENTRY, CU_SHORT_EVIDENCE } cu_shortcoming;
cu_shortcoming cu_short_of(const cu_control_status *st);

typedef struct {
    char cause[240], next[400];
    cu_bytes reg;             /* register in which the next step is taken; empty: none */
} cu_gap;
/* False: there is none (met, or not applicable). */
bool cu_gap_of(const cu_control_status *st, cu_gap *out);

/* Every criterion with state, and of those in scope that are not met the controls behind it with cause and next
 * step; counts of states. {"as_of":…,"items":[…],"counts":{…}} */
cu_err cu_gaps_json(cu_status *s, uint64_t at_ms, cu_buf *out) CU_MUST;

#endif
