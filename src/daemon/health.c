/* Active checks: a thread tries each upstream of the vendors that ask for it, as their configuration
 * says, and publishes a file that the workers read. A mark that is not renewed passes by itself, so
 * that a daemon that is gone takes no upstream away. */
#include "health.h"
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "policy/address.h"

#define FILE_NAME "health"
#define STEP_MS 200
#define ANSWER_MAX 65536u /* bytes of an answer that are read */
#define SECOND 1000000000ull

typedef struct {
    const cu_config_vendor *vendor;
    const cu_config_upstream *to;
    unsigned index;
    CURL *easy;        /* while a check runs */
    size_t got;        /* bytes of its answer */
    uint64_t due_ns;
    unsigned run;      /* checks in a row that contradict the state */
    bool known, down;
    uint64_t since_ns; /* wall time of the last change */
    const char *why;   /* a word, while it is down */
} place;

struct health {
    app *a;
    pthread_t thread;
    pthread_mutex_t lock; /* for the states of places */
    CURLM *multi;
    place *places;
    size_t n;
};

/* --- one check --- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
    const place *p = arg;
    if (!cu_address_is_allowed(&at->addr, p->to->loopback, p->vendor->terms.allow_private))
        return CURL_SOCKET_BAD;
    return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static size_t count_answer(char *bytes, size_t one, size_t n, void *arg)
{
    place *p = arg;
    p->got += n;
    return p->got <= ANSWER_MAX ? n : 0;
}

static bool set_pins(CURL *e, const cu_vendor_terms *t)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    for (size_t i = 0; i < t->pins_n; i++) {
        cu_buf_str(&b, i ? ";sha256//" : "sha256//");
        cu_base64(&b, cu_bytes_of(t->pins[i], 32));
    }
    return t->pins_n == 0 || (b.err == CU_OK && curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, cu_buf_cstr(&b)) == CURLE_OK);
}

static bool set_up(const health *h, place *p, CURL *e)
{
    const cu_vendor_terms *t = &p->vendor->terms;
    const char *ca = h->a->config->trusted_ca;
    cu_buf url CU_CLEAN_BUF = CU_BUF(2048);
    bool v6 = strchr(p->to->host, ':') != NULL;
    cu_buf_fmt(&url, "%s://%s%s%s:%u%s", p->vendor->scheme, v6 ? "[" : "", p->to->host, v6 ? "]" : "", p->to->port, t->check.path ? t->check.path : "/");
    bool ok = url.err == CU_OK && curl_easy_setopt(e, CURLOPT_URL, cu_buf_cstr(&url)) == CURLE_OK && set_pins(e, t);
    ok = ok && (!ca || curl_easy_setopt(e, CURLOPT_CAINFO, ca) == CURLE_OK);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)t->check.timeout_s);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)t->check.timeout_s);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, t->check.path ? 0L : 1L);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "custos");
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, count_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(e, CURLOPT_PRIVATE, p);
    return ok;
}

static void begin(health *h, place *p)
{
    p->due_ns = cu_mono_ns() + p->vendor->terms.check.interval_s * SECOND;
    p->got = 0;
    p->easy = curl_easy_init();
    if (p->easy && set_up(h, p, p->easy) && curl_multi_add_handle(h->multi, p->easy) == CURLM_OK)
        return;
    curl_easy_cleanup(p->easy);
    p->easy = NULL;
    cu_say(CU_LOG_ERROR, "the check of an upstream of %s could not be begun", p->vendor->name);
}

/* NULL: it answers. Any answer below 500 counts: without a credential a provider refuses, and is there. */
static const char *verdict(const place *p, CURLcode rc)
{
    long status = 0;
    curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    if (p->vendor->terms.check.path && status)
        return status < 500 ? NULL : "status";
    switch (rc) {
    case CURLE_OK:
        return NULL;
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "name";
    case CURLE_COULDNT_CONNECT:
        return "connect";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CACERT_BADFILE:
        return "tls";
    default:
        return "no_answer";
    }
}

/* --- what follows from it --- */

static void record_change(health *h, const place *p, uint64_t lasted_ns)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_fmt(&b, "{");
    if (p->down)
        cu_buf_json_kv_str(&b, "reason", p->why);
    else
        cu_buf_json_kv_u64(&b, "seconds", lasted_ns / SECOND);
    cu_buf_json_kv_u64(&b, "upstream", p->index);
    cu_buf_json_kv_str(&b, "vendor", p->vendor->name);
    cu_buf_byte(&b, '}');
    cu_say(p->down ? CU_LOG_WARN : CU_LOG_INFO, "vendor %s: upstream %u %s%s", p->vendor->name, p->index, p->down ? "is down: " : "is back",
           p->down ? p->why : "");
    pthread_mutex_lock(&h->a->lock);
    cu_err e = record(h->a, p->down ? "upstream.down" : "upstream.up", CU_TENANT_ORG, "daemon", &b);
    pthread_mutex_unlock(&h->a->lock);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "the change of an upstream could not be recorded: %s", cu_err_text(e));
}

/* True when the state changed. The first check decides at once: there is no state to keep. */
static bool take(place *p, const char *why)
{
    const cu_vendor_check *c = &p->vendor->terms.check;
    bool down = why != NULL, was_down = p->down, was_known = p->known;
    p->run = p->known && down == p->down ? 0 : p->run + 1;
    if (down)
        p->why = why;
    if (p->run == 0 || (p->known && p->run < (down ? c->fall : c->rise)))
        return false;
    p->down = down;
    p->known = true;
    p->run = 0;
    return was_known ? was_down != down : down;
}

