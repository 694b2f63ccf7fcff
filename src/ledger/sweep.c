/* Going through a log in one sweep. */
#include "ledger/log.h"
#include "tiles.h"

/* The part of one bundle that lies in from..to. */
static cu_err each_of_bundle(cu_bytes bundle, uint64_t first, uint64_t from, uint64_t to, cu_log_walk_fn each, void *arg)
{
    cu_bytes leaf;
    for (uint64_t i = first; i < to && bundle_next(&bundle, &leaf); i++)
        if (i >= from)
            CU_TRY(each(arg, i, leaf));
    return CU_OK;
}

cu_err cu_log_walk(cu_log *l, uint64_t from, uint64_t to, cu_log_walk_fn each, void *arg, cu_fault *f)
{
    cu_checkpoint cp;
    CU_TRY(cu_log_checkpoint(l, &cp, NULL, f));
    if (to > cp.size)
        to = cp.size;
    for (uint64_t first = from - from % TILE_WIDTH; first < to; first += TILE_WIDTH) {
        cu_bytes bundle;
        cu_err e = tile_load(l, TILE_ENTRIES, first / TILE_WIDTH, cp.size, &bundle);
        if (e == CU_OK)
            e = each_of_bundle(bundle, first, from, to, each, arg);
        if (e != CU_OK)
            return f && f->code ? e : cu_fail(f, e, "entries from %llu on: %s", (unsigned long long)first, cu_err_text(e));
    }
    return CU_OK;
}
