/* What every match of an expression must hold: texts drawn from it, and its literals. */
#include <math.h>
#include <string.h>
#include "expression.h"

/* --- samples --- */

/* SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere. */
static uint32_t draw(uint64_t *state, uint32_t below)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

size_t cu_expr_sample(const cu_expr *x, uint64_t *state, uint8_t *out, size_t cap)
{
    size_t n = 0;
    uint32_t times;
    if (cap == 0)
        return 0;
    switch (x->kind) {
    case CU_EXPR_SET:
        *out = x->n ? x->members[draw(state, (uint32_t)x->n)] : 0;
        return x->n > 0;
    case CU_EXPR_ONE_OF:
        return cu_expr_sample(x->part[draw(state, (uint32_t)x->n)], state, out, cap);
    case CU_EXPR_ALL_OF:
        for (size_t i = 0; i < x->n; i++)
            n += cu_expr_sample(x->part[i], state, out + n, cap - n);
        return n;
    case CU_EXPR_REPEAT:
        times = x->min;
        if (x->max > x->min && draw(state, 2))
            times += draw(state, (x->max - x->min < 4 ? x->max - x->min : 4) + 1);
        for (uint32_t k = 0; k < times && n < cap; k++)
            n += cu_expr_sample(x->part[0], state, out + n, cap - n);
        return n;
    }
    return n;
}

/* --- literals --- */

#define MAX_EXACT CU_NEEDLES_MAX /* texts that a part may stand for, to be spelled out */

/* What is known of a part: all it may stand for (exact), or the best literals inside. */
typedef struct {
    cu_needles exact;  /* .n > 0: these and nothing else; a text of length 0 is possible */
    cu_needles best;   /* .n > 0: one of these is inside */
    uint32_t width;
} known;

/* How often a byte stands in source text, as a base-2 logarithm; letters in either case. Rounded from
 * counts over the headers and scripts of a Debian system. */
static double byte_bits(uint8_t c)
{
    static const double letters[] = {-4.1, -6.3, -5.0, -5.1, -3.4, -5.7, -6.0, -6.0, -4.1, -9.0, -7.6, -5.0, -5.6,
        -4.1, -4.2, -5.3, -9.5, -4.3, -4.1, -3.9, -5.5, -7.0, -7.4, -7.5, -6.8, -9.6};
    if (c >= 'a' && c <= 'z')
        return letters[c - 'a'];
    if (c >= '0' && c <= '9')
        return -6.5;
    return c == ' ' ? -2.6 : c == '_' ? -4.6 : strchr("()=.,;\"'*/:-", c) && c ? -6.0 : -8.5;
}

