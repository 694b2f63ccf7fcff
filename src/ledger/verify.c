/* Verifying a directory without trusting anybody: every byte of every log is hashed again, the
 * checkpoints are held against the anchor log, and each writer's chain is followed. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "anchor_leaf.h"
#include "attest_times.h"
#include "base/file.h"
#include "chain.h"
#include "leftover.h"
#include "packed.h"
#include "pending.h"

#define JSON_HEAD "{\"logs\":["
#define SIGNATURE_FALSE "the checkpoint's signature does not verify with a key that is good for its size (a key that was replaced: vkeys " \
                        "names the new one)"

typedef struct {
    char name[72];
    uint64_t size, anchored; /* anchored: size that the newest anchor leaf states */
    char root[65];
} seen_log;

typedef struct {
    const char *dir, *trusted, *policy, *ca_file;
    cu_buf *text, *json;
    cu_verify_report *r;
    cu_fault *f;
    seen_log *logs;
    size_t logs_n;
    seen_log *limits; /* up to where the anchor log of the start reaches */
    size_t limits_n;
    chain chain;
    stage pending;     /* a round that is being published, or was interrupted */
    bool many;         /* a directory of logs */
    char around[4096]; /* that directory, also when one of its logs is verified by itself; else dir */
    char own[80];      /* that one log's name in it */
} check;

/* A finding of the verifier: broken, and where. Only the first is kept. */
static cu_err broken(check *c, const char *log, uint64_t at, const char *what)
{
    if (!c->r->broken)
        cu_fail(c->f, CU_CORRUPT, "log %s, entry %llu: %s", log, (unsigned long long)at, what);
    c->r->broken = true;
    return CU_OK;
}

/* An absent or short file is tampering; one that cannot be read is not a verdict. */
static cu_err verdict(check *c, const char *log, uint64_t at, cu_err e, const char *what)
{
    if (e == CU_NOT_FOUND || e == CU_TORN || e == CU_TOO_BIG || e == CU_SYNTAX || e == CU_SIGNATURE ||
        e == CU_CORRUPT)
        return broken(c, log, at, what);
    return e == CU_OK ? CU_OK : cu_fail(c->f, e, "log %s: %s", log, cu_err_text(e));
}

/* The keys of this log's name among those that are trusted. */
static cu_err use_trusted(check *c, cu_log *l, const char *name)
{
    note_keys k;
    if (!c->trusted)
        return CU_OK;
    cu_err e = note_keys_parse(cu_str(c->trusted), l->keys.n ? l->keys.v[0].name : CU_NONE, &k);
    if (e != CU_OK)
        return cu_fail(c->f, CU_SYNTAX, "a trusted verifier key is malformed: one a line, VKEY or VKEY FROM TO");
    if (k.n == 0)
        return broken(c, name, 0, "none of the trusted keys is for this log");
    l->keys = k; /* their text outlives the check */
    l->trusted = true;
    return CU_OK;
}

static seen_log *seen(check *c, cu_bytes name)
{
    for (size_t i = 0; i < c->logs_n; i++)
        if (cu_eq_str(name, c->logs[i].name))
            return &c->logs[i];
    return NULL;
}

/* What the anchor says about a log must still be true of it. The tree at that size is recomputed
 * from tiles that were checked before. */
static cu_err check_anchor_leaf(check *c, uint64_t at, const cu_leaf *leaf)
{
    anchor_leaf says;
    char path[4096], hex[65];
    cu_log *l;
    cu_sha256 have;
    if (!anchor_leaf_read(leaf, &says))
        return broken(c, "anchor", at, "it is no checkpoint of a log");
    seen_log *s = seen(c, says.log);
    uint64_t n = says.size;
    if (!s)
        return broken(c, "anchor", at, "it names a log that is not there");
    if (n <= s->anchored)
        return broken(c, "anchor", at, "it does not continue the checkpoint before it");
    s->anchored = n;
    snprintf(path, sizeof path, "%.3900s/%s", c->dir, s->name);
    cu_err e = cu_log_open(path, &l, c->f);
    if (e != CU_OK)
        return e;
    if (n > s->size) { /* it may have grown since it was read */
        cu_checkpoint now;
        e = use_trusted(c, l, s->name);
        if (e == CU_OK)
            e = cu_log_checkpoint(l, &now, NULL, c->f);
        if (e == CU_OK && now.size >= n)
            s->size = now.size;
        else
            e = broken(c, s->name, s->size, "the checkpoint was set back: the anchor log knows a larger one");
    }
    if (e != CU_OK || c->r->broken) {
        cu_log_close(l);
        return e;
    }
    l->size = s->size;
    e = merkle_root(tile_node, l, n, &have);
    cu_log_close(l);
    if (e != CU_OK)
        return verdict(c, s->name, n, e, "a tile is missing or cut short");
    cu_hex(hex, have.b, sizeof have);
    return cu_eq_str(says.root, hex) ? CU_OK : broken(c, s->name, n, "its history differs from what the anchor log says");
}

