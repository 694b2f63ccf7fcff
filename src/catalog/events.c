/* catalog/events.yaml, read strictly: what stands there is written into logs that outlive it. */
#include "catalog/events.h"
#include <stdio.h>
#include <stdlib.h>
#include "registry.h"

#define KEYS_EVENT "type label means comes by log retention controls fields record example"
#define KEYS_FIELD "name type required empty dated max means sensitivity words fields"
#define BY "gateway daemon sequencer signer writers"
#define TYPES "text word number bool digest hex id time one_of words counts object list"
#define LOGS "tenant org either anchor"
#define MAX_TEXT 256u

const char *cu_field_type_name(unsigned type)
{
    static const char *const names[] = {
#define X(name, text) text,
        CU_FIELD_TYPES(X)
#undef X
    };
    return type < CU_FIELD_TYPE_COUNT ? names[type] : "unknown";
}

const char *cu_event_log_name(unsigned log)
{
    static const char *const names[] = {"tenant", "org", "either", "anchor"};
    return log <= CU_EVENT_ANCHOR ? names[log] : "unknown";
}

size_t registry_count(const cu_yaml *n)
{
    size_t k = 0;
    for (n = n ? n->first : NULL; n; n = n->next)
        k++;
    return k;
}

bool registry_is_name(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= 'a' && b.p[i] <= 'z') || (i && ((b.p[i] >= '0' && b.p[i] <= '9') || b.p[i] == '_' || b.p[i] == '.'))))
            return false;
    return b.n > 0 && b.n < CU_EVENT_NAME;
}

/* A text that must be there; it may be "" only where that is said. */
cu_err registry_text(const registry *g, const cu_yaml *map, const char *key, cu_bytes *out)
{
    const cu_yaml *n = cu_yaml_get(map, key);
    if (!n)
        return reading_wrong(&g->r, map, "%s is missing", key);
    if (n->kind != CU_YAML_SCALAR || n->text.n == 0)
        return reading_wrong(&g->r, n, "%s must be a text", key);
    *out = cu_arena_dup(g->r.a, n->text);
    return out->p ? CU_OK : CU_NOMEM;
}

cu_err registry_flag(const registry *g, const cu_yaml *map, const char *key, bool otherwise, bool *out)
{
    const cu_yaml *n = cu_yaml_get(map, key);
    unsigned which = otherwise;
    if (n)
        CU_TRY(reading_word(&g->r, n, key, "false true", &which));
    *out = which;
    return CU_OK;
}

cu_err registry_words(const registry *g, const cu_yaml *n, cu_bytes **out, size_t *n_out)
{
    *out = cu_arena_alloc(g->r.a, (registry_count(n) + 1) * sizeof **out);
    *n_out = 0;
    if (!*out)
        return CU_NOMEM;
    for (const cu_yaml *k = n->first; k; k = k->next) {
        if (k->kind != CU_YAML_SCALAR || k->text.n == 0)
            return reading_wrong(&g->r, k, "a list of words is expected");
        (*out)[(*n_out)++] = cu_arena_dup(g->r.a, k->text);
    }
    return CU_OK;
}

/* --- fields --- */

static cu_err read_fields(const registry *g, const cu_yaml *list, unsigned depth, cu_event_field **out, size_t *n);

static cu_err field_parts(const registry *g, const cu_yaml *n, unsigned depth, cu_event_field *f)
{
    const cu_yaml *words = cu_yaml_get(n, "words"), *fields = cu_yaml_get(n, "fields"), *max = cu_yaml_get(n, "max");
    bool nested = f->type == CU_FIELD_OBJECT || f->type == CU_FIELD_LIST, textual = f->type == CU_FIELD_TEXT || f->type == CU_FIELD_WORD;
    uint64_t limit = MAX_TEXT;
    if ((words != NULL) != (f->type == CU_FIELD_ONE_OF) || (words && (words->kind != CU_YAML_LIST || !words->first)))
        return reading_wrong(&g->r, n, "one_of needs words, and only it");
    if ((fields != NULL) != nested)
        return reading_wrong(&g->r, n, "object and list need fields, and only they");
    if (max && !textual)
        return reading_wrong(&g->r, max, "max is for text and word");
    if (max)
        CU_TRY(reading_number(&g->r, max, "max", 1, 16000, &limit));
    f->max = (uint32_t)limit;
    if (words)
        CU_TRY(registry_words(g, words, &f->words, &f->words_n));
    return nested ? read_fields(g, fields, depth + 1, &f->fields, &f->fields_n) : CU_OK;
}

