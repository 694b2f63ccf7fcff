#include "comply/reconcile.h"
#include <stdio.h>
#include <stdlib.h>
#include "ledger/log.h"

#define WRITERS_MAX 256u
#define ENTRIES_MAX 50000000u

typedef enum { REQUEST, ANSWER, REFUSAL, BEAT, OTHER } kind;

typedef struct {
    uint32_t writer, beat;   /* beat: 1 + its place among beats */
    uint64_t epoch, seq;
    uint64_t ts;
    kind kind;
} entry;

typedef struct {
    uint64_t epoch, requests, forwarded, void_, answered, refused, left_out;
} sums;

typedef struct {
    sums own, before;     /* before: of an epoch that came to no end; its epoch is 0 when there is none */
    bool counts, end;
} beat;

struct cu_reconciler {
    char writers[WRITERS_MAX][40];
    size_t writers_n;
    entry *v;
    size_t n, cap;
    beat *beats;
    size_t beats_n, beats_cap;
};

static kind kind_of(cu_bytes type)
{
    return cu_eq_str(type, "exchange.request")                                              ? REQUEST
           : cu_eq_str(type, "exchange.response") || cu_eq_str(type, "exchange.aborted") ? ANSWER
           : cu_eq_str(type, "input.rejected")                                              ? REFUSAL
           : cu_eq_str(type, "writer.heartbeat")                                            ? BEAT
                                                                                            : OTHER;
}

/* A number of a heartbeat's body, whose form the registry fixes. */
static bool number(cu_bytes body, const char *key, uint64_t *out)
{
    size_t at = cu_find(body, cu_str(key), 0);
    *out = 0;
    if (at == (size_t)-1)
        return false;
    for (at += strlen(key); at < body.n && body.p[at] >= '0' && body.p[at] <= '9' && *out < UINT64_MAX / 100; at++)
        *out = *out * 10 + (body.p[at] - '0');
    return true;
}

static void *room(void *v, size_t n, size_t *cap, size_t each)
{
    size_t want = *cap ? *cap * 2 : 1024;
    if (n < *cap)
        return v;
    void *p = want <= ENTRIES_MAX ? realloc(v, want * each) : NULL;
    if (p)
        *cap = want;
    return p;
}

static bool read_counted(cu_bytes text, sums *out)
{
    return number(text, "\"requests\":", &out->requests) && number(text, "\"forwarded\":", &out->forwarded) && number(text, "\"void\":", &out->void_) &&
           number(text, "\"answered\":", &out->answered) && number(text, "\"refused\":", &out->refused) && number(text, "\"left_out\":", &out->left_out);
}

/* The object "before" holds members of the same names: it is read apart, and what stands around it without it. */
static void read_beat(cu_bytes body, beat *b)
{
    cu_buf around CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    size_t from = cu_find(body, CU_LIT("\"before\":{"), 0), to = from == (size_t)-1 ? from : cu_find(body, CU_LIT("}"), from);
    if (to != (size_t)-1) {
        cu_bytes inner = cu_slice(body, from, to);
        if (!read_counted(inner, &b->before) || !number(inner, "\"epoch\":", &b->before.epoch))
            b->before.epoch = 0;
        cu_buf_add(&around, cu_slice(body, 0, from));
        cu_buf_add(&around, cu_slice(body, to, body.n));
        body = cu_buf_view(&around);
    }
    b->counts = read_counted(body, &b->own);
}

static cu_err add_beat(cu_reconciler *c, const cu_leaf *l, entry *e)
{
    beat *b = room(c->beats, c->beats_n, &c->beats_cap, sizeof *b);
    if (!b)
        return CU_NOMEM;
    c->beats = b;
    b += c->beats_n++;
    *b = (beat){.end = cu_find(l->body, CU_LIT("\"reason\":\"end\""), 0) != (size_t)-1};
    read_beat(l->body, b);
    e->beat = (uint32_t)c->beats_n;
    return CU_OK;
}

static bool writer_of(cu_reconciler *c, cu_bytes name, uint32_t *out)
{
    size_t i = 0;
    while (i < c->writers_n && !cu_eq_str(name, c->writers[i]))
        i++;
    if (i == c->writers_n) {
        if (i == WRITERS_MAX || name.n >= sizeof c->writers[0])
            return false;
        snprintf(c->writers[c->writers_n++], sizeof c->writers[0], "%.*s", CU_FMT(name));
    }
    *out = (uint32_t)i;
    return true;
}

