/* Private to linter*.c. */
#ifndef CUSTOS_SCAN_LINTER_IN_H
#define CUSTOS_SCAN_LINTER_IN_H

#include "scan/linter.h"

typedef struct {
    const char *tool;
    cu_arena *a;
    cu_linter_report *out;
    cu_fault *f;
} linter;

/* The rule of that id, made when it is new; UINT32_MAX when out of memory or beyond the ceiling. */
uint32_t linter_rule(linter *l, cu_bytes id, cu_bytes title, cu_severity severity);
/* Cut to the ceiling, control characters become blanks; NULL when out of memory. */
const char *linter_text(linter *l, cu_bytes t);
cu_err linter_add(linter *l, cu_linter_result r) CU_MUST;
cu_err linter_read_sarif(linter *l, cu_bytes text) CU_MUST;
cu_err linter_read_junit(linter *l, cu_bytes text) CU_MUST;

#endif
