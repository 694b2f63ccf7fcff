/* What was sealed, by kind: for each type (and value of a member) the sorted times of its entries. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "kept.h"

/* --- construction --- */

static unsigned kind_of(const cu_status *s, cu_bytes type)
{
    unsigned lo = 0, hi = s->kinds_n;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        int c = cu_cmp(s->kinds[mid].type, type);
        if (c == 0)
            return mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NONE;
}

static int by_type(const void *a, const void *b)
{
    return cu_cmp(((const struct kind *)a)->type, ((const struct kind *)b)->type);
}

static void note_types(cu_status *s, const cu_bytes *types, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s->kinds[s->kinds_n++] = (struct kind){types[i], NONE, NONE};
}

static void collect_kinds(cu_status *s)
{
    unsigned kept = 0;
    for (size_t i = 0; i < s->c->controls_n; i++) {
        const cu_control *k = &s->c->controls[i];
        for (size_t j = 0; j < k->sources_n; j++)
            note_types(s, k->sources[j].events, k->sources[j].events_n);
        for (size_t j = 0; j < k->breakers_n; j++) {
            note_types(s, k->breakers[j].events, k->breakers[j].events_n);
            note_types(s, k->breakers[j].until, k->breakers[j].until_n);
        }
    }
    qsort(s->kinds, s->kinds_n, sizeof *s->kinds, by_type);
    for (unsigned i = 0; i < s->kinds_n; i++)
        if (!kept || !cu_eq(s->kinds[kept - 1].type, s->kinds[i].type))
            s->kinds[kept++] = s->kinds[i];
    s->kinds_n = kept;
}

unsigned kept_stream(cu_status *s, cu_bytes type, cu_bytes member, cu_bytes value)
{
    unsigned k = kind_of(s, type), *at;
    if (k == NONE)
        return NONE;
    for (at = member.n ? &s->kinds[k].first : &s->kinds[k].stream; *at != NONE; at = &s->streams[*at].next)
        if (cu_eq(s->streams[*at].member, member) && cu_eq(s->streams[*at].value, value))
            return *at;
    return NONE;
}

static void add_stream(cu_status *s, cu_bytes type, cu_bytes member, cu_bytes value)
{
    if (kept_stream(s, type, member, value) != NONE)
        return;
    struct kind *k = &s->kinds[kind_of(s, type)];
    s->streams[s->streams_n] = (struct stream){.member = member, .value = value, .next = member.n ? k->first : NONE};
    *(member.n ? &k->first : &k->stream) = s->streams_n++;
}

static void collect_streams(cu_status *s)
{
    for (size_t i = 0; i < s->c->controls_n; i++) {
        const cu_control *k = &s->c->controls[i];
        for (size_t j = 0; j < k->sources_n; j++)
            for (size_t t = 0; t < k->sources[j].events_n; t++)
                add_stream(s, k->sources[j].events[t], k->sources[j].member, k->sources[j].value);
        for (size_t j = 0; j < k->breakers_n; j++) {
            for (size_t t = 0; t < k->breakers[j].events_n; t++)
                add_stream(s, k->breakers[j].events[t], k->breakers[j].member, k->breakers[j].value);
            for (size_t t = 0; t < k->breakers[j].until_n; t++)
                add_stream(s, k->breakers[j].until[t], k->breakers[j].member, k->breakers[j].value);
        }
    }
}

cu_err cu_status_new(const cu_catalogue *c, cu_status **out)
{
    cu_status *s = calloc(1, sizeof *s);
    size_t most = c->controls_n * (CU_CONTROL_SOURCES * CU_SOURCE_EVENTS + 2 * CU_CONTROL_BREAKERS * CU_SOURCE_EVENTS) + 1;
    if (!s)
        return CU_NOMEM;
    s->c = c;
    s->kinds = calloc(most, sizeof *s->kinds);
    s->runs = calloc(c->controls_n * CU_CONTROL_PROBES + 1, sizeof *s->runs);
    s->nils = calloc(c->controls_n + 1, sizeof *s->nils);
    if (s->kinds && s->runs && s->nils) {
        collect_kinds(s);
        s->streams = calloc(most, sizeof *s->streams); /* one for each naming at most */
    }
    if (!s->streams) {
        cu_status_free(s);
        return CU_NOMEM;
    }
    collect_streams(s);
    *out = s;
    return CU_OK;
}