static void finish(health *h, place *p, CURLcode rc)
{
    const char *why = verdict(p, rc);
    uint64_t now = cu_now_ns();
    pthread_mutex_lock(&h->lock);
    bool knew = p->known, changed = take(p, why);
    uint64_t lasted = p->since_ns ? now - p->since_ns : 0;
    if (changed || !knew)
        p->since_ns = now;
    pthread_mutex_unlock(&h->lock);
    curl_multi_remove_handle(h->multi, p->easy);
    curl_easy_cleanup(p->easy);
    p->easy = NULL;
    if (changed)
        record_change(h, p, lasted);
}

/* A line each, VENDOR INDEX DOWN-UNTIL: until when the mark holds without the next check, in seconds. */
static void publish(const health *h)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)1 << 20);
    for (size_t i = 0; i < h->n; i++) {
        const place *p = &h->places[i];
        const cu_vendor_check *c = &p->vendor->terms.check;
        uint64_t until = p->down ? cu_now_ns() / SECOND + 2u * c->interval_s + c->timeout_s + 5u : 0;
        cu_buf_fmt(&b, "%s %u %llu\n", p->vendor->name, p->index, (unsigned long long)until);
    }
    char path[4300];
    snprintf(path, sizeof path, "%s/" FILE_NAME, h->a->run_dir);
    cu_err e = b.err ? b.err : cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0644);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "the states of the upstreams could not be published: %s", cu_err_text(e));
}

static void step(health *h)
{
    int running, left;
    bool news = false;
    CURLMsg *m;
    for (size_t i = 0; i < h->n; i++)
        if (!h->places[i].easy && cu_mono_ns() >= h->places[i].due_ns)
            begin(h, &h->places[i]);
    curl_multi_perform(h->multi, &running);
    while ((m = curl_multi_info_read(h->multi, &left))) {
        place *p = NULL;
        if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p) != CURLE_OK || !p)
            continue;
        finish(h, p, m->data.result);
        news = true;
    }
    if (news)
        publish(h);
    curl_multi_poll(h->multi, NULL, 0, STEP_MS, NULL);
}

static void *check_thread(void *arg)
{
    health *h = arg;
    while (!*h->a->stop)
        step(h);
    return NULL;
}

/* --- start and stop --- */

static void release(health *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->places[i].easy) {
            curl_multi_remove_handle(h->multi, h->places[i].easy);
            curl_easy_cleanup(h->places[i].easy);
        }
    curl_multi_cleanup(h->multi);
    free(h->places);
    free(h);
}

static size_t each_place(const cu_config *c, place *to)
{
    size_t n = 0;
    for (size_t i = 0; i < c->vendors_n; i++)
        for (size_t k = 0; c->vendors[i].terms.check.given && k < c->vendors[i].upstreams_n; k++, n++)
            if (to)
                to[n] = (place){.vendor = &c->vendors[i], .to = &c->vendors[i].upstreams[k], .index = (unsigned)k, .why = ""};
    return n;
}

cu_err health_start(app *a, health **out, cu_fault *f)
{
    size_t n = each_place(a->config, NULL);
    *out = NULL;
    if (n == 0)
        return CU_OK;
    health *h = calloc(1, sizeof *h);
    if (!h)
        return CU_NOMEM;
    h->a = a;
    h->n = n;
    h->places = calloc(n, sizeof *h->places);
    h->multi = curl_multi_init();
    pthread_mutex_init(&h->lock, NULL);
    if (!h->places || !h->multi) {
        h->n = 0;
        release(h);
        return cu_fail(f, CU_NOMEM, "no memory to check upstreams");
    }
    each_place(a->config, h->places);
    if (pthread_create(&h->thread, NULL, check_thread, h) != 0) {
        release(h);
        return cu_fail(f, CU_NOMEM, "a thread could not be started");
    }
    *out = a->health = h;
    return CU_OK;
}

void health_stop(health *h)
{
    if (!h)
        return;
    pthread_join(h->thread, NULL);
    h->a->health = NULL;
    release(h);
}

/* --- what is said about it --- */

void health_status(app *a, cu_buf *out)
{
    health *h = a->health;
    char since[CU_TIME_LEN];
    cu_buf_json_key(out, "upstreams");
    cu_buf_byte(out, '[');
    for (size_t i = 0; h && i < h->n; i++) {
        pthread_mutex_lock(&h->lock);
        const place p = h->places[i];
        pthread_mutex_unlock(&h->lock);
        cu_time_text(p.since_ns, since);
        cu_buf_fmt(out, "%s{\"vendor\":\"%s\",\"upstream\":%u,\"state\":\"%s\",\"since\":\"%s\",\"reason\":\"%s\"}", i ? "," : "", p.vendor->name, p.index,
                   !p.known ? "unknown" : p.down ? "down" : "up", p.known ? since : "", p.down ? p.why : "");
    }
    cu_buf_byte(out, ']');
}

void health_metrics(app *a, cu_buf *out)
{
    health *h = a->health;
    if (!h)
        return;
    cu_buf_str(out, "# HELP custos_upstream_up 1 when the upstream passed its last checks.\n# TYPE custos_upstream_up gauge\n");
    for (size_t i = 0; i < h->n; i++) {
        pthread_mutex_lock(&h->lock);
        const place p = h->places[i];
        pthread_mutex_unlock(&h->lock);
        if (p.known)
            cu_buf_fmt(out, "custos_upstream_up{vendor=\"%s\",upstream=\"%u\"} %d\n", p.vendor->name, p.index, !p.down);
    }
}
