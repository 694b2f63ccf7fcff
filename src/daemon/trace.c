/* OpenTelemetry: OTLP 1.x over HTTP in JSON, attributes by the semantic conventions for generative AI.
 * The entries of an exchange are all there is to know here, so that a span can hold no text and no
 * value. A queue that is full loses spans, which are counted; nobody waits. */
#include "trace.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "leaf_values.h"

#define QUEUE 4096u        /* spans */
#define BATCH 256u
#define SPAN_MAX 4096u     /* bytes of one */
#define PENDING_SETS 1024u /* requests whose answer has not come */
#define PENDING_WAYS 4u
#define WORD 80u
#define STEP_MS 100
#define GATHER_STEPS 10    /* a batch that is not full leaves after so many */
#define TIMEOUT_S 5L
#define TRIES 3

/* What the request's entry says; the answer's does not repeat it. */
typedef struct {
    char id[CU_ID_LEN], trace[33], span[17], parent[17], model[WORD], vendor[WORD], api[16], path[WORD], tenant[WORD];
    uint64_t age, findings, replaced;
} pending;

struct traces {
    app *a;
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    char *queue[QUEUE];
    size_t first, n;
    uint64_t turn, sent, dropped;
    pending *waiting; /* of the sequencer's thread alone */
    char *header;     /* secret, NULL: none */
};

/* --- from entries --- */

static void word(char *out, size_t size, cu_bytes text)
{
    size_t n = text.n < size - 1 ? text.n : size - 1;
    memcpy(out, text.n ? text.p : (const uint8_t *)"", n);
    out[n] = 0;
}

/* "TRACE-SPAN" or "TRACE-SPAN-PARENT" */
static bool read_trace(cu_bytes text, pending *p)
{
    if ((text.n != 49 && text.n != 66) || text.p[32] != '-' || (text.n == 66 && text.p[49] != '-'))
        return false;
    word(p->trace, sizeof p->trace, cu_slice(text, 0, 32));
    word(p->span, sizeof p->span, cu_slice(text, 33, 49));
    word(p->parent, sizeof p->parent, text.n == 66 ? cu_slice(text, 50, 66) : CU_NONE);
    return true;
}

static pending *set_of(traces *t, const char *id)
{
    size_t h = 5381;
    for (const char *c = id; *c; c++)
        h = h * 33 + (unsigned char)*c;
    return &t->waiting[h % PENDING_SETS * PENDING_WAYS];
}

static bool read_request(const cu_leaf *l, pending *p)
{
    *p = (pending){0};
    if (l->id.n != CU_ID_LEN - 1 || !read_trace(leaf_value(l->body, "trace"), p))
        return false;
    word(p->id, sizeof p->id, l->id);
    word(p->model, sizeof p->model, leaf_value(l->body, "model"));
    word(p->vendor, sizeof p->vendor, leaf_value(l->body, "vendor"));
    word(p->api, sizeof p->api, leaf_value(l->body, "api"));
    word(p->path, sizeof p->path, leaf_value(l->body, "path"));
    word(p->tenant, sizeof p->tenant, l->tenant);
    p->replaced = leaf_number(l->body, "replaced");
    return true;
}

static void remember(traces *t, const cu_leaf *l)
{
    pending one;
    if (!read_request(l, &one))
        return;
    pending *set = set_of(t, one.id), *oldest = set;
    for (unsigned i = 1; i < PENDING_WAYS; i++)
        if (set[i].age < oldest->age)
            oldest = &set[i];
    one.age = ++t->turn;
    *oldest = one;
}

static pending *recall(traces *t, cu_bytes id)
{
    char text[CU_ID_LEN];
    word(text, sizeof text, id);
    pending *set = set_of(t, text);
    for (unsigned i = 0; i < PENDING_WAYS; i++)
        if (set[i].age && strcmp(set[i].id, text) == 0)
            return &set[i];
    return NULL;
}

/* --- the span --- */