void cu_status_free(cu_status *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->streams_n; i++)
        moments_free(&s->streams[i].v);
    for (size_t i = 0; s->runs && i < s->c->controls_n * CU_CONTROL_PROBES; i++)
        free(s->runs[i].v);
    for (size_t i = 0; s->nils && i < s->c->controls_n; i++)
        free(s->nils[i].v);
    for (size_t i = 0; i < s->logs_n; i++)
        free(s->logs[i].name);
    for (size_t i = 0; i < s->decisions_n; i++)
        free(s->decisions[i].body);
    free(s->decisions);
    free(s->kinds);
    free(s->streams);
    free(s->runs);
    free(s->nils);
    free(s);
}

const cu_catalogue *cu_status_catalogue(const cu_status *s)
{
    return s->c;
}

/* --- entries --- */

static bool two(const uint8_t *p, unsigned *out)
{
    *out = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9';
}

/* Days from 1970-01-01 in the Gregorian calendar, years counted from March. */
static uint64_t days_from(unsigned y, unsigned m, unsigned d)
{
    y -= m <= 2;
    unsigned era = y / 400, of_era = y - era * 400, of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    return (uint64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool cu_status_time(cu_bytes t, uint64_t *ms)
{
    unsigned c, y, mo, d, h = 0, mi = 0, s = 0, milli = 0;
    if (t.n < 10 || !two(t.p, &c) || !two(t.p + 2, &y) || t.p[4] != '-' || !two(t.p + 5, &mo) || t.p[7] != '-' || !two(t.p + 8, &d))
        return false;
    y += c * 100;
    if (t.n > 10 && (t.n < 20 || t.n > 24 || t.p[10] != 'T' || !two(t.p + 11, &h) || t.p[13] != ':' || !two(t.p + 14, &mi) || t.p[16] != ':' || !two(t.p + 17, &s) ||
                     t.p[t.n - 1] != 'Z'))
        return false;
    for (size_t i = 20; t.n > 20 && i + 1 < t.n; i++) {
        if (t.p[19] != '.' || t.p[i] < '0' || t.p[i] > '9')
            return false;
        milli = milli * 10 + (t.p[i] - '0');
    }
    for (size_t i = t.n > 20 ? t.n - 21 : 3; i < 3; i++)
        milli *= 10;
    if (y < 1970 || y > 9998 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60)
        return false;
    *ms = (((days_from(y, mo, d) * 24 + h) * 60 + mi) * 60 + s) * 1000 + milli;
    return true;
}

static cu_err add(struct times *t, uint64_t ms, uint64_t place)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        struct moment *v = t->n < MOMENTS_MAX ? realloc(t->v, cap * sizeof *v) : NULL;
        if (!v)
            return t->n < MOMENTS_MAX ? CU_NOMEM : CU_TOO_BIG;
        t->v = v;
        t->cap = cap;
    }
    t->unsorted |= t->n && t->v[t->n - 1].ms > ms;
    t->v[t->n++] = (struct moment){ms, place};
    return CU_OK;
}

/* Where the entry is; *fresh: it was not taken before. */
static cu_err place_of(cu_status *s, cu_bytes log, uint64_t index, uint64_t *place, bool *fresh)
{
    size_t i = s->last_log;
    if (i >= s->logs_n || !cu_eq_str(log, s->logs[i].name))
        for (i = 0; i < s->logs_n && !cu_eq_str(log, s->logs[i].name); i++)
            ;
    if (i == s->logs_n) {
        if (i == CU_STATUS_LOGS)
            return CU_TOO_BIG;
        if (!(s->logs[i].name = strndup((const char *)log.p, log.n)))
            return CU_NOMEM;
        s->logs[s->logs_n++].next = 0;
    }
    s->last_log = i;
    *fresh = index >= s->logs[i].next;
    if (*fresh)
        s->logs[i].next = index + 1;
    *place = (uint64_t)i << MOMENT_INDEX_BITS | index;
    return CU_OK;
}

