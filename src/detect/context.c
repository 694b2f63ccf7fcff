/* Values that only the words before them give away: an anchor (a vendor's name, "passport") is
 * found by the engine, then the places behind it where a value may begin are looked at one by one. */
#include "engine.h"
#include "token.h"

#define MAX_NEWLINES 3u /* between an anchor and its value */

static bool lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static uint8_t fold(uint8_t c)
{
    return upper(c) ? c + 32 : c;
}

/* A word, a part of a_snake_name or of aCamelName begins at i. */
static bool part_begins(cu_bytes t, size_t i)
{
    if (i == 0 || !cu_alnum(t.p[i - 1]))
        return true;
    return (lower(t.p[i - 1]) && upper(t.p[i])) || cu_digit(t.p[i - 1]) || cu_starts_token(t, i);
}

/* The words between an anchor and its value: each byte is looked at once, however many places behind it
 * are tried. */
typedef struct {
    const cu_rule *rule;
    const uint8_t *ends; /* see cu_confirmer */
    size_t looked; /* up to here */
    bool found;
} words;

static bool word_ends(cu_bytes t, size_t start, size_t end, const char *word)
{
    size_t n = strlen(word);
    if (start + n > end)
        return false;
    for (size_t k = 0; k < n; k++)
        if (fold(t.p[end - n + k]) != (uint8_t)word[k])
            return false;
    return true;
}

static bool has_word(words *w, cu_bytes t, size_t start, size_t end)
{
    if (w->rule->words_n == 0)
        return true;
    for (; w->looked < end && !w->found; w->looked++)
        for (size_t k = 0; w->ends[t.p[w->looked]] && k < w->rule->words_n && !w->found; k++)
            w->found = word_ends(t, start, w->looked + 1, w->rule->words[k]);
    return w->found;
}

/* A value begins here: the form holds, it ends where a word ends, its check holds. */
static cu_err value_at(cu_scratch *s, const cu_confirmer *c, uint16_t rule, cu_bytes t, size_t i,
                       bool *found, cu_findings *out)
{
    const cu_compiled *r = &s->engine->rules[rule];
    size_t end = i + CU_WINDOW < t.n ? i + CU_WINDOW : t.n;
    cu_bytes w = cu_slice(t, i, end);
    const uint8_t *wall = memchr(w.p, CU_DETECT_SEPARATOR, w.n); /* also for what looks ahead */
    if (wall)
        w.n = (size_t)(wall - w.p);
    int n = pcre2_match(c->code, w.p, w.n, 0, 0, s->match, NULL);
    if (n < 0)
        return n == PCRE2_ERROR_NOMATCH ? CU_OK : CU_ENGINE;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->match);
    uint32_t group = (uint32_t)n > c->group ? c->group : 0;
    size_t from = i + v[2 * group], to = i + v[2 * group + 1];
    if (to <= from || (to < t.n && (cu_alnum(t.p[to]) || t.p[to] == '_') && cu_alnum(t.p[to - 1])))
        return CU_OK;
    cu_bytes value = cu_slice(t, i, i + v[1]);
    if ((r->validate && !r->validate(cu_slice(t, from, to))) || (r->group == CU_GROUP_TOKEN && !cu_has_token(value)) ||
        (r->group == CU_GROUP_DIGITS && !cu_has_digits(value)))
        return CU_OK;
    *found = true;
    return cu_found_secret(s->engine, out, rule, t, from, to);
}

/* A reader written by hand begins at the anchor. */
static cu_err read_by_hand(cu_scratch *s, cu_bytes t, const cu_anchor *a, size_t start, size_t to, cu_findings *out)
{
    switch (s->engine->rules[a->rule].hand) {
    case CU_HAND_URL:
        return cu_find_url(s->engine, t, a->rule, start, out);
    case CU_HAND_PEM:
        return start < s->pem_past ? CU_OK : cu_find_pem(s->engine, t, a->rule, start, &s->pem_past, out);
    case CU_HAND_ASSIGN:
        return part_begins(t, start) ? cu_find_assignment(s, t, a->rule, start, to, false, out) : CU_OK;
    default:
        return part_begins(t, start) ? cu_find_assignment(s, t, a->rule, start, to, true, out) : CU_OK;
    }
}

cu_err cu_anchor_hit(cu_scratch *s, cu_bytes t, const cu_anchor *a, size_t to, cu_findings *out)
{
    const cu_compiled *c = &s->engine->rules[a->rule];
    const cu_confirmer *k;
    size_t start = to - a->length, end = to + c->rule->reach < t.n ? to + c->rule->reach : t.n;
    unsigned newlines = 0;
    bool found = false;
    if (c->hand)
        return read_by_hand(s, t, a, start, to, out);
    if (!part_begins(t, start))
        return CU_OK;
    CU_TRY(cu_confirmer_of(s->engine, a->rule, &k));
    words w = {c->rule, k->ends, start, false};
    for (size_t i = to; i < end && !found; i++) {
        uint8_t b = t.p[i];
        if (b == CU_DETECT_SEPARATOR || (b == '\n' && ++newlines > MAX_NEWLINES))
            break;
        /* At the anchor's end only a value that spells its own separator may begin. */
        if (!k->first[b] || (i == to && cu_alnum(t.p[i - 1]) ? !k->group || cu_alnum(b) || b == '_' : !cu_starts_token(t, i)))
            continue;
        if (has_word(&w, t, start, i))
            CU_TRY(value_at(s, k, a->rule, t, i, &found, out));
    }
    return CU_OK;
}
