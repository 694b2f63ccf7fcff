/* The answer on its way back: after nginx has decompressed it, values are put in place again. */
#include "gateway.h"

#define WHOLE_MAX ((size_t)64 << 20) /* bytes of a JSON answer */
#define ROOM_MAX (256 << 10)         /* that is made for one before it has come */
#define BUFFERED 0x08u               /* nginx leaves it to its image filter, which no answer passes: the request does not end */

static ngx_http_output_header_filter_pt next_header;
static ngx_http_output_body_filter_pt next_body;

static bool type_is(const ngx_http_request_t *r, const char *type)
{
    const ngx_str_t *t = &r->headers_out.content_type;
    size_t n = strlen(type);
    return t->len >= n && ngx_strncasecmp(t->data, (u_char *)(uintptr_t)type, n) == 0;
}

static ngx_int_t on_header(ngx_http_request_t *r)
{
    gw_exchange *x = r == r->main ? gw_find(r) : NULL;
    if (!x || x->step != GW_FORWARDED || !r->upstream || r->error_page)
        return next_header(r);
    gw_balance_answered(x);
    if (r->headers_out.status >= 300 && r->headers_out.status < 400) {
        /* a client that followed it would send its body and its key past us */
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "custos: the provider answered with a redirect, which is not passed on");
        return NGX_HTTP_BAD_GATEWAY;
    }
    x->sse = type_is(r, "text/event-stream");
    x->stream_array = !x->sse && x->route->stream == CU_STREAM_PATH && r->headers_out.status == NGX_HTTP_OK;
    x->json = !x->sse && !x->stream_array;
    gw_release_body(x);
    x->answer_hash = cu_hasher_new_keyed(&x->bundle->keys[x->key->tenant].commits);
    gw_leak_begin(x);
    if (!x->json && cu_restorer_new(&x->redaction.issued, x->api, x->sse ? CU_STREAM_SSE : CU_STREAM_ARRAY, &x->restorer) != CU_OK)
        return NGX_ERROR;
    if (gw_guard_begin(x) != NGX_OK)
        return NGX_ERROR;
    x->whole = CU_BUF(WHOLE_MAX);
    if (x->json && r->upstream->headers_in.content_length_n > 0 && r->upstream->headers_in.content_length_n <= ROOM_MAX)
        (void)cu_buf_room(&x->whole, (size_t)r->upstream->headers_in.content_length_n);
    r->main_filter_need_in_memory = 1;
    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_etag(r);
    if (gw_request_id(r, x->id) != NGX_OK)
        return NGX_ERROR;
    return next_header(r);
}

#define ROOM_MIN 512u /* bytes: most events of a stream are smaller */

/* A buffer for n bytes, one of those that were sent already if it is large enough. */
static ngx_chain_t *room_for(gw_exchange *x, size_t n)
{
    for (ngx_chain_t **p = &x->free; *p; p = &(*p)->next) {
        ngx_chain_t *c = *p;
        if ((size_t)(c->buf->end - c->buf->start) < n)
            continue;
        *p = c->next;
        c->next = NULL;
        c->buf->pos = c->buf->last = c->buf->start;
        c->buf->flush = c->buf->last_buf = c->buf->last_in_chain = 0;
        return c;
    }
    size_t size = ROOM_MIN;
    while (size < n)
        size *= 2; /* so that a stream has few of them, however its events grow */
    ngx_chain_t *c = ngx_alloc_chain_link(x->r->pool);
    ngx_buf_t *b = c ? ngx_create_temp_buf(x->r->pool, size) : NULL;
    if (!b)
        return NULL;
    b->tag = (ngx_buf_tag_t)&ngx_http_custos_module;
    c->buf = b;
    c->next = NULL;
    return c;
}

