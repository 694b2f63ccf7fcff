#include "scan_code.h"
#include <stdlib.h>
#include "base/arena.h"
#include "inspect/code.h"

#define LOOK_ARENA (4u << 20)

struct scan_code {
    cu_arena arena;
    cu_code *code;
    cu_rules rules;
    const cu_code_rule **of; /* by place */
};

/* Rules of one pack do not move: sorted by address, a finding's rule is found by it. */
static int by_address(const void *a, const void *b)
{
    const cu_code_rule *const *x = a, *const *y = b;
    return *x < *y ? -1 : *x > *y;
}

static uint16_t place_of(const scan_code *c, const cu_code_rule *r)
{
    const cu_code_rule **at = bsearch(&r, c->of, c->rules.n, sizeof *c->of, by_address);
    CU_ASSERT(at);
    return (uint16_t)(at - c->of);
}

static cu_err take_rules(scan_code *c)
{
    const cu_code_pack *p = cu_code_rules(c->code);
    cu_rule *v = cu_arena_alloc(&c->arena, (p->rules_n + 1) * sizeof *v);
    c->of = cu_arena_alloc(&c->arena, (p->rules_n + 1) * sizeof *c->of);
    if (!v || !c->of)
        return CU_NOMEM;
    for (size_t i = 0; i < p->parts_n; i++)
        for (size_t k = 0; k < p->parts[i].rules_n; k++)
            c->of[c->rules.n++] = &p->parts[i].rules[k];
    qsort(c->of, c->rules.n, sizeof *c->of, by_address);
    for (size_t i = 0; i < c->rules.n; i++) {
        const cu_code_rule *r = c->of[i];
        v[i] = (cu_rule){.id = r->id, .type = CU_TYPE_CODE, .title = r->title, .severity = (cu_severity)r->severity, .confidence = r->block ? 97 : 85,
                         .message = r->message, .advice = r->fix, .cwe = r->cwe, .cwe_n = r->cwe_n, .line = r->line, .file = r->file};
    }
    c->rules.v = v;
    return CU_OK;
}

cu_err scan_code_open(const char *catalog, scan_code **out, cu_fault *f)
{
    scan_code *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return CU_NOMEM;
    cu_arena_init(&c->arena, 8u << 20);
    cu_err e = cu_code_open(catalog, &c->code, f);
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
    cu_arena_free(&c->arena);
    free(c);
}

const cu_rules *scan_code_rules(const scan_code *c)
{
    return &c->rules;
}

static cu_err take(const scan_code *c, const cu_code_verdict *v, cu_findings *out)
{
    if (out->cap < v->n) {
        cu_finding *more = realloc(out->v, v->n * sizeof *more);
        if (!more)
            return CU_NOMEM;
        out->v = more;
        out->cap = v->n;
    }
    for (size_t i = 0; i < v->n; i++)
        out->v[i] = (cu_finding){.start = v->v[i].start, .end = v->v[i].end, .rule = place_of(c, v->v[i].rule), .type = CU_TYPE_CODE,
                                 .confidence = v->v[i].rule->block ? 97 : 85};
    out->n = v->n;
    return CU_OK;
}

cu_err scan_code_look(void *arg, const char *path, cu_bytes text, cu_findings *out, const char **why, bool *passed)
{
    const scan_code *c = arg;
    cu_arena a CU_CLEAN_ARENA;
    cu_code_verdict v;
    cu_code_lang lang = cu_code_lang_of(CU_NONE, cu_str(path), text);
    out->n = 0;
    cu_arena_init(&a, LOOK_ARENA);
    if (lang == CU_CODE_LANG_COUNT) {
        *passed = true;
        return CU_OK;
    }
    CU_TRY(cu_code_judge(c->code, lang, cu_str(path), text, &a, &v));
    if (!v.judged)
        *why = v.why;
    return take(c, &v, out);
}
