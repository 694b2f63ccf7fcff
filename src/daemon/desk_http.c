/* Registers and records in the API. */
#include <stdio.h>
#include "as_of.h"
#include "desk.h"
#include "desk_fields.h"
#include "limited.h"
#include "paths.h"

static json_t *text(cu_bytes b)
{
    return json_stringn(b.p ? (const char *)b.p : "", b.n);
}

static json_t *texts(const cu_bytes *v, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, text(v[i]));
    return list;
}

/* --- what there is --- */

static json_t *fields_json(const cu_event_field *v, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *f = json_pack("{s:o,s:s,s:b,s:o,s:b}", "name", text(v[i].name), "type", cu_field_type_name(v[i].type), "required", !v[i].optional && !v[i].may_be_empty,
                              "means", text(v[i].means), "person", desk_is_person(&v[i]));
        if (v[i].words_n)
            json_object_set_new(f, "words", texts(v[i].words, v[i].words_n));
        if (v[i].max)
            json_object_set_new(f, "max", json_integer(v[i].max));
        if (v[i].fields_n)
            json_object_set_new(f, "fields", fields_json(v[i].fields, v[i].fields_n));
        json_array_append_new(list, f);
    }
    return list;
}

static json_t *roles_json(unsigned roles)
{
    json_t *list = json_array();
    for (unsigned bit = ROLE_OWNER; bit <= ROLE_AUDITOR; bit <<= 1)
        if (roles & bit)
            json_array_append_new(list, json_string(role_name(bit)));
    return list;
}

static json_t *step_json(const cu_event *e)
{
    json_t *from = texts(e->from, e->from_n);
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:b,s:o}", "type", text(e->type), "label", text(e->label), "act", text(e->act), "means", text(e->means), "from", from,
                     "to", text(e->to), "roles", roles_json(e->roles), "other_than", texts(e->other_than, e->other_than_n), "log",
                     cu_event_log_name(e->log), "opens", e->opens, "fields", fields_json(e->fields, e->fields_n));
}

static json_t *register_json(const cu_events *all, const cu_register *r)
{
    json_t *states = json_array(), *steps = json_array();
    for (size_t i = 0; i < r->states_n; i++)
        json_array_append_new(states, json_pack("{s:o,s:o,s:o,s:b}", "name", text(r->states[i].name), "label", text(r->states[i].label), "tone",
                                                text(r->states[i].tone), "ends", r->states[i].ends));
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].reg == r)
            json_array_append_new(steps, step_json(&all->v[i]));
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:o,s:o}", "name", text(r->name), "label", text(r->label), "plural", text(r->plural), "area",
                     text(r->area), "means", text(r->means), "counted", r->prefix.n != 0, "columns", texts(r->columns, r->columns_n), "states", states, "steps", steps);
}

typedef struct {
    const call *c;
    const cu_register *r;
    json_t *tally;
} counting;

static void count_state(void *arg, const cu_store_record *x)
{
    counting *k = arg;
    json_t *v = limited(k->c) ? desk_record_json(x) : NULL;
    if (!v || limit_record(k->c, k->r, v))
        json_object_set_new(k->tally, x->state, json_integer(json_integer_value(json_object_get(k->tally, x->state)) + 1));
    json_decref(v);
}

/* How many records in which state; of who is limited those that are hers to see. */
static cu_err count_states(call *c, const cu_register *r, json_t *tally)
{
    char name[CU_EVENT_NAME];
    counting k = {c, r, tally};
    snprintf(name, sizeof name, "%.*s", CU_FMT(r->name));
    const char *until = c->who.to[0] && !r->examination ? c->who.to : NULL;
    return cu_store_records(c->a->store, &(cu_store_record_filter){.reg = name, .as_of = until}, 0, 100000, count_state, &k);
}

unsigned answer_registers(call *c)
{
    const cu_events *all = c->a->events;
    json_t *list = json_array();
    for (size_t i = 0; i < all->registers_n; i++) {
        json_t *r = register_json(all, &all->registers[i]), *tally = json_object();
        cu_err e = count_states(c, &all->registers[i], tally);
        json_object_set_new(r, "counts", tally);
        json_array_append_new(list, r);
        if (e != CU_OK) {
            json_decref(list);
            return problem(c, 500, "The registers could not be read", "%s", cu_err_text(e));
        }
    }
    return answer_json(c, json_pack("{s:o}", "registers", list));
}

/* --- records --- */

typedef struct {
    call *c;
    const cu_register *r;
    json_t *items;
    uint64_t row;
    size_t read;  /* with those that are not shown */
    bool history; /* steps of one record, which was looked at already */
} page;

static bool shown(const page *p, const cu_store_record *x, const json_t *v)
{
    return p->history ? p->r->examination || limit_time(p->c, x->at) : limit_record(p->c, p->r, v);
}

static void add(void *arg, const cu_store_record *x)
{
    page *p = arg;
    json_t *v = desk_record_json(x);
    p->row = x->row;
    p->read++;
    if (limited(p->c) && !shown(p, x, v)) {
        json_decref(v);
        return;
    }
    desk_name_persons(p->c->a, v);
    json_array_append_new(p->items, v);
}

/* The work of an examination is seen whatever the window; of the rest what was so at its end. */
static unsigned keep_to_window(call *c, const cu_register *r)
{
    if (!limited(c))
        return 0;
    if (!r->examination)
        return limit_moment(c);
    limit_lift(c);
    return 0;
}

static const char *given(const call *c, const char *name)
{
    const char *v = c->query(c->query_arg, name);
    return v ? v : "";
}

