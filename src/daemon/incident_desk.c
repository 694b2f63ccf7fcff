#include "incident_desk.h"
#include <stdio.h>
#include "comply/vendors.h"

#define DETECTED_AHEAD_NS (60ull * 1000000000) /* clocks of two machines differ */

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* --- rules of the steps --- */

static cu_err check_come(const json_t *fields, const char *key, cu_fault *f)
{
    uint64_t at = cu_day_ns(cu_str(text_of(fields, key)));
    return at <= cu_now_ns() + DETECTED_AHEAD_NS ? CU_OK : cu_fail(f, CU_SYNTAX, "%s lies in the future", key);
}

cu_err incident_check_opened(desk_step *s, cu_fault *f)
{
    const char *tenant = text_of(s->fields, "tenant");
    if (*tenant && !knows_tenant(s->a, tenant))
        return cu_fail(f, CU_NOT_FOUND, "tenant: there is no tenant %.60s", tenant);
    if (!s->who->system) { /* nobody says of his own incident that the log opened it */
        json_object_del(s->fields, "entry");
        json_object_set_new(s->fields, "source", json_string("person"));
    }
    if (!*text_of(s->fields, "detected")) {
        char now[CU_TIME_LEN];
        cu_time_text(cu_now_ns(), now);
        json_object_set_new(s->fields, "detected", json_string(now));
    }
    return check_come(s->fields, "detected", f);
}

static bool has_word(const json_t *list, const char *word)
{
    json_t *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, x)
        if (strcmp(json_string_value(x), word) == 0)
            return true;
    return false;
}

cu_err incident_check_step(desk_step *s, cu_fault *f)
{
    const char *step = text_of(s->fields, "step"), *kind = desk_text(s->now, "kind");
    const json_t *before = json_object_get(json_object_get(s->now, "fields"), "done");
    if (!cu_runbook_step_find(cu_runbook_find(s->a->runbooks, cu_str(kind)), cu_str(step)))
        return cu_fail(f, CU_NOT_FOUND, "step: the runbook %.40s has no step %.40s", kind, step);
    if (has_word(before, step))
        return cu_fail(f, CU_STATE, "the step %.40s is done already", step);
    json_t *done = before ? json_deep_copy(before) : json_array();
    json_array_append_new(done, json_string(step));
    json_object_set_new(s->fields, "done", done);
    return CU_OK;
}

cu_err incident_check_notice(desk_step *s, cu_fault *f)
{
    return check_come(s->fields, "sent", f);
}

cu_err incident_check_closed(desk_step *s, cu_fault *f)
{
    const char *owed = desk_text(s->now, "notice_owed"), *severity = desk_text(s->now, "severity");
    bool grave = strcmp(severity, "critical") == 0 || strcmp(severity, "high") == 0;
    if (!*owed)
        return cu_fail(f, CU_STATE, "nobody has judged whether a notice is owed (breach.assessed)");
    if (strcmp(owed, "yes") == 0 && !*desk_text(s->now, "sent"))
        return cu_fail(f, CU_STATE, "a notice is owed and none is recorded (notice.sent)");
    if (grave && !*desk_text(s->now, "lessons"))
        return cu_fail(f, CU_STATE, "an incident of severity %.20s needs cause and lessons (incident.postmortem)", severity);
    return CU_OK;
}

cu_err exercise_check_held(desk_step *s, cu_fault *f)
{
    return check_come(s->fields, "held_on", f);
}

/* --- clocks --- */

typedef struct {
    char done[CU_CLOCKS][CU_TIME_LEN];
    bool not_owed;
} reached;

static void note_step(void *arg, const cu_store_record *x)
{
    static const struct {
        const char *type;
        cu_clock clock;
    } ends[] = {{"incident.acknowledged", CU_CLOCK_ACKNOWLEDGE}, {"incident.contained", CU_CLOCK_CONTAIN}, {"notice.sent", CU_CLOCK_NOTIFY}, {"incident.closed", CU_CLOCK_CLOSE}};
    reached *r = arg;
    json_t *fields = json_loads(x->fields, JSON_REJECT_DUPLICATES, NULL);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(x->type, ends[i].type) == 0 && !r->done[ends[i].clock][0])
            snprintf(r->done[ends[i].clock], CU_TIME_LEN, "%s", ends[i].clock == CU_CLOCK_NOTIFY ? text_of(fields, "sent") : x->at);
    if (strcmp(x->type, "breach.assessed") == 0)
        r->not_owed = strcmp(text_of(fields, "notice_owed"), "no") == 0;
    json_decref(fields);
}

