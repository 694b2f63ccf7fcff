#include "scan_code.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "inspect/code.h"

#define LOOK_ARENA (4u << 20)

struct scan_code {
    cu_arena arena;
    cu_code *code;
    cu_rules rules;
    const cu_code_rule **of; /* by place; of_n of them, then those of linters */
    size_t of_n;
    scan_linters *linters;
};

/* Rules of one pack do not move: sorted by address, a finding's rule is found by it. */
static int by_address(const void *a, const void *b)
{
    const cu_code_rule *const *x = a, *const *y = b;
    return *x < *y ? -1 : *x > *y;
}

static uint16_t place_of(const scan_code *c, const cu_code_rule *r)
{
    const cu_code_rule **at = bsearch(&r, c->of, c->of_n, sizeof *c->of, by_address);
    CU_ASSERT(at);
    return (uint16_t)(at - c->of);
}

static cu_err take_rules(scan_code *c)
{
    const cu_code_pack *p = cu_code_rules(c->code);
    size_t more = c->linters ? scan_linters_rules(c->linters) : 0;
    cu_rule *v = cu_arena_alloc(&c->arena, (p->rules_n + more + 1) * sizeof *v);
    c->of = cu_arena_alloc(&c->arena, (p->rules_n + 1) * sizeof *c->of);
    if (!v || !c->of)
        return CU_NOMEM;
    for (size_t i = 0; i < p->parts_n; i++)
        for (size_t k = 0; k < p->parts[i].rules_n; k++)
            c->of[c->of_n++] = &p->parts[i].rules[k];
    if (c->of_n + more > UINT16_MAX)
        return CU_TOO_BIG;
    qsort(c->of, c->of_n, sizeof *c->of, by_address);
    for (size_t i = 0; i < c->of_n; i++) {
        const cu_code_rule *r = c->of[i];
        v[i] = (cu_rule){.id = r->id, .type = CU_TYPE_CODE, .title = r->title, .severity = (cu_severity)r->severity, .confidence = r->block ? 97 : 85,
                         .message = r->message, .advice = r->fix, .cwe = r->cwe, .cwe_n = r->cwe_n, .line = r->line, .file = r->file};
    }
    for (size_t i = 0; i < more; i++)
        v[c->of_n + i] = *scan_linters_rule(c->linters, i);
    c->rules = (cu_rules){v, c->of_n + more};
    return CU_OK;
}

cu_err scan_code_open(const char *catalog, scan_linters *linters, scan_code **out, cu_fault *f)
{
    scan_code *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c) {
        scan_linters_free(linters);
        return CU_NOMEM;
    }
    c->linters = linters;
    cu_arena_init(&c->arena, 8u << 20);
    cu_err e = cu_code_open_lazy(catalog, &c->code, f);
    if (e == CU_OK)
        e = take_rules(c);
    if (e != CU_OK) {
        scan_code_close(c);
        return e;
    }
    *out = c;
    return CU_OK;
}

void scan_code_close(scan_code *c)
{
    if (!c)
        return;
    cu_code_close(c->code);
    scan_linters_free(c->linters);
    cu_arena_free(&c->arena);
    free(c);
}

const cu_rules *scan_code_rules(const scan_code *c)
{
    return &c->rules;
}

static cu_err room(cu_findings *out, size_t n)
{
    if (out->cap >= n)
        return CU_OK;
    cu_finding *more = realloc(out->v, n * sizeof *more);
    if (!more)
        return CU_NOMEM;
    out->v = more;
    out->cap = n;
    return CU_OK;
}

static cu_err take(const scan_code *c, const cu_code_verdict *v, cu_findings *out)
{
    CU_TRY(room(out, v->n));
    for (size_t i = 0; i < v->n; i++)
        out->v[i] = (cu_finding){.start = v->v[i].start, .end = v->v[i].end, .rule = place_of(c, v->v[i].rule), .type = CU_TYPE_CODE,
                                 .confidence = v->v[i].rule->block ? 97 : 85};
    out->n = v->n;
    return CU_OK;
}