/* What "*" asks for: the member is there and says something. */
static bool says_something(const json_t *v)
{
    return json_is_true(v) || json_real_value(v) != 0 || json_integer_value(v) != 0 || json_string_length(v) || json_object_size(v) || json_array_size(v);
}

static bool has_value(const json_t *body, const struct stream *t)
{
    char name[72], number[24];
    snprintf(name, sizeof name, "%.*s", t->member.n < sizeof name ? (int)t->member.n : 0, (const char *)t->member.p);
    const json_t *v = json_object_get(body, name);
    if (cu_eq(t->value, CU_LIT("*")))
        return says_something(v);
    if (json_is_string(v))
        return cu_eq_str(t->value, json_string_value(v));
    if (json_is_boolean(v))
        return cu_eq_str(t->value, json_is_true(v) ? "true" : "false");
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
    return json_is_integer(v) && cu_eq_str(t->value, number);
}

static uint64_t member_number(const json_t *body, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(body, name));
    return v > 0 ? (uint64_t)v : 0;
}

/* Of what somebody planted himself, or aimed at another address, nothing follows for this installation. */
static bool run_counts(const json_t *body)
{
    return !json_is_true(json_object_get(body, "own_value")) && !json_is_true(json_object_get(body, "elsewhere"));
}

static cu_run_outcome run_outcome(const json_t *body)
{
    uint64_t attacks = member_number(body, "attacks"), broken = member_number(body, "broken"), failed = member_number(body, "failed");
    return broken ? CU_RUN_BROKEN : attacks && !failed && member_number(body, "held") == attacks ? CU_RUN_HELD : CU_RUN_FAILED;
}

/* A run of a probe, for each control that it tests, kept by the place that its name has there: what one probe got
 * through, another does not heal. */
static cu_err take_run(cu_status *s, const json_t *body, uint64_t ms, uint64_t place)
{
    cu_bytes probe = cu_str(json_string_value(json_object_get(body, "probe"))), control = cu_str(json_string_value(json_object_get(body, "control")));
    for (size_t i = 0; i < s->c->controls_n; i++) {
        const cu_control *k = &s->c->controls[i];
        size_t j = 0;
        if (!cu_control_probed_by(k, probe, control))
            continue;
        while (j < k->probes_n && !cu_eq(k->probes[j], probe))
            j++;
        CU_TRY(add(&s->runs[i * CU_CONTROL_PROBES + (j < k->probes_n ? j : 0)], ms << 2 | run_outcome(body), place));
    }
    return CU_OK;
}

static cu_err take_nil(cu_status *s, const json_t *body, uint64_t ms, uint64_t place)
{
    const cu_control *k = cu_control_find(s->c, cu_str(json_string_value(json_object_get(body, "control"))));
    return k ? add(&s->nils[k - s->c->controls], ms, place) : CU_OK;
}

static cu_err take_decision(cu_status *s, cu_bytes body, uint64_t ms, bool answer)
{
    if (!s->decisions)
        s->decisions = calloc(CU_STATUS_DECISIONS, sizeof *s->decisions);
    char *copy = s->decisions ? strndup((const char *)body.p, body.n) : NULL;
    if (!copy)
        return CU_NOMEM;
    if (s->decisions_n == CU_STATUS_DECISIONS) { /* the oldest goes */
        free(s->decisions[0].body);
        memmove(s->decisions, s->decisions + 1, --s->decisions_n * sizeof *s->decisions);
    }
    size_t i = s->decisions_n;
    for (; i && s->decisions[i - 1].ms > ms; i--)
        s->decisions[i] = s->decisions[i - 1];
    s->decisions[i] = (struct decision){ms, copy, answer};
    s->decisions_n++;
    return CU_OK;
}