static uint64_t limit_of(const check *c, const char *name)
{
    if (strcmp(name, "anchor") == 0)
        return UINT64_MAX;
    for (size_t i = 0; i < c->limits_n; i++)
        if (strcmp(c->limits[i].name, name) == 0)
            return c->limits[i].anchored;
    return 0;
}

static cu_err set_limit(check *c, cu_bytes name, uint64_t size)
{
    for (size_t i = 0; i < c->limits_n; i++)
        if (cu_eq_str(name, c->limits[i].name)) {
            c->limits[i].anchored = size;
            return CU_OK;
        }
    seen_log *v = realloc(c->limits, (c->limits_n + 1) * sizeof *v);
    if (!v)
        return CU_NOMEM;
    c->limits = v;
    v[c->limits_n] = (seen_log){.anchored = size};
    snprintf(v[c->limits_n++].name, sizeof v->name, "%.*s", name.n < sizeof v->name ? (int)name.n : 0,
             (const char *)name.p);
    return CU_OK;
}

/* Logs grow while they are read. Chains are followed only as far as the anchor log reached at the
 * start: up to there every log is complete. What is wrong with the anchor itself shows later. */
static cu_err read_limits(check *c)
{
    char path[4096];
    cu_log *l;
    cu_checkpoint cp;
    cu_fault quiet;
    snprintf(path, sizeof path, "%.3900s/anchor", c->dir);
    if (cu_log_open(path, &l, &quiet) != CU_OK)
        return CU_OK;
    cu_err e = cu_log_checkpoint(l, &cp, NULL, &quiet) == CU_OK ? CU_OK : CU_NOT_FOUND;
    for (uint64_t t = 0; e == CU_OK && t * TILE_WIDTH < cp.size; t++) {
        cu_bytes bundle, bytes;
        anchor_leaf says;
        cu_leaf leaf;
        e = tile_load(l, TILE_ENTRIES, t, cp.size, &bundle);
        while (e == CU_OK && bundle_next(&bundle, &bytes))
            if (cu_leaf_parse(bytes, &leaf) == CU_OK && anchor_leaf_read(&leaf, &says))
                e = set_limit(c, says.log, says.size);
    }
    cu_log_close(l);
    return e == CU_NOMEM ? e : CU_OK;
}

static cu_err check_entry(check *c, const char *name, uint64_t at, cu_bytes bytes)
{
    cu_leaf leaf;
    if (cu_leaf_parse(bytes, &leaf) != CU_OK)
        return broken(c, name, at, "the entry is no leaf");
    if (!c->many || at < limit_of(c, name))
        CU_TRY(chain_add(&c->chain, &leaf, bytes, name, at));
    return c->many && strcmp(name, "anchor") == 0 ? check_anchor_leaf(c, at, &leaf) : CU_OK;
}

/* While a bundle is being packed it is there in both forms, which say the same. */
static cu_err check_packed(check *c, cu_log *l, const char *name, uint64_t tile, cu_bytes plain)
{
    char path[TILE_PATH_MAX];
    cu_buf packed CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
    tile_path(TILE_ENTRIES, tile, TILE_WIDTH, path);
    if (faccessat(l->dirfd, path, F_OK, 0) != 0)
        return CU_OK; /* the packed form is the one that was checked */
    cu_err e = packed_load(l, tile, &packed);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    if (e == CU_OK && !cu_eq(cu_buf_view(&packed), plain))
        e = CU_CORRUPT;
    return verdict(c, name, tile * TILE_WIDTH, e, "the packed bundle is not what was sealed");
}

