/* Private to questionnaire/: a question as stems, with words that mean the same made one. */
#ifndef CUSTOS_QUESTIONNAIRE_WORDS_H
#define CUSTOS_QUESTIONNAIRE_WORDS_H

#include "questionnaire/bank.h"

#define STEM_MAX 24u
#define STEMS_MAX 160u /* of one question; what is longer is cut */

typedef char stem_room[STEMS_MAX][STEM_MAX];

/* Each word once, in the order of the text; v belongs to whoever gave the room. */
typedef struct {
    char (*v)[STEM_MAX];
    size_t n;
    unsigned negations;
} stems;

/* Words and phrases that mean the same; all zero: none do. */
typedef struct {
    struct same_phrase *from;
    char (*to)[STEM_MAX];
    size_t n;
} same_words;

cu_err same_words_new(const cu_bank *b, same_words *out) CU_MUST;
void same_words_free(same_words *s);
void stems_of(const same_words *s, cu_bytes text, stem_room room, stems *out);
/* A copy of its own size, to be freed by free(out->v). */
cu_err stems_kept(const stems *s, stems *out) CU_MUST;

#endif
