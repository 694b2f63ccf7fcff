/* Words of a question: lower case, without the words that carry no subject, cut to a stem, and phrases that mean the same made one
 * (catalog/questions.yaml, words). */
#include "words.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const empty_words[] = {
    "a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "from", "with", "and", "or", "is", "are", "was", "were", "be", "been", "being", "do", "does", "did", "have", "has",
    "had", "can", "could", "will", "would", "shall", "should", "may", "might", "must", "you", "your", "yours", "we", "our", "ours", "us", "it", "its", "this", "that", "these",
    "those", "there", "their", "they", "them", "he", "his", "her", "which", "what", "whom", "whose", "how", "when", "why", "if", "as", "than", "then", "so", "such",
    "any", "all", "each", "every", "some", "other", "please", "describe", "explain", "provide", "list", "state", "outline", "detail", "details", "specify", "indicate", "confirm",
    "example", "eg", "etc", "ie", "also", "into", "about", "regarding", "place", "within", "via", "per", "organisation", "organization", "company", "firm", "use", "used", "using",
    "make", "made", "ensure", "ensured", "sure", "yes", "whether", "process", "procedure", "procedures", "policy", "policies", "established", "documented", "implemented",
    "maintained", "defined", "approach", "appropriate", "regular", "regularly", "one", "out", "up", "only", "e", "g", "i", "s", "own", "not", "no", "never", "without", "t", NULL};

static const char *const negations[] = {"not", "never", "without", "cannot", "lack", "lacks", "lacking", "except", "unless", "don", "doesn", "isn", "aren", "won", "unable", NULL};

static bool listed(const char *w, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(w, *list) == 0)
            return true;
    return false;
}

static bool ends(const char *w, size_t n, const char *end)
{
    size_t k = strlen(end);
    return n > k && memcmp(w + n - k, end, k) == 0;
}

typedef struct {
    const char *end, *to;
    size_t least; /* letters that must stay */
} cut;

static const cut of_words[] = {{"isations", "is", 3}, {"izations", "is", 3}, {"isation", "is", 3}, {"ization", "is", 3}, {"ations", "", 4}, {"ation", "", 4}, {"ising", "is", 3}, {"izing", "is", 3},
                               {"ised", "is", 3}, {"ized", "is", 3}, {"ise", "is", 3}, {"ize", "is", 3}, {"ments", "", 4}, {"ment", "", 4}, {"ities", "", 4}, {"ity", "", 4}, {"ions", "", 4},
                               {"ion", "", 4}, {"ings", "", 3}, {"ing", "", 3}, {"ables", "", 4}, {"able", "", 4}, {"ally", "", 4}, {"ly", "", 4}, {"ates", "", 4}, {"ated", "", 4}, {"ate", "", 4},
                               {"ied", "y", 2}, {"ies", "y", 2}, {"sses", "ss", 2}, {"ers", "", 4}, {"er", "", 4}, {"ed", "", 3}, {"es", "", 3}, {"al", "", 4}, {"ance", "", 4}, {"ence", "", 4}, {"s", "", 3}, {NULL}};
static const cut of_forms[] = {{"ied", "y", 2}, {"ies", "y", 2}, {"sses", "ss", 2}, {"ing", "", 3}, {"ed", "", 3}, {"es", "", 3}, {"s", "", 3}, {NULL}};

/* A light stemmer: what two English words have in common, no more. */
static void stem(char *w, const cut *cuts)
{
    size_t n = strlen(w);
    for (; cuts->end; cuts++) {
        size_t k = strlen(cuts->end);
        if (!ends(w, n, cuts->end) || n - k < cuts->least || (k == 1 && (w[n - 2] == 's' || w[n - 2] == 'u' || w[n - 2] == 'i')))
            continue;
        strcpy(w + n - k, cuts->to);
        break;
    }
    n = strlen(w);
    if (n > 4 && w[n - 1] == w[n - 2] && strchr("bdgmnprt", w[n - 1]))
        w[--n] = 0;
    if (n > 3 && w[n - 1] == 'e')
        w[--n] = 0;
    if (n > 3 && w[n - 1] == 'y')
        w[n - 1] = 'i';
}

/* A text before phrases become one: each word as it stands, in lower case; without the ending of a form of it (informs, informed);
 * and its stem, which other words can share (information). */
typedef struct {
    stem_room word, form, stem;
    size_t n;
    unsigned negations;
} spelt;

#define PHRASE_MAX 8u          /* words */

struct same_phrase {
    uint32_t first;            /* print of its first form */
    unsigned negations;
    size_t n;
    char word[PHRASE_MAX][STEM_MAX], form[PHRASE_MAX][STEM_MAX];
};

static uint32_t print_of(const char *w)
{
    uint32_t h = 2166136261u;
    for (; *w; w++)
        h = (h ^ (unsigned char)*w) * 16777619u;
    return h;
}