/* One bundle: its entries must have the hashes of the level-0 tile beside it. */
static cu_err check_bundle(check *c, cu_log *l, const char *name, uint64_t tile)
{
    cu_bytes bundle, hashes, leaf;
    cu_sha256 want[TILE_WIDTH], have;
    uint64_t first = tile * TILE_WIDTH;
    uint32_t width = tile_width(0, tile, l->size);
    cu_err e = tile_load(l, 0, tile, l->size, &hashes);
    if (e != CU_OK)
        return verdict(c, name, first, e, "a hash tile is missing or cut short");
    memcpy(want, hashes.p, width * sizeof *want);
    e = tile_load(l, TILE_ENTRIES, tile, l->size, &bundle);
    if (e != CU_OK)
        return verdict(c, name, first, e, "an entry bundle is missing or too large");
    cu_buf copy CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
    cu_buf_add(&copy, bundle);
    CU_TRY(cu_buf_err(&copy));
    bundle = cu_buf_view(&copy);
    for (uint32_t i = 0; i < width; i++) {
        if (!bundle_next(&bundle, &leaf))
            return broken(c, name, first + i, "the entry bundle is cut short");
        merkle_leaf(leaf, &have);
        if (memcmp(&have, &want[i], sizeof have) != 0)
            return broken(c, name, first + i, "the entry does not have the hash that was sealed");
        CU_TRY(check_entry(c, name, first + i, leaf));
    }
    c->r->entries += width;
    if (bundle.n)
        return broken(c, name, first + width, "the bundle holds more than the log");
    return width == TILE_WIDTH ? check_packed(c, l, name, tile, cu_buf_view(&copy)) : CU_OK;
}

/* Higher tiles must follow from the lower ones. */
static cu_err check_upper(check *c, cu_log *l, const char *name)
{
    for (int level = 1; l->size >> (8 * level); level++) {
        uint64_t n = l->size >> (8 * level);
        for (uint64_t i = 0; i < n; i++) {
            cu_bytes tile;
            cu_sha256 h[TILE_WIDTH], have;
            cu_err e = tile_load(l, level - 1, i, l->size, &tile);
            if (e == CU_OK) {
                memcpy(h, tile.p, sizeof h);
                for (size_t k = TILE_WIDTH; k > 1; k /= 2)
                    for (size_t j = 0; j < k / 2; j++)
                        merkle_pair(&h[2 * j], &h[2 * j + 1], &h[j]);
                e = tile_node(l, 8 * (unsigned)level, i, &have);
            }
            if (e != CU_OK)
                return verdict(c, name, i << (8 * level), e, "a hash tile is missing or cut short");
            if (memcmp(&have, &h[0], sizeof have) != 0)
                return broken(c, name, i << (8 * level), "a hash tile does not follow from the one below it");
        }
    }
    return CU_OK;
}

/* Tiles beyond the checkpoint. */
static bool beyond(const cu_log *l)
{
    char path[TILE_PATH_MAX];
    uint64_t tile = l->size / TILE_WIDTH;
    for (uint32_t w = tile_width(TILE_ENTRIES, tile, l->size) + 1; w < TILE_WIDTH; w++) {
        tile_path(TILE_ENTRIES, tile, w, path);
        if (faccessat(l->dirfd, path, F_OK, 0) == 0)
            return true;
    }
    return tile_exists(l, TILE_ENTRIES, tile) || tile_exists(l, TILE_ENTRIES, tile + 1);
}

static void report_log(check *c, const char *name, const cu_checkpoint *cp)
{
    char hex[65];
    cu_hex(hex, cp->root.b, sizeof cp->root);
    if (c->text)
        cu_buf_fmt(c->text, "%-24s %10llu entries  root %.16s…  signed by %s\n", name,
                   (unsigned long long)cp->size, hex, cp->origin);
    if (c->json)
        cu_buf_fmt(c->json, "%s{\"log\":\"%s\",\"origin\":\"%s\",\"size\":%llu,\"root\":\"%s\"}",
                   c->json->p[c->json->n - 1] == '[' ? "" : ",", name, cp->origin,
                   (unsigned long long)cp->size, hex);
}

/* What is there beyond a checkpoint. */
typedef struct {
    bool set_back;
    cu_err leftover;
} log_edge;

static bool staged(const char *dir)
{
    char path[4200];
    snprintf(path, sizeof path, "%.4000s/stage", dir);
    return access(path, F_OK) == 0;
}

static cu_err look_at_edge(const check *c, const char *name, cu_log *l, log_edge *out)
{
    stage s;
    CU_TRY(pending_load(c->around, &s));
    const stage_log *p = pending_of(&s, c->many ? name : c->own);
    out->set_back = beyond(l) && !pending_explains(p, l);
    out->leftover = leftover_check(l, p && p->old_size == l->size ? l->size + p->count : l->size);
    stage_free(&s);
    return CU_OK;
}

