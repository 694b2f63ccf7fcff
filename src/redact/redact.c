/* Replaces what was found, in place. Strings are joined with a separator that no finding crosses
 * and scanned in one call; longer strings that the memo knows are not scanned again. */
#include "redact/redact.h"
#include "issued.h"
#include <stdlib.h>

#define MIN_STRING 5u     /* bytes; no rule matches less */
#define MIN_REPEATED 6u   /* bytes of a value that is also looked for without its context */
#define MAX_NAMED 400u    /* bytes of a value that its key may give away */
#define MAX_REPEATED 256u /* different ones in one body; beyond: refuse */

/* A finding, placed in the raw bytes of the body. */
typedef struct {
    uint32_t start, end;
    bool escaped; /* the bytes hold JSON escapes */
    const cu_issued *as;
} edit;

typedef struct {
    const cu_redact_with *with;
    cu_bytes body;
    const cu_json_strings *strings;
    uint8_t (*tags)[CU_MEMO_TAG]; /* of strings that the memo did not know */
    cu_arena *arena;
    cu_redaction *out;
    cu_fault *f;
    edit *edits;
    size_t n, cap;
    cu_bytes repeated[MAX_REPEATED];
    size_t repeated_n;
} job;

static cu_bytes raw_of(const job *j, size_t i)
{
    return cu_slice(j->body, j->strings->v[i].start, j->strings->v[i].end);
}

