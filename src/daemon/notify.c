/* What people are told without asking: entries that matter, what ends soon, and once a day what is open. What was told is
 * in the log (register alert), so that nothing is told twice, also after a restart. */
#include "notify.h"
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "comply/vendors.h"
#include "incident_desk.h"

#define DAY_NS (86400ull * 1000000000)
#define LOOK_S 5u
#define ENDS_S 15u       /* what ends soon, and the digest */
#define AGAIN_S 60u      /* before what failed is tried again; longer each time */
#define TRIES_MAX 5u
#define NEWEST 50u       /* of each type, of the last day */

enum { EVIDENCE, FINDINGS, EXPIRIES, INCIDENTS, SERVICE, PRIVACY, DIGEST };
static const char *const kinds[] = {"evidence", "findings", "expiries", "incidents", "service", "privacy", "digest"};

static const struct {
    const char *type, *page;
    unsigned kind;
} told[] = {
    {"evidence.stale", "/controls", EVIDENCE},         {"evidence.gap", "/log", EVIDENCE},
    {"finding.opened", "/registers/finding", FINDINGS}, {"finding.escalated", "/registers/finding", FINDINGS},
    {"incident.opened", "/incidents", INCIDENTS},      {"incident.overdue", "/incidents", INCIDENTS},
    {"slo.breached", "/service-levels", SERVICE},      {"dsr.overdue", "/privacy", PRIVACY},
};

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* --- what was told --- */

static unsigned tries_of(const json_t *alert)
{
    return (unsigned)json_integer_value(json_object_get(json_object_get(alert, "fields"), "tries"));
}

/* Whether it is still to be sent now: not yet, or it failed some time ago and not too often. */
static bool due(app *a, const char *id, unsigned *tries)
{
    json_t *alert = desk_raw(a, "alert", id);
    *tries = tries_of(alert);
    uint64_t at = cu_day_ns(cu_str(text_of(alert, "at")));
    bool yes = !alert || (strcmp(text_of(alert, "state"), "failed") == 0 && *tries < TRIES_MAX && at + *tries * AGAIN_S * 1000000000ull <= cu_now_ns());
    json_decref(alert);
    return yes;
}

static void note(app *a, const char *id, const cu_notify_channel *c, const notify_message *m, bool sent, unsigned tries, const char *why)
{
    json_t *fields = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s}", "alert", id, "channel", c->name, "kind", m->kind, "role", c->role, "tries", (json_int_t)tries, "type", m->type);
    if (!sent)
        json_object_set_new(fields, "reason", json_string(why));
    desk_note(a, sent ? "alert.delivered" : "alert.failed", fields);
}

static void tell(app *a, const cu_notify_channel *c, const notify_message *m)
{
    char id[129], why[200];
    unsigned tries;
    snprintf(id, sizeof id, "%.32s:%.90s", c->name, m->key);
    if (*a->stop || !due(a, id, &tries))
        return;
    bool sent = notify_deliver(a, c, m, why);
    if (!sent)
        cu_say(CU_LOG_WARN, "%s is not told: %s", c->name, why);
    note(a, id, c, m, sent, tries + 1, why);
}

static void tell_all(app *a, unsigned kind, const notify_message *m)
{
    for (size_t i = 0; i < a->config->notify.n; i++)
        if (a->config->notify.channels[i].kinds & 1u << kind)
            tell(a, &a->config->notify.channels[i], m);
}

static bool asked(const app *a, unsigned kind)
{
    unsigned all = 0;
    for (size_t i = 0; i < a->config->notify.n; i++)
        all |= a->config->notify.channels[i].kinds;
    return all & 1u << kind;
}

/* --- entries --- */

/* Of an entry only what cannot hold a value, a prompt or a name: choices, numbers, times, and words that say nothing of
 * anybody. A text that somebody typed never leaves. */
