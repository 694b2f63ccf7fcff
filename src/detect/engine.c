/* Hyperscan finds where a pattern ends; PCRE2 finds, in a bounded window, where it begins. One
 * database, block mode, no SOM (start of match tracking costs more than the confirmation). */
#include "engine.h"
#include <stdlib.h>

/* vectorscan offers the same interface and loses matches with Debian 12's version. */
static cu_err check_library(cu_fault *f)
{
    if (strncmp(hs_version(), "5.4.0", 5) == 0 && hs_valid_platform() == HS_SUCCESS)
        return CU_OK;
    return cu_fail(f, CU_ENGINE, "the matching library says \"%s\"; Hyperscan 5.4.0 is needed "
                                 "(Debian: libhyperscan5, not libvectorscan5)", hs_version());
}

static int finder_by_name(const char *name)
{
    static const char *const names[] = {
#define X(id, text) text,
        CU_FINDERS(X)
#undef X
    };
    for (int i = 0; i < CU_FIND_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static cu_err compile_pattern(const cu_rule *r, cu_compiled *c, cu_fault *f)
{
    int code;
    PCRE2_SIZE at;
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *bad = NULL;
    c->code = pcre2_compile((PCRE2_SPTR)r->pattern, PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);
    if (!c->code)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: bad pattern at character %zu", r->file,
                       r->line, r->id, (size_t)at);
    pcre2_jit_compile(c->code, PCRE2_JIT_COMPLETE);
    pcre2_pattern_info(c->code, PCRE2_INFO_CAPTURECOUNT, &c->group);
    c->group = c->group > 0;
    if (hs_expression_info(r->pattern, 0, &info, &bad) != HS_SUCCESS) {
        cu_fail(f, CU_CONFIG, "%s:%u: rule %s: %s", r->file, r->line, r->id, bad->message);
        hs_free_compile_error(bad);
        return CU_CONFIG;
    }
    c->width = info->max_width < CU_WINDOW ? info->max_width : CU_WINDOW;
    free(info);
    return CU_OK;
}

static cu_err compile_rule(cu_engine *e, const cu_rule *r, cu_fault *f)
{
    cu_compiled *c = &e->rules[e->n];
    c->id = strdup(r->id);
    c->type = (uint8_t)r->type;
    c->confidence = (uint8_t)r->confidence;
    c->by_context = r->by_context;
    e->n++;
    if (!c->id)
        return CU_NOMEM;
    c->validate = r->validator ? cu_validator_by_name(r->validator) : NULL;
    if (r->validator && !c->validate)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: there is no validator \"%s\"", r->file,
                       r->line, r->id, r->validator);
    if (r->pattern)
        return compile_pattern(r, c, f);
    int finder = finder_by_name(r->finder);
    if (finder < 0)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: there is no finder \"%s\"", r->file, r->line,
                       r->id, r->finder);
    e->finder[finder] = (uint16_t)(e->n - 1);
    return CU_OK;
}

static cu_err compile_database(cu_engine *e, const cu_rules *rules, cu_fault *f)
{
    const char **patterns = calloc(rules->n, sizeof *patterns);
    unsigned *ids = calloc(rules->n, sizeof *ids), *flags = calloc(rules->n, sizeof *flags), n = 0;
    hs_compile_error_t *bad = NULL;
    cu_err err = patterns && ids && flags ? CU_OK : CU_NOMEM;
    for (size_t i = 0; err == CU_OK && i < rules->n; i++) {
        if (!rules->v[i].pattern)
            continue;
        patterns[n] = rules->v[i].pattern;
        ids[n++] = (unsigned)i;
    }
    if (err == CU_OK && n && hs_compile_multi(patterns, flags, ids, n, HS_MODE_BLOCK, NULL, &e->db,
                                              &bad) != HS_SUCCESS) {
        err = cu_fail(f, CU_CONFIG, "rule %s: %s",
                      bad->expression >= 0 ? rules->v[ids[bad->expression]].id : "?", bad->message);
        hs_free_compile_error(bad);
    }
    free(patterns);
    free(ids);
    free(flags);
    return err;
}

cu_err cu_engine_compile(const cu_rules *rules, cu_engine **out, cu_fault *f)
{
    CU_TRY(check_library(f));
    cu_engine *e = calloc(1, sizeof *e);
    if (!e || !(e->rules = calloc(rules->n + 1, sizeof *e->rules))) {
        free(e);
        return CU_NOMEM;
    }
    for (int i = 0; i < CU_FIND_COUNT; i++)
        e->finder[i] = CU_NO_RULE;
    cu_err err = CU_OK;
    for (size_t i = 0; i < rules->n && err == CU_OK; i++)
        err = compile_rule(e, &rules->v[i], f);
    if (err == CU_OK)
        err = compile_database(e, rules, f);
    if (err != CU_OK) {
        cu_engine_free(e);
        return err;
    }
    *out = e;
    return CU_OK;
}

