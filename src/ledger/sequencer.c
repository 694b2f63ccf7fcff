/* From spool to logs. One round: collect, stage (durable), sign, write tiles, publish, remember,
 * release. After a crash the staged round is finished before anything new is collected. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/signer.h"
#include "log_keys.h"
#include "stage.h"
#include "tiles.h"

#define ROUND_BYTES (2 * CU_SPOOL_BATCH_MAX) /* a backlog is sealed in steps that keep the disk busy for milliseconds: gateways write beside them */
#define STATE_HEAD "custos-sequencer 1\n"
#define MAX_LOGS 4096

/* A log that is open for appending. */
typedef struct {
    char name[72];
    char origin[CU_LOG_ORIGIN_MAX];
    cu_log *log;
    uint64_t size;      /* published */
    uint64_t delivered;
    cu_sha256 *fresh;   /* leaf hashes from `size` on, during a round; NULL: not made yet */
    uint64_t fresh_n;
    cu_sha256 root;     /* after the round */
    cu_sha256 last_leaf; /* digest of the newest entry, for the anchor's chain */
} open_log;

struct cu_sequencer {
    cu_sequencer_with with;
    int spool, dir, lock;
    cursors cursors;
    open_log *logs[MAX_LOGS];
    size_t logs_n;
    bool behind; /* the last round was full */
    bool unsure; /* a round failed: what is in memory may be ahead of what is on disk */
};

static cu_err io_fail(cu_fault *f, const char *what)
{
    return cu_fail(f, cu_errno_err(errno), "%s: %s", what, strerror(errno));
}

static bool is_tenant(cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!((t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= '0' && t.p[i] <= '9') || (t.p[i] == '-' && i)))
            return false;
    return t.n > 0 && t.n <= 63;
}

/* Made durable: what is below would be lost with its name. */
static bool make_dir(int dir, const char *name)
{
    if (mkdirat(dir, name, 0755) != 0)
        return errno == EEXIST;
    return cu_file_sync_name(dir, name) == CU_OK;
}

