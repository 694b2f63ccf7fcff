/* One artefact: literals first; where one stands, the tree; then the rules that wait for it. */
#include <ctype.h>
#include <stdlib.h>
#include "code_in.h"
#include "parse.h"

#define WALK_ARENA (96u << 20)

static code_seat *seat_new(cu_code *c)
{
    code_seat *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->parser = ts_parser_new();
    s->cursor = ts_query_cursor_new();
    pthread_mutex_lock(&c->lock);
    s->generation = c->generation;
    bool good = s->parser && s->cursor && (!c->scratch || hs_clone_scratch(c->scratch, &s->scratch) == HS_SUCCESS);
    pthread_mutex_unlock(&c->lock);
    if (good)
        return s;
    code_seat_free(s);
    return NULL;
}

void code_seat_free(code_seat *s)
{
    if (!s)
        return;
    if (s->parser)
        ts_parser_delete(s->parser);
    if (s->cursor)
        ts_query_cursor_delete(s->cursor);
    if (s->scratch)
        hs_free_scratch(s->scratch);
    free(s);
}

static code_seat *seat_take(cu_code *c)
{
    pthread_mutex_lock(&c->lock);
    code_seat *s = c->free;
    if (s)
        c->free = s->next;
    bool fits = s && s->generation == c->generation;
    pthread_mutex_unlock(&c->lock);
    if (s && !fits)
        code_seat_free(s);
    return fits ? s : seat_new(c);
}

static void seat_back(cu_code *c, code_seat *s)
{
    pthread_mutex_lock(&c->lock);
    s->next = c->free;
    c->free = s;
    pthread_mutex_unlock(&c->lock);
}

typedef struct {
    const code_set *set;
    uint8_t *hit; /* by rule */
    bool any;
} search;

static int on_literal(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
    search *s = arg;
    s->hit[s->set->rule_of[id]] = 1;
    s->any = true;
    return 0;
}

static bool put_around(code_walk *w, cu_bytes prefix, cu_bytes suffix)
{
    uint8_t *all = cu_arena_raw(w->a, prefix.n + w->src.n + suffix.n + 1);
    if (!all)
        return false;
    memcpy(all, prefix.p, prefix.n);
    memcpy(all + prefix.n, w->src.p, w->src.n);
    all[prefix.n + w->src.n] = '\n';
    memcpy(all + prefix.n + w->src.n + 1, suffix.p, suffix.n);
    w->src = cu_bytes_of(all, prefix.n + w->src.n + suffix.n + (suffix.n != 0));
    w->shift = (uint32_t)prefix.n;
    return true;
}

/* A piece of a file may begin inside a comment. */
static void complete_comment(code_walk *w)
{
    if (w->set == &w->c->set[CU_CODE_python] || w->set == &w->c->set[CU_CODE_shell] || w->set == &w->c->set[CU_CODE_yaml])
        return;
    size_t open = cu_find(w->src, CU_LIT("/*"), 0), close = cu_find(w->src, CU_LIT("*/"), 0);
    if (close != SIZE_MAX && close < open && !put_around(w, CU_LIT("/*"), CU_LIT("")))
        w->nomem = true;
}

static bool odd(cu_bytes t, cu_bytes quote)
{
    size_t n = 0;
    for (size_t at = 0; (at = cu_find(t, quote, at)) != SIZE_MAX; at += quote.n)
        n++;
    return n & 1;
}

