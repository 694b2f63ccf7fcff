/* What can be refused before the body is read. */
#include "gateway.h"
#include <ctype.h>

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

ngx_int_t gw_check_head(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    cu_bytes encoding = gw_header(r, "content-encoding");
    if (!gw.bundle)
        return gw_refuse(x, 503, "api_error", "starting", "custos: evidence_unavailable: the gateway is starting; try again");
    x->bundle = gw.bundle;
    x->bundle->refs++;
    ngx_int_t rc = gw_authenticate(x);
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
    if (!plain_header(gw_header(r, "anthropic-version")) || !plain_header(gw_header(r, "anthropic-beta")))
        return gw_refuse(x, 400, "invalid_request_error", "header", "custos: anthropic-version or anthropic-beta holds characters "
                         "that this API does not use");
    if (!plain_args(&r->args))
        return gw_refuse(x, 400, "invalid_request_error", "query", "custos: the query string holds characters that this API does not use");
    if (gw.no_space)
        return gw_refuse(x, 503, "api_error", "evidence_unavailable", "custos: evidence_unavailable: there is no space left to record "
                         "this request, so it was not forwarded; free space on the gateway's disk");
    return NGX_OK;
}
