/* The logs of a bundle: all hashes of each, and the entries of the period. */
#include <stdio.h>
#include <stdlib.h>
#include "bundle.h"
#include "ledger/log.h"
#include "tiles.h"

void range_add(range *r, const cu_sha256 *node, unsigned level)
{
    cu_sha256 h = *node;
    for (uint64_t k = r->size >> level; k & 1; k >>= 1)
        merkle_pair(&r->v[--r->n], &h, &h);
    r->v[r->n++] = h;
    r->size += 1ull << level;
}

void range_root(const range *r, cu_sha256 *out)
{
    if (r->n == 0) {
        cu_sha256_of(CU_NONE, out);
        return;
    }
    *out = r->v[r->n - 1];
    for (unsigned i = r->n - 1; i > 0; i--)
        merkle_pair(&r->v[i - 1], out, out);
}

cu_err logs_state(bundle *b, cu_bytes log, uint64_t size, const cu_sha256 *root)
{
    for (size_t i = 0; i < b->head.logs_n; i++) {
        known_log *l = &b->logs[i];
        if (!cu_eq(l->name, log))
            continue;
        if (l->said_n == l->said_cap) {
            size_t cap = l->said_cap ? l->said_cap * 2 : 16;
            stated *v = realloc(l->said, cap * sizeof *v);
            if (!v)
                return CU_NOMEM;
            l->said = v;
            l->said_cap = cap;
        }
        l->said[l->said_n++] = (stated){size, *root};
        return CU_OK;
    }
    return bundle_wrong(b, "a population covers log %.*s, which is not here", CU_FMT(log));
}

static int by_size(const void *x, const void *y)
{
    const stated *a = x, *b = y;
    return (a->size > b->size) - (a->size < b->size);
}

/* --- one log --- */

typedef struct {
    bundle *b;
    known_log *l;
    size_t log;
    range tree;
    size_t said;            /* next of l->said */
    cu_sha256 *nodes;       /* of level 8, then of 16 …: what the upper tiles must hold */
    uint64_t nodes_n, nodes_cap;
    cu_buf tile, entries;
    bool shown_ended;
    char last_ts[CU_TIME_LEN];
    size_t moment;          /* next of l->moments: the first with more than the entry at hand */
    bool bounded;           /* not_before and not_after are those for it */
    char not_before[CU_TIME_LEN], not_after[CU_TIME_LEN];
} reading;

