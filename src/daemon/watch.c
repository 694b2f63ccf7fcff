/* What the daemon looks after by the clock: its own heartbeat, steps of the clock, requests without an
 * end, and once an hour whether everything that was counted is in the log. */
#include "watch.h"
#include "limited.h"
#include "drift.h"
#include "feeds.h"
#include "findings.h"
#include "first_use.h"
#include "holders.h"
#include "incident_desk.h"
#include "policy_desk.h"
#include "privacy_desk.h"
#include "node.h"
#include "release.h"
#include "reviews.h"
#include "service_desk.h"
#include "timeline_desk.h"
#include "vendor_desk.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "capture.h"
#include "change_diff.h"
#include "erase.h"
#include "comply/reconcile.h"
#include "trust.h"

#define TICK_US 50000u
#define ORPHAN_S 900u       /* longer than the longest answer that a gateway waits for by default */
#define ORPHANS_AT_ONCE 1000u
#define LOGS_MAX 4096u

bool clock_stepped(int64_t before_ns, int64_t now_ns, int64_t *ms)
{
    *ms = (now_ns - before_ns) / 1000000;
    return *ms > CLOCK_STEP_MS || *ms < -CLOCK_STEP_MS;
}

static cu_err tell(app *a, const char *type, const char *tenant, const cu_buf *body)
{
    pthread_mutex_lock(&a->lock);
    cu_err e = record(a, type, tenant, "daemon", body);
    pthread_mutex_unlock(&a->lock);
    return e;
}

void watch_beat(app *a, const char *reason)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(128);
    cu_buf_fmt(&b, "{\"reason\":\"%s\"}", reason);
    if (tell(a, "writer.heartbeat", CU_TENANT_ORG, &b) != CU_OK)
        cu_say(CU_LOG_ERROR, "a heartbeat could not be recorded");
}

static int64_t offset_ns(void)
{
    return (int64_t)cu_now_ns() - (int64_t)cu_boot_ns();
}

static void look_at_clock(app *a, int64_t *last)
{
    int64_t now = offset_ns(), ms;
    cu_buf b CU_CLEAN_BUF = CU_BUF(128);
    if (!clock_stepped(*last, now, &ms))
        return; /* slow steering adds up and is told as soon as it is half a second */
    cu_say(CU_LOG_WARN, "the clock moved by %lld ms", (long long)ms);
    cu_buf_fmt(&b, "{\"direction\":\"%s\",\"ms\":%lld}", ms > 0 ? "forward" : "back", (long long)(ms > 0 ? ms : -ms));
    if (tell(a, "clock.step", CU_TENANT_ORG, &b) != CU_OK)
        return;
    *last = now;
    a->clock_offset_ms = now / 1000000;
}

/* --- requests without an end --- */

typedef struct {
    char id[CU_ID_LEN], tenant[64];
} open_exchange;

typedef struct {
    open_exchange v[ORPHANS_AT_ONCE];
    size_t n;
} open_exchanges;

static void add_open(void *arg, const cu_store_exchange *x)
{
    open_exchanges *o = arg;
    if (!x->id || !x->tenant || o->n == ORPHANS_AT_ONCE)
        return;
    snprintf(o->v[o->n].id, sizeof o->v->id, "%s", x->id);
    snprintf(o->v[o->n++].tenant, sizeof o->v->tenant, "%s", x->tenant);
}

static cu_err find_orphans(app *a, uint64_t older_s, uint64_t *found)
{
    char before[CU_TIME_LEN];
    open_exchanges *o = calloc(1, sizeof *o);
    cu_time_text(cu_now_ns() - older_s * 1000000000ull, before);
    cu_err e = o ? cu_store_open_exchanges(a->store, before, ORPHANS_AT_ONCE, add_open, o) : CU_NOMEM;
    for (size_t i = 0; e == CU_OK && i < o->n; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(256);
        cu_buf_fmt(&b, "{\"exchange\":\"%s\",\"seconds\":%llu}", o->v[i].id, (unsigned long long)older_s);
        e = tell(a, "exchange.orphan", o->v[i].tenant, &b);
    }
    *found = o ? o->n : 0;
    free(o);
    return e;
}