static int open_dir_below(int dir, const char *name)
{
    char part[80];
    const char *slash = strchr(name, '/');
    if (slash) {
        size_t n = (size_t)(slash - name);
        if (n >= sizeof part)
            return -1;
        memcpy(part, name, n);
        part[n] = 0;
        if (!make_dir(dir, part))
            return -1;
    }
    if (!make_dir(dir, name))
        return -1;
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The signer is shown what it signed: one that lost its memory has it back, and one that signed another
 * tree says so. */
static cu_err show_signer(cu_sequencer *s, const open_log *o, cu_bytes note, uint64_t size, cu_fault *f)
{
    uint64_t had;
    cu_err e = cu_signer_saw(s->with.signer_fd, note, &had, f);
    if (e == CU_CORRUPT)
        return cu_fail(f, e, "log %s: there is a fork: the signer signed another tree of %llu entries than the one that lies here", o->name,
                       (unsigned long long)size);
    if (e == CU_OK && had < size && s->with.on_recalled)
        s->with.on_recalled(s->with.arg, o->name, had, size);
    return e;
}

static cu_err read_head(cu_sequencer *s, open_log *o, cu_fault *f)
{
    cu_checkpoint cp;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    if (faccessat(o->log->dirfd, "checkpoint", F_OK, 0) != 0)
        return errno == ENOENT ? CU_OK : io_fail(f, o->name);
    CU_TRY(cu_log_checkpoint(o->log, &cp, &note, f));
    if (strcmp(cp.origin, o->origin) != 0)
        return cu_fail(f, CU_CORRUPT, "log %s has the origin %.100s, not %.100s", o->name, cp.origin, o->origin);
    CU_TRY(show_signer(s, o, cu_buf_view(&note), cp.size, f));
    CU_TRY(log_keys_name(o->log, cu_buf_view(&note)));
    o->size = cp.size;
    o->root = cp.root;
    if (cp.size == 0)
        return CU_OK;
    CU_TRY(cu_log_entry(o->log, cp.size - 1, &leaf, f));
    cu_sha256_of(cu_buf_view(&leaf), &o->last_leaf);
    return CU_OK;
}

static cu_err log_of(cu_sequencer *s, const char *name, open_log **out, cu_fault *f)
{
    for (size_t i = 0; i < s->logs_n; i++)
        if (strcmp(s->logs[i]->name, name) == 0) {
            *out = s->logs[i];
            return CU_OK;
        }
    open_log *o = s->logs_n < MAX_LOGS ? calloc(1, sizeof *o) : NULL;
    int fd = open_dir_below(s->dir, name);
    if (!o || fd < 0) {
        free(o);
        return fd < 0 ? io_fail(f, name) : CU_NOMEM;
    }
    snprintf(o->name, sizeof o->name, "%s", name);
    snprintf(o->origin, sizeof o->origin, "%s/%s", s->with.origin_base, name);
    cu_err e = log_open_at(fd, &o->log);
    if (e == CU_OK)
        e = log_keys_settle(o->log, s->with.signer_fd, o->name, o->origin, f);
    if (e == CU_OK)
        e = read_head(s, o, f);
    if (e != CU_OK) {
        cu_log_close(o->log);
        free(o);
        return e;
    }
    o->delivered = s->with.delivered ? s->with.delivered(s->with.arg, cu_str(name)) : 0;
    s->logs[s->logs_n++] = *out = o;
    return CU_OK;
}

/* --- collect --- */

static cu_err sort_in(cursors *c, stage *st, cu_buf *batch, cu_fault *f)
{
    cu_bytes rest = cu_buf_view(batch), bytes;
    char name[72];
    cu_leaf leaf;
    cu_err e;
    while (bundle_next(&rest, &bytes)) {
        if (cu_leaf_parse(bytes, &leaf) != CU_OK || !is_tenant(leaf.tenant))
            return cu_fail(f, CU_CORRUPT, "the spool holds something that is no leaf");
        if (!cursors_take(c, leaf.writer, leaf.epoch, leaf.seq, &e)) {
            if (e == CU_CORRUPT)
                return cu_fail(f, e, "what the writer %.*s wrote before its entry %llu is missing from the spool", CU_FMT(leaf.writer),
                               (unsigned long long)leaf.seq);
            CU_TRY(e);
            continue;
        }
        if (cu_eq_str(leaf.tenant, CU_TENANT_ORG))
            snprintf(name, sizeof name, "org");
        else
            snprintf(name, sizeof name, "t/%.*s", CU_FMT(leaf.tenant));
        stage_log *l = stage_of(st, name);
        if (!l)
            return CU_NOMEM;
        uint8_t length[2] = {(uint8_t)(bytes.n >> 8), (uint8_t)bytes.n};
        cu_buf_put(&l->entries, length, 2);
        cu_buf_add(&l->entries, bytes);
        l->count++;
        CU_TRY(cu_buf_err(&l->entries));
    }
    return rest.n ? cu_fail(f, CU_CORRUPT, "the spool holds half a leaf") : CU_OK;
}

static cu_err read_segment(cu_sequencer *s, const char *name, stage *st, size_t *room, cu_fault *f)
{
    unsigned batches;
    cursor_entry *c = cursor_of(&s->cursors, name);
    if (!c)
        return CU_NOMEM;
    c->seen = true;
    cu_buf batch CU_CLEAN_BUF = CU_BUF(*room);
    CU_TRY(cu_spool_read(s->spool, name, &c->at, &batch, &batches, f));
    *room -= batch.n;
    return sort_in(&s->cursors, st, &batch, f);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Segments in the order of their names: writer, epoch, number. */
static cu_err list_segments(int dir, char ***out, size_t *n)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    cu_err e = d ? CU_OK : cu_errno_err(errno);
    for (struct dirent *en; e == CU_OK && (en = readdir(d));) {
        size_t len = strlen(en->d_name);
        if (len < 5 || len >= SEGMENT_NAME_MAX || strcmp(en->d_name + len - 4, ".seg") != 0)
            continue;
        char **v = realloc(*out, (*n + 1) * sizeof *v);
        char *name = strdup(en->d_name);
        if (v)
            *out = v;
        if (!v || !name)
            e = CU_NOMEM;
        else
            v[(*n)++] = name;
    }
    if (d)
        closedir(d);
    if (e == CU_OK && *n)
        qsort(*out, *n, sizeof **out, by_name);
    return e;
}

/* A segment is done when its writer went on to another, or is gone; asked before it is read. */
static bool is_done(cu_sequencer *s, char **names, size_t n, size_t i)
{
    const char *dot = strchr(names[i], '.');
    char writer[40];
    if (!dot || (size_t)(dot - names[i]) >= sizeof writer)
        return false;
    snprintf(writer, sizeof writer, "%.*s", (int)(dot - names[i]), names[i]);
    if (i + 1 < n && strncmp(names[i + 1], names[i], (size_t)(dot - names[i]) + 1) == 0)
        return true;
    return cu_spool_writer_gone(s->spool, writer);
}

typedef struct {
    char **names;
    size_t n;
    bool *done;
} listing;

static void listing_free(listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    free(l->done);
}

static cu_err collect(cu_sequencer *s, listing *l, stage *st, cu_fault *f)
{
    size_t room = ROUND_BYTES;
    CU_TRY(list_segments(s->spool, &l->names, &l->n));
    l->done = calloc(l->n + 1, 1);
    if (!l->done)
        return CU_NOMEM;
    for (size_t i = 0; i < l->n; i++) {
        /* A batch that does not fit must wait, and all that its writer wrote after it as well. */
        if (room < CU_SPOOL_BATCH_MAX)
            break;
        size_t before = room;
        bool done = is_done(s, l->names, l->n, i);
        CU_TRY(read_segment(s, l->names[i], st, &room, f));
        l->done[i] = done && before == room;
        const cursor_entry *c = l->done[i] ? cursor_of(&s->cursors, l->names[i]) : NULL;
        if (c)
            CU_TRY(cu_spool_check_end(s->spool, l->names[i], &c->at, f));
    }
    s->behind = room < CU_SPOOL_BATCH_MAX;
    return CU_OK;
}

/* --- grow --- */

typedef struct {
    open_log *o;
} grown;

static cu_err node_of(void *arg, unsigned level, uint64_t index, cu_sha256 *out)
{
    open_log *o = ((grown *)arg)->o;
    if ((index + 1) << level <= o->size) {
        o->log->size = o->size;
        return tile_node(o->log, level, index, out);
    }
    if (level == 0) {
        if (index - o->size >= o->fresh_n)
            return CU_INTERNAL;
        *out = o->fresh[index - o->size];
        return CU_OK;
    }
    cu_sha256 left, right;
    CU_TRY(node_of(arg, level - 1, 2 * index, &left));
    CU_TRY(node_of(arg, level - 1, 2 * index + 1, &right));
    merkle_pair(&left, &right, out);
    return CU_OK;
}

/* Leaf hashes and root of what a stage adds to a log. */
static cu_err grow(open_log *o, const stage_log *l)
{
    cu_bytes rest = cu_buf_view(&l->entries), leaf;
    free(o->fresh);
    o->fresh_n = 0;
    o->fresh = malloc(l->count * sizeof *o->fresh);
    if (!o->fresh)
        return CU_NOMEM;
    cu_bytes last = CU_NONE;
    while (o->fresh_n < l->count && bundle_next(&rest, &leaf)) {
        merkle_leaf(leaf, &o->fresh[o->fresh_n++]);
        last = leaf;
    }
    cu_sha256_of(last, &o->last_leaf);
    grown g = {o};
    return o->fresh_n == l->count ? merkle_root(node_of, &g, o->size + o->fresh_n, &o->root) : CU_CORRUPT;
}

/* One leaf of the anchor log: what another log's checkpoint will say. */
static cu_err add_anchor(open_log *anchor, stage_log *to, const open_log *o, uint64_t size)
{
    char hex[65], id[CU_ID_LEN];
    cu_buf body CU_CLEAN_BUF = CU_BUF(1024), leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_hex(hex, o->root.b, sizeof o->root);
    cu_buf_fmt(&body, "{\"log\":\"%s\",\"origin\":\"%s\",\"root\":\"%s\",\"size\":%llu}", o->name, o->origin, hex,
               (unsigned long long)size);
    cu_id_new(id);
    const cu_leaf_in in = {.type = CU_LIT("log.checkpoint"), .tenant = CU_LIT("anchor"),
                           .actor = CU_LIT("sequencer"), .body = cu_buf_view(&body)};
    CU_TRY(cu_leaf_encode(&in, id, "sequencer", 0, to->old_size + to->count, &anchor->last_leaf, &leaf));
    uint8_t length[2] = {(uint8_t)(leaf.n >> 8), (uint8_t)leaf.n};
    cu_buf_put(&to->entries, length, 2);
    cu_buf_add(&to->entries, cu_buf_view(&leaf));
    to->count++;
    cu_sha256_of(cu_buf_view(&leaf), &anchor->last_leaf);
    return cu_buf_err(&to->entries);
}

static cu_err prepare(cu_sequencer *s, stage *st, cu_fault *f)
{
    open_log *o, *anchor;
    size_t n = st->n;
    CU_TRY(log_of(s, "anchor", &anchor, f));
    for (size_t i = 0; i < n; i++) {
        CU_TRY(log_of(s, st->v[i].name, &o, f));
        st->v[i].old_size = o->size;
        CU_TRY(grow(o, &st->v[i]));
        stage_log *to = stage_of(st, "anchor");
        if (!to)
            return CU_NOMEM;
        to->old_size = anchor->size;
        CU_TRY(add_anchor(anchor, to, o, o->size + o->fresh_n));
    }
    return CU_OK;
}

/* --- publish --- */

static cu_err write_entries(open_log *o, const stage_log *l)
{
    cu_bytes rest = cu_buf_view(&l->entries), leaf;
    uint64_t at = o->size, size = o->size + l->count;
    tile_names names = {.dirfd = o->log->dirfd};
    while (at < size) {
        uint64_t tile = at / TILE_WIDTH;
        cu_buf bundle CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
        if (at % TILE_WIDTH) {
            cu_bytes old;
            CU_TRY(tile_load(o->log, TILE_ENTRIES, tile, o->size, &old));
            cu_buf_add(&bundle, old);
        }
        for (; at < size && at / TILE_WIDTH == tile; at++) {
            const uint8_t *from = rest.p;
            if (!bundle_next(&rest, &leaf))
                return CU_CORRUPT;
            cu_buf_put(&bundle, from, 2 + leaf.n);
        }
        CU_TRY(cu_buf_err(&bundle));
        CU_TRY(tile_write(&names, TILE_ENTRIES, tile, tile_width(TILE_ENTRIES, tile, size), cu_buf_view(&bundle)));
    }
    return tile_names_sync(&names);
}

static cu_err write_hashes(open_log *o, uint64_t size)
{
    grown g = {o};
    tile_names names = {.dirfd = o->log->dirfd};
    for (int level = 0; size >> (8 * level); level++) {
        uint64_t from = (o->size >> (8 * level)) / TILE_WIDTH, entries = size >> (8 * level);
        if (o->size >> (8 * level) == entries)
            continue;
        for (uint64_t t = from; t * TILE_WIDTH < entries; t++) {
            cu_sha256 h[TILE_WIDTH];
            uint32_t width = tile_width(level, t, size);
            for (uint32_t i = 0; i < width; i++)
                CU_TRY(node_of(&g, (unsigned)level * 8, t * TILE_WIDTH + i, &h[i]));
            CU_TRY(tile_write(&names, level, t, width, cu_bytes_of(h, width * sizeof *h)));
        }
    }
    return tile_names_sync(&names);
}

/* Tiles that this round filled. */
static void drop_partials(const open_log *o, uint64_t size)
{
    for (int level = TILE_ENTRIES; level < 8; level++) {
        int shift = level > 0 ? 8 * level : 0;
        for (uint64_t t = (o->size >> shift) / TILE_WIDTH; t < (size >> shift) / TILE_WIDTH; t++)
            if ((o->size >> shift) % TILE_WIDTH)
                tile_drop_partial(o->log->dirfd, level, t);
    }
}

static cu_err sign(cu_sequencer *s, open_log *o, uint64_t size, cu_buf *note, cu_fault *f)
{
    cu_checkpoint cp = {.size = size, .root = o->root};
    merkle_proof p = {.n = 0};
    uint64_t known = o->size;
    grown g = {o};
    snprintf(cp.origin, sizeof cp.origin, "%s", o->origin);
    for (int turn = 0; turn < 2; turn++) {
        p.n = 0;
        if (known && known < size)
            CU_TRY(merkle_consistency(node_of, &g, known, size, &p));
        cu_err e = cu_signer_sign(s->with.signer_fd, &cp, p.v, p.n, &known, note, f);
        if (e != CU_STATE)
            return e;
        if (known > size)
            break;
    }
    return cu_fail(f, CU_CORRUPT, "log %s: the signer has signed size %llu and this does not continue it; the log "
                   "directory or the signer's state was set back", o->name, (unsigned long long)known);
}

static cu_err publish_log(cu_sequencer *s, const stage_log *l, cu_fault *f)
{
    open_log *o;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    CU_TRY(log_of(s, l->name, &o, f));
    uint64_t size = l->old_size + l->count;
    if (o->size == size)
        return CU_OK; /* published before a crash */
    if (o->size != l->old_size)
        return cu_fail(f, CU_CORRUPT, "log %s has %llu entries; the staged round expects %llu", o->name,
                       (unsigned long long)o->size, (unsigned long long)l->old_size);
    cu_err e = o->fresh ? CU_OK : grow(o, l); /* prepare() did that, unless the round was staged before a crash */
    if (e == CU_OK)
        e = sign(s, o, size, &note, f);
    if (e == CU_OK)
        e = write_entries(o, l);
    if (e == CU_OK)
        e = write_hashes(o, size);
    if (e == CU_OK) /* before the checkpoint: who can read that can check it */
        e = log_keys_take(o->log, s->with.signer_fd, o->origin, cu_buf_view(&note), o->size, size, f);
    if (e == CU_OK)
        e = cu_file_replace(o->log->dirfd, "checkpoint", cu_buf_view(&note), 0644);
    if (e == CU_OK)
        e = log_keys_name(o->log, cu_buf_view(&note));
    if (e != CU_OK)
        return f && f->code ? e : cu_fail(f, e, "log %s: %s", o->name, cu_err_text(e));
    drop_partials(o, size);
    o->size = size;
    free(o->fresh);
    o->fresh = NULL;
    o->fresh_n = 0;
    return CU_OK;
}

static cu_err save_cursors(cu_sequencer *s)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_buf_str(&b, STATE_HEAD);
    cursors_text(&s->cursors, &b);
    CU_TRY(cu_buf_err(&b));
    return cu_file_replace(s->dir, "cursors", cu_buf_view(&b), 0644);
}