/* Byte of a line and column; a line that the text does not have is its end. */
static uint32_t byte_of(cu_bytes t, uint32_t line, uint32_t column)
{
    size_t at = 0;
    for (uint32_t l = 1; l < line && at < t.n; l++) {
        const uint8_t *nl = memchr(t.p + at, '\n', t.n - at);
        at = nl ? (size_t)(nl - t.p) + 1 : t.n;
    }
    for (uint32_t c = 1; c < column && at < t.n && t.p[at] != '\n'; c++) {
        at++;
        while (at < t.n && (t.p[at] & 0xc0) == 0x80)
            at++;
    }
    return (uint32_t)at;
}

static int by_start(const void *a, const void *b)
{
    const cu_finding *x = a, *y = b;
    return x->start != y->start ? (x->start < y->start ? -1 : 1) : (x->rule > y->rule) - (x->rule < y->rule);
}

/* flags: which result it is, from 1, for its note. */
static cu_err add_linters(const scan_code *c, const char *path, cu_bytes text, cu_findings *out)
{
    scan_linter_result *v;
    size_t n = scan_linters_of(c->linters, path, &v);
    CU_TRY(room(out, out->n + n));
    for (size_t i = 0; i < n; i++) {
        const cu_linter_result *r = v[i].r;
        uint32_t start = byte_of(text, r->line ? r->line : 1, r->column ? r->column : 1);
        uint32_t end = r->end_line ? byte_of(text, r->end_line, r->end_column ? r->end_column : UINT32_MAX) : byte_of(text, r->line ? r->line : 1, UINT32_MAX);
        v[i].taken = true;
        out->v[out->n++] = (cu_finding){.start = start, .end = end > start ? end : start, .rule = (uint16_t)(c->of_n + v[i].rule), .type = CU_TYPE_CODE, .confidence = 80,
                                        .flags = (uint32_t)scan_linters_index(c->linters, &v[i]) + 1};
    }
    if (n)
        qsort(out->v, out->n, sizeof *out->v, by_start);
    return CU_OK;
}

const char *scan_code_note(void *arg, const cu_finding *f)
{
    const scan_code *c = arg;
    return f->rule >= c->of_n && f->flags ? scan_linters_at(c->linters, f->flags - 1)->r->message : NULL;
}

size_t scan_code_left(const scan_code *c)
{
    const char *example;
    size_t n = c->linters ? scan_linters_left(c->linters, &example) : 0;
    if (n) {
        fprintf(stderr, "custos scan: %zu results of linters name no file that was scanned, such as ", n);
        cu_buf name CU_CLEAN_BUF = CU_BUF((size_t)64 << 10);
        cu_report_name(example, &name);
        fprintf(stderr, "%s\n", cu_buf_cstr(&name));
    }
    return n;
}

cu_err scan_code_look(void *arg, const char *path, cu_bytes text, cu_findings *out, const char **why, bool *passed)
{
    const scan_code *c = arg;
    cu_arena a CU_CLEAN_ARENA;
    cu_code_verdict v = {.judged = true};
    cu_fault f = {0};
    cu_code_lang lang = cu_code_lang_of(CU_NONE, cu_str(path), text);
    out->n = 0;
    cu_arena_init(&a, LOOK_ARENA);
    *passed = *passed || lang == CU_CODE_LANG_COUNT;
    cu_err e = cu_code_need(c->code, lang, &f);
    if (e != CU_OK) {
        fprintf(stderr, "custos scan: %s\n", f.text);
        return e;
    }
    if (lang != CU_CODE_LANG_COUNT)
        CU_TRY(cu_code_judge(c->code, lang, cu_str(path), text, &a, &v));
    if (!v.judged)
        *why = v.why;
    CU_TRY(take(c, &v, out));
    return c->linters ? add_linters(c, path, text, out) : CU_OK;
}
