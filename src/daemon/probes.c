/* Probes: keys of their own tenants, what a run found as a sealed entry, and suspected leaks. */
#include <jansson.h>
#include <stdlib.h>
#include "app.h"
#include "probe_desk.h"

#define MAX_RESULTS 100u
#define CONTROLS_MAX 16u

#define SECONDS_MAX 3600 /* should the probe die, its keys do as well */

/* Of k, tenant, life and limit are set. */
static cu_err issue(app *a, uint64_t seconds, char key[64], cu_store_key *k, cu_fault *f)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t r[40];
    char id[CU_ID_LEN];
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024);
    cu_random(r, sizeof r);
    memcpy(key, CU_KEY_PREFIX, 3);
    for (size_t i = 0; i < sizeof r; i++)
        key[3 + i] = alphabet[r[i] & 31];
    key[3 + sizeof r] = 0;
    cu_wipe(r, sizeof r);
    cu_id_new(id);
    snprintf(k->id, sizeof k->id, "k_%s", id);
    snprintf(k->user, sizeof k->user, "probe");
    snprintf(k->name, sizeof k->name, "custos-probe");
    cu_time_text(cu_now_ns(), k->created);
    k->expires_ns = cu_now_ns() + seconds * 1000000000;
    cu_sha256_of(cu_str(key), &k->hash);
    cu_buf_fmt(&body, "{\"created\":\"%s\",\"expires\":%llu,\"key\":\"%s\",", k->created, (unsigned long long)(k->expires_ns / 1000000000), k->id);
    if (k->requests_per_minute)
        cu_buf_fmt(&body, "\"limits\":{\"requests_per_minute\":%llu},", (unsigned long long)k->requests_per_minute);
    cu_buf_fmt(&body, "\"name\":\"%s\",\"probe\":true,\"user\":\"%s\"}", k->name, k->user);
    CU_TRY(record(a, "key.issued", k->tenant, "operator", &body));
    CU_TRY(cu_store_key_add(a->store, k));
    return publish_bundle(a, f);
}

/* A whole number from 1 to max; `otherwise` when it is not given, 0 when it is wrong. */
static uint64_t number_of(const json_t *in, const char *name, uint64_t max, uint64_t otherwise)
{
    const json_t *v = json_object_get(in, name);
    json_int_t n = json_integer_value(v);
    return !v ? otherwise : n >= 1 && (uint64_t)n <= max ? (uint64_t)n : 0;
}

unsigned answer_probe_key(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *tenant = json_string_value(json_object_get(in, "tenant"));
    uint64_t seconds = number_of(in, "seconds", SECONDS_MAX, SECONDS_MAX), limit = number_of(in, "requests_per_minute", 1000, UINT64_MAX);
    cu_store_key k = {.requests_per_minute = limit == UINT64_MAX ? 0 : limit};
    char key[64];
    cu_fault f = {0};
    bool good = tenant && (strcmp(tenant, "probe-a") == 0 || strcmp(tenant, "probe-b") == 0 || strcmp(tenant, "probe-c") == 0) && seconds && limit;
    cu_err e = CU_OK;
    if (good) {
        snprintf(k.tenant, sizeof k.tenant, "%s", tenant);
        pthread_mutex_lock(&c->a->lock);
        e = issue(c->a, seconds, key, &k, &f);
        pthread_mutex_unlock(&c->a->lock);
    }
    json_decref(in);
    if (!good)
        return problem(c, 400, "Malformed", "tenant must be probe-a, probe-b or probe-c, seconds 1 to 3600, requests_per_minute 1 to 1000.");
    if (e != CU_OK)
        return problem(c, 503, "The key could not be issued", "%s", f.code ? f.text : cu_err_text(e));
    cu_buf_fmt(c->out, "{\"key\":\"%s\",\"id\":\"%s\"}", key, k.id);
    cu_wipe(key, sizeof key);
    return 201;
}

/* --- what a run found --- */

static bool is_id(const char *s, size_t max)
{
    return s && *s && strlen(s) <= max && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(s);
}

