#include "comply/listing.h"
#include <stdio.h>
#include <stdlib.h>
#include "catalog/yaml.h"

#define RULES_MAX 16u

typedef struct {
    cu_bytes frequency;
    uint64_t min, max, percent;
    bool all_if_fewer;
} rule;

typedef struct {
    cu_bytes id, frequency;
    cu_bytes types[CU_LISTING_TYPES];
    size_t types_n;
    cu_listing_field where[CU_LISTING_FIELDS];
    size_t where_n;
} control;

struct cu_control_listings {
    rule rules[RULES_MAX];
    size_t rules_n;
    control *v;
    size_t n;
};

static cu_err wrong(cu_fault *f, const char *file, const cu_yaml *n, const char *what)
{
    if (f)
        f->line = n->line;
    return cu_fail(f, CU_CONFIG, "%s:%u: %s", n->file ? n->file : file, n->line, what);
}

static bool number(const cu_yaml *map, const char *key, uint64_t *out)
{
    cu_bytes t = cu_yaml_text(map, key, CU_NONE);
    *out = 0;
    for (size_t i = 0; i < t.n && t.n < 6; i++) {
        if (t.p[i] < '0' || t.p[i] > '9')
            return false;
        *out = *out * 10 + (t.p[i] - '0');
    }
    return *out > 0;
}

static const rule *rule_of(const cu_control_listings *c, cu_bytes frequency)
{
    for (size_t i = 0; i < c->rules_n; i++)
        if (cu_eq(c->rules[i].frequency, frequency))
            return &c->rules[i];
    return NULL;
}

static cu_err load_rules(const char *path, const cu_yaml *root, cu_control_listings *c, cu_fault *f)
{
    const cu_yaml *rules = cu_yaml_get(root, "sampling_rules");
    if (!rules || rules->kind != CU_YAML_MAP)
        return wrong(f, path, root, "sampling_rules: a map is expected");
    for (const cu_yaml *n = rules->first; n; n = n->next) {
        if (n->kind != CU_YAML_MAP) /* the note */
            continue;
        rule r = {.frequency = n->key, .all_if_fewer = cu_eq_str(cu_yaml_text(n, "all_if_fewer", CU_NONE), "true")};
        if (cu_yaml_get(n, "percent") && (!number(n, "percent", &r.percent) || r.percent > 100))
            return wrong(f, path, n, "percent: 1 to 100 is expected");
        if (!number(n, "min", &r.min) || !number(n, "max", &r.max) || r.min > r.max || r.max > CU_SAMPLE_MAX)
            return wrong(f, path, n, "min and max are expected, at most 1000");
        if (c->rules_n == RULES_MAX)
            return wrong(f, path, n, "too many rules");
        c->rules[c->rules_n++] = r;
    }
    return CU_OK;
}

static int by_text(const void *x, const void *y)
{
    return cu_cmp(*(const cu_bytes *)x, *(const cu_bytes *)y);
}

static int by_field(const void *x, const void *y)
{
    return cu_cmp(((const cu_listing_field *)x)->field, ((const cu_listing_field *)y)->field);
}

static bool type_form(cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!((t.p[i] >= 'a' && t.p[i] <= 'z') || t.p[i] == '_' || t.p[i] == '.'))
            return false;
    return t.n > 2 && t.n <= 64 && memchr(t.p, '.', t.n);
}

static cu_err load_types(const char *path, const cu_yaml *list, control *k, cu_fault *f)
{
    for (const cu_yaml *e = list->first; e; e = e->next) {
        if (k->types_n == CU_LISTING_TYPES || e->kind != CU_YAML_SCALAR || !type_form(e->text))
            return wrong(f, path, e, "a type of entry like key.issued is expected, at most 40");
        k->types[k->types_n++] = e->text;
    }
    qsort(k->types, k->types_n, sizeof *k->types, by_text);
    for (size_t i = 1; i < k->types_n; i++)
        if (cu_eq(k->types[i - 1], k->types[i]))
            return wrong(f, path, list, "a type is given twice");
    return CU_OK;
}

