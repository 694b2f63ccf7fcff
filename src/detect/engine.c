/* Hyperscan finds where a pattern ends; PCRE2 finds, in a bounded window, where it begins. One
 * database, block mode, no SOM (start of match tracking costs more than the confirmation). */
#include "engine.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"

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

static cu_err compile_confirmer(const cu_rule *r, const char *text, uint32_t options, cu_compiled *c,
                                cu_fault *f)
{
    int code;
    PCRE2_SIZE at;
    c->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
    if (!c->code)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: bad pattern at character %zu", r->file,
                       r->line, r->id, (size_t)at);
    pcre2_jit_compile(c->code, PCRE2_JIT_COMPLETE);
    pcre2_pattern_info(c->code, PCRE2_INFO_CAPTURECOUNT, &c->group);
    c->group = c->group > 0;
    return CU_OK;
}

static cu_err compile_value(cu_engine *e, const cu_rule *r, cu_compiled *c, cu_fault *f)
{
    const uint8_t *bitmap = NULL;
    uint32_t kind = 0, unit = 0;
    CU_TRY(compile_confirmer(r, r->value, PCRE2_ANCHORED, c, f));
    c->anchored = true;
    c->reach = r->reach;
    c->words = cu_arena_alloc(&e->arena, (r->words_n + 1) * sizeof *c->words);
    for (; c->words && c->words_n < r->words_n; c->words_n++)
        if (!(c->words[c->words_n] = cu_arena_str(&e->arena, cu_str(r->words[c->words_n]))))
            return CU_NOMEM;
    if (!c->words)
        return CU_NOMEM;
    pcre2_pattern_info(c->code, PCRE2_INFO_FIRSTBITMAP, &bitmap);
    pcre2_pattern_info(c->code, PCRE2_INFO_FIRSTCODETYPE, &kind);
    pcre2_pattern_info(c->code, PCRE2_INFO_FIRSTCODEUNIT, &unit);
    for (unsigned b = 0; b < 256; b++)
        c->first[b] = bitmap ? bitmap[b / 8] >> (b % 8) & 1 : kind == 1 ? b == unit : 1;
    for (size_t i = 0; i < r->anchors_n; i++)
        e->anchors[e->anchors_n++] = (cu_anchor){(uint16_t)(e->n - 1), (uint8_t)strlen(r->anchors[i])};
    return CU_OK;
}

static cu_err compile_pattern(const cu_rule *r, cu_compiled *c, cu_fault *f)
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *bad = NULL;
    CU_TRY(compile_confirmer(r, r->pattern, 0, c, f));
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
    if (r->value)
        return compile_value(e, r, c, f);
    int finder = finder_by_name(r->finder);
    if (finder < 0)
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: there is no finder \"%s\"", r->file, r->line,
                       r->id, r->finder);
    e->finder[finder] = (uint16_t)(e->n - 1);
    return CU_OK;
}

/* What the database is made of: the patterns, then the anchors. */
typedef struct {
    const char **text;
    unsigned *ids, *flags;
    unsigned n;
    cu_arena arena; /* of the anchors, written as patterns */
} expressions;

/* An anchor as a pattern: every byte as \xHH. A space at its end stands for the end of a word ("sin "
 * is not in "since"), but for no separator of texts. */
static const char *literal(const char *text, cu_arena *a)
{
    static const char word_ends[] = "[^0-9A-Za-z\\x00]";
    size_t n = strlen(text);
    char *out = cu_arena_raw(a, 4 * n + sizeof word_ends);
    for (size_t i = 0; out && i < n; i++) {
        if (text[i] == ' ' && i + 1 == n)
            memcpy(out + 4 * i, word_ends, sizeof word_ends);
        else
            snprintf(out + 4 * i, 5, "\\x%02x", (unsigned)(uint8_t)text[i]);
    }
    return out;
}

static cu_err collect(const cu_engine *e, const cu_rules *rules, expressions *x)
{
    size_t room = rules->n + e->anchors_n + 1;
    unsigned anchor = (unsigned)e->n;
    x->text = cu_arena_alloc(&x->arena, room * sizeof *x->text);
    x->ids = cu_arena_alloc(&x->arena, room * sizeof *x->ids);
    x->flags = cu_arena_alloc(&x->arena, room * sizeof *x->flags);
    if (!x->text || !x->ids || !x->flags)
        return CU_NOMEM;
    for (size_t i = 0; i < rules->n; i++) {
        const cu_rule *r = &rules->v[i];
        if (r->pattern) {
            x->text[x->n] = r->pattern;
            x->ids[x->n++] = (unsigned)i;
        }
        for (size_t k = 0; k < r->anchors_n; k++) {
            x->flags[x->n] = HS_FLAG_CASELESS;
            x->ids[x->n] = anchor++;
            if (!(x->text[x->n++] = literal(r->anchors[k], &x->arena)))
                return CU_NOMEM;
        }
    }
    return CU_OK;
}

static cu_err compile_database(cu_engine *e, const cu_rules *rules, cu_fault *f)
{
    hs_compile_error_t *bad = NULL;
    expressions x = {0};
    cu_arena_init(&x.arena, (size_t)64 << 20);
    cu_err err = collect(e, rules, &x);
    if (err == CU_OK && x.n && hs_compile_multi(x.text, x.flags, x.ids, x.n, HS_MODE_BLOCK, NULL,
                                                &e->db, &bad) != HS_SUCCESS) {
        unsigned id = bad->expression >= 0 ? x.ids[bad->expression] : 0;
        err = cu_fail(f, CU_CONFIG, "rule %s: %s",
                      rules->v[id < e->n ? id : e->anchors[id - e->n].rule].id, bad->message);
        hs_free_compile_error(bad);
    }
    cu_arena_free(&x.arena);
    return err;
}

static size_t count_anchors(const cu_rules *rules)
{
    size_t n = 0;
    for (size_t i = 0; i < rules->n; i++)
        n += rules->v[i].anchors_n;
    return n;
}

cu_err cu_engine_compile(const cu_rules *rules, cu_engine **out, cu_fault *f)
{
    CU_TRY(check_library(f));
    cu_engine *e = calloc(1, sizeof *e);
    if (!e || !(e->rules = calloc(rules->n + 1, sizeof *e->rules)) ||
        !(e->anchors = calloc(count_anchors(rules) + 1, sizeof *e->anchors))) {
        cu_engine_free(e);
        return CU_NOMEM;
    }
    cu_arena_init(&e->arena, (size_t)16 << 20);
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
    free(e->anchors);
    cu_arena_free(&e->arena);
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
    const cu_engine *e = r->s->engine;
    if (id >= e->n) {
        r->err = cu_anchor_hit(r->s, r->text, &e->anchors[id - e->n], (size_t)to, r->out);
        return r->err != CU_OK;
    }
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