/* One result as it stands in the entry; false when it has not the form. */
static bool put_result(const json_t *r, cu_buf *b, unsigned counts[3])
{
    static const char *const verdicts[] = {"broken", "failed", "held"};
    const char *id = json_string_value(json_object_get(r, "id")), *verdict = json_string_value(json_object_get(r, "verdict"));
    const char *exchange = json_string_value(json_object_get(r, "exchange")), *saw = json_string_value(json_object_get(r, "saw"));
    const char *tried = json_string_value(json_object_get(r, "tried"));
    unsigned v = 0;
    while (v < 3 && verdict && strcmp(verdicts[v], verdict) != 0)
        v++;
    if (v == 3 || !verdict || !is_id(id, 48) || (exchange && *exchange && !is_id(exchange, 40)) || !saw || strlen(saw) > 120 || !tried || strlen(tried) > 120)
        return false;
    counts[v]++;
    cu_buf_byte(b, '{');
    cu_buf_json_kv_str(b, "exchange", exchange ? exchange : "");
    cu_buf_json_kv_str(b, "id", id);
    cu_buf_json_kv_str(b, "saw", saw);
    cu_buf_json_kv_str(b, "tried", tried);
    cu_buf_json_kv_str(b, "verdict", verdict);
    cu_buf_byte(b, '}');
    return true;
}

/* The ids of controls, as a list of words; false when one has not the form. */
static bool put_controls(const json_t *in, cu_buf *b)
{
    const json_t *id;
    size_t i;
    cu_buf_byte(b, '[');
    json_array_foreach(json_object_get(in, "controls"), i, id) {
        if (i >= CONTROLS_MAX || !is_id(json_string_value(id), 16))
            return false;
        cu_buf_fmt(b, "%s\"%s\"", i ? "," : "", json_string_value(id));
    }
    cu_buf_byte(b, ']');
    return true;
}

/* asked_by: of a run that somebody asked for; "". */
static cu_err seal(app *a, const char *name, const char *asked_by, const json_t *in, unsigned counts[3])
{
    cu_buf list CU_CLEAN_BUF = CU_BUF(65536), controls CU_CLEAN_BUF = CU_BUF(1024), body CU_CLEAN_BUF = CU_BUF(65536);
    const json_t *results = json_object_get(in, "results"), *r;
    const char *started = json_string_value(json_object_get(in, "started")), *control = json_string_value(json_object_get(in, "control"));
    size_t i;
    json_array_foreach(results, i, r) {
        if (i)
            cu_buf_byte(&list, ',');
        if (i >= MAX_RESULTS || !put_result(r, &list, counts))
            return CU_SYNTAX;
    }
    if (!put_controls(in, &controls) || (started && strcmp(started, "hand") != 0 && strcmp(started, "schedule") != 0))
        return CU_SYNTAX;
    cu_buf_byte(&body, '{');
    if (*asked_by)
        cu_buf_json_kv_str(&body, "asked_by", asked_by);
    cu_buf_fmt(&body, "%s\"attacks\":%zu,\"broken\":%u", *asked_by ? "," : "", json_array_size(results), counts[0]);
    if (control)
        cu_buf_json_kv_str(&body, "control", control);
    cu_buf_fmt(&body, ",\"controls\":%s,\"elsewhere\":%s,\"failed\":%u,\"held\":%u,\"outcome\":\"%s\",\"own_value\":%s,\"probe\":\"%s\",\"results\":[",
               cu_buf_cstr(&controls), json_is_true(json_object_get(in, "elsewhere")) ? "true" : "false", counts[1], counts[2],
               counts[0] ? "broken" : counts[1] ? "failed" : "held", json_is_true(json_object_get(in, "own_value")) ? "true" : "false", name);
    cu_buf_add(&body, cu_buf_view(&list));
    cu_buf_fmt(&body, "],\"started\":\"%s\"}", *asked_by ? "request" : started ? started : "hand");
    return list.err ? list.err : record(a, "probe.completed", CU_TENANT_ORG, "operator", &body);
}

unsigned seal_probe(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(in, "probe"));
    const char *control = json_string_value(json_object_get(in, "control"));
    const char *request = json_string_value(json_object_get(in, "request"));
    char asked_by[CU_STORE_ACTOR] = "";
    unsigned counts[3] = {0};
    cu_err e = CU_SYNTAX;
    if (request)
        probe_run_asker(c->a, request, asked_by);
    bool known = !control || cu_control_find(c->a->catalogue, cu_str(control));
    if (known && is_id(name, 48) && json_array_size(json_object_get(in, "results"))) {
        pthread_mutex_lock(&c->a->lock);
        e = seal(c->a, name, asked_by, in, counts);
        pthread_mutex_unlock(&c->a->lock);
    }
    if (e == CU_OK && request)
        probe_run_ended(c->a, request, json_object_get(in, "results"));
    json_decref(in);
    if (e == CU_SYNTAX)
        return problem(c, 400, "Malformed", "probe and results (id, tried, saw, verdict, exchange) are needed; control, if given, must be one of the catalogue, controls a list of ids, started hand or schedule.");
    if (e != CU_OK)
        return problem(c, 503, "The result could not be recorded", "%s", cu_err_text(e));
    cu_buf_fmt(c->out, "{\"broken\":%u,\"failed\":%u,\"held\":%u}", counts[0], counts[1], counts[2]);
    return 201;
}

