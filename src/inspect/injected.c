#include "inspect/injected.h"
#include <hs.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define RULES_ARENA ((size_t)16 << 20)

struct cu_injected {
    cu_arena arena;
    cu_injected_rules rules;
    hs_database_t *db;
};

struct cu_injected_scratch {
    hs_scratch_t *hs;
};

/* --- compiling --- */

/* The others are read byte by byte: there . and a class such as [^>] are one state, not one for each length of a character. */
static bool in_characters(const char *pattern)
{
    for (const char *p = pattern; *p; p++)
        if ((unsigned char)*p >= 0x80 || (p[0] == '\\' && p[1] == 'x' && p[2] == '{'))
            return true;
    return false;
}

static cu_err compile(cu_injected *j, cu_fault *f)
{
    size_t n = j->rules.n;
    const char **text = cu_arena_alloc(&j->arena, n * sizeof *text);
    unsigned *flags = cu_arena_alloc(&j->arena, n * sizeof *flags), *ids = cu_arena_alloc(&j->arena, n * sizeof *ids);
    hs_compile_error_t *bad = NULL;
    if (!text || !flags || !ids)
        return CU_NOMEM;
    for (size_t i = 0; i < n; i++) {
        text[i] = j->rules.v[i].pattern;
        flags[i] = HS_FLAG_SINGLEMATCH | (in_characters(text[i]) ? HS_FLAG_UTF8 : 0) | (j->rules.v[i].exact ? 0 : HS_FLAG_CASELESS);
        ids[i] = (unsigned)i;
    }
    if (hs_compile_multi(text, flags, ids, (unsigned)n, HS_MODE_BLOCK, NULL, &j->db, &bad) == HS_SUCCESS)
        return CU_OK;
    const cu_injected_rule *r = &j->rules.v[bad && bad->expression >= 0 ? bad->expression : 0];
    cu_err e = cu_fail(f, CU_CONFIG, "%s:%u: %s: %s", r->file, r->line, r->id, bad ? bad->message : "cannot be compiled");
    hs_free_compile_error(bad);
    return e;
}

static cu_err load(const char *catalog_dir, cu_injected *j, cu_fault *f)
{
    char dir[PATH_MAX];
    if ((size_t)snprintf(dir, sizeof dir, "%s/rules/injected", catalog_dir) >= sizeof dir)
        return cu_fail(f, CU_TOO_BIG, "%s: the path is too long", catalog_dir);
    CU_TRY(cu_injected_rules_load(dir, &j->arena, &j->rules, f));
    return compile(j, f);
}

cu_err cu_injected_open(const char *catalog_dir, cu_injected **out, cu_fault *f)
{
    cu_injected *j = calloc(1, sizeof *j);
    *out = NULL;
    if (!j)
        return CU_NOMEM;
    cu_arena_init(&j->arena, RULES_ARENA);
    cu_err e = load(catalog_dir, j, f);
    if (e == CU_OK)
        *out = j;
    else
        cu_injected_free(j);
    return e;
}

void cu_injected_free(cu_injected *j)
{
    if (!j)
        return;
    hs_free_database(j->db);
    cu_arena_free(&j->arena);
    free(j);
}

const cu_injected_rules *cu_injected_rules_of(const cu_injected *j)
{
    return &j->rules;
}

cu_err cu_injected_scratch_new(const cu_injected *j, cu_injected_scratch **out)
{
    *out = calloc(1, sizeof **out);
    if (*out && hs_alloc_scratch(j->db, &(*out)->hs) == HS_SUCCESS)
        return CU_OK;
    cu_injected_scratch_free(*out);
    *out = NULL;
    return CU_NOMEM;
}

void cu_injected_scratch_free(cu_injected_scratch *s)
{
    if (!s)
        return;
    hs_free_scratch(s->hs);
    free(s);
}

/* --- finding --- */

typedef struct {
    uint32_t *hits;
    size_t n;
} found;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
    found *o = arg;
    o->hits[id]++;
    o->n++;
    return 0;
}

cu_err cu_injected_find(const cu_injected *j, cu_injected_scratch *s, cu_bytes text, uint32_t *hits, size_t *n)
{
    found o = {.hits = hits};
    *n = 0;
    if (text.n > UINT_MAX)
        return CU_TOO_BIG;
    if (text.n && hs_scan(j->db, (const char *)text.p, (unsigned)text.n, 0, s->hs, on_match, &o) != HS_SUCCESS)
        return CU_INTERNAL;
    *n = o.n;
    return CU_OK;
}

/* --- proving --- */

typedef struct {
    const cu_injected *j;
    cu_injected_scratch *s;
    uint32_t *hits;
    cu_injected_tell tell;
    void *arg;
    size_t wrong;
} proof;

static cu_err prove_one(proof *p, size_t rule, cu_bytes text, bool must)
{
    size_t n;
    memset(p->hits, 0, p->j->rules.n * sizeof *p->hits);
    CU_TRY(cu_injected_find(p->j, p->s, text, p->hits, &n));
    /* an example is found by its rule; a counter-example by none */
    if (must ? p->hits[rule] != 0 : n == 0)
        return CU_OK;
    p->wrong++;
    p->tell(p->arg, &p->j->rules.v[rule], text, must ? "does not find its example" : "or another one finds something in its counter-example");
    return CU_OK;
}

cu_err cu_injected_prove(const cu_injected *j, cu_injected_tell tell, void *arg, size_t *wrong)
{
    proof p = {.j = j, .tell = tell, .arg = arg, .hits = calloc(j->rules.n, sizeof *p.hits)};
    cu_err e = p.hits ? cu_injected_scratch_new(j, &p.s) : CU_NOMEM;
    for (size_t i = 0; i < j->rules.n && e == CU_OK; i++) {
        const cu_injected_rule *r = &j->rules.v[i];
        for (size_t k = 0; k < r->examples.n && e == CU_OK; k++)
            e = prove_one(&p, i, r->examples.v[k], true);
        for (size_t k = 0; k < r->counter_examples.n && e == CU_OK; k++)
            e = prove_one(&p, i, r->counter_examples.v[k], false);
    }
    cu_injected_scratch_free(p.s);
    free(p.hits);
    *wrong = p.wrong;
    return e;
}