static void text_attribute(cu_buf *b, const char *key, const char *value)
{
    if (!*value)
        return;
    cu_buf_fmt(b, ",{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
    cu_buf_json_string(b, cu_str(value));
    cu_buf_str(b, "}}");
}

static void number_attribute(cu_buf *b, const char *key, uint64_t value)
{
    cu_buf_fmt(b, ",{\"key\":\"%s\",\"value\":{\"intValue\":\"%llu\"}}", key, (unsigned long long)value);
}

static const char *operation_of(const char *path)
{
    return strstr(path, "mbed") ? "embeddings" : strstr(path, "enerateContent") ? "generate_content"
           : strstr(path, "/completions") && !strstr(path, "/chat/") ? "text_completion" : "chat";
}

static const char *provider_of(const char *spoken)
{
    return strcmp(spoken, "gemini") == 0 ? "gcp.gemini" : spoken;
}

/* The time of an entry, RFC 3339 in UTC with milliseconds. */
static uint64_t time_of(cu_bytes ts)
{
    char text[CU_TIME_LEN];
    struct tm tm = {0};
    word(text, sizeof text, ts);
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S.", &tm);
    uint64_t seconds = rest ? (uint64_t)timegm(&tm) : 0;
    return seconds * 1000000000ull + (rest ? strtoull(rest, NULL, 10) : 0) * 1000000ull;
}

static void put_usage(cu_buf *b, cu_bytes body)
{
    char stop[WORD];
    number_attribute(b, "gen_ai.usage.input_tokens", leaf_number(body, "input_tokens"));
    number_attribute(b, "gen_ai.usage.output_tokens", leaf_number(body, "output_tokens"));
    number_attribute(b, "custos.gate_ms", leaf_number(body, "ms_gate"));
    number_attribute(b, "custos.restored", leaf_number(body, "restored"));
    word(stop, sizeof stop, leaf_value(body, "stop_reason"));
    if (stop[0]) {
        cu_buf_str(b, ",{\"key\":\"gen_ai.response.finish_reasons\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":");
        cu_buf_json_string(b, cu_str(stop));
        cu_buf_str(b, "}]}}}");
    }
}

/* l: the entry that ends the exchange. */
static void put_span(cu_buf *b, const pending *p, const cu_leaf *l)
{
    bool answered = cu_eq_str(l->type, "exchange.response");
    uint64_t end = time_of(l->ts), lasted = leaf_number(l->body, "ms_total") * 1000000ull, status = leaf_number(l->body, "status");
    const char *operation = operation_of(p->path);
    char reason[WORD];
    word(reason, sizeof reason, leaf_value(l->body, "reason"));
    cu_buf_fmt(b, "{\"traceId\":\"%s\",\"spanId\":\"%s\"", p->trace, p->span);
    if (p->parent[0])
        cu_buf_json_kv_str(b, "parentSpanId", p->parent);
    cu_buf_fmt(b, ",\"name\":\"%s%s", operation, p->model[0] ? " " : "");
    for (const char *c = p->model; *c; c++) /* a word of the entry: nothing to escape */
        cu_buf_byte(b, (uint8_t)*c);
    cu_buf_fmt(b, "\",\"kind\":3,\"startTimeUnixNano\":\"%llu\",\"endTimeUnixNano\":\"%llu\"", (unsigned long long)(end - lasted), (unsigned long long)end);
    cu_buf_fmt(b, ",\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"%s\"}}", operation);
    text_attribute(b, "gen_ai.provider.name", provider_of(p->api));
    text_attribute(b, "gen_ai.request.model", p->model);
    text_attribute(b, "custos.vendor", p->vendor);
    text_attribute(b, "custos.tenant", p->tenant);
    text_attribute(b, "custos.exchange", p->id);
    text_attribute(b, "url.path", p->path);
    number_attribute(b, "custos.replaced", p->replaced);
    if (status)
        number_attribute(b, "http.response.status_code", status);
    if (answered)
        put_usage(b, l->body);
    text_attribute(b, "error.type", reason);
    cu_buf_fmt(b, "],\"status\":{\"code\":%d}}", answered && status < 400 ? 1 : 2);
}

static void enqueue(traces *t, char *span)
{
    pthread_mutex_lock(&t->lock);
    bool room = span && t->n < QUEUE;
    if (room)
        t->queue[(t->first + t->n++) % QUEUE] = span;
    else
        t->dropped++;
    pthread_mutex_unlock(&t->lock);
    if (!room)
        free(span);
}

static void make_span(traces *t, const pending *p, const cu_leaf *l)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(SPAN_MAX);
    put_span(&b, p, l);
    enqueue(t, b.err == CU_OK ? strdup(cu_buf_cstr(&b)) : NULL);
}

void traces_take(traces *t, const cu_leaf *l)
{
    pending *p, refused;
    if (!t)
        return;
    if (cu_eq_str(l->type, "exchange.request")) {
        remember(t, l);
    } else if (cu_eq_str(l->type, "input.rejected")) {
        if (read_request(l, &refused))
            make_span(t, &refused, l);
    } else if ((cu_eq_str(l->type, "exchange.response") || cu_eq_str(l->type, "exchange.aborted")) &&
               (p = recall(t, leaf_value(l->body, "exchange")))) {
        make_span(t, p, l);
        *p = (pending){0};
    }
}

/* --- to the collector --- */

static size_t swallow(char *bytes, size_t one, size_t n, void *arg)
{
    return n;
}

/* 0: no answer. */
static long post(const traces *t, cu_bytes body)
{
    long status = 0;
    CURL *e = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    const char *ca = t->a->config->trusted_ca;
    if (t->header)
        headers = curl_slist_append(headers, t->header);
    curl_easy_setopt(e, CURLOPT_URL, t->a->config->traces.endpoint);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, (const char *)body.p);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)body.n);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "custos");
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, swallow);
    if (ca)
        curl_easy_setopt(e, CURLOPT_CAINFO, ca);
    if (curl_easy_perform(e) == CURLE_OK)
        curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(e);
    return status;
}

