/* One call of a tool → what is done with it. The same for a stream, a whole answer and `custos inspect`. */
#ifndef CUSTOS_INSPECT_JUDGE_H
#define CUSTOS_INSPECT_JUDGE_H

#include "catalog/guard_config.h"
#include "inspect/artefact.h"
#include "inspect/code.h"
#include "inspect/guard.h"
#include "inspect/print.h"

/* Of one artefact, where others wait for the verdict; beyond: held. */
#define CU_JUDGE_MAX_TEXT (64u << 10)
#define CU_JUDGE_MAX_TURNS 250u
#define CU_JUDGE_MAX_MARKS 32u /* verdicts of one answer that are recorded; of more the strictest stay */

/* The strictest of those that apply counts. */
typedef struct {
    uint8_t commands, code;
    const cu_tool_mode *tools;
    size_t tools_n;
} cu_modes;

typedef enum { CU_CALL_PASSED, CU_CALL_NOTED, CU_CALL_HELD, CU_CALL_BLOCKED } cu_call_action;
const char *cu_call_action_name(unsigned action); /* "passed" */
/* What follows from a rule's decision in a mode. */
cu_call_action cu_judge_action(unsigned decision, unsigned mode);

/* One rule that fired; for the record: no text of the artefact. */
typedef struct {
    const char *rule, *message, *instead; /* of the pack, or static */
    uint8_t decision, tier, mode, action, kind;
    char lang[16], tool[48];
    uint32_t call;           /* number of the call in its answer, from 1; 0: in a text */
    uint32_t start, end;     /* of the artefact */
    cu_sha256 digest;        /* of the artefact's text, to be keyed before it is written down */
} cu_mark;

typedef struct {
    cu_inspector *inspector;
    const cu_tools *tools;
    cu_modes modes;
    const cu_code *code;     /* rules for code; NULL: only hosts are looked for in it */
    cu_prints *prints;   /* of what is released; NULL: none are taken */
} cu_judge;

typedef struct {
    cu_mark v[CU_JUDGE_MAX_MARKS];
    size_t n;
    uint32_t calls, held, blocked, noted, left_out; /* left_out: marks beyond the ceiling */
    uint64_t ns;             /* of processor time */
} cu_marks;

/* Judges a call and appends what fired. *why: index in out->v of the mark that stops it, when it is stopped.
 * CU_NOMEM only: what cannot be read is held. */
cu_err cu_judge_call(const cu_judge *j, const cu_tool_call *c, cu_marks *out, cu_call_action *action, cu_mark *why) CU_MUST;
/* Fenced blocks of a text that has left: noted at most. */
cu_err cu_judge_text(const cu_judge *j, cu_bytes text, cu_marks *out) CU_MUST;

#endif
