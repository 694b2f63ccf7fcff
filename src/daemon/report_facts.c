/* The figures of a report, each with where it comes from. */
#include "report_desk.h"
#include <stdio.h>
#include <stdlib.h>
#include "desk.h"

static const char *const given[] = {"from", "to", "as_of", "days", "organisation"};

bool report_fact_known(cu_bytes name)
{
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (cu_eq_str(name, given[i]))
            return true;
    for (unsigned i = 0; i < 2; i++) {
        cu_bytes of = cu_str(i ? "controls_" : "criteria_");
        if (!cu_starts(name, of))
            continue;
        cu_bytes state = cu_slice(name, of.n, name.n);
        for (unsigned s = 0; s < CU_STATE_COUNT; s++)
            if (cu_eq_str(state, cu_state_name((cu_state)s)))
                return true;
        return cu_eq_str(state, "total");
    }
    return policy_fact_known(name);
}

json_t *report_log_name(const char *folder)
{
    return strncmp(folder, "t/", 2) == 0 ? json_sprintf("t:%s", folder + 2) : json_string(folder);
}

static json_t *texts(const cu_bytes *v, size_t n)
{
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, json_stringn((const char *)v[i].p, v[i].n));
    return all;
}

/* --- entries --- */

static void newest(void *arg, const cu_store_entry *x)
{
    uint64_t *last = arg;
    *last = *last == UINT64_MAX || x->index > *last ? x->index : *last;
}

json_t *report_count(report_making *m, const cu_bytes *types, size_t types_n, uint64_t *count)
{
    json_t *logs = json_array();
    *count = 0;
    for (size_t i = 0; i < m->logs_n; i++) {
        uint64_t here = 0, last = UINT64_MAX;
        for (size_t k = 0; k < types_n; k++) {
            char type[CU_EVENT_NAME];
            uint64_t n = 0;
            snprintf(type, sizeof type, "%.*s", CU_FMT(types[k]));
            const cu_store_entry_filter w = {.log = m->logs[i], .type = type, .from = m->from, .to = m->to};
            if (cu_store_entries(m->a->store, &w, 0, 1, newest, &last, &n) != CU_OK)
                m->failed = true;
            here += n;
        }
        if (!here)
            continue;
        *count += here;
        json_array_append_new(logs, json_pack("{s:o,s:I,s:I,s:I}", "log", report_log_name(m->logs[i]), "count", (json_int_t)here, "last", (json_int_t)last, "size",
                                              (json_int_t)m->sizes[i]));
    }
    if (!json_array_size(logs)) /* nothing: looked for in all of them */
        for (size_t i = 0; i < m->logs_n; i++)
            json_array_append_new(logs, json_pack("{s:o,s:i,s:I}", "log", report_log_name(m->logs[i]), "count", 0, "size", (json_int_t)m->sizes[i]));
    return json_pack("{s:s,s:o,s:s,s:s,s:o}", "kind", "entries", "types", texts(types, types_n), "from", m->from, "to", m->to, "logs", logs);
}

/* --- facts --- */

static json_t *figure(cu_bytes name, uint64_t n, json_t *source)
{
    return json_pack("{s:o,s:s%,s:I,s:o}", "t", json_sprintf("%llu", (unsigned long long)n), "fact", name.p, name.n, "value", (json_int_t)n, "source", source);
}

static json_t *counted(report_making *m, const cu_report_fact *x)
{
    uint64_t n = 0;
    if (!x->reg.n) {
        json_t *source = report_count(m, x->list, x->list_n, &n);
        return figure(x->name, n, source);
    }
    json_t *records = report_records(m, x->reg, x->list, x->list_n);
    n = json_array_size(records);
    json_decref(records);
    return figure(x->name, n, json_pack("{s:s,s:s%,s:o,s:s}", "kind", "records", "register", x->reg.p, x->reg.n, "states", texts(x->list, x->list_n), "as_of", m->as_of));
}

static bool state_of(cu_bytes name, const char *of, const char **state)
{
    if (!cu_starts(name, cu_str(of)))
        return false;
    *state = NULL;
    for (unsigned s = 0; s < CU_STATE_COUNT; s++)
        if (cu_eq_str(cu_slice(name, strlen(of), name.n), cu_state_name((cu_state)s)))
            *state = cu_state_name((cu_state)s);
    return *state || cu_eq_str(cu_slice(name, strlen(of), name.n), "total");
}

static json_t *of_states(report_making *m, cu_bytes name)
{
    const char *state;
    bool criteria = state_of(name, "criteria_", &state);
    if (!criteria && !state_of(name, "controls_", &state))
        return NULL;
    size_t all = criteria ? m->a->catalogue->criteria_n : m->a->catalogue->controls_n, n = 0;
    for (size_t i = 0; i < all; i++)
        n += !state || strcmp(state, cu_state_name(criteria ? m->criteria[i] : m->controls[i].state)) == 0;
    return figure(name, n, json_pack("{s:s,s:s,s:s,s:s}", "kind", "states", "of", criteria ? "criteria" : "controls", "state", state ? state : "", "as_of", m->as_of));
}

static unsigned days_of(const report_making *m)
{
    uint64_t from = 0, to = 0;
    return cu_status_time(cu_str(m->from), &from) && cu_status_time(cu_str(m->to), &to) ? (unsigned)((to - from + 86399999) / 86400000) : 0;
}

/* A day when it is the first moment of one, else to the minute; the head of a report has it exactly. */
static void short_time(const char *at, char out[40])
{
    if (strcmp(at + 10, "T00:00:00.000Z") == 0)
        snprintf(out, 40, "%.10s", at);
    else
        snprintf(out, 40, "%.10s %.5s UTC", at, at + 11);
}

json_t *report_fact(report_making *m, cu_bytes name)
{
    char days[16], from[40], to[40], as_of[40];
    const char *plain = NULL;
    const cu_report_fact *x = cu_report_fact_find(m->a->reports, name);
    if (x)
        return counted(m, x);
    json_t *v = of_states(m, name);
    if (v)
        return v;
    snprintf(days, sizeof days, "%u", days_of(m));
    short_time(m->from, from);
    short_time(m->to, to);
    short_time(m->as_of, as_of);
    const char *const values[] = {from, to, as_of, days, m->organisation};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (cu_eq_str(name, given[i]))
            plain = values[i];
    if (plain) /* asked for, and no figure */
        return json_pack("{s:s}", "t", plain);
    for (size_t i = 0; i < POLICY_FACTS; i++)
        if (cu_eq_str(name, m->settings[i].name))
            return json_pack("{s:s,s:s,s:{s:s,s:s}}", "t", m->settings[i].value, "fact", m->settings[i].name, "source", "kind", "setting", "setting", m->settings[i].setting);
    return NULL;
}
