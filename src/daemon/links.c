/* The links that leave this machine, or come to it, as they are: a handshake with each vendor over TLS and with each of our
 * own listeners, once a day. Nothing is sent over them. */
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "node.h"

#define WAIT_S 3L
#define LINKS_MAX 64u

typedef struct {
    cu_buf list;
    unsigned n, unreachable;
} seen;

/* What one handshake came to. */
typedef struct {
    char protocol[16];
    int days;
} shaken;

static void at_step(const SSL *ssl, int where, int result)
{
    shaken *k = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    int seconds = 0;
    if (!(where & SSL_CB_HANDSHAKE_DONE))
        return;
    X509 *x = SSL_get1_peer_certificate(ssl);
    if (x && !ASN1_TIME_diff(&k->days, &seconds, NULL, X509_get0_notAfter(x)))
        k->days = 0;
    X509_free(x);
    snprintf(k->protocol, sizeof k->protocol, "%s", SSL_get_version(ssl));
}

static CURLcode listen_in(CURL *e, void *context, void *arg)
{
    SSL_CTX_set_app_data((SSL_CTX *)context, arg);
    SSL_CTX_set_info_callback(context, at_step);
    return CURLE_OK;
}

static void add(seen *s, const char *kind, const char *name, const shaken *k)
{
    if (s->n++)
        cu_buf_byte(&s->list, ',');
    cu_buf_fmt(&s->list, "{\"days\":%d,\"kind\":\"%s\"", k->days > 0 ? k->days : 0, kind);
    cu_buf_json_kv_str(&s->list, "name", name);
    cu_buf_fmt(&s->list, ",\"protocol\":\"%s\"}", k->protocol);
}

/* Why it is refused, "" when it is not (or nobody is there). verify: chain and name; of our own listeners, whose certificate
 * is made for a public name, protocol and date alone. */
static const char *shake(const app *a, seen *s, const char *kind, const char *name, const char *url, bool verify)
{
    CURL *e = curl_easy_init();
    shaken k = {.days = 0};
    const char *why = "";
    if (!e)
        return "";
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, WAIT_S);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, listen_in);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, &k);
    if (a->config->trusted_ca)
        curl_easy_setopt(e, CURLOPT_CAINFO, a->config->trusted_ca);
    CURLcode rc = curl_easy_perform(e);
    if (rc == CURLE_OK && k.protocol[0])
        add(s, kind, name, &k);
    else if (rc == CURLE_PEER_FAILED_VERIFICATION)
        why = "certificate";
    else if (rc == CURLE_SSL_CONNECT_ERROR)
        why = "protocol";
    else
        s->unreachable++;
    curl_easy_cleanup(e);
    return why;
}

static void tell_refused(app *a, const char *vendor, const char *why)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    cu_buf_fmt(&b, "{\"reason\":\"%s\"", why);
    cu_buf_json_kv_str(&b, "vendor", vendor);
    cu_buf_byte(&b, '}');
    (void)node_tell(a, "tls.refused", &b);
}

void links_check(app *a)
{
    seen s = {.list = CU_BUF(65536)};
    cu_buf b CU_CLEAN_BUF = CU_BUF(66000);
    for (size_t i = 0; i < a->config->vendors_n && s.n < LINKS_MAX; i++) {
        const cu_config_vendor *v = &a->config->vendors[i];
        const char *why = strncmp(v->base_url, "https://", 8) == 0 ? shake(a, &s, "vendor", v->name, v->base_url, true) : "";
        if (*why)
            tell_refused(a, v->name, why);
    }
    for (size_t i = 0; i < a->config->listen_n && s.n < LINKS_MAX; i++) {
        const cu_config_listen *l = &a->config->listen[i];
        if (l->tls_cert)
            (void)shake(a, &s, "listener", l->text, l->url, false);
    }
    cu_buf_str(&b, "{\"links\":[");
    cu_buf_add(&b, cu_buf_view(&s.list));
    cu_buf_fmt(&b, "],\"unreachable\":%u}", s.unreachable);
    cu_buf_free(&s.list);
    (void)node_tell(a, "tls.observed", &b);
}