static cu_err keep_node(reading *r, const cu_sha256 *h)
{
    if (r->nodes_n == r->nodes_cap) {
        uint64_t cap = r->nodes_cap ? r->nodes_cap * 2 : 256;
        cu_sha256 *v = realloc(r->nodes, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        r->nodes = v;
        r->nodes_cap = cap;
    }
    r->nodes[r->nodes_n++] = *h;
    return CU_OK;
}

static bool is_said(const reading *r, uint64_t size)
{
    return r->said < r->l->said_n && r->l->said[r->said].size == size;
}

/* What anchor log and populations say about the log at the size of this tree. */
static cu_err check_said(reading *r, const range *tree)
{
    cu_sha256 root;
    if (is_said(r, tree->size))
        range_root(tree, &root);
    for (; is_said(r, tree->size); r->said++)
        if (memcmp(&root, &r->l->said[r->said].root, sizeof root) != 0)
            return bundle_wrong(r->b, "log %.*s: its history up to entry %llu is not the one that another signed entry states", CU_FMT(r->l->name),
                                (unsigned long long)tree->size);
    return CU_OK;
}

/* Sizes inside of a tile: leaf by leaf, in a tree of its own. */
static cu_err check_inside(reading *r, const cu_sha256 *h, uint32_t width, range *tree)
{
    for (uint32_t i = 0; i < width; i++) {
        range_add(tree, &h[i], 0);
        CU_TRY(check_said(r, tree));
    }
    return CU_OK;
}

static void fold(cu_sha256 *h)
{
    for (size_t k = TILE_WIDTH; k > 1; k /= 2)
        for (size_t i = 0; i < k / 2; i++)
            merkle_pair(&h[2 * i], &h[2 * i + 1], &h[i]);
}

static cu_err take_hashes(reading *r, const cu_sha256 *h, uint32_t width)
{
    cu_sha256 copy[TILE_WIDTH];
    range inside = r->tree;
    if (width < TILE_WIDTH)
        return check_inside(r, h, width, &r->tree);
    if (r->said < r->l->said_n && r->l->said[r->said].size <= r->tree.size + width)
        CU_TRY(check_inside(r, h, width, &inside));
    memcpy(copy, h, sizeof copy);
    fold(copy);
    range_add(&r->tree, &copy[0], 8);
    return keep_node(r, &copy[0]);
}

static writer_seen *writer_of(bundle *b, const cu_leaf *leaf)
{
    for (size_t i = b->writers_n; i-- > 0;)
        if (b->writers[i].epoch == leaf->epoch && cu_eq(b->writers[i].writer, leaf->writer))
            return &b->writers[i];
    if (b->writers_n == BUNDLE_WRITERS) {
        b->writers_full = true;
        return NULL;
    }
    writer_seen *w = &b->writers[b->writers_n];
    w->writer = cu_arena_dup(&b->arena, leaf->writer);
    w->epoch = leaf->epoch;
    w->seq = UINT64_MAX;
    b->writers_n += w->writer.p != NULL;
    return w->writer.p ? w : NULL;
}

/* A writer's leaves stand in several logs; those that follow each other in one must continue. */
static cu_err follow(reading *r, const cu_leaf *leaf, cu_bytes bytes, uint64_t at)
{
    writer_seen *w = writer_of(r->b, leaf);
    cu_sha256 own;
    if (!w)
        return CU_OK;
    cu_sha256_of(bytes, &own);
    if (w->seq != UINT64_MAX && leaf->seq <= w->seq)
        return bundle_wrong(r->b, "log %.*s, entry %llu: it takes a place in its writer's chain that is taken", CU_FMT(r->l->name), (unsigned long long)at);
    if (w->seq != UINT64_MAX && leaf->seq == w->seq + 1) {
        if (memcmp(&w->own, &leaf->prev, sizeof own) != 0)
            return bundle_wrong(r->b, "log %.*s, entry %llu: it does not continue what its writer wrote before", CU_FMT(r->l->name),
                                (unsigned long long)at);
        r->b->chained++;
    }
    w->seq = leaf->seq;
    w->own = own;
    return CU_OK;
}

static bool belongs(const known_log *l, cu_bytes tenant)
{
    return cu_eq(l->name, tenant) || (cu_starts(l->name, CU_LIT("t/")) && cu_eq(cu_slice(l->name, 2, l->name.n), tenant));
}

/* An entry's own time lies between the attested ones around it, give or take what clocks differ by. */
static cu_err check_time(reading *r, const cu_leaf *leaf, uint64_t at)
{
    const known_log *l = r->l;
    while (r->moment < l->moments_n && l->moments[r->moment].size <= at) {
        r->moment++;
        r->bounded = false;
    }
    if (!r->bounded) {
        uint64_t before = r->moment ? l->moments[r->moment - 1].latest : 0;
        r->not_before[0] = r->not_after[0] = 0;
        if (before > CU_VERIFY_SLACK)
            cu_time_text((before - CU_VERIFY_SLACK) * 1000000000ull, r->not_before);
        if (r->moment < l->moments_n)
            cu_time_text((l->moments[r->moment].earliest + CU_VERIFY_SLACK) * 1000000000ull, r->not_after);
        r->bounded = true;
    }
    if (cu_cmp(leaf->ts, cu_str(r->not_before)) < 0)
        return bundle_wrong(r->b, "log %.*s, entry %llu: it is back-dated: it says %.*s, and was not in the log that was attested five minutes after %s",
                            CU_FMT(l->name), (unsigned long long)at, CU_FMT(leaf->ts), r->not_before);
    if (r->not_after[0] && cu_cmp(leaf->ts, cu_str(r->not_after)) > 0)
        return bundle_wrong(r->b, "log %.*s, entry %llu: it is dated ahead: it says %.*s, and was in the log that was attested five minutes before %s",
                            CU_FMT(l->name), (unsigned long long)at, CU_FMT(leaf->ts), r->not_after);
    return CU_OK;
}

static cu_err check_entry(reading *r, uint64_t at, cu_bytes bytes, const cu_sha256 *hash)
{
    bundle *b = r->b;
    cu_leaf leaf;
    if (cu_leaf_parse(bytes, &leaf) != CU_OK)
        return bundle_wrong(b, "log %.*s, entry %llu is no leaf", CU_FMT(r->l->name), (unsigned long long)at);
    if (!belongs(r->l, leaf.tenant))
        return bundle_wrong(b, "log %.*s, entry %llu is of another tenant", CU_FMT(r->l->name), (unsigned long long)at);
    CU_TRY(follow(r, &leaf, bytes, at));
    CU_TRY(check_time(r, &leaf, at));
    if (r->l->shown == 0) {
        r->l->first = at;
        if (at > 0 && cu_cmp(leaf.ts, b->head.from) >= 0)
            return bundle_wrong(b, "log %.*s: entries of the period before entry %llu are missing", CU_FMT(r->l->name), (unsigned long long)at);
    }
    r->l->shown++;
    b->entries++;
    snprintf(r->last_ts, sizeof r->last_ts, "%.*s", leaf.ts.n < sizeof r->last_ts ? (int)leaf.ts.n : 0, (const char *)leaf.ts.p);
    if (cu_cmp(leaf.ts, b->head.from) < 0 || cu_cmp(leaf.ts, b->head.to) >= 0)
        return CU_OK;
    b->in_period++;
    CU_TRY(export_tally_add(&b->tally, leaf.ts, leaf.type));
    if (cu_eq_str(leaf.type, "key.destroyed"))
        export_destroyed_line(&leaf, r->l->name, at, &b->destroyed);
    return b->populations_n ? documents_entry(b, r->log, at, &leaf, hash) : CU_OK;
}

static cu_err check_entries(reading *r, uint64_t tile, const cu_sha256 *want, uint32_t width)
{
    cu_bytes rest = cu_buf_view(&r->entries), leaf;
    cu_sha256 have;
    if (r->shown_ended)
        return bundle_wrong(r->b, "log %.*s: entries in the middle of the period are missing", CU_FMT(r->l->name));
    for (uint32_t i = 0; i < width; i++) {
        uint64_t at = tile * TILE_WIDTH + i;
        if (!bundle_next(&rest, &leaf))
            return bundle_wrong(r->b, "log %.*s, entry %llu: its file is cut short", CU_FMT(r->l->name), (unsigned long long)at);
        merkle_leaf(leaf, &have);
        if (memcmp(&have, &want[i], sizeof have) != 0)
            return bundle_wrong(r->b, "log %.*s, entry %llu does not have the hash that was sealed", CU_FMT(r->l->name), (unsigned long long)at);
        CU_TRY(check_entry(r, at, leaf, &have));
    }
    return rest.n ? bundle_wrong(r->b, "log %.*s: the file of entry %llu holds more than the log", CU_FMT(r->l->name), (unsigned long long)(tile * TILE_WIDTH))
                  : CU_OK;
}

static void member_name(const reading *r, int level, uint64_t index, uint32_t width, char out[EXPORT_NAME_MAX + 100])
{
    char path[TILE_PATH_MAX];
    tile_path(level, index, width, path);
    snprintf(out, EXPORT_NAME_MAX + 100, "log/%.*s/%s", CU_FMT(r->l->name), path);
}

static cu_err read_tile(reading *r, uint64_t tile)
{
    char name[EXPORT_NAME_MAX + 100];
    uint32_t width = tile_width(0, tile, r->l->cp.size);
    cu_sha256 h[TILE_WIDTH];
    cu_buf_reset(&r->tile);
    member_name(r, 0, tile, width, name);
    CU_TRY(bundle_take_named(r->b, name, &r->tile));
    if (r->tile.n != width * sizeof *h)
        return bundle_wrong(r->b, "%.99s has the wrong size", name);
    memcpy(h, r->tile.p, r->tile.n);
    CU_TRY(take_hashes(r, h, width));
    member_name(r, TILE_ENTRIES, tile, width, name);
    if (!bundle_at(r->b, name)) {
        r->shown_ended = r->l->shown > 0;
        return CU_OK;
    }
    cu_buf_reset(&r->entries);
    CU_TRY(bundle_take(r->b, &r->entries));
    return check_entries(r, tile, h, width);
}

/* Upper tiles hold what follows from the lower ones; r->nodes goes up a level each time. */
static cu_err read_upper(reading *r)
{
    for (int level = 1; r->l->cp.size >> (8 * level); level++) {
        uint64_t n = r->l->cp.size >> (8 * level), up = 0;
        for (uint64_t t = 0; t * TILE_WIDTH < n; t++) {
            char name[EXPORT_NAME_MAX + 100];
            uint32_t width = tile_width(level, t, r->l->cp.size);
            cu_sha256 *h = &r->nodes[t * TILE_WIDTH];
            cu_buf_reset(&r->tile);
            member_name(r, level, t, width, name);
            CU_TRY(bundle_take_named(r->b, name, &r->tile));
            if (r->tile.n != width * sizeof *h || memcmp(r->tile.p, h, r->tile.n) != 0)
                return bundle_wrong(r->b, "%.99s does not follow from the tiles below it", name);
            if (width < TILE_WIDTH)
                continue;
            fold(h);
            r->nodes[up++] = h[0];
        }
    }
    return CU_OK;
}

static cu_err read_signed(reading *r)
{
    char name[EXPORT_NAME_MAX + 30];
    known_log *l = r->l;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    snprintf(name, sizeof name, "log/%.*s", CU_FMT(l->name));
    CU_TRY(bundle_take_keys(r->b, name, &l->keys, &l->key_text, &l->own_key));
    snprintf(name, sizeof name, "log/%.*s/checkpoint", CU_FMT(l->name));
    CU_TRY(bundle_take_named(r->b, name, &note));
    cu_err e = note_open(cu_buf_view(&note), &l->keys, &l->cp);
    return e == CU_OK ? e
                      : bundle_wrong(r->b, "%s: %s", name,
                                     e == CU_SIGNATURE ? "it is not signed by a key that may sign at this size, or a signature is false" : "it is malformed");
}

static cu_err read_tiles(reading *r)
{
    cu_sha256 root;
    known_log *l = r->l;
    if (l->said_n)
        qsort(l->said, l->said_n, sizeof *l->said, by_size);
    attested_order(l);
    CU_TRY(check_said(r, &r->tree)); /* of the empty log */
    for (uint64_t t = 0; t * TILE_WIDTH < l->cp.size; t++)
        CU_TRY(read_tile(r, t));
    range_root(&r->tree, &root);
    if (memcmp(&root, &l->cp.root, sizeof root) != 0)
        return bundle_wrong(r->b, "log %.*s: the hashes do not have the root that was signed", CU_FMT(l->name));
    if (r->said < l->said_n)
        return bundle_wrong(r->b, "log %.*s was set back: a signed entry states %llu entries of it, its checkpoint %llu", CU_FMT(l->name),
                            (unsigned long long)l->said[l->said_n - 1].size, (unsigned long long)l->cp.size);
    if (l->cp.size && l->shown == 0)
        return bundle_wrong(r->b, "log %.*s: the entries of the period are missing", CU_FMT(l->name));
    if (l->first + l->shown < l->cp.size && cu_cmp(cu_str(r->last_ts), r->b->head.to) < 0)
        return bundle_wrong(r->b, "log %.*s: entries of the period from %llu on are missing", CU_FMT(l->name), (unsigned long long)(l->first + l->shown));
    return read_upper(r);
}

cu_err logs_read(bundle *b)
{
    cu_err e = CU_OK;
    for (size_t i = 0; i < b->head.logs_n && e == CU_OK; i++) {
        reading *r = calloc(1, sizeof *r);
        if (!r)
            return CU_NOMEM;
        b->writers_n = 0; /* only within one log is their order known */
        *r = (reading){.b = b, .l = &b->logs[i], .log = i, .tile = CU_BUF(TILE_WIDTH * sizeof(cu_sha256)), .entries = CU_BUF(TILE_BYTES_MAX)};
        e = read_signed(r);
        if (e == CU_OK)
            e = read_tiles(r);
        b->hashes += r->tree.size;
        free(r->nodes);
        cu_buf_free(&r->tile);
        cu_buf_free(&r->entries);
        free(r);
    }
    return e;
}
