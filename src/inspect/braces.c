/* Groups in a word that stand for several: {a,b} and {1..3} of a shell, [1-3] of curl. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "walk.h"

#define FIRST_ITEMS 256 /* of a sequence in a word (a part of an address); of a longer one half from each end, and one that is not known */
#define OTHER_ITEMS 4  /* of each further one in it */
#define OTHER_BRACES 16u /* that open no group; behind them none is looked for */

size_t group_closing(cu_bytes t, size_t at, uint8_t open, uint8_t close)
{
    size_t depth = 1;
    for (; at < t.n; at++) {
        if (t.p[at] == '\\')
            at++;
        else if (t.p[at] == close && --depth == 0)
            return at;
        else if (t.p[at] == open)
            depth++;
    }
    return t.n;
}

typedef struct {
    long from, to, by;
    int width; /* of numbers that are filled with 0 */
    bool letters;
} sequence;

/* A number or a letter, and what must stand behind it. */
static bool end_of(const char **t, const char *behind, long *out, sequence *s)
{
    char *end;
    bool letter = isalpha((unsigned char)**t);
    *out = letter ? (unsigned char)**t : strtol(*t, &end, 10);
    const char *after = letter ? *t + 1 : end;
    size_t n = strlen(behind);
    if (after == *t || isspace((unsigned char)**t) || **t == '+' || *out > 1000000000 || *out < -1000000000 || strncmp(after, behind, n) != 0)
        return false;
    if (**t == '0' && after - *t > 1 && s->width < after - *t)
        s->width = (int)(after - *t);
    s->letters = letter;
    *t = after + n;
    return true;
}

/* a..z, 1..9..2; with others between: a-z, 1-9:2 */
static bool sequence_of(cu_bytes t, const char *between, const char *before_step, sequence *s)
{
    char text[64];
    const char *at = text;
    if (t.n == 0 || t.n >= sizeof text || memchr(t.p, 0, t.n))
        return false;
    memcpy(text, t.p, t.n);
    text[t.n] = 0;
    *s = (sequence){.by = 1};
    if (!end_of(&at, between, &s->from, s))
        return false;
    bool letters = s->letters;
    if (!end_of(&at, "", &s->to, s) || letters != s->letters)
        return false;
    size_t n = strlen(before_step);
    if (strncmp(at, before_step, n) == 0) {
        char *end;
        s->by = labs(strtol(at + n, &end, 10));
        at = end;
    }
    s->by = s->by && s->by <= 1000000000 ? s->by : 1;
    return *at == 0;
}

static bool add(walk *w, cu_word_list *out, cu_bytes item)
{
    out->v[out->n] = cu_arena_dup(w->a, item);
    w->nomem = w->nomem || (item.n && !out->v[out->n].p);
    out->n++;
    return !w->nomem;
}

static bool spread(walk *w, const sequence *s, long most, cu_word_list *out)
{
    long count = labs(s->to - s->from) / s->by + 1;
    static const char some[] = {OPEN};
    *out = (cu_word_list){cu_arena_alloc(w->a, (size_t)(most + 1) * sizeof *out->v), 0};
    w->nomem = w->nomem || !out->v;
    for (long i = 0; out->v && i < count; i++) {
        char text[32];
        if (count > most && i == most / 2) {
            i = count - most / 2;
            if (!add(w, out, cu_bytes_of(some, sizeof some)))
                return false;
        }
        long v = s->from + (s->to < s->from ? -i : i) * s->by;
        if (s->letters)
            snprintf(text, sizeof text, "%c", (char)v);
        else
            snprintf(text, sizeof text, "%0*ld", s->width, v);
        if (!add(w, out, cu_str(text)))
            return false;
    }
    return out->v != NULL;
}

/* What stands between the commas; groups among it stay. */
static bool listed(walk *w, cu_bytes t, cu_word_list *out)
{
    size_t commas = 0, level = 0;
    for (size_t i = 0; i < t.n; i++)
        commas += t.p[i] == ',';
    *out = (cu_word_list){cu_arena_alloc(w->a, (commas + 1) * sizeof *out->v), 0};
    w->nomem = w->nomem || !out->v;
    for (size_t i = 0, from = 0; out->v && i <= t.n; i++) {
        if (i < t.n) {
            level += t.p[i] == '{';
            level -= t.p[i] == '}' && level > 0;
        }
        if (i < t.n && (level || t.p[i] != ','))
            continue;
        if (!add(w, out, cu_slice(t, from, i)))
            return false;
        from = i + 1;
    }
    return out->v != NULL;
}

static bool is_group(cu_bytes inside)
{
    sequence s;
    return (inside.n && memchr(inside.p, ',', inside.n)) || sequence_of(inside, "..", "..", &s);
}

bool group_at(cu_bytes t, size_t *from, size_t *to)
{
    for (size_t i = 0, others = 0; i < t.n && others < OTHER_BRACES; i++) {
        if (t.p[i] == '\\') {
            i++;
        } else if (t.p[i] == '\'' || t.p[i] == '"') {
            uint8_t q = t.p[i];
            for (i++; i < t.n && t.p[i] != q; i++)
                i += q == '"' && t.p[i] == '\\';
        } else if (t.p[i] == '$' && i + 1 < t.n && (t.p[i + 1] == '{' || t.p[i + 1] == '(')) {
            i = group_closing(t, i + 2, t.p[i + 1], t.p[i + 1] == '{' ? '}' : ')');
        } else if (t.p[i] == '{') {
            *from = i;
            *to = group_closing(t, i + 1, '{', '}');
            if (*to < t.n && is_group(cu_slice(t, i + 1, *to)))
                return true;
            others++;
        }
    }
    return false;
}

bool group_items(walk *w, cu_bytes inside, bool first, cu_word_list *out)
{
    sequence s;
    if (sequence_of(inside, "..", "..", &s))
        return spread(w, &s, first ? FIRST_ITEMS : OTHER_ITEMS, out);
    return listed(w, inside, out);
}

bool group_of_curl(walk *w, cu_bytes t, bool first, size_t *from, size_t *to, cu_word_list *out)
{
    sequence s;
    for (*from = 0; *from < t.n; ++*from) {
        bool set = t.p[*from] == '{', range = t.p[*from] == '[';
        if (!set && !range)
            continue;
        const uint8_t *end = memchr(t.p + *from, set ? '}' : ']', t.n - *from);
        if (!end)
            return false;
        *to = (size_t)(end - t.p);
        cu_bytes inside = cu_slice(t, *from + 1, *to);
        if (set)
            return listed(w, inside, out);
        if (sequence_of(inside, "-", ":", &s))
            return spread(w, &s, first ? FIRST_ITEMS : OTHER_ITEMS, out);
    }
    return false;
}

cu_bytes group_put(walk *w, cu_bytes t, size_t from, size_t to, cu_bytes item)
{
    size_t n = from + item.n + (t.n - to - 1);
    uint8_t *p = cu_arena_raw(w->a, n + 1);
    w->nomem = w->nomem || !p;
    if (!p)
        return CU_NONE;
    memcpy(p, t.p, from);
    if (item.n)
        memcpy(p + from, item.p, item.n);
    memcpy(p + from + item.n, t.p + to + 1, t.n - to - 1);
    return cu_bytes_of(p, n);
}
