/* Private to questionnaire/: what words and neighbours of words say about which question is meant, learned from the wordings of the
 * bank (softmax regression). Made anew at each start from catalog/questions.yaml alone. */
#ifndef CUSTOS_QUESTIONNAIRE_LEARN_H
#define CUSTOS_QUESTIONNAIRE_LEARN_H

#include "words.h"

/* A question twice: with words that mean the same made one, and as it was written. */
typedef struct {
    const stems *words, *plain;
    uint32_t question;         /* whose wording it is */
} lesson;

typedef struct learned learned;
cu_err learned_new(const lesson *v, size_t n, uint32_t questions, learned **out) CU_MUST;
void learned_free(learned *l);
#define LEARNED_ROOM 16u       /* share has room for as many more than there are questions */
/* share: of each question, how likely it is the one that is meant, if one is; together 1. */
void learned_shares(const learned *l, const stems *words, const stems *plain, float *share);

#endif