static json_t *plain_fields(const cu_event *e, const json_t *body)
{
    json_t *out = json_object();
    for (size_t i = 0; i < e->fields_n; i++) {
        const cu_event_field *k = &e->fields[i];
        char name[CU_EVENT_NAME];
        bool plain = k->sensitivity.n == 0 || cu_eq_str(k->sensitivity, "plain");
        bool safe = k->type == CU_FIELD_ONE_OF || k->type == CU_FIELD_NUMBER || k->type == CU_FIELD_TIME || k->type == CU_FIELD_BOOL || k->type == CU_FIELD_WORD;
        snprintf(name, sizeof name, "%.*s", CU_FMT(k->name));
        if (plain && safe && json_object_get(body, name))
            json_object_set(out, name, json_object_get(body, name));
    }
    return out;
}

typedef struct {
    uint64_t v[NEWEST];
    size_t n;
} indexes;

static void add_index(void *arg, const cu_store_entry *x)
{
    indexes *w = arg;
    if (w->n < NEWEST)
        w->v[w->n++] = x->index;
}

static void tell_entry(app *a, size_t which, const cu_event *e, uint64_t index)
{
    char id[64] = "";
    json_t *entry = desk_entry(a, index), *body = json_object_get(entry, "body");
    if (!body)
        return;
    notify_message m = {.fields = plain_fields(e, body)};
    snprintf(m.key, sizeof m.key, "org-%llu", (unsigned long long)index);
    snprintf(m.kind, sizeof m.kind, "%s", kinds[told[which].kind]);
    snprintf(m.type, sizeof m.type, "%s", told[which].type);
    if (e->reg) {
        char field[CU_EVENT_NAME];
        snprintf(field, sizeof field, "%.*s", CU_FMT(e->reg->name));
        snprintf(id, sizeof id, "%.60s", text_of(body, field));
    }
    snprintf(m.label, sizeof m.label, "%.*s%s%s", (int)(e->label.n < 50 ? e->label.n : 50), (const char *)e->label.p, id[0] ? ": " : "", id);
    bool own = id[0] && (strcmp(told[which].page, "/incidents") == 0 || strcmp(told[which].page, "/registers/finding") == 0);
    snprintf(m.link, sizeof m.link, "%s%s%s", told[which].page, own ? "/" : "", own ? id : "");
    snprintf(m.at, sizeof m.at, "%.*s", (int)sizeof m.at - 1, text_of(entry, "ts"));
    tell_all(a, told[which].kind, &m);
    json_decref(m.fields);
    json_decref(entry);
}

/* What came in the last day: who names a channel today is not told of last year. */
static void tell_entries(app *a)
{
    char from[CU_TIME_LEN];
    uint64_t total;
    cu_time_text(cu_now_ns() - DAY_NS, from);
    for (size_t i = 0; i < sizeof told / sizeof *told && !*a->stop; i++) {
        const cu_event *e = cu_event_find(a->events, cu_str(told[i].type));
        const cu_store_entry_filter w = {.log = "org", .type = told[i].type, .from = from};
        indexes found = {.n = 0};
        if (!e || !asked(a, told[i].kind) || cu_store_entries(a->store, &w, 0, NEWEST, add_index, &found, &total) != CU_OK)
            continue;
        while (found.n)
            tell_entry(a, i, e, found.v[--found.n]);
    }
}

/* --- what ends soon --- */

static void tell_end(app *a, const char *reg, const json_t *record, const char *until, unsigned days)
{
    notify_message m = {.fields = json_pack("{s:s,s:i,s:s}", "register", reg, "within_days", (int)days, "until", until)};
    snprintf(m.key, sizeof m.key, "ends-%.20s-%.40s-%.10s-%u", reg, text_of(record, "id"), until, days);
    snprintf(m.kind, sizeof m.kind, "expiries");
    snprintf(m.type, sizeof m.type, "expiry");
    snprintf(m.label, sizeof m.label, "Ends within %u days: %.20s", days, reg);
    snprintf(m.link, sizeof m.link, "/registers/%.30s", reg);
    cu_time_text(cu_now_ns(), m.at);
    tell_all(a, EXPIRIES, &m);
    json_decref(m.fields);
}

