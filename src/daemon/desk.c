#include "desk.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "accounts.h"
#include "base/log.h"
#include "desk_fields.h"
#include "paths.h"
#include "timeline_desk.h"

#define SEEN_MS 3000u
#define LIST_MAX 1000u
#define DESK_LEAF (CU_ID_LEN + 2)

/* --- reading --- */

void desk_name_persons(app *a, json_t *v)
{
    char name[PERSON_NAME];
    const char *key;
    json_t *x;
    size_t i;
    if (json_is_string(v) && is_pseudonym(json_string_value(v))) {
        person_name(a, json_string_value(v), name);
        json_string_set(v, name);
    } else if (json_is_object(v)) {
        json_object_foreach(v, key, x)
            desk_name_persons(a, x);
    } else {
        json_array_foreach(v, i, x)
            desk_name_persons(a, x);
    }
}

static json_t *entry_of(const cu_store_record *x, uint64_t index)
{
    json_t *log = strncmp(x->log, "t/", 2) == 0 ? json_sprintf("t:%s", x->log + 2) : json_string(x->log);
    return json_pack("{s:o,s:I}", "log", log, "index", (json_int_t)index);
}

json_t *desk_record_json(const cu_store_record *x)
{
    json_t *fields = json_loads(x->fields, JSON_REJECT_DUPLICATES, NULL);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "register", x->reg, "id", x->id, "tenant",
                     strncmp(x->log, "t/", 2) == 0 ? x->log + 2 : "", "opened", x->opened, "opened_by", x->opened_by, "state", x->state, "at", x->at,
                     "by", x->by, "type", x->type, "fields", fields ? fields : json_object(), "entry", entry_of(x, x->last), "first", entry_of(x, x->first));
}

static void add(void *items, const cu_store_record *x)
{
    json_array_append_new(items, desk_record_json(x));
}

static json_t *find(app *a, const char *reg, const char *id, const char *as_of)
{
    json_t *items = json_array();
    const cu_store_record_filter w = {.reg = reg, .id = id, .as_of = as_of};
    json_t *v = *id && cu_store_records(a->store, &w, 0, 1, add, items) == CU_OK ? json_incref(json_array_get(items, 0)) : NULL;
    json_decref(items);
    return v;
}

json_t *desk_find(app *a, const char *reg, const char *id, const char *as_of)
{
    json_t *v = find(a, reg, id, as_of);
    desk_name_persons(a, v);
    return v;
}

json_t *desk_raw(app *a, const char *reg, const char *id)
{
    return find(a, reg, id, NULL);
}

json_t *desk_raw_at(app *a, const char *reg, const char *id, const char *as_of)
{
    return find(a, reg, id, as_of);
}

void desk_ended_states(const app *a, const char *reg, char out[DESK_STATES])
{
    const cu_register *r = cu_register_find(a->events, cu_str(reg));
    size_t n = (size_t)snprintf(out, 2, " ");
    for (size_t i = 0; r && i < r->states_n; i++)
        if (r->states[i].ends)
            n += (size_t)snprintf(out + n, DESK_STATES - n, "%.*s ", CU_FMT(r->states[i].name));
}

json_t *desk_list(app *a, const char *reg, const char *state, bool open)
{
    char ended[DESK_STATES];
    json_t *items = json_array();
    desk_ended_states(a, reg, ended);
    const cu_store_record_filter w = {.reg = reg, .state = state, .ended = open ? ended : NULL};
    if (cu_store_records(a->store, &w, 0, LIST_MAX, add, items) != CU_OK)
        json_array_clear(items);
    return items;
}

const char *desk_text(const json_t *record, const char *field)
{
    const char *s = json_string_value(json_object_get(json_object_get(record, "fields"), field));
    return s ? s : "";
}

/* --- a step --- */

static bool sealed(app *a, const char *leaf)
{
    a->awaited = !cu_store_record_has(a->store, leaf);
    for (unsigned ms = 0; !*a->stop && ms < SEEN_MS; ms += 2) {
        if (cu_store_record_has(a->store, leaf))
            return true;
        usleep(2000);
    }
    return cu_store_record_has(a->store, leaf);
}