static const char *state_of(const char *done, const char *due, const char *now, bool not_owed)
{
    if (not_owed)
        return "not_owed";
    if (*done)
        return strcmp(done, due) <= 0 ? "met" : "late";
    return strcmp(now, due) < 0 ? "running" : "overdue";
}

json_t *incident_clocks(app *a, const json_t *record)
{
    char now[CU_TIME_LEN], due[CU_TIME_LEN];
    reached r = {.not_owed = false};
    json_t *out = json_array();
    uint64_t from = cu_day_ns(cu_str(desk_text(record, "detected")));
    const cu_incident_severity *s = cu_incident_severity_find(a->runbooks, cu_str(desk_text(record, "severity")));
    cu_err e = cu_store_record_steps(a->store, "incident", text_of(record, "id"), NULL, note_step, &r);
    cu_time_text(cu_now_ns(), now);
    for (unsigned c = 0; e == CU_OK && s && c < CU_CLOCKS; c++) {
        bool not_owed = c == CU_CLOCK_NOTIFY && r.not_owed && !r.done[c][0];
        cu_time_text(from + s->limit_ns[c], due);
        json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s,s:I}", "clock", cu_clock_name((cu_clock)c), "due", due, "done", r.done[c], "state",
                                             state_of(r.done[c], due, now, not_owed), "limit_s", (json_int_t)(s->limit_ns[c] / 1000000000)));
    }
    return out;
}

/* --- what opens by itself --- */

static void tell_overdue(app *a, const json_t *incident)
{
    json_t *clocks = incident_clocks(a, incident), *told = json_object_get(json_object_get(incident, "fields"), "told"), *x;
    json_t *all = told ? json_deep_copy(told) : json_array();
    size_t i;
    json_array_foreach(clocks, i, x) {
        const char *clock = text_of(x, "clock");
        if (strcmp(text_of(x, "state"), "overdue") != 0 || has_word(all, clock))
            continue;
        json_array_append_new(all, json_string(clock));
        (void)desk_note(a, "incident.overdue", json_pack("{s:s,s:s,s:s,s:o}", "clock", clock, "due", text_of(x, "due"), "incident", text_of(incident, "id"), "told", json_deep_copy(all)));
    }
    json_decref(all);
    json_decref(clocks);
}

/* What an entry is about; two entries with the same subject belong to one incident while it is open. */
typedef struct {
    uint64_t index;
    char at[CU_TIME_LEN], tenant[64], vendor[64], title[280];
} cause;

static void word_of(const json_t *body, const char *key, char out[64])
{
    snprintf(out, 64, "%.63s", text_of(body, key));
}

static void describe(const char *type, const json_t *body, cause *k)
{
    word_of(body, "vendor", k->vendor);
    if (strcmp(type, "isolation.leak_suspected") == 0) {
        word_of(body, "code_of", k->tenant);
        snprintf(k->title, sizeof k->title, "Code of %.60s in an answer to %.60s", k->tenant, text_of(body, "shown_to"));
    } else if (strcmp(type, "vendor.incident_notice") == 0) {
        snprintf(k->title, sizeof k->title, "%.63s told of an incident", k->vendor);
    } else if (strcmp(type, "slo.breached") == 0) {
        snprintf(k->title, sizeof k->title, "Service level missed: %.200s", text_of(body, "name"));
    } else if (strcmp(type, "evidence.gap") == 0) {
        snprintf(k->title, sizeof k->title, "What was counted is not in the log%s", strcmp(text_of(body, "against"), "provider_usage") == 0 ? " (usage of a provider)" : "");
    } else {
        snprintf(k->title, sizeof k->title, "%.100s", type);
    }
}

static bool read_cause(app *a, const char *type, uint64_t index, cause *k)
{
    json_t *entry = desk_entry(a, index);
    *k = (cause){.index = index};
    snprintf(k->at, sizeof k->at, "%s", text_of(entry, "ts"));
    describe(type, json_object_get(entry, "body"), k);
    json_decref(entry);
    return k->at[0] != 0;
}

