/* Numbers for Prometheus (text format 0.0.4), counted from the entries as they are sealed: a metric
 * says what the evidence says. Labels are words of ours and names of the configuration; no user, no
 * key, no text. They begin at zero with each start of the daemon. */
#include "metrics.h"
#include "health.h"
#include "leaf_values.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "catalog/types.h"
#include "trace.h"

#define SERIES 512u     /* of one family; what is beyond counts as "other" */
#define LABEL 64u
#define BUCKETS 14u

typedef struct {
    char a[LABEL], b[LABEL], c[LABEL];
    uint64_t n;
} series;

typedef struct {
    series v[SERIES];
    size_t n;
} family;

typedef struct {
    uint64_t bucket[BUCKETS + 1], count, sum_ms;
} histogram;

static const uint32_t bounds_ms[BUCKETS] = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000, 30000, 120000};

struct metrics {
    pthread_mutex_t lock;
    family requests, tokens, findings, events;
    histogram total, gate;
};

metrics *metrics_new(void)
{
    metrics *m = calloc(1, sizeof *m);
    if (m)
        pthread_mutex_init(&m->lock, NULL);
    return m;
}

void metrics_free(metrics *m)
{
    free(m);
}

static void label(char out[LABEL], cu_bytes text)
{
    size_t n = text.n < LABEL - 1 ? text.n : LABEL - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)((text.p[i] >= 'a' && text.p[i] <= 'z') || (text.p[i] >= 'A' && text.p[i] <= 'Z') ||
                                (text.p[i] >= '0' && text.p[i] <= '9') || memchr("_.:/-", text.p[i], 5) ? text.p[i] : '_');
    out[n] = 0;
}

static void add(family *f, cu_bytes a, cu_bytes b, cu_bytes c, uint64_t n)
{
    series s = {0};
    label(s.a, a);
    label(s.b, b);
    label(s.c, c);
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->v[i].a, s.a) == 0 && strcmp(f->v[i].b, s.b) == 0 && strcmp(f->v[i].c, s.c) == 0) {
            f->v[i].n += n;
            return;
        }
    if (f->n == SERIES - 1) { /* the last place is for the rest */
        snprintf(s.a, LABEL, "other");
        snprintf(s.b, LABEL, "other");
        snprintf(s.c, LABEL, "other");
    } else if (f->n == SERIES) {
        f->v[SERIES - 1].n += n;
        return;
    }
    s.n = n;
    f->v[f->n++] = s;
}

static void observe(histogram *h, uint64_t ms)
{
    size_t i = 0;
    while (i < BUCKETS && ms > bounds_ms[i])
        i++;
    h->bucket[i]++;
    h->count++;
    h->sum_ms += ms;
}

/* What follows a fixed part of the path may be a model's name, of which there are many. */
static cu_bytes route_of(cu_bytes path)
{
    static const char *const stems[] = {"/v1/models", "/v1beta/models"};
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        if (cu_starts(path, cu_str(stems[i])))
            return cu_str(stems[i]);
    return path;
}

static uint64_t digits_at(cu_bytes b, size_t at)
{
    uint64_t n = 0;
    for (size_t i = at; i < b.n && i < at + 18 && b.p[i] >= '0' && b.p[i] <= '9'; i++)
        n = n * 10 + (uint64_t)(b.p[i] - '0');
    return n;
}

/* "findings":{"EMAIL_ADDRESS":2,...} */
static void add_findings(metrics *m, cu_bytes body)
{
    size_t at = cu_find(body, CU_LIT("\"findings\":{"), 0), end = at == (size_t)-1 ? at : cu_find(body, CU_LIT("}"), at);
    if (end == (size_t)-1)
        return;
    for (at += 12; at < end && body.p[at] == '"';) {
        size_t close = cu_find(body, CU_LIT("\":"), at), comma = cu_find(body, CU_LIT(","), at);
        if (close == (size_t)-1 || close > end)
            return;
        cu_type t = cu_type_by_name(cu_slice(body, at + 1, close));
        if (t < CU_TYPE_COUNT)
            add(&m->findings, cu_str(cu_type_name(t)), CU_NONE, CU_NONE, digits_at(body, close + 2));
        at = comma < end ? comma + 1 : end;
    }
}

