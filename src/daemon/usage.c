/* A provider's usage export, held against the exchanges of the same days: each day becomes an entry. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "app.h"
#include "comply/usage.h"

#define DAYS_MAX 400u
#define PAGE_MAX 400u
#define ROWS_JSON ((size_t)14000) /* of one day, within an entry */
#define TOLERANCE_PERMILLE 10u
#define TOLERANCE_TOKENS 1000u

typedef struct {
    call *c;
    const cu_config_vendor *vendor;
    cu_billed theirs, ours;
    cu_billed_tolerance may;
    char source[65], today[11];
    json_t *days;
    unsigned skipped;   /* days that are not over */
} import;

static cu_err add_ours(void *arg, const char *day, const char *model, const uint64_t n[4])
{
    import *i = arg;
    char name[CU_BILLED_MODEL + 1];
    if (cu_billed_model(cu_str(model), name) != CU_OK) /* what a client called it; nothing that a provider would name so */
        snprintf(name, sizeof name, "?");
    return cu_billed_add(&i->ours, day, name, n);
}

/* From the row at, how many are of this day. */
static size_t of_day(const cu_billed *u, size_t at, const char *day)
{
    size_t n = 0;
    while (at + n < u->n && strcmp(u->v[at + n].day, day) == 0)
        n++;
    return n;
}

static cu_err tell(import *i, const char *day, const cu_buf *rows, const cu_billed_tie *t)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "against", "provider_usage");
    cu_buf_json_kv_str(&b, "day", day);
    cu_buf_json_kv_str(&b, "form", i->theirs.form);
    cu_buf_json_kv_u64(&b, "ours", t->ours);
    cu_buf_json_key(&b, "rows");
    cu_buf_add(&b, cu_buf_view(rows));
    cu_buf_json_kv_str(&b, "source", i->source);
    cu_buf_json_kv_u64(&b, "theirs", t->theirs);
    cu_buf_json_kv_u64(&b, "tolerance_permille", i->may.permille);
    cu_buf_json_kv_u64(&b, "tolerance_tokens", i->may.tokens);
    cu_buf_json_kv_str(&b, "vendor", i->vendor->name);
    cu_buf_byte(&b, '}');
    CU_TRY(cu_buf_err(rows));
    CU_TRY(cu_buf_err(&b));
    pthread_mutex_lock(&i->c->a->lock);
    cu_err e = record(i->c->a, t->gap ? "evidence.gap" : "evidence.reconciled", CU_TENANT_ORG, i->c->actor, &b);
    pthread_mutex_unlock(&i->c->a->lock);
    return e;
}

/* In order of days, although those with a gap are recorded last. */
static void put_day(json_t *days, const char *day, json_t *item)
{
    size_t at = json_array_size(days);
    while (at > 0 && strcmp(json_string_value(json_object_get(json_array_get(days, at - 1), "day")), day) > 0)
        at--;
    json_array_insert_new(days, at, item);
}

/* Days in order; those with (gaps) or without a gap. */
static cu_err tell_days(import *i, bool gaps)
{
    size_t a = 0, b = 0;
    while (a < i->ours.n || b < i->theirs.n) {
        const char *x = a < i->ours.n ? i->ours.v[a].day : "9", *y = b < i->theirs.n ? i->theirs.v[b].day : "9", *day = strcmp(x, y) <= 0 ? x : y;
        size_t n = of_day(&i->ours, a, day), m = of_day(&i->theirs, b, day);
        cu_billed_tie t;
        cu_buf rows CU_CLEAN_BUF = CU_BUF(ROWS_JSON);
        cu_billed_compare(&i->theirs, &i->theirs.v[b], m, &i->ours.v[a], n, i->may, &rows, &t);
        if (strcmp(day, i->today) >= 0) {
            i->skipped += !gaps;
        } else if (t.gap == gaps && (t.ours || t.theirs)) {
            CU_TRY(tell(i, day, &rows, &t));
            put_day(i->days, day, json_pack("{s:s,s:I,s:I,s:s}", "day", day, "ours", (json_int_t)t.ours, "theirs", (json_int_t)t.theirs, "state",
                                                     t.gap ? "gap" : "tied"));
        }
        a += n;
        b += m;
    }
    return CU_OK;
}

static cu_err compare(import *i, cu_fault *f)
{
    if (i->theirs.n == 0)
        return cu_fail(f, CU_UNSUPPORTED, "no row of the export counts tokens of a model");
    const char *from = i->theirs.v[0].day, *to = i->theirs.v[i->theirs.n - 1].day;
    unsigned days = 0;
    for (size_t k = 0; k < i->theirs.n; k += of_day(&i->theirs, k, i->theirs.v[k].day))
        days++;
    if (days > DAYS_MAX)
        return cu_fail(f, CU_TOO_BIG, "the export covers more than %u days; split it by time", DAYS_MAX);
    CU_TRY(cu_store_usage_of(i->c->a->store, i->vendor->name, from, to, add_ours, i));
    CU_TRY(tell_days(i, false));
    usleep(2000); /* entries are ordered by milliseconds where controls are judged: what is missing is the last word */
    return tell_days(i, true);
}

