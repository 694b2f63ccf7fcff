/* What a path asks for, in which API. */
#include "gateway.h"

cu_bytes gw_of(const ngx_str_t *s)
{
    return cu_bytes_of(s->data, s->len);
}

cu_bytes gw_header(ngx_http_request_t *r, const char *name)
{
    size_t n = strlen(name);
    ngx_list_part_t *part = &r->headers_in.headers.part;
    for (; part; part = part->next) {
        ngx_table_elt_t *h = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++)
            if (h[i].key.len == n && ngx_strncasecmp(h[i].key.data, (u_char *)(uintptr_t)name, n) == 0)
                return gw_of(&h[i].value);
    }
    return CU_NONE;
}

/* Takes /vendor/NAME off the path. */
static void split_path(gw_exchange *x)
{
    x->path = x->r->uri;
    if (!cu_starts(gw_of(&x->path), CU_LIT("/vendor/")))
        return;
    const u_char *name = x->path.data + 8, *end = x->path.data + x->path.len;
    const u_char *slash = memchr(name, '/', (size_t)(end - name));
    if (!slash)
        return;
    x->prefix = (ngx_str_t){(size_t)(slash - name), (u_char *)(uintptr_t)name};
    x->path = (ngx_str_t){(size_t)(end - slash), (u_char *)(uintptr_t)slash};
}

cu_bytes gw_query(ngx_http_request_t *r, const char *name)
{
    ngx_str_t v;
    return ngx_http_arg(r, (u_char *)(uintptr_t)name, strlen(name), &v) == NGX_OK ? gw_of(&v) : CU_NONE;
}

/* The query goes on without key=, which is the caller's. */
static ngx_int_t strip_key(gw_exchange *x)
{
    ngx_str_t all = x->r->args;
    u_char *to = ngx_pnalloc(x->r->pool, all.len + 1);
    if (!to)
        return NGX_ERROR;
    x->args = (ngx_str_t){0, to};
    for (size_t i = 0, end; i < all.len; i = end + 1) {
        const u_char *amp = memchr(all.data + i, '&', all.len - i);
        end = amp ? (size_t)(amp - all.data) : all.len;
        if (end - i >= 3 && ngx_strncasecmp(all.data + i, (u_char *)(uintptr_t) "key", 3) == 0 && (end - i == 3 || all.data[i + 3] == '='))
            continue;
        if (x->args.len)
            to[x->args.len++] = '&';
        memcpy(to + x->args.len, all.data + i, end - i);
        x->args.len += end - i;
    }
    return NGX_OK;
}

/* Some clients leave out /v1, because their base URL had it, or put /openai before it. */
static ngx_int_t spell(gw_exchange *x)
{
    static const char *const bare[] = {"/chat/completions", "/responses", "/responses/compact", "/embeddings", "/completions", "/models"};
    cu_bytes path = gw_of(&x->path);
    if (cu_starts(path, CU_LIT("/openai/v1/"))) {
        x->path.data += 7;
        x->path.len -= 7;
        return NGX_OK;
    }
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        if (!cu_eq_str(path, bare[i]))
            continue;
        u_char *p = ngx_pnalloc(x->r->pool, path.n + 3);
        if (!p)
            return NGX_ERROR;
        memcpy(p, "/v1", 3);
        memcpy(p + 3, path.p, path.n);
        x->path = (ngx_str_t){path.n + 3, p};
    }
    return NGX_OK;
}

/* Which of the APIs that have this path a caller means, by the headers that only one of them uses. */
static cu_api spoken(ngx_http_request_t *r)
{
    if (gw_header(r, "anthropic-version").n)
        return CU_API_ANTHROPIC;
    if (gw_header(r, "x-goog-api-key").n || gw_query(r, "key").n)
        return CU_API_GEMINI;
    if (gw_header(r, "x-api-key").n)
        return CU_API_ANTHROPIC;
    return gw_header(r, "authorization").n || gw_header(r, "api-key").n ? CU_API_OPENAI : CU_API_COUNT;
}

static unsigned method_of(ngx_http_request_t *r)
{
    return r->method == NGX_HTTP_GET ? CU_METHOD_GET : r->method == NGX_HTTP_POST ? CU_METHOD_POST : 0;
}

static void find(gw_exchange *x, cu_api api)
{
    x->route = cu_route_find(api, method_of(x->r), gw_of(&x->path), &x->path_model, &x->path_known);
    if (x->route)
        x->api = x->route->api;
}

ngx_int_t gw_route_request(gw_exchange *x)
{
    split_path(x);
    if (strip_key(x) != NGX_OK || spell(x) != NGX_OK)
        return NGX_ERROR;
    cu_api said = spoken(x->r);
    find(x, said);
    if (!x->route) /* a path that only another API has */
        find(x, CU_API_COUNT);
    if (!x->route && said != CU_API_COUNT)
        x->api = said;
    return NGX_OK;
}

/* A name may stand for several vendors, one an API. */
void gw_route_for_vendor(gw_exchange *x)
{
    cu_api first = CU_API_COUNT;
    for (size_t i = 0; x->prefix.len && i < x->bundle->b.vendors_n; i++) {
        const cu_bundle_vendor *v = &x->bundle->b.vendors[i];
        cu_api api = cu_api_by_name(v->api);
        if (!cu_eq(v->name, gw_of(&x->prefix)))
            continue;
        if (x->route && x->route->api == api)
            return;
        first = first == CU_API_COUNT ? api : first;
    }
    if (first == CU_API_COUNT)
        return;
    x->api = first;
    find(x, first);
}
