#include "policy_desk.h"
#include <stdio.h>
#include <stdlib.h>
#include "policy_facts.h"

#define DAY_NS (86400ull * 1000000000)
#define SPECIFICATION "processing-specification"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static json_int_t number_of(const json_t *record, const char *field)
{
    return json_integer_value(json_object_get(json_object_get(record, "fields"), field));
}

static json_t *text(cu_bytes b)
{
    return json_stringn(b.p ? (const char *)b.p : "", b.n);
}

/* One policy as the settings fill it now. */
typedef struct {
    cu_arena arena;
    cu_policy_fact facts[POLICY_FACTS];
    bool used[POLICY_FACTS];
    cu_buf text;
    char digest[2 * CU_SHA256_LEN + 1];
} filled;

static void drop(filled *x)
{
    cu_buf_free(&x->text);
    cu_arena_free(&x->arena);
}

static cu_err fill(app *a, const cu_policy_text *p, filled *x)
{
    cu_sha256 d;
    *x = (filled){.text = CU_BUF(CU_POLICY_TEXT)};
    cu_arena_init(&x->arena, 1u << 20);
    CU_TRY(policy_facts(a, &x->arena, x->facts));
    CU_TRY(cu_policy_print(p, x->facts, POLICY_FACTS, x->used, &x->text));
    cu_sha256_of(cu_buf_view(&x->text), &d);
    cu_hex(x->digest, d.b, sizeof d.b);
    return CU_OK;
}

static json_t *facts_json(const filled *x)
{
    json_t *list = json_array();
    for (size_t i = 0; i < POLICY_FACTS; i++)
        if (x->used[i])
            json_array_append_new(list, json_pack("{s:s,s:s}", "name", x->facts[i].name, "value", x->facts[i].value));
    return list;
}

/* --- steps --- */

cu_err policy_check_draft(desk_step *s, cu_fault *f)
{
    filled x;
    const cu_policy_text *p = cu_policy_find(s->a->policies, cu_str(s->id));
    bool specification = cu_eq_str(s->event->type, "spec.generated");
    if (!p)
        return cu_fail(f, CU_NOT_FOUND, "catalog/policies.yaml has no policy %.60s", s->id);
    if (specification != (strcmp(s->id, SPECIFICATION) == 0))
        return cu_fail(f, CU_SYNTAX, "%.60s is drafted by %s", s->id, specification ? "policy.drafted" : "spec.generated");
    cu_err e = fill(s->a, p, &x);
    if (e == CU_OK) {
        json_object_set_new(s->fields, "text", text(cu_buf_view(&x.text)));
        json_object_set_new(s->fields, "digest", json_string(x.digest));
        json_object_set_new(s->fields, "facts", facts_json(&x));
        json_object_set_new(s->fields, "version", json_integer(number_of(s->now, "version") + 1));
    }
    drop(&x);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "the policy could not be filled: %s", cu_err_text(e));
}

cu_err policy_check_approval(desk_step *s, cu_fault *f)
{
    filled x;
    char until[CU_TIME_LEN];
    const cu_policy_text *p = cu_policy_find(s->a->policies, cu_str(s->id));
    bool specification = cu_eq_str(s->event->type, "spec.approved");
    if (!p || specification != (strcmp(s->id, SPECIFICATION) == 0))
        return cu_fail(f, CU_SYNTAX, "%.60s is approved by %s", s->id, specification ? "policy.approved" : "spec.approved");
    cu_err e = fill(s->a, p, &x);
    bool same = e == CU_OK && strcmp(x.digest, desk_text(s->now, "digest")) == 0;
    drop(&x);
    if (e != CU_OK)
        return cu_fail(f, e, "the policy could not be filled: %s", cu_err_text(e));
    if (!same)
        return cu_fail(f, CU_STATE, "a setting has changed since the draft: draft it again");
    cu_time_text((cu_now_ns() / DAY_NS + p->review_days) * DAY_NS, until);
    json_object_set_new(s->fields, "approved_until", json_string(until));
    json_object_set(s->fields, "digest", json_object_get(json_object_get(s->now, "fields"), "digest"));
    json_object_set(s->fields, "version", json_object_get(json_object_get(s->now, "fields"), "version"));
    return CU_OK;
}

/* Whoever acknowledges, unless somebody records it for another (a list from elsewhere). */
static cu_err reader_of(desk_step *s, const json_t *given, char out[CU_STORE_ACTOR], cu_fault *f)
{
    char p[CU_PSEUDONYM_LEN];
    const char *name = text_of(given, "person");
    if (!*name || strcmp(name, s->who->actor) == 0 || is_pseudonym(name)) {
        snprintf(out, CU_STORE_ACTOR, "%.128s", *name ? name : s->who->actor);
        return CU_OK;
    }
    pthread_mutex_lock(&s->a->lock);
    cu_err e = person_of(s->a, CU_TENANT_ORG, name, p, f);
    pthread_mutex_unlock(&s->a->lock);
    snprintf(out, CU_STORE_ACTOR, "%s", p);
    return e;
}

cu_err policy_name_reading(desk_step *s, const json_t *given, cu_fault *f)
{
    char reader[CU_STORE_ACTOR];
    json_t *p = desk_raw(s->a, "policy", text_of(given, "policy"));
    json_int_t version = number_of(p, "version");
    bool approved = p && strcmp(text_of(p, "state"), "approved") == 0;
    json_decref(p);
    if (!approved)
        return cu_fail(f, CU_STATE, "%.60s is no approved policy", text_of(given, "policy"));
    CU_TRY(reader_of(s, given, reader, f));
    snprintf(s->id, sizeof s->id, "%.50s:%lld:%.60s", text_of(given, "policy"), version, reader);
    return CU_OK;
}

