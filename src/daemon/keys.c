/* Answers about virtual keys: list, issue, rotate, limit, revoke. The key itself is shown once, and
 * is nowhere but in that answer. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "app.h"
#include "as_of.h"
#include "holders.h"
#include "key_form.h"
#include "limited.h"
#include "office.h"

#define SHOWN 9u            /* characters of a key that are kept to recognise it */
#define OVERLAP_MAX (30u * 86400)

static void put_names(cu_buf *b, const char *key, const char *names)
{
    cu_buf_json_key(b, key);
    cu_buf_byte(b, '[');
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, ",");
        cu_buf_json_string(b, cu_bytes_of(p, n));
        p += n + (p[n] == ',');
        if (*p)
            cu_buf_byte(b, ',');
    }
    cu_buf_byte(b, ']');
}

static void put_money(cu_buf *b, const char *key, uint64_t millionths)
{
    char text[40];
    snprintf(text, sizeof text, "%llu.%06llu", (unsigned long long)(millionths / 1000000), (unsigned long long)(millionths % 1000000));
    for (size_t n = strlen(text); text[n - 1] == '0' && text[n - 3] != '.'; n--)
        text[n - 1] = 0;
    cu_buf_json_kv_str(b, key, text);
}

/* Only what is set: in keys' order, as in a leaf. */
static void put_limits(cu_buf *b, const cu_store_key *k)
{
    cu_buf_json_key(b, "limits");
    cu_buf_byte(b, '{');
    if (k->concurrent)
        cu_buf_json_kv_u64(b, "concurrent", k->concurrent);
    if (k->requests_per_minute)
        cu_buf_json_kv_u64(b, "requests_per_minute", k->requests_per_minute);
    if (k->spend_per_day)
        put_money(b, "spend_per_day", k->spend_per_day);
    if (k->tokens_per_day)
        cu_buf_json_kv_u64(b, "tokens_per_day", k->tokens_per_day);
    if (k->tokens_per_minute)
        cu_buf_json_kv_u64(b, "tokens_per_minute", k->tokens_per_minute);
    cu_buf_byte(b, '}');
}

static void put_scopes(cu_buf *b, const cu_store_key *k)
{
    cu_buf_json_key(b, "scopes");
    cu_buf_byte(b, '{');
    if (k->classes[0])
        put_names(b, "classes", k->classes);
    if (k->models[0])
        put_names(b, "models", k->models);
    if (k->repos[0])
        put_names(b, "repos", k->repos);
    if (k->tools[0])
        put_names(b, "tools", k->tools);
    if (k->vendors[0])
        put_names(b, "vendors", k->vendors);
    cu_buf_byte(b, '}');
}

static void put_key(app *a, cu_buf *b, const cu_store_key *k, uint64_t now_ns)
{
    char expires[CU_TIME_LEN] = "", holder[PERSON_NAME];
    person_name(a, k->user, holder);
    if (k->expires_ns)
        cu_time_text(k->expires_ns, expires);
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "id", k->id);
    cu_buf_json_kv_str(b, "tenant", k->tenant);
    cu_buf_json_kv_str(b, "user", holder);
    if (is_pseudonym(k->user))
        cu_buf_json_kv_str(b, "person", k->user);
    cu_buf_json_kv_str(b, "kind", k->service ? "service" : "user");
    cu_buf_json_kv_str(b, "name", k->name);
    cu_buf_json_kv_str(b, "shown", k->shown);
    cu_buf_json_kv_str(b, "created", k->created);
    cu_buf_json_kv_str(b, "expires", expires);
    cu_buf_json_kv_str(b, "last_used", k->last_used);
    cu_buf_json_kv_str(b, "replaces", k->replaces);
    put_scopes(b, k);
    put_limits(b, k);
    cu_buf_json_kv_bool(b, "revoked", k->revoked);
    cu_buf_json_kv_bool(b, "expired", k->expires_ns && k->expires_ns <= now_ns);
    cu_buf_byte(b, '}');
}

