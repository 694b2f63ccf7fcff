/* Answers about the system and its criteria. */
#include <stdio.h>
#include "app.h"
#include "limited.h"
#include "as_of.h"
#include "watch.h"
#include "health.h"

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
        if (!limit_log(c, name))
            continue;
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

/* When a worker last refused a bundle, unless one was taken since. */
static void refused_bundle(const app *a, char out[CU_TIME_LEN])
{
    cu_store_events refused, loaded;
    out[0] = 0;
    if (cu_store_events_of(a->store, "policy.bundle_refused", &refused) != CU_OK || refused.count == 0 ||
        cu_store_events_of(a->store, "policy.bundle_loaded", &loaded) != CU_OK || strcmp(loaded.last, refused.last) > 0)
        return;
    memcpy(out, refused.last, CU_TIME_LEN);
}

unsigned answer_status(call *c)
{
    app *a = c->a;
    const cu_config *g = a->config;
    moment then;
    unsigned refusal = as_of(c, &then);
    if (refusal || then.given)
        return refusal ? refusal : answer_heads(c, &then);
    char now[CU_TIME_LEN], started[CU_TIME_LEN], refused[CU_TIME_LEN];
    cu_time_text(cu_now_ns(), now);
    cu_time_text(a->started_ns, started);
    refused_bundle(a, refused);
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "version", CUSTOS_VERSION);
    cu_buf_json_kv_str(c->out, "now", now);
    cu_buf_json_kv_str(c->out, "started", started);
    cu_buf_json_kv_str(c->out, "log_dir", g->log_dir);
    cu_buf_json_key(c->out, "tenants");
    cu_buf_byte(c->out, '[');
    for (size_t i = 0, shown = 0; i < g->tenants_n; i++)
        if (limit_tenant(c, g->tenants[i].name))
            cu_buf_fmt(c->out, "%s\"%s\"", shown++ ? "," : "", g->tenants[i].name);
    cu_buf_byte(c->out, ']');
    cu_buf_json_key(c->out, "gateway_urls");
    for (size_t i = 0; i < g->listen_n; i++)
        cu_buf_fmt(c->out, "%s\"%s\"", i ? "," : "[", g->listen[i].url);
    cu_buf_byte(c->out, ']');
    cu_buf_json_key(c->out, "console_url");
    cu_buf_fmt(c->out, "\"%s/\"", g->listen[0].url);
    put_logs(c);
    put_isolation(a, c->out);
    rules_status(a, c->out);
    attest_status(a, c->out);
    health_status(a, c->out);
    watch_status(a, c->out);
    char misfit[400];
    cu_buf_json_key(c->out, "misfits");
    cu_buf_fmt(c->out, "{\"count\":%llu", (unsigned long long)cu_store_misfits(a->store, misfit));
    cu_buf_json_kv_str(c->out, "last", misfit);
    cu_buf_byte(c->out, '}');
    pthread_mutex_lock(&a->lock);
    cu_buf_fmt(c->out, ",\"spool\":{\"ready\":%u,\"space\":%s}", a->ready_segments, cu_spool_space(a->spool_fd) == CU_OK ? "true" : "false");
    cu_buf_fmt(c->out, ",\"bundle\":{\"version\":%llu,\"digest\":\"%s\",\"refused\":\"%s\"}", (unsigned long long)a->bundle_version,
               a->bundle_digest, refused);
    cu_buf_json_kv_u64(c->out, "sealed_age_ms", a->sealed_ns ? (cu_now_ns() - a->sealed_ns) / 1000000 : 0);
    cu_buf_json_kv_str(c->out, "trouble", a->trouble);
    pthread_mutex_unlock(&a->lock);
    cu_buf_byte(c->out, '}');
    return 200;
}
