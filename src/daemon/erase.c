/* Erasure: the keys of a person or a tenant are destroyed with the names under them, and entries say on
 * what basis and who approved. Leaves stay as they are: what they hold of her is a pseudonym. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "accounts.h"
#include "capture.h"
#include "erase.h"
#include "key_form.h"

#define BASIS_MAX 200u

static bool plain(const char *s, size_t max)
{
    size_t n = s ? strlen(s) : 0;
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] == 0x7f)
            return false;
    return n > 0 && n <= max;
}

const char *erasure_still_named(const app *a, const erasure_order *o)
{
    const cu_config_callers *c = &a->config->callers;
    const cu_access *x = &a->config->access;
    for (size_t i = 0; i < c->callers_n; i++)
        if (!c->callers[i].service && strcmp(c->callers[i].user, o->subject) == 0 && (!o->tenant || strcmp(c->callers[i].tenant, o->tenant) == 0))
            return "callers";
    for (size_t i = 0; i < a->config->capture.tenants_n; i++) {
        const cu_config_kept *k = &a->config->capture.tenants[i];
        if ((!o->tenant || strcmp(k->tenant, o->tenant) == 0) &&
            (cu_capture_names(k->readers, o->subject) || cu_capture_names(k->approvers, o->subject)))
            return "capture";
    }
    for (size_t i = 0; i < x->groups_n; i++)
        for (size_t k = 0; k < x->groups[i].members.n; k++)
            if (cu_eq_str(x->groups[i].members.v[k], o->subject))
                return "groups";
    for (size_t i = 0; i < x->rules_n; i++)
        for (size_t k = 0; k < x->rules[i].who.n; k++)
            if (cu_starts(x->rules[i].who.v[k], CU_LIT("user:")) && cu_eq_str(cu_slice(x->rules[i].who.v[k], 5, x->rules[i].who.v[k].n), o->subject))
                return "access";
    return NULL;
}

static size_t add_target(app *a, const char *tenant, const char *name, erasure_target *out, cu_err *e, cu_fault *f)
{
    if (*e != CU_OK)
        return 0;
    *out = (erasure_target){.tenant = tenant};
    cu_err found = person_find(a, tenant, name, out->person, f);
    if (found != CU_OK && found != CU_NOT_FOUND)
        *e = found;
    return found == CU_OK;
}

cu_err erasure_targets(app *a, const erasure_order *o, erasure_target **out, size_t *n, cu_fault *f)
{
    const cu_config *c = a->config;
    cu_err e = CU_OK;
    *n = 0;
    *out = calloc(c->tenants_n + 1, sizeof **out);
    if (!*out)
        return CU_NOMEM;
    if (!o->subject) {
        (*out)[(*n)++].tenant = o->tenant;
    } else {
        for (size_t i = 0; i < c->tenants_n; i++)
            if (!o->tenant || strcmp(c->tenants[i].name, o->tenant) == 0)
                *n += add_target(a, c->tenants[i].name, o->subject, &(*out)[*n], &e, f);
        if (!o->tenant)
            *n += add_target(a, CU_TENANT_ORG, o->subject, &(*out)[*n], &e, f);
    }
    for (size_t i = 0; i < *n; i++)
        (*out)[i].bodies = capture_count(a, (*out)[i].tenant, (*out)[i].person);
    for (size_t i = 0; i < *n; i++)
        (*out)[i].revoked = cu_store_keys_live(a->store, (*out)[i].tenant, (*out)[i].person);
    for (size_t i = 0; i < *n && e == CU_OK; i++)
        e = cu_vault_count(a->vault, (*out)[i].tenant, (*out)[i].person[0] ? (*out)[i].person : NULL, &(*out)[i].persons);
    return e;
}

static void put_counts(cu_buf *b, const erasure_target *t)
{
    cu_buf_json_kv_u64(b, "bodies", t->bodies);
    cu_buf_json_kv_u64(b, "persons", t->persons);
    cu_buf_json_kv_u64(b, "revoked", t->revoked);
}

/* Who asked is written before anything is destroyed, that it is done when it is: an erasure that was cut
 * short shows as one without its end, and is done again. */
static cu_err note(app *a, const char *type, const erasure_order *o, const erasure_target *t)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(4096);
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_str(&body, "approver", o->by);
    cu_buf_json_kv_str(&body, "basis", o->basis);
    put_counts(&body, t);
    cu_buf_json_kv_str(&body, "subject", t->person[0] ? t->person : "tenant");
    cu_buf_byte(&body, '}');
    return record(a, type, t->tenant, o->actor, &body);
}

static cu_err tell_offboarded(app *a, const erasure_order *o, const erasure_target *t)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    cu_buf_byte(&body, '{');
    put_counts(&body, t);
    cu_buf_json_kv_str(&body, "tenant", t->tenant);
    cu_buf_byte(&body, '}');
    return record(a, "tenant.offboarded", CU_TENANT_ORG, o->actor, &body);
}

static cu_err erase_one(app *a, const erasure_order *o, erasure_target *t, cu_fault *f)
{
    CU_TRY(note(a, "erasure.begun", o, t));
    account_erased(a, t->person);
    CU_TRY(cu_store_keys_forget(a->store, t->tenant, t->person));
    CU_TRY(cu_vault_destroy(a->vault, t->tenant, t->person[0] ? t->person : NULL));
    CU_TRY(capture_erase(a, t->tenant, t->person, f));
    if (!t->person[0])
        CU_TRY(keystore_destroy_tenant(a, t->tenant, f));
    CU_TRY(note(a, "key.destroyed", o, t));
    if (!t->person[0])
        CU_TRY(tell_offboarded(a, o, t));
    return note(a, "content.erased", o, t);
}

