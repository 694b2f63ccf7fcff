/* The index over all wordings of the bank: SQLite FTS5 in memory finds and ranks candidates (BM25); the few best are then weighed
 * word by word: what of the question the wording holds, what of the wording the question holds, pairs of neighbours. Beside it stands
 * what was learned of all wordings (learn.h). Rather none than a wrong one. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include "learn.h"
#include "vocabulary.h"

#define CANDIDATES 60
#define MOST_UNKNOWN 0.45      /* share of the question that the bank has no word for */
/* The nearest question is the one with the most of likeness and of what was learned; how likely it is the right one is a logistic
 * regression over both and the lead in both. Fitted on wordings of the bank, each quarter found by an index without it
 * (docs/formats/questions.md). */
#define OF_LIKENESS 0.7
#define OF_SHARE 0.3
#define SURE_BASE (-2.116)
#define SURE_LIKENESS 1.74
#define SURE_LEAD 7.083
#define SURE_SHARES 0.413
#define SURE_SHARE 1.448
#define SHARE_FLOOR 0.01
#define ENOUGH 0.75
#define WORD_FOR_WORD 0.999    /* likeness of a wording to itself, and to one of the same words or of words that mean the same */

typedef struct {
    stems words, plain;
    uint32_t question, phrase;
    bool ai;
} wording;

static const same_words none_same; /* words as they are written */

struct cu_bank_index {
    const cu_bank *bank;
    same_words same;
    sqlite3 *db;
    sqlite3_stmt *ask;
    wording *v;
    size_t n;
    vocabulary words;
    learned *learned;
    double *scores; /* of each question, for one match */
    float *shares;
    uint32_t *best;
};

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
        stem_room room;
        stems word;
        stems_of(&x->same, x->bank->ai_words[i], room, &word);
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

/* What the bank leaves to a person is one question of many wordings, where it is learned. */
static cu_err teach(cu_bank_index *x)
{
    uint32_t questions = (uint32_t)(x->bank->n + x->bank->beside_n), person = (uint32_t)x->bank->n;
    lesson *v = calloc(x->n + 1, sizeof *v);
    worded *w = calloc(x->n + 1, sizeof *w);
    for (size_t i = 0; v && w && i < x->n; i++) {
        v[i] = (lesson){&x->v[i].words, &x->v[i].plain, x->v[i].question < person ? x->v[i].question : person};
        w[i] = (worded){&x->v[i].words, x->v[i].question};
    }
    cu_err e = v && w ? vocabulary_new(w, x->n, questions, &x->words) : CU_NOMEM;
    if (e == CU_OK)
        e = learned_new(v, x->n, person + 1, &x->learned);
    free(v);
    free(w);
    return e;
}

static cu_err take(cu_bank_index *x, cu_bytes text, uint32_t question, uint32_t phrase)
{
    stem_room room;
    stems s;
    wording *w = &x->v[x->n++];
    w->question = question;
    w->phrase = phrase;
    stems_of(&x->same, text, room, &s);
    CU_TRY(stems_kept(&s, &w->words));
    w->ai = about_ai(x, &w->words);
    stems_of(&none_same, text, room, &s);
    return stems_kept(&s, &w->plain);
}

