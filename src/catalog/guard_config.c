#include "catalog/guard_config.h"
#include "reading.h"

#define MODES "annotate hold block"

const char *cu_mode_name(unsigned mode)
{
    static const char *const names[] = {"annotate", "hold", "block"};
    return names[mode];
}

static cu_err mode_of(const reading *r, const cu_yaml *n, const char *name, uint8_t *out)
{
    unsigned mode = CU_MODE_UNSAID;
    if (n)
        CU_TRY(reading_word(r, n, name, MODES, &mode));
    *out = (uint8_t)mode;
    return CU_OK;
}

static cu_err classes_of(const reading *r, const cu_yaml *n, cu_guard_entry *e)
{
    memset(e->classes, CU_MODE_UNSAID, sizeof e->classes);
    if (n && n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "classes is a map from a data class to " MODES);
    for (const cu_yaml *k = n ? n->first : NULL; k; k = k->next) {
        uint8_t class;
        if (!cu_data_class_of(k->key, &class))
            return reading_wrong(r, k, "a data class is public, internal, confidential or restricted");
        CU_TRY(mode_of(r, k, "a class's mode", &e->classes[class]));
    }
    return CU_OK;
}

static cu_err tools_of(const reading *r, const cu_yaml *n, cu_guard_entry *e)
{
    if (n && n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "tools is a map from the name of a tool, or a pattern, to " MODES);
    e->tools = cu_arena_alloc(r->a, CU_GUARD_MAX_TOOLS * sizeof *e->tools);
    if (!e->tools)
        return CU_NOMEM;
    for (const cu_yaml *k = n ? n->first : NULL; k; k = k->next) {
        if (e->tools_n == CU_GUARD_MAX_TOOLS || k->key.n == 0 || k->key.n > CU_ACCESS_MAX_PATTERN)
            return reading_wrong(r, k, "tools has at most %u names of at most %u bytes", CU_GUARD_MAX_TOOLS, CU_ACCESS_MAX_PATTERN);
        cu_tool_mode *t = &e->tools[e->tools_n++];
        t->tool = cu_arena_dup(r->a, k->key);
        CU_TRY(mode_of(r, k, "a tool's mode", &t->mode));
    }
    return CU_OK;
}

static cu_err one_entry(const reading *r, const cu_yaml *n, unsigned tier, cu_bytes name, cu_guard_config *out)
{
    if (out->n == CU_GUARD_MAX_ENTRIES || name.n > CU_ACCESS_MAX_PATTERN)
        return reading_wrong(r, n, "guard has at most %u entries with names of at most %u bytes", CU_GUARD_MAX_ENTRIES, CU_ACCESS_MAX_PATTERN);
    CU_TRY(reading_only(r, n, "guard", tier == CU_TIER_ORG ? "rules commands code injected classes tools tenants repositories" : "rules commands code injected classes tools"));
    cu_guard_entry *e = &out->v[out->n++];
    e->tier = (uint8_t)tier;
    e->name = cu_arena_dup(r->a, name);
    const cu_yaml *rules = cu_yaml_get(n, "rules");
    if (rules)
        CU_TRY(reading_text(r, rules, "rules", &e->rules));
    CU_TRY(mode_of(r, cu_yaml_get(n, "commands"), "commands", &e->commands));
    CU_TRY(mode_of(r, cu_yaml_get(n, "code"), "code", &e->code));
    CU_TRY(mode_of(r, cu_yaml_get(n, "injected"), "injected", &e->injected));
    CU_TRY(classes_of(r, cu_yaml_get(n, "classes"), e));
    return tools_of(r, cu_yaml_get(n, "tools"), e);
}

static cu_err entries(const reading *r, const cu_yaml *n, const char *what, unsigned tier, cu_guard_config *out)
{
    if (n && n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "guard.%s is a map from a name to what holds there", what);
    for (const cu_yaml *k = n ? n->first : NULL; k; k = k->next)
        CU_TRY(one_entry(r, k, tier, k->key, out));
    return CU_OK;
}

cu_err cu_guard_config_read(const cu_yaml *root, const char *path, cu_arena *a, cu_guard_config *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n = cu_yaml_get(root, "guard");
    *out = (cu_guard_config){0};
    if (!n)
        return CU_OK;
    out->v = cu_arena_alloc(a, CU_GUARD_MAX_ENTRIES * sizeof *out->v);
    if (!out->v)
        return CU_NOMEM;
    CU_TRY(one_entry(&r, n, CU_TIER_ORG, CU_NONE, out));
    CU_TRY(entries(&r, cu_yaml_get(n, "tenants"), "tenants", CU_TIER_TENANT, out));
    return entries(&r, cu_yaml_get(n, "repositories"), "repositories", CU_TIER_REPO, out);
}
