/* Who asks: the key that came with the request. */
#include "gateway.h"

/* Covers the value of key= in one of nginx's views of the request line. */
static void cover(ngx_str_t s)
{
    for (size_t i = 0; i + 4 <= s.len; i++) {
        bool begins = i == 0 || s.data[i - 1] == '?' || s.data[i - 1] == '&';
        if (!begins || ngx_strncasecmp(s.data + i, (u_char *)(uintptr_t) "key=", 4) != 0)
            continue;
        for (i += 4; i < s.len && s.data[i] != '&' && s.data[i] != ' '; i++)
            s.data[i] = '-';
    }
}

/* nginx writes the request line into its error log: a key in the query becomes a header before anything
 * can fail. */
ngx_int_t gw_hide_query_key(ngx_http_request_t *r)
{
    cu_bytes key = gw_query(r, "key");
    if (key.n == 0)
        return NGX_DECLINED;
    ngx_table_elt_t *h = ngx_list_push(&r->headers_in.headers);
    u_char *copy = ngx_pnalloc(r->pool, key.n);
    if (!h || !copy)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    memcpy(copy, key.p, key.n);
    ngx_memzero(h, sizeof *h);
    h->hash = 1;
    ngx_str_set(&h->key, "x-goog-api-key");
    h->lowcase_key = h->key.data;
    h->value = (ngx_str_t){key.n, copy};
    cover(r->args);
    cover(r->unparsed_uri);
    cover(r->request_line);
    return NGX_DECLINED;
}

/* In any of the places that the APIs know, whichever API it is. */
static cu_bytes presented_key(ngx_http_request_t *r)
{
    static const char *const headers[] = {"x-api-key", "x-goog-api-key", "api-key"};
    cu_bytes k = CU_NONE;
    for (size_t i = 0; i < sizeof headers / sizeof *headers && k.n == 0; i++)
        k = gw_header(r, headers[i]);
    cu_bytes bearer = gw_header(r, "authorization");
    if (k.n == 0 && bearer.n > 7 && ngx_strncasecmp((u_char *)(uintptr_t)bearer.p, (u_char *)(uintptr_t) "bearer ", 7) == 0)
        k = cu_slice(bearer, 7, bearer.n);
    return k;
}

ngx_int_t gw_authenticate(gw_exchange *x)
{
    cu_bytes presented = presented_key(x->r);
    if (presented.n == 0)
        return gw_refuse(x, 401, "authentication_error", "no_key", "custos: no key was given; send a Custos key (it "
                         "begins with " CU_KEY_PREFIX ") as x-api-key, x-goog-api-key or Authorization: Bearer");
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
