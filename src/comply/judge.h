/* Private to comply/: one judgement of everything. */
#ifndef CUSTOS_COMPLY_JUDGE_H
#define CUSTOS_COMPLY_JUDGE_H

#include "kept.h"

struct json_t;
/* The decision on scope in force at a moment, to be released; NULL: none. */
struct json_t *scope_at(const cu_status *s, uint64_t at_ms);
bool scope_has(const struct json_t *scope, const cu_catalogue *c, cu_bytes category);
const char *scope_excludes(const struct json_t *scope, cu_bytes control); /* the reason, or NULL */
void judge(cu_status *s, const struct json_t *scope, const cu_control *k, uint64_t at_ms, cu_control_status *out);
/* all: of every control, in the order of the catalogue. */
cu_state judge_criterion(const cu_status *s, const struct json_t *scope, const cu_criterion *k, const cu_control_status *all);

#endif
