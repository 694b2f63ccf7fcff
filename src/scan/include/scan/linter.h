/* What a linter of the customer wrote, read strictly: SARIF 2.1.0 (OASIS) or JUnit's XML. Any byte that does
 * not fit refuses the whole: half of a report is not a report. */
#ifndef CUSTOS_SCAN_LINTER_H
#define CUSTOS_SCAN_LINTER_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/rules.h"

#define CU_LINTER_MAX_BYTES ((size_t)32 << 20)
#define CU_LINTER_MAX_RESULTS 50000u
#define CU_LINTER_MAX_RULES 4000u
#define CU_LINTER_MAX_TEXT 2000u /* bytes of a message that are kept */

typedef enum { CU_LINTER_SARIF, CU_LINTER_JUNIT } cu_linter_form;

typedef struct {
    const char *path;         /* as the linter wrote it, decoded; "" when it names no file */
    const char *message;
    uint32_t line, column, end_line, end_column; /* from 1; 0: not said */
    uint32_t rule;            /* place in rules */
} cu_linter_result;

typedef struct {
    cu_rule *rules;           /* id "tool/rule", type CU_TYPE_CODE */
    size_t rules_n;
    cu_linter_result *v;
    size_t n;
} cu_linter_report;

/* tool: its name, part of every rule's id. Everything lives in the arena. */
cu_err cu_linter_parse(const char *tool, cu_linter_form form, cu_bytes text, cu_arena *a, cu_linter_report *out, cu_fault *f) CU_MUST;

#endif
