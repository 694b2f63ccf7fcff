/* What a path asks for. */
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

void gw_route_request(gw_exchange *x)
{
    split_path(x);
    x->route = route_of(gw_of(&x->path));
}
