/* Who asks: the key that came with the request, or the certificate that its connection was opened
 * with. */
#include "gateway.h"
#include <openssl/x509v3.h>

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

/* --- certificates --- */

static const cu_bundle_key *by_name(const cu_bundle *b, const char *kind, const char *text, size_t n)
{
    char name[600];
    int len = snprintf(name, sizeof name, "%s:%.*s", kind, (int)(n < 512 ? n : 512), text);
    return n > 0 && n <= 512 && !memchr(text, 0, n) ? cu_bundle_find_certificate(b, cu_bytes_of(name, (size_t)len)) : NULL;
}

static const cu_bundle_key *by_alternative_name(const cu_bundle *b, X509 *cert)
{
    const cu_bundle_key *k = NULL;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; !k && i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        const char *kind = type == GEN_DNS ? "dns" : type == GEN_EMAIL ? "email" : type == GEN_URI ? "uri" : NULL;
        if (kind)
            k = by_name(b, kind, (const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
    }
    GENERAL_NAMES_free(names);
    return k;
}

static const cu_bundle_key *by_subject(const cu_bundle *b, X509 *cert)
{
    const cu_bundle_key *k = NULL;
    char *text = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    if (out && X509_NAME_print_ex(out, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long n = BIO_get_mem_data(out, &text);
        k = n > 0 ? by_name(b, "subject", text, (size_t)n) : NULL;
    }
    BIO_free(out);
    return k;
}

/* The caller of a certificate that nginx has verified against client_ca. Names of the certificate are
 * tried before its subject. */
static const cu_bundle_key *certificate_caller(const gw_exchange *x)
{
    ngx_connection_t *c = x->r->connection;
    X509 *cert = c->ssl ? SSL_get1_peer_certificate(c->ssl->connection) : NULL;
    if (!cert)
        return NULL;
    const cu_bundle_key *k = NULL;
    if (SSL_get_verify_result(c->ssl->connection) == X509_V_OK)
        k = by_alternative_name(&x->bundle->b, cert);
    if (!k && SSL_get_verify_result(c->ssl->connection) == X509_V_OK)
        k = by_subject(&x->bundle->b, cert);
    X509_free(cert);
    return k;
}

/* --- addresses that keep trying --- */

static void address_of(const ngx_connection_t *c, uint8_t out[16])
{
    memset(out, 0, 16);
    if (c->sockaddr->sa_family == AF_INET) {
        out[10] = out[11] = 0xff;
        memcpy(out + 12, &((struct sockaddr_in *)c->sockaddr)->sin_addr, 4);
    } else if (c->sockaddr->sa_family == AF_INET6) {
        const uint8_t *a = ((struct sockaddr_in6 *)c->sockaddr)->sin6_addr.s6_addr;
        memcpy(out, a, IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a) ? 16 : 8);
    }
}

static ngx_int_t locked_out(gw_exchange *x, uint64_t wait_ns)
{
    x->retry_after = (unsigned)((wait_ns + 999999999) / 1000000000);
    return gw_refuse(x, 429, "rate_limit_error", "locked_out", "custos: too many unknown keys came from this address; try again in %u s",
                     x->retry_after);
}

/* The address itself stands in nginx's line of the error log, not in the log of evidence. */
static void record_lockout(gw_exchange *x, cu_lockout_rule rule)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(256);
    ngx_log_error(NGX_LOG_WARN, x->r->connection->log, 0, "custos: %ui unknown keys from one address; it waits %ui s", (ngx_uint_t)rule.failures,
                  (ngx_uint_t)rule.seconds);
    cu_buf_fmt(&b, "{\"failures\":%u,\"limit\":\"lockout\",\"of\":\"address\",\"seconds\":%u}", rule.failures, rule.seconds);
    gw_record_own("limit.hit", &b);
}

/* --- the decision --- */

static void take_caller(gw_exchange *x, const cu_bundle_key *k)
{
    x->key = k;
    x->tenant = &x->bundle->b.tenants[k->tenant];
}

static const cu_bundle_key *find_key(gw_exchange *x, const cu_sha256 *hash)
{
    const cu_bundle_key *k = cu_bundle_find_hash(&x->bundle->b, hash);
    if (k)
        return k;
    gw_bundle_refresh(); /* it may have been issued this very moment */
    if (gw.bundle == x->bundle)
        return NULL;
    gw_bundle_release(x->bundle);
    x->bundle = gw.bundle;
    x->bundle->refs++;
    return cu_bundle_find_hash(&x->bundle->b, hash);
}

static ngx_int_t judge(gw_exchange *x, const cu_bundle_key *k)
{
    cu_decision d = cu_decide_key(k, cu_now_ns());
    if (k) /* one that is no longer good is recorded with its tenant */
        take_caller(x, k);
    if (d == CU_DECISION_ALLOW)
        return gw_limit_request(x);
    return gw_refuse(x, 401, "authentication_error", cu_decision_name(d), "custos: this key is %s; ask for a new one with: custos key issue",
                     d == CU_DECISION_KEY_REVOKED ? "revoked" : d == CU_DECISION_KEY_EXPIRED ? "expired" : "not known");
}

static ngx_int_t by_key(gw_exchange *x, cu_bytes presented)
{
    const cu_lockout_rule rule = {x->bundle->b.lockout_failures, x->bundle->b.lockout_seconds};
    uint8_t address[16];
    cu_sha256 hash;
    uint64_t first;
    address_of(x->r->connection, address);
    cu_sha256_of(presented, &hash);
    memcpy(&first, &hash, sizeof first);
    uint64_t wait = gw_lockout_wait(address, first);
    if (wait)
        return locked_out(x, wait);
    const cu_bundle_key *k = presented.n <= CU_KEY_MAX ? find_key(x, &hash) : NULL;
    if (gw_lockout_note(address, first, k != NULL, rule))
        record_lockout(x, rule);
    return judge(x, k);
}

ngx_int_t gw_authenticate(gw_exchange *x)
{
    cu_bytes presented = presented_key(x->r);
    /* an assistant sends some key in any case: beside a certificate only one of ours counts */
    const cu_bundle_key *k = cu_starts(presented, CU_LIT(CU_KEY_PREFIX)) ? NULL : certificate_caller(x);
    if (k)
        return judge(x, k);
    if (presented.n == 0)
        return gw_refuse(x, 401, "authentication_error", "no_key", "custos: no key was given; send a Custos key (it "
                         "begins with " CU_KEY_PREFIX ") as x-api-key, x-goog-api-key or Authorization: Bearer");
    return by_key(x, presented);
}