static const char *state_of(const json_t *now)
{
    return now ? json_string_value(json_object_get(now, "state")) : "none";
}

/* Which record it is: named by the fields, or drawn when the register counts. */
static cu_err name_record(desk_step *s, const json_t *given, cu_fault *f)
{
    const cu_register *r = s->event->reg;
    char field[CU_EVENT_NAME];
    snprintf(field, sizeof field, "%.*s", CU_FMT(r->name));
    const char *id = json_string_value(json_object_get(given, field));
    if (id && *id) {
        snprintf(s->id, sizeof s->id, "%.128s", id);
        s->now = find(s->a, field, s->id, NULL);
        if (!s->now && (!s->event->opens || r->prefix.n))
            return cu_fail(f, CU_NOT_FOUND, "there is no %s %.60s", field, id);
        return CU_OK;
    }
    const desk_rule *rule = desk_rule_of(s->event->type);
    if (s->event->opens && !r->prefix.n && rule && rule->name) {
        CU_TRY(rule->name(s, given, f));
        s->now = find(s->a, field, s->id, NULL);
        return CU_OK;
    }
    if (!s->event->opens || !r->prefix.n)
        return cu_fail(f, CU_SYNTAX, "%s, the id of the record, is missing", field);
    snprintf(s->id, sizeof s->id, "%.*s-%llu", CU_FMT(r->prefix), (unsigned long long)cu_store_record_count(s->a->store, field) + s->ahead + 1);
    return CU_OK;
}

/* An existing record keeps its log; a new one goes where the event belongs. */
static cu_err choose_log(desk_step *s, const char *asked, cu_fault *f)
{
    const char *has = s->now ? json_string_value(json_object_get(s->now, "tenant")) : NULL;
    bool named = asked && *asked;
    if (has) {
        if (named && strcmp(asked, has) != 0)
            return cu_fail(f, CU_NOT_FOUND, "tenant %.60s has no record %.60s", asked, s->id);
        s->tenant = *has ? has : CU_TENANT_ORG;
        return CU_OK;
    }
    if (named && s->event->log == CU_EVENT_ORG)
        return cu_fail(f, CU_SYNTAX, "%.*s belongs to the organisation, not to a tenant", CU_FMT(s->event->type));
    if (named && !knows_tenant(s->a, asked))
        return cu_fail(f, CU_NOT_FOUND, "there is no tenant %.60s", asked);
    if (!named && s->event->log == CU_EVENT_TENANT)
        return cu_fail(f, CU_SYNTAX, "%.*s needs a tenant", CU_FMT(s->event->type));
    s->tenant = named ? asked : CU_TENANT_ORG;
    return CU_OK;
}

static cu_err allowed(const desk_step *s, cu_fault *f)
{
    const cu_event *e = s->event;
    char actor[CU_STORE_ACTOR], state[CU_EVENT_NAME], reg[CU_EVENT_NAME];
    if (!s->who->system && !(e->roles & s->who->roles) && !(e->roles && s->who->roles & ROLE_SOCKET))
        return cu_fail(f, CU_DENIED, e->roles ? "the role %s may not do this" : "%.0sonly Custos itself takes this step", role_name(s->who->roles));
    if (!cu_event_may_follow(e, cu_str(state_of(s->now))))
        return cu_fail(f, CU_STATE, "%s is %s, and %.*s is not possible then", s->id, s->now ? state_of(s->now) : "not there", CU_FMT(e->type));
    snprintf(reg, sizeof reg, "%.*s", CU_FMT(e->reg->name));
    for (size_t i = 0; !s->who->system && i < e->other_than_n; i++) {
        snprintf(state, sizeof state, "%.*s", CU_FMT(e->other_than[i]));
        cu_err err = s->now ? cu_store_record_actor(s->a->store, reg, s->id, state, actor) : CU_NOT_FOUND;
        if (err != CU_OK && err != CU_NOT_FOUND)
            return err;
        CU_TRY(second_person(s->a, s->who->actor, s->who->roles, err == CU_OK ? actor : "", f));
    }
    return CU_OK;
}

