/* A request on its way in: who asks, what for, and what may leave. Runs in the access phase, and
 * again when the body has arrived and when the evidence is durable. */
#include "gateway.h"
#include <ctype.h>
#include "wire/anthropic.h"

#define ARENA_FACTOR 8u

/* --- routes --- */

static cu_bytes of(const ngx_str_t *s)
{
    return cu_bytes_of(s->data, s->len);
}

/* Takes /vendor/NAME off the path. */
static void split_path(gw_exchange *x)
{
    x->path = x->r->uri;
    if (!cu_starts(of(&x->path), CU_LIT("/vendor/")))
        return;
    const u_char *name = x->path.data + 8, *end = x->path.data + x->path.len;
    const u_char *slash = memchr(name, '/', (size_t)(end - name));
    if (!slash)
        return;
    x->prefix = (ngx_str_t){(size_t)(slash - name), (u_char *)(uintptr_t)name};
    x->path = (ngx_str_t){(size_t)(end - slash), (u_char *)(uintptr_t)slash};
}

static gw_route route_of(cu_bytes path)
{
    if (cu_eq(path, CU_LIT("/v1/messages")))
        return GW_MESSAGES;
    if (cu_eq(path, CU_LIT("/v1/messages/count_tokens")))
        return GW_COUNT;
    if (cu_eq(path, CU_LIT("/v1/models")))
        return GW_MODELS;
    if (!cu_starts(path, CU_LIT("/v1/models/")) || path.n > 139)
        return GW_NONE;
    for (size_t i = 11; i < path.n; i++)
        if (!(ngx_tolower(path.p[i]) >= 'a' && ngx_tolower(path.p[i]) <= 'z') &&
            !(path.p[i] >= '0' && path.p[i] <= '9') && !memchr("._:@-", path.p[i], 5))
            return GW_NONE;
    return path.n > 11 ? GW_MODELS : GW_NONE;
}

/* --- the caller --- */

static cu_bytes header(ngx_http_request_t *r, const char *name)
{
    size_t n = strlen(name);
    ngx_list_part_t *part = &r->headers_in.headers.part;
    for (; part; part = part->next) {
        ngx_table_elt_t *h = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++)
            if (h[i].key.len == n && ngx_strncasecmp(h[i].key.data, (u_char *)(uintptr_t)name, n) == 0)
                return of(&h[i].value);
    }
    return CU_NONE;
}

static cu_bytes presented_key(ngx_http_request_t *r)
{
    cu_bytes k = header(r, "x-api-key");
    if (k.n == 0)
        k = header(r, "x-goog-api-key");
    cu_bytes bearer = header(r, "authorization");
    if (k.n == 0 && bearer.n > 7 && ngx_strncasecmp((u_char *)(uintptr_t)bearer.p, (u_char *)(uintptr_t) "bearer ", 7) == 0)
        k = cu_slice(bearer, 7, bearer.n);
    return k;
}

static ngx_int_t authenticate(gw_exchange *x)
{
    cu_bytes presented = presented_key(x->r);
    if (presented.n == 0)
        return gw_refuse(x, 401, "authentication_error", "no_key", "custos: no key was given; send a Custos key (it "
                         "begins with " CU_KEY_PREFIX ") as x-api-key or Authorization: Bearer");
    const cu_bundle_key *k = cu_bundle_find_key(&x->bundle->b, presented);
    if (!k) { /* it may have been issued this very moment */
        gw_bundle_refresh();
        if (gw.bundle != x->bundle) {
            gw_bundle_release(x->bundle);
            x->bundle = gw.bundle;
            x->bundle->refs++;
            k = cu_bundle_find_key(&x->bundle->b, presented);
        }
    }
    cu_decision d = cu_decide_key(k, cu_now_ns());
    if (k && d != CU_DECISION_ALLOW) { /* known, but no longer good: recorded with its tenant */
        x->key = k;
        x->tenant = &x->bundle->b.tenants[k->tenant];
    }
    if (d != CU_DECISION_ALLOW)
        return gw_refuse(x, 401, "authentication_error", cu_decision_name(d), "custos: this key is %s; ask for a new one with: "
                         "custos key issue", d == CU_DECISION_KEY_REVOKED ? "revoked" : d == CU_DECISION_KEY_EXPIRED ? "expired" : "not known");
    x->key = k;
    x->tenant = &x->bundle->b.tenants[k->tenant];
    return NGX_OK;
}