void cu_engine_free(cu_engine *e)
{
    if (!e)
        return;
    hs_free_database(e->db);
    for (size_t i = 0; i < e->n; i++) {
        pcre2_code_free(e->rules[i].code);
        free(e->rules[i].id);
    }
    free(e->rules);
    free(e);
}

const char *cu_engine_rule_id(const cu_engine *e, uint16_t rule)
{
    return rule < e->n ? e->rules[rule].id : "unknown";
}

cu_err cu_scratch_new(const cu_engine *e, cu_scratch **out)
{
    cu_scratch *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    s->engine = e;
    s->done = calloc(e->n + 1, sizeof *s->done);
    s->match = pcre2_match_data_create(8, NULL);
    if (!s->done || !s->match || (e->db && hs_alloc_scratch(e->db, &s->hs) != HS_SUCCESS)) {
        cu_scratch_free(s);
        return CU_NOMEM;
    }
    *out = s;
    return CU_OK;
}

void cu_scratch_free(cu_scratch *s)
{
    if (!s)
        return;
    hs_free_scratch(s->hs);
    pcre2_match_data_free(s->match);
    free(s->done);
    free(s);
}

typedef struct {
    cu_scratch *s;
    cu_bytes text;
    cu_findings *out;
    cu_err err;
} run;

/* The window in which the match that ends at `to` lies: no wider than the pattern, never across a
 * separator, and with room behind because engines report the first end of a greedy pattern. */
static cu_bytes window(const run *r, const cu_compiled *c, uint32_t done, size_t to, size_t *from)
{
    size_t start = to > c->width ? to - c->width : 0, end = to + CU_WINDOW;
    if (start < done)
        start = done;
    if (end > r->text.n)
        end = r->text.n;
    for (size_t i = to; i > start; i--)
        if (r->text.p[i - 1] == CU_DETECT_SEPARATOR) {
            start = i;
            break;
        }
    const uint8_t *stop = memchr(r->text.p + to, CU_DETECT_SEPARATOR, end - to);
    if (stop)
        end = (size_t)(stop - r->text.p);
    *from = start;
    return cu_slice(r->text, start, end);
}

static int on_end(unsigned id, unsigned long long unused, unsigned long long to, unsigned flags,
                  void *arg)
{
    (void)unused;
    (void)flags;
    run *r = arg;
    cu_compiled *c = &r->s->engine->rules[id];
    size_t base, at = 0;
    int n;
    if (to <= r->s->done[id])
        return 0;
    cu_bytes w = window(r, c, r->s->done[id], to, &base);
    while ((n = pcre2_match(c->code, w.p, w.n, at, 0, r->s->match, NULL)) > 0) {
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->s->match);
        uint32_t group = (uint32_t)n > c->group ? c->group : 0;
        size_t start = v[2 * group], end = v[2 * group + 1];
        if (base + v[0] >= to)
            break;
        if ((!c->validate || c->validate(cu_slice(w, start, end))) &&
            (r->err = cu_found(r->s->engine, r->out, (uint16_t)id, base + start, base + end)))
            return 1;
        r->s->done[id] = (uint32_t)(base + v[1]);
        if (base + v[1] >= to)
            break;
        at = v[1];
    }
    /* A limit of the confirming engine is not "no match": what it could not judge did not pass. */
    if (n < 0 && n != PCRE2_ERROR_NOMATCH)
        r->err = CU_ENGINE;
    return r->err != CU_OK;
}

cu_err cu_detect(const cu_engine *e, cu_scratch *s, cu_bytes text, cu_findings *out)
{
    out->n = 0;
    if (text.n > CU_DETECT_MAX_TEXT)
        return CU_TOO_BIG;
    if (text.n == 0)
        return CU_OK;
    memset(s->done, 0, e->n * sizeof *s->done);
    run r = {s, text, out, CU_OK};
    hs_error_t h = e->db ? hs_scan(e->db, (const char *)text.p, (unsigned)text.n, 0, s->hs, on_end,
                                   &r) : HS_SUCCESS;
    CU_TRY(r.err);
    if (h != HS_SUCCESS)
        return CU_ENGINE;
    CU_TRY(cu_tokenize(e, text, out));
    cu_settle(out);
    return CU_OK;
}
