#include "vocabulary.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_word(const void *a, const void *b)
{
    return strcmp(a, b);
}

static cu_err collect(const worded *v, size_t n, vocabulary *out)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += v[i].words->n;
    out->words = calloc(all + 1, sizeof *out->words);
    if (!out->words)
        return CU_NOMEM;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(out->words + at, v[i].words->v, v[i].words->n * sizeof *out->words);
        at += v[i].words->n;
    }
    qsort(out->words, all, sizeof *out->words, by_word);
    for (size_t i = 0; i < all; i++)
        if (!out->n || strcmp(out->words[out->n - 1], out->words[i]) != 0)
            memmove(out->words[out->n++], out->words[i], STEM_MAX);
    return CU_OK;
}

cu_err vocabulary_new(const worded *v, size_t n, uint32_t questions, vocabulary *out)
{
    CU_TRY(collect(v, n, out));
    out->row = out->n / 8 + 1;
    out->has = calloc(questions + 1, out->row);
    out->weights = calloc(out->n + 1, sizeof *out->weights);
    if (!out->has || !out->weights)
        return CU_NOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i].words->n; k++) {
            uint32_t word = vocabulary_find(out, v[i].words->v[k]);
            if (!vocabulary_has(out, v[i].question, word))
                out->weights[word]++; /* of questions, for now */
            out->has[v[i].question * out->row + word / 8] |= (uint8_t)(1u << word % 8);
        }
    for (size_t i = 0; i < out->n; i++)
        out->weights[i] = log(1.0 + questions / (out->weights[i] + 0.5));
    out->unknown = log(1.0 + questions / 3.0);
    return CU_OK;
}

void vocabulary_free(vocabulary *v)
{
    free(v->words);
    free(v->weights);
    free(v->has);
    *v = (vocabulary){0};
}

uint32_t vocabulary_find(const vocabulary *v, const char *word)
{
    size_t from = 0, to = v->n;
    while (from < to) {
        size_t at = (from + to) / 2;
        int order = strcmp(v->words[at], word);
        if (order == 0)
            return (uint32_t)at;
        if (order < 0)
            from = at + 1;
        else
            to = at;
    }
    return NO_WORD;
}

double vocabulary_weight(const vocabulary *v, uint32_t word)
{
    return word == NO_WORD ? v->unknown : v->weights[word];
}

bool vocabulary_has(const vocabulary *v, uint32_t question, uint32_t word)
{
    return word != NO_WORD && (v->has[question * v->row + word / 8] >> word % 8 & 1);
}
