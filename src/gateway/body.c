/* What the body holds, and what of it may leave. */
#include "gateway.h"

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

/* The record names the model; a value that was replaced in it must not get there. */
static void hide_model(gw_exchange *x)
{
    for (size_t i = 0; i < x->redaction.issued.n; i++)
        if (cu_find(x->model, x->redaction.issued.v[i].value, 0) != (size_t)-1)
            x->model = CU_LIT("redacted");
}

/* What a text was scanned for keys the memo: the rules in force, and the tenant's list. */
static void digest_of_rules(const gw_exchange *x, cu_sha256 *out)
{
    const cu_sha256 *list = &x->bundle->known[x->key->tenant].digest;
    memcpy(out->b, gw.rules_digest, sizeof out->b);
    if (x->bundle->known[x->key->tenant].list)
        cu_sha256_of3(cu_bytes_of(gw.rules_digest, sizeof gw.rules_digest), CU_LIT("known"), cu_bytes_of(list->b, sizeof list->b), out);
}

static ngx_int_t redact(gw_exchange *x, const cu_json_strings *s, cu_fault *f)
{
    const cu_surrogate_key key = {.key_id = (char)x->tenant->key_id};
    cu_surrogate_key k = key;
    memcpy(k.key, x->tenant->surrogate_key, sizeof k.key);
    cu_sha256 looked_for;
    digest_of_rules(x, &looked_for);
    cu_redact_with with = {.engine = gw.engine, .scratch = gw.scratch, .memo = gw.memo, .tenant = x->key->tenant,
                           .rules_digest = looked_for.b,
                           .known = x->bundle->known[x->key->tenant].list, .key = &k};
    for (int t = 0; t < CU_TYPE_COUNT; t++)
        with.act[t] = gw_act(x, (cu_type)t);
    uint64_t began = cu_mono_ns();
    cu_err e = cu_redact_body(&with, x->body, s, &x->arena, &x->redaction, f);
    x->scan_ns = cu_mono_ns() - began;
    cu_wipe(&k, sizeof k);
    if (e == CU_DENIED)
        return gw_refuse(x, 400, "invalid_request_error", "residue", "custos: the request was not forwarded: %.250s", f->text);
    if (e != CU_OK)
        return gw_refuse(x, e == CU_TOO_BIG ? 400 : 500, e == CU_TOO_BIG ? "invalid_request_error" : "api_error", "scan_failed",
                         "custos: the request could not be checked, so it was not forwarded: %.200s", f->code ? f->text : cu_err_text(e));
    hide_model(x);
    if (x->redaction.blocked)
        return gw_refuse(x, 400, "invalid_request_error", "blocked_data", "custos: blocked: the request holds data that may not "
                         "leave (%s); remove it and try again", x->redaction.first_blocked_rule == CU_RULE_KNOWN ? "known-secret" : cu_engine_rule_id(gw.engine, x->redaction.first_blocked_rule));
    return NGX_OK;
}

ngx_int_t gw_check_body(gw_exchange *x)
{
    cu_json_strings s;
    cu_fault f = {0};
    cu_request_facts facts;
    if (!collect_body(x))
        return gw_refuse(x, 500, "api_error", "internal", "custos: the request body could not be read");
    if (x->route->method == CU_METHOD_GET) {
        x->redaction.body = CU_LIT("");
        cu_sha256_of(CU_NONE, &x->redaction.digest);
        if (x->route->recalls)
            gw_session_recall(x, x->path_model);
        return x->body.n ? gw_refuse(x, 400, "invalid_request_error", "body", "custos: this path takes no body") : gw_choose_vendor(x);
    }
    ngx_int_t rc = gw_decode_body(x);
    if (rc != NGX_OK)
        return rc;
    cu_err e = cu_json_walk(x->body, &x->arena, &s, &f);
    if (e == CU_OK)
        e = cu_shape_read(x->route, x->body, &s, &facts, &f);
    if (e != CU_OK)
        return gw_refuse(x, 400, "invalid_request_error", cu_err_name(e), "custos: %.300s", f.text);
    x->model = x->path_model.n ? x->path_model : facts.model;
    x->stream = facts.stream;
    gw_note_session(x, &s);
    rc = gw_choose_vendor(x);
    if (rc == NGX_OK)
        rc = gw_check_terms(x, &s);
    if (rc != NGX_OK)
        return rc;
    rc = gw_check_code(x, &s, &f);
    if (rc != NGX_OK)
        return rc;
    cu_shape_mark(x->api, false, x->body, &s);
    gw_leak_learn(x, &s);
    rc = redact(x, &s, &f);
    if (rc != NGX_OK)
        return rc;
    gw_session_recall(x, facts.before);
    x->keeps_session = facts.keeps;
    return NGX_OK;
}

/* What the proxy will send instead of what came in. */
ngx_int_t gw_replace_body(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    ngx_chain_t *c = ngx_alloc_chain_link(r->pool);
    ngx_buf_t *b = ngx_calloc_buf(r->pool);
    if (!x->redaction.changed && !x->decoded && !x->body_set)
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
