/* Compiles the rules for code and holds them to their own examples. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "code_in.h"

#define EXAMPLE_ARENA (8u << 20)
#define PACK_ARENA (32u << 20)

static cu_err take_rules(cu_code *c, code_set *s, cu_code_lang l, cu_fault *f)
{
    size_t n = 0, parts = 0;
    for (size_t i = 0; i < c->pack->parts_n; i++)
        if (c->pack->parts[i].langs >> l & 1) {
            n += c->pack->parts[i].rules_n;
            parts++;
        }
    s->rules = cu_arena_alloc(&c->arena, (n + 1) * sizeof *s->rules);
    s->parts = cu_arena_alloc(&c->arena, (parts + 1) * sizeof *s->parts);
    if (!s->rules || !s->parts)
        return CU_NOMEM;
    for (size_t i = 0; i < c->pack->parts_n; i++) {
        const cu_code_part *p = &c->pack->parts[i];
        if (!(p->langs >> l & 1))
            continue;
        s->parts[s->parts_n++] = p;
        for (size_t k = 0; k < p->rules_n; k++) {
            code_rule *r = &s->rules[s->rules_n++];
            *r = (code_rule){.rule = &p->rules[k], .part = p};
            if (r->rule->statement.n ? s->ts != NULL : s->ts == NULL)
                return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: %s is read %s", r->rule->file, r->rule->line, r->rule->id, cu_code_lang_name(l),
                               s->ts ? "by its grammar: call, set or query" : "by statements: statement");
            if (r->rule->query)
                CU_TRY(code_query_new(s, r, f));
        }
    }
    return CU_OK;
}

/* All anchors of a language; each says at most once that it stands there. */
static cu_err compile_literals(cu_code *c, code_set *s, cu_code_lang l, cu_fault *f)
{
    size_t n = 0, at = 0;
    hs_compile_error_t *bad = NULL;
    for (size_t i = 0; i < s->rules_n; i++)
        n += s->rules[i].rule->anchors.n;
    if (!n)
        return CU_OK;
    const char **text = cu_arena_alloc(&c->arena, n * sizeof *text);
    unsigned *flags = cu_arena_alloc(&c->arena, n * sizeof *flags), *ids = cu_arena_alloc(&c->arena, n * sizeof *ids);
    size_t *len = cu_arena_alloc(&c->arena, n * sizeof *len);
    s->rule_of = cu_arena_alloc(&c->arena, n * sizeof *s->rule_of);
    if (!text || !flags || !ids || !len || !s->rule_of)
        return CU_NOMEM;
    bool fold = l == CU_CODE_sql || l == CU_CODE_dockerfile || l == CU_CODE_yaml;
    for (size_t i = 0; i < s->rules_n; i++)
        for (size_t k = 0; k < s->rules[i].rule->anchors.n; k++, at++) {
            text[at] = (const char *)s->rules[i].rule->anchors.v[k].p;
            len[at] = s->rules[i].rule->anchors.v[k].n;
            flags[at] = HS_FLAG_SINGLEMATCH | (fold ? HS_FLAG_CASELESS : 0);
            ids[at] = (unsigned)at;
            s->rule_of[at] = (uint32_t)i;
        }
    hs_error_t e = hs_compile_lit_multi(text, flags, ids, len, (unsigned)n, HS_MODE_BLOCK, NULL, &s->db, &bad);
    if (e != HS_SUCCESS)
        cu_fail(f, CU_ENGINE, "anchors of %s: %s", cu_code_lang_name(l), bad ? bad->message : "not compiled");
    hs_free_compile_error(bad);
    if (e != HS_SUCCESS)
        return CU_ENGINE;
    pthread_mutex_lock(&c->lock);
    e = hs_alloc_scratch(s->db, &c->scratch);
    c->generation++;
    pthread_mutex_unlock(&c->lock);
    return e == HS_SUCCESS ? CU_OK : CU_NOMEM;
}

static bool fires(const cu_code_verdict *v, const cu_code_rule *r)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->v[i].rule == r)
            return true;
    return false;
}

static cu_err example(const cu_code *c, cu_code_lang l, const cu_code_rule *r, cu_bytes text, bool must, cu_fault *f)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_code_verdict v;
    cu_arena_init(&a, EXAMPLE_ARENA);
    CU_TRY(cu_code_judge(c, l, CU_NONE, text, &a, &v));
    if (v.judged && fires(&v, r) == must)
        return CU_OK;
    if (f)
        f->line = r->line;
    const char *file = strrchr(r->file, '/');
    return cu_fail(f, CU_CONFIG, "%s:%u: rule %s %s its example \"%.*s\" (%s)", file ? file + 1 : r->file, r->line, r->id, must ? "does not match" : "matches",
                   text.n < 140 ? (int)text.n : 140, (const char *)text.p, cu_code_lang_name(l));
}