/* A line of Python, not of prose. */
static bool reads_as_code(cu_bytes line)
{
    static const char *const begins[] = {"def ", "class ", "import ", "from ", "return", "if ", "elif ", "else:", "for ", "while ", "try:", "except", "with ", "raise ", "print ", "#", "assert ", "async ", "yield ", "del ", "pass", "@"};
    static const char *const prose[] = {">>>", "@param", "@type", "@return", "@rtype", "@raise", ":param", ":return", ":rtype", ":type", "..."};
    while (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
        line = cu_slice(line, 1, line.n);
    while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\r'))
        line.n--;
    for (size_t i = 0; i < sizeof prose / sizeof *prose; i++)
        if (cu_starts(line, cu_str(prose[i])))
            return false;
    bool ends = line.n && (line.p[line.n - 1] == ':' || line.p[line.n - 1] == ')');
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (cu_starts(line, cu_str(begins[i])) && (ends || i == 2 || i == 3 || i == 4 || i > 13))
            return true;
    size_t open = cu_find(line, CU_LIT("("), 0), equal = cu_find(line, CU_LIT(" = "), 0), space = cu_find(line, CU_LIT(" "), 0);
    return (equal != SIZE_MAX && equal == space) || (open != SIZE_MAX && open && open < space && line.n && line.p[line.n - 1] == ')');
}

/* Where the prefix of the string at `at` begins: r, b, u, f and two of them (Python's reference, 2.4.1). */
static size_t prefix_of(cu_bytes t, size_t at)
{
    size_t from = at;
    while (from && at - from < 2 && memchr("rRbBuUfF", t.p[from - 1], 8))
        from--;
    return from && (isalnum(t.p[from - 1]) || t.p[from - 1] == '_') ? at : from;
}

/* Or inside a string of many lines: when what stands before the first mark of one is prose. */
static void complete_string(code_walk *w)
{
    cu_bytes t = w->src;
    if (w->set != &w->c->set[CU_CODE_python])
        return;
    size_t two = cu_find(t, CU_LIT("\"\"\""), 0), one = cu_find(t, CU_LIT("\'\'\'"), 0), at = two < one ? two : one;
    cu_bytes quote = two < one ? CU_LIT("\"\"\"") : CU_LIT("\'\'\'");
    bool words = false;
    if (at == SIZE_MAX)
        return;
    at = prefix_of(t, at);
    for (size_t from = 0; from < at;) {
        const uint8_t *nl = memchr(t.p + from, '\n', at - from);
        size_t to = nl ? (size_t)(nl - t.p) : at;
        if (reads_as_code(cu_slice(t, from, to)))
            return;
        for (size_t i = from; i < to; i++)
            words = words || (t.p[i] | 32) >= 'a';
        from = to + 1;
    }
    if (words && !put_around(w, quote, odd(t, quote) ? CU_LIT("") : quote))
        w->nomem = true;
}

static bool walk_tree(code_walk *w)
{
    if (!ts_parser_set_language(w->seat->parser, w->set->ts))
        return false;
    complete_comment(w);
    complete_string(w);
    TSTree *tree = parse_within(w->seat->parser, w->src, PARSE_CODE(CODE_MAX_TURNS));
    if (!tree) {
        w->too_deep = true;
        return true;
    }
    TSNode root = ts_tree_root_node(tree);
    w->cursor = ts_tree_cursor_new(root);
    code_visit(w, root);
    for (size_t i = 0; i < w->active_n && !w->nomem; i++)
        if (w->active[i]->query)
            code_query_run(w, w->active[i], root);
    ts_tree_cursor_delete(&w->cursor);
    ts_tree_delete(tree);
    return true;
}

static int by_place(const void *a, const void *b)
{
    const cu_code_finding *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->rule->severity != y->rule->severity)
        return x->rule->severity > y->rule->severity ? -1 : 1;
    return strcmp(x->rule->id, y->rule->id);
}

typedef struct { uint32_t at, line, begin; } place;

static void forward(place *p, cu_bytes t, uint32_t to)
{
    for (; p->at < to && p->at < t.n; p->at++)
        if (t.p[p->at] == '\n') {
            p->line++;
            p->begin = p->at + 1;
        }
}

/* Two rules for one weakness at one place are one finding: the more severe one. */
static bool told_already(const cu_code_finding *v, size_t n, const cu_code_finding *x)
{
    for (size_t i = n; i-- > 0 && v[i].start == x->start;)
        if (v[i].rule->cwe[0] == x->rule->cwe[0])
            return true;
    return false;
}

