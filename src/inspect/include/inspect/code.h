/* Rules for generated code: program text in, findings out. No I/O after open. Two stages: literals that
 * rules wait for (Hyperscan), and only where one stands the syntax tree, walked once, with what is known
 * of each value: known text, unknown, from a source, made safe (docs/formats/code-rules.md). */
#ifndef CUSTOS_INSPECT_CODE_H
#define CUSTOS_INSPECT_CODE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "catalog/code_rules.h"

#define CU_CODE_MAX_TEXT (256u << 10) /* bytes of one artefact; beyond it: not judged */
#define CU_CODE_MAX_FINDINGS 512u     /* of one artefact; what is beyond is not listed */

typedef struct {
    const cu_code_rule *rule; /* id, cwe, severity, message, fix; lives as long as the cu_code */
    uint32_t start, end;      /* bytes */
    uint32_t line, column, end_line, end_column; /* from 1; columns in bytes */
} cu_code_finding;

typedef struct {
    const cu_code_finding *v; /* by place */
    size_t n;
    bool judged;              /* false: nothing may be concluded from n == 0 */
    const char *why;          /* of not judged: "too large", "too deep", "no such language"; else NULL */
    bool searched;            /* an anchor stood in the text, so it was parsed */
} cu_code_verdict;

typedef struct cu_code cu_code; /* read by any number of threads */

/* catalog: the folder that holds rules/code. Compiles everything and runs every rule's examples: one that
 * does not say what it must stops the load, with file and line. */
cu_err cu_code_open(const char *catalog, cu_code **out, cu_fault *f) CU_MUST;
/* Reads the files only; a language is compiled and proved when cu_code_need() first names it. For a program
 * that runs once and meets few languages. */
cu_err cu_code_open_lazy(const char *catalog, cu_code **out, cu_fault *f) CU_MUST;
/* Any thread; before the first judgement in this language. */
cu_err cu_code_need(cu_code *c, cu_code_lang lang, cu_fault *f) CU_MUST;
/* A pack that was read before; it must outlive the result. */
cu_err cu_code_open_pack(const cu_code_pack *pack, cu_code **out, cu_fault *f) CU_MUST;
void cu_code_close(cu_code *c);
const cu_code_pack *cu_code_rules(const cu_code *c);
const cu_sha256 *cu_code_digest(const cu_code *c); /* of the pack */

/* By the word behind a fence (may be empty), else by the path (may be empty), else by the text's first
 * line; CU_CODE_LANG_COUNT when none of these says. */
cu_code_lang cu_code_lang_of(cu_bytes info, cu_bytes path, cu_bytes text);
/* CU_NOMEM or CU_ENGINE; a text that is too large or too deep is no error but not judged: whoever must be
 * sure holds it. The verdict lives in a. */
cu_err cu_code_judge(const cu_code *c, cu_code_lang lang, cu_bytes path, cu_bytes text, cu_arena *a, cu_code_verdict *out) CU_MUST;

#endif
