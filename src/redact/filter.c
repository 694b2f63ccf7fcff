/* Text through a window. Redact replaces what begins before the window's margin and keeps some text
 * before it as context; restore holds back only what could become a surrogate.
 *
 * Why restore(redact(x)) is x: restore goes from left to right and replaces 36 bytes that are in the
 * map. Every surrogate in the map has check characters that fit. So it is enough that no other place
 * of redact's output looks like that. A look-alike begins with the mark; the mark cannot begin inside
 * an inserted surrogate, nor in text whose rest is an inserted surrogate's mark (C stands in it
 * once), so all candidates begin in text, and literal() replaces those whose 36 bytes fit, counting
 * the surrogate that follows. */
#include "redact/filter.h"
#include <stdlib.h>
#include "base/buf.h"
#include "base/digest.h"

#define WINDOW ((size_t)8 << 20)
#define AHEAD ((size_t)128 << 10)   /* a finding that begins before this end lies whole in the window */
#define BEHIND ((size_t)72 << 10)   /* context before what is replaced */
#define FLUSH ((size_t)1 << 20)
#define MIN_REPEATED 6u             /* bytes of a value that is also looked for without its context */
#define MAX_REPEATED 256u
#define MAX_REPEATED_LEN 4096u
#define LEN CU_SURROGATE_LEN
#define MARK CU_LIT(CU_SURROGATE_MARK)

typedef struct {
    size_t start, end;
    uint8_t type;
} span;

typedef struct {
    const cu_filter *w;
    cu_filter_facts *facts;
    cu_fault *f;
    cu_surrogate_key key;
    uint8_t *text;
    size_t window, ahead, behind, have, done;
    cu_findings found;
    span *spans;
    size_t spans_n, spans_cap;
    cu_buf repeated[MAX_REPEATED]; /* values that were found by their context */
    size_t repeated_n;
    cu_buf out;
} filter;

void cu_filter_surrogate_key(const uint8_t key[CU_MAP_KEY], cu_surrogate_key *out)
{
    cu_sha256 mac;
    cu_hmac_sha256(cu_bytes_of(key, CU_MAP_KEY), CU_LIT("custos redact surrogates v1"), &mac);
    *out = (cu_surrogate_key){.key_id = 'l'};
    memcpy(out->key, mac.b, CU_TENANT_KEY_LEN);
    cu_wipe(&mac, sizeof mac);
}

/* The map is durable before text that needs it leaves. */
static cu_err flush(filter *t)
{
    CU_TRY(cu_buf_err(&t->out));
    CU_TRY(cu_map_commit(t->w->map, t->f));
    cu_err e = t->out.n ? t->w->out(t->w->out_arg, cu_buf_view(&t->out)) : CU_OK;
    cu_buf_reset(&t->out);
    return e;
}

static cu_err put(filter *t, cu_bytes text)
{
    while (text.n) {
        size_t n = text.n < FLUSH ? text.n : FLUSH;
        cu_buf_add(&t->out, cu_slice(text, 0, n));
        text = cu_slice(text, n, text.n);
        if (t->out.n >= FLUSH)
            CU_TRY(flush(t));
    }
    return CU_OK;
}

static cu_err issue(filter *t, cu_type type, cu_bytes value, char surrogate[LEN])
{
    cu_surrogate_make(&t->key, type, value, surrogate);
    cu_err e = cu_map_add(t->w->map, surrogate, value);
    if (e == CU_TOO_BIG)
        return cu_fail(t->f, e, "the redaction map holds too many values; begin a new one with --map");
    t->facts->replaced++;
    return e;
}

/* Text [from, to) that stays, before the surrogate `next` (NULL: more text, or the end). In *stop, how
 * far it went: short of `to` when the end of the window hides whether a look-alike begins. */
static cu_err literal(filter *t, size_t from, size_t to, const char *next, bool last, size_t *stop)
{
    cu_bytes all = cu_bytes_of(t->text, next || last ? to : t->have);
    size_t at = from, p;
    char surrogate[LEN];
    uint8_t candidate[LEN];
    for (p = from; (p = cu_find(all, MARK, p)) != (size_t)-1 && p < to;) {
        size_t n = to - p < LEN ? to - p : LEN;
        if (n < LEN && !next && !last) {
            *stop = p;
            return put(t, cu_bytes_of(t->text + at, p - at));
        }
        memcpy(candidate, t->text + p, n);
        if (n < LEN && next)
            memcpy(candidate + n, next, LEN - n);
        if ((n < LEN && !next) || !cu_surrogate_valid(candidate)) {
            p++;
            continue;
        }
        CU_TRY(put(t, cu_bytes_of(t->text + at, p - at)));
        CU_TRY(issue(t, CU_TYPE_SECRET, cu_bytes_of(t->text + p, n), surrogate));
        CU_TRY(put(t, cu_bytes_of(surrogate, LEN)));
        p += n;
        at = p;
    }
    *stop = to;
    return put(t, cu_bytes_of(t->text + at, to - at));
}

