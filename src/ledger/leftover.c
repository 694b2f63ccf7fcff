#include "leftover.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"

static bool partials_exist(const cu_log *l, int level, uint64_t index)
{
    char path[TILE_PATH_MAX];
    tile_path(level, index, 1, path);
    *strrchr(path, '/') = 0;
    return faccessat(l->dirfd, path, F_OK, 0) == 0;
}

/* The first bytes of the whole tile, entry for entry. */
static cu_err check_partial(cu_log *l, int level, uint64_t index, uint32_t width)
{
    char path[TILE_PATH_MAX];
    cu_bytes tile, leaf;
    cu_buf part CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
    CU_TRY(tile_load(l, level, index, l->size, &tile));
    tile_path(level, index, width, path);
    cu_err e = cu_file_read(l->dirfd, path, &part);
    if (e != CU_OK)
        return e == CU_NOT_FOUND ? CU_OK : e; /* dropped while it was looked for */
    size_t want = width * sizeof(cu_sha256);
    if (level == TILE_ENTRIES) {
        cu_bytes rest = tile;
        for (uint32_t i = 0; i < width; i++)
            if (!bundle_next(&rest, &leaf))
                return CU_TORN;
        want = tile.n - rest.n;
    }
    return part.n == want && want <= tile.n && memcmp(part.p, tile.p, want) == 0 ? CU_OK : CU_TORN;
}

static cu_err check_partials(cu_log *l, int level, uint64_t index, uint32_t now, uint32_t growing)
{
    char path[TILE_PATH_MAX];
    tile_path(level, index, 1, path);
    *strrchr(path, '/') = 0;
    int fd = openat(l->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? CU_OK : cu_errno_err(errno);
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return CU_NOMEM;
    }
    cu_err e = CU_OK;
    for (struct dirent *en; e == CU_OK && (en = readdir(d));) {
        char *end;
        unsigned long width = strtoul(en->d_name, &end, 10);
        if (*end || width == 0) /* what a crash left of a file that was being written */
            continue;
        if (width > now)
            e = width == growing ? CU_OK : CU_TORN;
        else if (width < now)
            e = check_partial(l, level, index, (uint32_t)width);
    }
    closedir(d);
    return e;
}

cu_err leftover_check(cu_log *l, uint64_t growing)
{
    for (int level = TILE_ENTRIES; level < 8; level++) {
        int shift = level > 0 ? 8 * level : 0;
        uint64_t count = l->size >> shift, index = count / TILE_WIDTH;
        uint32_t now = tile_width(level, index, l->size), then = tile_width(level, index, growing);
        CU_TRY(check_partials(l, level, index, now, then));
        if (tile_exists(l, level, index) && then != TILE_WIDTH)
            return CU_TORN;
        if ((tile_exists(l, level, index + 1) || partials_exist(l, level, index + 1)) && tile_width(level, index + 1, growing) == 0)
            return CU_TORN;
        if (count == 0 && level >= 0)
            break;
    }
    return CU_OK;
}