static ngx_int_t send_out(gw_exchange *x, cu_bytes bytes, bool last, bool flush)
{
    ngx_chain_t *c = NULL;
    if (bytes.n || last || flush) {
        c = room_for(x, bytes.n ? bytes.n : 1);
        if (!c)
            return NGX_ERROR;
        c->buf->last = ngx_cpymem(c->buf->last, bytes.p, bytes.n);
        c->buf->flush = flush && !last;
        c->buf->last_buf = last;
        c->buf->last_in_chain = last;
        if (bytes.n == 0)
            c->buf->temporary = 0;
        else
            c->buf->temporary = 1;
    }
    ngx_int_t rc = next_body(x->r, c);
    ngx_chain_update_chains(x->r->pool, &x->free, &x->busy, &c, (ngx_buf_tag_t)&ngx_http_custos_module);
    if (!last && !x->busy && !x->r->stream && x->r->connection->ssl && !x->r->connection->buffered)
        ngx_ssl_free_buffer(x->r->connection); /* a stream may be silent for long; of HTTP/2 it belongs to all */
    return rc;
}

ngx_int_t gw_send_last(gw_exchange *x, cu_bytes bytes)
{
    return send_out(x, bytes, true, true);
}

/* Bytes that live as long as the request: they are not copied. */
static ngx_int_t send_whole(gw_exchange *x, cu_bytes bytes)
{
    ngx_chain_t *c = ngx_alloc_chain_link(x->r->pool);
    ngx_buf_t *b = ngx_calloc_buf(x->r->pool);
    if (!c || !b)
        return NGX_ERROR;
    b->start = b->pos = (u_char *)(uintptr_t)bytes.p;
    b->end = b->last = b->start + bytes.n;
    b->memory = bytes.n > 0;
    b->last_buf = b->last_in_chain = 1;
    c->buf = b;
    c->next = NULL;
    return next_body(x->r, c);
}

static void judged_in_thread(gw_exchange *x);

/* holds: what `out` stands in; NULL: in x->whole as it is. */
static ngx_int_t send_json(gw_exchange *x, cu_bytes out, cu_buf *holds)
{
    gw_session_keep(x);
    if (holds) { /* what is sent lives on, what it was made from does not */
        cu_buf was = x->whole;
        x->whole = *holds;
        *holds = was;
    }
    return send_whole(x, out);
}

static ngx_int_t finish_json(gw_exchange *x)
{
    cu_bytes out, body = cu_buf_view(&x->whole);
    cu_buf room CU_CLEAN_BUF = CU_BUF(4 * WHOLE_MAX), judged CU_CLEAN_BUF = CU_BUF(4 * WHOLE_MAX);
    x->finished = true;
    if (cu_restore_json(&x->redaction.issued, x->api, body, &room, &out, &x->answer) != CU_OK)
        return NGX_ERROR;
    gw_limit_end(x); /* whoever has the answer can ask at once what it left him */
    if (gw_judge_takes_long(x, out, true) && gw_judge_give(x, &room, out, true, judged_in_thread)) {
        x->r->buffered |= BUFFERED;
        return NGX_AGAIN;
    }
    if (gw_guard_json(x, out, false, &judged, &out) != CU_OK)
        return NGX_ERROR;
    return send_json(x, out, out.p == room.p ? &room : out.p == judged.p ? &judged : NULL);
}

/* Takes one buffer; what may leave is appended to out. */
static cu_err take(gw_exchange *x, ngx_buf_t *b, cu_buf *out)
{
    cu_bytes in = cu_bytes_of(b->pos, (size_t)(b->last - b->pos));
    cu_err e = CU_OK;
    if (ngx_buf_in_memory(b) && in.n) {
        x->crlf = x->answer_bytes ? x->crlf : memchr(in.p, '\r', in.n) != NULL;
        x->answer_bytes += in.n;
        if (x->answer_hash)
            cu_hasher_add(x->answer_hash, in);
        gw_leak_feed(x, in);
        gw_capture_feed(x, in);
        if (!x->json) {
            e = cu_restorer_feed(x->restorer, in, out);
        } else {
            cu_buf_add(&x->whole, in);
            e = x->whole.err;
        }
    }
    if (e == CU_OK && b->last_buf && !x->json)
        e = cu_restorer_end(x->restorer, out);
    return e;
}

/* What the client has not taken yet; nginx is asked once more. True: it took everything. */
static bool drained(gw_exchange *x, ngx_int_t *rc)
{
    ngx_chain_t *none = NULL;
    *rc = NGX_OK;
    if (!x->busy)
        return true;
    *rc = next_body(x->r, NULL);
    ngx_chain_update_chains(x->r->pool, &x->free, &x->busy, &none, (ngx_buf_tag_t)&ngx_http_custos_module);
    return *rc != NGX_ERROR && !x->busy;
}

