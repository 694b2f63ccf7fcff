/* What is new in traffic opens a review. The register is the memory: what has a record there was seen. */
#include "first_use.h"
#include <stdio.h>
#include <stdlib.h>
#include "desk.h"
#include "node.h"

#define LOOK_BACK_NS (30ull * 86400 * 1000000000) /* at the start; then what came since */
#define SLACK_NS (600ull * 1000000000)            /* what is answered late is projected late */
#define AT_ONCE 20u                               /* the rest a minute later: a caller can make up clients */
#define VALUES_MAX 500u                           /* as many as the store gives */

typedef struct {
    const char *kind;
    struct {
        char id[40], name[200];
    } v[VALUES_MAX];
    size_t n;
} values;

static void id_of(const char *kind, const char *name, char out[40])
{
    cu_sha256 d;
    char hex[17];
    cu_sha256_of(cu_str(name), &d);
    cu_hex(hex, d.b, 8);
    snprintf(out, 40, "%.20s-%s", kind, hex);
}

static void look_at(void *arg, const char *value, const char *second, uint64_t count, const char *last)
{
    values *w = arg;
    if (!value || !*value || w->n == VALUES_MAX || strcmp(value, "sink") == 0) /* the built-in provider */
        return;
    id_of(w->kind, value, w->v[w->n].id);
    snprintf(w->v[w->n].name, sizeof w->v[0].name, "%.199s", value);
    w->n++;
}

static void open_review(app *a, const char *kind, const char *id, const char *name)
{
    char now[CU_TIME_LEN], type[40];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    cu_time_text(cu_now_ns(), now);
    snprintf(type, sizeof type, "%.20s.first_seen", kind);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, kind, name);
    cu_buf_byte(&b, '}');
    if (!node_tell(a, type, &b))
        return;
    desk_note(a, "review.opened", json_pack("{s:s,s:s,s:s,s:s}", "first_use", id, "kind", kind, "name", name, "seen", now));
}

/* False: some are left for the next time. */
static bool review_new(app *a, const values *w)
{
    unsigned opened = 0;
    for (size_t i = 0; i < w->n; i++) {
        json_t *known = desk_raw(a, "first_use", w->v[i].id);
        bool fresh = !known;
        json_decref(known);
        if (fresh && opened++ == AT_ONCE)
            return false;
        if (fresh)
            open_review(a, w->kind, w->v[i].id, w->v[i].name);
    }
    return true;
}

void first_use_watch(app *a)
{
    static const struct {
        cu_store_fact_of of;
        const char *kind;
    } all[] = {{CU_FACT_OF_MODEL, "model"}, {CU_FACT_OF_CLIENT, "client"}, {CU_FACT_OF_VENDOR, "vendor"}};
    static uint64_t since; /* of the one daemon in this process */
    char from[CU_TIME_LEN];
    uint64_t now = cu_now_ns();
    values *w = calloc(1, sizeof *w);
    bool all_done = w != NULL;
    cu_time_text(since ? since - SLACK_NS : now - LOOK_BACK_NS, from);
    for (size_t i = 0; w && i < sizeof all / sizeof *all; i++) {
        w->n = 0;
        w->kind = all[i].kind;
        all_done &= cu_store_fact_values(a->store, all[i].of, from, look_at, w) == CU_OK && review_new(a, w);
    }
    free(w);
    if (all_done)
        since = now;
}
