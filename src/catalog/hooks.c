#include "catalog/hooks.h"
#include <string.h>
#include "reading.h"

const char *cu_hook_kind_name(unsigned kind)
{
    static const char *const names[] = {"github", "gitlab", "gitea"};
    return names[kind];
}

static cu_err read_people(const reading *r, const cu_yaml *n, cu_config_hooks *out)
{
    if (n->kind != CU_YAML_MAP || reading_count(n) > CU_HOOK_PEOPLE)
        return reading_wrong(r, n, "hooks.people is a map from users of the code host to names of people here, at most %u", CU_HOOK_PEOPLE);
    out->people = cu_arena_alloc(r->a, (reading_count(n) + 1) * sizeof *out->people);
    if (!out->people)
        return CU_NOMEM;
    for (const cu_yaml *k = n->first; k; k = k->next) {
        char *user = cu_arena_str(r->a, k->key);
        CU_TRY(reading_text(r, k, "hooks.people", &out->people[out->people_n].name));
        if (!user)
            return CU_NOMEM;
        out->people[out->people_n++].user = user;
    }
    return CU_OK;
}

cu_err cu_hooks_read(const cu_yaml *root, const char *path, bool resolve, cu_arena *a, cu_config_hooks *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n = root ? cu_yaml_get(root, "hooks") : NULL, *k;
    *out = (cu_config_hooks){0};
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&r, n, "hooks", "github gitlab gitea people"));
    for (unsigned i = 0; i < CU_HOOK_KINDS; i++) {
        if (!(k = cu_yaml_get(n, cu_hook_kind_name(i))))
            continue;
        out->given[i] = true;
        CU_TRY(reading_secret(&r, k, cu_hook_kind_name(i), resolve, &out->secrets[i]));
        if (resolve && strlen(out->secrets[i]) < 16)
            return reading_wrong(&r, k, "the secret of hooks.%s is shorter than 16 characters", cu_hook_kind_name(i));
    }
    return (k = cu_yaml_get(n, "people")) ? read_people(&r, k, out) : CU_OK;
}

const char *cu_hook_person(const cu_config_hooks *h, const char *user)
{
    for (size_t i = 0; i < h->people_n; i++)
        if (strcmp(h->people[i].user, user) == 0)
            return h->people[i].name;
    return user;
}
