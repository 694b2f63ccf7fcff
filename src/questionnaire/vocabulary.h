/* Private to questionnaire/: the words of the bank, what each weighs (the fewer questions have it, the more), and which question has
 * which. */
#ifndef CUSTOS_QUESTIONNAIRE_VOCABULARY_H
#define CUSTOS_QUESTIONNAIRE_VOCABULARY_H

#include "words.h"

#define NO_WORD UINT32_MAX

typedef struct {
    char (*words)[STEM_MAX];   /* ascending */
    double *weights;
    uint8_t *has;              /* of each question a bit for each word */
    size_t n, row;
    double unknown;            /* weight of a word that the bank does not have */
} vocabulary;

typedef struct {
    const stems *words;
    uint32_t question;
} worded;

/* Zero-initialised before; whatever is returned, vocabulary_free() gives back. */
cu_err vocabulary_new(const worded *v, size_t n, uint32_t questions, vocabulary *out) CU_MUST;
void vocabulary_free(vocabulary *v);
uint32_t vocabulary_find(const vocabulary *v, const char *word); /* NO_WORD */
double vocabulary_weight(const vocabulary *v, uint32_t word);
bool vocabulary_has(const vocabulary *v, uint32_t question, uint32_t word);

#endif
