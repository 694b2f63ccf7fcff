/* What is done with commands that a model wrote: read and proven once at the start, then part of every bundle. */
#include <stdio.h>
#include "app.h"
#include "catalog/rules.h"
#include "inspect/guard.h"

/* The examples of a pack, beside those of the shipped one. */
static cu_err prove(const cu_guard_entry *e, const cu_command_pack *shipped, cu_arena *arena, cu_fault *f)
{
    cu_command_pack pack;
    const cu_command_pack *packs[CU_TIERS] = {[CU_TIER_DEFAULT] = shipped};
    cu_guard *g;
    CU_TRY(cu_command_pack_read(e->rules, e->files, e->files_n, arena, &pack, f));
    packs[e->tier] = &pack;
    CU_TRY(cu_guard_new(packs, &g, f));
    cu_guard_free(g);
    return CU_OK;
}

cu_err guard_prepare(app *a, cu_fault *f)
{
    cu_arena once CU_CLEAN_ARENA;
    cu_command_pack shipped;
    const cu_guard_config *c = &a->config->guard;
    char dir[4200];
    cu_arena_init(&once, 256u << 20);
    a->guard.v = cu_arena_alloc(&a->arena, (c->n + 1) * sizeof *a->guard.v);
    if (!a->guard.v)
        return CU_NOMEM;
    snprintf(dir, sizeof dir, "%s/rules/commands", cu_catalog_dir());
    CU_TRY(cu_command_pack_load(dir, &once, &shipped, f));
    for (size_t i = 0; i < c->n; i++) {
        cu_guard_entry *e = &a->guard.v[a->guard.n++];
        *e = c->v[i];
        if (!e->rules)
            continue;
        CU_TRY(cu_command_pack_files(e->rules, &a->arena, &e->files, &e->files_n, f));
        CU_TRY(prove(e, &shipped, &once, f));
    }
    return CU_OK;
}