/* Tenants first, the anchor last: it never says more than what is published. */
static cu_err publish(cu_sequencer *s, const stage *st, cu_fault *f)
{
    if (s->with.on_publish)
        s->with.on_publish(s->with.arg);
    for (size_t i = 0; i < st->n; i++)
        if (strcmp(st->v[i].name, "anchor") != 0)
            CU_TRY(publish_log(s, &st->v[i], f));
    for (size_t i = 0; i < st->n; i++)
        if (strcmp(st->v[i].name, "anchor") == 0)
            CU_TRY(publish_log(s, &st->v[i], f));
    CU_TRY(save_cursors(s));
    if (unlinkat(s->dir, "stage", 0) != 0 && errno != ENOENT)
        return io_fail(f, "stage");
    return CU_OK;
}

static cu_err deliver(cu_sequencer *s, cu_fault *f)
{
    for (size_t i = 0; i < s->logs_n; i++) {
        open_log *o = s->logs[i];
        while (s->with.on_entry && o->delivered < o->size) {
            cu_bytes bundle, leaf;
            uint64_t tile = o->delivered / TILE_WIDTH, at = tile * TILE_WIDTH;
            CU_TRY(tile_load(o->log, TILE_ENTRIES, tile, o->size, &bundle));
            for (; bundle_next(&bundle, &leaf); at++) {
                if (at < o->delivered)
                    continue;
                cu_err e = s->with.on_entry(s->with.arg, cu_str(o->name), at, leaf);
                if (e != CU_OK)
                    return cu_fail(f, e, "entry %llu of %s was not taken", (unsigned long long)at, o->name);
                o->delivered = at + 1;
            }
            if (o->delivered < at || o->delivered <= tile * TILE_WIDTH)
                return cu_fail(f, CU_CORRUPT, "log %s: bundle %llu is malformed", o->name, (unsigned long long)tile);
        }
    }
    return CU_OK;
}