static bool ends(const ngx_chain_t *c)
{
    while (c && !c->buf->last_buf)
        c = c->next;
    return c != NULL;
}

/* A stream whose client does not keep up is left in nginx's own buffer, so that its provider is not read
 * further: what was taken here would pile up in memory. */
static bool must_wait(gw_exchange *x, ngx_int_t *rc)
{
    return !x->json && !ends(x->pending) && !drained(x, rc);
}

static void taken(gw_exchange *x)
{
    ngx_chain_t *c = x->pending;
    if (ngx_buf_in_memory(c->buf))
        c->buf->pos = c->buf->last;
    x->pending = c->next;
    ngx_free_chain(x->r->pool, c);
}

static ngx_int_t torn(gw_exchange *x, cu_err e)
{
    ngx_log_error(NGX_LOG_ERR, x->r->connection->log, 0, "custos: the answer could not be restored: %s", cu_err_text(e));
    return NGX_ERROR;
}

/* The buffer that a thread was given counts as taken now: until then nginx reads no further than its own room. */
static ngx_int_t take_judged(gw_exchange *x, cu_buf *out, bool *last)
{
    gw_judging *j = x->judging;
    j->ready = false;
    x->r->buffered &= (unsigned)~BUFFERED;
    if (j->err != CU_OK)
        return torn(x, j->err);
    if (j->json)
        return send_json(x, j->judged, j->judged.p == j->text.p ? (j->text.p == j->in.p ? &j->in : NULL) : &j->out);
    cu_buf_add(out, cu_buf_view(&j->out));
    *last = j->last;
    taken(x);
    return cu_buf_err(out) == CU_OK ? NGX_OK : torn(x, out->err);
}

static ngx_int_t on_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    gw_exchange *x = r == r->main ? gw_find(r) : NULL;
    cu_buf restored CU_CLEAN_BUF = CU_BUF(4 * WHOLE_MAX), out CU_CLEAN_BUF = CU_BUF(4 * WHOLE_MAX);
    bool last = false, any = false;
    ngx_int_t rc;
    if (!x || !(x->json || x->restorer) || r->error_page)
        return next_body(r, in);
    if (ngx_chain_add_copy(r->pool, &x->pending, in) != NGX_OK)
        return NGX_ERROR;
    if (x->judging && x->judging->running) {
        r->buffered |= BUFFERED;
        return NGX_AGAIN;
    }
    if (x->judging && x->judging->ready) {
        rc = take_judged(x, &out, &last);
        if (rc == NGX_ERROR || x->json)
            return rc;
    } else if (must_wait(x, &rc)) {
        return rc;
    }
    while (x->pending) {
        const ngx_buf_t *b = x->pending->buf;
        cu_buf_reset(&restored);
        cu_err e = take(x, x->pending->buf, &restored);
        if (e == CU_OK && !x->json) {
            cu_bytes text = cu_buf_view(&restored);
            if (gw_judge_takes_long(x, text, b->last_buf) && gw_judge_give(x, &restored, text, b->last_buf, judged_in_thread)) {
                r->buffered |= BUFFERED;
                break;
            }
            e = gw_guard_stream(x, text, b->last_buf, false, &out);
        }
        if (e != CU_OK)
            return torn(x, e);
        any = true;
        last |= b->last_buf;
        taken(x);
    }
    if (x->json)
        return last ? finish_json(x) : any ? NGX_OK : next_body(r, NULL);
    gw_session_keep(x);
    x->finished |= last;
    if (last) {
        x->answer = *cu_restorer_answer(x->restorer);
        gw_limit_end(x);
    }
    return send_out(x, cu_buf_view(&out), last, true);
}

/* Sends what was judged, then lets nginx go on where it was. */
static void judged_in_thread(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    if (on_body(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }
    r->write_event_handler(r);
}

ngx_int_t gw_filters_init(ngx_conf_t *cf)
{
    next_header = ngx_http_top_header_filter;
    ngx_http_top_header_filter = on_header;
    next_body = ngx_http_top_body_filter;
    ngx_http_top_body_filter = on_body;
    return NGX_OK;
}
