/* The register of erasures: ordered by one person with a basis, approved by another, then carried out. */
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"
#include "base/log.h"
#include "erase.h"
#include "key_form.h"
#include "privacy_desk.h"

static const char *field(const json_t *fields, const char *name)
{
    const char *s = json_string_value(json_object_get(fields, name));
    return s ? s : "";
}

/* Nothing leads to a name that only this order has brought here: it must not stay because of it. */
static cu_err known(app *a, const erasure_order *o, const char *person, cu_fault *f)
{
    erasure_target *t = NULL;
    size_t n = 0;
    cu_store_account x;
    pthread_mutex_lock(&a->lock);
    cu_err e = erasure_targets(a, o, &t, &n, f);
    pthread_mutex_unlock(&a->lock);
    bool only_here = n == 0 || (n == 1 && strcmp(t[0].tenant, CU_TENANT_ORG) == 0);
    free(t);
    if (e != CU_OK || !only_here || (!o->tenant && (account_get(a, person, &x) || privacy_named(a, person))))
        return e;
    if (!account_get(a, person, &x) && !privacy_named(a, person)) {
        pthread_mutex_lock(&a->lock);
        e = cu_vault_destroy(a->vault, CU_TENANT_ORG, person);
        pthread_mutex_unlock(&a->lock);
    }
    return e != CU_OK ? e : cu_fail(f, CU_NOT_FOUND, "nobody of this name is known%s", o->tenant ? " in this tenant" : "");
}

static cu_err check_person(desk_step *s, erasure_order *o, cu_fault *f)
{
    char name[PERSON_NAME], person[CU_PSEUDONYM_LEN];
    person_name(s->a, field(s->fields, "subject"), name);
    if (strcmp(name, "erased") == 0 || !is_pseudonym(field(s->fields, "subject")))
        return cu_fail(f, CU_NOT_FOUND, "nobody of this name is known");
    o->subject = name;
    pthread_mutex_lock(&s->a->lock); /* one of a tenant's own may have been given */
    cu_err e = person_of(s->a, CU_TENANT_ORG, name, person, f);
    pthread_mutex_unlock(&s->a->lock);
    CU_TRY(e);
    json_object_set_new(s->fields, "subject", json_string(person));
    if (strstr(o->basis, name))
        return cu_fail(f, CU_SYNTAX, "basis must not name her: it stays in the log");
    CU_TRY(known(s->a, o, person, f));
    const char *where = erasure_still_named(s->a, o);
    return where ? cu_fail(f, CU_STATE, "custos.yaml names her under %s: take her out there, restart Custos, and erase then", where) : CU_OK;
}

cu_err erasure_check_order(desk_step *s, cu_fault *f)
{
    const char *where = field(s->fields, "where"), *subject = field(s->fields, "subject");
    erasure_order o = {.tenant = *where ? where : NULL, .basis = field(s->fields, "basis")};
    if (*where && !knows_tenant(s->a, where))
        return cu_fail(f, CU_NOT_FOUND, "there is no tenant %.60s", where);
    if (!*subject && !*where)
        return cu_fail(f, CU_SYNTAX, "whom to erase is needed: subject (a person), where (a tenant), or both");
    return *subject ? check_person(s, &o, f) : CU_OK;
}

cu_err erasure_check_approval(desk_step *s, cu_fault *f)
{
    char name[PERSON_NAME];
    const char *subject = desk_text(s->now, "subject"), *where = desk_text(s->now, "where");
    if (second_person(s->a, s->who->actor, s->who->roles, subject, f) != CU_OK)
        return cu_fail(f, CU_DENIED, "nobody approves her own erasure: the entries would name her");
    if (!*subject)
        return CU_OK;
    person_name(s->a, subject, name);
    const erasure_order o = {.subject = name, .tenant = *where ? where : NULL};
    const char *named = erasure_still_named(s->a, &o);
    return named ? cu_fail(f, CU_STATE, "custos.yaml names her under %s: take her out there, restart Custos, and approve then", named) : CU_OK;
}

/* What it came to, over all tenants. */
static cu_err destroy(app *a, const json_t *record, erasure_target *sum, cu_fault *f)
{
    char name[PERSON_NAME];
    const char *subject = desk_text(record, "subject"), *where = desk_text(record, "where");
    erasure_order o = {.tenant = *where ? where : NULL, .basis = desk_text(record, "basis"), .actor = "daemon"};
    erasure_target *t = NULL;
    size_t n = 0;
    snprintf(o.by, sizeof o.by, "%.*s", CU_PSEUDONYM_LEN - 1, json_string_value(json_object_get(record, "by")));
    if (*subject) {
        person_name(a, subject, name);
        o.subject = name;
        if (strcmp(name, "erased") == 0)
            return CU_OK; /* done, and cut short before it was said */
    }
    pthread_mutex_lock(&a->lock);
    cu_err e = erasure_targets(a, &o, &t, &n, f);
    if (e == CU_OK)
        e = erasure_run(a, &o, t, n, f);
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; e == CU_OK && i < n; i++) {
        sum->persons += t[i].persons;
        sum->revoked += t[i].revoked;
        sum->bodies += t[i].bodies;
    }
    free(t);
    return e;
}

static void carry_out(app *a, const json_t *record)
{
    static const desk_actor daemon = {.actor = "daemon", .system = true};
    const char *id = json_string_value(json_object_get(record, "id"));
    erasure_target sum = {0};
    cu_fault f = {0};
    json_t *now = NULL;
    cu_err e = destroy(a, record, &sum, &f);
    if (e == CU_OK) {
        json_t *fields = json_pack("{s:s,s:I,s:I,s:I}", "erasure", id, "bodies", (json_int_t)sum.bodies, "persons", (json_int_t)sum.persons, "revoked", (json_int_t)sum.revoked);
        e = desk_take(a, &daemon, "erasure.carried_out", NULL, fields, &now, &f);
        json_decref(fields);
    }
    json_decref(now);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "the erasure %s is approved and not carried out: %s; tried again in a minute", id, f.code ? f.text : cu_err_text(e));
}

/* One at a time: whoever approved and the clock must not both carry it out. */
void erasures_watch(app *a)
{
    static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
    json_t *x;
    size_t i;
    pthread_mutex_lock(&busy);
    json_t *all = desk_list(a, "erasure", "approved", false);
    json_array_foreach(all, i, x)
        carry_out(a, x);
    json_decref(all);
    pthread_mutex_unlock(&busy);
}
