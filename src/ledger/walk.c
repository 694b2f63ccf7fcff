/* Entries of a log in order, a bundle at a time. */
#include "tiles.h"

static cu_err malformed(cu_fault *f, uint64_t at)
{
    return cu_fail(f, CU_CORRUPT, "entry %llu does not have the hash that was sealed; custos verify says more", (unsigned long long)at);
}

/* One bundle; its hashes are copied, because the log holds one tile at a time. */
static cu_err each_of_bundle(cu_log *l, uint64_t tile, uint64_t from, uint64_t to, cu_log_each_fn each, void *arg, cu_fault *f)
{
    cu_bytes bundle, leaf;
    cu_sha256 want[TILE_WIDTH], have;
    uint64_t first = tile * TILE_WIDTH;
    uint32_t width = tile_width(0, tile, l->size);
    cu_err e = tile_load(l, 0, tile, l->size, &bundle);
    if (e == CU_OK) {
        memcpy(want, bundle.p, width * sizeof *want);
        e = tile_load(l, TILE_ENTRIES, tile, l->size, &bundle);
    }
    if (e != CU_OK)
        return cu_fail(f, e == CU_NOT_FOUND ? CU_CORRUPT : e, "the tiles of entry %llu: %s", (unsigned long long)first, cu_err_text(e));
    for (uint32_t i = 0; i < width && first + i < to; i++) {
        if (!bundle_next(&bundle, &leaf))
            return malformed(f, first + i);
        if (first + i < from)
            continue;
        merkle_leaf(leaf, &have);
        if (memcmp(&have, &want[i], sizeof have) != 0)
            return malformed(f, first + i);
        e = each(arg, first + i, leaf, &have);
        if (e != CU_OK)
            return e;
    }
    return CU_OK;
}

cu_err cu_log_each(cu_log *l, uint64_t from, uint64_t to, cu_log_each_fn each, void *arg, cu_fault *f)
{
    if (to > l->size)
        to = l->size;
    for (uint64_t t = from / TILE_WIDTH; t * TILE_WIDTH < to; t++)
        CU_TRY(each_of_bundle(l, t, from, to, each, arg, f));
    return CU_OK;
}
