/* Softmax regression over words and pairs of neighbours, weighed by how rare they are. Trained by plain steps in a fixed order, so
 * that it needs no seed; two machines differ by what their exp() differs. */
#include "learn.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 10
#define FIRST_STEP 4.0f
#define LAST_STEP 0.7f
#define PAIR 0.7f              /* what a pair of neighbours weighs, against a word as rare */
#define LANE 8u                /* questions that one step of the inner loop takes */
#define SLOTS (1u << 16)       /* of the table of words; at most half of it is used */
#define PLAIN 1.2f             /* what a word as it was written weighs */
#define FEATURES_MAX (4 * STEMS_MAX)
#define SLIGHT 1e-4f           /* an error below this teaches nothing */

typedef struct {
    char text[2 * STEM_MAX];
    uint32_t in, last;         /* how many questions have it; the last that did */
    uint32_t wordings;
    uint32_t row;              /* of the weights, from 1; 0: none */
    float weight;
} feature;

typedef struct {
    uint32_t row[FEATURES_MAX];
    float x[FEATURES_MAX];
    size_t n;
} sample;

struct learned {
    feature *table;
    uint32_t used, rows, questions, width; /* width: questions, filled up to whole lanes */
    float unknown;
    float *weights;
};

static feature *slot(const learned *l, const char *text)
{
    uint32_t h = 2166136261u;
    for (const char *p = text; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    for (uint32_t i = h;; i++) {
        feature *f = &l->table[i % SLOTS];
        if (!f->text[0] || strcmp(f->text, text) == 0)
            return f;
    }
}

/* The i-th feature of a question: its words, its pairs, its words as they were written (with a mark before each). */
static bool feature_text(const lesson *q, size_t i, char out[2 * STEM_MAX])
{
    const stems *s = q->words;
    size_t pairs = s->n ? s->n - 1 : 0;
    if (i < s->n)
        strcpy(out, s->v[i]);
    else if (i - s->n < pairs) {
        strcpy(out, s->v[i - s->n]);
        strcat(out, " ");
        strcat(out, s->v[i - s->n + 1]);
    } else if (i - s->n - pairs < q->plain->n) {
        strcpy(out, "'");
        strcat(out, q->plain->v[i - s->n - pairs]);
    } else
        return false;
    return true;
}

static void count(learned *l, const lesson *v)
{
    char text[2 * STEM_MAX];
    for (size_t i = 0; feature_text(v, i, text); i++) {
        feature *f = slot(l, text);
        if (!f->text[0]) {
            if (l->used == SLOTS / 2)
                continue;
            l->used++;
            strcpy(f->text, text);
        }
        f->wordings++;
        f->in += f->last != v->question + 1;
        f->last = v->question + 1;
    }
}

/* A pair that stands in one wording only would be learned by heart. */
static void choose(learned *l)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        feature *f = &l->table[i];
        bool pair = strchr(f->text, ' ') != NULL;
        if (!f->text[0] || (pair && f->wordings < 2))
            continue;
        f->row = ++l->rows;
        f->weight = (pair ? PAIR : f->text[0] == '\'' ? PLAIN : 1.0f) * logf(1.0f + (float)l->questions / ((float)f->in + 0.5f));
    }
}

static void sample_of(const learned *l, const lesson *q, sample *out)
{
    char text[2 * STEM_MAX];
    float square = 0;
    out->n = 0;
    for (size_t i = 0; feature_text(q, i, text); i++) {
        const feature *f = slot(l, text);
        if (f->row) {
            out->row[out->n] = f->row - 1;
            out->x[out->n++] = f->weight;
            square += f->weight * f->weight;
        } else if (i < q->words->n)
            square += l->unknown * l->unknown;
    }
    for (size_t i = 0; i < out->n; i++)
        out->x[i] /= sqrtf(square);
}

static void add(float *to, const float *from, float times, uint32_t width)
{
    for (uint32_t i = 0; i < width; i += LANE)
        for (uint32_t k = 0; k < LANE; k++)
            to[i + k] += times * from[i + k];
}

/* Shares of all questions, of which those that only fill up the lanes have none. */
static void shares(const learned *l, const sample *s, float *p)
{
    float most = -1e30f, sum = 0;
    memset(p, 0, l->width * sizeof *p);
    for (size_t i = 0; i < s->n; i++)
        add(p, l->weights + (size_t)s->row[i] * l->width, s->x[i], l->width);
    for (uint32_t i = 0; i < l->questions; i++)
        most = p[i] > most ? p[i] : most;
    for (uint32_t i = 0; i < l->questions; i++)
        sum += p[i] = expf(p[i] - most);
    for (uint32_t i = 0; i < l->width; i++)
        p[i] = i < l->questions ? p[i] / sum : 0;
}

/* Each question weighs the same, however many wordings it has; one with more than most (what is left to a person) weighs by them. */
static void learn(learned *l, const lesson *v, size_t n, const uint32_t *wordings, float *p)
{
    sample s;
    size_t stride = n / 3 * 2 + 1;
    while (n % stride == 0 || (stride % 2 == 0 && n % 2 == 0) || (stride % 3 == 0 && n % 3 == 0))
        stride++;
    for (unsigned round = 0; round < ROUNDS; round++) {
        float step = FIRST_STEP + (LAST_STEP - FIRST_STEP) * (float)round / (ROUNDS - 1);
        for (size_t k = 0; k < n; k++) {
            const lesson *one = &v[k * stride % n];
            float most = (float)n / (float)l->questions, its = (float)wordings[one->question];
            float weight = step * most / (its < most ? its : most);
            sample_of(l, one, &s);
            shares(l, &s, p);
            p[one->question] -= 1;
            for (uint32_t c = 0; c < l->width; c++)
                p[c] = fabsf(p[c]) < SLIGHT ? 0 : p[c];
            for (size_t i = 0; i < s.n; i++)
                add(l->weights + (size_t)s.row[i] * l->width, p, -weight * s.x[i], l->width);
        }
    }
}

cu_err learned_new(const lesson *v, size_t n, uint32_t questions, learned **out)
{
    learned *l = calloc(1, sizeof *l);
    if (!l)
        return CU_NOMEM;
    l->questions = questions;
    l->width = (questions + LANE - 1) / LANE * LANE;
    l->unknown = logf(1.0f + (float)questions / 3.0f);
    l->table = calloc(SLOTS, sizeof *l->table);
    float *p = calloc(l->width + LANE, sizeof *p);
    uint32_t *wordings = calloc(questions + 1, sizeof *wordings);
    for (size_t i = 0; l->table && wordings && i < n; i++) {
        count(l, &v[i]);
        wordings[v[i].question]++;
    }
    if (l->table)
        choose(l);
    l->weights = calloc((size_t)l->rows * l->width + LANE, sizeof *l->weights);
    bool whole = l->table && p && wordings && l->weights;
    if (whole && n)
        learn(l, v, n, wordings, p);
    free(p);
    free(wordings);
    if (!whole) {
        learned_free(l);
        return CU_NOMEM;
    }
    *out = l;
    return CU_OK;
}

void learned_free(learned *l)
{
    if (!l)
        return;
    free(l->table);
    free(l->weights);
    free(l);
}

void learned_shares(const learned *l, const stems *words, const stems *plain, float *share)
{
    sample s;
    lesson q = {words, plain, 0};
    sample_of(l, &q, &s);
    shares(l, &s, share);
}
