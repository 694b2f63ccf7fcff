/* Plain bundles become packed ones: checked, compressed, read back, made durable under the new name, and only then
 * is the old one removed. A crash in between leaves both, which say the same. */
#include "ledger/pack.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "packed.h"

#define LEVEL 6    /* 180 MB/s; 12 takes 7 percent less room and 35 times as long */
#define BATCH 32u  /* bundles whose names become durable together */
#define LOG_NAME_MAX 72

typedef struct {
    char name[LOG_NAME_MAX];
    uint64_t next; /* all before it are packed, or were left */
} known_log;

struct cu_packer {
    int dir;
    struct libdeflate_compressor *z;
    known_log *logs;
    size_t n;
};

cu_err cu_packer_open(const char *log_dir, cu_packer **out, cu_fault *f)
{
    cu_packer *p = calloc(1, sizeof *p);
    if (!p)
        return CU_NOMEM;
    p->dir = open(log_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->z = libdeflate_alloc_compressor(LEVEL);
    cu_err e = p->dir < 0 ? cu_fail(f, cu_errno_err(errno), "%.200s: %s", log_dir, strerror(errno)) : p->z ? CU_OK : CU_NOMEM;
    if (e == CU_OK)
        *out = p;
    else
        cu_packer_close(p);
    return e;
}

void cu_packer_close(cu_packer *p)
{
    if (!p)
        return;
    cu_close_fd(&p->dir);
    if (p->z)
        libdeflate_free_compressor(p->z);
    free(p->logs);
    free(p);
}

static void put_little(cu_buf *b, uint32_t n)
{
    const uint8_t bytes[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    cu_buf_put(b, bytes, sizeof bytes);
}

static cu_err compress(cu_packer *p, cu_bytes plain, cu_buf *out)
{
    size_t room = libdeflate_deflate_compress_bound(p->z, plain.n);
    uint8_t *to = cu_buf_room(out, PACKED_HEAD + room);
    if (!to)
        return cu_buf_err(out);
    out->n = PACKED_HEAD;
    size_t n = libdeflate_deflate_compress(p->z, plain.p, plain.n, to + PACKED_HEAD, room);
    if (n == 0)
        return CU_INTERNAL;
    out->n += n;
    put_little(out, libdeflate_crc32(0, plain.p, plain.n));
    put_little(out, (uint32_t)plain.n);
    CU_TRY(cu_buf_err(out));
    packed_head(out->p, cu_bytes_of(out->p + PACKED_HEAD, out->n - PACKED_HEAD));
    return CU_OK;
}

/* Every entry has the hash that was sealed, and nothing stands behind them. */
static cu_err as_sealed(cu_log *l, uint64_t tile, cu_bytes bundle)
{
    cu_bytes hashes, leaf;
    cu_sha256 have;
    cu_err e = tile_load(l, 0, tile, l->size, &hashes);
    if (e != CU_OK)
        return e == CU_NOT_FOUND || e == CU_TORN ? CU_CORRUPT : e;
    for (uint32_t i = 0; i < TILE_WIDTH; i++) {
        if (!bundle_next(&bundle, &leaf))
            return CU_CORRUPT;
        merkle_leaf(leaf, &have);
        if (memcmp(&have, hashes.p + i * sizeof have, sizeof have) != 0)
            return CU_CORRUPT;
    }
    return bundle.n ? CU_CORRUPT : CU_OK;
}

/* CU_NOT_FOUND: it was packed before. */
static cu_err pack_one(cu_packer *p, cu_log *l, uint64_t tile)
{
    char path[TILE_PATH_MAX];
    cu_buf plain CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX), again CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
    cu_buf packed CU_CLEAN_BUF = CU_BUF(2 * TILE_BYTES_MAX);
    tile_path(TILE_ENTRIES, tile, TILE_WIDTH, path);
    CU_TRY(cu_file_read(l->dirfd, path, &plain));
    CU_TRY(as_sealed(l, tile, cu_buf_view(&plain)));
    CU_TRY(compress(p, cu_buf_view(&plain), &packed));
    CU_TRY(packed_read(cu_buf_view(&packed), &again));
    if (!cu_eq(cu_buf_view(&again), cu_buf_view(&plain)))
        return CU_INTERNAL;
    packed_path(tile, path);
    return cu_file_put(l->dirfd, path, cu_buf_view(&packed), 0644);
}

/* The names of these bundles' packed files last; then the plain ones go. */
static cu_err replace(cu_log *l, const uint64_t *tiles, unsigned n)
{
    char path[TILE_PATH_MAX], before[TILE_PATH_MAX] = "";
    for (unsigned i = 0; i < n; i++) {
        packed_path(tiles[i], path);
        size_t dir = (size_t)(strrchr(path, '/') - path);
        if (strncmp(path, before, dir + 1) != 0)
            CU_TRY(cu_file_sync_name(l->dirfd, path));
        memcpy(before, path, sizeof before);
    }
    for (unsigned i = 0; i < n; i++) {
        tile_path(TILE_ENTRIES, tiles[i], TILE_WIDTH, path);
        if (unlinkat(l->dirfd, path, 0) != 0 && errno != ENOENT)
            return cu_errno_err(errno);
    }
    return CU_OK;
}

static cu_err pack_log(cu_packer *p, known_log *k, cu_log *l, unsigned most, unsigned *packed, cu_fault *f)
{
    uint64_t tiles[BATCH];
    unsigned n = 0;
    cu_checkpoint cp;
    CU_TRY(cu_log_checkpoint(l, &cp, NULL, f));
    cu_err e = CU_OK;
    uint64_t at = k->next;
    for (; e == CU_OK && at < cp.size / TILE_WIDTH && n < BATCH && *packed + n < most; at++) {
        e = pack_one(p, l, at);
        if (e == CU_OK)
            tiles[n++] = at;
        if (e == CU_NOT_FOUND)
            e = CU_OK;
    }
    cu_err end = replace(l, tiles, n);
    if (end == CU_OK)
        *packed += n;
    if (end == CU_OK && (e == CU_OK || e == CU_CORRUPT))
        k->next = at;
    if (e == CU_CORRUPT)
        return cu_fail(f, e, "log %s: the bundle of entry %llu is not what was sealed and stays as it is; custos verify says more", k->name,
                       (unsigned long long)((at - 1) * TILE_WIDTH));
    e = e == CU_OK ? end : e;
    return e == CU_OK ? CU_OK : cu_fail(f, e, "log %s: bundles cannot be packed: %s", k->name, cu_err_text(e));
}

static known_log *log_named(cu_packer *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->logs[i].name, name) == 0)
            return &p->logs[i];
    known_log *v = realloc(p->logs, (p->n + 1) * sizeof *v);
    if (!v)
        return NULL;
    p->logs = v;
    v[p->n] = (known_log){.next = 0};
    snprintf(v[p->n].name, sizeof v->name, "%s", name);
    return &v[p->n++];
}

