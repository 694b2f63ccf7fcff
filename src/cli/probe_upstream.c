/* Certificates are made for one run and forgotten with it. */
#include "probe_upstream.h"
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 65536u
#define DAY 86400
#define SLOW_MS 20000u

typedef struct {
    upstreams *all;
    upstream_kind kind;
    int fd;
    uint16_t port;
    SSL_CTX *tls;
    atomic_uint asked;
    pthread_t thread;
    bool started;
} upstream;

struct upstreams {
    upstream v[UPSTREAM_KINDS];
    atomic_bool stop;
};

/* --- certificates --- */

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    bool ok = e && X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    return ok;
}

/* Signed by itself without an issuer. names: a subjectAltName, NULL for an authority. */
static X509 *certificate(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *names, long from, long until)
{
    static atomic_long serial = 1;
    X509 *x = X509_new();
    if (!x)
        return NULL;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), atomic_fetch_add(&serial, 1));
    X509_gmtime_adj(X509_getm_notBefore(x), from);
    X509_gmtime_adj(X509_getm_notAfter(x), until);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)(names ? "custos probe" : "custos probe authority"), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    bool ok = add_extension(x, issuer ? issuer : x, NID_basic_constraints, names ? "CA:FALSE" : "critical,CA:TRUE") &&
              (!names || add_extension(x, issuer ? issuer : x, NID_subject_alt_name, names)) &&
              X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256()) > 0;
    if (!ok) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static SSL_CTX *tls_of(upstream_kind kind, X509 *ca, EVP_PKEY *ca_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    X509 *x = key ? certificate(key, kind == UPSTREAM_SELF_SIGNED ? NULL : ca, kind == UPSTREAM_SELF_SIGNED ? NULL : ca_key,
                                kind == UPSTREAM_WRONG_NAME ? "DNS:elsewhere.example" : "DNS:localhost", -2 * DAY, kind == UPSTREAM_EXPIRED ? -DAY : DAY)
                  : NULL;
    bool ok = c && x;
    if (ok && kind == UPSTREAM_OLD_TLS)
        ok = SSL_CTX_set_cipher_list(c, "DEFAULT:@SECLEVEL=0") && SSL_CTX_set_min_proto_version(c, TLS1_VERSION) &&
             SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
    ok = ok && SSL_CTX_use_certificate(c, x) == 1 && SSL_CTX_use_PrivateKey(c, key) == 1;
    X509_free(x);
    EVP_PKEY_free(key);
    if (!ok) {
        SSL_CTX_free(c);
        return NULL;
    }
    return c;
}

/* --- serving --- */

static int receive(SSL *s, int fd, char *p, int n)
{
    return s ? SSL_read(s, p, n) : (int)read(fd, p, (size_t)n);
}

/* Head and as much of a body as it announces. */
static bool read_request(SSL *s, int fd)
{
    static const char length[] = "content-length:";
    char *all = malloc(REQUEST_MAX + 1), *end = NULL;
    size_t n = 0, want = REQUEST_MAX;
    while (all && n < want) {
        int k = receive(s, fd, all + n, (int)(want - n));
        if (k <= 0)
            break;
        n += (size_t)k;
        all[n] = 0;
        if (!end && (end = strstr(all, "\r\n\r\n"))) {
            const char *at = strcasestr(all, length);
            size_t body = at && at < end ? strtoul(at + sizeof length - 1, NULL, 10) : 0;
            want = (size_t)(end + 4 - all) + body < REQUEST_MAX ? (size_t)(end + 4 - all) + body : REQUEST_MAX;
        }
    }
    free(all);
    return n > 0;
}

