/* Any text as a command and as code: a verdict whose spans stand within the text, and the same one
 * again. */
#include <stdlib.h>
#include "inspect/guard.h"

static cu_inspector *inspector(void)
{
    static cu_arena forever;
    static cu_command_pack pack;
    static cu_inspector *i;
    const cu_command_pack *packs[CU_TIERS] = {&pack};
    cu_guard *g;
    cu_fault f = {0};
    if (i)
        return i;
    cu_arena_init(&forever, 64 << 20);
    CU_ASSERT(cu_command_pack_load(CATALOG "/rules/commands", &forever, &pack, &f) == CU_OK);
    CU_ASSERT(cu_guard_new(packs, &g, &f) == CU_OK && cu_inspector_new(g, &i) == CU_OK);
    return i;
}

static void held(cu_inspector *i, cu_bytes text, bool code)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_verdict v[2];
    cu_arena_init(&a, 1u << 30);
    for (int k = 0; k < 2; k++) {
        cu_err e = code ? cu_inspect_code(i, text, &a, &v[k]) : cu_inspect_command(i, text, &a, &v[k]);
        CU_ASSERT(e == CU_OK || e == CU_NOMEM);
        if (e == CU_NOMEM)
            return;
        for (size_t r = 0; r < v[k].n; r++)
            CU_ASSERT(v[k].v[r].start <= v[k].v[r].end && v[k].v[r].end <= text.n && v[k].v[r].decision <= v[k].decision);
    }
    CU_ASSERT(v[0].decision == v[1].decision && v[0].n == v[1].n && v[0].hosts_n == v[1].hosts_n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    held(inspector(), cu_bytes_of(data, n), false);
    held(inspector(), cu_bytes_of(data, n), true);
    return 0;
}
