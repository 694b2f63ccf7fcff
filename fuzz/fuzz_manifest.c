/* Any text as a file that names packages: a verdict whose spans stand within the text, the same one again, and nothing
 * is held of a file that names none. */
#include "inspect/guard.h"

static cu_inspector *inspector(void)
{
    static cu_arena forever;
    static cu_command_pack shipped, lists;
    static cu_inspector *i;
    const cu_pack_file files[] = {{CU_LIT("cargo.packages"), CU_LIT("a\n")}, {CU_LIT("go.packages"), CU_LIT("a\n")}, {CU_LIT("maven.packages"), CU_LIT("a:b\n")}, {CU_LIT("npm.packages"), CU_LIT("a\n")},
                                         {CU_LIT("packagist.packages"), CU_LIT("a/b\n")}, {CU_LIT("pypi.packages"), CU_LIT("a\n")}};
    const cu_command_pack *packs[CU_TIERS] = {&shipped, NULL, NULL, &lists};
    cu_guard *g;
    cu_fault f = {0};
    if (i)
        return i;
    cu_arena_init(&forever, (size_t)512 << 20);
    CU_ASSERT(cu_command_pack_load(CATALOG "/rules/commands", &forever, &shipped, &f) == CU_OK);
    CU_ASSERT(cu_command_pack_read("lists", files, 6, &forever, &lists, &f) == CU_OK);
    CU_ASSERT(cu_guard_of(packs, &g) == CU_OK && cu_inspector_new(g, &i) == CU_OK);
    return i;
}

static void look(cu_bytes path, cu_bytes text)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_verdict v[2];
    cu_arena_init(&a, 1u << 30);
    for (int k = 0; k < 2; k++) {
        cu_err e = cu_inspect_manifest(inspector(), path, path.n ? CU_NONE : CU_LIT("python"), text, &a, &v[k]);
        CU_ASSERT(e == CU_OK || e == CU_NOMEM);
        if (e == CU_NOMEM)
            return;
        for (size_t r = 0; r < v[k].n; r++)
            CU_ASSERT(v[k].v[r].start <= v[k].v[r].end && v[k].v[r].end <= text.n);
    }
    CU_ASSERT(v[0].decision == v[1].decision && v[0].n == v[1].n);
    CU_ASSERT(!cu_eq_str(path, "notes.txt") || v[0].n == 0 || text.n > CU_INSPECT_MAX_TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const paths[] = {"requirements.txt", "package.json", "pyproject.toml", "Cargo.toml", "composer.json", "Pipfile", "notes.txt", "go.mod", "app/x.py", "x.ts", "pom.xml", "build.gradle", ""};
    if (n)
        look(cu_str(paths[data[0] % (sizeof paths / sizeof *paths)]), cu_bytes_of(data + 1, n - 1));
    return 0;
}
