/* Private to redact/: what is kept of the beginnings of a body, and what a known one spares. */
#ifndef CUSTOS_REDACT_BEGINNING_H
#define CUSTOS_REDACT_BEGINNING_H

#include "commitment.h"
#include "edit.h"
#include "redact/redact.h"

/* Findings of all strings, as they are come by. */
typedef struct {
    cu_begun_finding *v;
    size_t n, cap;
} cu_finding_log;

cu_err cu_log_findings(cu_finding_log *log, cu_arena *a, size_t string, const cu_finding *v, size_t n) CU_MUST;

/* Sum over the flags of the first n strings: what is data in them, and what may not be touched. */
uint64_t cu_marks_of(const cu_json_strings *strings, size_t n);

/* Whether the edits of this body replace in the known beginning what they replaced when it was kept; then
 * what leaves begins with the same bytes. *end: where those end; *all: whether no value is replaced
 * elsewhere that is not replaced there as well. */
bool cu_begins_alike(const cu_redact_with *w, const cu_edit *edits, size_t n, const cu_issued_map *issued, cu_arena *a, size_t *end, bool *all);

/* Beginnings of this body that are worth keeping: places, into at most two commitments to be filled. */
#define CU_BEGINNINGS 2u
size_t cu_beginnings_wanted(const cu_redact_with *w, cu_json_place place[CU_BEGINNINGS], cu_commit_state until[CU_BEGINNINGS]);
void cu_beginnings_keep(const cu_redact_with *w, cu_bytes body, const cu_json_strings *strings, const cu_json_place *place, const cu_commit_state *commit,
                        size_t wanted, cu_finding_log *log, const cu_edit *edits, size_t n, const cu_issued_map *issued, cu_arena *a);

#endif