cu_err cu_bank_index_new(const cu_bank *b, cu_bank_index **out, cu_fault *f)
{
    cu_bank_index *x = calloc(1, sizeof *x);
    size_t most = b->beside_n, questions = b->n + b->beside_n;
    for (size_t i = 0; i < b->n; i++)
        most += b->v[i].phrases_n;
    if (!x)
        return CU_NOMEM;
    x->bank = b;
    x->v = calloc(most + 1, sizeof *x->v);
    x->scores = calloc(questions + 1, sizeof *x->scores);
    x->shares = calloc(questions + LEARNED_ROOM, sizeof *x->shares);
    x->best = calloc(questions + 1, sizeof *x->best);
    cu_err e = x->v && x->scores && x->shares && x->best ? same_words_new(b, &x->same) : CU_NOMEM;
    for (uint32_t i = 0; e == CU_OK && i < b->n; i++)
        for (uint32_t k = 0; e == CU_OK && k < b->v[i].phrases_n; k++)
            e = take(x, b->v[i].phrases[k].text, i, k);
    for (uint32_t i = 0; e == CU_OK && i < b->beside_n; i++) /* each as if it were a question of the bank */
        e = take(x, b->beside[i], (uint32_t)b->n + i, 0);
    if (e == CU_OK)
        e = teach(x);
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
    vocabulary_free(&x->words);
    for (size_t i = 0; i < x->n; i++) {
        free(x->v[i].words.v);
        free(x->v[i].plain.v);
    }
    free(x->v);
    free(x->scores);
    free(x->shares);
    learned_free(x->learned);
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
    for (size_t i = 0; i < p->n; i++) {
        double w = vocabulary_weight(&x->words, vocabulary_find(&x->words, p->v[i]));
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
    for (size_t i = 0; i < q->n; i++) {
        uint32_t word = vocabulary_find(&x->words, q->v[i]);
        both += vocabulary_has(&x->words, question, word) ? vocabulary_weight(&x->words, word) : 0;
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

/* Whether it is asked as the bank asks it. Words that mean the same are not enough: together they may ask something else. */
static bool word_for_word(const cu_bank_index *x, size_t i, const stems *plain)
{
    if (x->scores[i] < WORD_FOR_WORD)
        return false;
    const stems *own = &x->v[x->best[i]].plain;
    for (size_t k = 0; k < own->n; k++)
        if (!holds(plain, own->v[k]))
            return false;
    return own->n == plain->n;
}

static double of_both(const cu_bank_index *x, size_t i, const stems *plain)
{
    return (word_for_word(x, i, plain) ? 1 : 0) + OF_LIKENESS * x->scores[i] + OF_SHARE * (double)x->shares[i];
}

/* How likely question `first` is the one that is meant. */
static double sureness(const cu_bank_index *x, size_t first, const stems *plain)
{
    double likeness = 0, share = 0;
    bool another = false;
    for (size_t i = 0; i < x->bank->n + x->bank->beside_n; i++)
        if (i != first) {
            likeness = x->scores[i] > likeness ? x->scores[i] : likeness;
            share = (double)x->shares[i] > share ? (double)x->shares[i] : share;
            another |= word_for_word(x, i, plain);
        }
    if (!another && word_for_word(x, first, plain))
        return 1;
    double z = SURE_BASE + SURE_LIKENESS * x->scores[first] + SURE_LEAD * (x->scores[first] - likeness) +
               SURE_SHARE * (double)x->shares[first] + SURE_SHARES * log(((double)x->shares[first] + SHARE_FLOOR) / (share + SHARE_FLOOR));
    return 1 / (1 + exp(-z));
}

static void decide(const cu_bank_index *x, const stems *q, const stems *plain, double unknown, cu_bank_match *out)
{
    size_t first = 0, second = SIZE_MAX;
    for (size_t i = 1; i < x->bank->n + x->bank->beside_n; i++)
        if (of_both(x, i, plain) > of_both(x, first, plain))
            first = i;
    for (size_t i = 0; i < x->bank->n + x->bank->beside_n; i++)
        if (i != first && (second == SIZE_MAX || of_both(x, i, plain) > of_both(x, second, plain)))
            second = i;
    if (x->scores[first] <= 0)
        return;
    const wording *w = &x->v[x->best[first]];
    out->sure = sureness(x, first, plain);
    out->second = second != SIZE_MAX && second < x->bank->n && x->scores[second] > 0 ? &x->bank->v[second] : NULL;
    out->beside = first >= x->bank->n;
    if (out->beside)
        return;
    out->nearest = &x->bank->v[first];
    out->phrase = w->phrase;
    out->inverted = out->nearest->phrases[w->phrase].inverted;
    out->turned = w->words.negations % 2 != q->negations % 2;
    if (out->sure >= ENOUGH && unknown <= MOST_UNKNOWN && !(out->turned && out->nearest->good != CU_GOOD_TEXT))
        out->question = out->nearest;
}

/* The rooms of one question: with its heading, and as it was written. */
typedef struct {
    stem_room words, section, plain;
} rooms;

static cu_err match(cu_bank_index *x, const stems *q, const stems *plain, bool ai, cu_bank_match *out)
{
    double weight = 0, unknown = 0;
    for (size_t i = 0; i < q->n; i++) {
        uint32_t word = vocabulary_find(&x->words, q->v[i]);
        weight += vocabulary_weight(&x->words, word);
        unknown += word == NO_WORD ? x->words.unknown : 0;
    }
    CU_TRY(score_all(x, q, weight, ai));
    learned_shares(x->learned, q, plain, x->shares);
    for (size_t i = x->bank->n + x->bank->beside_n; i-- > x->bank->n;)
        x->shares[i] = x->shares[x->bank->n];
    decide(x, q, plain, weight > 0 ? unknown / weight : 1, out);
    return CU_OK;
}

cu_err cu_bank_match_text(cu_bank_index *x, cu_bytes text, cu_bytes section, cu_bank_match *out)
{
    rooms *r = malloc(sizeof *r);
    stems q, heading, plain;
    *out = (cu_bank_match){0};
    if (!r)
        return CU_NOMEM;
    text = cu_slice(text, 0, text.n < 4000 ? text.n : 4000);
    stems_of(&x->same, text, r->words, &q);
    stems_of(&none_same, text, r->plain, &plain);
    stems_of(&x->same, cu_slice(section, 0, section.n < 200 ? section.n : 200), r->section, &heading);
    cu_err e = q.n ? match(x, &q, &plain, about_ai(x, &q) || about_ai(x, &heading), out) : CU_OK;
    free(r);
    return e;
}