/* Days since 1970 of a civil date (Howard Hinnant's formula), to the second: a leaf's ts. */
static uint64_t seconds_of(cu_bytes ts)
{
    unsigned y, m, d, h, min, s;
    char text[32];
    snprintf(text, sizeof text, "%.*s", ts.n < sizeof text ? (int)ts.n : 0, (const char *)ts.p);
    if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u", &y, &m, &d, &h, &min, &s) != 6)
        return 0;
    y -= m <= 2;
    uint64_t era = y / 400, yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1, doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (era * 146097 + doe - 719468) * 86400 + h * 3600 + min * 60 + s;
}

cu_reconciler *cu_reconciler_new(void)
{
    return calloc(1, sizeof(cu_reconciler));
}

cu_err cu_reconciler_take(cu_reconciler *c, cu_bytes leaf)
{
    cu_leaf l;
    entry *v = room(c->v, c->n, &c->cap, sizeof *v), e = {0};
    if (!v)
        return CU_NOMEM;
    c->v = v;
    CU_TRY(cu_leaf_parse(leaf, &l));
    if (!writer_of(c, l.writer, &e.writer))
        return CU_TOO_BIG;
    e.epoch = l.epoch;
    e.seq = l.seq;
    e.kind = kind_of(l.type);
    e.ts = seconds_of(l.ts);
    if (e.kind == BEAT)
        CU_TRY(add_beat(c, &l, &e));
    c->v[c->n++] = e;
    return CU_OK;
}

static cu_err take(void *arg, uint64_t index, cu_bytes leaf)
{
    return cu_reconciler_take(arg, leaf);
}

static cu_err take_log(cu_reconciler *c, const char *log_dir, const cu_reach *to, cu_fault *f)
{
    char dir[4400];
    cu_log *l;
    if (to->size == 0 || strcmp(to->log, "anchor") == 0)
        return CU_OK; /* its entries come from no spool */
    snprintf(dir, sizeof dir, "%s/%s", log_dir, to->log);
    CU_TRY(cu_log_open(dir, &l, f));
    cu_err e = cu_log_walk(l, 0, to->size, take, c, f);
    cu_log_close(l);
    return e;
}

static int by_chain(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->writer != y->writer)
        return x->writer < y->writer ? -1 : 1;
    if (x->epoch != y->epoch)
        return x->epoch < y->epoch ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* --- one epoch of a writer --- */

typedef struct {
    uint64_t requests, answers, refusals;
} seen;

/* The last epoch that was gone through, as a whole. */
typedef struct {
    uint32_t writer;
    uint64_t epoch;
    seen all;
} past;

static void miss(cu_reconciled *r, const cu_reconciler *c, const entry *e, const char *what, uint64_t n)
{
    if (r->missing_n == CU_MISSING_MAX) {
        r->more++;
        return;
    }
    cu_missing *m = &r->missing[r->missing_n++];
    *m = (cu_missing){.kind = what, .epoch = e->epoch, .n = n};
    memcpy(m->writer, c->writers[e->writer], sizeof m->writer);
}

static uint64_t less(uint64_t counted, uint64_t there)
{
    return counted > there ? counted - there : 0;
}

/* Only the last heartbeat of an epoch is asked: what was missing before is still missing. */
static void hold(cu_reconciled *r, const cu_reconciler *c, const entry *e, const seen *s)
{
    const beat *at = &c->beats[e->beat - 1];
    const sums *b = &at->own;
    const struct {
        const char *kind;
        uint64_t n;
    } all[] = {{"requests", less(b->requests - b->void_, s->requests)}, {"forwarded", less(b->forwarded, s->requests)},
               {"answers", less(b->answered, s->answers)}, {"refusals", less(b->refused - b->left_out, s->refusals)}};
    for (size_t i = 0; at->counts && i < sizeof all / sizeof *all; i++)
        if (all[i].n)
            miss(r, c, e, all[i].kind, all[i].n);
}

