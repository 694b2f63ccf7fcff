/* .custosignore: PATH RULE UNTIL REASON, one a line. The pattern is matched by stepping through all
 * its states at once, so that no pattern takes longer than its length times the path's. */
#include <stdio.h>
#include <stdlib.h>
#include "accept_in.h"

/* One step of a pattern. */
typedef enum { LITERAL, ONE, SET, STAR, FOLDERS /* zero or more whole folders */, REST } kind;
typedef struct {
    kind k;
    uint8_t c;
    uint8_t set[32]; /* bit per byte */
} step;

typedef struct {
    step v[GLOB_MAX + 2];
    size_t n;
} steps;

static size_t read_set(const char *g, uint8_t set[32])
{
    bool invert = g[1] == '!' || g[1] == '^';
    size_t from = invert ? 2 : 1, i = from;
    for (; g[i] && (g[i] != ']' || i == from); i++) {
        uint8_t low = (uint8_t)g[i], high = low;
        if (g[i + 1] == '-' && g[i + 2] && g[i + 2] != ']') {
            high = (uint8_t)g[i + 2];
            i += 2;
        }
        for (unsigned c = low; c <= high; c++)
            set[c >> 3] |= (uint8_t)(1u << (c & 7));
    }
    for (size_t k = 0; invert && k < 32; k++)
        set[k] = (uint8_t)~set[k];
    set['/' >> 3] &= (uint8_t)~(1u << ('/' & 7));
    return g[i] == ']' ? i + 1 : 0;
}

/* Length of what was read at g, 0 when it is no pattern. */
static size_t read_step(const char *g, bool begins, step *s)
{
    *s = (step){LITERAL, (uint8_t)g[0], {0}};
    if (g[0] == '*' && g[1] == '*') {
        if (!begins || (g[2] && g[2] != '/'))
            return 0;
        s->k = g[2] ? FOLDERS : REST;
        return g[2] ? 3 : 2;
    }
    if (g[0] == '*')
        s->k = STAR;
    else if (g[0] == '?')
        s->k = ONE;
    else if (g[0] == '[') {
        s->k = SET;
        return read_set(g, s->set);
    } else if (g[0] == '\\' && g[1]) {
        s->c = (uint8_t)g[1];
        return 2;
    }
    return 1;
}

/* A pattern without a slash means a name in any folder; one that ends in a slash, all below. */
static bool compile(const char *g, steps *out)
{
    size_t n = strlen(g);
    out->n = 0;
    if (n == 0 || n > GLOB_MAX)
        return false;
    const char *slash = strchr(g, '/');
    if (!slash || slash == g + n - 1)
        out->v[out->n++] = (step){FOLDERS, 0, {0}};
    bool begins = true;
    for (const char *p = g[0] == '/' ? g + 1 : g; *p;) {
        size_t used = read_step(p, begins, &out->v[out->n]);
        if (used == 0)
            return false;
        out->n++;
        begins = p[used - 1] == '/';
        p += used;
    }
    if (g[n - 1] == '/')
        out->v[out->n++] = (step){REST, 0, {0}};
    return true;
}

/* What may be skipped without a byte. */
static void close_over(const steps *s, uint8_t *on)
{
    for (size_t i = 0; i < s->n; i++)
        if (on[i] == 1 && (s->v[i].k == STAR || s->v[i].k == FOLDERS || s->v[i].k == REST))
            on[i + 1] = 1;
}

/* 2 marks a FOLDERS step inside a folder's name: it goes on only behind the next slash. */
static void take(const steps *s, const uint8_t *on, uint8_t *next, uint8_t c)
{
    for (size_t i = 0; i < s->n; i++) {
        const step *t = &s->v[i];
        if (!on[i])
            continue;
        if (t->k == REST || (t->k == STAR && c != '/'))
            next[i] = 1;
        else if (t->k == FOLDERS)
            next[i] = c == '/' ? 1 : next[i] == 1 ? 1 : 2;
        else if ((t->k == LITERAL && c == t->c) || (t->k == ONE && c != '/') ||
                 (t->k == SET && t->set[c >> 3] >> (c & 7) & 1))
            next[i + 1] = 1;
    }
}