static cu_err finish(code_walk *w, cu_arena *a, cu_code_verdict *out)
{
    cu_bytes text = w->text;
    if (w->nomem || w->too_deep) {
        *out = (cu_code_verdict){.why = "too large or too deep", .searched = true};
        return CU_OK;
    }
    cu_code_finding *v = w->found_n ? cu_arena_alloc(a, w->found_n * sizeof *v) : NULL;
    if (w->found_n && !v)
        return CU_NOMEM;
    if (w->found_n)
        qsort(w->found, w->found_n, sizeof *w->found, by_place);
    place p = {0, 1, 0};
    size_t n = 0;
    for (size_t i = 0; i < w->found_n; i++) {
        cu_code_finding *x = &w->found[i];
        if (told_already(v, n, x))
            continue;
        x->start = x->start > w->shift ? x->start - w->shift : 0;
        x->end = x->end > w->shift ? x->end - w->shift : 0;
        forward(&p, text, x->start);
        place e = p;
        forward(&e, text, x->end);
        x->line = p.line;
        x->column = x->start - p.begin + 1;
        x->end_line = e.line;
        x->end_column = x->end - e.begin + 1;
        v[n++] = *x;
    }
    *out = (cu_code_verdict){.v = v, .n = n, .judged = true, .searched = true};
    return CU_OK;
}

static cu_err look(cu_code *c, code_seat *seat, cu_code_lang lang, cu_bytes path, cu_bytes text, cu_arena *a, cu_code_verdict *out)
{
    cu_arena own CU_CLEAN_ARENA;
    const code_set *set = &c->set[lang];
    cu_arena_init(&own, WALK_ARENA);
    search s = {set, cu_arena_alloc(&own, set->rules_n + 1), false};
    if (!s.hit)
        return CU_NOMEM;
    if (hs_scan(set->db, (const char *)text.p, (unsigned)text.n, 0, seat->scratch, on_literal, &s) != HS_SUCCESS)
        return CU_ENGINE;
    if (!s.any) {
        *out = (cu_code_verdict){.judged = true};
        return CU_OK;
    }
    code_walk w = {.c = c, .set = set, .seat = seat, .src = text, .text = text, .file = path, .a = &own};
    w.active = cu_arena_alloc(&own, (set->rules_n + 1) * sizeof *w.active);
    w.pairs = cu_arena_raw(&own, CODE_MAX_PAIRS * sizeof *w.pairs);
    w.checked = cu_arena_alloc(&own, CODE_MAX_ARGS * sizeof *w.checked);
    w.found = cu_arena_raw(&own, CU_CODE_MAX_FINDINGS * sizeof *w.found);
    if (!w.active || !w.pairs || !w.checked || !w.found)
        return CU_NOMEM;
    for (size_t i = 0; i < set->rules_n; i++)
        if (s.hit[i])
            w.active[w.active_n++] = &set->rules[i];
    if (!set->ts)
        code_lines(&w, lang);
    else if (!walk_tree(&w))
        return CU_ENGINE;
    return finish(&w, a, out);
}

cu_err cu_code_judge(const cu_code *given, cu_code_lang lang, cu_bytes path, cu_bytes text, cu_arena *a, cu_code_verdict *out)
{
    cu_code *c = (cu_code *)(uintptr_t)given; /* only the pool of seats changes, under its lock */
    *out = (cu_code_verdict){0};
    if (lang >= CU_CODE_LANG_COUNT || !c->set[lang].db) {
        out->why = "no such language";
        return CU_OK;
    }
    if (text.n > CU_CODE_MAX_TEXT) {
        out->why = "too large";
        return CU_OK;
    }
    if (text.n == 0) {
        out->judged = true;
        return CU_OK;
    }
    code_seat *s = seat_take(c);
    if (!s)
        return CU_NOMEM;
    cu_err e = look(c, s, lang, path, text, a, out);
    seat_back(c, s);
    return e;
}