static cu_err add_span(filter *t, size_t start, size_t end, uint8_t type)
{
    if (t->spans_n == t->spans_cap) {
        size_t cap = t->spans_cap ? t->spans_cap * 2 : 256;
        span *v = realloc(t->spans, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        t->spans = v;
        t->spans_cap = cap;
    }
    t->spans[t->spans_n++] = (span){start, end, type};
    return CU_OK;
}

static cu_err remember(filter *t, cu_bytes value)
{
    if (value.n < MIN_REPEATED || value.n > MAX_REPEATED_LEN || t->repeated_n == MAX_REPEATED)
        return CU_OK;
    for (size_t i = 0; i < t->repeated_n; i++)
        if (cu_eq(cu_buf_view(&t->repeated[i]), value))
            return CU_OK;
    cu_buf *b = &t->repeated[t->repeated_n++];
    *b = CU_BUF(MAX_REPEATED_LEN);
    cu_buf_add(b, value);
    return cu_buf_err(b);
}

static int by_start(const void *x, const void *y)
{
    const span *a = x, *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->end > b->end ? -1 : a->end < b->end;
}

/* What to replace between done and limit: findings, and values that were found by their context and
 * stand here without it. */
static cu_err collect(filter *t, size_t limit)
{
    cu_bytes text = cu_bytes_of(t->text, t->have);
    t->spans_n = 0;
    CU_TRY(cu_detect(t->w->engine, t->w->scratch, text, &t->found));
    for (size_t i = 0; i < t->found.n; i++) {
        const cu_finding *g = &t->found.v[i];
        if (g->start < t->done || g->start >= limit || !t->w->only[g->type] || g->confidence < t->w->min_confidence)
            continue;
        CU_TRY(add_span(t, g->start, g->end, g->type));
        if (g->flags & CU_FINDING_BY_CONTEXT)
            CU_TRY(remember(t, cu_slice(text, g->start, g->end)));
    }
    for (size_t k = 0; k < t->repeated_n; k++) {
        cu_bytes value = cu_buf_view(&t->repeated[k]);
        for (size_t at = t->done; (at = cu_find(text, value, at)) != (size_t)-1 && at < limit; at += value.n)
            CU_TRY(add_span(t, at, at + value.n, CU_TYPE_SECRET));
    }
    if (t->spans_n > 1)
        qsort(t->spans, t->spans_n, sizeof *t->spans, by_start);
    return CU_OK;
}

static cu_err pass(filter *t, bool last)
{
    size_t limit = last ? t->have : t->have - t->ahead, stop;
    char surrogate[LEN];
    CU_TRY(collect(t, limit));
    for (size_t i = 0; i < t->spans_n; i++) {
        const span *s = &t->spans[i];
        if (s->start < t->done || s->end == s->start)
            continue; /* overlaps what was replaced */
        cu_bytes value = cu_bytes_of(t->text + s->start, s->end - s->start);
        CU_TRY(issue(t, (cu_type)s->type, value, surrogate));
        CU_TRY(literal(t, t->done, s->start, surrogate, false, &stop));
        CU_TRY(put(t, cu_bytes_of(surrogate, LEN)));
        t->done = s->end;
    }
    if (t->done < limit) {
        CU_TRY(literal(t, t->done, limit, NULL, last, &stop));
        t->done = stop;
    }
    return flush(t);
}

static cu_err fill(filter *t, bool *last)
{
    *last = false;
    while (t->have < t->window) {
        size_t got = 0;
        CU_TRY(t->w->in(t->w->in_arg, t->text + t->have, t->window - t->have, &got));
        if (got == 0) {
            *last = true;
            return CU_OK;
        }
        t->have += got;
        t->facts->bytes += got;
    }
    return CU_OK;
}

static cu_err redact_all(filter *t)
{
    for (bool last = false; !last;) {
        CU_TRY(fill(t, &last));
        CU_TRY(pass(t, last));
        size_t next = t->done > t->behind ? t->done - t->behind : 0;
        memmove(t->text, t->text + next, t->have - next);
        t->have -= next;
        t->done -= next;
    }
    return CU_OK;
}

cu_err cu_filter_redact(const cu_filter *w, cu_filter_facts *facts, cu_fault *f)
{
    filter *t = calloc(1, sizeof *t);
    if (!t)
        return CU_NOMEM;
    *facts = (cu_filter_facts){0};
    *t = (filter){.w = w, .facts = facts, .f = f, .window = w->window ? w->window : WINDOW,
                  .ahead = AHEAD, .behind = BEHIND, .out = CU_BUF(FLUSH * 2 + LEN)};
    CU_ASSERT(t->window >= 4096);
    if (t->window < 4 * AHEAD)
        t->ahead = t->window / 4, t->behind = t->window / 8;
    cu_filter_surrogate_key(w->key, &t->key);
    t->text = malloc(t->window);
    cu_err e = t->text ? redact_all(t) : CU_NOMEM;
    if (t->text)
        cu_wipe(t->text, t->window);
    for (size_t i = 0; i < t->repeated_n; i++)
        cu_buf_free(&t->repeated[i]);
    cu_buf_free(&t->out);
    cu_findings_free(&t->found);
    cu_wipe(&t->key, sizeof t->key);
    free(t->spans);
    free(t->text);
    free(t);
    return e;
}

/* --- restore --- */

#define READ ((size_t)64 << 10)

typedef struct {
    const cu_filter *w;
    cu_filter_facts *facts;
    cu_fault *f;
    cu_map *map;
    uint8_t text[READ + LEN];
    size_t have;
} restorer;

/* The map may grow while we read: redact may be the other end of the pipe. */
static cu_err find(restorer *r, const uint8_t *p, cu_bytes *value, bool *found)
{
    if (!r->map)
        CU_TRY(r->w->open_map(r->w->open_arg, &r->map, r->f));
    *found = cu_map_find(r->map, p, value);
    if (*found)
        return CU_OK;
    CU_TRY(cu_map_refresh(r->map, r->f));
    *found = cu_map_find(r->map, p, value);
    return CU_OK;
}

/* Where the text ends that cannot be the begin of a surrogate. */
static size_t certain(const restorer *r)
{
    size_t from = r->have >= LEN - 1 ? r->have - (LEN - 1) : 0;
    for (size_t p = from; p < r->have; p++) {
        size_t n = r->have - p < MARK.n ? r->have - p : MARK.n;
        if (memcmp(r->text + p, CU_SURROGATE_MARK, n) == 0)
            return p;
    }
    return r->have;
}

static cu_err restore_some(restorer *r, bool last)
{
    size_t end = last ? r->have : certain(r), at = 0, p = 0;
    cu_bytes all = cu_bytes_of(r->text, r->have), value;
    bool found;
    while ((p = cu_find(all, MARK, p)) != (size_t)-1 && p < end && p + LEN <= r->have) {
        found = false;
        if (cu_surrogate_valid(r->text + p))
            CU_TRY(find(r, r->text + p, &value, &found));
        if (!found) {
            p++;
            continue;
        }
        CU_TRY(r->w->out(r->w->out_arg, cu_slice(all, at, p)));
        CU_TRY(r->w->out(r->w->out_arg, value));
        r->facts->restored++;
        at = p += LEN;
    }
    /* a surrogate may reach beyond what was certain before it was found */
    end = end < at ? at : end;
    CU_TRY(r->w->out(r->w->out_arg, cu_slice(all, at, end)));
    memmove(r->text, r->text + end, r->have - end);
    r->have -= end;
    return CU_OK;
}

static cu_err restore_all(restorer *r)
{
    for (size_t got = 1; got;) {
        CU_TRY(r->w->in(r->w->in_arg, r->text + r->have, READ, &got));
        r->have += got;
        r->facts->bytes += got;
        CU_TRY(restore_some(r, got == 0));
    }
    return CU_OK;
}

cu_err cu_filter_restore(const cu_filter *w, cu_filter_facts *facts, cu_fault *f)
{
    restorer *r = calloc(1, sizeof *r);
    if (!r)
        return CU_NOMEM;
    *facts = (cu_filter_facts){0};
    *r = (restorer){.w = w, .facts = facts, .f = f};
    cu_err e = restore_all(r);
    cu_map_free(r->map);
    cu_wipe(r, sizeof *r);
    free(r);
    return e;
}