/* --- reconciliation --- */

/* A gap is told once, and again when it is another. */
static cu_err tell_gap(app *a, const cu_reconciled *r)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    bool changed;
    char hex[2 * CU_SHA256_LEN + 1];
    cu_sha256 d;
    cu_buf_str(&b, "{\"against\":\"counters\"");
    cu_reconciled_missing(r, &b);
    cu_buf_byte(&b, '}');
    CU_TRY(cu_buf_err(&b));
    cu_sha256_of(cu_buf_view(&b), &d);
    cu_hex(hex, d.b, sizeof d.b);
    CU_TRY(cu_store_note(a->store, "gap", hex, &changed));
    return changed ? tell(a, "evidence.gap", CU_TENANT_ORG, &b) : CU_OK;
}

static void put_figures(const cu_reconciled *r, uint64_t orphans, cu_buf *b)
{
    cu_buf_fmt(b, "\"answers\":%llu,\"cut_short\":%llu,\"entries\":%llu,\"heartbeats\":%llu,\"orphans\":%llu,\"refusals\":%llu,\"requests\":%llu,\"writers\":%llu",
               (unsigned long long)r->answers, (unsigned long long)r->cut_short, (unsigned long long)r->entries, (unsigned long long)r->heartbeats, (unsigned long long)orphans,
               (unsigned long long)r->refusals, (unsigned long long)r->requests, (unsigned long long)r->writers);
}

typedef struct {
    cu_reach *v;
    size_t n;
} reaches;

static bool add_reach(void *arg, const char *log, uint64_t size)
{
    reaches *r = arg;
    cu_reach *v = r->n < LOGS_MAX ? realloc(r->v, (r->n + 1) * sizeof *v) : NULL;
    if (!v)
        return false;
    r->v = v;
    snprintf(v[r->n].log, sizeof v->log, "%s", log);
    v[r->n++].size = size;
    return true;
}

static cu_err go_through(app *a, cu_reconciled *r, cu_fault *f)
{
    reaches all = {0};
    cu_err e = cu_store_reaches(a->store, add_reach, &all);
    if (e == CU_OK)
        e = cu_reconcile(a->config->log_dir, all.v, all.n, cu_now_ns(), r, f);
    free(all.v);
    return e;
}

static cu_err reconcile(app *a, uint64_t older_s, cu_reconciled *r, uint64_t *orphans, cu_fault *f)
{
    CU_TRY(find_orphans(a, older_s, orphans));
    CU_TRY(capture_settle(a));
    CU_TRY(go_through(a, r, f));
    if (r->missing_n) {
        cu_say(CU_LOG_ERROR, "evidence is missing: %s of %s, %llu", r->missing[0].kind, r->missing[0].writer, (unsigned long long)r->missing[0].n);
        return tell_gap(a, r);
    }
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_str(&b, "{\"against\":\"counters\",");
    put_figures(r, *orphans, &b);
    cu_buf_byte(&b, '}');
    return tell(a, "evidence.reconciled", CU_TENANT_ORG, &b);
}

unsigned answer_reconcile(call *c)
{
    const char *older = c->query(c->query_arg, "older");
    cu_reconciled *r = calloc(1, sizeof *r);
    uint64_t orphans = 0, older_s = older ? strtoull(older, NULL, 10) : ORPHAN_S;
    cu_fault f = {0};
    cu_err e = r ? reconcile(c->a, older_s < 86400 * 30 ? older_s : ORPHAN_S, r, &orphans, &f) : CU_NOMEM;
    if (e == CU_OK) {
        cu_buf_byte(c->out, '{');
        put_figures(r, orphans, c->out);
        cu_reconciled_missing(r, c->out);
        cu_buf_byte(c->out, '}');
    }
    free(r);
    return e == CU_OK ? 200 : problem(c, 503, "Not reconciled", "%s", f.code ? f.text : cu_err_text(e));
}