static bool worth_repeating(long status)
{
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

static bool send_batch(const traces *t, cu_bytes body)
{
    for (int turn = 0; turn < TRIES; turn++) {
        long status = post(t, body);
        if (status >= 200 && status < 300)
            return true;
        if (!worth_repeating(status) || *t->a->stop)
            return false;
        for (int i = 0; i < 10 << turn && !*t->a->stop; i++)
            usleep(STEP_MS * 1000);
    }
    return false;
}

static void take_batch(traces *t, cu_buf *b, size_t *n)
{
    cu_buf_fmt(b, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"custos\"}},"
                  "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"%s\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"custos.gateway\"},\"spans\":[",
               CUSTOS_VERSION);
    pthread_mutex_lock(&t->lock);
    for (*n = 0; *n < BATCH && t->n; ++*n) {
        char *span = t->queue[t->first];
        t->first = (t->first + 1) % QUEUE;
        t->n--;
        cu_buf_str(b, *n ? "," : "");
        cu_buf_str(b, span);
        free(span);
    }
    pthread_mutex_unlock(&t->lock);
    cu_buf_str(b, "]}]}]}");
}

static void deliver(traces *t)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF((BATCH + 1) * (size_t)SPAN_MAX);
    size_t n;
    take_batch(t, &b, &n);
    bool ok = n && b.err == CU_OK && send_batch(t, cu_buf_view(&b));
    if (n && !ok)
        cu_say(CU_LOG_WARN, "the collector did not take %zu spans", n);
    pthread_mutex_lock(&t->lock);
    *(ok ? &t->sent : &t->dropped) += n;
    pthread_mutex_unlock(&t->lock);
}

static size_t queued(traces *t)
{
    pthread_mutex_lock(&t->lock);
    size_t n = t->n;
    pthread_mutex_unlock(&t->lock);
    return n;
}

static void *trace_thread(void *arg)
{
    traces *t = arg;
    while (!*t->a->stop) {
        for (int i = 0; i < GATHER_STEPS && queued(t) < BATCH && !*t->a->stop; i++)
            usleep(STEP_MS * 1000);
        if (queued(t))
            deliver(t);
    }
    return NULL;
}

/* --- start and stop --- */

static void release(traces *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->queue[(t->first + i) % QUEUE]);
    if (t->header)
        cu_wipe(t->header, strlen(t->header));
    free(t->header);
    free(t->waiting);
    free(t);
}

static bool make_header(traces *t, const cu_config_traces *c)
{
    if (!c->credential || !*c->credential)
        return true;
    const char *scheme = strcasecmp(c->header, "authorization") == 0 ? "Bearer " : "";
    return asprintf(&t->header, "%s: %s%s", c->header, scheme, c->credential) >= 0;
}

cu_err traces_start(app *a, traces **out, cu_fault *f)
{
    *out = NULL;
    if (!a->config->traces.endpoint)
        return CU_OK;
    traces *t = calloc(1, sizeof *t);
    if (!t)
        return CU_NOMEM;
    t->a = a;
    t->waiting = calloc((size_t)PENDING_SETS * PENDING_WAYS, sizeof *t->waiting);
    pthread_mutex_init(&t->lock, NULL);
    if (!t->waiting || !make_header(t, &a->config->traces) || pthread_create(&t->thread, NULL, trace_thread, t) != 0) {
        release(t);
        return cu_fail(f, CU_NOMEM, "the export of traces could not be started");
    }
    *out = a->traces = t;
    return CU_OK;
}

void traces_stop(traces *t)
{
    if (!t)
        return;
    pthread_join(t->thread, NULL);
    t->a->traces = NULL;
    release(t);
}

void traces_metrics(app *a, cu_buf *out)
{
    traces *t = a->traces;
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    cu_buf_fmt(out, "# HELP custos_spans_total Spans that the collector took, and those that were lost.\n# TYPE custos_spans_total counter\n"
                    "custos_spans_total{result=\"sent\"} %llu\ncustos_spans_total{result=\"dropped\"} %llu\n",
               (unsigned long long)t->sent, (unsigned long long)t->dropped);
    pthread_mutex_unlock(&t->lock);
}