static cu_err pack_named(cu_packer *p, const char *name, unsigned most, unsigned *packed, cu_fault *f)
{
    cu_log *l;
    int fd = openat(p->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? CU_OK : cu_fail(f, cu_errno_err(errno), "log %s: %s", name, strerror(errno));
    known_log *k = log_named(p, name);
    cu_err e = k ? log_open_at(fd, &l) : CU_NOMEM;
    if (e != CU_OK) {
        close(fd);
        return e;
    }
    if (faccessat(fd, "checkpoint", F_OK, 0) == 0) /* else nothing is published yet */
        e = log_read_keys(l);
    for (unsigned before = *packed + 1; e == CU_OK && l->keys.n && *packed < most && *packed != before;) {
        before = *packed;
        e = pack_log(p, k, l, most, packed, f);
    }
    cu_log_close(l);
    return e;
}

cu_err cu_packer_step(cu_packer *p, unsigned most, unsigned *packed, cu_fault *f)
{
    char name[LOG_NAME_MAX];
    *packed = 0;
    CU_TRY(pack_named(p, "org", most, packed, f));
    CU_TRY(pack_named(p, "anchor", most, packed, f));
    int fd = openat(p->dir, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    cu_err e = CU_OK;
    for (struct dirent *en; d && e == CU_OK && *packed < most && (en = readdir(d));) {
        if (en->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "t/%.63s", en->d_name);
        e = pack_named(p, name, most, packed, f);
    }
    if (d)
        closedir(d);
    return e;
}