/* A segment that is gone for certain needs no cursor. One that could come back after a power cut does: it would
 * be read again. */
static void release(cu_sequencer *s, const listing *l)
{
    bool any = false;
    for (size_t i = 0; i < l->n; i++)
        if (l->done[i]) {
            l->done[i] = unlinkat(s->spool, l->names[i], 0) == 0;
            any = any || l->done[i];
        }
    if (any && fsync(s->spool) == 0)
        for (size_t i = 0; i < l->n; i++)
            if (l->done[i])
                cursors_drop(&s->cursors, l->names[i]);
}

static cu_err round_with(cu_sequencer *s, listing *l, stage *st, uint64_t *took, cu_fault *f)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(STAGE_MAX);
    CU_TRY(collect(s, l, st, f));
    if (st->n) {
        CU_TRY(prepare(s, st, f));
        CU_TRY(stage_encode(st, &s->cursors, &text));
        CU_TRY(cu_file_replace(s->dir, "stage", cu_buf_view(&text), 0644));
        CU_TRY(publish(s, st, f));
        for (size_t i = 0; i < st->n; i++)
            *took += strcmp(st->v[i].name, "anchor") ? st->v[i].count : 0;
    }
    release(s, l);
    return deliver(s, f);
}

static cu_err load_cursors(cu_sequencer *s, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_err e = cu_file_read(s->dir, "cursors", &b);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    cu_bytes text = cu_buf_view(&b);
    if (e == CU_OK && cu_starts(text, CU_LIT(STATE_HEAD))) {
        text = cu_slice(text, sizeof STATE_HEAD - 1, text.n);
        e = cursors_parse(&text, &s->cursors);
    } else if (e == CU_OK) {
        e = CU_CORRUPT;
    }
    return e == CU_OK ? CU_OK : cu_fail(f, e, "cursors: %s", cu_err_text(e));
}

