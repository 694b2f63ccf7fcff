/* Refusals, in the API's own JSON: the client shows the text to its user (400 is the one status
 * that all assistants show at once). */
#include "gateway.h"

ngx_int_t gw_request_id(ngx_http_request_t *r, const char *id)
{
    ngx_table_elt_t *h = ngx_list_push(&r->headers_out.headers);
    if (!h)
        return NGX_ERROR;
    h->hash = 1;
    ngx_str_set(&h->key, "request-id");
    h->value.len = CU_ID_LEN - 1;
    h->value.data = ngx_pnalloc(r->pool, CU_ID_LEN);
    if (!h->value.data)
        return NGX_ERROR;
    memcpy(h->value.data, id, CU_ID_LEN);
    return NGX_OK;
}

static ngx_int_t add_header(ngx_http_request_t *r, const char *name, const char *value)
{
    ngx_table_elt_t *h = ngx_list_push(&r->headers_out.headers);
    if (!h)
        return NGX_ERROR;
    h->hash = 1;
    h->key.data = (u_char *)(uintptr_t)name;
    h->key.len = strlen(name);
    h->value.data = (u_char *)(uintptr_t)value;
    h->value.len = strlen(value);
    return NGX_OK;
}

/* Of a 503 too: what is full now may have room soon. */
static ngx_int_t retry_header(gw_exchange *x)
{
    if (x->retry_after == 0)
        return x->status == 503 ? add_header(x->r, "retry-after", "5") : NGX_OK;
    u_char *text = ngx_pnalloc(x->r->pool, 16);
    if (!text)
        return NGX_ERROR;
    *ngx_sprintf(text, "%ui", (ngx_uint_t)x->retry_after) = 0;
    return add_header(x->r, "retry-after", (const char *)text);
}

static ngx_int_t send_json(ngx_http_request_t *r, gw_exchange *x)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(8192);
    ngx_chain_t out = {0};
    cu_shape_error(x->api, (unsigned)x->status, x->error_type, x->reason, x->message, x->id, &b);
    if (cu_buf_err(&b) != CU_OK)
        return NGX_ERROR;
    r->headers_out.status = x->status;
    ngx_str_null(&r->headers_out.status_line); /* the provider's words, when it had answered already */
    r->headers_out.content_length_n = (off_t)b.n;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_http_clear_location(r);
    if (gw_request_id(r, x->id) != NGX_OK || retry_header(x) != NGX_OK ||
        (x->api == CU_API_OPENAI && add_header(r, "x-request-id", x->id) != NGX_OK))
        return NGX_ERROR;
    ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only)
        return rc;
    ngx_buf_t *buf = ngx_create_temp_buf(r->pool, b.n);
    if (!buf)
        return NGX_ERROR;
    buf->last = ngx_cpymem(buf->last, b.p, b.n);
    buf->last_buf = 1;
    buf->last_in_chain = 1;
    out.buf = buf;
    return ngx_http_output_filter(r, &out);
}

ngx_int_t gw_send_error(gw_exchange *x)
{
    return send_json(x->r, x);
}

ngx_int_t gw_refuse(gw_exchange *x, ngx_uint_t status, const char *type, const char *reason, const char *fmt, ...)
{
    va_list ap;
    x->step = GW_REFUSED;
    x->status = status;
    x->error_type = type;
    x->reason = reason;
    va_start(ap, fmt);
    vsnprintf(x->message, sizeof x->message, fmt, ap);
    va_end(ap);
    gw_record_rejection(x);
    if (ngx_http_discard_request_body(x->r) != NGX_OK)
        x->r->keepalive = 0;
    ngx_http_finalize_request(x->r, send_json(x->r, x));
    return NGX_DONE;
}

/* What nginx itself answers, by status. */
static const struct {
    ngx_uint_t status;
    const char *type, *reason, *message;
} pages[] = {
    {400, "invalid_request_error", "bad_request", "custos: the request is malformed; check its headers"},
    {404, "not_found_error", "unknown_path", "custos: this path is not served here"},
    {405, "invalid_request_error", "method", "custos: this method is not allowed here"},
    {408, "invalid_request_error", "timeout", "custos: the request took too long to arrive"},
    {411, "invalid_request_error", "no_length", "custos: the request needs a content-length"},
    {413, "request_too_large", "too_large", "custos: the request body is larger than max_body_mib of this gateway"},
    {414, "invalid_request_error", "uri_too_long", "custos: the request line is too long"},
    {494, "invalid_request_error", "headers_too_large", "custos: the request headers are too large"},
    {502, "api_error", "upstream_failed", "custos: the model provider could not be reached or its answer was not valid; try again later"},
    {504, "api_error", "upstream_timeout", "custos: the model provider did not answer in time; try again later"},
};

ngx_int_t gw_error_page(ngx_http_request_t *r)
{
    gw_exchange *x = gw_find(r);
    ngx_uint_t status = r->err_status ? r->err_status : r->headers_out.status ? r->headers_out.status : 500;
    if (!x) { /* refused before our phase: no exchange yet */
        x = ngx_pcalloc(r->pool, sizeof *x);
        if (!x)
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        x->r = r;
        x->began_ns = cu_mono_ns();
        cu_id_new(x->id);
        if (gw_route_request(x) != NGX_OK)
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    x->status = status == 494 ? 400 : status;
    x->error_type = "api_error";
    x->reason = "internal";
    snprintf(x->message, sizeof x->message, "custos: the request failed inside the gateway; its log says why");
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pages[i].status == status) {
            x->error_type = pages[i].type;
            x->reason = pages[i].reason;
            snprintf(x->message, sizeof x->message, "%s", pages[i].message);
        }
    if (x->step == GW_READING && r->connection->error)
        x->reason = "torn_upload";
    if (x->step == GW_FORWARDED && (status == 502 || status == 504))
        gw_breaker_note(x, false, 0);
    if (x->step != GW_FORWARDED && !x->rejection_recorded)
        gw_record_rejection(x);
    r->headers_out.status = 0;
    r->err_status = 0;
    return send_json(r, x);
}
