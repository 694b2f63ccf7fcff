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

/* A light stemmer: what two forms of an English word have in common, no more. */
static void stem(char *w)
{
    static const struct {
        const char *end, *to;
        size_t least; /* letters that must stay */
    } cuts[] = {{"isations", "is", 3}, {"izations", "is", 3}, {"isation", "is", 3}, {"ization", "is", 3}, {"ations", "", 4}, {"ation", "", 4}, {"ising", "is", 3}, {"izing", "is", 3},
                {"ised", "is", 3}, {"ized", "is", 3}, {"ise", "is", 3}, {"ize", "is", 3}, {"ments", "", 4}, {"ment", "", 4}, {"ities", "", 4}, {"ity", "", 4}, {"ions", "", 4},
                {"ion", "", 4}, {"ings", "", 3}, {"ing", "", 3}, {"ables", "", 4}, {"able", "", 4}, {"ally", "", 4}, {"ly", "", 4}, {"ates", "", 4}, {"ated", "", 4}, {"ate", "", 4},
                {"ied", "y", 2}, {"ies", "y", 2}, {"sses", "ss", 2}, {"ers", "", 4}, {"er", "", 4}, {"ed", "", 3}, {"es", "", 3}, {"al", "", 4}, {"ance", "", 4}, {"ence", "", 4}, {"s", "", 3}};
    size_t n = strlen(w);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        size_t k = strlen(cuts[i].end);
        if (!ends(w, n, cuts[i].end) || n - k < cuts[i].least || (k == 1 && (w[n - 2] == 's' || w[n - 2] == 'u' || w[n - 2] == 'i')))
            continue;
        strcpy(w + n - k, cuts[i].to);
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

/* keep: words without a subject as well, for phrases of the list. */
static void split(cu_bytes text, bool keep, stems *out)
{
    out->n = 0;
    out->negations = 0;
    for (size_t i = 0; i < text.n && out->n < STEMS_MAX;) {
        char *w = out->v[out->n];
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
        if (!keep && listed(w, empty_words))
            continue;
        stem(w);
        out->n += w[0] != 0;
    }
}

static bool stands(const stems *in, size_t at, const stems *phrase)
{
    if (at + phrase->n > in->n)
        return false;
    for (size_t i = 0; i < phrase->n; i++)
        if (strcmp(in->v[at + i], phrase->v[i]) != 0)
            return false;
    return phrase->n > 0;
}

/* The longest phrase that stands here. */
static const stems *longest(const same_words *s, const stems *in, size_t at, size_t *which)
{
    const stems *best = NULL;
    for (size_t i = 0; i < s->n; i++)
        if ((!best || s->from[i].n > best->n) && stands(in, at, &s->from[i])) {
            best = &s->from[i];
            *which = i;
        }
    return best;
}

void stems_of(const same_words *s, cu_bytes text, stems *out)
{
    stems *all = malloc(sizeof *all);
    out->n = 0;
    out->negations = 0;
    if (!all)
        return;
    split(text, true, all);
    out->negations = all->negations;
    for (size_t i = 0; i < all->n && out->n < STEMS_MAX;) {
        size_t which = 0;
        const stems *hit = longest(s, all, i, &which);
        const char *w = hit ? s->to[which] : all->v[i];
        if (hit && strcmp(w, "-") == 0) {
            out->negations -= hit->negations <= out->negations ? hit->negations : 0;
        } else if (hit || !listed(w, empty_words)) {
            bool there = false;
            for (size_t k = 0; k < out->n; k++)
                there |= strcmp(out->v[k], w) == 0;
            if (!there)
                strcpy(out->v[out->n++], w);
        }
        i += hit ? hit->n : 1;
    }
    free(all);
}

cu_err same_words_new(const cu_bank *b, same_words *out)
{
    size_t n = 0;
    for (size_t i = 0; i < b->words_n; i++)
        n += b->words_in[i];
    *out = (same_words){calloc(n + 1, sizeof *out->from), calloc(n + 1, sizeof *out->to), 0, 0};
    if (!out->from || !out->to) {
        same_words_free(out);
        return CU_NOMEM;
    }
    for (size_t i = 0; i < b->words_n; i++)
        for (size_t k = 0; k < b->words_in[i]; k++) {
            stems first;
            split(b->words[i][0], true, &first);
            split(b->words[i][k], true, &out->from[out->n]);
            strcpy(out->to[out->n++], first.n ? first.v[0] : "-");
        }
    return CU_OK;
}

void same_words_free(same_words *s)
{
    free(s->from);
    free(s->to);
    *s = (same_words){0};
}
