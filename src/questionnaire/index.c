/* The index over all wordings of the bank: SQLite FTS5 in memory finds and ranks candidates (BM25); the few best are then weighed
 * word by word: what of the question the wording holds, what of the wording the question holds, pairs of neighbours, and how far
 * ahead of the next question of the bank it is. Rather none than a wrong one. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include "words.h"

#define CANDIDATES 60
/* Found on the labelled pairs of tests/data/questionnaire, not on the hold-out (docs/formats/questions.md). */
#define ENOUGH 0.52            /* by itself */
#define LEAST 0.42             /* with a lead */
#define LEAD 0.10
#define MOST_UNKNOWN 0.60      /* share of the question that the bank has no word for */

typedef struct {
    stems words;
    double weight;
    uint32_t question, phrase;
    bool ai;
} wording;

typedef struct {
    char word[STEM_MAX];
    double weight;
} weighed;

struct cu_bank_index {
    const cu_bank *bank;
    same_words same;
    sqlite3 *db;
    sqlite3_stmt *ask;
    wording *v;
    size_t n;
    weighed *words; /* ascending */
    size_t words_n;
    double unknown; /* weight of a word that the bank does not have */
    double *scores; /* of each question, for one match */
    uint32_t *best;
};

static int by_word(const void *a, const void *b)
{
    return strcmp(((const weighed *)a)->word, ((const weighed *)b)->word);
}

static double weight_of(const cu_bank_index *x, const char *word, bool *known)
{
    weighed key = {.weight = 0};
    snprintf(key.word, sizeof key.word, "%s", word);
    const weighed *w = bsearch(&key, x->words, x->words_n, sizeof *x->words, by_word);
    *known = w != NULL;
    return w ? w->weight : x->unknown;
}

/* In how many questions of the bank a word stands makes its weight. */
static cu_err weigh(cu_bank_index *x)
{
    size_t most = x->n * STEMS_MAX / 4 + 1;
    uint32_t *last = calloc(most, sizeof *last), *in = calloc(most, sizeof *in);
    x->words = calloc(most, sizeof *x->words);
    if (!last || !in || !x->words) {
        free(last);
        free(in);
        return CU_NOMEM;
    }
    for (size_t i = 0; i < x->n; i++)
        for (size_t k = 0; k < x->v[i].words.n; k++) {
            size_t w = 0;
            while (w < x->words_n && strcmp(x->words[w].word, x->v[i].words.v[k]) != 0)
                w++;
            if (w == x->words_n) {
                if (x->words_n == most)
                    continue;
                snprintf(x->words[x->words_n++].word, STEM_MAX, "%s", x->v[i].words.v[k]);
            }
            in[w] += last[w] != x->v[i].question + 1;
            last[w] = x->v[i].question + 1;
        }
    for (size_t w = 0; w < x->words_n; w++)
        x->words[w].weight = log(1.0 + (double)(x->bank->n + x->bank->beside_n) / (in[w] + 0.5));
    x->unknown = log(1.0 + (double)(x->bank->n + x->bank->beside_n) / 3.0);
    qsort(x->words, x->words_n, sizeof *x->words, by_word);
    free(last);
    free(in);
    return CU_OK;
}

static void joined(const stems *s, const char *between, cu_buf *out)
{
    cu_buf_reset(out);
    for (size_t i = 0; i < s->n; i++)
        cu_buf_fmt(out, "%s\"%s\"", i ? between : "", s->v[i]);
}

static bool holds(const stems *s, const char *word)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i], word) == 0)
            return true;
    return false;
}

/* Whether it is about AI: one of the words that say so. */
static bool about_ai(const cu_bank_index *x, const stems *s)
{
    for (size_t i = 0; i < x->bank->ai_words_n; i++) {
        stems word;
        stems_of(&x->same, x->bank->ai_words[i], &word);
        if (word.n && holds(s, word.v[0]))
            return true;
    }
    return false;
}