static cu_err add_edit(job *j, uint32_t start, uint32_t end, bool escaped, const cu_issued *as)
{
    if (j->n == j->cap) {
        size_t cap = j->cap ? j->cap * 2 : 64;
        edit *v = cu_arena_raw(j->arena, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (j->n)
            memcpy(v, j->edits, j->n * sizeof *v);
        j->edits = v;
        j->cap = cap;
    }
    j->edits[j->n++] = (edit){start, end, escaped, as};
    return CU_OK;
}

static cu_err remember_repeated(job *j, cu_bytes value)
{
    if (value.n < MIN_REPEATED)
        return CU_OK;
    for (size_t i = 0; i < j->repeated_n; i++)
        if (cu_eq(j->repeated[i], value))
            return CU_OK;
    if (j->repeated_n == MAX_REPEATED)
        return cu_fail(j->f, CU_TOO_BIG, "more than %u secrets known by their context in one request",
                       MAX_REPEATED);
    j->repeated[j->repeated_n++] = value;
    return CU_OK;
}

static cu_err issue(job *j, uint32_t start, uint32_t end, bool escaped, cu_type type, const cu_issued **as)
{
    cu_bytes raw = cu_slice(j->body, start, end);
    cu_buf plain CU_CLEAN_BUF = CU_BUF(raw.n + 16);
    if (escaped) {
        cu_json_unescape(raw, &plain);
        raw = cu_buf_view(&plain);
    }
    cu_err e = plain.err;
    if (e == CU_OK && (*as = cu_issue(&j->out->issued, j->with->key, type, raw, j->arena, &e)))
        return CU_OK;
    return cu_fail(j->f, e, e == CU_TOO_BIG ? "more than %u different values to replace in one request"
                                            : "out of memory after %u values", CU_MAX_ISSUED);
}

static cu_err replace(job *j, size_t string, uint32_t start, uint32_t end, const cu_finding *g)
{
    bool escaped = j->strings->v[string].flags & CU_JSON_ESCAPED;
    const cu_issued *as = NULL;
    CU_TRY(issue(j, start, end, escaped, (cu_type)g->type, &as));
    CU_TRY(add_edit(j, start, end, escaped, as));
    return g->flags & CU_FINDING_BY_CONTEXT ? remember_repeated(j, as->value) : CU_OK;
}

cu_act cu_redact_act(const cu_redact_with *w, const cu_finding *g)
{
    cu_act act = w->act[g->type];
    cu_rule_action own = cu_engine_rules(w->engine)->v[g->rule].action;
    if (g->type == CU_TYPE_PERSON && g->confidence < CU_REDACT_MIN_PERSON)
        return CU_ACT_ALLOW;
    if (act != CU_ACT_REPLACE || own == CU_RULE_REPLACE)
        return act;
    return own == CU_RULE_ALLOW ? CU_ACT_ALLOW : CU_ACT_BLOCK;
}

/* One finding, offsets relative to the unescaped string. raw_from/plain_from: see wire/json.h. */
static cu_err take(job *j, size_t string, const cu_finding *g, size_t *raw_from, size_t *plain_from)
{
    cu_act act = cu_redact_act(j->with, g);
    const cu_json_string *s = &j->strings->v[string];
    j->out->count[g->type] += !(g->flags & CU_FINDING_REMAINDER);
    if (act == CU_ACT_BLOCK && j->out->blocked++ == 0)
        j->out->first_blocked_rule = g->rule;
    if (act != CU_ACT_REPLACE)
        return CU_OK;
    uint32_t start = g->start, end = g->end;
    if (s->flags & CU_JSON_ESCAPED) {
        cu_bytes raw = raw_of(j, string);
        start = (uint32_t)cu_json_raw_offset(raw, g->start, raw_from, plain_from);
        end = (uint32_t)cu_json_raw_offset(raw, g->end, raw_from, plain_from);
    }
    return replace(j, string, s->start + start, s->start + end, g);
}

static cu_err take_all(job *j, size_t string, const cu_finding *v, size_t n)
{
    size_t raw_from = 0, plain_from = 0;
    for (size_t i = 0; i < n; i++)
        CU_TRY(take(j, string, &v[i], &raw_from, &plain_from));
    return CU_OK;
}

/* {"password": "x"} in the input of a tool: the name stands in a string of its own. */
static cu_err take_named(job *j, size_t string)
{
    const cu_json_string *s = &j->strings->v[string];
    cu_bytes raw = raw_of(j, string);
    cu_finding g;
    if (s->parent_key == UINT32_MAX || (s->flags & (CU_JSON_KEY | CU_JSON_FIXED | CU_JSON_OPAQUE)) ||
        raw.n > MAX_NAMED || !cu_names_secret(raw_of(j, s->parent_key)))
        return CU_OK;
    cu_buf plain CU_CLEAN_BUF = CU_BUF(raw.n + 16);
    cu_json_unescape(raw, &plain);
    CU_TRY(plain.err);
    cu_err e = cu_detect_named(j->with->engine, j->with->scratch, raw_of(j, s->parent_key),
                               cu_buf_view(&plain), &g);
    return e == CU_NOT_FOUND ? CU_OK : e != CU_OK ? e : take_all(j, string, &g, 1);
}

/* Findings of a scanned string: those of g[] that lie before `end` in the joined text. */
static cu_err take_scanned(job *j, size_t string, uint32_t base, uint32_t end, cu_findings *all,
                           size_t *at)
{
    size_t from = *at;
    while (*at < all->n && all->v[*at].start < end) {
        all->v[*at].start -= base;
        all->v[*at].end -= base;
        ++*at;
    }
    CU_TRY(take_all(j, string, all->v + from, *at - from));
    cu_bytes raw = raw_of(j, string);
    if (j->with->memo && raw.n >= CU_MEMO_MIN_STRING)
        cu_memo_put(j->with->memo, j->tags[string], all->v + from, *at - from);
    return CU_OK;
}

/* What has to be scanned, joined; base[i] = where string i begins in it, UINT32_MAX when not. */
static cu_err join(job *j, uint32_t *base, cu_buf *joined)
{
    cu_findings known = {0};
    cu_err e = CU_OK;
    for (size_t i = 0; i < j->strings->n && e == CU_OK; i++) {
        const cu_json_string *s = &j->strings->v[i];
        cu_bytes raw = raw_of(j, i);
        base[i] = UINT32_MAX;
        if (raw.n < MIN_STRING || (s->flags & CU_JSON_OPAQUE))
            continue;
        if (j->with->memo && raw.n >= CU_MEMO_MIN_STRING &&
            cu_memo_get(j->with->memo, j->with->tenant, j->with->rules_digest, raw, j->tags[i], &known)) {
            j->out->memo_bytes += raw.n;
            e = take_all(j, i, known.v, known.n);
            continue;
        }
        /* room for all that may still come, at once: growing would copy and wipe */
        if (joined->n == 0 && !cu_buf_room(joined, j->body.n - s->start + j->strings->n - i))
            return CU_NOMEM;
        base[i] = (uint32_t)joined->n;
        if (s->flags & CU_JSON_ESCAPED)
            cu_json_unescape(raw, joined);
        else
            cu_buf_add(joined, raw);
        cu_buf_byte(joined, CU_DETECT_SEPARATOR);
        e = joined->err;
    }
    cu_findings_free(&known);
    return e;
}

static cu_err scan(job *j)
{
    size_t n = j->strings->n;
    uint32_t *base = cu_arena_raw(j->arena, (n + 1) * sizeof *base);
    cu_buf joined CU_CLEAN_BUF = CU_BUF(j->body.n + n + 1);
    cu_findings found = {0};
    j->tags = j->with->memo ? cu_arena_raw(j->arena, (n + 1) * sizeof *j->tags) : NULL;
    if (!base || (j->with->memo && !j->tags))
        return CU_NOMEM;
    CU_TRY(join(j, base, &joined));
    j->out->scanned_bytes = joined.n;
    cu_err e = cu_detect(j->with->engine, j->with->scratch, cu_buf_view(&joined), &found);
    uint32_t end = (uint32_t)joined.n;
    size_t at = 0;
    for (size_t i = 0, next; i < n && e == CU_OK; i = next) {
        for (next = i + 1; next < n && base[next] == UINT32_MAX;)
            next++;
        if (base[i] == UINT32_MAX)
            continue;
        e = take_scanned(j, i, base[i], next < n ? base[next] : end, &found, &at);
        if (e == CU_OK)
            e = take_named(j, i);
    }
    cu_findings_free(&found);
    return e;
}

/* A secret that was recognised by the words around it is the same secret without them. */
static cu_err repeated_in(job *j, size_t string, cu_bytes plain)
{
    const cu_json_string *s = &j->strings->v[string];
    const cu_finding as_secret = {.type = CU_TYPE_SECRET};
    for (size_t k = 0; k < j->repeated_n; k++) {
        size_t raw_from = 0, plain_from = 0, at = 0;
        cu_bytes value = j->repeated[k];
        while ((at = cu_find(plain, value, at)) != (size_t)-1) {
            size_t start = at, end = at += value.n;
            if (s->flags & CU_JSON_ESCAPED) {
                start = cu_json_raw_offset(raw_of(j, string), start, &raw_from, &plain_from);
                end = cu_json_raw_offset(raw_of(j, string), end, &raw_from, &plain_from);
            }
            CU_TRY(replace(j, string, s->start + (uint32_t)start, s->start + (uint32_t)end,
                           &as_secret));
        }
    }
    return CU_OK;
}

static cu_err repeated(job *j)
{
    for (size_t i = 0; i < j->strings->n && j->repeated_n; i++) {
        const cu_json_string *s = &j->strings->v[i];
        cu_bytes raw = raw_of(j, i);
        if (raw.n < MIN_REPEATED || (s->flags & (CU_JSON_OPAQUE | CU_JSON_FIXED)))
            continue;
        if (!(s->flags & CU_JSON_ESCAPED)) {
            CU_TRY(repeated_in(j, i, raw));
            continue;
        }
        cu_buf plain CU_CLEAN_BUF = CU_BUF(raw.n + 16);
        cu_json_unescape(raw, &plain);
        CU_TRY(plain.err);
        CU_TRY(repeated_in(j, i, cu_buf_view(&plain)));
    }
    return CU_OK;
}

static int by_start(const void *a, const void *b)
{
    const edit *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end > y->end ? -1 : x->end < y->end; /* the longer first */
}

/* Edits that overlap: the first stays whole, of the next only what stands out behind it. */
static cu_err part(job *j)
{
    uint32_t done = 0;
    size_t kept = 0;
    qsort(j->edits, j->n, sizeof *j->edits, by_start);
    for (size_t i = 0; i < j->n; i++) {
        edit e = j->edits[i];
        if (e.end <= done)
            continue; /* found twice */
        if (e.start < done) {
            e.start = done;
            CU_TRY(issue(j, e.start, e.end, e.escaped, (cu_type)e.as->type, &e.as));
        }
        done = e.end;
        j->edits[kept++] = e;
    }
    j->n = kept;
    return CU_OK;
}

static cu_err splice(job *j)
{
    CU_TRY(part(j));
    uint8_t *to = cu_arena_raw(j->arena, j->body.n + j->n * CU_SURROGATE_LEN + 1);
    if (!to)
        return CU_NOMEM;
    size_t from = 0, n = 0;
    for (size_t i = 0; i < j->n; i++) {
        const edit *e = &j->edits[i];
        memcpy(to + n, j->body.p + from, e->start - from);
        n += e->start - from;
        memcpy(to + n, e->as->surrogate, CU_SURROGATE_LEN);
        n += CU_SURROGATE_LEN;
        from = e->end;
        j->out->replaced++;
    }
    memcpy(to + n, j->body.p + from, j->body.n - from);
    j->out->body = cu_bytes_of(to, n + j->body.n - from);
    j->out->changed = true;
    return CU_OK;
}

cu_err cu_redact_body(const cu_redact_with *w, cu_bytes body, const cu_json_strings *strings,
                      cu_arena *a, cu_redaction *out, cu_fault *f)
{
    *out = (cu_redaction){.body = body};
    job j = {.with = w, .body = body, .strings = strings, .arena = a, .out = out, .f = f};
    CU_TRY(scan(&j));
    if (j.repeated_n)
        CU_TRY(repeated(&j));
    return j.n ? splice(&j) : CU_OK;
}

cu_err cu_redact_text(const cu_redact_with *w, cu_bytes text, cu_arena *a, cu_redaction *out,
                      cu_findings *findings, cu_fault *f)
{
    cu_json_string whole = {0, (uint32_t)text.n, 0, UINT32_MAX, 0};
    const cu_json_strings one = {&whole, 1};
    CU_TRY(cu_detect(w->engine, w->scratch, text, findings));
    return cu_redact_body(w, text, &one, a, out, f);
}
