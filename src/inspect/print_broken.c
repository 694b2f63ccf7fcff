/* A line that a formatter broke into several. Whoever reads the file sends, beside the print of each line, that of what
 * several lines were when they were one; where the answer had that line, they count as it. The log holds no more for it. */
#include <stdlib.h>
#include "inspect/print.h"

static uint8_t first_of(cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] > ' ')
            return t.p[i];
    return 0;
}

static uint8_t last_of(cu_bytes t)
{
    while (t.n && t.p[t.n - 1] <= ' ')
        t.n--;
    return t.n ? t.p[t.n - 1] : 0;
}

static bool one_of(uint8_t c, const char *set)
{
    return c && strchr(set, c) != NULL;
}

/* How many more ( and [ it opens than it closes, outside of strings. */
static int opened(cu_bytes t)
{
    int depth = 0;
    uint8_t quote = 0;
    for (size_t i = 0; i < t.n; i++) {
        uint8_t c = t.p[i];
        if (quote) {
            i += c == '\\';
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '`') {
            quote = c;
        } else {
            depth += (c == '(' || c == '[') - (c == ')' || c == ']');
        }
    }
    return depth;
}

/* Formatters break within brackets, behind a comma, an operator or an opening bracket, and before a dot, an operator or a
 * closing one. */
static bool goes_on(const cu_print_join_line *o, cu_bytes next)
{
    return o->depth > 0 || one_of(last_of(cu_bytes_of(o->text, o->n)), ",([{=+-*/%&|?:<>\\") || one_of(first_of(next), ".,)]}?:+-*/%&|=<>");
}

/* false: it is too long for one line. A comma that a formatter put before a closing bracket is no part of the line. */
static bool append(cu_print_join_line *o, cu_bytes next)
{
    while (o->n && o->text[o->n - 1] <= ' ')
        o->n--;
    if (o->n && o->text[o->n - 1] == ',' && one_of(first_of(next), ")]}"))
        o->n--;
    if (o->n + next.n + 1 > sizeof o->text)
        return false;
    o->text[o->n++] = ' ';
    if (next.n)
        memcpy(o->text + o->n, next.p, next.n);
    o->n += next.n;
    o->depth += opened(next);
    o->lines++;
    return true;
}

void cu_print_join_next(cu_print_joining *j, uint32_t number, cu_bytes line, cu_print_join_fn *each, void *arg)
{
    size_t kept = 0;
    if (number != j->last + 1)
        j->n = 0;
    j->last = number;
    for (size_t i = 0; i < j->n; i++) {
        cu_print_join_line *o = &j->v[i];
        cu_print_line p;
        if (!goes_on(o, line) || !append(o, line))
            continue;
        cu_print_line_of(cu_bytes_of(o->text, o->n), &p);
        if (p.weight)
            each(arg, o->first, o->lines, &p);
        if (o->lines == CU_PRINT_JOINED)
            continue;
        if (i != kept)
            j->v[kept] = *o;
        kept++;
    }
    j->n = kept;
    if (line.n >= CU_PRINT_LINE || !first_of(line))
        return;
    cu_print_join_line *o = &j->v[j->n++];
    o->first = number;
    o->lines = 1;
    o->n = line.n;
    o->depth = opened(line);
    memcpy(o->text, line.p, line.n);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool has(const uint64_t *sorted, size_t m, uint64_t exact)
{
    return bsearch(&exact, sorted, m, sizeof exact, by_value) != NULL;
}

/* Whether these lines are better read as one: the answer had it, and not each of them. */
static bool fits(const cu_print_join *x, const cu_print *file, const uint8_t *of, const uint64_t *sorted, size_t m)
{
    bool each = true;
    if (!has(sorted, m, x->print.exact))
        return false;
    for (size_t i = x->first; i <= x->last; i++) {
        if (of[i])
            return false;
        each = each && has(sorted, m, file[i].exact);
    }
    return !each || x->first == x->last;
}

/* Of each line how many are one with it, by the longest that fits. */
static void choose(const cu_print *file, size_t n, const cu_print_join *joins, size_t joins_n, const uint64_t *sorted, size_t m, const uint8_t *of, uint32_t *best)
{
    for (size_t k = 0; k < joins_n; k++) {
        const cu_print_join *x = &joins[k];
        if (x->first > x->last || x->last >= n || !fits(x, file, of, sorted, m))
            continue;
        uint32_t *b = &best[x->first];
        if (!*b || joins[*b - 1].last < x->last)
            *b = (uint32_t)k + 1;
    }
}

cu_err cu_prints_align_joined(const cu_print *file, size_t n, const cu_print_join *joins, size_t joins_n, const cu_print *wrote, size_t m, uint8_t *of, size_t *n_out)
{
    uint64_t *sorted = malloc((m + 1) * sizeof *sorted);
    uint32_t *best = calloc(n + 1, sizeof *best), *last = malloc((n + 1) * sizeof *last);
    cu_print *unit = malloc((n + 1) * sizeof *unit);
    uint8_t *of_unit = malloc(n + 1);
    size_t units = 0, ignored;
    cu_err e = sorted && best && last && unit && of_unit ? CU_OK : CU_NOMEM;
    *n_out = 0;
    if (e == CU_OK) {
        for (size_t i = 0; i < m; i++)
            sorted[i] = wrote[i].exact;
        qsort(sorted, m, sizeof *sorted, by_value);
        choose(file, n, joins, joins_n, sorted, m, of, best);
        for (size_t i = 0; i < n; i = last[units++] + 1) {
            const cu_print_join *x = best[i] ? &joins[best[i] - 1] : NULL;
            unit[units] = x ? x->print : file[i];
            of_unit[units] = of[i];
            last[units] = x ? x->last : (uint32_t)i;
        }
        e = cu_prints_align(unit, units, wrote, m, of_unit, &ignored);
    }
    for (size_t u = 0, i = 0; e == CU_OK && u < units; u++)
        for (; i <= last[u]; i++) {
            *n_out += of_unit[u] && !of[i];
            of[i] = of_unit[u];
        }
    free(sorted);
    free(best);
    free(last);
    free(unit);
    free(of_unit);
    return e;
}
