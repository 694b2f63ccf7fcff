/* Answers, drafted from controls and facts alone. What they do not decide needs a person; nothing is said without naming what it
 * stands on. Pure: no clock, no disk, no network. docs/formats/questionnaire.md. */
#ifndef CUSTOS_QUESTIONNAIRE_DRAFT_H
#define CUSTOS_QUESTIONNAIRE_DRAFT_H

#include "comply/status.h"
#include "questionnaire/bank.h"
#include "questionnaire/document.h"

typedef struct {
    bool known;
    uint64_t number;      /* count, distinct, found; of LAST: milliseconds since 1970 */
    cu_bytes text;        /* of values, newest and list */
    char why[120];        /* not known: the reason */
    char log[80];         /* where the newest entry is; "": none */
    uint64_t index, last_ms;
} cu_fact;

/* What all answers of one run stand on; of one moment. */
typedef struct {
    const cu_bank *bank;
    const cu_catalogue *catalogue;
    const cu_control_status *controls; /* as catalogue->controls */
    const cu_fact *facts;              /* as bank->facts */
    uint64_t at_ms, from_ms;
} cu_draft_ground;

#define CU_DRAFT_VERDICTS(X)                                                                             \
    X(HOLDS, "holds")                                                                              \
    X(PARTLY, "holds in part")                                                                     \
    X(NOT, "does not hold")                                                                        \
    X(PERSON, "needs a person")
typedef enum {
#define X(name, text) CU_DRAFT_##name,
    CU_DRAFT_VERDICTS(X)
#undef X
        CU_DRAFT_COUNT
} cu_draft_verdict;
const char *cu_draft_verdict_name(cu_draft_verdict v);

typedef struct {
    cu_bank_match match;
    cu_draft_verdict verdict;
    cu_bytes answer, citations, gap; /* empty when the bank has no such question; gap: why it does not simply hold */
    const char *choice;              /* "Yes", "No" or "Partly"; NULL: no such word can be said */
    char key[80];                    /* under which an approved answer is remembered */
    char facts[65];                  /* digest of what decides, and of what is named; counts only as none or some */
} cu_draft;

/* In the arena. */
cu_err cu_draft_answer(const cu_draft_ground *g, cu_bank_index *x, const cu_qasked *q, cu_arena *a, cu_draft *out) CU_MUST;

#endif
