/* Hyperscan finds where a pattern ends; PCRE2 finds, in a bounded window, where it begins. Block mode,
 * no SOM (start of match tracking costs more than the confirmation), and only around what the sweep
 * marked. */
#include <stdlib.h>
#include "engine.h"
#include "token.h"

static void first_bytes(cu_confirmer *c)
{
    const uint8_t *bitmap = NULL;
    uint32_t kind = 0, unit = 0;
    pcre2_pattern_info(c->code, PCRE2_INFO_FIRSTBITMAP, &bitmap);
    pcre2_pattern_info(c->code, PCRE2_INFO_FIRSTCODETYPE, &kind);
    pcre2_pattern_info(c->code, PCRE2_INFO_FIRSTCODEUNIT, &unit);
    for (unsigned b = 0; b < 256; b++)
        c->first[b] = bitmap ? bitmap[b / 8] >> (b % 8) & 1 : kind == 1 ? b == unit : 1;
}

static void last_bytes(const cu_rule *r, cu_confirmer *c)
{
    for (size_t k = 0; k < r->words_n; k++) {
        size_t n = strlen(r->words[k]);
        uint8_t last = n ? (uint8_t)r->words[k][n - 1] : 0;
        c->ends[last] = 1;
        if (last >= 'a' && last <= 'z')
            c->ends[last - 32] = 1;
    }
}

/* A value behind an anchor is compiled anchored: asking for that at match time leaves the JIT. */
cu_err cu_confirmer_make(const cu_rule *r, cu_confirmer **out, cu_fault *f)
{
    int code;
    PCRE2_SIZE at;
    cu_confirmer *c = calloc(1, sizeof *c);
    if (!c)
        return CU_NOMEM;
    c->code = pcre2_compile((PCRE2_SPTR)(r->value ? r->value : r->pattern), PCRE2_ZERO_TERMINATED,
                            r->value ? PCRE2_ANCHORED : 0, &code, &at, NULL);
    if (!c->code) {
        free(c);
        return cu_fail(f, CU_CONFIG, "%s:%u: rule %s: bad pattern at character %zu", r->file, r->line,
                       r->id, (size_t)at);
    }
    pcre2_jit_compile(c->code, PCRE2_JIT_COMPLETE);
    pcre2_pattern_info(c->code, PCRE2_INFO_CAPTURECOUNT, &c->group);
    c->group = c->group > 0;
    first_bytes(c);
    last_bytes(r, c);
    *out = c;
    return CU_OK;
}

void cu_confirmer_free(cu_confirmer *c)
{
    if (c)
        pcre2_code_free(c->code);
    free(c);
}

/* Threads may meet here: the first to store its own wins. */
cu_err cu_confirmer_of(const cu_engine *e, uint16_t rule, const cu_confirmer **out)
{
    cu_compiled *r = &e->rules[rule];
    cu_confirmer *c = atomic_load_explicit(&r->confirmer, memory_order_acquire), *none = NULL;
    if (!c) {
        CU_TRY(cu_confirmer_make(r->rule, &c, NULL));
        if (!atomic_compare_exchange_strong(&r->confirmer, &none, c)) {
            cu_confirmer_free(c);
            c = none;
        }
    }
    *out = c;
    return CU_OK;
}

typedef struct {
    cu_scratch *s;
    const hs_database_t *db;
    cu_bytes text;
    int literals; /* one of this set must stand in a region; -1: nothing is asked */
    size_t base; /* where the region begins that the library looks at */
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

/* A match at v, in a window that begins at base, is what the rule looks for. */
static cu_err keep(const run *r, const cu_confirmer *k, unsigned id, int n, size_t base)
{
    const cu_compiled *c = &r->s->engine->rules[id];
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->s->match);
    uint32_t group = (uint32_t)n > k->group ? k->group : 0;
    size_t start = base + v[2 * group], end = base + v[2 * group + 1];
    if (c->validate && !c->validate(cu_slice(r->text, start, end)))
        return CU_OK;
    if ((c->group == CU_GROUP_TOKEN || c->group == CU_GROUP_BARE) && !cu_has_token(cu_slice(r->text, base + v[0], base + v[1])))
        return CU_OK; /* it was only tried because of what stands beside it */
    return cu_found_secret(r->s->engine, r->out, (uint16_t)id, r->text, start, end);
}