bool cu_accept_glob(const char *glob, const char *path)
{
    steps s;
    uint8_t a[GLOB_MAX + 3] = {1}, b[GLOB_MAX + 3], *on = a, *next = b;
    if (!compile(glob, &s))
        return false;
    close_over(&s, on);
    for (; *path; path++) {
        memset(next, 0, s.n + 1);
        take(&s, on, next, (uint8_t)*path);
        close_over(&s, next);
        uint8_t *was = on;
        on = next, next = was;
    }
    return on[s.n];
}

/* The next word; a backslash keeps the blank behind it in the word. */
static cu_bytes word(cu_bytes *rest)
{
    size_t i = 0, from;
    while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == '\t'))
        i++;
    for (from = i; i < rest->n && rest->p[i] != ' ' && rest->p[i] != '\t'; i++)
        if (rest->p[i] == '\\' && i + 1 < rest->n)
            i++;
    cu_bytes w = cu_slice(*rest, from, i);
    *rest = cu_slice(*rest, i, rest->n);
    return w;
}

static cu_bytes trimmed(cu_bytes t)
{
    while (t.n && (t.p[0] == ' ' || t.p[0] == '\t'))
        t = cu_slice(t, 1, t.n);
    while (t.n && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t' || t.p[t.n - 1] == '\r'))
        t.n--;
    return t;
}

/* Of a linter's rule what stands behind NAME/ is the linter's own. */
static bool rule_name(cu_bytes t)
{
    if (cu_eq_str(t, "*"))
        return true;
    const uint8_t *slash = t.n ? memchr(t.p + 1, '/', t.n - 1) : NULL;
    for (size_t i = 0; i < (slash ? (size_t)(slash - t.p) : t.n); i++)
        if (!((t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '-'))
            return false;
    return t.n > 0;
}

static const char *read_line(cu_accept *a, cu_bytes line)
{
    cu_bytes rest = line, glob = word(&rest), rule = word(&rest), until = word(&rest);
    cu_bytes reason = trimmed(rest);
    ignore_line *g = &a->ignores[a->ignores_n];
    steps probe;
    *g = (ignore_line){.expires_ns = NEVER};
    if (!cu_utf8_valid(line, NULL) || memchr(line.p, 0, line.n))
        return "is not UTF-8 text";
    if (!(g->glob = cu_arena_str(&a->strings, glob)) || !(g->rule = cu_arena_str(&a->strings, rule)) ||
        !(g->reason = cu_arena_str(&a->strings, reason)))
        return "is one more than fits";
    if (!compile(g->glob, &probe))
        return "the path pattern is wrong: ** stands for whole folders, [ needs its ], at most 512 bytes";
    if (!rule_name(rule))
        return "behind the path stands a rule's id, or * for all rules";
    if (!cu_eq_str(until, "never") && !cu_accept_day(until, &g->expires_ns))
        return "behind the rule stands the last day (YYYY-MM-DD), or never";
    if (reason.n < 3 || reason.n > REASON_MAX)
        return "a reason is needed behind the date, 3 to 500 bytes";
    if (g->expires_ns != NEVER)
        memcpy(g->expires, until.p, DAY_LEN - 1);
    a->ignores_n++;
    return NULL;
}

cu_err cu_accept_read_ignores(cu_accept *a, const char *path, cu_bytes text, cu_fault *f)
{
    size_t at = 0;
    a->ignores = calloc(IGNORE_MAX_LINES + 1, sizeof *a->ignores);
    if (!a->ignores)
        return CU_NOMEM;
    for (uint32_t n = 1; at < text.n; n++) {
        const uint8_t *nl = memchr(text.p + at, '\n', text.n - at);
        size_t end = nl ? (size_t)(nl - text.p) : text.n;
        cu_bytes line = trimmed(cu_slice(text, at, end));
        at = end + 1;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        const char *wrong = a->ignores_n == IGNORE_MAX_LINES ? "is one line more than is read"
                                                             : read_line(a, line);
        if (!wrong)
            continue;
        if (f)
            f->line = n;
        return cu_fail(f, CU_SYNTAX, "%s:%u: %s", path, n, wrong);
    }
    return CU_OK;
}
