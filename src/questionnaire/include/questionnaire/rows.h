/* A questionnaire with its answers: drafted, approved before and still standing, or to be looked at again. */
#ifndef CUSTOS_QUESTIONNAIRE_ROWS_H
#define CUSTOS_QUESTIONNAIRE_ROWS_H

#include "questionnaire/draft.h"
#include "questionnaire/memory.h"

#define CU_QSTATUSES(X)                                                                            \
    X(DRAFTED, "drafted")        /* has citations; a person has not seen it */                     \
    X(APPROVED, "approved")      /* by a person, and its facts are what they were */               \
    X(CHANGED, "changed")        /* was approved, and its facts are not what they were */          \
    X(PERSON, "needs a person")  /* nothing in the bank answers it */
typedef enum {
#define X(name, text) CU_QSTATUS_##name,
    CU_QSTATUSES(X)
#undef X
        CU_QSTATUS_COUNT
} cu_qstatus;
const char *cu_qstatus_name(cu_qstatus s);

typedef struct {
    const cu_qasked *asked;
    cu_draft draft;
    const cu_approved *approved; /* under its key, copied; NULL */
    char by[129];                /* who approved it, as it is shown */
    cu_qstatus status;
    cu_bytes answer, citations;  /* what goes out: never an answer without a citation */
} cu_qrow;

typedef struct {
    uint64_t n, of[CU_QSTATUS_COUNT], verdicts[CU_DRAFT_COUNT];
} cu_qcounts;

/* Drafted: one row of the document, or all of them (rows gets d->asked_n). Takes milliseconds a row. In the arena. */
cu_err cu_qrow_draft(const cu_draft_ground *g, cu_bank_index *x, const cu_qasked *q, cu_arena *a, cu_qrow *out) CU_MUST;
cu_err cu_qrows_draft(const cu_draft_ground *g, cu_bank_index *x, const cu_qdocument *d, cu_arena *a, cu_qrow **out) CU_MUST;
/* Then held against what was approved; quick, so that memory is held for a moment only. */
cu_err cu_qrows_recall(const cu_qmemory *m, cu_arena *a, cu_qrow *rows, size_t n) CU_MUST;
void cu_qrows_count(const cu_qrow *rows, size_t n, cu_qcounts *out);
/* id,answer,citations,bank_id,status,verdict,question,as_of */
void cu_qrows_csv(const cu_qrow *rows, size_t n, uint64_t at_ms, cu_buf *out);
/* "items":[…] and "counts":{…} of an object. */
void cu_qrows_json(const cu_qrow *rows, size_t n, cu_buf *out);
/* The file again, with the answers in their places; what no person has approved says so. */
cu_err cu_qrows_fill(cu_bytes file, const cu_qdocument *d, const cu_qrow *rows, cu_arena *a, cu_buf *out, cu_fault *f) CU_MUST;

#endif