/* Words that programs are full of, far beyond what their letters say. */
static bool is_common(const uint8_t *text, size_t n)
{
    static const char *const words[] = {"password", "secret", "token", "user", "hash", "key", "name", "value", "curl"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
            return true;
    return false;
}

/* Expected hits a byte; shorter than 3 bytes is no literal. */
double cu_needles_hits(const cu_needles *n)
{
    double sum = 0;
    for (size_t i = 0; i < n->n; i++) {
        double bits = 0;
        if (n->length[i] < 3)
            return 1;
        for (size_t k = 0; k < n->length[i]; k++)
            bits += byte_bits(n->text[i][k]);
        bits += is_common(n->text[i], n->length[i]) ? 12 : 0;
        sum += exp2(bits);
    }
    return n->n ? sum : 1;
}

/* Where the one stands inside the other for the last time; -1: nowhere. */
static int inside(const cu_needles *n, size_t part, size_t whole)
{
    for (int i = n->length[whole] - n->length[part]; i >= 0; i--)
        if (memcmp(n->text[whole] + i, n->text[part], n->length[part]) == 0)
            return i;
    return -1;
}

/* Where one text stands inside another of the set, the longer says nothing more; but the match may begin
 * that much earlier. */
static void shorten(cu_needles *n)
{
    cu_needles kept = {.before = n->before};
    for (size_t i = 0; i < n->n; i++) {
        int at = -1;
        for (size_t k = 0; k < n->n && at < 0; k++)
            if (k != i && (n->length[k] < n->length[i] || (n->length[k] == n->length[i] && k < i)))
                at = inside(n, k, i);
        if (at >= 0) {
            kept.before = n->before + (uint32_t)at > kept.before ? n->before + (uint32_t)at : kept.before;
            continue;
        }
        memcpy(kept.text[kept.n], n->text[i], n->length[i]);
        kept.length[kept.n++] = n->length[i];
    }
    *n = kept;
}

static void better(cu_needles *best, const cu_needles *other, uint32_t before)
{
    cu_needles o = *other;
    shorten(&o);
    if (o.n == 0 || cu_needles_hits(&o) >= cu_needles_hits(best))
        return;
    *best = o;
    best->before = o.before + before;
}

static bool push(cu_needles *to, const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
    if (to->n == CU_NEEDLES_MAX || an + bn > CU_NEEDLE_LEN)
        return false;
    if (an)
        memcpy(to->text[to->n], a, an);
    if (bn)
        memcpy(to->text[to->n] + an, b, bn);
    to->length[to->n++] = (uint8_t)(an + bn);
    return true;
}

/* Every text of a followed by every text of b; false when that is too much. */
static bool product(const cu_needles *a, const cu_needles *b, cu_needles *out)
{
    cu_needles p = {.before = a->before};
    if (a->n * b->n > MAX_EXACT)
        return false;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (!push(&p, a->text[i], a->length[i], b->text[k], b->length[k]))
                return false;
    *out = p;
    return true;
}

static void know_set(const cu_expr *x, known *out)
{
    for (unsigned c = 0; c < 256; c++) {
        uint8_t lower = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : (uint8_t)c;
        if (!cu_in_set(x->set, (uint8_t)c) || (lower != c && cu_in_set(x->set, lower)))
            continue;
        if (out->exact.n == 10) {
            out->exact.n = 0;
            return;
        }
        push(&out->exact, &lower, 1, NULL, 0);
    }
}

static void know(const cu_expr *x, known *out);

static void know_row(const cu_expr *x, known *out)
{
    cu_needles run = {.n = 1}; /* what stands since the last part that was not exact: at first "" */
    cu_needles last = {.n = 1}; /* the last part of it */
    bool exact = true;
    for (size_t i = 0; i < x->n; i++) {
        known k;
        know(x->part[i], &k);
        if (k.exact.n && product(&run, &k.exact, &run)) {
            last = k.exact;
            last.before = out->width;
            out->width += k.width;
            continue;
        }
        better(&out->best, &run, 0);
        exact = false;
        if (k.exact.n) { /* too much together: begin anew with the part before, or with this one */
            if (!product(&last, &k.exact, &run)) {
                run = k.exact;
                run.before = out->width;
            }
            better(&out->best, &run, 0);
            last = k.exact;
            last.before = out->width;
        } else {
            last = (cu_needles){.n = 1, .before = out->width + k.width};
            better(&out->best, &k.best, out->width);
            run = (cu_needles){.n = 1, .before = out->width + k.width};
        }
        out->width += k.width;
    }
    better(&out->best, &run, 0);
    if (exact)
        out->exact = run;
}

static void know_choice(const cu_expr *x, known *out)
{
    bool exact = true, good = true;
    for (size_t i = 0; i < x->n; i++) {
        known k;
        know(x->part[i], &k);
        const cu_needles *some = k.best.n ? &k.best : &k.exact;
        for (size_t t = 0; exact && t < k.exact.n; t++)
            exact = out->exact.n < MAX_EXACT && push(&out->exact, k.exact.text[t], k.exact.length[t], NULL, 0);
        exact &= k.exact.n > 0;
        good &= some->n > 0;
        for (size_t t = 0; good && t < some->n; t++)
            good = push(&out->best, some->text[t], some->length[t], NULL, 0);
        if (some->before > out->best.before)
            out->best.before = some->before;
        if (k.width > out->width)
            out->width = k.width;
    }
    if (!exact)
        out->exact.n = 0;
    if (!good)
        out->best = (cu_needles){0};
}

static void know_repeat(const cu_expr *x, known *out)
{
    known one;
    know(x->part[0], &one);
    out->width = cu_expr_width(x);
    if (x->min == 0 && x->max == 1 && one.exact.n && one.exact.n < MAX_EXACT) {
        out->exact = one.exact;
        push(&out->exact, NULL, 0, NULL, 0);
        return;
    }
    if (x->min == 0)
        return;
    better(&out->best, &one.exact, 0);
    better(&out->best, &one.best, 0);
    if (x->min != x->max || x->max > 8 || !one.exact.n)
        return;
    cu_needles all = {.n = 1};
    for (uint32_t k = 0; k < x->min; k++)
        if (!product(&all, &one.exact, &all))
            return;
    out->exact = all;
}

static void know(const cu_expr *x, known *out)
{
    *out = (known){.width = 0};
    switch (x->kind) {
    case CU_EXPR_SET:
        out->width = 1;
        know_set(x, out);
        break;
    case CU_EXPR_ALL_OF:
        know_row(x, out);
        break;
    case CU_EXPR_ONE_OF:
        know_choice(x, out);
        break;
    case CU_EXPR_REPEAT:
        know_repeat(x, out);
        break;
    }
    if (out->width > CU_EXPR_ENDLESS)
        out->width = CU_EXPR_ENDLESS;
}

void cu_expr_needles(const cu_expr *x, cu_needles *out)
{
    known k;
    know(x, &k);
    *out = k.best;
    better(out, &k.exact, 0);
    for (size_t i = 0; i < out->n; i++)
        if (out->length[i] < 3)
            out->n = 0;
}

/* --- where words begin --- */

static bool only(const cu_expr *x, bool (*good)(uint8_t))
{
    for (size_t i = 0; x->kind == CU_EXPR_SET && i < x->n; i++)
        if (!good(x->members[i]))
            return false;
    return x->kind == CU_EXPR_SET;
}

static bool of_no_word(uint8_t c)
{
    return !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool backslash(uint8_t c)
{
    return c == '\\';
}

static bool of_escape(uint8_t c)
{
    return c == 'n' || c == 'r' || c == 't';
}

/* Behind each of its texts a word begins: (?:^|[\s"]), \b, (?:\b|\\[nrt]). */
static bool is_edge(const cu_expr *x)
{
    if (x->kind == CU_EXPR_ALL_OF)
        return x->edge || (x->n == 2 && only(x->part[0], backslash) && only(x->part[1], of_escape));
    bool good = x->kind == CU_EXPR_ONE_OF;
    for (size_t i = 0; good && i < x->n; i++)
        good = is_edge(x->part[i]);
    return good || only(x, of_no_word);
}

/* No needle stands further from the begin of its match than the first part is wide: nothing is between. */
bool cu_expr_begins_word(const cu_expr *x, const cu_needles *needles)
{
    return x->kind == CU_EXPR_ALL_OF && x->n && is_edge(x->part[0]) && needles->before <= cu_expr_width(x->part[0]);
}
