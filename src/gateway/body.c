/* What the body holds, and what of it may leave. */
#include "gateway.h"

/* A buffer for all of the body, with what came along with the head at its front: nginx reads the rest behind
 * it, so that the body stands in one piece and nothing of it is moved. NULL: there is no need, or no memory. */
static ngx_buf_t *room_for_all(ngx_http_request_t *r)
{
    const ngx_buf_t *head = r->header_in;
    off_t n = r->headers_in.content_length_n, here = head ? head->last - head->pos : 0;
    if (r->stream || r->headers_in.chunked || here == 0 || n <= here || n - here <= head->end - head->last)
        return NULL;
    ngx_buf_t *b = ngx_calloc_buf(r->pool);
    if (!b || !(b->start = ngx_pmemalign(r->pool, (size_t)n, NGX_POOL_ALIGNMENT))) /* never within the pool: gw_release_body() */
        return NULL;
    b->temporary = 1;
    b->pos = b->start;
    b->end = b->start + n;
    b->last = ngx_cpymem(b->pos, head->pos, here);
    return b;
}

/* Who asks for the body takes what stands in r->header_in first, and reads into it when the rest fits there. */
ngx_int_t gw_read_body(ngx_http_request_t *r, ngx_http_client_body_handler_pt arrived)
{
    ngx_buf_t *head = r->header_in, *all = room_for_all(r);
    if (all) {
        head->pos = head->last;
        r->header_in = all;
    }
    gw_pieces_begin(r);
    ngx_int_t rc = ngx_http_read_client_request_body(r, arrived);
    r->header_in = head; /* what follows the body on this connection was not read: it would not have fitted */
    return rc;
}

static bool in_one_piece(const ngx_chain_t *c)
{
    for (; c->next; c = c->next)
        if (c->next->buf->pos != c->buf->last)
            return false;
    return true;
}

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
    ngx_chain_t *first = x->received = r->request_body->bufs;
    if (in_one_piece(first)) {
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
            x->before = x->path_model;
        return x->body.n ? gw_refuse(x, 400, "invalid_request_error", "body", "custos: this path takes no body") : gw_choose_vendor(x);
    }
    ngx_int_t rc = gw_decode_body(x);
    if (rc != NGX_OK)
        return rc;
    cu_bytes received = x->body;
    cu_err e = gw_walk_body(x, &s, &f);
    if (e == CU_OK)
        e = cu_shape_read(x->route, x->body, &s, &facts, &f);
    if (e != CU_OK)
        return gw_refuse(x, 400, "invalid_request_error", cu_err_name(e), "custos: %.300s", f.text);
    x->model = x->path_model.n && !x->route->recalls ? x->path_model : facts.model;
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
    if (x->body_set)
        gw_begins_as_received(x, received);
    cu_shape_mark(x->api, false, x->body, &s);
    gw_leak_learn(x, &s);
    x->before = facts.before;
    x->conversation = x->route->recalls ? x->path_model : facts.conversation;
    x->keeps_session = facts.keeps;
    return gw_scan_body(x, &s);
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
