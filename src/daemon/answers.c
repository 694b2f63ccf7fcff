/* Answers about the system, its criteria and its keys. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "app.h"

#define TRY_MAX ((size_t)1 << 20)

static void put_logs(call *c)
{
    char dir[4300], name[80], at[CU_TIME_LEN], hex[65];
    bool first = true;
    cu_buf_json_key(c->out, "logs");
    cu_buf_byte(c->out, '[');
    for (size_t i = 0; i < c->a->config->tenants_n + 2; i++) {
        cu_log *l;
        cu_checkpoint cp;
        cu_fault f;
        if (i < 2)
            snprintf(name, sizeof name, "%s", i ? "anchor" : "org");
        else
            snprintf(name, sizeof name, "t:%s", c->a->config->tenants[i - 2].name);
        snprintf(dir, sizeof dir, "%s/%s%s", c->a->config->log_dir, i < 2 ? "" : "t/", i < 2 ? name : name + 2);
        if (cu_log_open(dir, &l, &f) != CU_OK)
            continue;
        if (cu_log_checkpoint(l, &cp, NULL, &f) == CU_OK) {
            cu_time_text(c->a->sealed_ns ? c->a->sealed_ns : cu_now_ns(), at);
            cu_hex(hex, cp.root.b, 32);
            cu_buf_fmt(c->out, "%s{\"name\":\"%s\",\"origin\":\"%s\",\"size\":%llu,\"root\":\"%s\",\"at\":\"%s\"}", first ? "" : ",", name,
                       cp.origin, (unsigned long long)cp.size, hex, at);
            first = false;
        }
        cu_log_close(l);
    }
    cu_buf_byte(c->out, ']');
}

unsigned answer_status(call *c)
{
    app *a = c->a;
    const cu_config *g = a->config;
    char now[CU_TIME_LEN], started[CU_TIME_LEN];
    cu_time_text(cu_now_ns(), now);
    cu_time_text(a->started_ns, started);
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "version", CUSTOS_VERSION);
    cu_buf_json_kv_str(c->out, "now", now);
    cu_buf_json_kv_str(c->out, "started", started);
    cu_buf_json_kv_str(c->out, "log_dir", g->log_dir);
    cu_buf_json_key(c->out, "tenants");
    for (size_t i = 0; i < g->tenants_n; i++)
        cu_buf_fmt(c->out, "%s\"%s\"", i ? "," : "[", g->tenants[i].name);
    cu_buf_byte(c->out, ']');
    cu_buf_json_key(c->out, "gateway_urls");
    for (size_t i = 0; i < g->listen_n; i++)
        cu_buf_fmt(c->out, "%s\"%s\"", i ? "," : "[", g->listen[i].url);
    cu_buf_byte(c->out, ']');
    cu_buf_json_key(c->out, "console_url");
    cu_buf_fmt(c->out, "\"%s/\"", g->listen[0].url);
    put_logs(c);
    rules_status(a, c->out);
    pthread_mutex_lock(&a->lock);
    cu_buf_fmt(c->out, ",\"spool\":{\"ready\":%u,\"space\":%s}", a->ready_segments, cu_spool_space(a->spool_fd) == CU_OK ? "true" : "false");
    cu_buf_fmt(c->out, ",\"bundle\":{\"version\":%llu,\"digest\":\"%s\"}", (unsigned long long)a->bundle_version, a->bundle_digest);
    cu_buf_json_kv_u64(c->out, "sealed_age_ms", a->sealed_ns ? (cu_now_ns() - a->sealed_ns) / 1000000 : 0);
    cu_buf_json_kv_str(c->out, "trouble", a->trouble);
    pthread_mutex_unlock(&a->lock);
    cu_buf_byte(c->out, '}');
    return 200;
}

unsigned answer_criteria(call *c)
{
    cu_err e = cu_criteria_json(c->a->criteria, c->a->store, cu_now_ns(), c->out);
    return e == CU_OK ? 200 : problem(c, 500, "The states could not be computed", "%s", cu_err_text(e));
}

/* --- keys --- */

static void put_key(cu_buf *b, const cu_store_key *k)
{
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "id", k->id);
    cu_buf_json_kv_str(b, "tenant", k->tenant);
    cu_buf_json_kv_str(b, "user", k->user);
    cu_buf_json_kv_str(b, "name", k->name);
    cu_buf_json_kv_str(b, "created", k->created);
    cu_buf_json_kv_bool(b, "revoked", k->revoked);
    cu_buf_json_kv_bool(b, "expired", k->expires_ns && k->expires_ns <= cu_now_ns());
    cu_buf_byte(b, '}');
}

static unsigned list_keys(call *c)
{
    cu_store_key *k;
    size_t n;
    cu_err e = cu_store_keys(c->a->store, &k, &n);
    if (e != CU_OK)
        return problem(c, 500, "The keys could not be read", "%s", cu_err_text(e));
    cu_buf_str(c->out, "{\"items\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            cu_buf_byte(c->out, ',');
        put_key(c->out, &k[i]);
    }
    cu_buf_str(c->out, "]}");
    free(k);
    return 200;
}

