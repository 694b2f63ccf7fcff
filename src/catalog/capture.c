#include "catalog/capture.h"
#include <string.h>
#include "reading.h"

#define READ_WITHIN 60u /* minutes */
#define NEEDS_KEEP "capture of a tenant needs keep: a map from data classes to days, like {internal: 30}"

static cu_err people(const reading *r, const cu_yaml *n, const char *name, char ***out)
{
    size_t count = 0;
    for (const cu_yaml *k = n && n->kind == CU_YAML_LIST ? n->first : NULL; k; k = k->next)
        count++;
    if (n && (n->kind != CU_YAML_LIST || count > CU_CAPTURE_MAX_PEOPLE))
        return reading_wrong(r, n, "%s must be a list of at most %u names of persons", name, CU_CAPTURE_MAX_PEOPLE);
    *out = cu_arena_alloc(r->a, (count + 1) * sizeof **out);
    if (!*out)
        return CU_NOMEM;
    count = 0;
    for (const cu_yaml *k = n ? n->first : NULL; k; k = k->next)
        CU_TRY(reading_text(r, k, name, &(*out)[count++]));
    return CU_OK;
}

static cu_err keep(const reading *r, const cu_yaml *n, cu_config_kept *out)
{
    if (n->kind != CU_YAML_MAP || !n->first)
        return reading_wrong(r, n, NEEDS_KEEP);
    for (const cu_yaml *k = n->first; k; k = k->next) {
        uint8_t class;
        uint64_t days;
        if (!cu_data_class_of(k->key, &class))
            return reading_wrong(r, k, "keep: the data classes are public, internal, confidential and restricted");
        CU_TRY(reading_number(r, k, "keep", 1, CU_CAPTURE_MAX_DAYS, &days));
        out->days[class] = (uint32_t)days;
    }
    return CU_OK;
}

static cu_err one(const reading *r, const cu_yaml *n, cu_config_kept *out)
{
    unsigned word = 0;
    CU_TRY(reading_only(r, n, "capture of a tenant", "keep failing readers approvers"));
    const cu_yaml *kept = cu_yaml_get(n, "keep"), *failing = cu_yaml_get(n, "failing");
    out->tenant = cu_arena_str(r->a, n->key);
    if (!out->tenant)
        return CU_NOMEM;
    if (!kept)
        return reading_wrong(r, n, NEEDS_KEEP);
    CU_TRY(keep(r, kept, out));
    if (failing)
        CU_TRY(reading_word(r, failing, "failing", "pass refuse", &word));
    out->refuse = word == 1;
    CU_TRY(people(r, cu_yaml_get(n, "readers"), "readers", &out->readers));
    return people(r, cu_yaml_get(n, "approvers"), "approvers", &out->approvers);
}

cu_err cu_capture_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_capture *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n = cu_yaml_get(root, "capture"), *within, *tenants;
    size_t count = 0;
    uint64_t minutes = READ_WITHIN;
    *out = (cu_config_capture){.read_within_minutes = READ_WITHIN};
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&r, n, "capture", "tenants read_within_minutes"));
    if ((within = cu_yaml_get(n, "read_within_minutes")))
        CU_TRY(reading_number(&r, within, "read_within_minutes", 1, 10080, &minutes));
    out->read_within_minutes = (uint32_t)minutes;
    tenants = cu_yaml_get(n, "tenants");
    if (!tenants || tenants->kind != CU_YAML_MAP)
        return reading_wrong(&r, n, "capture needs tenants: a map from a tenant's name to what is kept of it");
    for (const cu_yaml *k = tenants->first; k; k = k->next)
        if (++count > CU_CAPTURE_MAX_TENANTS)
            return reading_wrong(&r, tenants, "capture has more than %u tenants", CU_CAPTURE_MAX_TENANTS);
    out->tenants = cu_arena_alloc(a, (count + 1) * sizeof *out->tenants);
    if (!out->tenants)
        return CU_NOMEM;
    for (const cu_yaml *k = tenants->first; k; k = k->next)
        CU_TRY(one(&r, k, &out->tenants[out->tenants_n++]));
    return CU_OK;
}

const cu_config_kept *cu_capture_of(const cu_config_capture *c, const char *tenant)
{
    for (size_t i = 0; i < c->tenants_n; i++)
        if (strcmp(c->tenants[i].tenant, tenant) == 0)
            return &c->tenants[i];
    return NULL;
}

bool cu_capture_names(char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}