static void tell_ends(app *a)
{
    static const char *const dates[][2] = {{"vendor_decision", "until"}, {"vendor_fact", "next_read"}, {"training", "valid_until"}, {"attestation", "until"}, {"risk", "review_by"}, {"policy", "approved_until"}};
    static const unsigned before[] = {7, 30, 60};
    uint64_t now = cu_now_ns();
    for (size_t d = 0; d < sizeof dates / sizeof *dates && !*a->stop; d++) {
        json_t *all = desk_list(a, dates[d][0], NULL, true), *x;
        size_t i;
        json_array_foreach(all, i, x) {
            uint64_t until = cu_day_ns(cu_str(desk_text(x, dates[d][1])));
            for (size_t k = 0; until > now && k < sizeof before / sizeof *before; k++)
                if (until - now <= before[k] * DAY_NS) {
                    tell_end(a, dates[d][0], x, desk_text(x, dates[d][1]), before[k]);
                    break;
                }
        }
        json_decref(all);
    }
}

/* --- the day's digest --- */

static json_int_t count_open(app *a, const char *reg, const char *state)
{
    json_t *all = desk_list(a, reg, state, true);
    json_int_t n = (json_int_t)json_array_size(all);
    json_decref(all);
    return n;
}

static json_int_t count_overdue(app *a, const char *now)
{
    json_t *all = desk_list(a, "finding", NULL, true), *x;
    json_int_t n = 0;
    size_t i;
    json_array_foreach(all, i, x)
        n += *desk_text(x, "due") && strcmp(desk_text(x, "due"), now) < 0;
    json_decref(all);
    return n;
}

/* What a role is asked about. */
static json_t *digest_of(app *a, const char *role, const char *now)
{
    json_t *v = json_pack("{s:I,s:I}", "incidents_open", count_open(a, "incident", NULL), "findings_open", count_open(a, "finding", NULL));
    json_object_set_new(v, "findings_overdue", json_integer(count_overdue(a, now)));
    if (strcmp(role, "owner") == 0 || strcmp(role, "compliance") == 0) {
        json_object_set_new(v, "exceptions_to_answer", json_integer(count_open(a, "exception", "open")));
        json_object_set_new(v, "requests_of_persons", json_integer(count_open(a, "dsr", NULL)));
        json_object_set_new(v, "service_levels_missed", json_integer(count_open(a, "slo", "missed")));
    }
    if (strcmp(role, "approver") == 0 || strcmp(role, "owner") == 0)
        json_object_set_new(v, "vendor_decisions_to_agree", json_integer(count_open(a, "vendor_decision", "proposed")));
    return v;
}

static void tell_digests(app *a)
{
    const cu_config_notify *n = &a->config->notify;
    char now[CU_TIME_LEN];
    uint64_t at = cu_now_ns();
    cu_time_text(at, now);
    if (at % DAY_NS / 3600000000000ull < n->digest_hour)
        return;
    for (size_t i = 0; i < n->n && !*a->stop; i++) {
        if (!(n->channels[i].kinds & 1u << DIGEST))
            continue;
        notify_message m = {.fields = digest_of(a, n->channels[i].role, now)};
        snprintf(m.key, sizeof m.key, "digest-%.10s", now);
        snprintf(m.kind, sizeof m.kind, "digest");
        snprintf(m.type, sizeof m.type, "digest");
        snprintf(m.label, sizeof m.label, "Open today, for %.20s", n->channels[i].role);
        snprintf(m.link, sizeof m.link, "/work");
        snprintf(m.at, sizeof m.at, "%s", now);
        tell(a, &n->channels[i], &m);
        json_decref(m.fields);
    }
}

void *notify_thread(void *arg)
{
    app *a = arg;
    for (unsigned s = 1; !*a->stop; s++) {
        for (unsigned t = 0; t < 20 && !*a->stop; t++)
            usleep(50000);
        if (*a->stop || !a->config->notify.n || s % LOOK_S)
            continue;
        tell_entries(a);
        if (s % ENDS_S)
            continue;
        tell_ends(a);
        tell_digests(a);
    }
    return NULL;
}