static cu_err prove(const cu_code *c, cu_code_lang l, cu_fault *f)
{
    for (size_t i = 0; i < c->set[l].rules_n; i++) {
        const cu_code_rule *r = c->set[l].rules[i].rule;
        for (size_t m = 0; m < r->match.n; m++)
            CU_TRY(example(c, l, r, r->match.v[m], true, f));
        for (size_t m = 0; m < r->not_match.n; m++)
            CU_TRY(example(c, l, r, r->not_match.v[m], false, f));
    }
    return CU_OK;
}

static cu_err make_ready(cu_code *c, cu_code_lang l, cu_fault *f)
{
    code_set *s = &c->set[l];
    CU_TRY(code_set_tables(s, l, &c->arena));
    CU_TRY(take_rules(c, s, l, f));
    CU_TRY(compile_literals(c, s, l, f));
    return prove(c, l, f);
}

cu_err cu_code_need(cu_code *c, cu_code_lang l, cu_fault *f)
{
    if (l >= CU_CODE_LANG_COUNT)
        return CU_OK;
    code_set *s = &c->set[l];
    pthread_mutex_lock(&c->opening);
    if (!s->tried) {
        s->tried = true;
        s->ready = make_ready(c, l, &s->fault);
        if (s->ready != CU_OK && s->fault.code == CU_OK)
            cu_fail(&s->fault, s->ready, "rules for %s: %s", cu_code_lang_name(l), cu_err_text(s->ready));
    }
    pthread_mutex_unlock(&c->opening);
    if (s->ready != CU_OK && f)
        *f = s->fault;
    return s->ready;
}

static cu_err all_ready(cu_code *c, cu_code **out, cu_fault *f)
{
    cu_err e = CU_OK;
    for (unsigned l = 0; l < CU_CODE_LANG_COUNT && e == CU_OK; l++)
        e = cu_code_need(c, (cu_code_lang)l, f);
    if (e != CU_OK)
        cu_code_close(c);
    else
        *out = c;
    return e;
}

static cu_code *fresh(void)
{
    cu_code *c = calloc(1, sizeof *c);
    if (c) {
        cu_arena_init(&c->arena, PACK_ARENA);
        pthread_mutex_init(&c->lock, NULL);
        pthread_mutex_init(&c->opening, NULL);
    }
    return c;
}

cu_err cu_code_open_pack(const cu_code_pack *pack, cu_code **out, cu_fault *f)
{
    cu_code *c = fresh();
    *out = NULL;
    if (!c)
        return CU_NOMEM;
    c->pack = pack;
    return all_ready(c, out, f);
}

cu_err cu_code_open_lazy(const char *catalog, cu_code **out, cu_fault *f)
{
    cu_code *c = fresh();
    char dir[PATH_MAX];
    *out = NULL;
    if (!c)
        return CU_NOMEM;
    cu_err e = (size_t)snprintf(dir, sizeof dir, "%s/rules/code", catalog) >= sizeof dir ? cu_fail(f, CU_TOO_BIG, "the path of the catalogue is too long")
                                                                                          : cu_code_pack_load(dir, &c->arena, &c->own, f);
    if (e != CU_OK) {
        cu_code_close(c);
        return e;
    }
    c->pack = &c->own;
    *out = c;
    return CU_OK;
}

cu_err cu_code_open(const char *catalog, cu_code **out, cu_fault *f)
{
    cu_code *c;
    *out = NULL;
    CU_TRY(cu_code_open_lazy(catalog, &c, f));
    return all_ready(c, out, f);
}

void cu_code_close(cu_code *c)
{
    if (!c)
        return;
    for (code_seat *s = c->free, *next; s; s = next) {
        next = s->next;
        code_seat_free(s);
    }
    for (unsigned l = 0; l < CU_CODE_LANG_COUNT; l++) {
        hs_free_database(c->set[l].db);
        for (size_t i = 0; c->set[l].rules && i < c->set[l].rules_n; i++)
            if (c->set[l].rules[i].query)
                ts_query_delete(c->set[l].rules[i].query);
    }
    hs_free_scratch(c->scratch);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->opening);
    cu_arena_free(&c->arena);
    free(c);
}

const cu_code_pack *cu_code_rules(const cu_code *c)
{
    return c->pack;
}

const cu_sha256 *cu_code_digest(const cu_code *c)
{
    return &c->pack->digest;
}
