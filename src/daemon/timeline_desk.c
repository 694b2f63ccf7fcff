#include "timeline_desk.h"
#include <stdio.h>
#include <stdlib.h>
#include "comply/status.h"
#include "findings.h"

#define DAY 86400ull

static uint64_t seconds(const char *text)
{
    uint64_t ms = 0;
    return *text && cu_status_time(cu_str(text), &ms) ? ms / 1000 : 0;
}

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* --- a plan as it stands --- */

typedef struct {
    const cu_timeline *t;
    timeline_state *s;
    json_t *steps; /* of the engagement: type to time of the newest */
} reading_steps;

static void take_step(void *arg, const cu_store_record *x)
{
    reading_steps *r = arg;
    json_t *fields = json_loads(x->fields, 0, NULL);
    const cu_milestone *m = cu_milestone_find(r->t, text_of(fields, "milestone"));
    size_t i = m ? (size_t)(m - r->t->v) : 0;
    json_object_set_new(r->steps, x->type, json_string(x->at));
    if (m && strcmp(x->type, "timeline.moved") == 0)
        r->s->asked.moved[i] = seconds(text_of(fields, "date"));
    else if (m && strcmp(x->type, "milestone.reached") == 0)
        r->s->noted[i] = seconds(x->at);
    else if (m && strcmp(x->type, "timeline.slipped") == 0)
        r->s->slipped[i] = seconds(text_of(fields, "passed"));
    json_decref(fields);
}

static cu_err read_asked(app *a, const json_t *record, timeline_state *s, json_t *steps)
{
    reading_steps r = {a->timeline, s, steps};
    const json_t *fields = json_object_get(record, "fields");
    s->asked.months = (unsigned)json_integer_value(json_object_get(fields, "months"));
    s->asked.fast = strcmp(text_of(fields, "pace"), "fast") == 0;
    s->asked.start = seconds(text_of(fields, "start"));
    s->asked.report_by = s->asked.start ? 0 : seconds(text_of(fields, "report_by"));
    s->asked.from = seconds(text_of(fields, "from")); /* once it is opened */
    s->asked.to = seconds(text_of(fields, "to"));
    return cu_store_record_steps(a->store, "engagement", text_of(record, "id"), NULL, take_step, &r);
}

static bool fits(const cu_milestone_proof *p, const json_t *record)
{
    const json_t *v = p->field ? json_object_get(json_object_get(record, "fields"), p->field) : NULL;
    if (!p->field)
        return true;
    return json_is_boolean(v) ? (strcmp(p->value, "true") == 0) == json_is_true(v) : json_is_string(v) && strcmp(json_string_value(v), p->value) == 0;
}

static void put_proof(json_t *list, json_t *what, bool holds, json_t *found)
{
    json_array_append_new(list, json_pack("{s:o,s:b,s:o}", "what", what, "holds", holds, "found", found));
}

/* Steps of an engagement are this one's: what was locked, signed or issued for the last report proves nothing of the next. */
static bool entries_hold(app *a, const cu_milestone_proof *p, const json_t *steps, uint64_t from, json_t *list)
{
    cu_store_events e = {0};
    const cu_event *x = cu_event_find(a->events, cu_str(p->what));
    bool ok = true;
    if (x && x->reg && cu_eq_str(x->reg->name, "engagement")) {
        snprintf(e.last, sizeof e.last, "%s", text_of(steps, p->what));
        e.count = e.last[0] != 0;
    } else {
        ok = cu_store_events_of(a->store, p->what, &e) == CU_OK;
    }
    ok &= e.count && (!p->in_window || seconds(e.last) >= from);
    put_proof(list, json_sprintf("an entry %s%s", p->what, p->in_window ? " within the window" : ""), ok,
              e.count ? json_sprintf("%llu, the last of %.10s", (unsigned long long)e.count, e.last) : json_string("none"));
    return ok;
}

static bool records_hold(app *a, const cu_milestone_proof *p, json_t *list)
{
    json_t *all = desk_list(a, p->what, p->state, false), *x;
    size_t i, n = 0;
    json_array_foreach(all, i, x)
        n += fits(p, x);
    json_decref(all);
    bool ok = (n == 0) == (p->kind == CU_PROOF_NONE);
    put_proof(list, json_sprintf("%s of the register %s%s%s%s%s%s%s", p->kind == CU_PROOF_NONE ? "no record" : "a record", p->what, p->state ? " in the state " : "",
                                 p->state ? p->state : "", p->field ? ", " : "", p->field ? p->field : "", p->field ? " " : "", p->field ? p->value : ""),
              ok, json_sprintf("%zu", n));
    return ok;
}

static bool control_holds(const cu_milestone_proof *p, const json_t *states, json_t *list)
{
    const char *state = text_of(states, p->what);
    bool ok = strcmp(state, "met") == 0 || strcmp(state, "not_applicable") == 0;
    put_proof(list, json_sprintf("the control %s is met", p->what), ok, json_string(state));
    return ok;
}

