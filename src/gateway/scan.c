/* Looking through a body for what must not leave. A large one is given to a thread, so that other
 * requests and streams of this worker do not wait for it. */
#include "gateway.h"

#define OFFLOAD_BYTES ((size_t)192 << 10) /* below, two thread switches cost more than anybody waits */
#define COPY_BYTES ((size_t)1 << 20)      /* of a body whose beginning is known most is only copied */

struct gw_scan {
    gw_exchange *x;
    cu_json_strings strings;
    cu_surrogate_key key;
    cu_sha256 looked_for;
    cu_redact_with with;
    cu_fault fault;
    cu_err err;
    uint64_t ns;
    bool running;
};

static ngx_thread_pool_t *pool; /* of one thread: one scratch */
static cu_scratch *scratch;
static unsigned running;
static bool draining; /* new rules wait until nobody uses the old ones */

/* What a text was scanned for keys the memo: the rules in force, and the tenant's list. */
static void digest_of_rules(const gw_exchange *x, cu_sha256 *out)
{
    const cu_sha256 *list = &x->bundle->known[x->key->tenant].digest;
    memcpy(out->b, gw.rules_digest, sizeof out->b);
    if (x->bundle->known[x->key->tenant].list)
        cu_sha256_of3(cu_bytes_of(gw.rules_digest, sizeof gw.rules_digest), CU_LIT("known"), cu_bytes_of(list->b, sizeof list->b), out);
}

/* Sets beginnings of bodies apart from other texts. */
static void digest_for_beginnings(const gw_exchange *x, cu_sha256 *out)
{
    cu_sha256 rules;
    digest_of_rules(x, &rules);
    cu_sha256_of3(CU_LIT("beginning"), cu_bytes_of(rules.b, sizeof rules.b), CU_NONE, out);
    gw_injected_key(x, out);
}

cu_err gw_walk_body(gw_exchange *x, cu_json_strings *s, cu_fault *f)
{
    bool large = x->body.n >= CU_BEGUN_MIN;
    if (large) {
        digest_for_beginnings(x, &x->begun_for);
        x->begun = cu_begun_find(gw.beginnings, gw.memo, x->key->tenant, x->begun_for.b, x->body, &x->arena);
    }
    return cu_json_walk_on(x->body, x->begun ? &x->begun->place : NULL, x->begun ? x->begun->strings : NULL, &x->arena, s,
                           large ? &x->places : NULL, f);
}

static bool same_until(const gw_exchange *x, cu_bytes received, uint32_t at)
{
    return x->code.cut == 0 && at <= x->body.n && memcmp(x->body.p, received.p, at) == 0;
}

void gw_begins_as_received(gw_exchange *x, cu_bytes received)
{
    if (x->begun && !same_until(x, received, x->begun->place.at))
        x->begun = NULL;
    if (x->places.n && !same_until(x, received, x->places.v[x->places.n - 1].at))
        x->places.n = 0;
}

/* What applies to the repository is known only after the walk that names it: what was looked at for another one is
 * not looked at. */
static void begins_for_this(gw_exchange *x)
{
    cu_sha256 digest;
    if (!x->begun && !x->places.n)
        return;
    digest_for_beginnings(x, &digest);
    if (memcmp(digest.b, x->begun_for.b, sizeof digest.b) != 0)
        x->begun = NULL;
    x->begun_for = digest;
}

static gw_scan *prepare(gw_exchange *x, const cu_json_strings *s)
{
    gw_scan *n = cu_arena_alloc(&x->arena, sizeof *n);
    if (!n)
        return NULL;
    n->x = x;
    n->strings = *s;
    n->key.key_id = (char)x->tenant->key_id;
    memcpy(n->key.key, x->tenant->surrogate_key, sizeof n->key.key);
    n->key.ready = &x->bundle->keys[x->key->tenant].surrogates;
    digest_of_rules(x, &n->looked_for);
    begins_for_this(x);
    n->with = (cu_redact_with){.engine = gw.engine, .scratch = gw.scratch, .memo = gw.memo, .tenant = x->key->tenant,
                               .rules_digest = n->looked_for.b, .begun_memo = gw.beginnings, .begun_digest = x->begun_for.b, .begun = x->begun,
                               .places = x->places.n ? &x->places : NULL, .known = x->bundle->known[x->key->tenant].list, .key = &n->key};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        n->with.act[t] = gw_act(x, (cu_type)t);
    return n;
}

/* What speaks to the model comes first: it may be left out, and then the body begins otherwise. */
static cu_err look_for_injected(gw_scan *n)
{
    gw_exchange *x = n->x;
    CU_TRY(gw_injected_look(x, &n->strings, n->running));
    n->with.begun = x->begun;
    n->with.places = x->places.n ? &x->places : NULL;
    return CU_OK;
}

