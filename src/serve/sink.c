#include "serve/sink.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "sink_reply.h"

#define KEPT 32u
#define BODY_MAX ((size_t)256 << 20)
#define KEPT_BODY_MAX ((size_t)1 << 20)

typedef struct {
    char at[CU_TIME_LEN], method[16], path[256];
    json_t *headers;
    cu_buf body;
} received;

static received kept[KEPT];
static unsigned kept_n;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum MHD_Result one_header(void *to, enum MHD_ValueKind kind, const char *key, const char *value)
{
    json_object_set_new(to, key, json_string(value ? value : ""));
    return MHD_YES;
}

static void remember(struct MHD_Connection *con, const char *method, const char *path, cu_bytes body)
{
    pthread_mutex_lock(&lock);
    received *r = &kept[kept_n++ % KEPT];
    json_decref(r->headers);
    cu_buf_free(&r->body);
    r->body = CU_BUF(KEPT_BODY_MAX);
    r->headers = json_object();
    cu_time_text(cu_now_ns(), r->at);
    snprintf(r->method, sizeof r->method, "%s", method);
    snprintf(r->path, sizeof r->path, "%s", path);
    MHD_get_connection_values(con, MHD_HEADER_KIND, one_header, r->headers);
    cu_buf_add(&r->body, cu_slice(body, 0, body.n < KEPT_BODY_MAX ? body.n : KEPT_BODY_MAX));
    pthread_mutex_unlock(&lock);
}

/* Newest first; of those only what holds this text, when one is given. */
static void put_last(const char *has, cu_buf *out)
{
    pthread_mutex_lock(&lock);
    cu_buf_byte(out, '[');
    for (unsigned i = 0, n = 0; i < KEPT && i < kept_n; i++) {
        const received *r = &kept[(kept_n - 1 - i) % KEPT];
        if (has && cu_find(cu_buf_view(&r->body), cu_str(has), 0) == (size_t)-1)
            continue;
        char *headers = json_dumps(r->headers, JSON_COMPACT);
        cu_buf_str(out, n++ ? ",{" : "{");
        cu_buf_json_kv_str(out, "at", r->at);
        cu_buf_json_kv_str(out, "method", r->method);
        cu_buf_json_kv_str(out, "path", r->path);
        cu_buf_json_key(out, "headers");
        cu_buf_str(out, headers ? headers : "{}");
        cu_buf_json_kv(out, "body", cu_buf_view(&r->body));
        cu_buf_byte(out, '}');
        free(headers);
    }
    cu_buf_byte(out, ']');
    pthread_mutex_unlock(&lock);
}

/* The body of the request before the newest. */
static void put_before(cu_buf *out)
{
    pthread_mutex_lock(&lock);
    if (kept_n > 1)
        cu_buf_add(out, cu_buf_view(&kept[(kept_n - 2) % KEPT].body));
    pthread_mutex_unlock(&lock);
}

static const char *answer(struct MHD_Connection *con, const char *method, const char *path, cu_bytes body, cu_buf *out, unsigned *status)
{
    *status = 200;
    if (strcmp(path, "/__sink/last") == 0) {
        put_last(MHD_lookup_connection_value(con, MHD_GET_ARGUMENT_KIND, "has"), out);
        return "application/json";
    }
    cu_buf before CU_CLEAN_BUF = CU_BUF(KEPT_BODY_MAX);
    put_before(&before);
    const char *alt = MHD_lookup_connection_value(con, MHD_GET_ARGUMENT_KIND, "alt");
    const char *type = sink_reply(strcmp(method, "GET") == 0, path, alt, body, cu_buf_view(&before), out);
    if (type)
        return type;
    *status = 404;
    cu_buf_str(out, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"the sink has no such path\"}}");
    return "application/json";
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *con, const char *url, const char *method, const char *version,
                              const char *data, size_t *data_n, void **state)
{
    cu_buf *body = *state, out CU_CLEAN_BUF = CU_BUF(BODY_MAX);
    unsigned status;
    if (!body) {
        *state = body = calloc(1, sizeof *body);
        if (!body)
            return MHD_NO;
        *body = CU_BUF(BODY_MAX);
        return MHD_YES;
    }
    if (*data_n) {
        cu_buf_put(body, data, *data_n);
        *data_n = 0;
        return MHD_YES;
    }
    if (strncmp(url, "/__sink/", 8) != 0)
        remember(con, method, url, cu_buf_view(body));
    const char *type = answer(con, method, url, cu_buf_view(body), &out, &status);
    struct MHD_Response *r = MHD_create_response_from_buffer(out.n, (void *)out.p, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, "Content-Type", type);
    enum MHD_Result ok = MHD_queue_response(con, status, r);
    MHD_destroy_response(r);
    return ok;
}

static void done(void *cls, struct MHD_Connection *con, void **state, enum MHD_RequestTerminationCode why)
{
    if (*state)
        cu_buf_free(*state);
    free(*state);
}

cu_err cu_sink_run(const char *port_file, volatile int *stop, cu_fault *f)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char port[16];
    struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
                                            &at, MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_NOTIFY_COMPLETED, done, NULL, MHD_OPTION_END);
    if (!d)
        return cu_fail(f, CU_IO, "the sink cannot listen on loopback");
    snprintf(port, sizeof port, "%u", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    cu_err e = cu_file_replace(AT_FDCWD, port_file, cu_str(port), 0644);
    while (e == CU_OK && !*stop)
        usleep(50000);
    MHD_stop_daemon(d);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", port_file, cu_err_text(e));
}