static cu_err fill(cu_bank_index *x, cu_fault *f)
{
    sqlite3_stmt *put = NULL;
    cu_buf text CU_CLEAN_BUF = CU_BUF(1u << 16);
    int rc = sqlite3_open(":memory:", &x->db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(x->db, "CREATE VIRTUAL TABLE wording USING fts5(words, tokenize=\"unicode61\"); BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(x->db, "INSERT INTO wording(rowid, words) VALUES(?,?)", -1, &put, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < x->n; i++) {
        joined(&x->v[i].words, " ", &text);
        sqlite3_bind_int64(put, 1, (sqlite3_int64)i + 1);
        sqlite3_bind_text(put, 2, cu_buf_cstr(&text), (int)text.n, SQLITE_STATIC);
        rc = sqlite3_step(put) == SQLITE_DONE ? sqlite3_reset(put) : SQLITE_ERROR;
    }
    sqlite3_finalize(put);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(x->db, "COMMIT; PRAGMA query_only=ON", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(x->db, "SELECT rowid FROM wording WHERE wording MATCH ? ORDER BY bm25(wording) LIMIT ?", -1, &x->ask, NULL);
    return rc == SQLITE_OK ? CU_OK : cu_fail(f, CU_ENGINE, "the index of questions could not be made: %.200s", sqlite3_errmsg(x->db));
}

cu_err cu_bank_index_new(const cu_bank *b, cu_bank_index **out, cu_fault *f)
{
    cu_bank_index *x = calloc(1, sizeof *x);
    size_t most = 0;
    for (size_t i = 0; i < b->n; i++)
        most += b->v[i].phrases_n;
    most += b->beside_n;
    if (!x)
        return CU_NOMEM;
    x->bank = b;
    x->v = calloc(most + 1, sizeof *x->v);
    x->scores = calloc(b->n + b->beside_n + 1, sizeof *x->scores);
    x->best = calloc(b->n + b->beside_n + 1, sizeof *x->best);
    cu_err e = x->v && x->scores && x->best ? same_words_new(b, &x->same) : CU_NOMEM;
    for (uint32_t i = 0; e == CU_OK && i < b->n; i++)
        for (uint32_t k = 0; k < b->v[i].phrases_n; k++) {
            wording *w = &x->v[x->n++];
            w->question = i;
            w->phrase = k;
            stems_of(&x->same, b->v[i].phrases[k].text, &w->words);
            w->ai = about_ai(x, &w->words);
        }
    for (uint32_t i = 0; e == CU_OK && i < b->beside_n; i++) { /* each as if it were a question of the bank */
        wording *w = &x->v[x->n++];
        w->question = (uint32_t)b->n + i;
        stems_of(&x->same, b->beside[i], &w->words);
        w->ai = about_ai(x, &w->words);
    }
    if (e == CU_OK)
        e = weigh(x);
    if (e == CU_OK)
        e = fill(x, f);
    if (e != CU_OK) {
        cu_bank_index_free(x);
        return e;
    }
    *out = x;
    return CU_OK;
}

void cu_bank_index_free(cu_bank_index *x)
{
    if (!x)
        return;
    sqlite3_finalize(x->ask);
    sqlite3_close(x->db);
    same_words_free(&x->same);
    free(x->v);
    free(x->words);
    free(x->scores);
    free(x->best);
    free(x);
}

static bool holds_pair(const stems *s, const char *a, const char *b)
{
    for (size_t i = 0; i + 1 < s->n; i++)
        if (strcmp(s->v[i], a) == 0 && strcmp(s->v[i + 1], b) == 0)
            return true;
    return false;
}

/* What both have, against what each has alone. */
static double likeness(const cu_bank_index *x, const stems *q, double q_weight, const stems *p)
{
    double both = 0, p_weight = 0, pairs = 0;
    bool known;
    for (size_t i = 0; i < p->n; i++) {
        double w = weight_of(x, p->v[i], &known);
        p_weight += w;
        both += holds(q, p->v[i]) ? w : 0;
    }
    for (size_t i = 0; i + 1 < q->n; i++)
        pairs += holds_pair(p, q->v[i], q->v[i + 1]);
    if (q_weight <= 0 || p_weight <= 0)
        return 0;
    double of_question = both / q_weight, of_wording = both / p_weight;
    return 0.55 * sqrt(of_question * of_wording) + 0.30 * of_question + 0.15 * of_wording + 0.03 * pairs / (double)(q->n ? q->n : 1);
}

/* How much of the question stands anywhere in the wordings of an entry. */
static double support(const cu_bank_index *x, const stems *q, double q_weight, uint32_t question)
{
    double both = 0;
    bool known;
    for (size_t i = 0; i < q->n; i++) {
        bool there = false;
        for (size_t k = 0; k < x->n && !there; k++)
            there = x->v[k].question == question && holds(&x->v[k].words, q->v[i]);
        both += there ? weight_of(x, q->v[i], &known) : 0;
    }
    return q_weight > 0 ? both / q_weight : 0;
}

static cu_err score_all(cu_bank_index *x, const stems *q, double q_weight, bool ai)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(1u << 16);
    joined(q, " OR ", &text);
    for (size_t i = 0; i < x->bank->n + x->bank->beside_n; i++)
        x->scores[i] = 0;
    sqlite3_reset(x->ask);
    sqlite3_bind_text(x->ask, 1, cu_buf_cstr(&text), (int)text.n, SQLITE_STATIC);
    sqlite3_bind_int(x->ask, 2, CANDIDATES);
    int rc;
    while ((rc = sqlite3_step(x->ask)) == SQLITE_ROW) {
        size_t i = (size_t)sqlite3_column_int64(x->ask, 0) - 1;
        const wording *w = &x->v[i];
        double s = likeness(x, q, q_weight, &w->words);
        if (w->words.negations % 2 != q->negations % 2)
            s *= 0.9;
        if (w->ai != ai)
            s *= ai ? 0.85 : 0.75;
        if (s > x->scores[w->question]) {
            x->scores[w->question] = s;
            x->best[w->question] = (uint32_t)i;
        }
    }
    sqlite3_reset(x->ask);
    for (uint32_t i = 0; i < x->bank->n + x->bank->beside_n; i++)
        if (x->scores[i] > 0) {
            x->scores[i] = 0.75 * x->scores[i] + 0.25 * support(x, q, q_weight, i);
        }
    return rc == SQLITE_DONE ? CU_OK : CU_ENGINE;
}

static void decide(const cu_bank_index *x, const stems *q, double unknown, cu_bank_match *out)
{
    size_t first = 0, second = SIZE_MAX;
    for (size_t i = 1; i < x->bank->n + x->bank->beside_n; i++)
        if (x->scores[i] > x->scores[first])
            first = i;
    for (size_t i = 0; i < x->bank->n + x->bank->beside_n; i++)
        if (i != first && (second == SIZE_MAX || x->scores[i] > x->scores[second]))
            second = i;
    const wording *w = &x->v[x->best[first]];
    out->score = x->scores[first];
    out->next = second == SIZE_MAX ? 0 : x->scores[second];
    if (out->score <= 0)
        return;
    out->second = out->next > 0 && second < x->bank->n ? &x->bank->v[second] : NULL;
    out->beside = first >= x->bank->n;
    if (out->beside)
        return;
    out->nearest = &x->bank->v[first];
    out->phrase = w->phrase;
    out->inverted = out->nearest->phrases[w->phrase].inverted;
    out->turned = w->words.negations % 2 != q->negations % 2;
    bool enough = out->score >= ENOUGH ? out->score - out->next >= LEAD / 2 : out->score >= LEAST && out->score - out->next >= LEAD;
    if (enough && unknown <= MOST_UNKNOWN && !(out->turned && out->nearest->good != CU_GOOD_TEXT))
        out->question = out->nearest;
}

cu_err cu_bank_match_text(cu_bank_index *x, cu_bytes text, cu_bytes section, cu_bank_match *out)
{
    stems *q = malloc(2 * sizeof *q);
    double weight = 0, unknown = 0;
    bool ai = false, known;
    *out = (cu_bank_match){0};
    if (!q)
        return CU_NOMEM;
    stems_of(&x->same, cu_slice(text, 0, text.n < 4000 ? text.n : 4000), q);
    stems_of(&x->same, cu_slice(section, 0, section.n < 200 ? section.n : 200), q + 1);
    for (size_t i = 0; i < q->n; i++) {
        double w = weight_of(x, q->v[i], &known);
        weight += w;
        unknown += known ? 0 : w;
    }
    ai = about_ai(x, q) || about_ai(x, q + 1);
    cu_err e = q->n ? score_all(x, q, weight, ai) : CU_OK;
    if (e == CU_OK && q->n)
        decide(x, q, weight > 0 ? unknown / weight : 1, out);
    free(q);
    return e;
}