/* A round that was staged before a crash. */
static cu_err finish_staged(cu_sequencer *s, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(STAGE_MAX);
    cu_err e = cu_file_read(s->dir, "stage", &b);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    stage st = {0};
    cursors c = {0};
    if (e == CU_OK)
        e = stage_decode(cu_buf_view(&b), &st, &c);
    if (e == CU_OK) {
        cursors_free(&s->cursors);
        s->cursors = c;
        e = publish(s, &st, f);
    } else {
        cursors_free(&c);
        cu_fail(f, e, "stage: %s", cu_err_text(e));
    }
    stage_free(&st);
    return e;
}

/* Logs that exist on disk are opened at once, so that their backlog is delivered. */
static cu_err open_existing(cu_sequencer *s, cu_fault *f)
{
    open_log *o;
    CU_TRY(log_of(s, "anchor", &o, f));
    CU_TRY(log_of(s, "org", &o, f));
    int fd = openat(s->dir, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    cu_err e = CU_OK;
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        char name[72];
        if (!is_tenant(cu_str(en->d_name)))
            continue;
        snprintf(name, sizeof name, "t/%.63s", en->d_name);
        e = log_of(s, name, &o, f);
    }
    if (d)
        closedir(d);
    return e;
}

static void close_logs(cu_sequencer *s)
{
    for (size_t i = 0; i < s->logs_n; i++) {
        cu_log_close(s->logs[i]->log);
        free(s->logs[i]->fresh);
        free(s->logs[i]);
    }
    s->logs_n = 0;
    cursors_free(&s->cursors);
}