/* The checkpoint that is verified, and its edge. Both are read at once, before the entries, which take long: in a log
 * that is being written a round between the two would look like one that was set back. What is wrong stays wrong; as
 * long as something moves, look again. */
static cu_err read_edge(check *c, const char *name, cu_log *l, cu_checkpoint *cp, log_edge *out)
{
    cu_err e = cu_log_checkpoint(l, cp, NULL, c->f);
    for (int turn = 0; e == CU_OK && turn < 100; turn++) {
        uint64_t size = cp->size;
        bool publishing = staged(c->around);
        e = look_at_edge(c, name, l, out);
        if (e != CU_OK || (!out->set_back && out->leftover == CU_OK))
            break;
        publishing |= staged(c->around);
        e = cu_log_checkpoint(l, cp, NULL, c->f);
        if (e != CU_OK || (!publishing && cp->size == size))
            break;
        usleep(10000);
    }
    return e;
}

static cu_err check_tree(check *c, cu_log *l, const char *name, const cu_checkpoint *cp, const log_edge *edge)
{
    cu_sha256 root;
    for (uint64_t t = 0; t * TILE_WIDTH < cp->size && !c->r->broken; t++)
        CU_TRY(check_bundle(c, l, name, t));
    if (c->r->broken)
        return CU_OK;
    CU_TRY(check_upper(c, l, name));
    if (c->r->broken)
        return CU_OK;
    cu_err e = merkle_root(tile_node, l, cp->size, &root);
    if (e != CU_OK)
        return verdict(c, name, cp->size, e, "a hash tile is missing or cut short");
    if (memcmp(&root, &cp->root, sizeof root) != 0)
        return broken(c, name, cp->size, "the entries do not have the root that was signed");
    if (edge->set_back)
        return broken(c, name, cp->size, "there are tiles beyond the checkpoint: it was set back");
    return verdict(c, name, cp->size, edge->leftover, "a tile is there that is not of this log");
}

/* vkey names one of the log's keys, for tools that know a single one. */
static cu_err check_vkey(check *c, cu_log *l, const char *name)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(1024);
    note_key k;
    cu_err e = cu_file_read(l->dirfd, "vkey", &text);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    if (e == CU_OK)
        e = note_key_parse(cu_buf_view(&text), NOTE_ED25519, &k);
    if (e == CU_OK && c->trusted) /* who brings keys asks no file of the log for any */
        return CU_OK;
    bool whole = false;
    for (size_t i = 0; i < l->keys.n; i++)
        whole = whole || l->keys.v[i].from == 0;
    if (!whole)
        return broken(c, name, 0, "none of its vkeys is from the beginning");
    for (size_t i = 0; e == CU_OK && i < l->keys.n; i++)
        if (cu_eq(l->keys.v[i].name, k.name) && memcmp(l->keys.v[i].pk, k.pk, sizeof k.pk) == 0)
            return CU_OK;
    return verdict(c, name, 0, e == CU_OK ? CU_CORRUPT : e, "its vkey is none of the log's keys");
}

static cu_err check_log(check *c, const char *path, const char *name)
{
    cu_log *l;
    cu_checkpoint cp = {0};
    log_edge edge = {0};
    cu_err e = cu_log_open(path, &l, c->f);
    if (e != CU_OK)
        return e;
    e = use_trusted(c, l, name);
    if (e == CU_OK && !c->r->broken) {
        e = read_edge(c, name, l, &cp, &edge);
        c->r->checkpoints++;
        if (e == CU_SIGNATURE || e == CU_SYNTAX)
            e = broken(c, name, 0, e == CU_SIGNATURE ? SIGNATURE_FALSE : "the checkpoint is malformed");
        else if (e == CU_OK)
            e = check_tree(c, l, name, &cp, &edge);
        if (e == CU_OK && !c->r->broken)
            e = check_vkey(c, l, name);
    }
    seen_log *s = realloc(c->logs, (c->logs_n + 1) * sizeof *s);
    if (s) {
        c->logs = s;
        s[c->logs_n] = (seen_log){.size = cp.size};
        snprintf(s[c->logs_n++].name, sizeof s->name, "%s", name);
    }
    c->r->logs++;
    report_log(c, name, &cp);
    cu_log_close(l);
    return s ? e : CU_NOMEM;
}