static const cu_config_vendor *vendor_of(const call *c)
{
    const char *name = c->query(c->query_arg, "vendor");
    for (size_t i = 0; name && i < c->a->config->vendors_n; i++)
        if (strcmp(c->a->config->vendors[i].name, name) == 0)
            return &c->a->config->vendors[i];
    return NULL;
}

static bool number_of(const call *c, const char *key, uint64_t most, uint64_t *out)
{
    const char *text = c->query(c->query_arg, key);
    char *end;
    if (!text)
        return true;
    *out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && !*end && *out <= most;
}

static unsigned put_result(import *i)
{
    json_t *v = json_pack("{s:s,s:s,s:s,s:O,s:I,s:I,s:I,s:I,s:I}", "vendor", i->vendor->name, "form", i->theirs.form, "source", i->source, "days", i->days, "lines",
                          (json_int_t)i->theirs.lines, "passed_over", (json_int_t)i->theirs.passed, "not_over", (json_int_t)i->skipped, "tolerance_permille",
                          (json_int_t)i->may.permille, "tolerance_tokens", (json_int_t)i->may.tokens);
    char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
    json_decref(v);
    if (!text)
        return problem(i->c, 500, "Out of memory", "The days were recorded; the answer could not be made.");
    cu_buf_str(i->c->out, text);
    free(text);
    return 201;
}

unsigned take_usage(call *c)
{
    import i = {.c = c, .vendor = vendor_of(c)};
    cu_sha256 d;
    cu_fault f = {0};
    uint64_t permille = TOLERANCE_PERMILLE, tokens = TOLERANCE_TOKENS;
    char now[CU_TIME_LEN];
    if (!i.vendor)
        return problem(c, 400, "Malformed", "vendor is the name of one in custos.yaml.");
    if (!number_of(c, "permille", 1000, &permille) || !number_of(c, "tokens", CU_BILLED_TOKENS_MAX, &tokens))
        return problem(c, 400, "Malformed", "permille is a whole number to 1000, tokens one of tokens.");
    cu_err e = cu_billed_parse(c->body, &i.theirs, &f);
    if (e != CU_OK)
        return problem(c, e == CU_TOO_BIG ? 413 : e == CU_NOMEM ? 503 : 422, "Not an export that can be read", "%s", f.text);
    i.may = (cu_billed_tolerance){(unsigned)permille, tokens};
    cu_sha256_of(c->body, &d);
    cu_hex(i.source, d.b, sizeof d.b);
    cu_time_text(cu_now_ns(), now);
    snprintf(i.today, sizeof i.today, "%.10s", now);
    i.days = json_array();
    e = i.days ? compare(&i, &f) : CU_NOMEM;
    unsigned status = e == CU_OK ? put_result(&i)
                      : problem(c, e == CU_TOO_BIG || e == CU_UNSUPPORTED ? 422 : 503, "Not held against the log", "%s", f.code ? f.text : cu_err_text(e));
    json_decref(i.days);
    cu_billed_free(&i.theirs);
    cu_billed_free(&i.ours);
    return status;
}

typedef struct {
    json_t *items;
    uint64_t last;
} listing;

static void add_day(void *arg, const cu_store_usage_day *d)
{
    listing *l = arg;
    json_array_append_new(l->items, json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:I,s:I,s:s,s:I,s:I}", "vendor", d->vendor, "day", d->day, "at", d->at, "index",
                                              (json_int_t)d->index, "form", d->form, "source", d->source, "ours", (json_int_t)d->ours, "theirs",
                                              (json_int_t)d->theirs, "state", d->gap ? "gap" : "tied", "tolerance_permille", (json_int_t)d->permille,
                                              "tolerance_tokens", (json_int_t)d->tokens));
    l->last = d->index;
}

unsigned answer_usage(call *c)
{
    listing l = {.items = json_array()};
    uint64_t limit = 100, before = 0;
    if (!number_of(c, "limit", PAGE_MAX, &limit) || !number_of(c, "cursor", INT64_MAX, &before)) {
        json_decref(l.items);
        return problem(c, 400, "Malformed", "limit is 1 to %u, cursor what an answer gave.", PAGE_MAX);
    }
    cu_err e = cu_store_usage_days(c->a->store, c->query(c->query_arg, "vendor"), before, (unsigned)limit, add_day, &l);
    bool more = limit && json_array_size(l.items) == limit;
    json_t *page = json_pack("{s:O,s:o}", "items", l.items, "next_cursor", more ? json_sprintf("%llu", (unsigned long long)l.last) : json_null());
    char *text = e == CU_OK && page ? json_dumps(page, JSON_COMPACT) : NULL;
    json_decref(page);
    json_decref(l.items);
    if (!text)
        return problem(c, 503, "The days could not be read", "%s", cu_err_text(e));
    cu_buf_str(c->out, text);
    free(text);
    return 200;
}
