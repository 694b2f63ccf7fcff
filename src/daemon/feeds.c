#include "feeds.h"
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"
#include "base/log.h"
#include "comply/vendors.h"
#include "policy/access.h"
#include "reviews.h"

#define DAY_NS (86400ull * 1000000000)

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* --- leavers --- */

/* a->lock held. Keys of one pseudonym in one tenant; false: one could not be revoked. */
static bool end_keys(app *a, const char *tenant, const char *person, json_int_t *n, cu_fault *f)
{
    cu_store_key *k = NULL;
    size_t all = 0;
    bool ok = cu_store_keys(a->store, &k, &all) == CU_OK;
    for (size_t i = 0; ok && i < all; i++)
        if (!k[i].revoked && !k[i].service && strcmp(k[i].tenant, tenant) == 0 && strcmp(k[i].user, person) == 0) {
            ok = review_end_key(a, k[i].id, f) == CU_OK;
            *n += ok;
        }
    free(k);
    return ok;
}

/* a->lock held. The last owner's account stays: somebody must be able to make another. */
static bool end_account(app *a, const char *person, bool *ended)
{
    cu_store_account x;
    *ended = false;
    if (!account_get(a, person, &x) || !x.active)
        return true;
    if (strcmp(x.role, "owner") == 0 && account_good(&x) && owners_beside(a, person) == 0) {
        cu_say(CU_LOG_ERROR, "a leaver is the last owner with an account: make another owner");
        return false;
    }
    x.active = false;
    *ended = account_set(a, "person.changed", "daemon", &x) == CU_OK;
    return *ended;
}

static void end_leaver(app *a, const json_t *leaver)
{
    const char *person = desk_text(leaver, "person");
    char name[PERSON_NAME], there[CU_PSEUDONYM_LEN];
    json_int_t keys = 0;
    bool account = false, ok = true;
    cu_fault f = {0};
    person_name(a, person, name);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->config->tenants_n && ok; i++)
        if (person_find(a, a->config->tenants[i].name, name, there, &f) == CU_OK)
            ok = end_keys(a, a->config->tenants[i].name, there, &keys, &f);
    ok = ok && end_account(a, person, &account);
    pthread_mutex_unlock(&a->lock);
    if (account)
        sessions_end(a, person, NULL);
    if (ok)
        desk_note(a, "leaver.ended", json_pack("{s:b,s:I,s:s}", "account", account, "keys", keys, "leaver", text_of(leaver, "id")));
    else
        cu_say(CU_LOG_ERROR, "what %s can use could not be ended; it is tried again", text_of(leaver, "id"));
}

void leavers_end(app *a)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* a step and the watch */
    json_t *x;
    size_t i;
    pthread_mutex_lock(&one);
    json_t *all = desk_list(a, "leaver", "left", false);
    json_array_foreach(all, i, x)
        end_leaver(a, x);
    json_decref(all);
    pthread_mutex_unlock(&one);
}

/* --- repositories --- */

bool repo_described(const app *a, const char *name)
{
    cu_arena arena CU_CLEAN_ARENA;
    cu_access_scene s;
    bool found = false;
    cu_arena_init(&arena, 65536);
    for (size_t i = 0; i < a->config->tenants_n && !found; i++)
        found = cu_access_scene_of(&a->config->access, cu_str(a->config->tenants[i].name), cu_str(name), CU_NONE, &arena, &s) == CU_OK && s.repo;
    return found;
}

cu_err repo_list_check(desk_step *s, cu_fault *f)
{
    const json_t *names = json_object_get(s->fields, "names"), *x;
    json_int_t undescribed = 0;
    size_t i;
    json_array_foreach(names, i, x)
        undescribed += !repo_described(s->a, json_string_value(x));
    json_object_set_new(s->fields, "listed", json_integer((json_int_t)json_array_size(names)));
    json_object_set_new(s->fields, "undescribed", json_integer(undescribed));
    return json_array_size(names) ? CU_OK : cu_fail(f, CU_SYNTAX, "names: a list without repositories says nothing");
}

/* --- traffic beside the gateway --- */

cu_err egress_check(desk_step *s, cu_fault *f)
{
    const json_t *hosts = json_object_get(s->fields, "hosts");
    if (strcmp(text_of(s->fields, "from"), text_of(s->fields, "to")) >= 0)
        return cu_fail(f, CU_SYNTAX, "from is before to");
    return hosts && !json_array_size(hosts) ? cu_fail(f, CU_SYNTAX, "hosts: without one it is egress.checked") : CU_OK;
}

/* --- vulnerabilities --- */

cu_err vuln_check(desk_step *s, cu_fault *f)
{
    const cu_incident_severity *severity = cu_incident_severity_find(s->a->runbooks, cu_str(text_of(s->fields, "severity")));
    char due[CU_TIME_LEN];
    uint64_t found = cu_day_ns(cu_str(text_of(s->fields, "detected")));
    if (found > cu_now_ns() + DAY_NS)
        return cu_fail(f, CU_SYNTAX, "detected: the day has not come yet");
    if (severity && !*text_of(s->fields, "due")) {
        cu_time_text(found + severity->fix_ns, due);
        json_object_set_new(s->fields, "due", json_string(due));
    }
    return CU_OK;
}

void vulns_watch(app *a)
{
    json_t *all = desk_list(a, "vulnerability", "open", false), *x;
    size_t i;
    json_array_foreach(all, i, x)
        if (cu_day_ns(cu_str(desk_text(x, "due"))) + DAY_NS <= cu_now_ns())
            desk_note(a, "vuln.overdue", json_pack("{s:s}", "vulnerability", text_of(x, "id")));
    json_decref(all);
}
