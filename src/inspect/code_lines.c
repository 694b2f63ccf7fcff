/* Languages without a grammar that is good enough: SQL and Dockerfiles are cut into statements, strictly
 * by their own rules for comments, quotes and continued lines, and rules ask for whole statements. */
#include <ctype.h>
#include "code_in.h"
#include "glob.h"

#define MAX_STATEMENTS 8000u
#define MAX_STATEMENT 8192u /* bytes that are looked at of one */

typedef struct {
    cu_bytes text; /* blanks made one; of SQL in lower case, strings kept */
    uint32_t start, end;
} statement;

typedef struct {
    code_walk *w;
    statement *v;
    size_t n;
    uint8_t text[MAX_STATEMENT];
    size_t text_n;
    uint32_t start, end;
    bool begun;
} reader;

static void take(reader *r, uint8_t c, uint32_t at)
{
    bool blank = isspace(c);
    if (blank && (!r->begun || (r->text_n && r->text[r->text_n - 1] == ' ')))
        return;
    if (!r->begun) {
        r->begun = true;
        r->start = at;
    }
    if (!blank)
        r->end = at + 1;
    if (r->text_n < sizeof r->text)
        r->text[r->text_n++] = blank ? ' ' : c;
}

static void finish(reader *r)
{
    while (r->text_n && r->text[r->text_n - 1] == ' ')
        r->text_n--;
    if (r->begun && r->n < MAX_STATEMENTS) {
        r->v[r->n].text = cu_arena_dup(r->w->a, cu_bytes_of(r->text, r->text_n));
        r->w->nomem = r->w->nomem || !r->v[r->n].text.p;
        r->v[r->n].start = r->start;
        r->v[r->n++].end = r->end;
    } else if (r->begun) {
        r->w->too_deep = true;
    }
    r->text_n = 0;
    r->begun = false;
}

/* 'it''s', "name", $tag$ … $tag$ */
static size_t sql_quoted(reader *r, cu_bytes t, size_t i)
{
    uint8_t q = t.p[i];
    size_t open = 1, k;
    if (q == '$') {
        for (k = i + 1; k < t.n && (isalnum(t.p[k]) || t.p[k] == '_'); k++)
            ;
        if (k >= t.n || t.p[k] != '$' || (k > i + 1 && isdigit(t.p[i + 1])))
            return 0;
        open = k - i + 1;
        size_t end = cu_find(t, cu_slice(t, i, i + open), i + open);
        size_t to = end == SIZE_MAX ? t.n : end + open;
        for (k = i; k < to; k++) /* a body is statements too */
            take(r, (uint8_t)tolower(t.p[k]), (uint32_t)k);
        return to - i;
    }
    take(r, q, (uint32_t)i);
    for (k = i + 1; k < t.n; k++) {
        take(r, t.p[k], (uint32_t)k);
        if (t.p[k] == q && !(k + 1 < t.n && t.p[k + 1] == q))
            return k + 1 - i;
        if (t.p[k] == q)
            k++;
    }
    return t.n - i;
}

static void read_sql(reader *r, cu_bytes t)
{
    for (size_t i = 0; i < t.n && !r->w->nomem;) {
        uint8_t c = t.p[i];
        size_t n = 0;
        if (c == '-' && i + 1 < t.n && t.p[i + 1] == '-') {
            while (i < t.n && t.p[i] != '\n')
                i++;
            continue;
        }
        if (c == '/' && i + 1 < t.n && t.p[i + 1] == '*') {
            size_t end = cu_find(t, CU_LIT("*/"), i + 2);
            i = end == SIZE_MAX ? t.n : end + 2;
            continue;
        }
        if (c == '\'' || c == '"' || c == '$')
            n = sql_quoted(r, t, i);
        if (!n) {
            if (c == ';')
                finish(r);
            else
                take(r, (uint8_t)tolower(c), (uint32_t)i);
            n = 1;
        }
        i += n;
    }
    finish(r);
}

/* An instruction in capitals, its words behind it; a line that ends in a backslash goes on. */
static void read_docker(reader *r, cu_bytes t)
{
    bool word = true;
    for (size_t i = 0; i < t.n && !r->w->nomem;) {
        const uint8_t *nl = memchr(t.p + i, '\n', t.n - i);
        size_t end = nl ? (size_t)(nl - t.p) : t.n, at = i, last = end;
        while (at < end && isspace(t.p[at]))
            at++;
        while (last > at && isspace(t.p[last - 1]))
            last--;
        bool comment = at < last && t.p[at] == '#', more = last > at && (t.p[last - 1] == '\\' || t.p[last - 1] == '`');
        for (size_t k = at; k < last - (more ? 1 : 0) && !comment; k++) {
            take(r, word ? (uint8_t)toupper(t.p[k]) : t.p[k], (uint32_t)k);
            word = word && !isspace(t.p[k]);
        }
        if (more && !comment)
            take(r, ' ', (uint32_t)last);
        if (!more && !comment && (r->begun ? at < last : true)) {
            finish(r);
            word = true;
        }
        i = end + 1;
    }
    finish(r);
}

static bool asked(const code_walk *w, const reader *r, size_t i, const cu_code_where *c)
{
    size_t from = i, to = i + 1;
    if (cu_eq_str(c->at.v[0], "before"))
        from = 0, to = i;
    else if (cu_eq_str(c->at.v[0], "after"))
        from = i + 1, to = r->n;
    for (size_t k = from; k < to; k++)
        if (code_like(c, r->v[k].text))
            return c->is != CU_CODE_IS_missing;
    return c->is == CU_CODE_IS_missing;
}

static void match(code_walk *w, const reader *r, size_t i)
{
    for (size_t a = 0; a < w->active_n; a++) {
        const cu_code_rule *x = w->active[a]->rule;
        if (!x->statement.n || !in_any(&x->statement, r->v[i].text) || code_any(&x->unless, r->v[i].text))
            continue;
        bool all = true;
        for (size_t k = 0; k < x->where_n && all; k++)
            all = asked(w, r, i, &x->where[k]);
        if (all)
            code_found(w, x, r->v[i].start, r->v[i].end);
    }
}

void code_lines(code_walk *w, cu_code_lang l)
{
    reader *r = cu_arena_alloc(w->a, sizeof *r);
    w->nomem = w->nomem || !r;
    if (!r)
        return;
    r->w = w;
    r->v = cu_arena_alloc(w->a, MAX_STATEMENTS * sizeof *r->v);
    if (!r->v) {
        w->nomem = true;
        return;
    }
    if (l == CU_CODE_sql)
        read_sql(r, w->src);
    else
        read_docker(r, w->src);
    for (size_t i = 0; i < r->n && !w->nomem; i++)
        match(w, r, i);
}