static bool log_asked(const call *c, char out[80])
{
    const char *tenant = given(c, "tenant");
    bool org = strcmp(tenant, CU_TENANT_ORG) == 0;
    snprintf(out, 80, *tenant && !org ? "t/%.70s" : "%.70s", tenant);
    return !*tenant || org || knows_tenant(c->a, tenant);
}

unsigned answer_records(call *c)
{
    char log[80], ended[DESK_STATES] = "";
    moment m;
    page_asked p;
    page out = {.c = c, .r = cu_register_find(c->a->events, cu_str(given(c, "register")))};
    if (!out.r)
        return problem(c, 400, "Malformed", "register is the name of one; GET /api/v1/registers lists them.");
    unsigned status = keep_to_window(c, out.r);
    if (!status)
        status = as_of(c, &m);
    if (status)
        return status;
    if (!read_page(c, 1000, &p))
        return problem(c, 400, "Malformed", "limit is a number from 1 to 1000, cursor the next_cursor of an answer.");
    if (!log_asked(c, log))
        return unknown_tenant(c, given(c, "tenant"));
    if (strcmp(given(c, "open"), "yes") == 0)
        desk_ended_states(c->a, given(c, "register"), ended);
    const cu_store_record_filter w = {.reg = given(c, "register"), .state = given(c, "state"), .log = log, .as_of = m.given ? m.text : NULL, .ended = ended};
    out.items = json_array();
    cu_err e = cu_store_records(c->a->store, &w, p.before, p.limit, add, &out);
    if (e != CU_OK) {
        json_decref(out.items);
        return problem(c, 500, "The records could not be read", "%s", cu_err_text(e));
    }
    json_t *next = out.read == p.limit ? json_sprintf("%llu", (unsigned long long)out.row) : json_null();
    return answer_json(c, json_pack("{s:o,s:o}", "items", out.items, "next_cursor", next));
}

unsigned answer_record(call *c)
{
    moment m;
    page steps = {.c = c, .r = cu_register_find(c->a->events, cu_str(c->args[0])), .history = true};
    if (!steps.r)
        return problem(c, 404, "Not found", "There is no register %.40s.", c->args[0]);
    unsigned status = keep_to_window(c, steps.r);
    if (!status)
        status = as_of(c, &m);
    if (status)
        return status;
    json_t *v = desk_raw_at(c->a, c->args[0], c->args[1], m.given ? m.text : NULL);
    if (v && limited(c) && !limit_record(c, steps.r, v)) {
        json_decref(v);
        return beyond(c);
    }
    if (!v)
        return limited(c) ? beyond(c) : problem(c, 404, "Not found", "There is no %.40s %.60s.", c->args[0], c->args[1]);
    desk_name_persons(c->a, v);
    steps.items = json_array();
    cu_err e = cu_store_record_steps(c->a->store, c->args[0], c->args[1], m.given ? m.text : NULL, add, &steps);
    json_object_set_new(v, "steps", steps.items);
    if (e == CU_OK)
        return answer_json(c, v);
    json_decref(v);
    return problem(c, 500, "The record could not be read", "%s", cu_err_text(e));
}

/* Whether who is limited may take this step: of a record that is hers to see, about a control of hers, in a log of
 * hers, and, but in the examination itself, while her window lasts. */
static bool step_within(call *c, const cu_event *e, const char *tenant, const json_t *fields)
{
    char reg[CU_EVENT_NAME];
    const char *control = json_string_value(json_object_get(fields, "control"));
    snprintf(reg, sizeof reg, "%.*s", CU_FMT(e->reg->name));
    const char *id = json_string_value(json_object_get(fields, reg));
    json_t *now = id && *id ? desk_raw(c->a, reg, id) : NULL;
    bool seen = !now || limit_record(c, e->reg, now);
    json_decref(now);
    return seen && (!control || !*control || limit_control(c, control)) &&
           (e->reg->examination || (limit_tenant(c, tenant && *tenant ? tenant : CU_TENANT_ORG) && limit_now(c)));
}

unsigned desk_refused(call *c, cu_err e, const cu_fault *f)
{
    const char *why = f->code ? f->text : cu_err_text(e);
    switch (e) {
    case CU_NOT_FOUND: return problem(c, 404, "Not found", "%s.", why);
    case CU_DENIED: return problem(c, 403, "Not allowed", "%s.", why);
    case CU_STATE:
    case CU_EXISTS: return problem(c, 409, "Not possible now", "%s.", why);
    case CU_SYNTAX:
    case CU_TOO_BIG:
    case CU_CONFIG: return problem(c, 400, "Malformed", "%s.", why);
    default: return problem(c, 503, "Not recorded", "%s.", why);
    }
}

unsigned take_record_step(call *c)
{
    cu_fault f = {0};
    json_t *record = NULL, *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(in, "type")), *tenant = json_string_value(json_object_get(in, "tenant"));
    const desk_actor who = {.actor = c->actor, .roles = c->role};
    const cu_event *event = type ? cu_event_find(c->a->events, cu_str(type)) : NULL;
    if (limited(c) && event && event->reg && !step_within(c, event, tenant, json_object_get(in, "fields"))) {
        json_decref(in);
        return beyond(c);
    }
    cu_err e = type ? desk_take(c->a, &who, type, tenant, json_object_get(in, "fields"), &record, &f)
                    : cu_fail(&f, CU_SYNTAX, "an object with type and fields is expected");
    json_decref(in);
    if (e != CU_OK)
        return desk_refused(c, e, &f);
    desk_name_persons(c->a, record);
    unsigned status = answer_json(c, record);
    return status == 200 ? 201 : status;
}