static void split(cu_bytes text, spelt *out)
{
    out->n = 0;
    out->negations = 0;
    for (size_t i = 0; i < text.n && out->n < STEMS_MAX;) {
        char *w = out->word[out->n];
        size_t n = 0;
        while (i < text.n && !isalnum(text.p[i]))
            i++;
        for (; i < text.n && isalnum(text.p[i]); i++)
            if (n < STEM_MAX - 4)
                w[n++] = (char)tolower(text.p[i]);
        w[n] = 0;
        if (n < 2) /* a letter alone says nothing */
            continue;
        out->negations += listed(w, negations);
        strcpy(out->stem[out->n], w);
        strcpy(out->form[out->n], w);
        stem(out->stem[out->n], of_words);
        stem(out->form[out->n], of_forms);
        out->n += out->stem[out->n][0] != 0;
    }
}

enum { NOWHERE, BY_FORM, TO_THE_LETTER };

static int stands(const spelt *in, size_t at, const struct same_phrase *phrase)
{
    int how = TO_THE_LETTER;
    if (!phrase->n || at + phrase->n > in->n)
        return NOWHERE;
    for (size_t i = 0; i < phrase->n; i++)
        if (strcmp(in->form[at + i], phrase->form[i]) != 0)
            return NOWHERE;
        else if (strcmp(in->word[at + i], phrase->word[i]) != 0)
            how = BY_FORM;
    return how;
}

/* The longest phrase that stands here; of two as long the one that is written so. */
static const struct same_phrase *longest(const same_words *s, const spelt *in, size_t at)
{
    const struct same_phrase *best = NULL;
    int best_how = NOWHERE;
    uint32_t first = print_of(in->form[at]);
    for (size_t i = 0; i < s->n; i++) {
        const struct same_phrase *p = &s->from[i];
        if (p->first != first || (best && p->n < best->n))
            continue;
        int how = stands(in, at, p);
        if (how && (!best || p->n > best->n || how > best_how)) {
            best = p;
            best_how = how;
        }
    }
    return best;
}

static void add_once(stems *out, const char *w)
{
    for (size_t k = 0; k < out->n; k++)
        if (strcmp(out->v[k], w) == 0)
            return;
    strcpy(out->v[out->n++], w);
}

void stems_of(const same_words *s, cu_bytes text, stem_room room, stems *out)
{
    spelt *all = malloc(sizeof *all);
    *out = (stems){room, 0, 0};
    if (!all)
        return;
    split(text, all);
    out->negations = all->negations;
    for (size_t i = 0; i < all->n && out->n < STEMS_MAX;) {
        const struct same_phrase *hit = longest(s, all, i);
        const char *w = hit ? s->to[hit - s->from] : all->stem[i];
        if (hit && strcmp(w, "-") == 0)
            out->negations -= hit->negations <= out->negations ? hit->negations : 0;
        else if (hit || !listed(all->word[i], empty_words))
            add_once(out, w);
        i += hit ? hit->n : 1;
    }
    free(all);
}

cu_err stems_kept(const stems *s, stems *out)
{
    *out = *s;
    out->v = calloc(s->n + 1, sizeof *out->v);
    if (!out->v)
        return CU_NOMEM;
    memcpy(out->v, s->v, s->n * sizeof *out->v);
    return CU_OK;
}

static void phrase_of(const spelt *text, struct same_phrase *out)
{
    *out = (struct same_phrase){.negations = text->negations, .n = text->n <= PHRASE_MAX ? text->n : 0};
    if (out->n)
        out->first = print_of(text->form[0]);
    memcpy(out->word, text->word, out->n * sizeof *out->word);
    memcpy(out->form, text->form, out->n * sizeof *out->form);
}

cu_err same_words_new(const cu_bank *b, same_words *out)
{
    size_t n = 0;
    for (size_t i = 0; i < b->words_n; i++)
        n += b->words_in[i];
    *out = (same_words){calloc(n + 1, sizeof *out->from), calloc(n + 1, sizeof *out->to), 0};
    spelt *text = malloc(sizeof *text);
    if (!out->from || !out->to || !text) {
        free(text);
        same_words_free(out);
        return CU_NOMEM;
    }
    for (size_t i = 0; i < b->words_n; i++) {
        size_t group = out->n;
        for (size_t k = 0; k < b->words_in[i]; k++) {
            split(b->words[i][k], text);
            phrase_of(text, &out->from[out->n]);
            strcpy(out->to[out->n++], k > 0 ? out->to[group] : text->n ? text->stem[0] : "-");
        }
    }
    free(text);
    return CU_OK;
}

void same_words_free(same_words *s)
{
    free(s->from);
    free(s->to);
    *s = (same_words){0};
}
