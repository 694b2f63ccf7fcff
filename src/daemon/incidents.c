/* Incidents in the API: each with its clocks, one with its runbook and what was done. */
#include <stdio.h>
#include "incident_desk.h"

static json_t *text(cu_bytes b)
{
    return json_stringn(b.p ? (const char *)b.p : "", b.n);
}

static json_t *severities(const cu_runbooks *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->severities_n; i++) {
        json_t *limits = json_object();
        for (unsigned c = 0; c < CU_CLOCKS; c++)
            json_object_set_new(limits, cu_clock_name((cu_clock)c), json_integer((json_int_t)(r->severities[i].limit_ns[c] / 1000000000)));
        json_array_append_new(list, json_pack("{s:o,s:o,s:o,s:o}", "id", text(r->severities[i].id), "label", text(r->severities[i].label), "means", text(r->severities[i].means), "limits_s", limits));
    }
    return list;
}

static json_t *runbooks(const cu_runbooks *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(list, json_pack("{s:o,s:o,s:o,s:o,s:i}", "id", text(r->v[i].id), "label", text(r->v[i].label), "when", text(r->v[i].when), "severity",
                                              text(r->v[i].severity), "steps", (int)r->v[i].steps_n));
    return list;
}

unsigned answer_incidents(call *c)
{
    json_t *all = desk_list(c->a, "incident", NULL, false), *exercises = desk_list(c->a, "exercise", NULL, false), *x;
    char now[CU_TIME_LEN];
    size_t i;
    cu_time_text(cu_now_ns(), now);
    json_array_foreach(all, i, x)
        json_object_set_new(x, "clocks", incident_clocks(c->a, x));
    desk_name_persons(c->a, all);
    desk_name_persons(c->a, exercises);
    return answer_json(c, json_pack("{s:s,s:o,s:o,s:o,s:o}", "now", now, "items", all, "exercises", exercises, "severities", severities(c->a->runbooks), "runbooks",
                                    runbooks(c->a->runbooks)));
}

static void add_step(void *steps, const cu_store_record *x)
{
    json_array_append_new(steps, desk_record_json(x));
}

/* Who did that step of the runbook, when, and with which note. */
static json_t *done_by(const json_t *steps, cu_bytes id)
{
    json_t *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)steps, i, x) {
        const char *type = json_string_value(json_object_get(x, "type"));
        if (type && strcmp(type, "incident.step_done") == 0 && cu_eq_str(id, desk_text(x, "step")))
            return json_pack("{s:O,s:O,s:s,s:O}", "at", json_object_get(x, "at"), "by", json_object_get(x, "by"), "note", desk_text(x, "note"), "entry", json_object_get(x, "entry"));
    }
    return json_null();
}

static json_t *runbook_json(const cu_runbook *b, const json_t *steps)
{
    json_t *list = json_array();
    for (size_t i = 0; b && i < b->steps_n; i++)
        json_array_append_new(list, json_pack("{s:o,s:o,s:o,s:o,s:o}", "id", text(b->steps[i].id), "phase", text(b->steps[i].phase), "do", text(b->steps[i].text), "proof",
                                              text(b->steps[i].proof), "done", done_by(steps, b->steps[i].id)));
    return b ? json_pack("{s:o,s:o,s:o,s:o}", "id", text(b->id), "label", text(b->label), "when", text(b->when), "steps", list) : (json_decref(list), json_null());
}

unsigned answer_incident(call *c)
{
    json_t *v = desk_raw(c->a, "incident", c->args[0]), *steps = json_array();
    if (!v || cu_store_record_steps(c->a->store, "incident", c->args[0], NULL, add_step, steps) != CU_OK) {
        json_decref(v);
        json_decref(steps);
        return problem(c, 404, "Not found", "There is no incident %.60s.", c->args[0]);
    }
    json_object_set_new(v, "clocks", incident_clocks(c->a, v));
    desk_name_persons(c->a, v);
    desk_name_persons(c->a, steps);
    json_object_set_new(v, "runbook", runbook_json(cu_runbook_find(c->a->runbooks, cu_str(desk_text(v, "kind"))), steps));
    json_object_set_new(v, "steps", steps);
    return answer_json(c, v);
}
