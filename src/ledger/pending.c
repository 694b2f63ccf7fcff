#include "pending.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"

cu_err pending_load(const char *dir, stage *out)
{
    char path[4200];
    cursors c = {0};
    cu_buf b CU_CLEAN_BUF = CU_BUF(STAGE_MAX);
    snprintf(path, sizeof path, "%.4000s/stage", dir);
    *out = (stage){0};
    cu_err e = cu_file_read(AT_FDCWD, path, &b);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    if (e == CU_OK)
        e = stage_decode(cu_buf_view(&b), out, &c);
    cursors_free(&c);
    if (e != CU_OK)
        stage_free(out);
    return e;
}

const stage_log *pending_of(const stage *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i].name, name) == 0)
            return &s->v[i];
    return NULL;
}

bool pending_explains(const stage_log *s, cu_log *l)
{
    cu_bytes tile, leaf, rest;
    if (!s || s->old_size != l->size || s->count == 0)
        return false;
    uint64_t size = s->old_size + s->count, index = l->size / TILE_WIDTH;
    char path[TILE_PATH_MAX];
    uint32_t width = tile_width(TILE_ENTRIES, index, size);
    /* wider than this round makes it: left behind by a longer log */
    for (uint32_t w = width + 1; w < TILE_WIDTH; w++) {
        tile_path(TILE_ENTRIES, index, w, path);
        if (faccessat(l->dirfd, path, F_OK, 0) == 0)
            return false;
    }
    if (width < TILE_WIDTH && tile_exists(l, TILE_ENTRIES, index))
        return false;
    cu_err e = tile_load(l, TILE_ENTRIES, index, size, &tile);
    if (e != CU_OK)
        return e == CU_NOT_FOUND; /* not written yet */
    for (uint64_t i = 0; i < l->size % TILE_WIDTH; i++)
        if (!bundle_next(&tile, &leaf))
            return false;
    rest = cu_buf_view(&s->entries);
    return tile.n <= rest.n && memcmp(tile.p, rest.p, tile.n) == 0;
}