static cu_err read_field(const registry *g, const cu_yaml *n, unsigned depth, cu_event_field *f)
{
    const cu_yaml *type, *sensitivity;
    unsigned kind = 0;
    bool required;
    CU_TRY(reading_only(&g->r, n, "a field", KEYS_FIELD));
    CU_TRY(registry_text(g, n, "name", &f->name));
    if (!registry_is_name(f->name))
        return reading_wrong(&g->r, n, "a field's name is lower-case letters, digits and _");
    type = cu_yaml_get(n, "type");
    if (!type)
        return reading_wrong(&g->r, n, "type is missing");
    CU_TRY(reading_word(&g->r, type, "type of a field", TYPES, &kind));
    f->type = (uint8_t)kind;
    CU_TRY(registry_flag(g, n, "required", true, &required));
    CU_TRY(registry_flag(g, n, "empty", false, &f->may_be_empty));
    f->optional = !required;
    CU_TRY(registry_flag(g, n, "dated", false, &f->dated));
    if (f->dated && kind != CU_FIELD_TIME)
        return reading_wrong(&g->r, n, "only a time is dated");
    f->means = cu_arena_dup(g->r.a, cu_yaml_text(n, "means", CU_NONE));
    sensitivity = cu_yaml_get(n, "sensitivity");
    f->sensitivity = sensitivity ? cu_arena_dup(g->r.a, sensitivity->text) : CU_LIT("plain");
    if (!cu_yaml_get(g->sensitivity, cu_arena_str(g->r.a, f->sensitivity)))
        return reading_wrong(&g->r, sensitivity ? sensitivity : n, "there is no sensitivity of this name at the top of the file");
    return field_parts(g, n, depth, f);
}

static cu_err read_fields(const registry *g, const cu_yaml *list, unsigned depth, cu_event_field **out, size_t *n)
{
    if (list->kind != CU_YAML_LIST || registry_count(list) > CU_EVENT_FIELDS || depth > CU_EVENT_DEPTH)
        return reading_wrong(&g->r, list, "fields is a list of at most %u, nested at most %u deep", CU_EVENT_FIELDS, CU_EVENT_DEPTH);
    *out = cu_arena_alloc(g->r.a, (registry_count(list) + 1) * sizeof **out);
    *n = 0;
    if (!*out)
        return CU_NOMEM;
    for (const cu_yaml *k = list->first; k; k = k->next) {
        cu_event_field *f = &(*out)[*n];
        CU_TRY(read_field(g, k, depth, f));
        if (*n && cu_cmp(f[-1].name, f->name) >= 0)
            return reading_wrong(&g->r, k, "fields stand in the order of their names, each once");
        ++*n;
    }
    return CU_OK;
}

/* --- events --- */

static bool is_control(const registry *g, cu_bytes id)
{
    for (const cu_yaml *k = g->controls->first; k; k = k->next)
        if (cu_eq(cu_yaml_text(k, "id", CU_NONE), id))
            return true;
    return false;
}

static cu_err read_controls(const registry *g, const cu_yaml *n, cu_event *e)
{
    const cu_yaml *list = cu_yaml_get(n, "controls");
    if (!list || list->kind != CU_YAML_LIST)
        return reading_wrong(&g->r, n, "controls is a list, which may be empty");
    CU_TRY(registry_words(g, list, &e->controls, &e->controls_n));
    for (const cu_yaml *k = list->first; k; k = k->next)
        if (!is_control(g, k->text))
            return reading_wrong(&g->r, k, "there is no control of this id in controls.yaml");
    return CU_OK;
}

static cu_err read_retention(const registry *g, const cu_yaml *n, cu_event *e)
{
    CU_TRY(registry_text(g, n, "retention", &e->retention));
    const cu_yaml *of = cu_yaml_get(g->retention, cu_arena_str(g->r.a, e->retention)), *days = of ? cu_yaml_get(of, "days") : NULL;
    if (!days)
        return reading_wrong(&g->r, cu_yaml_get(n, "retention"), "there is no retention of this name, with days, at the top of the file");
    return reading_number(&g->r, days, "days", 0, 36500, &e->retention_days);
}

static cu_err read_event(const registry *g, const cu_yaml *n, const cu_events *all, cu_event *e)
{
    unsigned which = 0;
    cu_bytes log;
    cu_fault inner = {0};
    CU_TRY(reading_only(&g->r, n, "an event", KEYS_EVENT));
    CU_TRY(registry_text(g, n, "type", &e->type));
    if (!registry_is_name(e->type))
        return reading_wrong(&g->r, n, "a type is lower-case letters, digits, . and _");
    CU_TRY(registry_text(g, n, "label", &e->label));
    CU_TRY(registry_text(g, n, "means", &e->means));
    if (cu_yaml_get(n, "comes"))
        CU_TRY(registry_text(g, n, "comes", &e->comes));
    CU_TRY(registry_text(g, n, "by", &e->by));
    CU_TRY(reading_word(&g->r, cu_yaml_get(n, "by"), "by", BY, &which));
    CU_TRY(registry_text(g, n, "log", &log));
    CU_TRY(reading_word(&g->r, cu_yaml_get(n, "log"), "log", LOGS, &which));
    e->log = (cu_event_log)which;
    CU_TRY(read_retention(g, n, e));
    CU_TRY(read_controls(g, n, e));
    if (!cu_yaml_get(n, "fields"))
        return reading_wrong(&g->r, n, "fields is missing");
    CU_TRY(read_fields(g, cu_yaml_get(n, "fields"), 1, &e->fields, &e->fields_n));
    CU_TRY(registry_record(g, n, all, e));
    CU_TRY(registry_text(g, n, "example", &e->example));
    return cu_event_check(e, e->example, &inner) == CU_OK ? CU_OK
                                                          : reading_wrong(&g->r, cu_yaml_get(n, "example"), "the example does not fit: %s", inner.text);
}