cu_err erasure_run(app *a, const erasure_order *o, erasure_target *t, size_t n, cu_fault *f)
{
    for (size_t i = 0; i < n; i++) {
        cu_err e = erase_one(a, o, &t[i], f);
        if (e != CU_OK)
            return f->code ? e : cu_fail(f, e, "the erasure in %.63s stopped: %s; give the order again", t[i].tenant, cu_err_text(e));
    }
    return publish_bundle(a, f);
}

static void put_targets(cu_buf *b, bool dry, const erasure_target *t, size_t n)
{
    cu_buf_fmt(b, "{\"dry_run\":%s,\"items\":[", dry ? "true" : "false");
    for (size_t i = 0; i < n; i++) {
        cu_buf_str(b, i ? ",{" : "{");
        cu_buf_json_kv_str(b, "tenant", t[i].tenant);
        cu_buf_json_kv_str(b, "subject", t[i].person[0] ? t[i].person : "tenant");
        put_counts(b, &t[i]);
        cu_buf_byte(b, '}');
    }
    cu_buf_str(b, "]}");
}

static unsigned refuse(call *c, const erasure_order *o, const char *approver, bool two)
{
    if (!o->subject && !o->tenant)
        return problem(c, 400, "Malformed", "Whom to erase is needed: subject (a person), tenant, or both.");
    if (o->tenant && !knows_tenant(c->a, o->tenant))
        return unknown_tenant(c, o->tenant);
    if (o->subject && !plain(o->subject, 128))
        return problem(c, 400, "Malformed", "subject is a name of 1 to 128 characters.");
    if (two && approver)
        return problem(c, 403, "A second person is needed", "Persons have accounts: leave the approver out; who approves is signed in in the console (Privacy).");
    if (!plain(o->basis, BASIS_MAX) || (!two && !plain(approver, 128)))
        return problem(c, 400, "Malformed", "basis (at most %u characters: why this may and must be erased)%s needed.", BASIS_MAX, two ? " is" : " and approver (who decided) are");
    if (o->subject && strstr(o->basis, o->subject))
        return problem(c, 400, "Malformed", "basis must not name her: it stays in the log.");
    if (o->subject && approver && strcmp(o->subject, approver) == 0)
        return problem(c, 400, "Malformed", "She cannot be the approver of her own erasure: the entry would name her.");
    const char *where = o->subject ? erasure_still_named(c->a, o) : NULL;
    return where ? problem(c, 409, "Still configured", "custos.yaml names her under %s: take her out there, restart Custos, and erase then.", where) : 0;
}

/* Nobody has an account: whoever sits at the machine answers for the approver's name. */
static unsigned erase_now(call *c, erasure_order *o, const char *approver, bool dry)
{
    erasure_target *t = NULL;
    size_t n = 0;
    cu_fault f = {0};
    pthread_mutex_lock(&c->a->lock);
    cu_err e = erasure_targets(c->a, o, &t, &n, &f);
    if (e == CU_OK && n && !dry)
        e = person_of(c->a, CU_TENANT_ORG, approver, o->by, &f);
    if (e == CU_OK && n && !dry)
        e = erasure_run(c->a, o, t, n, &f);
    pthread_mutex_unlock(&c->a->lock);
    unsigned status = 200;
    if (e != CU_OK)
        status = problem(c, 503, "It could not be erased", "%s", f.code ? f.text : cu_err_text(e));
    else if (n == 0)
        status = problem(c, 404, "Unknown person", "Nobody of this name is known%s.", o->tenant ? " in this tenant" : "");
    else
        put_targets(c->out, dry, t, n);
    free(t);
    return status;
}

/* Persons have accounts: the order waits for one of them. */
static unsigned order_it(call *c, const erasure_order *o)
{
    cu_fault f = {0};
    const desk_actor who = {.actor = c->actor, .roles = c->role};
    json_t *record = NULL, *fields = json_pack("{s:s,s:s,s:s}", "basis", o->basis, "subject", o->subject ? o->subject : "", "where", o->tenant ? o->tenant : "");
    cu_err e = desk_take(c->a, &who, "erasure.requested", NULL, fields, &record, &f);
    json_decref(fields);
    if (e != CU_OK)
        return desk_refused(c, e, &f);
    desk_name_persons(c->a, record);
    unsigned status = answer_json(c, json_pack("{s:o}", "order", record));
    return status == 200 ? 202 : status;
}

unsigned answer_erase(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    erasure_order o = {.actor = c->actor, .subject = json_string_value(json_object_get(in, "subject")), .tenant = json_string_value(json_object_get(in, "tenant")),
                       .basis = json_string_value(json_object_get(in, "basis"))};
    const char *approver = json_string_value(json_object_get(in, "approver"));
    bool dry = json_is_true(json_object_get(in, "dry_run")), two = accounts_any(c->a);
    unsigned status = refuse(c, &o, approver, two);
    if (!status)
        status = two && !dry ? order_it(c, &o) : erase_now(c, &o, approver, dry);
    json_decref(in);
    return status;
}