static void put_events(cu_buf *b, const app *a, const char *key, const char *type)
{
    cu_store_events e = {0};
    (void)!cu_store_events_of(a->store, type, &e);
    cu_buf_json_key(b, key);
    cu_buf_byte(b, '{');
    cu_buf_json_kv_u64(b, "count", e.count);
    cu_buf_json_kv_str(b, "last", e.last);
    cu_buf_byte(b, '}');
}

void put_isolation(const app *a, cu_buf *b)
{
    cu_buf_json_key(b, "isolation");
    cu_buf_byte(b, '{');
    put_events(b, a, "leak_suspected", "isolation.leak_suspected");
    put_events(b, a, "probe_leak_suspected", "probe.leak_suspected");
    put_events(b, a, "probes", "probe.completed");
    cu_buf_byte(b, '}');
}

/* An entry, whole, and where it is; null when there is none. */
static void put_entry(call *c, const char *key, cu_err e, const char *log, uint64_t index, const cu_buf *leaf)
{
    cu_buf_json_key(c->out, key);
    if (e != CU_OK) {
        cu_buf_str(c->out, "null");
        return;
    }
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "log", log);
    cu_buf_json_kv_u64(c->out, "index", index);
    cu_buf_json_key(c->out, "entry");
    cu_buf_add(c->out, cu_buf_view(leaf));
    cu_buf_byte(c->out, '}');
}

static cu_err open_log(const app *a, const char *log, cu_log **l)
{
    char dir[4300];
    cu_fault f;
    snprintf(dir, sizeof dir, "%s/%s", a->config->log_dir, log);
    return cu_log_open(dir, l, &f);
}

static void put_newest(call *c, const char *key, const char *type)
{
    char log[80] = "";
    uint64_t index = 0;
    cu_log *l;
    cu_fault f;
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_err e = cu_store_last_of(c->a->store, type, log, &index);
    if (e == CU_OK && (e = open_log(c->a, log, &l)) == CU_OK) {
        e = cu_log_entry(l, index, &leaf, &f);
        cu_log_close(l);
    }
    put_entry(c, key, e, log, index, &leaf);
}

#define RUNS_MAX 1000u /* so far back a run of isolation is looked for: some days of all probes */

typedef struct {
    uint64_t v[RUNS_MAX];
    size_t n;
} places;

static void keep_place(void *arg, const cu_store_entry *x)
{
    places *p = arg;
    if (p->n < RUNS_MAX)
        p->v[p->n++] = x->index;
}

/* The newest run of the probe of isolation among those of all probes. */
static void put_isolation_run(call *c)
{
    places p = {.n = 0};
    uint64_t total;
    cu_log *l;
    cu_fault f;
    const cu_store_entry_filter w = {.log = CU_TENANT_ORG, .type = "probe.completed"};
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    size_t i = 0;
    bool found = false;
    cu_err e = cu_store_entries(c->a->store, &w, 0, RUNS_MAX, keep_place, &p, &total);
    if (e == CU_OK && p.n && (e = open_log(c->a, CU_TENANT_ORG, &l)) == CU_OK) {
        for (; i < p.n && !found && e == CU_OK; i += !found) {
            cu_buf_reset(&leaf);
            e = cu_log_entry(l, p.v[i], &leaf, &f);
            found = e == CU_OK && cu_find(cu_buf_view(&leaf), CU_LIT("\"probe\":\"isolation\",\"results\""), 0) != (size_t)-1;
        }
        cu_log_close(l);
    }
    put_entry(c, "probe", found ? CU_OK : CU_NOT_FOUND, CU_TENANT_ORG, found ? p.v[i] : 0, &leaf);
}

unsigned answer_probes(call *c)
{
    cu_buf_byte(c->out, '{');
    put_isolation(c->a, c->out);
    put_isolation_run(c);
    put_newest(c, "leak", "isolation.leak_suspected");
    cu_buf_byte(c->out, '}');
    return 200;
}