unsigned answer_keys(call *c)
{
    cu_store_key *k;
    size_t n;
    moment m;
    cu_fault f = {0};
    unsigned refusal = as_of(c, &m);
    if (refusal)
        return refusal;
    cu_err e = m.given ? keys_as_of(c->a, &m, &k, &n, &f) : cu_store_keys(c->a->store, &k, &n);
    if (e != CU_OK)
        return problem(c, 500, "The keys could not be read", "%s", f.code ? f.text : cu_err_text(e));
    cu_buf_str(c->out, "{\"items\":[");
    bool first = true;
    for (size_t i = 0; i < n; i++) {
        if (cu_bundle_is_probe(cu_str(k[i].tenant)) || !limit_tenant(c, k[i].tenant))
            continue; /* nobody's: made and revoked by custos probe */
        if (!first)
            cu_buf_byte(c->out, ',');
        first = false;
        put_key(c->a, c->out, &k[i], m.ns);
    }
    cu_buf_str(c->out, "]}");
    free(k);
    return 200;
}

bool knows_tenant(const app *a, const char *name)
{
    for (size_t i = 0; i < a->config->tenants_n; i++)
        if (strcmp(a->config->tenants[i].name, name) == 0)
            return true;
    return false;
}

unsigned unknown_tenant(call *c, const char *tenant)
{
    char known[300] = "";
    for (size_t i = 0; i < c->a->config->tenants_n && strlen(known) < 200; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", c->a->config->tenants[i].name);
    return problem(c, 404, "Unknown tenant", "There is no tenant %.63s. Known tenants: %s.", tenant ? tenant : "(none given)", known);
}

/* 200 random bits. */
static void make_key(char out[64], cu_store_key *k)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t r[40];
    char id[CU_ID_LEN];
    cu_random(r, sizeof r);
    memcpy(out, CU_KEY_PREFIX, 3);
    for (size_t i = 0; i < sizeof r; i++)
        out[3 + i] = alphabet[r[i] & 31];
    out[3 + sizeof r] = 0;
    cu_wipe(r, sizeof r);
    cu_sha256_of(cu_str(out), &k->hash);
    snprintf(k->shown, sizeof k->shown, "%.*s", (int)SHOWN, out);
    cu_id_new(id);
    snprintf(k->id, sizeof k->id, "k_%s", id);
    cu_time_text(cu_now_ns(), k->created);
}

/* The log first, then the register: a key that works has its entry. */
static cu_err add_key(app *a, const char *actor, const cu_store_key *k, const holder_reading *read)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_buf_byte(&body, '{');
    if (read->asked)
        cu_buf_json_kv_bool(&body, "acknowledged", read->done);
    cu_buf_json_kv_str(&body, "created", k->created);
    cu_buf_json_kv_u64(&body, "expires", k->expires_ns / 1000000000);
    cu_buf_json_kv_str(&body, "key", k->id);
    cu_buf_json_kv_str(&body, "kind", k->service ? "service" : "user");
    put_limits(&body, k);
    put_scopes(&body, k);
    cu_buf_json_kv_str(&body, "user", k->user);
    cu_buf_byte(&body, '}');
    CU_TRY(record(a, "key.issued", k->tenant, actor, &body));
    return cu_store_key_add(a->store, k);
}

static void put_issued(call *c, const char *key, const cu_store_key *k)
{
    char expires[CU_TIME_LEN] = "", holder[PERSON_NAME];
    person_name(c->a, k->user, holder);
    if (k->expires_ns)
        cu_time_text(k->expires_ns, expires);
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "key", key);
    cu_buf_json_kv_str(c->out, "id", k->id);
    cu_buf_json_kv_str(c->out, "tenant", k->tenant);
    cu_buf_json_kv_str(c->out, "user", holder);
    cu_buf_json_kv_str(c->out, "kind", k->service ? "service" : "user");
    cu_buf_json_kv_str(c->out, "expires", expires);
    cu_buf_byte(c->out, '}');
}

