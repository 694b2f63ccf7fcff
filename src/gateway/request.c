/* A request on its way in: head, body, record, and only then upstream. Runs in the access phase, and
 * again when the body has arrived and when the evidence is durable. */
#include "gateway.h"

#define ARENA_FACTOR 8u

static ngx_int_t record(gw_exchange *x)
{
    ngx_int_t rc = gw_still_allowed(x); /* the body may have taken long to arrive, and to be looked through */
    if (rc != NGX_OK)
        return rc;
    gw_session_recall(x, x->before);
    gw_session_join(x, x->conversation);
    if (gw_replace_body(x) != NGX_OK)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    gw_count(GW_REQUESTS);
    if (gw_record_request(x) != CU_OK) {
        gw_count(GW_VOID);
        return gw_refuse(x, 503, "api_error", "evidence_unavailable", "custos: evidence_unavailable: the request could not be recorded, "
                         "so it was not forwarded; try again");
    }
    gw_capture_recorded(x);
    x->step = GW_COMMITTING;
    x->r->write_event_handler = ngx_http_core_run_phases;
    gw_commit_wait(x);
    return NGX_AGAIN;
}

/* Where it must not leave without being kept, that comes first: a refusal is told before anything else is. */
static ngx_int_t judged(gw_exchange *x, ngx_int_t rc)
{
    if (rc == NGX_OK)
        rc = gw_capture_request(x);
    if (rc == NGX_AGAIN && x->capture.wait)
        x->step = GW_KEEPING;
    return rc == NGX_OK ? record(x) : rc;
}

static ngx_int_t kept(gw_exchange *x)
{
    ngx_int_t rc = gw_capture_end(x);
    return rc == NGX_OK ? record(x) : rc;
}

static ngx_int_t after_commit(gw_exchange *x)
{
    if (x->waiting)
        return NGX_AGAIN;
    if (!x->recorded) {
        gw_count(GW_VOID);
        return gw_refuse(x, 503, "api_error", "evidence_unavailable", "custos: evidence_unavailable: the request could not be recorded "
                         "durably, so it was not forwarded; free space on the gateway's disk");
    }
    gw_count(GW_FORWARDS);
    x->step = GW_FORWARDED;
    x->forwarded_ns = cu_mono_ns();
    x->r->headers_in.accept_encoding = NULL; /* so that nginx's gunzip filter always decompresses */
    return NGX_OK;
}

static void body_arrived(ngx_http_request_t *r)
{
    gw_pieces_end(r);
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

/* The client went before its body had arrived. */
static void record_torn(gw_exchange *x)
{
    x->status = NGX_HTTP_CLIENT_CLOSED_REQUEST;
    x->reason = "torn_upload";
    gw_record_rejection(x);
}

static void dismiss(void *data)
{
    gw_exchange *x = data;
    gw_running_remove(x);
    if (x->step == GW_READING && !x->rejection_recorded && gw.spool)
        record_torn(x);
    if (x->waiting)
        gw_commit_forget(x);
    if (x->recorded && gw.spool) {
        gw_count(GW_ANSWERED);
        gw_record_answer(x);
        gw_capture_answer(x);
    }
    gw_guard_forget(x);
    gw_capture_forget(x);
    gw_limit_end(x);
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
    gw_trace_begin(x);
    return gw_route_request(x) == NGX_OK ? x : NULL;
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
        ngx_int_t rc = gw_check_head(x);
        if (rc != NGX_OK)
            return rc;
        x->step = GW_READING;
        gw_running_add(x);
        r->request_body_in_single_buf = 1;
        rc = gw_read_body(r, body_arrived);
        if (rc >= NGX_HTTP_SPECIAL_RESPONSE)
            return rc;
        ngx_http_finalize_request(r, NGX_DONE);
        return NGX_DONE;
    }
    switch (x->step) {
    case GW_READING:
        return judged(x, gw_check_body(x));
    case GW_SCANNING:
        return judged(x, gw_scan_end(x));
    case GW_KEEPING:
        return kept(x);
    case GW_COMMITTING:
        return after_commit(x);
    case GW_FORWARDED:
        return NGX_OK;
    default:
        return NGX_DONE;
    }
}