static cu_err confirm(run *r, unsigned id, size_t to)
{
    const cu_compiled *c = &r->s->engine->rules[id];
    const cu_confirmer *k;
    size_t base, at = 0;
    int n;
    if (to <= r->s->done[id])
        return CU_OK;
    CU_TRY(cu_confirmer_of(r->s->engine, (uint16_t)id, &k));
    cu_bytes w = window(r, c, r->s->done[id], to, &base);
    /* One byte more before it: whether a word or the text begins there depends on that. */
    if (base > 0 && r->text.p[base - 1] != CU_DETECT_SEPARATOR) {
        base--;
        w = cu_bytes_of(w.p - 1, w.n + 1);
        at = 1;
    }
    while ((n = pcre2_match(k->code, w.p, w.n, at, 0, r->s->match, NULL)) > 0) {
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->s->match);
        if (base + v[0] >= to)
            break;
        CU_TRY(keep(r, k, id, n, base));
        at = v[1];
        r->s->done[id] = (uint32_t)(base + at);
        if (base + at >= to)
            break;
    }
    /* A limit of the confirming engine is not "no match": what it could not judge did not pass. */
    return n < 0 && n != PCRE2_ERROR_NOMATCH ? CU_ENGINE : CU_OK;
}

static int on_end(unsigned id, unsigned long long unused, unsigned long long to, unsigned flags, void *arg)
{
    (void)unused;
    (void)flags;
    run *r = arg;
    const cu_engine *e = r->s->engine;
    const cu_anchor *a = id < e->n ? NULL : &e->anchors[id - e->n];
    if (r->s->skip[a ? a->rule : id])
        return 0;
    r->err = a ? cu_anchor_hit(r->s, r->text, a, r->base + (size_t)to, r->out) : confirm(r, id, r->base + (size_t)to);
    return r->err != CU_OK;
}

static cu_err scan_region(void *arg, size_t from, size_t to)
{
    run *r = arg;
    if (r->literals >= 0 && !cu_sweep_any(r->s, r->literals, r->text, from, to))
        return CU_OK;
    r->base = from;
    hs_error_t h = hs_scan(r->db, (const char *)r->text.p + from, (unsigned)(to - from), 0, r->s->hs, on_end, r);
    CU_TRY(r->err);
    return h == HS_SUCCESS ? CU_OK : CU_ENGINE;
}

/* An anchor of a rule that asks for a long number, in a region around one. */
typedef struct {
    cu_scratch *s;
    cu_bytes text;
    size_t from, to;
    cu_findings *out;
} near_number;

static cu_err anchor_stands(void *arg, const cu_literal *x, size_t start)
{
    near_number *r = arg;
    const cu_engine *e = r->s->engine;
    const cu_anchor *a = &e->anchors[e->targets[x->meaning].anchor];
    if (start < r->from || start + a->length > r->to || r->s->skip[a->rule])
        return CU_OK;
    return cu_anchor_hit(r->s, r->text, a, start + a->length, r->out);
}

static cu_err anchors_in_region(void *arg, size_t from, size_t to)
{
    near_number *r = arg;
    r->from = from;
    r->to = to;
    return cu_sweep_each(r->s, CU_LITERALS_DIGITS, r->text, from, to, anchor_stands, r);
}

cu_err cu_detect(const cu_engine *e, cu_scratch *s, cu_bytes text, cu_findings *out)
{
    out->n = 0;
    if (text.n > CU_DETECT_MAX_TEXT)
        return CU_TOO_BIG;
    if (text.n == 0)
        return CU_OK;
    memset(s->done, 0, e->n * sizeof *s->done);
    s->pem_past = 0;
    CU_TRY(cu_regions_begin(s, text.n));
    if (!s->depth)
        s->encoded_n = s->looks = 0;
    size_t noted = s->encoded_n;
    CU_TRY(cu_sweep(s, text, out));
    near_number numbers = {.s = s, .text = text, .out = out};
    if (s->want[CU_DB_DIGITS])
        CU_TRY(cu_regions_scan(s, CU_DB_DIGITS, text.n, anchors_in_region, &numbers));
    for (int db = 0; db < CU_DB_COUNT; db++) {
        run r = {.s = s, .db = e->db[db], .text = text, .literals = -1, .out = out};
        if (!r.db || !s->want[db])
            continue;
        if (db == CU_DB_REST) {
            CU_TRY(scan_region(&r, 0, text.n));
            continue;
        }
        r.literals = db == CU_DB_TOKEN ? CU_LITERALS_TOKEN : -1;
        CU_TRY(cu_regions_scan(s, db == CU_DB_BARE ? CU_DB_TOKEN : db, text.n, scan_region, &r));
    }
    CU_TRY(cu_find_decoded(s, text, noted, out));
    if (s->depth < CU_DECODED_DEPTH)
        CU_TRY(cu_find_escaped(s, text, out));
    CU_TRY(cu_settle(out));
    cu_weigh_credits(text, out);
    return CU_OK;
}
