/* Pinned public keys of providers (RFC 7469 section 2.4: the digest of the SubjectPublicKeyInfo). The
 * check stands in the handshake, after OpenSSL's own: nginx sends nothing before it has ended. */
#include "gateway.h"
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

extern ngx_module_t ngx_http_proxy_module;

static bool is_pinned(X509 *cert, cu_bytes pins)
{
    uint8_t *der = NULL;
    int n = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
    cu_sha256 d;
    bool found = false;
    if (n > 0)
        cu_sha256_of(cu_bytes_of(der, (size_t)n), &d);
    for (size_t i = 0; n > 0 && i + sizeof d <= pins.n; i += sizeof d)
        found |= memcmp(pins.p + i, &d, sizeof d) == 0;
    OPENSSL_free(der);
    return found;
}

static int verify(X509_STORE_CTX *ctx, void *arg)
{
    int ok = X509_verify_cert(ctx);
    SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    ngx_connection_t *c = ssl ? SSL_get_ex_data(ssl, ngx_ssl_connection_index) : NULL;
    ngx_http_request_t *r = c ? c->data : NULL;
    gw_exchange *x = r ? gw_find(r) : NULL;
    if (ok <= 0 || !x || !x->vendor) {
        if (ok > 0)
            X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION); /* nobody to ask for: not ours */
        return ok > 0 ? 0 : ok;
    }
    if (x->vendor->pins.n == 0 || is_pinned(X509_STORE_CTX_get0_cert(ctx), x->vendor->pins))
        return 1;
    X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "custos: the provider's public key is none of those that are pinned");
    return 0;
}

/* The proxy's configuration begins with that of its upstream (ngx_http_proxy_module.c). */
void gw_pin_init(ngx_http_request_t *r)
{
    ngx_http_upstream_conf_t *u = ngx_http_get_module_loc_conf(r, ngx_http_proxy_module);
    if (u && u->ssl && u->ssl->ctx)
        SSL_CTX_set_cert_verify_callback(u->ssl->ctx, verify, NULL);
}
