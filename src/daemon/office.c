#include "office.h"
#include <stdio.h>
#include "base/log.h"
#include "feeds.h"
#include "policy/access.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

cu_err owner_check(desk_step *s, cu_fault *f)
{
    return cu_control_find(s->a->catalogue, cu_str(s->id)) ? CU_OK : cu_fail(f, CU_SYNTAX, "control_owner: there is no control of the id %.40s", s->id);
}

/* --- keys on request --- */

cu_err key_request_check(desk_step *s, cu_fault *f)
{
    const char *tenant = text_of(s->fields, "for_tenant");
    return knows_tenant(s->a, tenant) ? CU_OK : cu_fail(f, CU_NOT_FOUND, "for_tenant: there is no tenant %.60s", tenant);
}

static unsigned refuse(call *c, const json_t *r, const char *id, const cu_store_key *k)
{
    char holder[PERSON_NAME];
    if (!r)
        return problem(c, 404, "Not found", "There is no key request %.40s.", id);
    if (strcmp(text_of(r, "state"), "approved") != 0)
        return problem(c, 409, "Not approved", "%.40s is %.20s: a key is issued once, on a request that another person approved.", id, text_of(r, "state"));
    person_name(c->a, desk_text(r, "holder"), holder);
    if (strcmp(desk_text(r, "for_tenant"), k->tenant) != 0 || strcmp(holder, k->user) != 0)
        return problem(c, 409, "Another key was asked for", "%.40s asks for a key of tenant %.60s for %.100s.", id, desk_text(r, "for_tenant"), holder);
    return 0;
}

/* The step comes before the key: should that fail, the request is used up and another one is asked for. */
unsigned key_request_use(call *c, const json_t *request, const cu_store_key *k)
{
    const desk_actor daemon = {.actor = "daemon", .system = true};
    const char *id = json_string_value(request);
    json_t *one = NULL, *fields;
    cu_fault f = {0};
    if (!request)
        return 0;
    if (!id || strlen(id) > 40)
        return problem(c, 400, "Malformed", "request is the id of a key request, such as KR-1.");
    json_t *r = desk_raw(c->a, "key_request", id);
    unsigned status = refuse(c, r, id, k);
    json_decref(r);
    if (status)
        return status;
    fields = json_pack("{s:s,s:s}", "key", k->id, "key_request", id);
    cu_err e = desk_take(c->a, &daemon, "key.handed_out", NULL, fields, &one, &f);
    json_decref(one);
    json_decref(fields);
    return e == CU_OK ? 0 : desk_refused(c, e, &f);
}

/* --- consent --- */

/* A name of a repository as it is, so that it stands for itself as a pattern. */
cu_err consent_check(desk_step *s, cu_fault *f)
{
    for (const char *p = s->id; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/", *p))
            return cu_fail(f, CU_SYNTAX, "consent is the name of a repository: letters, digits, dot, hyphen, underscore and slash");
    /* rules that name a repository do not fit one that nobody described: a consent could not be kept to */
    return repo_described(s->a, s->id) ? CU_OK : cu_fail(f, CU_NOT_FOUND, "repositories in custos.yaml describe no %.100s: without that the gateway cannot tell its code", s->id);
}

void consents_changed(app *a)
{
    cu_fault f = {0};
    pthread_mutex_lock(&a->lock);
    cu_err e = publish_bundle(a, &f);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "no bundle with the consents: %s", f.text);
}

cu_err consents_apply(app *a, cu_arena *arena, cu_access *x)
{
    json_t *all = desk_list(a, "consent", "withdrawn", false), *r;
    size_t i, n = json_array_size(all);
    cu_access_rule *rules = n ? cu_arena_alloc(arena, (n + x->rules_n) * sizeof *rules) : NULL;
    cu_err e = !n || rules ? CU_OK : CU_NOMEM;
    json_array_foreach(all, i, r) {
        cu_bytes *word = e == CU_OK ? cu_arena_alloc(arena, sizeof *word) : NULL;
        if (!word || !(*word = cu_arena_dup(arena, cu_str(text_of(r, "id")))).p) {
            e = CU_NOMEM;
            break;
        }
        rules[i] = (cu_access_rule){.id = CU_LIT("consent-withdrawn"), .repositories = {word, 1}, .act = CU_ACCESS_REFUSE};
    }
    json_decref(all);
    if (e == CU_OK && n) {
        memcpy(rules + n, x->rules, x->rules_n * sizeof *rules);
        x->rules = rules;
        x->rules_n += n;
    }
    return e;
}