static bool is_word(const char *s, size_t max)
{
    size_t n = s ? strlen(s) : 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x21 || (unsigned char)s[i] > 0x7e || s[i] == '"' || s[i] == '\\')
            return false;
    return n > 0 && n <= max;
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

static void make_key(char out[64])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t r[40];
    cu_random(r, sizeof r);
    memcpy(out, CU_KEY_PREFIX, 3);
    for (size_t i = 0; i < sizeof r; i++)
        out[3 + i] = alphabet[r[i] & 31];
    out[3 + sizeof r] = 0;
    cu_wipe(r, sizeof r);
}

/* The log first, then the register, then the bundle: a key that works has its entry. */
static cu_err issue(app *a, cu_store_key *k, cu_fault *f)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(2048);
    cu_buf_byte(&body, '{');
    cu_buf_json_kv_u64(&body, "expires", k->expires_ns / 1000000000);
    cu_buf_json_kv_str(&body, "key", k->id);
    cu_buf_json_kv_str(&body, "name", k->name);
    cu_buf_json_kv_str(&body, "user", k->user);
    cu_buf_byte(&body, '}');
    CU_TRY(record(a, "key.issued", k->tenant, "operator", &body));
    CU_TRY(cu_store_key_add(a->store, k));
    return publish_bundle(a, f);
}

static unsigned issue_key(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *tenant = json_string_value(json_object_get(in, "tenant")), *user = json_string_value(json_object_get(in, "user"));
    const char *name = json_string_value(json_object_get(in, "name")), *expires = json_string_value(json_object_get(in, "expires"));
    cu_store_key k = {0};
    char key[64], id[CU_ID_LEN];
    cu_fault f = {0};
    struct tm tm = {0};
    unsigned status = 0;
    if (!tenant || !knows_tenant(c->a, tenant))
        status = unknown_tenant(c, tenant);
    else if (!is_word(user, 128) || (name && name[0] && !is_word(name, 128)))
        status = problem(c, 400, "Malformed", "user (and name) must be 1 to 128 printable characters without blanks and quotes.");
    else if (expires && expires[0] && !strptime(expires, "%Y-%m-%d", &tm))
        status = problem(c, 400, "Malformed", "expires must be a date, like 2027-12-31.");
    if (status == 0) {
        cu_id_new(id);
        snprintf(k.id, sizeof k.id, "k_%s", id);
        snprintf(k.tenant, sizeof k.tenant, "%s", tenant);
        snprintf(k.user, sizeof k.user, "%s", user);
        snprintf(k.name, sizeof k.name, "%s", name ? name : "");
        cu_time_text(cu_now_ns(), k.created);
        k.expires_ns = expires && expires[0] ? ((uint64_t)timegm(&tm) + 86400) * 1000000000ull : 0;
        make_key(key);
        cu_sha256_of(cu_str(key), &k.hash);
        pthread_mutex_lock(&c->a->lock);
        cu_err e = issue(c->a, &k, &f);
        pthread_mutex_unlock(&c->a->lock);
        if (e != CU_OK)
            status = problem(c, 503, "The key could not be issued", "%s", f.code ? f.text : cu_err_text(e));
    }
    json_decref(in);
    if (status)
        return status;
    cu_buf_fmt(c->out, "{\"key\":\"%s\",\"id\":\"%s\",\"tenant\":\"%s\",\"user\":\"%s\"}", key, k.id, k.tenant, k.user);
    cu_wipe(key, sizeof key);
    return 201;
}

static unsigned revoke_key(call *c, const char *id)
{
    cu_store_key k;
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = cu_store_key_revoke(c->a->store, id, &k);
    if (e == CU_OK) {
        cu_buf_fmt(&body, "{\"key\":\"%s\",\"user\":\"%s\"}", k.id, k.user);
        e = record(c->a, "key.revoked", k.tenant, "operator", &body);
    }
    if (e == CU_OK)
        e = publish_bundle(c->a, &f);
    pthread_mutex_unlock(&c->a->lock);
    if (e == CU_NOT_FOUND)
        return problem(c, 404, "Unknown key", "There is no key %.40s; custos key list shows them.", id);
    return e == CU_OK ? 204 : problem(c, 503, "The key could not be revoked", "%s", cu_err_text(e));
}

unsigned answer_keys(call *c)
{
    const char *id = c->path + strlen("/api/v1/keys");
    if (*id == 0 && strcmp(c->method, "GET") == 0)
        return list_keys(c);
    if (*id == 0 && strcmp(c->method, "POST") == 0)
        return issue_key(c);
    if (*id == '/' && strcmp(c->method, "DELETE") == 0)
        return revoke_key(c, id + 1);
    return problem(c, 405, "Not possible", "This path does not take %.10s.", c->method);
}