/* Memory from disk, and the staged round to its end. Whoever was here before may have been killed, or have
 * failed, between writing and syncing: what is seen is made durable before anything is built on it. */
static cu_err recover(cu_sequencer *s, cu_fault *f)
{
    close_logs(s);
    if (syncfs(s->dir) != 0)
        return io_fail(f, "the log directory");
    CU_TRY(load_cursors(s, f));
    CU_TRY(finish_staged(s, f));
    return open_existing(s, f);
}

cu_err cu_sequencer_round(cu_sequencer *s, uint64_t *took, cu_fault *f)
{
    listing l = {0};
    stage st = {0};
    *took = 0;
    s->behind = false;
    *f = (cu_fault){0};
    cu_err e = s->unsure ? recover(s, f) : CU_OK;
    s->unsure = true;
    if (e == CU_OK)
        e = round_with(s, &l, &st, took, f);
    s->unsure = e != CU_OK;
    if (e != CU_OK && f->code == CU_OK)
        cu_fail(f, e, "sequencer: %s", cu_err_text(e));
    listing_free(&l);
    stage_free(&st);
    return e;
}

bool cu_sequencer_behind(const cu_sequencer *s)
{
    return s->behind;
}

cu_err cu_sequencer_open(const cu_sequencer_with *with, cu_sequencer **out, cu_fault *f)
{
    cu_sequencer *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    s->with = *with;
    s->lock = s->dir = -1;
    s->spool = open(with->spool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cu_err e = s->spool < 0 ? io_fail(f, with->spool_dir) : cu_mkdirs(with->log_dir, 0755);
    if (e == CU_OK && (s->dir = open(with->log_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        e = io_fail(f, with->log_dir);
    if (e == CU_OK && (s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
        e = io_fail(f, "lock");
    if (e == CU_OK && flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        e = cu_fail(f, CU_STATE, "another sequencer is at work in %.200s", with->log_dir);
    if (e == CU_OK)
        e = recover(s, f);
    if (e != CU_OK) {
        cu_sequencer_close(s);
        return e;
    }
    *out = s;
    return CU_OK;
}

void cu_sequencer_close(cu_sequencer *s)
{
    if (!s)
        return;
    close_logs(s);
    cu_close_fd(&s->lock);
    cu_close_fd(&s->dir);
    cu_close_fd(&s->spool);
    free(s);
}