static void keep_state(void *arg, const cu_control_status *st)
{
    char id[32];
    snprintf(id, sizeof id, "%.*s", CU_FMT(st->control->id));
    json_object_set_new(arg, id, json_string(cu_state_name(st->state)));
}

static bool is_out(const cu_milestone_proof *p, const json_t *states, json_t *list)
{
    bool out = p->unless && strcmp(text_of(states, p->unless), "not_applicable") == 0;
    if (out)
        put_proof(list, json_sprintf("nothing, as %s is out of scope", p->unless), true, json_string("not_applicable"));
    return out;
}

static void prove(app *a, timeline_state *s, const json_t *steps, uint64_t from)
{
    const cu_timeline *t = a->timeline;
    json_t *states = json_object();
    states_each(a, cu_now_ns() / 1000000, keep_state, states);
    for (size_t i = 0; i < t->n; i++) {
        const cu_milestone *m = &t->v[i];
        json_t *list = json_array();
        bool ok = true;
        for (size_t k = 0; k < m->proofs_n; k++) {
            const cu_milestone_proof *p = &m->proofs[k];
            bool one = is_out(p, states, list)               ? true
                       : p->kind == CU_PROOF_ENTRIES ? entries_hold(a, p, steps, from, list) : p->kind == CU_PROOF_CONTROL ? control_holds(p, states, list) : records_hold(a, p, list);
            ok &= one;
        }
        for (size_t k = 0; k < m->needs_n; k++)
            ok &= s->noted[m->needs[k]] || s->holds[m->needs[k]];
        s->holds[i] = ok;
        s->asked.reached[i] = s->noted[i] ? s->noted[i] : ok ? s->asked.now : 0;
        json_array_append_new(s->proofs, list);
    }
    json_decref(states);
}

cu_err timeline_read(app *a, const json_t *record, timeline_state *s)
{
    cu_plan frame;
    json_t *steps = json_object();
    s->asked.now = cu_now_ns() / 1000000000;
    s->proofs = json_array();
    cu_err e = record ? read_asked(a, record, s, steps) : CU_OK;
    if (e == CU_OK)
        e = cu_timeline_plan(a->timeline, &s->asked, &frame);
    if (e == CU_OK && record)
        prove(a, s, steps, frame.from);
    json_decref(steps);
    return e == CU_OK ? cu_timeline_plan(a->timeline, &s->asked, &s->plan) : e;
}

json_t *timeline_current(app *a)
{
    json_t *all = desk_list(a, "engagement", NULL, true), *first = json_incref(json_array_get(all, 0));
    json_decref(all);
    return first;
}

/* --- steps --- */

static cu_err known_categories(desk_step *s, cu_fault *f)
{
    json_t *x;
    size_t i;
    json_array_foreach(json_object_get(s->fields, "categories"), i, x) {
        size_t k = 0;
        while (k < s->a->catalogue->categories_n && !cu_eq_str(s->a->catalogue->categories[k], json_string_value(x)))
            k++;
        if (k == s->a->catalogue->categories_n)
            return cu_fail(f, CU_SYNTAX, "categories: there is none of the name %.40s", json_string_value(x));
    }
    return CU_OK;
}

cu_err timeline_check_plan(desk_step *s, cu_fault *f)
{
    json_int_t months = json_integer_value(json_object_get(s->fields, "months"));
    bool one_day = strcmp(text_of(s->fields, "kind"), "type1") == 0;
    if (one_day != (months == 0) || months < 0 || months > (json_int_t)CU_WINDOW_MONTHS || months % 3)
        return cu_fail(f, CU_SYNTAX, "months is 3, 6, 9 or 12 for type2, and 0 for type1");
    if (!*text_of(s->fields, "start") == !*text_of(s->fields, "report_by"))
        return cu_fail(f, CU_SYNTAX, "either start or report_by is needed, and not both");
    return known_categories(s, f);
}

cu_err timeline_check_move(desk_step *s, cu_fault *f)
{
    const char *id = text_of(s->fields, "milestone");
    return cu_milestone_find(s->a->timeline, id) ? CU_OK : cu_fail(f, CU_SYNTAX, "milestone: catalog/timeline.yaml has none of the id %.20s", id);
}

static void set_time(json_t *fields, const char *name, uint64_t at)
{
    char text[CU_TIME_LEN];
    cu_time_text(at * 1000000000, text);
    json_object_set_new(fields, name, json_string(text));
}

