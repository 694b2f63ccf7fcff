#include "service_desk.h"
#include <stdio.h>
#include "incident_desk.h"
#include "store/service.h"

#define DAY_NS (86400ull * 1000000000)
#define ORPHAN_NS (900ull * 1000000000) /* after that a request without an end is told */
#define DAYS_SHOWN 30u
#define SERIES_MAX 90u
#define OF 100000u /* of availability */

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static uint64_t number(const json_t *record, const char *field)
{
    json_int_t n = json_integer_value(json_object_get(json_object_get(record, "fields"), field));
    return n > 0 ? (uint64_t)n : 0;
}

cu_err service_check_set(desk_step *s, cu_fault *f)
{
    json_int_t target = json_integer_value(json_object_get(s->fields, "target")), days = json_integer_value(json_object_get(s->fields, "window_days"));
    bool availability = strcmp(text_of(s->fields, "measure"), "availability") == 0;
    const char *commitment = text_of(s->fields, "commitment");
    json_t *promise = *commitment ? desk_raw(s->a, "commitment", commitment) : NULL;
    bool known = !*commitment || promise;
    json_decref(promise);
    if (target < 1 || target > (availability ? (json_int_t)OF : 600000))
        return cu_fail(f, CU_SYNTAX, availability ? "target is 1 to 100000: 99900 of 100,000 is 99.9 %%" : "target is 1 to 600000 milliseconds");
    if (days < 1 || days > 366)
        return cu_fail(f, CU_SYNTAX, "window_days is 1 to 366");
    return known ? CU_OK : cu_fail(f, CU_NOT_FOUND, "commitment: there is none of the id %.60s", commitment);
}

/* --- measuring --- */

typedef struct {
    char from[CU_TIME_LEN], to[CU_TIME_LEN];
    uint64_t counted, bad, value; /* value: as the target of the measure; of nothing counted there is none */
    bool met;
} measured;

static void add_day(void *arg, const char *day, uint64_t counted, uint64_t bad)
{
    measured *m = arg;
    m->counted += counted;
    m->bad += bad;
}

static cu_err measure(app *a, const json_t *level, uint64_t now_ns, measured *m)
{
    const char *what = desk_text(level, "measure");
    uint64_t target = number(level, "target");
    char open[CU_TIME_LEN];
    *m = (measured){.met = true};
    cu_time_text(now_ns - number(level, "window_days") * DAY_NS, m->from);
    cu_time_text(now_ns, m->to);
    cu_time_text(now_ns - ORPHAN_NS, open);
    if (strcmp(what, "availability") == 0) {
        CU_TRY(cu_store_availability(a->store, m->from, m->to, open, add_day, m));
        m->value = m->counted ? (m->counted - m->bad) * OF / m->counted : 0;
        m->met = !m->counted || m->value >= target;
        return CU_OK;
    }
    cu_store_gate g;
    CU_TRY(cu_store_gate_ms(a->store, m->from, m->to, strcmp(what, "gate_ms_p99") == 0 ? 99 : 95, target, &g));
    *m = (measured){.counted = g.counted, .bad = g.over, .value = g.ms, .met = !g.counted || g.ms <= target};
    cu_time_text(now_ns - number(level, "window_days") * DAY_NS, m->from);
    cu_time_text(now_ns, m->to);
    return CU_OK;
}

static json_t *measured_json(const measured *m)
{
    json_t *v = json_pack("{s:I,s:I,s:s,s:s}", "bad", (json_int_t)m->bad, "counted", (json_int_t)m->counted, "from", m->from, "to", m->to);
    if (m->counted)
        json_object_set_new(v, "value", json_integer((json_int_t)m->value));
    return v;
}

static bool take(app *a, const char *type, const char *id, json_t *fields)
{
    json_object_set_new(fields, "slo", json_string(id));
    return desk_note(a, type, fields);
}

/* Nothing that counts breaks no level and mends none. */
static bool sample(app *a, const json_t *level, uint64_t now_ns)
{
    measured m;
    const char *id = text_of(level, "id");
    bool kept = strcmp(text_of(level, "state"), "kept") == 0;
    if (measure(a, level, now_ns, &m) != CU_OK || !take(a, "slo.sampled", id, measured_json(&m)))
        return false;
    if (kept && !m.met) {
        json_t *fields = measured_json(&m);
        json_object_set_new(fields, "name", json_string(desk_text(level, "name")));
        return take(a, "slo.breached", id, fields);
    }
    return kept || !m.met || !m.counted || take(a, "slo.met_again", id, measured_json(&m));
}