static cu_err write_entry(desk_step *s, char leaf[DESK_LEAF], cu_fault *f)
{
    char type[CU_EVENT_NAME], reg[CU_EVENT_NAME];
    leaf[0] = 0;
    snprintf(type, sizeof type, "%.*s", CU_FMT(s->event->type));
    snprintf(reg, sizeof reg, "%.*s", CU_FMT(s->event->reg->name));
    json_object_set_new(s->fields, reg, json_string(s->id));
    char *body = json_dumps(s->fields, JSON_COMPACT | JSON_SORT_KEYS);
    cu_err e = body ? cu_event_check(s->event, cu_str(body), f) : CU_NOMEM;
    if (e == CU_OK) {
        pthread_mutex_lock(&s->a->lock);
        e = record_as(s->a, type, s->tenant, s->who->actor, cu_str(body), leaf);
        pthread_mutex_unlock(&s->a->lock);
        snprintf(s->a->desk_last, sizeof s->a->desk_last, "%s", e == CU_OK ? leaf : "");
        if (e != CU_OK)
            (void)!cu_fail(f, e, "not recorded: %s", cu_err_text(e));
    }
    free(body);
    return e;
}

/* A step is judged by what the records say, which after a kill lacks what was written last: it could open a record of an
 * id that another one has. */
static bool caught_up(app *a)
{
    for (unsigned ms = 0; !a->caught_up && !*a->stop && ms < SEEN_MS; ms += 2)
        usleep(2000);
    return a->caught_up;
}

static cu_err step_before(app *a, cu_fault *f)
{
    if (!caught_up(a))
        return cu_fail(f, CU_TIMEOUT, "what was written before the start is not sealed yet: ask again, and see custos status");
    return !a->desk_last[0] || sealed(a, a->desk_last) ? CU_OK : cu_fail(f, CU_TIMEOUT, "the step before is not sealed yet: see custos status");
}

static cu_err seen(app *a, const char *leaf, cu_fault *f)
{
    return sealed(a, leaf) ? CU_OK : cu_fail(f, CU_TIMEOUT, "recorded, but not sealed yet: ask again, and see custos status");
}

/* Checks a step and writes it; nobody has waited for it yet. */
static cu_err write_step(desk_step *s, const char *tenant, json_t *given, char leaf[DESK_LEAF], cu_fault *f)
{
    const desk_rule *rule = desk_rule_of(s->event->type);
    CU_TRY(name_record(s, given, f));
    CU_TRY(choose_log(s, tenant, f));
    CU_TRY(allowed(s, f));
    CU_TRY(desk_fields(s->a, s->event, s->tenant, given, &s->fields, f));
    if (!s->who->system && !s->event->reg->examination)
        CU_TRY(period_check_dated(s->a, s->event, s->fields, f));
    if (rule && rule->check)
        CU_TRY(rule->check(s, f));
    return write_entry(s, leaf, f);
}

static cu_err take(desk_step *s, const char *tenant, json_t *given, cu_fault *f)
{
    char leaf[DESK_LEAF];
    CU_TRY(step_before(s->a, f));
    CU_TRY(write_step(s, tenant, given, leaf, f));
    return seen(s->a, leaf, f);
}

cu_err desk_take(app *a, const desk_actor *who, const char *type, const char *tenant, json_t *fields, json_t **record, cu_fault *f)
{
    char reg[CU_EVENT_NAME];
    desk_step s = {.a = a, .who = who, .event = cu_event_find(a->events, cu_str(type))};
    *record = NULL;
    if (!s.event || !s.event->reg)
        return cu_fail(f, CU_NOT_FOUND, "there is no step of the type %.60s", type);
    pthread_mutex_lock(&a->desk_lock);
    cu_err e = take(&s, tenant, fields, f);
    pthread_mutex_unlock(&a->desk_lock);
    snprintf(reg, sizeof reg, "%.*s", CU_FMT(s.event->reg->name));
    const desk_rule *rule = desk_rule_of(s.event->type);
    if (e == CU_OK && rule && rule->after)
        rule->after(a);
    if (e == CU_OK)
        *record = find(a, reg, s.id, NULL);
    json_decref(s.fields);
    json_decref(s.now);
    return e;
}