static cu_err take_body(cu_status *s, unsigned k, const cu_status_entry *e, uint64_t ms, uint64_t place)
{
    json_t *body = json_loadb((const char *)e->body.p, e->body.n, 0, NULL);
    cu_err err = CU_OK;
    bool run = cu_eq(e->type, CU_LIT("probe.completed")), said = !run || (run_counts(body) && run_outcome(body) != CU_RUN_FAILED);
    if (run && run_counts(body))
        err = take_run(s, body, ms, place);
    if (cu_eq(e->type, CU_LIT("nil.returned")))
        err = take_nil(s, body, ms, place);
    if (body && (cu_eq(e->type, CU_LIT("scope.decided")) || cu_eq(e->type, CU_LIT("checklist.answered"))))
        err = take_decision(s, e->body, ms, e->type.p[0] == 'c');
    for (unsigned t = k == NONE ? NONE : s->kinds[k].first; t != NONE && said && err == CU_OK; t = s->streams[t].next)
        if (has_value(body, &s->streams[t]))
            err = moments_add(&s->streams[t].v, ms, place);
    json_decref(body);
    return err;
}

static bool special(cu_bytes type)
{
    return cu_eq(type, CU_LIT("probe.completed")) || cu_eq(type, CU_LIT("nil.returned")) || cu_eq(type, CU_LIT("scope.decided")) || cu_eq(type, CU_LIT("checklist.answered"));
}

bool cu_status_needs_body(const cu_status *s, cu_bytes type)
{
    unsigned k = kind_of(s, type);
    return special(type) || (k != NONE && s->kinds[k].first != NONE);
}

cu_err cu_status_take(cu_status *s, const cu_status_entry *e)
{
    uint64_t ms, place;
    bool fresh;
    if (!cu_status_time(e->ts, &ms))
        return CU_SYNTAX;
    CU_TRY(place_of(s, e->log, e->index, &place, &fresh));
    if (!fresh)
        return CU_OK;
    unsigned k = kind_of(s, e->type);
    if (k != NONE && s->kinds[k].stream != NONE)
        CU_TRY(moments_add(&s->streams[s->kinds[k].stream].v, ms, place));
    return special(e->type) || (k != NONE && s->kinds[k].first != NONE) ? take_body(s, k, e, ms, place) : CU_OK;
}

/* --- what was there at a moment --- */

size_t kept_until(struct times *t, uint64_t ms)
{
    if (t->unsorted)
        qsort(t->v, t->n, sizeof *t->v, moment_order);
    t->unsorted = false;
    size_t lo = 0, hi = t->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->v[mid].ms <= ms)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void see(const cu_status *s, size_t n, uint64_t first_ms, uint64_t last_ms, uint64_t last_place, cu_seen *out)
{
    if (!out->count || first_ms < out->first_ms)
        out->first_ms = first_ms;
    if (!out->count || last_ms >= out->last_ms) {
        out->last_ms = last_ms;
        out->log = s->logs[last_place >> MOMENT_INDEX_BITS].name;
        out->index = last_place & (((uint64_t)1 << MOMENT_INDEX_BITS) - 1);
    }
    out->count += n;
}

void kept_seen(const cu_status *s, const struct times *t, size_t n, unsigned shift, cu_seen *out)
{
    if (n)
        see(s, n, t->v[0].ms >> shift, t->v[n - 1].ms >> shift, t->v[n - 1].place, out);
}

void kept_seen_in(const cu_status *s, struct moments *m, uint64_t at_ms, cu_seen *out)
{
    struct moment first, last;
    size_t n = moments_until(m, at_ms, &first, &last);
    if (n)
        see(s, n, first.ms, last.ms, last.place, out);
}