void services_watch(app *a)
{
    char today[CU_TIME_LEN];
    uint64_t now = cu_now_ns();
    json_t *all = desk_list(a, "slo", NULL, true), *x;
    size_t i;
    cu_time_text(now, today);
    json_array_foreach(all, i, x)
        if (strncmp(desk_text(x, "to"), today, 10) < 0)
            (void)sample(a, x, now);
    json_decref(all);
}

/* --- in the API --- */

static void add_sample(void *arg, const cu_store_record *x)
{
    json_t *series = arg, *fields = strcmp(x->type, "slo.sampled") == 0 ? json_loads(x->fields, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (fields)
        json_array_append_new(series, json_pack("{s:s,s:O?,s:O?,s:I}", "at", x->at, "value", json_object_get(fields, "counted") && json_integer_value(json_object_get(fields, "counted")) ? json_object_get(fields, "value") : NULL,
                                                "counted", json_object_get(fields, "counted"), "entry", (json_int_t)x->last));
    json_decref(fields);
    if (json_array_size(series) > SERIES_MAX)
        json_array_remove(series, 0);
}

static json_t *level_json(app *a, json_t *level, uint64_t now_ns)
{
    measured m;
    json_t *series = json_array();
    cu_err e = measure(a, level, now_ns, &m);
    if (cu_store_record_steps(a->store, "slo", text_of(level, "id"), NULL, add_sample, series) != CU_OK)
        json_array_clear(series);
    json_t *now = e == CU_OK ? measured_json(&m) : json_null();
    if (e == CU_OK)
        json_object_set_new(now, "met", m.counted ? json_boolean(m.met) : json_null());
    json_object_set_new(level, "now", now);
    json_object_set_new(level, "series", series);
    return level;
}

static void add_shown(void *arg, const char *day, uint64_t counted, uint64_t bad)
{
    json_array_append_new(arg, json_pack("{s:s,s:I,s:I}", "day", day, "counted", (json_int_t)counted, "bad", (json_int_t)bad));
}

/* What a status page shows: availability by day, and outages that are not over. */
static json_t *status_of(app *a, uint64_t now_ns)
{
    char from[CU_TIME_LEN], to[CU_TIME_LEN], open[CU_TIME_LEN];
    json_t *days = json_array(), *outages = json_array(), *all = desk_list(a, "incident", NULL, true), *x;
    size_t i;
    cu_time_text((now_ns / DAY_NS - DAYS_SHOWN + 1) * DAY_NS, from);
    cu_time_text(now_ns, to);
    cu_time_text(now_ns - ORPHAN_NS, open);
    if (cu_store_availability(a->store, from, to, open, add_shown, days) != CU_OK)
        json_array_clear(days);
    json_array_foreach(all, i, x)
        if (strcmp(desk_text(x, "kind"), "outage") == 0)
            json_array_append_new(outages, json_pack("{s:s,s:s,s:s,s:s}", "id", text_of(x, "id"), "title", desk_text(x, "title"), "state", text_of(x, "state"), "detected", desk_text(x, "detected")));
    json_decref(all);
    return json_pack("{s:s,s:s,s:o,s:o}", "from", from, "to", to, "days", days, "outages", outages);
}

unsigned answer_service_levels(call *c)
{
    uint64_t now = cu_now_ns();
    json_t *all = desk_list(c->a, "slo", NULL, false), *x;
    size_t i;
    json_array_foreach(all, i, x)
        (void)level_json(c->a, x, now);
    return answer_json(c, json_pack("{s:o,s:o}", "items", all, "status", status_of(c->a, now)));
}

unsigned sample_service_levels(call *c)
{
    uint64_t now = cu_now_ns();
    json_t *all = desk_list(c->a, "slo", NULL, true), *x;
    size_t i;
    bool good = true;
    json_array_foreach(all, i, x)
        good &= sample(c->a, x, now);
    json_decref(all);
    if (!good)
        return problem(c, 503, "Not measured", "One of the service levels could not be measured and recorded; see the daemon's messages.");
    unsigned status = answer_service_levels(c);
    return status == 200 ? 201 : status;
}