/* Fills k from the form; an answer's status when something is wrong, else 0. */
static unsigned read_form(call *c, const json_t *in, cu_store_key *k)
{
    const char *tenant = json_string_value(json_object_get(in, "tenant")), *user = json_string_value(json_object_get(in, "user"));
    const char *service = json_string_value(json_object_get(in, "service")), *name = json_string_value(json_object_get(in, "name"));
    const char *wrong = form_expires(json_object_get(in, "expires"), &k->expires_ns);
    if (!tenant || !knows_tenant(c->a, tenant))
        return unknown_tenant(c, tenant);
    if (!user == !service || !form_word(user ? user : service, 128) || (name && name[0] && !form_word(name, 128)))
        return problem(c, 400, "Malformed", "Either user or service, and name, must be 1 to 128 printable characters without blanks and quotes.");
    if (service && is_pseudonym(service))
        return problem(c, 400, "Malformed", "The name of a service must not be p_ and 32 hex digits: pseudonyms of persons look so.");
    if (!wrong)
        wrong = form_scopes(json_object_get(in, "scopes"), k);
    if (!wrong)
        wrong = form_limits(json_object_get(in, "limits"), k);
    if (wrong)
        return problem(c, 400, "Malformed", "%s", wrong);
    k->service = service != NULL;
    snprintf(k->tenant, sizeof k->tenant, "%s", tenant);
    snprintf(k->user, sizeof k->user, "%s", user ? user : service);
    snprintf(k->name, sizeof k->name, "%s", name ? name : "");
    return 0;
}

/* From here on she is a pseudonym. */
static cu_err take_person(app *a, cu_store_key *k, cu_fault *f)
{
    char pseudonym[CU_PSEUDONYM_LEN];
    CU_TRY(person_of(a, k->tenant, k->user, pseudonym, f));
    memcpy(k->user, pseudonym, sizeof pseudonym);
    return CU_OK;
}

/* 0, or the status of a refusal. */
static unsigned must_have_read(call *c, const char *name, holder_reading *read)
{
    *read = holder_has_read(c->a, name);
    if (read->done || !c->a->config->holders.refuse_unread)
        return 0;
    return problem(c, 409, "Policies are not acknowledged", "%.128s has not acknowledged %s. She says so in the console (Policies), or somebody records it for her: custos register step policy.acknowledged.",
                   name, read->missing);
}

unsigned issue_key(call *c)
{
    holder_reading read = {.done = true};
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    cu_store_key k = {0};
    cu_fault f = {0};
    char key[64];
    unsigned status = read_form(c, in, &k);
    if (!status && !limit_tenant(c, k.tenant))
        status = unknown_tenant(c, k.tenant);
    if (!status && !k.service)
        status = must_have_read(c, k.user, &read);
    if (!status) {
        make_key(key, &k);
        status = key_request_use(c, json_object_get(in, "request"), &k);
    }
    json_decref(in);
    if (status) {
        cu_wipe(key, sizeof key);
        return status;
    }
    pthread_mutex_lock(&c->a->lock);
    cu_err e = k.service ? CU_OK : take_person(c->a, &k, &f);
    if (e == CU_OK)
        e = add_key(c->a, c->actor, &k, &read);
    if (e == CU_OK)
        e = publish_bundle(c->a, &f);
    pthread_mutex_unlock(&c->a->lock);
    if (e == CU_OK)
        put_issued(c, key, &k);
    cu_wipe(key, sizeof key);
    return e == CU_OK ? 201 : problem(c, 503, "The key could not be issued", "%s", f.code ? f.text : cu_err_text(e));
}

static unsigned unknown_key(call *c, const char *id)
{
    return problem(c, 404, "Unknown key", "There is no key %.40s; custos key list shows them.", id);
}

/* A new key with the old one's rights; the old one works for as long as both are needed. */
static cu_err rotate(app *a, const char *actor, cu_store_key *old, cu_store_key *k, uint64_t overlap_s, const holder_reading *read, cu_fault *f)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    uint64_t until = (cu_now_ns() / 1000000000 + overlap_s) * 1000000000ull; /* whole seconds, as the log has it */
    if (old->expires_ns && old->expires_ns < until)
        until = old->expires_ns;
    cu_buf_fmt(&body, "{\"key\":\"%s\",\"overlap\":%llu,\"replaces\":\"%s\",\"until\":%llu,\"user\":\"%s\"}", k->id, (unsigned long long)overlap_s,
               old->id, (unsigned long long)(until / 1000000000), k->user);
    CU_TRY(add_key(a, actor, k, read));
    CU_TRY(record(a, "key.rotated", k->tenant, actor, &body));
    CU_TRY(cu_store_key_expire(a->store, old->id, until));
    return publish_bundle(a, f);
}

/* Of a tenant that the caller may see. */
static cu_err key_get(const call *c, const char *id, cu_store_key *k)
{
    cu_err e = cu_store_key_get(c->a->store, id, k);
    return e == CU_OK && !limit_tenant(c, k->tenant) ? CU_NOT_FOUND : e;
}