/* --- before the body is read --- */

static bool plain_args(const ngx_str_t *args)
{
    if (args->len > 256)
        return false;
    for (size_t i = 0; i < args->len; i++)
        if (!isalnum(args->data[i]) && !memchr("=&._,-", args->data[i], 6))
            return false;
    return true;
}

/* The API's own headers, which go upstream as they are: words of the protocol, nothing else. */
static bool plain_header(cu_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!isalnum(v.p[i]) && !memchr(",._ -", v.p[i], 5))
            return false;
    return v.n <= 1024;
}

static ngx_int_t check_head(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    cu_bytes encoding = header(r, "content-encoding");
    if (!gw.bundle)
        return gw_refuse(x, 503, "api_error", "starting", "custos: evidence_unavailable: the gateway is starting; try again");
    x->bundle = gw.bundle;
    x->bundle->refs++;
    ngx_int_t rc = authenticate(x);
    if (rc != NGX_OK)
        return rc;
    if (x->route == GW_NONE)
        return gw_refuse(x, 404, "not_found_error", "unknown_path", "custos: this path is not served here; known are "
                         "/v1/messages, /v1/messages/count_tokens and /v1/models, also below /vendor/NAME");
    if (r->method != (x->route == GW_MODELS ? NGX_HTTP_GET : NGX_HTTP_POST))
        return gw_refuse(x, 405, "invalid_request_error", "method", "custos: this path takes %s", x->route == GW_MODELS ? "GET" : "POST");
    if (encoding.n && !cu_eq_str(encoding, "identity"))
        return gw_refuse(x, 415, "invalid_request_error", "content_encoding", "custos: a compressed request body cannot be "
                         "checked here; send it without content-encoding");
    if (!plain_header(header(r, "anthropic-version")) || !plain_header(header(r, "anthropic-beta")))
        return gw_refuse(x, 400, "invalid_request_error", "header", "custos: anthropic-version or anthropic-beta holds characters "
                         "that this API does not use");
    if (!plain_args(&r->args))
        return gw_refuse(x, 400, "invalid_request_error", "query", "custos: the query string holds characters that this API does not use");
    if (gw.no_space)
        return gw_refuse(x, 503, "api_error", "evidence_unavailable", "custos: evidence_unavailable: there is no space left to record "
                         "this request, so it was not forwarded; free space on the gateway's disk");
    return NGX_OK;
}

/* --- the body --- */

static bool collect_body(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    size_t n = 0;
    if (!r->request_body || !r->request_body->bufs)
        return true;
    for (ngx_chain_t *c = r->request_body->bufs; c; c = c->next) {
        if (c->buf->in_file)
            return false; /* never: client_body_buffer_size is the maximum */
        n += (size_t)(c->buf->last - c->buf->pos);
    }
    ngx_chain_t *first = r->request_body->bufs;
    if (!first->next) {
        x->body = cu_bytes_of(first->buf->pos, n);
        return true;
    }
    uint8_t *p = cu_arena_raw(&x->arena, n + 1), *to = p;
    if (!p)
        return false;
    for (ngx_chain_t *c = first; c; c = c->next)
        to = ngx_cpymem(to, c->buf->pos, c->buf->last - c->buf->pos);
    x->body = cu_bytes_of(p, n);
    return true;
}