static cu_err check_named(check *c, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%.3900s/%s", c->dir, name);
    if (c->r->broken || (access(path, F_OK) != 0 && errno == ENOENT))
        return CU_OK;
    char file[4200];
    snprintf(file, sizeof file, "%s/checkpoint", path);
    if (access(file, F_OK) != 0 && errno == ENOENT) { /* made, and nothing published yet */
        snprintf(file, sizeof file, "%s/tile", path);
        const stage_log *first = pending_of(&c->pending, name);
        return access(file, F_OK) == 0 && !(first && first->old_size == 0) ? broken(c, name, 0, "there are tiles but no checkpoint") : CU_OK;
    }
    return check_log(c, path, name);
}

static cu_err check_all(check *c)
{
    char path[4096], name[72];
    CU_TRY(read_limits(c));
    CU_TRY(check_named(c, "org"));
    snprintf(path, sizeof path, "%.3900s/t", c->dir);
    DIR *d = opendir(path);
    cu_err e = CU_OK;
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        if (en->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "t/%.63s", en->d_name);
        e = check_named(c, name);
    }
    if (d)
        closedir(d);
    if (e == CU_OK)
        e = check_named(c, "anchor");
    for (size_t i = 0; i < c->logs_n && e == CU_OK && !c->r->broken; i++)
        if (c->logs[i].anchored < c->logs[i].size && strcmp(c->logs[i].name, "anchor") != 0) {
            const stage_log *p = pending_of(&c->pending, c->logs[i].name);
            if (!p || p->old_size != c->logs[i].anchored || p->old_size + p->count != c->logs[i].size)
                e = broken(c, c->logs[i].name, c->logs[i].anchored, "entries from here on are not in the anchor log");
        }
    return e;
}

/* The anchor log's checkpoint, to see whether anything was published meanwhile. */
static void anchor_now(const char *dir, cu_buf *out)
{
    char path[4200];
    snprintf(path, sizeof path, "%.4000s/anchor/checkpoint", dir);
    cu_buf_reset(out);
    (void)!cu_file_read(AT_FDCWD, path, out);
}

static void report_attested(check *c, const cu_log *anchor, const attestations *a)
{
    char at[CU_TIME_LEN];
    const attested *last = &a->v[a->n - 1];
    cu_time_text(last->time * 1000000000ull, at);
    if (c->text)
        cu_buf_fmt(c->text, "Attested: %zu checkpoints with the quorum of witnesses, %zu time stamps; the newest is of %llu entries of the anchor log, at "
                            "%s (%llu came later).\n", a->cosigned, a->tokens, (unsigned long long)last->size, at,
                   (unsigned long long)(anchor->size - last->size));
}

/* What is wrong here is a finding, whatever wrote it into the fault. */
static cu_err attested_in(check *c, cu_log *anchor, const char *path)
{
    attestations a = {0};
    cu_err e = attest_load(anchor, path, c->policy, c->ca_file, &a, c->f);
    if (e == CU_OK && c->policy && a.cosigned == 0)
        e = cu_fail(c->f, CU_CORRUPT, "log anchor: no checkpoint has the cosignatures that the policy asks for");
    if (e == CU_OK && c->ca_file && a.tokens == 0)
        e = cu_fail(c->f, CU_CORRUPT, "log anchor: there is no time stamp");
    if (e == CU_OK)
        e = attest_check_times(c->dir, anchor, &a, c->f);
    if (e == CU_OK && a.n)
        report_attested(c, anchor, &a);
    attest_free(&a);
    c->r->broken |= e == CU_CORRUPT;
    return e == CU_CORRUPT ? CU_OK : e;
}

static cu_err check_attested(check *c)
{
    char path[4096];
    cu_log *anchor;
    cu_checkpoint cp;
    if (!c->policy && !c->ca_file)
        return CU_OK;
    if (!c->many)
        return cu_fail(c->f, CU_CONFIG, "witnesses and time stamps belong to the folder of all logs");
    snprintf(path, sizeof path, "%.3900s/anchor", c->dir);
    CU_TRY(cu_log_open(path, &anchor, c->f));
    cu_err e = use_trusted(c, anchor, "anchor");
    if (e == CU_OK)
        e = cu_log_checkpoint(anchor, &cp, NULL, c->f);
    if (e == CU_OK)
        e = attested_in(c, anchor, path);
    cu_log_close(anchor);
    return e;
}