static void look(gw_scan *n)
{
    uint64_t began = cu_mono_ns();
    n->err = look_for_injected(n);
    if (n->err == CU_OK && !gw_injected_blocks(n->x))
        n->err = cu_redact_body(&n->with, n->x->body, &n->strings, &n->x->arena, &n->x->redaction, &n->fault);
    n->ns = cu_mono_ns() - began;
}

/* The record names the model; a value that was replaced in it must not get there. */
static void hide_model(gw_exchange *x)
{
    for (size_t i = 0; i < x->redaction.issued.n; i++)
        if (cu_find(x->model, x->redaction.issued.v[i].value, 0) != (size_t)-1)
            x->model = CU_LIT("redacted");
}

static ngx_int_t judge(gw_exchange *x, gw_scan *n)
{
    const char *rule = gw_injected_blocks(x);
    x->scan_ns = n->ns;
    if (n->err == CU_OK && rule)
        return gw_refuse(x, 400, "invalid_request_error", "injected_instructions", "custos: the result of a tool, or a document, holds instructions "
                         "for the model that nobody in this conversation gave (rule %.40s), so the request was not forwarded; go on without it", rule);
    if (n->err == CU_DENIED)
        return gw_refuse(x, 400, "invalid_request_error", "residue", "custos: the request was not forwarded: %.250s", n->fault.text);
    if (n->err != CU_OK)
        return gw_refuse(x, n->err == CU_TOO_BIG ? 400 : 500, n->err == CU_TOO_BIG ? "invalid_request_error" : "api_error", "scan_failed",
                         "custos: the request could not be checked, so it was not forwarded: %.200s",
                         n->fault.code ? n->fault.text : cu_err_text(n->err));
    hide_model(x);
    if (x->redaction.blocked)
        return gw_refuse(x, 400, "invalid_request_error", "blocked_data", "custos: blocked: the request holds data that may not "
                         "leave (%s); remove it and try again", x->redaction.first_blocked_rule == CU_RULE_KNOWN ? "known-secret" : cu_engine_rule_id(gw.engine, x->redaction.first_blocked_rule));
    return NGX_OK;
}

/* In the thread; the event loop does not touch the exchange meanwhile. */
static void in_thread(void *data, ngx_log_t *log)
{
    look(*(gw_scan **)data);
}

static void looked(ngx_event_t *ev)
{
    gw_scan *n = ev->data;
    ngx_http_request_t *r = n->x->r;
    ngx_connection_t *c = r->connection;
    running--;
    n->running = false;
    r->main->blocked--;
    r->aio = 0;
    r->write_event_handler(r);
    ngx_http_run_posted_requests(c);
}

static bool give_to_thread(gw_scan *n)
{
    ngx_http_request_t *r = n->x->r;
    ngx_thread_task_t *task = ngx_thread_task_alloc(r->pool, sizeof n);
    if (!task)
        return false;
    *(gw_scan **)task->ctx = n;
    task->handler = in_thread;
    task->event.handler = looked;
    task->event.data = n;
    n->with.scratch = scratch;
    n->running = true; /* the thread may begin before this one goes on, and takes its scratches by it */
    if (ngx_thread_task_post(pool, task) != NGX_OK) {
        n->with.scratch = gw.scratch;
        n->running = false;
        return false;
    }
    running++;
    r->main->blocked++;
    r->aio = 1;
    r->write_event_handler = ngx_http_core_run_phases;
    return true;
}

static bool takes_long(const gw_exchange *x)
{
    size_t known = x->begun ? x->begun->place.at : 0;
    return x->body.n - known >= OFFLOAD_BYTES || x->body.n >= COPY_BYTES;
}

ngx_int_t gw_scan_body(gw_exchange *x, const cu_json_strings *s)
{
    gw_scan *n = prepare(x, s);
    if (!n)
        return gw_refuse(x, 500, "api_error", "internal", "custos: out of memory");
    if (takes_long(x) && scratch && !draining && give_to_thread(n)) {
        x->scan = n;
        x->step = GW_SCANNING;
        return NGX_AGAIN;
    }
    look(n);
    return judge(x, n);
}

ngx_int_t gw_scan_end(gw_exchange *x)
{
    return x->scan->running ? NGX_AGAIN : judge(x, x->scan);
}

bool gw_scan_rules_free(void)
{
    draining = running > 0;
    return !draining;
}

cu_err gw_scan_rules(cu_engine *e)
{
    cu_scratch_free(scratch);
    scratch = NULL;
    return cu_scratch_new(e, &scratch);
}

ngx_int_t gw_scan_init(ngx_cycle_t *cycle)
{
    static ngx_str_t name = ngx_string("custos_scan");
    pool = ngx_thread_pool_get(cycle, &name);
    return pool && gw_scan_rules(gw.engine) == CU_OK ? NGX_OK : NGX_ERROR;
}