static ngx_int_t choose_vendor(gw_exchange *x)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(x->r, ngx_http_custos_module);
    gw_vendor *v = conf->vendors.elts;
    x->vendor = cu_decide_vendor(&x->bundle->b, CU_LIT("anthropic"), of(&x->prefix), x->model);
    for (ngx_uint_t i = 0; x->vendor && i < conf->vendors.nelts; i++)
        if (cu_eq(x->vendor->name, of(&v[i].name)))
            x->address = &v[i];
    if (!x->vendor || !x->address)
        return gw_refuse(x, 400, "invalid_request_error", "no_vendor", "custos: no vendor is configured for this model or path");
    cu_decision d = cu_decide_vendor_state(x->vendor, cu_now_ns(), &x->vendor_state);
    if (d != CU_DECISION_ALLOW)
        return gw_refuse(x, 400, "invalid_request_error", cu_decision_name(d), "custos: the vendor %.*s may not be used: its assessment %s",
                         CU_FMT(x->vendor->name), d == CU_DECISION_VENDOR_EXPIRED ? "has expired" : "was refused");
    return NGX_OK;
}

/* The record names the model; a value that was replaced in it must not get there. */
static void hide_model(gw_exchange *x)
{
    for (size_t i = 0; i < x->redaction.issued.n; i++)
        if (cu_find(x->model, x->redaction.issued.v[i].value, 0) != (size_t)-1)
            x->model = CU_LIT("redacted");
}

static ngx_int_t redact(gw_exchange *x, const cu_json_strings *s, cu_fault *f)
{
    const cu_surrogate_key key = {.key_id = (char)x->tenant->key_id};
    cu_surrogate_key k = key;
    memcpy(k.key, x->tenant->surrogate_key, sizeof k.key);
    cu_redact_with with = {.engine = gw.engine, .scratch = gw.scratch, .memo = gw.memo, .tenant = x->key->tenant,
                           .rules_digest = gw.rules_digest, .key = &k};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        with.act[t] = (cu_act)x->tenant->act[t];
    uint64_t began = cu_mono_ns();
    cu_err e = cu_redact_body(&with, x->body, s, &x->arena, &x->redaction, f);
    x->scan_ns = cu_mono_ns() - began;
    cu_wipe(&k, sizeof k);
    if (e != CU_OK)
        return gw_refuse(x, e == CU_TOO_BIG ? 400 : 500, e == CU_TOO_BIG ? "invalid_request_error" : "api_error", "scan_failed",
                         "custos: the request could not be checked, so it was not forwarded: %.200s", f->code ? f->text : cu_err_text(e));
    hide_model(x);
    if (x->redaction.blocked)
        return gw_refuse(x, 400, "invalid_request_error", "blocked_data", "custos: blocked: the request holds data that may not "
                         "leave (%s); remove it and try again", cu_engine_rule_id(gw.engine, x->redaction.first_blocked_rule));
    return NGX_OK;
}

static ngx_int_t check_body(gw_exchange *x)
{
    cu_json_strings s;
    cu_fault f = {0};
    cu_anthropic_request facts;
    if (!collect_body(x))
        return gw_refuse(x, 500, "api_error", "internal", "custos: the request body could not be read");
    if (x->route == GW_MODELS) {
        x->redaction.body = CU_LIT("");
        return x->body.n ? gw_refuse(x, 400, "invalid_request_error", "body", "custos: this path takes no body") : choose_vendor(x);
    }
    cu_err e = cu_json_walk(x->body, &x->arena, &s, &f);
    if (e == CU_OK)
        e = cu_anthropic_read(x->body, &s, &facts, &f);
    if (e != CU_OK)
        return gw_refuse(x, 400, "invalid_request_error", cu_err_name(e), "custos: %.300s", f.text);
    x->model = facts.model;
    x->stream = facts.stream;
    ngx_int_t rc = choose_vendor(x);
    if (rc != NGX_OK)
        return rc;
    cu_anthropic_classify(x->body, &s);
    return redact(x, &s, &f);
}

/* What the proxy will send instead of what came in. */
static ngx_int_t replace_body(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    ngx_chain_t *c = ngx_alloc_chain_link(r->pool);
    ngx_buf_t *b = ngx_calloc_buf(r->pool);
    if (!x->redaction.changed)
        return NGX_OK;
    if (!c || !b)
        return NGX_ERROR;
    b->start = b->pos = (u_char *)(uintptr_t)x->redaction.body.p;
    b->end = b->last = b->start + x->redaction.body.n;
    b->temporary = 1;
    b->last_buf = 1;
    c->buf = b;
    c->next = NULL;
    r->request_body->bufs = c;
    r->headers_in.content_length_n = (off_t)x->redaction.body.n;
    r->headers_in.chunked = 0;
    return NGX_OK;
}