static cu_err check_once(check *c)
{
    cu_err e = pending_load(c->around, &c->pending);
    if (e == CU_CORRUPT || e == CU_SYNTAX)
        return broken(c, "stage", 0, "the staged round is malformed");
    if (e == CU_OK)
        e = c->many ? check_all(c) : check_log(c, c->dir, "this");
    if (e == CU_OK && !c->r->broken)
        e = chain_check(&c->chain, c->many, &c->r->broken, c->f);
    if (e == CU_OK && !c->r->broken && c->r->logs)
        e = check_attested(c);
    if (e == CU_OK && c->r->logs == 0)
        e = cu_fail(c->f, CU_NOT_FOUND, "%.200s holds no log: no checkpoint there or in its folders", c->dir);
    return e;
}

static void forget(check *c)
{
    stage_free(&c->pending);
    chain_free(&c->chain);
    free(c->logs);
    free(c->limits);
    c->logs = c->limits = NULL;
    c->logs_n = c->limits_n = 0;
}

/* A log that is being written can look broken between two reads. What is wrong stays wrong: as long
 * as something was published meanwhile, look again. */
static cu_err check_settled(check *c)
{
    cu_buf before CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX), after CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    for (int turn = 0;; turn++) {
        bool publishing = staged(c->around);
        anchor_now(c->around, &before);
        cu_err e = check_once(c);
        forget(c);
        anchor_now(c->around, &after);
        bool moved = publishing || staged(c->around) || !cu_eq(cu_buf_view(&before), cu_buf_view(&after));
        if ((e == CU_OK && !c->r->broken) || !moved || turn == 9)
            return e;
        usleep(50000);
        *c->r = (cu_verify_report){0};
        if (c->text)
            cu_buf_reset(c->text);
        if (c->json) {
            cu_buf_reset(c->json);
            cu_buf_str(c->json, JSON_HEAD);
        }
    }
}

/* A log that is verified by itself may stand among others that are being written: org, anchor and t/NAME. */
static void look_around(check *c)
{
    char real[PATH_MAX], path[PATH_MAX + 32];
    snprintf(c->around, sizeof c->around, "%.4000s", c->dir);
    if (c->many || !realpath(c->dir, real))
        return;
    size_t n = strlen(real);
    for (int up = 0; up < 2; up++) {
        while (n && real[n - 1] != '/')
            n--;
        if (n < 2)
            return;
        snprintf(path, sizeof path, "%.*s/anchor/vkey", (int)(n - 1), real);
        if (access(path, F_OK) == 0) {
            snprintf(c->around, sizeof c->around, "%.*s", (int)(n - 1), real);
            snprintf(c->own, sizeof c->own, "%.70s", real + n);
            return;
        }
        n--;
    }
}

cu_err cu_verify_dir(const char *dir, const char *trusted_vkey, cu_buf *text_report, cu_buf *json_report,
                     cu_verify_report *out, cu_fault *f)
{
    return cu_verify_attested(dir, trusted_vkey, NULL, NULL, text_report, json_report, out, f);
}

cu_err cu_verify_attested(const char *dir, const char *trusted_vkey, const char *policy, const char *ca_file, cu_buf *text_report,
                          cu_buf *json_report, cu_verify_report *out, cu_fault *f)
{
    char path[4200];
    *out = (cu_verify_report){0};
    check c = {.dir = dir, .trusted = trusted_vkey, .policy = policy, .ca_file = ca_file, .text = text_report, .json = json_report, .r = out, .f = f};
    snprintf(path, sizeof path, "%.4000s/vkey", dir);
    c.many = access(path, F_OK) != 0;
    look_around(&c);
    if (json_report)
        cu_buf_str(json_report, JSON_HEAD);
    cu_err e = check_settled(&c);
    if (text_report && e == CU_OK && !trusted_vkey)
        cu_buf_str(text_report, "The keys were taken from the logs themselves; pass --vkey to use one you trust.\n");
    if (json_report)
        cu_buf_fmt(json_report, "],\"entries\":%llu,\"intact\":%s", (unsigned long long)out->entries,
                   e == CU_OK && !out->broken ? "true" : "false");
    if (json_report && (e != CU_OK || out->broken))
        cu_buf_json_kv_str(json_report, "reason", f->text);
    if (json_report)
        cu_buf_str(json_report, "}\n");
    return e;
}
