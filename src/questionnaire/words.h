/* Private to questionnaire/: a question as stems, with words that mean the same made one. */
#ifndef CUSTOS_QUESTIONNAIRE_WORDS_H
#define CUSTOS_QUESTIONNAIRE_WORDS_H

#include "questionnaire/bank.h"

#define STEM_MAX 24u
#define STEMS_MAX 160u /* of one question; what is longer is cut */

typedef struct {
    char v[STEMS_MAX][STEM_MAX];
    size_t n;
    unsigned negations;
} stems;

typedef struct {
    stems *from;       /* each of one phrase */
    char (*to)[STEM_MAX];
    size_t n, longest;
} same_words;

cu_err same_words_new(const cu_bank *b, same_words *out) CU_MUST;
void same_words_free(same_words *s);
void stems_of(const same_words *s, cu_bytes text, stems *out);

#endif
