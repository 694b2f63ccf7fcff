#include "attest_times.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "anchor_leaf.h"
#include "base/file.h"

/* Sizes of each log that the anchor log passed, to know which entries a leaf brings. */
typedef struct {
    char name[72];
    uint64_t size;
    cu_log *log;
} passed;

typedef struct {
    const char *dir;
    const attestations *a;
    cu_fault *f;
    passed *logs;
    size_t n;
} walker;

/* The last one before this entry of the anchor log, and the first one with it. */
static void bracket(const attestations *a, uint64_t at, uint64_t *before, uint64_t *after)
{
    *before = 0;
    *after = UINT64_MAX;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].size <= at && a->v[i].time > *before)
            *before = a->v[i].time;
        else if (a->v[i].size > at && a->v[i].time && a->v[i].time < *after)
            *after = a->v[i].time;
}

static bool seconds_of(cu_bytes ts, uint64_t *out)
{
    struct tm tm = {0};
    char text[CU_TIME_LEN] = "";
    if (ts.n != CU_TIME_LEN - 1)
        return false;
    memcpy(text, ts.p, ts.n);
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!end || *end != '.')
        return false;
    *out = (uint64_t)timegm(&tm);
    return true;
}

static cu_err check_entry(const walker *w, const char *log, uint64_t index, cu_bytes bytes, uint64_t before, uint64_t after)
{
    char said[CU_TIME_LEN], bound[CU_TIME_LEN];
    cu_leaf leaf;
    uint64_t ts;
    if (cu_leaf_parse(bytes, &leaf) != CU_OK || !seconds_of(leaf.ts, &ts))
        return cu_fail(w->f, CU_CORRUPT, "log %s, entry %llu: it states no time", log, (unsigned long long)index);
    snprintf(said, sizeof said, "%.*s", CU_FMT(leaf.ts));
    if (ts + CU_VERIFY_SLACK < before) {
        cu_time_text(before * 1000000000ull, bound);
        return cu_fail(w->f, CU_CORRUPT, "log %s, entry %llu: it is back-dated: it says %s, and was not in the log that was attested at %s", log,
                       (unsigned long long)index, said, bound);
    }
    if (after != UINT64_MAX && ts > after + CU_VERIFY_SLACK) {
        cu_time_text(after * 1000000000ull, bound);
        return cu_fail(w->f, CU_CORRUPT, "log %s, entry %llu: it is dated ahead: it says %s, and was in the log that was attested at %s", log,
                       (unsigned long long)index, said, bound);
    }
    return CU_OK;
}

static cu_err check_range(walker *w, passed *p, uint64_t to, uint64_t before, uint64_t after)
{
    cu_bytes bundle, bytes;
    while (p->size < to) {
        uint64_t tile = p->size / TILE_WIDTH, at = tile * TILE_WIDTH;
        cu_err e = tile_load(p->log, TILE_ENTRIES, tile, p->log->size, &bundle);
        if (e != CU_OK)
            return cu_fail(w->f, e, "log %s: %s", p->name, cu_err_text(e));
        for (; bundle_next(&bundle, &bytes) && at < to; at++)
            if (at >= p->size)
                CU_TRY(check_entry(w, p->name, at, bytes, before, after));
        if (at <= p->size)
            return cu_fail(w->f, CU_CORRUPT, "log %s, entry %llu: its bundle is short", p->name, (unsigned long long)p->size);
        p->size = at;
    }
    return CU_OK;
}

static cu_err passed_of(walker *w, cu_bytes name, passed **out)
{
    char path[4200];
    cu_checkpoint cp;
    for (size_t i = 0; i < w->n; i++)
        if (cu_eq_str(name, w->logs[i].name)) {
            *out = &w->logs[i];
            return CU_OK;
        }
    passed *v = realloc(w->logs, (w->n + 1) * sizeof *v);
    if (!v)
        return CU_NOMEM;
    w->logs = v;
    v[w->n] = (passed){.size = 0};
    snprintf(v[w->n].name, sizeof v->name, "%.*s", name.n < sizeof v->name ? (int)name.n : 0, (const char *)name.p);
    snprintf(path, sizeof path, "%.4000s/%s", w->dir, v[w->n].name);
    CU_TRY(cu_log_open(path, &v[w->n].log, w->f));
    *out = &v[w->n++];
    return cu_log_checkpoint((*out)->log, &cp, NULL, w->f);
}

static cu_err walk(walker *w, cu_log *anchor)
{
    for (uint64_t at = 0; at < anchor->size;) {
        cu_bytes bundle, bytes;
        cu_err e = tile_load(anchor, TILE_ENTRIES, at / TILE_WIDTH, anchor->size, &bundle);
        if (e != CU_OK)
            return cu_fail(w->f, e, "log anchor: %s", cu_err_text(e));
        for (; bundle_next(&bundle, &bytes); at++) {
            cu_leaf leaf;
            anchor_leaf says;
            passed *p;
            uint64_t before, after;
            if (cu_leaf_parse(bytes, &leaf) != CU_OK || !anchor_leaf_read(&leaf, &says))
                return cu_fail(w->f, CU_CORRUPT, "log anchor, entry %llu: it is no checkpoint of a log", (unsigned long long)at);
            CU_TRY(passed_of(w, says.log, &p));
            bracket(w->a, at, &before, &after);
            CU_TRY(check_range(w, p, says.size, before, after));
        }
    }
    return CU_OK;
}

cu_err attest_check_times(const char *dir, cu_log *anchor, const attestations *a, cu_fault *f)
{
    walker w = {.dir = dir, .a = a, .f = f};
    cu_err e = a->n ? walk(&w, anchor) : CU_OK;
    for (size_t i = 0; i < w.n; i++)
        cu_log_close(w.logs[i].log);
    free(w.logs);
    return e;
}

/* The entry of the anchor log that brings entry `index` of this log. */
static cu_err brought_by(cu_log *anchor, const char *name, uint64_t index, uint64_t *out)
{
    for (uint64_t at = 0; at < anchor->size;) {
        cu_bytes bundle, bytes;
        CU_TRY(tile_load(anchor, TILE_ENTRIES, at / TILE_WIDTH, anchor->size, &bundle));
        for (; bundle_next(&bundle, &bytes); at++) {
            cu_leaf leaf;
            anchor_leaf says;
            if (cu_leaf_parse(bytes, &leaf) == CU_OK && anchor_leaf_read(&leaf, &says) && cu_eq_str(says.log, name) && says.size > index) {
                *out = at;
                return CU_OK;
            }
        }
    }
    return CU_NOT_FOUND;
}

cu_err cu_log_time(const char *dir, const char *name, uint64_t index, const char *policy, const char *ca_file, uint64_t *before, uint64_t *after,
                   cu_fault *f)
{
    char path[4200];
    cu_log *anchor;
    cu_checkpoint cp;
    uint64_t at = index;
    attestations a = {0};
    snprintf(path, sizeof path, "%.4000s/anchor", dir);
    CU_TRY(cu_log_open(path, &anchor, f));
    cu_err e = cu_log_checkpoint(anchor, &cp, NULL, f);
    if (e == CU_OK && strcmp(name, "anchor") != 0 && (e = brought_by(anchor, name, index, &at)) != CU_OK)
        cu_fail(f, e, "the anchor log knows no entry %llu of the log %.60s", (unsigned long long)index, name);
    if (e == CU_OK)
        e = attest_load(anchor, path, policy, ca_file, &a, f);
    if (e == CU_OK)
        bracket(&a, at, before, after);
    attest_free(&a);
    cu_log_close(anchor);
    return e;
}
