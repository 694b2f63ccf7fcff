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

/* The API's own headers go upstream as they are: words of the protocol, nothing else. */
bool gw_plain_header(ngx_http_request_t *r, const char *name)
{
    cu_bytes v = gw_header(r, name);
    for (size_t i = 0; i < v.n; i++)
        if (!isalnum(v.p[i]) && !memchr(",._ =-", v.p[i], 6))
            return false;
    return v.n <= 1024;
}

static ngx_int_t check_headers(gw_exchange *x)
{
    for (const char *const *h = cu_api_headers(x->api); *h; h++)
        if (!gw_plain_header(x->r, *h))
            return gw_refuse(x, 400, "invalid_request_error", "header", "custos: the header %s holds characters that this API does not use", *h);
    return NGX_OK;
}

/* A WebSocket would carry a conversation past the walker: declined with the status that makes the
 * client post instead. */
static ngx_int_t decline_upgrade(gw_exchange *x)
{
    if (gw_header(x->r, "upgrade").n)
        return gw_refuse(x, 426, "invalid_request_error", "upgrade", "custos: WebSocket is not served here; send the request with POST");
    return gw_refuse(x, 405, "invalid_request_error", "method", "custos: this path takes POST");
}

static ngx_int_t check_route(gw_exchange *x)
{
    if (!x->route && x->path_known)
        return gw_refuse(x, 405, "invalid_request_error", "method", "custos: this path takes %s", x->r->method == NGX_HTTP_GET ? "POST" : "GET or POST");
    if (!x->route)
        return gw_refuse(x, 404, "not_found_error", "unknown_path", "custos: this path is not served here; known are those of "
                         "Anthropic Messages, OpenAI Chat Completions, Responses, Embeddings and Completions, and Gemini, also below /vendor/NAME");
    return x->route->upgrade ? decline_upgrade(x) : NGX_OK;
}

ngx_int_t gw_check_head(gw_exchange *x)
{
    if (!gw.bundle)
        return gw_refuse(x, 503, "api_error", "starting", "custos: evidence_unavailable: the gateway is starting; try again");
    x->bundle = gw.bundle;
    x->bundle->refs++;
    gw_route_for_vendor(x);
    ngx_int_t rc = gw_authenticate(x);
    if (rc == NGX_OK)
        rc = check_route(x);
    if (rc == NGX_OK)
        rc = check_headers(x);
    if (rc != NGX_OK)
        return rc;
    if (!plain_args(&x->args))
        return gw_refuse(x, 400, "invalid_request_error", "query", "custos: the query string holds characters that this API does not use");
    if (gw.no_space)
        return gw_refuse(x, 503, "api_error", "evidence_unavailable", "custos: evidence_unavailable: there is no space left to record "
                         "this request, so it was not forwarded; free space on the gateway's disk");
    return NGX_OK;
}