static void reply(const upstream *u, SSL *s, int fd)
{
    static const char body[] = "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"probe\",\"content\":[{\"type\":\"text\",\"text\":\"ok\"}],"
                               "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}";
    char out[1000];
    int n = u->kind == UPSTREAM_REDIRECT
                ? snprintf(out, sizeof out, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:%u/v1/messages\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                           u->all->v[UPSTREAM_PLAIN].port)
                : snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                           sizeof body - 1, body);
    if ((s ? SSL_write(s, out, n) : (int)send(fd, out, (size_t)n, MSG_NOSIGNAL)) == n && s)
        SSL_shutdown(s);
}

/* Head and beginning of a stream, and no end of it until the other side is gone. */
static void begin_stream(upstream *u, int fd)
{
    static const char out[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: message_start\ndata: {\"type\":\"message_start\",\"message\":"
                              "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"probe\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n";
    char byte;
    if (send(fd, out, sizeof out - 1, MSG_NOSIGNAL) != (ssize_t)sizeof out - 1)
        return;
    for (unsigned ms = 0; ms < SLOW_MS && !atomic_load(&u->all->stop); ms += 100) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 100) > 0 && recv(fd, &byte, 1, 0) <= 0)
            return;
    }
}

static void serve_one(upstream *u, int fd)
{
    struct timeval wait = {2, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    SSL *s = u->tls ? SSL_new(u->tls) : NULL;
    if ((!u->tls || (s && SSL_set_fd(s, fd) == 1 && SSL_accept(s) == 1)) && read_request(s, fd)) {
        atomic_fetch_add(&u->asked, 1);
        if (u->kind == UPSTREAM_SLOW)
            begin_stream(u, fd);
        else
            reply(u, s, fd);
    }
    SSL_free(s);
    close(fd);
}

static void *serve(void *arg)
{
    upstream *u = arg;
    while (!atomic_load(&u->all->stop)) {
        struct pollfd p = {u->fd, POLLIN, 0};
        int fd = poll(&p, 1, 100) > 0 ? accept4(u->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0)
            serve_one(u, fd);
    }
    return NULL;
}

static bool start(upstream *u)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    u->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (u->fd < 0 || bind(u->fd, (void *)&at, sizeof at) != 0 || listen(u->fd, 16) != 0 || getsockname(u->fd, (void *)&at, &n) != 0)
        return false;
    u->port = ntohs(at.sin_port);
    u->started = pthread_create(&u->thread, NULL, serve, u) == 0;
    return u->started;
}

upstreams *upstreams_start(const char *ca_file)
{
    upstreams *u = calloc(1, sizeof *u);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *ca = key ? certificate(key, NULL, NULL, NULL, -3 * DAY, DAY) : NULL;
    FILE *to = ca ? fopen(ca_file, "w") : NULL;
    bool ok = u && to && PEM_write_X509(to, ca) == 1;
    if (to)
        ok &= fclose(to) == 0;
    for (unsigned i = 0; u && i < UPSTREAM_KINDS; i++) {
        u->v[i].all = u;
        u->v[i].kind = (upstream_kind)i;
        u->v[i].fd = -1;
    }
    for (unsigned i = 0; ok && i < UPSTREAM_KINDS; i++) {
        if (i >= UPSTREAM_GOOD)
            ok = (u->v[i].tls = tls_of((upstream_kind)i, ca, key)) != NULL;
        ok = ok && start(&u->v[i]);
    }
    X509_free(ca);
    EVP_PKEY_free(key);
    if (ok)
        return u;
    upstreams_stop(u);
    return NULL;
}

void upstreams_stop(upstreams *u)
{
    if (!u)
        return;
    atomic_store(&u->stop, true);
    for (unsigned i = 0; i < UPSTREAM_KINDS; i++) {
        if (u->v[i].started)
            pthread_join(u->v[i].thread, NULL);
        if (u->v[i].fd >= 0)
            close(u->v[i].fd);
        SSL_CTX_free(u->v[i].tls);
    }
    free(u);
}

uint16_t upstreams_port(const upstreams *u, upstream_kind kind) { return u->v[kind].port; }
unsigned upstreams_asked(const upstreams *u, upstream_kind kind) { return atomic_load(&u->v[kind].asked); }
