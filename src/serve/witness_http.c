#include "serve/witness_http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "serve/serve.h"

#define TLS_FILE_MAX ((size_t)1 << 20)

static unsigned answer(cu_witness *w, const char *method, const char *url, cu_bytes body, cu_buf *out)
{
    static const char last[] = "/checkpoint/", add[] = "/add-checkpoint";
    size_t n = strlen(url);
    if (strcmp(method, "POST") == 0 && n >= sizeof add - 1 && strcmp(url + n - (sizeof add - 1), add) == 0)
        return cu_witness_add(w, body, (uint64_t)time(NULL), out);
    if (strcmp(method, "GET") == 0 && strncmp(url, last, sizeof last - 1) == 0)
        return cu_witness_last(w, cu_str(url + sizeof last - 1), out);
    return 404;
}

static enum MHD_Result handle(void *w, struct MHD_Connection *con, const char *url, const char *method, const char *version, const char *data,
                              size_t *data_n, void **state)
{
    cu_buf *body = *state, out CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX + 1024);
    if (!body) {
        *state = body = calloc(1, sizeof *body);
        if (!body)
            return MHD_NO;
        *body = CU_BUF(CU_WITNESS_REQUEST_MAX);
        return MHD_YES;
    }
    if (*data_n) {
        cu_buf_put(body, data, *data_n);
        *data_n = 0;
        return MHD_YES;
    }
    unsigned status = body->err ? 413 : answer(w, method, url, cu_buf_view(body), &out);
    struct MHD_Response *r = MHD_create_response_from_buffer(out.n, out.p ? (void *)out.p : (void *)(uintptr_t) "", MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, "Content-Type", status == 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8");
    enum MHD_Result ok = MHD_queue_response(con, status, r);
    MHD_destroy_response(r);
    return ok;
}

static void done(void *w, struct MHD_Connection *con, void **state, enum MHD_RequestTerminationCode why)
{
    if (*state)
        cu_buf_free(*state);
    free(*state);
}

/* A bound socket; *loopback: nobody outside this machine reaches it. */
static cu_err listen_at(const char *text, int *fd, bool *loopback, cu_fault *f)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const char *colon = strrchr(text, ':');
    char host[64] = "", *end = NULL;
    long port = colon ? strtol(colon + 1, &end, 10) : 0;
    int one = 1;
    bool bracket = text[0] == '[' && colon && colon > text + 2 && colon[-1] == ']';
    if (strncmp(text, "unix:", 5) == 0) {
        *loopback = true;
        return cu_listen_unix(text + 5, 0660, fd, f);
    }
    if (colon && (size_t)(colon - text) < sizeof host)
        snprintf(host, sizeof host, "%.*s", (int)(colon - text) - (bracket ? 2 : 0), text + bracket);
    bool is4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1, is6 = !is4 && bracket && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
    if (!end || *end || end == colon + 1 || port < 1 || port > 65535 || (!is4 && !is6))
        return cu_fail(f, CU_CONFIG, "--listen is ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH");
    v4.sin_port = v6.sin6_port = htons((uint16_t)port);
    *loopback = is4 ? ntohl(v4.sin_addr.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    *fd = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0)
        setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (*fd < 0 || bind(*fd, is4 ? (void *)&v4 : (void *)&v6, is4 ? sizeof v4 : sizeof v6) != 0 || listen(*fd, 64) != 0)
        return cu_fail(f, cu_errno_err(errno), "%.100s: %s", text, strerror(errno));
    return CU_OK;
}

static cu_err start(cu_witness *w, const cu_witness_listen *at, int fd, struct MHD_Daemon **out, cu_fault *f)
{
    cu_buf cert CU_CLEAN_BUF = CU_BUF(TLS_FILE_MAX), key CU_CLEAN_BUF = CU_BUF(TLS_FILE_MAX);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    if (at->tls_cert) {
        cu_err e = cu_file_read(AT_FDCWD, at->tls_cert, &cert);
        if (e == CU_OK)
            e = cu_file_read(AT_FDCWD, at->tls_key, &key);
        if (e != CU_OK)
            return cu_fail(f, e, "the TLS certificate or its key: %s", cu_err_text(e));
        tls[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cu_buf_cstr(&cert)};
        tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)cu_buf_cstr(&key)};
    }
    /* one thread: one add-checkpoint at a time */
    *out = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | (at->tls_cert ? MHD_USE_TLS : 0), 0, NULL, NULL, handle, w,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_CONNECTION_LIMIT, 256u,
                            MHD_OPTION_NOTIFY_COMPLETED, done, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return *out ? CU_OK : cu_fail(f, CU_CONFIG, "the HTTP library does not start (are certificate and key PEM, and of one pair?)");
}

cu_err cu_witness_serve(cu_witness *w, const cu_witness_listen *at, volatile int *stop, void (*ready)(const char *listen), cu_fault *f)
{
    int fd = -1;
    bool loopback = false;
    struct MHD_Daemon *d = NULL;
    if (!at->tls_cert != !at->tls_key)
        return cu_fail(f, CU_CONFIG, "--tls-cert and --tls-key belong together");
    CU_TRY(listen_at(at->listen, &fd, &loopback, f));
    cu_err e = loopback || at->tls_cert ? CU_OK : cu_fail(f, CU_CONFIG, "%.100s is not loopback: it needs --tls-cert and --tls-key", at->listen);
    if (e == CU_OK)
        e = start(w, at, fd, &d, f);
    if (e != CU_OK) {
        cu_close_fd(&fd);
        return e;
    }
    if (ready)
        ready(at->listen);
    while (!*stop)
        usleep(50000);
    MHD_stop_daemon(d); /* closes the socket */
    return CU_OK;
}
