/* The JSON API on unix sockets: api.sock behind nginx, where a session is needed, and admin.sock for
 * the command line, where the file's mode is the key. */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "app.h"
#include "paths.h"
#include "base/log.h"

#define BODY_MAX ((size_t)8 << 20)

struct api {
    app *a;
    struct MHD_Daemon *http;
    bool admin;
};

unsigned problem(call *c, unsigned status, const char *title, const char *fmt, ...)
{
    char detail[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    cu_buf_reset(c->out);
    cu_buf_byte(c->out, '{');
    cu_buf_json_kv_str(c->out, "type", "about:blank");
    cu_buf_json_kv_str(c->out, "title", title);
    cu_buf_json_kv_u64(c->out, "status", status);
    cu_buf_json_kv_str(c->out, "detail", detail);
    cu_buf_byte(c->out, '}');
    c->type = "application/problem+json";
    return status;
}

/* --- libmicrohttpd --- */

typedef struct {
    cu_buf body;
} upload;

static const char *query(void *arg, const char *name)
{
    return MHD_lookup_connection_value(arg, MHD_GET_ARGUMENT_KIND, name);
}

static const char *header(void *con, const char *name)
{
    return MHD_lookup_connection_value(con, MHD_HEADER_KIND, name);
}

/* A page of another site must not write here with our user's cookie. */
static bool foreign_write(const call *c, struct MHD_Connection *con)
{
    if (strcmp(c->path, "/trust/agreement") == 0)
        return false; /* a form of anybody's, which no session stands behind */
    const char *origin = header(con, "Origin"), *host = header(con, "Host"), *type = header(con, "Content-Type"), *site = header(con, "Sec-Fetch-Site");
    if (c->admin || strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0)
        return false;
    if (!type || strncmp(type, "application/json", 16) != 0 || (type[16] && !strchr("; ", type[16])))
        return true; /* no form and no script of another site can send this without being asked */
    if (site && strcmp(site, "same-origin") != 0)
        return true;
    if (!origin)
        return false;
    const char *at = strstr(origin, "://");
    return !at || !host || strcmp(at + 3, host) != 0;
}

static enum MHD_Result reply(struct MHD_Connection *con, const call *c, unsigned status)
{
    struct stat st;
    struct MHD_Response *r = c->file >= 0 && fstat(c->file, &st) == 0 ? MHD_create_response_from_fd64((uint64_t)st.st_size, c->file)
                                                                     : MHD_create_response_from_buffer(status == 204 ? 0 : c->out->n, c->out->p ? (void *)c->out->p : (void *)(uintptr_t) "",
                                                            MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, "Cache-Control", "no-store");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (status != 204)
        MHD_add_response_header(r, "Content-Type", c->type);
    if (c->cookie[0])
        MHD_add_response_header(r, "Set-Cookie", c->cookie);
    if (c->location[0])
        MHD_add_response_header(r, "Location", c->location);
    if (c->csp[0])
        MHD_add_response_header(r, "Content-Security-Policy", c->csp);
    MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
    if (c->disposition[0])
        MHD_add_response_header(r, "Content-Disposition", c->disposition);
    enum MHD_Result ok = MHD_queue_response(con, status, r);
    MHD_destroy_response(r);
    return ok;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *con, const char *url, const char *method, const char *version,
                              const char *data, size_t *data_n, void **state)
{
    api *x = cls;
    upload *u = *state;
    if (!u) {
        *state = u = calloc(1, sizeof *u);
        if (!u)
            return MHD_NO;
        u->body = CU_BUF(BODY_MAX);
        return MHD_YES;
    }
    if (*data_n) {
        cu_buf_put(&u->body, data, *data_n);
        *data_n = 0;
        return MHD_YES;
    }
    cu_buf out CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    call c = {.a = x->a, .admin = x->admin, .method = method, .path = url, .query = query, .header = header, .query_arg = con,
              .body = cu_buf_view(&u->body), .token = MHD_lookup_connection_value(con, MHD_COOKIE_KIND, "custos_session"), .actor = "", .oidc_cookie = MHD_lookup_connection_value(con, MHD_COOKIE_KIND, "custos_oidc"), .address = x->admin ? NULL : header(con, "X-Real-IP"), .out = &out, .type = "application/json", .file = -1};
    const char *scheme = x->admin ? NULL : header(con, "X-Forwarded-Proto");
    c.address = c.address ? c.address : "";
    c.secure = scheme && strcmp(scheme, "https") == 0;
    MHD_set_connection_option(con, MHD_CONNECTION_OPTION_TIMEOUT, strcmp(method, "POST") == 0 ? 0u : 60u); /* a listing of millions takes its time */
    unsigned status;
    if (u->body.err)
        status = problem(&c, 413, "Too large", "The body is larger than 8 MiB.");
    else if (foreign_write(&c, con))
        status = problem(&c, 403, "Refused", "Writes need Content-Type: application/json and must come from this console.");
    else
        status = answer(&c);
    if (out.err)
        status = problem(&c, 500, "Too large", "The answer does not fit: %s.", cu_err_text(out.err));
    return reply(con, &c, status);
}

static void done(void *cls, struct MHD_Connection *con, void **state, enum MHD_RequestTerminationCode why)
{
    upload *u = *state;
    if (u)
        cu_buf_free(&u->body);
    free(u);
}

static cu_err listen_at(const char *path, mode_t mode, int *fd, cu_fault *f)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path)
        return cu_fail(f, CU_TOO_BIG, "the socket path %.120s is too long", path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    unlink(path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t was = umask(0777 & ~mode); /* never open to more, not even for a moment */
    bool ok = *fd >= 0 && bind(*fd, (void *)&at, sizeof at) == 0;
    umask(was);
    if (!ok || chmod(path, mode) != 0 || listen(*fd, 128) != 0)
        return cu_fail(f, CU_IO, "%.120s: %s", path, strerror(errno));
    return CU_OK;
}

cu_err api_start(app *a, const char *socket_name, mode_t mode, bool admin, api **out, cu_fault *f)
{
    char path[4200];
    int fd = -1;
    api *x = calloc(1, sizeof *x);
    if (!x)
        return CU_NOMEM;
    x->a = a;
    x->admin = admin;
    snprintf(path, sizeof path, "%s/%s", a->run_dir, socket_name);
    cu_err e = listen_at(path, mode, &fd, f);
    if (e == CU_OK) {
        x->http = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, handle, x, MHD_OPTION_LISTEN_SOCKET, fd,
                                   MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_NOTIFY_COMPLETED, done,
                                   NULL, MHD_OPTION_END);
        if (!x->http)
            e = cu_fail(f, CU_IO, "the HTTP library does not start on %s", socket_name);
    }
    if (e != CU_OK) {
        free(x);
        return e;
    }
    *out = x;
    return CU_OK;
}

void api_stop(api *x)
{
    if (!x)
        return;
    MHD_stop_daemon(x->http);
    free(x);
}