cu_err policy_check_reading(desk_step *s, cu_fault *f)
{
    char reader[CU_STORE_ACTOR];
    json_t *p = desk_raw(s->a, "policy", text_of(s->fields, "policy"));
    json_object_set_new(s->fields, "version", json_integer(number_of(p, "version")));
    json_decref(p);
    CU_TRY(reader_of(s, s->fields, reader, f));
    json_object_set_new(s->fields, "person", json_string(reader));
    return CU_OK;
}

/* --- what has changed --- */

/* Names of the facts that are not as they were approved. */
static json_t *changed_facts(const json_t *record, const filled *x)
{
    json_t *changed = json_array(), *was;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(record, "fields"), "facts"), i, was)
        for (size_t k = 0; k < POLICY_FACTS; k++)
            if (strcmp(x->facts[k].name, text_of(was, "name")) == 0 && strcmp(x->facts[k].value, text_of(was, "value")) != 0)
                json_array_append_new(changed, json_string(x->facts[k].name));
    return changed;
}

void policies_watch(app *a)
{
    json_t *all = desk_list(a, "policy", "approved", false), *p;
    size_t i;
    json_array_foreach(all, i, p) {
        filled x;
        const cu_policy_text *t = cu_policy_find(a->policies, cu_str(text_of(p, "id")));
        if (!t)
            continue;
        if (fill(a, t, &x) == CU_OK && strcmp(x.digest, desk_text(p, "digest")) != 0)
            desk_note(a, "policy.stale", json_pack("{s:s,s:o}", "policy", text_of(p, "id"), "changed", changed_facts(p, &x)));
        drop(&x);
    }
    json_decref(all);
}

/* --- the API --- */

static size_t readings(const json_t *all, const char *policy, json_int_t version)
{
    json_t *x;
    size_t i, n = 0;
    json_array_foreach((json_t *)(uintptr_t)all, i, x)
        n += strcmp(desk_text(x, "policy"), policy) == 0 && number_of(x, "version") == version;
    return n;
}

static json_t *policy_json(app *a, const cu_policy_text *p, const json_t *read)
{
    char id[80];
    json_t *controls = json_array();
    snprintf(id, sizeof id, "%.*s", (int)(p->id.n < 79 ? p->id.n : 79), (const char *)p->id.p);
    for (size_t i = 0; i < p->controls_n; i++)
        json_array_append_new(controls, text(p->controls[i]->id));
    json_t *record = desk_find(a, "policy", id, NULL);
    return json_pack("{s:s,s:o,s:o,s:o,s:b,s:s,s:I,s:I,s:o}", "id", id, "title", text(p->title), "owner_role", text(p->owner_role), "controls", controls, "acknowledged",
                     p->acknowledged, "state", record ? text_of(record, "state") : "none", "version", number_of(record, "version"), "readings",
                     (json_int_t)readings(read, id, number_of(record, "version")), "record", record ? record : json_null());
}

unsigned answer_policies(call *c)
{
    json_t *items = json_array(), *read = desk_list(c->a, "policy_reading", NULL, false);
    for (size_t i = 0; i < c->a->policies->n; i++)
        json_array_append_new(items, policy_json(c->a, &c->a->policies->v[i], read));
    json_decref(read);
    return answer_json(c, json_pack("{s:o}", "items", items));
}

static json_t *sections_json(const cu_policy_text *p, const filled *x)
{
    json_t *sections = json_array();
    for (size_t i = 0; i < p->sections_n; i++) {
        bool used[POLICY_FACTS] = {0};
        cu_buf b CU_CLEAN_BUF = CU_BUF(CU_POLICY_TEXT);
        json_t *facts = json_array();
        cu_err e = cu_policy_fill(p->sections[i].text, x->facts, POLICY_FACTS, used, &b);
        for (size_t k = 0; k < POLICY_FACTS; k++)
            if (used[k])
                json_array_append_new(facts, json_pack("{s:s,s:s,s:s}", "name", x->facts[k].name, "value", x->facts[k].value, "setting", x->facts[k].setting));
        json_array_append_new(sections, json_pack("{s:o,s:o,s:o}", "heading", text(p->sections[i].heading), "text", text(e == CU_OK ? cu_buf_view(&b) : CU_NONE), "facts", facts));
    }
    return sections;
}

unsigned answer_policy(call *c)
{
    filled x;
    const cu_policy_text *p = cu_policy_find(c->a->policies, cu_str(c->args[0]));
    if (!p)
        return problem(c, 404, "Not found", "There is no policy %.60s.", c->args[0]);
    cu_err e = fill(c->a, p, &x);
    json_t *read = desk_list(c->a, "policy_reading", NULL, false), *v = e == CU_OK ? policy_json(c->a, p, read) : NULL;
    json_decref(read);
    if (v) {
        const json_t *record = json_object_get(v, "record");
        json_object_set_new(v, "sections", sections_json(p, &x));
        json_object_set_new(v, "digest", json_string(x.digest));
        json_object_set_new(v, "as_approved", json_boolean(strcmp(text_of(v, "state"), "approved") == 0 && strcmp(x.digest, desk_text(record, "digest")) == 0));
        json_object_set_new(v, "changed", changed_facts(record, &x));
    }
    drop(&x);
    return v ? answer_json(c, v) : problem(c, 500, "The policy could not be filled", "%s", cu_err_text(e));
}