static void add_tokens(metrics *m, cu_bytes body)
{
    static const char *const kinds[][2] = {{"input_tokens", "input"}, {"output_tokens", "output"}, {"cache_read_tokens", "cache_read"},
                                           {"cache_creation_tokens", "cache_write"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint64_t n = leaf_number(body, kinds[i][0]);
        if (n)
            add(&m->tokens, cu_str(kinds[i][1]), CU_NONE, CU_NONE, n);
    }
}

void metrics_take(metrics *m, const cu_leaf *l)
{
    pthread_mutex_lock(&m->lock);
    if (cu_eq_str(l->type, "exchange.request") || cu_eq_str(l->type, "input.rejected")) {
        add(&m->requests, route_of(leaf_value(l->body, "path")), leaf_value(l->body, "decision"), leaf_value(l->body, "vendor"), 1);
        add_findings(m, l->body);
    } else if (cu_eq_str(l->type, "exchange.response")) {
        add_tokens(m, l->body);
        observe(&m->total, leaf_number(l->body, "ms_total"));
        observe(&m->gate, leaf_number(l->body, "ms_gate"));
    }
    add(&m->events, l->type, CU_NONE, CU_NONE, 1);
    pthread_mutex_unlock(&m->lock);
}

static void put_family(cu_buf *b, const family *f, const char *name, const char *help, const char *const labels[3])
{
    cu_buf_fmt(b, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
    for (size_t i = 0; i < f->n; i++) {
        const char *const v[] = {f->v[i].a, f->v[i].b, f->v[i].c};
        cu_buf_fmt(b, "%s{", name);
        for (size_t k = 0; k < 3 && labels[k]; k++)
            cu_buf_fmt(b, "%s%s=\"%s\"", k ? "," : "", labels[k], v[k]);
        cu_buf_fmt(b, "} %llu\n", (unsigned long long)f->v[i].n);
    }
}

static void put_seconds(cu_buf *b, uint64_t ms)
{
    cu_buf_fmt(b, "%llu.%03llu", (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
}

static void put_histogram(cu_buf *b, const histogram *h, const char *name, const char *help)
{
    uint64_t n = 0;
    cu_buf_fmt(b, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
    for (size_t i = 0; i < BUCKETS; i++) {
        n += h->bucket[i];
        cu_buf_fmt(b, "%s_bucket{le=\"", name);
        put_seconds(b, bounds_ms[i]);
        cu_buf_fmt(b, "\"} %llu\n", (unsigned long long)n);
    }
    cu_buf_fmt(b, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum ", name, (unsigned long long)h->count, name);
    put_seconds(b, h->sum_ms);
    cu_buf_fmt(b, "\n%s_count %llu\n", name, (unsigned long long)h->count);
}

void metrics_put(metrics *m, cu_buf *out)
{
    pthread_mutex_lock(&m->lock);
    put_family(out, &m->requests, "custos_requests_total", "Requests by path, decision and vendor.",
               (const char *const[]){"route", "decision", "vendor"});
    put_family(out, &m->tokens, "custos_tokens_total", "Tokens as the providers report them.", (const char *const[]){"kind", NULL, NULL});
    put_family(out, &m->findings, "custos_findings_total", "Findings in requests, by type.", (const char *const[]){"type", NULL, NULL});
    put_family(out, &m->events, "custos_entries_total", "Sealed log entries, by type.", (const char *const[]){"type", NULL, NULL});
    put_histogram(out, &m->total, "custos_exchange_seconds", "From the request's head to the answer's end.");
    put_histogram(out, &m->gate, "custos_gate_seconds", "From the request's head to its forwarding.");
    pthread_mutex_unlock(&m->lock);
}

static void put_gauge(cu_buf *b, const char *name, const char *help, uint64_t value)
{
    cu_buf_fmt(b, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name, (unsigned long long)value);
}

unsigned answer_metrics(call *c)
{
    app *a = c->a;
    c->type = "text/plain; version=0.0.4; charset=utf-8";
    char misfit[400];
    metrics_put(a->metrics, c->out);
    cu_store_events gaps = {0};
    (void)!cu_store_events_of(a->store, "evidence.gap", &gaps);
    put_gauge(c->out, "custos_evidence_gaps", "Times that something that was counted was not in the log.", gaps.count);
    put_gauge(c->out, "custos_misfits", "Sealed entries that the registry of events does not describe so.", cu_store_misfits(a->store, misfit));
    pthread_mutex_lock(&a->lock);
    put_gauge(c->out, "custos_spool_segments_ready", "Prepared segments that writers can take.", a->ready_segments);
    put_gauge(c->out, "custos_spool_space", "1 when there is room for evidence.", cu_spool_space(a->spool_fd) == CU_OK);
    put_gauge(c->out, "custos_bundle_version", "Version of the policy bundle that was published last.", a->bundle_version);
    put_gauge(c->out, "custos_sequencer_ok", "1 when the last round of sequencing succeeded.", a->trouble[0] == 0);
    put_gauge(c->out, "custos_sealed_age_seconds", "Since the last successful round.",
              a->sealed_ns ? (cu_now_ns() - a->sealed_ns) / 1000000000 : 0);
    pthread_mutex_unlock(&a->lock);
    health_metrics(a, c->out);
    traces_metrics(a, c->out);
    return 200;
}