/* The day is not over yet: a window never begins in the past. */
cu_err period_check_open(desk_step *s, cu_fault *f)
{
    uint64_t now = cu_now_ns() / 1000000000, from = seconds(text_of(s->fields, "from"));
    json_int_t months = json_integer_value(json_object_get(json_object_get(s->now, "fields"), "months"));
    if (from < now / DAY * DAY)
        return cu_fail(f, CU_SYNTAX, "from: a window is not opened for days that are over; the first day possible is today");
    set_time(s->fields, "from", from);
    set_time(s->fields, "to", months ? cu_months_later(from, (int)months) : from + DAY);
    return CU_OK;
}

typedef struct {
    uint64_t org, anchor;
} sizes;

static bool keep_size(void *arg, const char *log, uint64_t size)
{
    sizes *z = arg;
    if (strcmp(log, CU_TENANT_ORG) == 0)
        z->org = size;
    if (strcmp(log, "anchor") == 0)
        z->anchor = size;
    return true;
}

cu_err period_check_lock(desk_step *s, cu_fault *f)
{
    sizes z = {0};
    uint64_t now = cu_now_ns() / 1000000000, from = seconds(desk_text(s->now, "from")), to = seconds(desk_text(s->now, "to")), until = seconds(text_of(s->fields, "until"));
    if (!until)
        until = to;
    if (until > now || until <= from || until > to)
        return cu_fail(f, CU_STATE, "what is locked ends within the window and is over: until (the window's end when it is not given) is still to come, or outside of it");
    CU_TRY(cu_store_reaches(s->a->store, keep_size, &z));
    set_time(s->fields, "until", until);
    json_object_set_new(s->fields, "org", json_integer((json_int_t)z.org));
    json_object_set_new(s->fields, "anchor", json_integer((json_int_t)z.anchor));
    return CU_OK;
}

/* First and last of the dates that say when something took place; false: there is none. */
static bool span_of(const cu_event *e, const json_t *fields, uint64_t *first, uint64_t *last)
{
    char name[CU_EVENT_NAME];
    *first = UINT64_MAX;
    *last = 0;
    for (size_t i = 0; i < e->fields_n; i++) {
        if (!e->fields[i].dated)
            continue;
        snprintf(name, sizeof name, "%.*s", CU_FMT(e->fields[i].name));
        uint64_t at = seconds(text_of(fields, name));
        *first = at && at < *first ? at : *first;
        *last = at > *last ? at : *last;
    }
    return *last != 0;
}

cu_err period_check_dated(app *a, const cu_event *e, const json_t *fields, cu_fault *f)
{
    uint64_t first, last;
    json_t *all, *x;
    size_t i;
    cu_err err = CU_OK;
    if (!span_of(e, fields, &first, &last))
        return CU_OK;
    all = desk_list(a, "engagement", NULL, false);
    json_array_foreach(all, i, x)
        if (err == CU_OK && *desk_text(x, "until") && first < seconds(desk_text(x, "until")) && last >= seconds(desk_text(x, "from")))
            err = cu_fail(f, CU_STATE, "%s locked the period from %.10s to %.19sZ: nothing is dated into it any more; say what was late in a record of today",
                          text_of(x, "id"), desk_text(x, "from"), desk_text(x, "until"));
    json_decref(all);
    return err;
}

/* --- by the clock --- */

static json_t *proof_words(const json_t *proofs)
{
    json_t *out = json_array(), *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)proofs, i, x)
        json_array_append_new(out, json_pack("{s:O,s:O}", "found", json_object_get(x, "found"), "what", json_object_get(x, "what")));
    return out;
}

static void watch_one(app *a, const json_t *record)
{
    timeline_state s = {0};
    const cu_timeline *t = a->timeline;
    bool going_on = strcmp(text_of(record, "state"), "reported") != 0;
    char at[CU_TIME_LEN];
    if (timeline_read(a, record, &s) != CU_OK) {
        json_decref(s.proofs);
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (s.holds[i] && !s.noted[i])
            desk_note(a, "milestone.reached", json_pack("{s:s,s:s,s:o}", "engagement", text_of(record, "id"), "milestone", t->v[i].id, "proof", proof_words(json_array_get(s.proofs, i))));
        if (going_on && !s.holds[i] && !s.noted[i] && s.plan.v[i].date + DAY <= s.asked.now && s.slipped[i] != s.plan.v[i].date) {
            cu_time_text(s.plan.v[i].date * 1000000000, at);
            desk_note(a, "timeline.slipped", json_pack("{s:s,s:s,s:s}", "engagement", text_of(record, "id"), "milestone", t->v[i].id, "passed", at));
        }
    }
    json_decref(s.proofs);
}

void timeline_watch(app *a)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* two at a time would tell the same twice */
    pthread_mutex_lock(&one);
    json_t *all = desk_list(a, "engagement", NULL, false), *x;
    size_t i;
    json_array_foreach(all, i, x)
        if (strcmp(text_of(x, "state"), "dropped") != 0) /* of one whose report is there, the last milestones are still to come */
            watch_one(a, x);
    json_decref(all);
    pthread_mutex_unlock(&one);
}