static int by_type(const void *a, const void *b)
{
    return cu_cmp((*(const cu_event *const *)a)->type, (*(const cu_event *const *)b)->type);
}

static cu_err given_twice(const registry *g, const cu_yaml *list)
{
    for (const cu_yaml *n = list->first; n; n = n->next)
        for (const cu_yaml *k = list->first; k != n; k = k->next)
            if (cu_eq(cu_yaml_text(k, "type", CU_NONE), cu_yaml_text(n, "type", CU_NONE)))
                return reading_wrong(&g->r, n, "this type is given twice, first in line %u", k->line);
    return CU_OK;
}

static cu_err read_events(const registry *g, const cu_yaml *root, cu_events *e)
{
    const cu_yaml *list = cu_yaml_get(root, "events");
    if (!list || list->kind != CU_YAML_LIST || registry_count(list) > CU_EVENTS_MAX)
        return reading_wrong(&g->r, root, "events is a list of at most %u", CU_EVENTS_MAX);
    e->v = cu_arena_alloc(g->r.a, (registry_count(list) + 1) * sizeof *e->v);
    e->by_type = cu_arena_alloc(g->r.a, (registry_count(list) + 1) * sizeof *e->by_type);
    if (!e->v || !e->by_type)
        return CU_NOMEM;
    CU_TRY(given_twice(g, list));
    for (const cu_yaml *n = list->first; n; n = n->next, e->n++) {
        CU_TRY(read_event(g, n, e, &e->v[e->n]));
        e->by_type[e->n] = &e->v[e->n];
    }
    qsort(e->by_type, e->n, sizeof *e->by_type, by_type);
    return CU_OK;
}

static cu_err read_planned(const registry *g, const cu_yaml *root, cu_events *e)
{
    const cu_yaml *list = cu_yaml_get(root, "planned");
    if (!list)
        return CU_OK;
    if (list->kind != CU_YAML_LIST || registry_count(list) > CU_EVENTS_MAX)
        return reading_wrong(&g->r, list, "planned is a list of at most %u", CU_EVENTS_MAX);
    e->planned_types = cu_arena_alloc(g->r.a, (registry_count(list) + 1) * sizeof *e->planned_types);
    if (!e->planned_types)
        return CU_NOMEM;
    CU_TRY(given_twice(g, list));
    for (const cu_yaml *n = list->first; n; n = n->next) {
        cu_bytes type;
        CU_TRY(reading_only(&g->r, n, "a planned event", "type by in means"));
        CU_TRY(registry_text(g, n, "type", &type));
        if (cu_event_find(e, type))
            return reading_wrong(&g->r, n, "this type is written already, and cannot be planned");
        e->planned_types[e->planned++] = type;
    }
    return CU_OK;
}

cu_err cu_events_load(const char *dir, cu_arena *a, cu_events **out, cu_fault *f)
{
    char path[4096], controls[4096];
    const cu_yaml *root, *other;
    cu_events *e = cu_arena_alloc(a, sizeof *e);
    if (!e)
        return CU_NOMEM;
    snprintf(controls, sizeof controls, "%s/controls.yaml", dir);
    CU_TRY(cu_yaml_load(controls, a, &other, f));
    snprintf(path, sizeof path, "%s/events.yaml", dir);
    CU_TRY(cu_yaml_load(path, a, &root, f));
    registry g = {{path, a, f}, cu_yaml_get(root, "sensitivity"), cu_yaml_get(root, "retention"), cu_yaml_get(other, "controls")};
    CU_TRY(reading_only(&g.r, root, "the registry", "schema_version sensitivity retention registers events planned"));
    if (!g.sensitivity || g.sensitivity->kind != CU_YAML_MAP || !g.retention || g.retention->kind != CU_YAML_MAP)
        return reading_wrong(&g.r, root, "sensitivity and retention are maps");
    if (!g.controls || g.controls->kind != CU_YAML_LIST)
        return cu_fail(f, CU_CONFIG, "%.200s: controls is a list", controls);
    CU_TRY(registry_registers(&g, root, e));
    CU_TRY(read_events(&g, root, e));
    CU_TRY(read_planned(&g, root, e));
    *out = e;
    return CU_OK;
}

static int type_against(const void *key, const void *item)
{
    return cu_cmp(*(const cu_bytes *)key, (*(const cu_event *const *)item)->type);
}

const cu_event *cu_event_find(const cu_events *e, cu_bytes type)
{
    const cu_event *const *hit = e->n ? bsearch(&type, e->by_type, e->n, sizeof *e->by_type, type_against) : NULL;
    return hit ? *hit : NULL;
}