unsigned rotate_key(call *c)
{
    const char *id = c->args[0];
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *o = json_object_get(in, "overlap_seconds");
    json_int_t overlap = o ? json_integer_value(o) : 86400;
    cu_store_key old, k;
    cu_fault f = {0};
    char key[64];
    const char *wrong = form_expires(json_object_get(in, "expires"), &k.expires_ns);
    uint64_t expires = k.expires_ns;
    bool bad = (o && !json_is_integer(o)) || overlap < 0 || overlap > OVERLAP_MAX;
    json_decref(in);
    if (bad || wrong)
        return problem(c, 400, "Malformed", "%s", wrong ? wrong : "overlap_seconds is a number of seconds up to 2592000 (30 days).");
    holder_reading read = {.done = true};
    unsigned refused = 0;
    if (key_get(c, id, &old) == CU_OK && !old.service) {
        char name[PERSON_NAME];
        person_name(c->a, old.user, name);
        refused = must_have_read(c, name, &read);
    }
    if (refused)
        return refused;
    pthread_mutex_lock(&c->a->lock);
    cu_err e = key_get(c, id, &old);
    bool over = e == CU_OK && (old.revoked || (old.expires_ns && old.expires_ns <= cu_now_ns()));
    if (e == CU_OK && !over) {
        k = old;
        k.expires_ns = expires ? expires : old.expires_ns;
        snprintf(k.replaces, sizeof k.replaces, "%s", old.id);
        make_key(key, &k);
        e = rotate(c->a, c->actor, &old, &k, (uint64_t)overlap, &read, &f);
    }
    pthread_mutex_unlock(&c->a->lock);
    if (e == CU_NOT_FOUND)
        return unknown_key(c, id);
    if (over)
        return problem(c, 409, "The key has ended", "A key that is revoked or expired is not rotated; issue a new one.");
    if (e == CU_OK)
        put_issued(c, key, &k);
    cu_wipe(key, sizeof key);
    return e == CU_OK ? 201 : problem(c, 503, "The key could not be rotated", "%s", f.code ? f.text : cu_err_text(e));
}

unsigned limit_key(call *c)
{
    const char *id = c->args[0];
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    cu_store_key k;
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = key_get(c, id, &k);
    const char *wrong = e == CU_OK && json_is_object(json_object_get(in, "limits")) ? form_limits(json_object_get(in, "limits"), &k)
                                                                                    : "limits is needed: which are to change.";
    json_decref(in);
    if (e == CU_OK && !wrong) {
        cu_buf_byte(&body, '{');
        cu_buf_json_kv_str(&body, "key", k.id);
        put_limits(&body, &k);
        cu_buf_byte(&body, '}');
        e = record(c->a, "limit.changed", k.tenant, c->actor, &body);
        if (e == CU_OK)
            e = cu_store_key_limit(c->a->store, &k);
        if (e == CU_OK)
            e = publish_bundle(c->a, &f);
    }
    pthread_mutex_unlock(&c->a->lock);
    if (e == CU_NOT_FOUND)
        return unknown_key(c, id);
    if (wrong)
        return problem(c, 400, "Malformed", "%s", wrong);
    if (e != CU_OK)
        return problem(c, 503, "The limits could not be changed", "%s", f.code ? f.text : cu_err_text(e));
    put_key(c->a, c->out, &k, cu_now_ns());
    return 200;
}

unsigned revoke_key(call *c)
{
    const char *id = c->args[0];
    cu_store_key k;
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = key_get(c, id, &k);
    if (e == CU_OK) { /* the log first: what it says is put right when it is sealed, should we die in between */
        cu_buf_fmt(&body, "{\"key\":\"%s\",\"user\":\"%s\"}", k.id, k.user);
        e = record(c->a, "key.revoked", k.tenant, c->actor, &body);
    }
    if (e == CU_OK)
        e = cu_store_key_revoke(c->a->store, id, &k);
    if (e == CU_OK)
        e = publish_bundle(c->a, &f);
    pthread_mutex_unlock(&c->a->lock);
    if (e == CU_NOT_FOUND)
        return unknown_key(c, id);
    return e == CU_OK ? 204 : problem(c, 503, "The key could not be revoked", "%s", cu_err_text(e));
}