static void put_last(cu_buf *b, const app *a, const char *key, const char *type)
{
    cu_store_events e = {0};
    (void)!cu_store_events_of(a->store, type, &e);
    cu_buf_json_key(b, key);
    cu_buf_fmt(b, "{\"count\":%llu,\"last\":\"%s\"}", (unsigned long long)e.count, e.last);
}

void watch_status(const app *a, cu_buf *out)
{
    cu_buf_json_key(out, "evidence");
    cu_buf_byte(out, '{');
    put_last(out, a, "reconciled", "evidence.reconciled");
    put_last(out, a, "gap", "evidence.gap");
    put_last(out, a, "orphan", "exchange.orphan");
    put_last(out, a, "clock_step", "clock.step");
    cu_buf_json_key(out, "clock_offset_ms");
    cu_buf_fmt(out, "%lld", (long long)a->clock_offset_ms);
    cu_buf_byte(out, '}');
}

/* --- what is looked at when --- */

static void beat(app *a) { watch_beat(a, "interval"); }
static void keep_bodies(app *a) { capture_tick(a, false); }
static void drop_bodies(app *a) { capture_tick(a, true); }

static void seek_orphans(app *a)
{
    uint64_t found;
    if (find_orphans(a, ORPHAN_S, &found) != CU_OK)
        cu_say(CU_LOG_ERROR, "requests without an end could not be looked for");
}

static void hold_figures(app *a)
{
    cu_fault f = {0};
    uint64_t orphans;
    cu_reconciled *r = calloc(1, sizeof *r);
    if (!r || reconcile(a, ORPHAN_S, r, &orphans, &f) != CU_OK)
        cu_say(CU_LOG_ERROR, "not reconciled: %s", f.text);
    free(r);
}

static const struct {
    unsigned first_s, every_s;
    void (*look)(app *a);
    bool settles; /* first_s counts from a wake as well: only then did all writers have the time to say that they are there */
} looks[] = {
    {1, 3600, drop_bodies},     {1, 60, keep_bodies},       {1, 3600, changes_forget_old},
       {2, 60, vendors_watch},
    {3, 10, incidents_watch},   /* a leak must not wait */
    {10, 60, findings_watch},   {10, 60, reviews_enforce}, {10, 60, policies_watch}, {10, 60, privacy_watch},
    {10, 60, erasures_watch},
    {10, 60, leavers_end},      {10, 60, holders_watch},      {10, 60, vulns_watch},     {20, 60, node_watch},     {20, 60, drift_watch},    {20, 60, release_watch},    {20, 60, first_use_watch},
    {10, 60, services_watch},   {10, 60, timeline_watch},  {10, 60, trust_watch},  {30, 60, seek_orphans},   {60, 60, beat},
    {90, 3600, hold_figures, .settles = true},
};
#define LOOKS (sizeof looks / sizeof *looks)

bool watch_due(uint64_t *next_ns, uint64_t now_ns, uint64_t every_ns)
{
    if (now_ns < *next_ns && *next_ns - now_ns <= every_ns)
        return false;
    *next_ns = now_ns + every_ns;
    return true;
}

void *watch_thread(void *arg)
{
    app *a = arg;
    int64_t offset = offset_ns();
    uint64_t next[LOOKS], now = cu_now_ns(), before;
    a->clock_offset_ms = offset / 1000000;
    for (size_t i = 0; i < LOOKS; i++)
        next[i] = now + looks[i].first_s * 1000000000ull;
    watch_beat(a, "start");
    while (!*a->stop) {
        usleep(TICK_US);
        look_at_clock(a, &offset);
        views_write(a, false);
        before = now;
        now = cu_now_ns();
        for (size_t i = 0; i < LOOKS && now > before + CU_SILENT_S * 1000000000ull; i++)
            if (looks[i].settles)
                next[i] = now + looks[i].first_s * 1000000000ull;
        for (size_t i = 0; i < LOOKS && !*a->stop; i++)
            if (watch_due(&next[i], now, looks[i].every_s * 1000000000ull))
                looks[i].look(a);
    }
    views_write(a, true);
    watch_beat(a, "end");
    return NULL;
}
