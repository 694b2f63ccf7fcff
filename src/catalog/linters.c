#include "linters.h"
#include "reading.h"

static cu_err read_name(const reading *r, const cu_yaml *map, cu_config_linter *l)
{
    const cu_yaml *n = cu_yaml_get(map, "name");
    if (!n)
        return reading_wrong(r, map, "a linter needs a name");
    CU_TRY(reading_text(r, n, "name", &l->name));
    bool good = strlen(l->name) <= 32;
    for (const char *p = l->name; *p; p++)
        good = good && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-');
    return good ? CU_OK : reading_wrong(r, n, "the name of a linter is at most 32 of a-z, 0-9 and -");
}

/* No shell reads it, and PATH does not decide which program it is. */
static cu_err read_command(const reading *r, const cu_yaml *map, cu_config_linter *l)
{
    const cu_yaml *n = cu_yaml_get(map, "command");
    size_t at = 0;
    if (!n || n->kind != CU_YAML_LIST || !n->first || reading_count(n) > CU_CONFIG_MAX_WORDS)
        return reading_wrong(r, n ? n : map, "command is a list of 1 to %u words: the path of a program and what it is given", CU_CONFIG_MAX_WORDS);
    for (const cu_yaml *k = n->first; k; k = k->next)
        CU_TRY(reading_text(r, k, "a word of command", &l->words[at++]));
    return l->words[0][0] == '/' ? CU_OK : reading_wrong(r, n, "the first word of command is the whole path of the program");
}

static cu_err one(const reading *r, const cu_yaml *map, cu_config_linter *l)
{
    uint64_t v;
    unsigned form = 0;
    const cu_yaml *k;
    *l = (cu_config_linter){.seconds = 120, .memory_mib = 2048};
    CU_TRY(reading_only(r, map, "linter", "name command output seconds memory_mib"));
    CU_TRY(read_name(r, map, l));
    CU_TRY(read_command(r, map, l));
    if (!(k = cu_yaml_get(map, "output")))
        return reading_wrong(r, map, "a linter says what it writes: output: sarif or junit");
    CU_TRY(reading_word(r, k, "output", "sarif junit", &form));
    l->junit = form == 1;
    if ((k = cu_yaml_get(map, "seconds"))) {
        CU_TRY(reading_number(r, k, "seconds", 1, 3600, &v));
        l->seconds = (uint32_t)v;
    }
    if ((k = cu_yaml_get(map, "memory_mib"))) {
        CU_TRY(reading_number(r, k, "memory_mib", 16, 65536, &v));
        l->memory_mib = (uint32_t)v;
    }
    return CU_OK;
}

cu_err linters_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n = cu_yaml_get(root, "linters");
    if (!n)
        return CU_OK;
    if (n->kind != CU_YAML_LIST || reading_count(n) > CU_CONFIG_MAX_LINTERS)
        return reading_wrong(&r, n, "linters is a list of at most %u", CU_CONFIG_MAX_LINTERS);
    out->linters = cu_arena_alloc(a, CU_CONFIG_MAX_LINTERS * sizeof *out->linters);
    for (const cu_yaml *k = n->first; out->linters && k; k = k->next) {
        CU_TRY(one(&r, k, &out->linters[out->linters_n]));
        for (size_t i = 0; i < out->linters_n; i++)
            if (strcmp(out->linters[i].name, out->linters[out->linters_n].name) == 0)
                return reading_wrong(&r, k, "two linters have the name \"%s\"", out->linters[i].name);
        out->linters_n++;
    }
    return out->linters ? CU_OK : CU_NOMEM;
}
