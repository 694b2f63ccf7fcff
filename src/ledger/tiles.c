#include "tiles.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "packed.h"

void tile_path(int level, uint64_t index, uint32_t width, char out[TILE_PATH_MAX])
{
    char number[32] = "", part[8];
    unsigned groups[7], n = 0;
    do {
        groups[n++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index);
    size_t at = 0;
    while (n--)
        at += (size_t)snprintf(number + at, sizeof number - at, n ? "x%03u/" : "%03u", groups[n]);
    part[0] = 0;
    if (width != TILE_WIDTH)
        snprintf(part, sizeof part, ".p/%u", width % 1000);
    if (level == TILE_ENTRIES)
        snprintf(out, TILE_PATH_MAX, "tile/entries/%s%s", number, part);
    else
        snprintf(out, TILE_PATH_MAX, "tile/%d/%s%s", level, number, part);
}

uint32_t tile_width(int level, uint64_t index, uint64_t size)
{
    uint64_t entries = level > 0 ? size >> (8 * level) : size;
    if (entries <= index * TILE_WIDTH)
        return 0;
    uint64_t left = entries - index * TILE_WIDTH;
    return left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH;
}

/* The first `width` hashes or entries of a full tile. */
static cu_err cut_tile(int level, uint32_t width, cu_buf *b)
{
    cu_bytes rest = cu_buf_view(b), leaf;
    if (level != TILE_ENTRIES) {
        if (b->n < width * sizeof(cu_sha256))
            return CU_TORN;
        b->n = width * sizeof(cu_sha256);
        return CU_OK;
    }
    for (uint32_t i = 0; i < width; i++)
        if (!bundle_next(&rest, &leaf))
            return CU_TORN;
    b->n -= rest.n;
    return CU_OK;
}

/* A bundle that was packed meanwhile is there before the plain one goes. */
static cu_err read_full(const cu_log *l, int level, uint64_t index, cu_buf *out)
{
    char path[TILE_PATH_MAX];
    tile_path(level, index, TILE_WIDTH, path);
    cu_buf_reset(out);
    cu_err e = cu_file_read(l->dirfd, path, out);
    return e == CU_NOT_FOUND && level == TILE_ENTRIES ? packed_load(l, index, out) : e;
}

/* A partial tile may be gone once the full one is there (C2SP tlog-tiles). */
static cu_err read_tile(const cu_log *l, int level, uint64_t index, uint32_t width, cu_buf *out)
{
    char path[TILE_PATH_MAX];
    if (width == TILE_WIDTH)
        return read_full(l, level, index, out);
    tile_path(level, index, width, path);
    cu_buf_reset(out);
    cu_err e = cu_file_read(l->dirfd, path, out);
    if (e != CU_NOT_FOUND)
        return e;
    CU_TRY(read_full(l, level, index, out));
    return cut_tile(level, width, out);
}

bool tile_exists(const cu_log *l, int level, uint64_t index)
{
    char path[TILE_PATH_MAX];
    tile_path(level, index, TILE_WIDTH, path);
    if (faccessat(l->dirfd, path, F_OK, 0) == 0)
        return true;
    packed_path(index, path);
    return level == TILE_ENTRIES && faccessat(l->dirfd, path, F_OK, 0) == 0;
}

/* Of the 255 widths that a partial tile may have had, few were ever written. */
void tile_drop_partial(int dirfd, int level, uint64_t index)
{
    char path[TILE_PATH_MAX];
    tile_path(level, index, 1, path);
    *strrchr(path, '/') = 0;
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        cu_close_fd(&fd);
        return;
    }
    for (struct dirent *en; (en = readdir(d));)
        if (en->d_name[0] >= '0' && en->d_name[0] <= '9')
            unlinkat(fd, en->d_name, 0);
    closedir(d);
    unlinkat(dirfd, path, AT_REMOVEDIR);
}

cu_err tile_load(cu_log *l, int level, uint64_t index, uint64_t size, cu_bytes *out)
{
    uint32_t width = tile_width(level, index, size);
    CU_ASSERT(level >= TILE_ENTRIES && level < (int)TILE_SLOTS - 1);
    struct tile_slot *slot = &l->cached[level + 1];
    if (width == 0)
        return CU_NOT_FOUND;
    if (slot->width != width || slot->index != index) {
        slot->width = 0;
        CU_TRY(read_tile(l, level, index, width, &slot->bytes));
        if (level != TILE_ENTRIES && slot->bytes.n != width * sizeof(cu_sha256))
            return CU_TORN;
        slot->index = index;
        slot->width = width;
    }
    *out = cu_buf_view(&slot->bytes);
    return CU_OK;
}

cu_err tile_node(void *arg, unsigned level, uint64_t index, cu_sha256 *out)
{
    cu_log *l = arg;
    unsigned k = level % 8;
    uint64_t first = index << k;
    cu_bytes tile;
    cu_sha256 h[TILE_WIDTH];
    CU_TRY(tile_load(l, (int)(level / 8), first / TILE_WIDTH, l->size, &tile));
    size_t at = first % TILE_WIDTH, n = (size_t)1 << k;
    if ((at + n) * sizeof *h > tile.n)
        return CU_NOT_FOUND;
    memcpy(h, tile.p + at * sizeof *h, n * sizeof *h);
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            merkle_pair(&h[2 * i], &h[2 * i + 1], &h[i]);
    *out = h[0];
    return CU_OK;
}

bool bundle_next(cu_bytes *bundle, cu_bytes *leaf)
{
    if (bundle->n < 2)
        return false;
    size_t n = (size_t)bundle->p[0] << 8 | bundle->p[1];
    if (bundle->n < 2 + n)
        return false;
    *leaf = cu_slice(*bundle, 2, 2 + n);
    *bundle = cu_slice(*bundle, 2 + n, bundle->n);
    return true;
}

static cu_err make_parents(int dirfd, const char *path)
{
    char part[TILE_PATH_MAX];
    for (const char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(s - path), path);
        if (mkdirat(dirfd, part, 0755) == 0)
            CU_TRY(cu_file_sync_name(dirfd, part));
        else if (errno != EEXIST)
            return cu_errno_err(errno);
    }
    return CU_OK;
}

cu_err tile_names_sync(tile_names *n)
{
    if (n->last[0])
        CU_TRY(cu_file_sync_name(n->dirfd, n->last));
    n->last[0] = 0;
    return CU_OK;
}

static bool same_dir(const char *a, const char *b)
{
    size_t n = (size_t)(strrchr(a, '/') - a);
    return strrchr(b, '/') == b + n && memcmp(a, b, n) == 0;
}

cu_err tile_write(tile_names *n, int level, uint64_t index, uint32_t width, cu_bytes content)
{
    char path[TILE_PATH_MAX];
    tile_path(level, index, width, path);
    if (n->last[0] && !same_dir(n->last, path))
        CU_TRY(tile_names_sync(n));
    CU_TRY(make_parents(n->dirfd, path));
    CU_TRY(cu_file_put(n->dirfd, path, content, 0644));
    memcpy(n->last, path, sizeof path);
    return CU_OK;
}

cu_err log_open_at(int dirfd, cu_log **out)
{
    cu_log *l = calloc(1, sizeof *l);
    if (!l)
        return CU_NOMEM;
    l->dirfd = dirfd;
    for (size_t i = 0; i < TILE_SLOTS; i++)
        l->cached[i].bytes = CU_BUF(i ? TILE_WIDTH * sizeof(cu_sha256) : TILE_BYTES_MAX);
    *out = l;
    return CU_OK;
}