static const desk_actor daemon_itself = {.actor = "daemon", .system = true};

bool desk_note(app *a, const char *type, json_t *fields)
{
    json_t *record = NULL;
    cu_fault f = {0};
    cu_err e = desk_take(a, &daemon_itself, type, NULL, fields, &record, &f);
    if (e != CU_OK)
        cu_say(CU_LOG_WARN, "%s could not be recorded: %s", type, f.text);
    json_decref(record);
    json_decref(fields);
    return e == CU_OK;
}

/* --- steps that are waited for together --- */

static cu_err note_one(app *a, desk_noted *x, unsigned ahead, char leaf[DESK_LEAF], cu_fault *f)
{
    desk_step s = {.a = a, .who = &daemon_itself, .event = cu_event_find(a->events, cu_str(x->type)), .ahead = ahead};
    if (!s.event || !s.event->reg || !x->fields)
        return cu_fail(f, CU_NOT_FOUND, "there is no step of the type %.60s", x->type);
    cu_err e = write_step(&s, NULL, x->fields, leaf, f);
    json_decref(s.fields);
    json_decref(s.now);
    return e;
}

/* Of the steps before x that were taken, those that open a record of its register. */
static unsigned opened_before(const app *a, const desk_noted *v, const desk_noted *x)
{
    const cu_event *of = cu_event_find(a->events, cu_str(x->type));
    unsigned n = 0;
    for (; v < x; v++) {
        const cu_event *e = cu_event_find(a->events, cu_str(v->type));
        n += v->taken && of && e && e->opens && e->reg == of->reg;
    }
    return n;
}

static void not_noted(const desk_noted *x, const cu_fault *f)
{
    cu_say(CU_LOG_WARN, "%s could not be recorded: %s", x->type, f->text);
}

static void write_all(app *a, desk_noted *v, size_t n, char (*leaves)[DESK_LEAF])
{
    cu_fault f = {0};
    cu_err before = step_before(a, &f);
    for (size_t i = 0; i < n; i++) {
        v[i].taken = before == CU_OK && note_one(a, &v[i], opened_before(a, v, &v[i]), leaves[i], &f) == CU_OK;
        if (!v[i].taken)
            not_noted(&v[i], &f);
    }
    for (size_t i = 0; i < n; i++)
        if (v[i].taken && !(v[i].taken = seen(a, leaves[i], &f) == CU_OK))
            not_noted(&v[i], &f);
}

void desk_note_all(app *a, desk_noted *v, size_t n)
{
    char (*leaves)[DESK_LEAF] = calloc(n ? n : 1, sizeof *leaves);
    pthread_mutex_lock(&a->desk_lock);
    if (leaves && n)
        write_all(a, v, n, leaves);
    pthread_mutex_unlock(&a->desk_lock);
    free(leaves);
    for (size_t i = 0; i < n; i++) {
        const cu_event *e = cu_event_find(a->events, cu_str(v[i].type));
        const desk_rule *rule = e ? desk_rule_of(e->type) : NULL;
        if (v[i].taken && rule && rule->after)
            rule->after(a);
        json_decref(v[i].fields);
        v[i].fields = NULL;
    }
}

json_t *desk_entry(app *a, uint64_t index)
{
    char dir[4300];
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_log *l;
    cu_fault f = {0};
    snprintf(dir, sizeof dir, "%s/org", a->config->log_dir);
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return NULL;
    cu_err e = cu_log_entry(l, index, &leaf, &f);
    cu_log_close(l);
    return e == CU_OK ? json_loadb((const char *)leaf.p, leaf.n, 0, NULL) : NULL;
}