static json_t *same_subject(json_t *incidents, const char *type, const cause *k)
{
    json_t *x;
    size_t i;
    json_array_foreach(incidents, i, x)
        if (strcmp(text_of(x, "state"), "closed") != 0 && strcmp(desk_text(x, "source"), type) == 0 && strcmp(desk_text(x, "tenant"), k->tenant) == 0 &&
            strcmp(desk_text(x, "vendor"), k->vendor) == 0)
            return x;
    return NULL;
}

static void open_incident(app *a, const cu_runbook *book, const char *type, const cause *k)
{
    char kind[64], severity[32];
    snprintf(kind, sizeof kind, "%.*s", CU_FMT(book->id));
    snprintf(severity, sizeof severity, "%.*s", CU_FMT(book->severity));
    json_t *fields = json_pack("{s:s,s:I,s:s,s:s,s:s,s:s}", "detected", k->at, "entry", (json_int_t)k->index, "kind", kind, "severity", severity, "source", type, "title", k->title);
    if (k->tenant[0])
        json_object_set_new(fields, "tenant", json_string(k->tenant));
    if (k->vendor[0])
        json_object_set_new(fields, "vendor", json_string(k->vendor));
    (void)desk_note(a, "incident.opened", fields);
}

/* --- looking --- */

#define AT_ONCE 200u /* entries of one look; the next goes on */

typedef struct {
    uint64_t v[AT_ONCE], after;
    size_t n;
} fresh;

static void add_fresh(void *arg, const cu_store_entry *x)
{
    fresh *w = arg;
    if (x->index > w->after && w->n < AT_ONCE)
        w->v[w->n++] = x->index;
}

/* The newest entry of that type which an incident holds; false: none does. */
static bool handled(const json_t *incidents, const char *type, uint64_t *last)
{
    json_t *x;
    size_t i;
    bool any = false;
    *last = 0;
    json_array_foreach((json_t *)(uintptr_t)incidents, i, x) {
        const json_t *n = json_object_get(json_object_get(x, "fields"), "entry");
        if (strcmp(desk_text(x, "source"), type) != 0 || !json_is_integer(n))
            continue;
        any = true;
        if ((uint64_t)json_integer_value(n) > *last)
            *last = (uint64_t)json_integer_value(n);
    }
    return any;
}

/* Newest first in w: taken from its end, so that what is handled only grows. */
static void handle(app *a, const cu_runbook *book, const char *type, fresh *w)
{
    cause k, next;
    while (w->n && read_cause(a, type, w->v[w->n - 1], &k)) {
        uint64_t more = 1;
        for (w->n--; w->n && read_cause(a, type, w->v[w->n - 1], &next) && strcmp(next.tenant, k.tenant) == 0 && strcmp(next.vendor, k.vendor) == 0; w->n--, more++)
            k.index = next.index;
        json_t *all = desk_list(a, "incident", NULL, false), *same = same_subject(all, type, &k);
        if (same)
            (void)desk_note(a, "incident.seen_again", json_pack("{s:I,s:s,s:I}", "entry", (json_int_t)k.index, "incident", text_of(same, "id"), "more", (json_int_t)more));
        else
            open_incident(a, book, type, &k);
        json_decref(all);
    }
}

static void look_for(app *a, const cu_runbook *book, const char *type, const json_t *incidents)
{
    char log[80];
    uint64_t newest, total, last;
    bool any = handled(incidents, type, &last);
    if (cu_store_last_of(a->store, type, log, &newest) != CU_OK || strcmp(log, "org") != 0 || (any && newest <= last))
        return;
    fresh w = {.after = any ? last : 0};
    const cu_store_entry_filter filter = {.log = "org", .type = type};
    if (cu_store_entries(a->store, &filter, 0, AT_ONCE, add_fresh, &w, &total) == CU_OK)
        handle(a, book, type, &w);
}

void incidents_watch(app *a)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* two who look at once would open each incident twice */
    char type[CU_EVENT_NAME];
    json_t *x;
    size_t i;
    pthread_mutex_lock(&one);
    json_t *all = desk_list(a, "incident", NULL, false);
    for (size_t b = 0; b < a->runbooks->n; b++)
        for (size_t t = 0; t < a->runbooks->v[b].opens_n; t++) {
            snprintf(type, sizeof type, "%.*s", CU_FMT(a->runbooks->v[b].opens[t]));
            look_for(a, &a->runbooks->v[b], type, all);
        }
    json_decref(all);
    all = desk_list(a, "incident", NULL, true);
    json_array_foreach(all, i, x)
        tell_overdue(a, x);
    json_decref(all);
    pthread_mutex_unlock(&one);
}
