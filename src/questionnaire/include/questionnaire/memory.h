/* What the log says about questionnaires: which were imported, which answers were approved, what was exported. A projection of the
 * entries questionnaire.*, made again from them at every start. One thread at a time. */
#ifndef CUSTOS_QUESTIONNAIRE_MEMORY_H
#define CUSTOS_QUESTIONNAIRE_MEMORY_H

#include "base/clock.h"
#include "base/error.h"
#include "base/bytes.h"
#include "base/ids.h"

#define CU_QUESTIONNAIRES_MAX 10000u
#define CU_APPROVED_MAX 100000u
#define CU_QANSWER_MAX 8000u   /* bytes of an approved answer */
#define CU_QTEXT_MAX 1000u     /* of a question as it is kept with its answer */
#define CU_QNAME_MAX 120u

typedef struct {
    char id[CU_ID_LEN], at[CU_TIME_LEN], name[CU_QNAME_MAX + 1], format[8], digest[65], exported[CU_TIME_LEN];
    uint64_t bytes, questions, index, approved; /* approved: entries about it */
} cu_questionnaire;

typedef struct {
    char key[80], facts[65], questionnaire[CU_ID_LEN], at[CU_TIME_LEN], actor[129], verdict[24];
    char *answer, *question;
    uint64_t index;
} cu_approved;

typedef struct cu_qmemory cu_qmemory;
cu_err cu_qmemory_new(cu_qmemory **out) CU_MUST;
void cu_qmemory_free(cu_qmemory *m);
/* A sealed entry of the organisation's log, oldest first; other types change nothing. */
typedef struct {
    uint64_t index;
    cu_bytes type, ts, actor, id, body;
} cu_qentry;
cu_err cu_qmemory_take(cu_qmemory *m, const cu_qentry *e) CU_MUST;
size_t cu_qmemory_count(const cu_qmemory *m);
const cu_questionnaire *cu_qmemory_at(const cu_qmemory *m, size_t i);       /* newest last */
const cu_questionnaire *cu_qmemory_find(const cu_qmemory *m, const char *id); /* NULL */
/* The newest approved answer under a key; NULL. */
const cu_approved *cu_qmemory_approved(const cu_qmemory *m, const char *key);
size_t cu_qmemory_approved_count(const cu_qmemory *m);

#endif
