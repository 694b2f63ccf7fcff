/* The gap assessment, risks that the traffic suggests, and the calendar of what falls due. */
#include <stdio.h>
#include <stdlib.h>
#include "comply/gaps.h"
#include "findings.h"
#include "vendor_desk.h"

#define DAY_NS (86400ull * 1000000000)
#define DAYS 30u

static const char *word(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* --- gaps --- */

/* Records that this was the assessment: counts, and the digest of the text as it was given. */
unsigned record_gaps(call *c)
{
    static const char *const states[] = {"met", "no_data", "not_applicable", "not_met", "partly"};
    char hex[2 * CU_SHA256_LEN + 1];
    cu_sha256 d;
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    findings_watch(c->a); /* what is short now has its finding */
    unsigned status = answer_gaps(c);
    if (status != 200)
        return status;
    json_t *v = json_loadb((const char *)c->out->p, c->out->n, 0, NULL);
    cu_sha256_of(cu_buf_view(c->out), &d);
    cu_hex(hex, d.b, sizeof d.b);
    cu_buf_fmt(&body, "{\"digest\":\"%s\"", hex);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        cu_buf_fmt(&body, ",\"%s\":%lld", states[i], json_integer_value(json_object_get(json_object_get(v, "counts"), states[i])));
    cu_buf_byte(&body, '}');
    json_decref(v);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = record(c->a, "gap.assessed", CU_TENANT_ORG, c->actor, &body);
    pthread_mutex_unlock(&c->a->lock);
    return e == CU_OK ? 201 : problem(c, 503, "Not recorded", "%s", cu_err_text(e));
}

/* --- risks --- */

typedef struct {
    json_t *items;
    char from[CU_TIME_LEN];
    app *a;
} suggesting;

static void suggest(suggesting *s, const char *title, const char *category, int likelihood, int impact, const char *controls, const char *why)
{
    json_array_append_new(s->items, json_pack("{s:s,s:s,s:i,s:i,s:s,s:s}", "title", title, "category", category, "likelihood", likelihood, "impact", impact, "controls",
                                              controls, "why", why));
}

static uint64_t exchanges(const suggesting *s, cu_store_exchange_filter w)
{
    uint64_t n = 0;
    w.from = s->from;
    return cu_store_count_exchanges(s->a->store, &w, &n) == CU_OK ? n : 0;
}

static void from_traffic(suggesting *s)
{
    char why[240];
    uint64_t found = exchanges(s, (cu_store_exchange_filter){.found = "any"}), restricted = exchanges(s, (cu_store_exchange_filter){.class = "restricted"});
    uint64_t refused = exchanges(s, (cu_store_exchange_filter){.state = "refused"}), all = exchanges(s, (cu_store_exchange_filter){.from = NULL});
    if (found) {
        snprintf(why, sizeof why, "%llu of %llu requests in %u days held secrets or personal data, which were replaced.", (unsigned long long)found, (unsigned long long)all, DAYS);
        suggest(s, "Secrets and personal data stand in code that assistants send", "data", 4, 4, "DAT-02", why);
    }
    if (restricted) {
        snprintf(why, sizeof why, "%llu requests in %u days spoke of restricted code.", (unsigned long long)restricted, DAYS);
        suggest(s, "Restricted code reaches a model provider", "access", 3, 5, "IAM-04", why);
    }
    if (refused) {
        snprintf(why, sizeof why, "%llu requests were refused in %u days.", (unsigned long long)refused, DAYS);
        suggest(s, "Somebody tries keys or routes that are not his", "access", 2, 3, "IAM-01", why);
    }
}

static void from_vendors(suggesting *s)
{
    char why[240];
    const cu_config *c = s->a->config;
    for (size_t i = 0; i < c->vendors_n; i++) {
        const char *name = c->vendors[i].name;
        unsigned unknown;
        json_t *report = vendor_report(s->a, name), *known = vendor_known(s->a, name, &unknown);
        if (!json_is_true(json_object_get(report, "fits"))) {
            snprintf(why, sizeof why, "No SOC 2 report of %.60s covers today.", name);
            suggest(s, "A provider's own controls fail unseen", "vendor", 2, 4, "VEN-03,VEN-04", why);
        }
        if (unknown) {
            snprintf(why, sizeof why, "%u facts about training, retention and isolation at %.60s are unknown.", unknown, name);
            suggest(s, "A provider trains on our code or keeps it longer than promised", "vendor", 2, 5, "VEN-05,VEN-06", why);
        }
        json_decref(report);
        json_decref(known);
    }
    if (c->vendors_n == 1 && c->vendors[0].upstreams_n < 2) {
        snprintf(why, sizeof why, "%.60s is the only vendor, with one upstream.", c->vendors[0].name);
        suggest(s, "The only provider fails, and assistants stop", "availability", 3, 3, "VEN-07", why);
    }
}

static void from_keys(suggesting *s)
{
    cu_store_key *k;
    size_t n, endless = 0;
    char why[240];
    if (cu_store_keys(s->a->store, &k, &n) != CU_OK)
        return;
    for (size_t i = 0; i < n; i++)
        endless += !k[i].revoked && !k[i].expires_ns && !cu_bundle_is_probe(cu_str(k[i].tenant));
    free(k);
    if (endless) {
        snprintf(why, sizeof why, "%zu keys have no last day.", endless);
        suggest(s, "A key outlives its holder", "access", 3, 4, "IAM-02,IAM-03", why);
    }
}

unsigned answer_risk_suggestions(call *c)
{
    suggesting s = {.items = json_array(), .a = c->a};
    json_t *known = desk_list(c->a, "risk", NULL, true), *left = json_array(), *x, *k;
    size_t i, j;
    cu_time_text(cu_now_ns() - DAYS * DAY_NS, s.from);
    from_traffic(&s);
    from_vendors(&s);
    from_keys(&s);
    json_array_foreach(s.items, i, x) {
        bool there = false;
        json_array_foreach(known, j, k)
            there |= strcmp(desk_text(k, "title"), word(x, "title")) == 0;
        if (!there)
            json_array_append(left, x);
    }
    json_decref(known);
    json_decref(s.items);
    return answer_json(c, json_pack("{s:o}", "items", left));
}

/* --- calendar --- */

static void put_due(json_t *items, const char *what, const char *reg, const char *id, const char *title, const char *due, const char *now)
{
    json_array_append_new(items, json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "what", what, "register", reg, "id", id, "title", title, "due", due, "overdue", strcmp(due, now) < 0));
}