/* What an epoch counted that came to no end. Whatever was forwarded had its entry first, so that is strict; the last
 * ends and refusals may have died with the process, and its open requests are told as orphans. */
static void hold_before(cu_reconciled *r, const cu_reconciler *c, const entry *e, const past *p)
{
    const sums *b = &c->beats[e->beat - 1].before;
    static const seen none;
    const seen *s = p->epoch == b->epoch && p->writer == e->writer ? &p->all : &none;
    if (less(b->forwarded, s->requests)) {
        entry of = *e;
        of.epoch = b->epoch;
        miss(r, c, &of, "forwarded", less(b->forwarded, s->requests));
    }
    r->cut_short += less(b->answered, s->answers) + less(b->refused - (b->left_out < b->refused ? b->left_out : b->refused), s->refusals);
}

/* From i to the end of the epoch; returns where the next begins. A chain may end anywhere: the rest is
 * still in the spool. */
static size_t follow(cu_reconciled *r, const cu_reconciler *c, size_t i, const entry **last_beat, seen *at_beat, past *p)
{
    const entry *first = &c->v[i];
    seen s = {0};
    uint64_t next = 0;
    *last_beat = NULL;
    for (; i < c->n && c->v[i].writer == first->writer && c->v[i].epoch == first->epoch; i++) {
        const entry *e = &c->v[i];
        if (e->seq > next)
            miss(r, c, e, "sequence", e->seq - next);
        next = e->seq + 1;
        s.requests += e->kind == REQUEST;
        s.answers += e->kind == ANSWER;
        s.refusals += e->kind == REFUSAL;
        if (e->kind == BEAT) {
            if (!*last_beat && c->beats[e->beat - 1].before.epoch)
                hold_before(r, c, e, p);
            *last_beat = e;
            *at_beat = s;
            r->heartbeats++;
        }
    }
    r->requests += s.requests;
    r->answers += s.answers;
    r->refusals += s.refusals;
    *p = (past){first->writer, first->epoch, s};
    return i;
}

static void judge(cu_reconciled *r, const cu_reconciler *c, uint64_t now_s)
{
    past p = {0};
    for (size_t i = 0; i < c->n;) {
        const entry *beat_at;
        seen s;
        size_t end = follow(r, c, i, &beat_at, &s, &p);
        const entry *last = &c->v[end - 1];
        bool newer = end < c->n && c->v[end].writer == last->writer;
        r->writers++;
        if (beat_at)
            hold(r, c, beat_at, &s);
        if (beat_at && !newer && !c->beats[beat_at->beat - 1].end && now_s > last->ts + CU_SILENT_S)
            miss(r, c, last, "silent", now_s - last->ts);
        i = end;
    }
}

void cu_reconciler_end(cu_reconciler *c, uint64_t now_ns, cu_reconciled *out)
{
    *out = (cu_reconciled){.entries = c->n};
    if (c->n)
        qsort(c->v, c->n, sizeof *c->v, by_chain);
    judge(out, c, now_ns / 1000000000);
    free(c->v);
    free(c->beats);
    free(c);
}

cu_err cu_reconcile(const char *log_dir, const cu_reach *reach, size_t n, uint64_t now_ns, cu_reconciled *out, cu_fault *f)
{
    cu_reconciler *c = cu_reconciler_new();
    cu_err e = c ? CU_OK : CU_NOMEM;
    for (size_t i = 0; e == CU_OK && i < n; i++)
        e = take_log(c, log_dir, &reach[i], f);
    if (c)
        cu_reconciler_end(c, now_ns, out);
    return e == CU_OK || (f && f->code) ? e : cu_fail(f, e, "the logs could not be gone through: %s", cu_err_text(e));
}

void cu_reconciled_missing(const cu_reconciled *r, cu_buf *out)
{
    cu_buf_json_key(out, "missing");
    cu_buf_byte(out, '[');
    for (size_t i = 0; i < r->missing_n; i++)
        cu_buf_fmt(out, "%s{\"epoch\":%llu,\"kind\":\"%s\",\"n\":%llu,\"writer\":\"%s\"}", i ? "," : "", (unsigned long long)r->missing[i].epoch,
                   r->missing[i].kind, (unsigned long long)r->missing[i].n, r->missing[i].writer);
    cu_buf_byte(out, ']');
}
