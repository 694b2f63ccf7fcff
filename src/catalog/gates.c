#include "catalog/gates.h"
#include <string.h>
#include "reading.h"

#define KEYS "env approvals tests scans level review expires_hours break_glass"

static cu_err read_flag(const reading *r, const cu_yaml *map, const char *key, bool *out)
{
    unsigned which = *out;
    const cu_yaml *n = cu_yaml_get(map, key);
    if (n)
        CU_TRY(reading_word(r, n, key, "false true", &which));
    *out = which;
    return CU_OK;
}

static bool is_env(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n < 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static cu_err read_gate(const reading *r, const cu_yaml *n, cu_config_gate *g)
{
    uint64_t approvals = 1, hours = 72;
    unsigned level = CU_SCAN_ERROR;
    *g = (cu_config_gate){.tests = true, .scans = true, .review = true, .break_glass = true};
    CU_TRY(reading_only(r, n, "a gate", KEYS));
    if (!cu_yaml_get(n, "env"))
        return reading_wrong(r, n, "env is missing: the name of the environment");
    CU_TRY(reading_text(r, cu_yaml_get(n, "env"), "env", &g->env));
    if (!is_env(g->env))
        return reading_wrong(r, cu_yaml_get(n, "env"), "env is lower-case letters, digits, - and _");
    if (cu_yaml_get(n, "approvals"))
        CU_TRY(reading_number(r, cu_yaml_get(n, "approvals"), "approvals", 0, 10, &approvals));
    if (cu_yaml_get(n, "expires_hours"))
        CU_TRY(reading_number(r, cu_yaml_get(n, "expires_hours"), "expires_hours", 1, 720, &hours));
    if (cu_yaml_get(n, "level"))
        CU_TRY(reading_word(r, cu_yaml_get(n, "level"), "level", "error warning note", &level));
    CU_TRY(read_flag(r, n, "tests", &g->tests));
    CU_TRY(read_flag(r, n, "scans", &g->scans));
    CU_TRY(read_flag(r, n, "review", &g->review));
    CU_TRY(read_flag(r, n, "break_glass", &g->break_glass));
    g->approvals = (uint32_t)approvals;
    g->approval_s = hours * 3600;
    g->level = (uint8_t)level;
    return CU_OK;
}

const cu_config_gate *cu_gate_find(const cu_config_gates *g, const char *env)
{
    for (size_t i = 0; i < g->n; i++)
        if (strcmp(g->v[i].env, env) == 0)
            return &g->v[i];
    return NULL;
}

cu_err cu_gates_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_gates *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *list = root ? cu_yaml_get(root, "gates") : NULL;
    static char production[] = "production";
    out->v = cu_arena_alloc(a, CU_GATES_MAX * sizeof *out->v);
    if (!out->v)
        return CU_NOMEM;
    if (!list) {
        out->v[0] = (cu_config_gate){.env = production, .approvals = 1, .tests = true, .scans = true, .review = true, .break_glass = true, .approval_s = 72 * 3600};
        out->n = 1;
        return CU_OK;
    }
    if (list->kind != CU_YAML_LIST)
        return reading_wrong(&r, list, "gates is a list: - {env: production, approvals: 2}");
    for (const cu_yaml *n = list->first; n; n = n->next) {
        if (out->n == CU_GATES_MAX)
            return reading_wrong(&r, n, "at most %u gates are possible", CU_GATES_MAX);
        cu_config_gate g;
        CU_TRY(read_gate(&r, n, &g));
        if (cu_gate_find(out, g.env))
            return reading_wrong(&r, n, "there is a gate for %.60s already", g.env);
        out->v[out->n++] = g;
    }
    return CU_OK;
}