typedef struct {
    json_t *items;
    const char *now;
} due_list;

/* The next occurrence of what a control does on schedule: one period after its last. */
static void scheduled(void *arg, const cu_control_status *st)
{
    due_list *d = arg;
    char due[CU_TIME_LEN], id[32], title[200];
    uint64_t last = st->probe.seen.count ? st->probe.seen.last_ms : 0;
    for (size_t i = 0; i < st->control->sources_n; i++)
        if (st->sources[i].seen.last_ms > last)
            last = st->sources[i].seen.last_ms;
    if (!st->control->scheduled || st->state == CU_STATE_NOT_APPLICABLE)
        return;
    snprintf(id, sizeof id, "%.*s", CU_FMT(st->control->id));
    snprintf(title, sizeof title, "%.*s", CU_FMT(st->control->title));
    cu_time_text(last ? last * 1000000 + st->control->fresh_ns : cu_now_ns(), due);
    put_due(d->items, last ? "occurrence" : "first_occurrence", "control", id, title, due, d->now);
}

static void dates_of(app *a, due_list *d)
{
    static const struct {
        const char *reg, *field, *what, *title;
    } dates[] = {
        {"finding", "due", "finding", "title"},          {"access_review", "due", "access_review", "reviewer"}, {"risk", "review_by", "risk_review", "title"},
        {"vendor_decision", "until", "decision_ends", "vendor"}, {"vendor_fact", "next_read", "read_again", "vendor_fact"}, {"training", "valid_until", "training_ends", "course"},
        {"attestation", "until", "statement_ends", "control"},
    };
    json_t *x;
    size_t i;
    for (size_t k = 0; k < sizeof dates / sizeof *dates; k++) {
        json_t *all = desk_list(a, dates[k].reg, NULL, true);
        desk_name_persons(a, all);
        json_array_foreach(all, i, x)
            if (*desk_text(x, dates[k].field) && strcmp(word(x, "state"), "withdrawn") != 0 && strcmp(word(x, "state"), "proposed") != 0)
                put_due(d->items, dates[k].what, dates[k].reg, word(x, "id"), desk_text(x, dates[k].title), desk_text(x, dates[k].field), d->now);
        json_decref(all);
    }
}

static int by_due(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;
    return strcmp(word(*x, "due"), word(*y, "due"));
}

unsigned answer_calendar(call *c)
{
    char now[CU_TIME_LEN];
    cu_time_text(cu_now_ns(), now);
    due_list d = {json_array(), now};
    states_each(c->a, cu_now_ns() / 1000000, scheduled, &d);
    dates_of(c->a, &d);
    size_t n = json_array_size(d.items);
    json_t **v = calloc(n + 1, sizeof *v), *sorted = json_array();
    for (size_t i = 0; v && i < n; i++)
        v[i] = json_array_get(d.items, i);
    if (v)
        qsort(v, n, sizeof *v, by_due);
    for (size_t i = 0; v && i < n; i++)
        json_array_append(sorted, v[i]);
    free(v);
    json_decref(d.items);
    return answer_json(c, json_pack("{s:s,s:o}", "now", now, "items", sorted));
}
