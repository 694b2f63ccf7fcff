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

#define KEPT 16u
#define BODY_MAX ((size_t)256 << 20)
#define KEPT_BODY_MAX ((size_t)1 << 20)
#define ECHO_MAX ((size_t)64 << 10)

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

static void put_last(cu_buf *out)
{
    pthread_mutex_lock(&lock);
    cu_buf_byte(out, '[');
    for (unsigned i = 0; i < KEPT && i < kept_n; i++) {
        const received *r = &kept[(kept_n - 1 - i) % KEPT];
        char *headers = json_dumps(r->headers, JSON_COMPACT);
        cu_buf_str(out, i ? ",{" : "{");
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

/* The text of the last user message, as far as it is text. */
static void last_text(json_t *body, cu_buf *out)
{
    json_t *messages = json_object_get(body, "messages");
    json_t *last = json_array_get(messages, json_array_size(messages) - 1);
    json_t *content = json_object_get(last, "content"), *block;
    size_t i;
    if (json_is_string(content))
        cu_buf_add(out, cu_bytes_of(json_string_value(content), json_string_length(content)));
    json_array_foreach(content, i, block) {
        json_t *text = json_object_get(block, "text");
        if (!text)
            text = json_object_get(block, "content"); /* of a tool's result */
        if (json_is_string(text))
            cu_buf_add(out, cu_bytes_of(json_string_value(text), json_string_length(text)));
    }
    if (out->n > ECHO_MAX)
        out->n = ECHO_MAX;
    while (out->n && !cu_utf8_valid(cu_buf_view(out), NULL))
        out->n--;
}

static void event(cu_buf *b, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void event(cu_buf *b, const char *name, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cu_buf_fmt(b, "event: %s\ndata: {\"type\":\"%s\"%s}\n\n", name, name, text);
}

/* What the answer is made of, by the name of the model. */
typedef struct {
    const char *model, *block, *delta, *member; /* of a stream: the block that begins, the deltas' type and member */
} kind;

static const kind kinds[] = {
    {"sink-thinking", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}", "thinking_delta", "thinking"},
    {"sink-tool", "{\"type\":\"tool_use\",\"id\":\"toolu_sink\",\"name\":\"Write\",\"input\":{}}", "input_json_delta", "partial_json"},
    {"", "{\"type\":\"text\",\"text\":\"\"}", "text_delta", "text"}, /* any other */
};

static const kind *kind_of(const char *model)
{
    const kind *k = kinds;
    while (k->model[0] && (!model || strcmp(k->model, model) != 0))
        k++;
    return k;
}

static bool is_tool(const kind *k)
{
    return strcmp(k->member, "partial_json") == 0;
}

static void put_input(cu_buf *b, cu_bytes text)
{
    cu_buf_str(b, "{\"path\":\"a.txt\",\"content\":");
    cu_buf_json_string(b, text);
    cu_buf_byte(b, '}');
}

/* In pieces of 7 characters, so that every surrogate is cut somewhere. */
static void put_stream(cu_buf *b, const char *model, const kind *k, cu_bytes said)
{
    cu_buf input CU_CLEAN_BUF = CU_BUF(BODY_MAX);
    cu_bytes text = said;
    if (is_tool(k)) {
        put_input(&input, said);
        text = cu_buf_view(&input);
    }
    event(b, "message_start", ",\"message\":{\"id\":\"msg_sink\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%.100s\",\"content\":[],"
          "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":%zu,\"output_tokens\":1}}", model, text.n / 4 + 1);
    event(b, "content_block_start", ",\"index\":0,\"content_block\":%s", k->block);
    cu_buf_str(b, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    for (size_t i = 0, end; i < text.n; i = end) {
        end = i + 7 < text.n ? i + 7 : text.n;
        while (end < text.n && (text.p[end] & 0xc0) == 0x80)
            end++;
        cu_buf_fmt(b, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"%s\",\"%s\":", k->delta, k->member);
        cu_buf_json_string(b, cu_slice(text, i, end));
        cu_buf_str(b, "}}\n\n");
    }
    event(b, "content_block_stop", ",\"index\":0");
    event(b, "message_delta", ",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":%zu}", is_tool(k) ? "tool_use" : "end_turn",
          text.n / 4 + 1);
    event(b, "message_stop", "%s", "");
}

static void put_whole(cu_buf *b, const char *model, const kind *k, cu_bytes text)
{
    cu_buf_fmt(b, "{\"id\":\"msg_sink\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%s\",\"content\":[{", model);
    if (is_tool(k)) {
        cu_buf_str(b, "\"type\":\"tool_use\",\"id\":\"toolu_sink\",\"name\":\"Write\",\"input\":");
        put_input(b, text);
    } else {
        cu_buf_fmt(b, "\"type\":\"%s\",\"%s\":", k->member, k->member);
        cu_buf_json_string(b, text);
    }
    cu_buf_fmt(b, "}],\"stop_reason\":\"%s\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":%zu,\"output_tokens\":%zu}}", is_tool(k) ? "tool_use" : "end_turn",
               text.n / 4 + 1, text.n / 4 + 1);
}

/* A provider that mixes up its customers: what the request before this one said. */
static void recall(cu_buf *text)
{
    pthread_mutex_lock(&lock);
    const received *r = &kept[(kept_n + KEPT - 2) % KEPT];
    json_t *in = kept_n > 1 ? json_loadb((const char *)r->body.p, r->body.n, 0, NULL) : NULL;
    pthread_mutex_unlock(&lock);
    last_text(in, text);
    json_decref(in);
}

static const char *answer_message(cu_bytes body, cu_buf *out)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(BODY_MAX);
    json_t *in = json_loadb((const char *)body.p, body.n, 0, NULL);
    const char *model = json_string_value(json_object_get(in, "model"));
    const kind *k = kind_of(model);
    bool stream = json_is_true(json_object_get(in, "stream"));
    if (model && strcmp(model, "sink-recall") == 0)
        recall(&text);
    else
        last_text(in, &text);
    bool plain = model && strlen(model) < 100 && !strpbrk(model, "\"\\");
    (stream ? put_stream : put_whole)(out, plain ? model : "sink", k, cu_buf_view(&text));
    json_decref(in);
    return stream ? "text/event-stream" : "application/json";
}

static const char *answer(const char *path, cu_bytes body, cu_buf *out, unsigned *status)
{
    *status = 200;
    if (strcmp(path, "/__sink/last") == 0) {
        put_last(out);
    } else if (strcmp(path, "/v1/messages") == 0) {
        return answer_message(body, out);
    } else if (strcmp(path, "/v1/messages/count_tokens") == 0) {
        cu_buf_fmt(out, "{\"input_tokens\":%zu}", body.n / 4 + 1);
    } else if (strcmp(path, "/v1/models") == 0) {
        cu_buf_str(out, "{\"data\":[{\"type\":\"model\",\"id\":\"sink\",\"display_name\":\"Built-in sink\",\"created_at\":\"2026-01-01T00:00:00Z\"}],"
                        "\"has_more\":false,\"first_id\":\"sink\",\"last_id\":\"sink\"}");
    } else {
        *status = 404;
        cu_buf_str(out, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"the sink has no such path\"}}");
    }
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
    const char *type = answer(url, cu_buf_view(body), &out, &status);
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