static cu_err load_where(const char *path, const cu_yaml *map, control *k, cu_fault *f)
{
    for (const cu_yaml *e = map ? map->first : NULL; e; e = e->next) {
        if (k->where_n == CU_LISTING_FIELDS || e->kind != CU_YAML_SCALAR || e->text.n == 0 || e->text.n > 64)
            return wrong(f, path, e, "a member of the entry's body and its value are expected, at most 8");
        k->where[k->where_n++] = (cu_listing_field){e->key, e->text};
    }
    qsort(k->where, k->where_n, sizeof *k->where, by_field);
    return CU_OK;
}

/* evidence.listing says what to list; without it, all of evidence.events. */
static cu_err load_control(const char *path, const cu_yaml *n, cu_control_listings *c, cu_fault *f)
{
    control k = {.id = cu_yaml_text(n, "id", CU_NONE), .frequency = cu_yaml_text(n, "frequency", CU_NONE)};
    const cu_yaml *evidence = cu_yaml_get(n, "evidence"), *listing = evidence ? cu_yaml_get(evidence, "listing") : NULL;
    const cu_yaml *types = listing ? cu_yaml_get(listing, "events") : evidence ? cu_yaml_get(evidence, "events") : NULL;
    if (!rule_of(c, k.frequency))
        return wrong(f, path, n, "no sampling rule is for this frequency");
    if (listing && (listing->kind != CU_YAML_MAP || !types))
        return wrong(f, path, listing, "a listing needs events");
    if (types)
        CU_TRY(load_types(path, types, &k, f));
    if (listing && k.types_n == 0)
        return wrong(f, path, listing, "a listing needs events");
    if (listing)
        CU_TRY(load_where(path, cu_yaml_get(listing, "where"), &k, f));
    c->v[c->n++] = k;
    return CU_OK;
}

cu_err cu_control_listings_load(const char *dir, cu_arena *a, cu_control_listings **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root;
    size_t n = 1;
    snprintf(path, sizeof path, "%s/controls.yaml", dir);
    CU_TRY(cu_yaml_load(path, a, &root, f));
    cu_control_listings *c = cu_arena_alloc(a, sizeof *c);
    const cu_yaml *list = cu_yaml_get(root, "controls");
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next)
        n++;
    if (!c || !(c->v = cu_arena_alloc(a, n * sizeof *c->v)))
        return CU_NOMEM;
    CU_TRY(load_rules(path, root, c, f));
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next)
        CU_TRY(load_control(path, k, c, f));
    *out = c;
    return CU_OK;
}

static const control *find(const cu_control_listings *c, cu_bytes id)
{
    for (size_t i = 0; i < c->n; i++)
        if (cu_eq(c->v[i].id, id))
            return &c->v[i];
    return NULL;
}

cu_err cu_control_listing(const cu_control_listings *c, const char *id, cu_population *out)
{
    const control *k = find(c, cu_str(id));
    if (!k || k->types_n == 0)
        return CU_NOT_FOUND;
    out->control = k->id;
    memcpy(out->types, k->types, sizeof k->types);
    out->types_n = k->types_n;
    memcpy(out->where, k->where, sizeof k->where);
    out->where_n = k->where_n;
    return CU_OK;
}

cu_err cu_control_sample_size(const cu_control_listings *c, cu_bytes id, uint64_t count, uint64_t *size, char why[CU_SAMPLE_WHY])
{
    const control *k = find(c, id);
    const rule *r = k ? rule_of(c, k->frequency) : NULL;
    if (!r)
        return CU_NOT_FOUND;
    uint64_t n = r->max;
    if (r->percent) {
        n = (count * r->percent + 99) / 100;
        n = n < r->min ? r->min : n > r->max ? r->max : n;
        snprintf(why, CU_SAMPLE_WHY, "%.*s is a control by %.*s: %llu percent of the rows, at least %llu, at most %llu; house default", CU_FMT(k->id),
                 CU_FMT(k->frequency), (unsigned long long)r->percent, (unsigned long long)r->min, (unsigned long long)r->max);
    } else {
        snprintf(why, CU_SAMPLE_WHY, "%.*s is a control of frequency %.*s: %llu to %llu rows, the larger is taken; house default", CU_FMT(k->id),
                 CU_FMT(k->frequency), (unsigned long long)r->min, (unsigned long long)r->max);
    }
    if (count <= n) {
        size_t at = strlen(why);
        n = count;
        snprintf(why + at, CU_SAMPLE_WHY - at, "; there are no more than that, so all are taken");
    }
    *size = n;
    return CU_OK;
}