static ngx_int_t judge(gw_exchange *x)
{
    ngx_int_t rc = check_body(x);
    if (rc != NGX_OK)
        return rc;
    if (replace_body(x) != NGX_OK)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (gw_record_request(x) != CU_OK)
        return gw_refuse(x, 503, "api_error", "evidence_unavailable", "custos: evidence_unavailable: the request could not be recorded, "
                         "so it was not forwarded; try again");
    x->step = GW_COMMITTING;
    x->r->write_event_handler = ngx_http_core_run_phases;
    gw_commit_wait(x);
    return NGX_AGAIN;
}

static ngx_int_t after_commit(gw_exchange *x)
{
    if (x->waiting)
        return NGX_AGAIN;
    if (!x->recorded)
        return gw_refuse(x, 503, "api_error", "evidence_unavailable", "custos: evidence_unavailable: the request could not be recorded "
                         "durably, so it was not forwarded; free space on the gateway's disk");
    x->step = GW_FORWARDED;
    x->forwarded_ns = cu_mono_ns();
    x->r->headers_in.accept_encoding = NULL; /* so that nginx's gunzip filter always decompresses */
    return NGX_OK;
}

static void body_arrived(ngx_http_request_t *r)
{
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

static void dismiss(void *data)
{
    gw_exchange *x = data;
    if (x->waiting)
        gw_commit_forget(x);
    if (x->recorded && gw.spool)
        gw_record_answer(x);
    cu_restorer_free(x->restorer);
    cu_buf_free(&x->whole);
    if (x->answer_hash)
        cu_hasher_drop(x->answer_hash);
    cu_arena_free(&x->arena);
    gw_bundle_release(x->bundle);
}

gw_exchange *gw_find(ngx_http_request_t *r)
{
    gw_exchange *x = ngx_http_get_module_ctx(r->main, ngx_http_custos_module);
    if (x)
        return x;
    for (ngx_pool_cleanup_t *c = r->main->pool->cleanup; c; c = c->next)
        if (c->handler == dismiss)
            return c->data;
    return NULL;
}

static gw_exchange *begin(ngx_http_request_t *r)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(r, ngx_http_custos_module);
    ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ngx_pool_cleanup_t *c = ngx_pool_cleanup_add(r->pool, sizeof(gw_exchange));
    if (!c || !conf)
        return NULL;
    gw_exchange *x = c->data;
    ngx_memzero(x, sizeof *x);
    x->r = r;
    x->began_ns = cu_mono_ns();
    cu_arena_init(&x->arena, ARENA_FACTOR * (size_t)core->client_max_body_size + (16u << 20));
    cu_id_new(x->id);
    c->handler = dismiss;
    ngx_http_set_ctx(r, x, ngx_http_custos_module);
    split_path(x);
    x->route = route_of(of(&x->path));
    return x;
}

ngx_int_t gw_access(ngx_http_request_t *r)
{
    gw_loc_conf *conf = ngx_http_get_module_loc_conf(r, ngx_http_custos_module);
    if (!conf->enable || r != r->main)
        return NGX_DECLINED;
    gw_exchange *x = gw_find(r);
    if (!x) {
        x = begin(r);
        if (!x)
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        ngx_int_t rc = check_head(x);
        if (rc != NGX_OK)
            return rc;
        x->step = GW_READING;
        r->request_body_in_single_buf = 1;
        rc = ngx_http_read_client_request_body(r, body_arrived);
        if (rc >= NGX_HTTP_SPECIAL_RESPONSE)
            return rc;
        ngx_http_finalize_request(r, NGX_DONE);
        return NGX_DONE;
    }
    switch (x->step) {
    case GW_READING:
        return judge(x);
    case GW_COMMITTING:
        return after_commit(x);
    case GW_FORWARDED:
        return NGX_OK;
    default:
        return NGX_DONE;
    }
}
