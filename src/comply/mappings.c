/* Cross-maps of controls to other frameworks: ids only, ours or the customer's. */
#include "reading.h"

static cu_err read_one(const reading *r, const cu_yaml *root, const cu_yaml *n, cu_arena *a, cu_mapping *out)
{
    const cu_yaml *known = cu_yaml_get(root, "frameworks"), *f = known ? known->first : NULL;
    while (f && !cu_eq(f->key, n->key))
        f = f->next;
    if (!f || f->kind != CU_YAML_SCALAR || !f->text.n)
        return wrong_at(r, n, "frameworks has no name for %.*s", CU_FMT(n->key));
    if (n->kind != CU_YAML_LIST || read_count(n) > CU_MAPPING_IDS)
        return wrong_at(r, n, "a list of at most %u ids is expected", CU_MAPPING_IDS);
    *out = (cu_mapping){.framework = n->key, .title = f->text, .ids = cu_arena_alloc(a, (read_count(n) + 1) * sizeof *out->ids)};
    if (!out->ids)
        return CU_NOMEM;
    for (const cu_yaml *id = n->first; id; id = id->next) {
        if (id->kind != CU_YAML_SCALAR || !id->text.n || id->text.n > 60)
            return wrong_at(r, id, "an id of 1 to 60 bytes is expected");
        out->ids[out->ids_n++] = id->text;
    }
    return CU_OK;
}

cu_err read_mappings(const reading *r, const cu_yaml *root, const cu_yaml *n, cu_arena *a, cu_control *k)
{
    const cu_yaml *map = cu_yaml_get(n, "mappings");
    if (!map)
        return CU_OK;
    if (map->kind != CU_YAML_MAP || read_count(map) > CU_MAPPINGS)
        return wrong_at(r, map, "a map of at most %u frameworks is expected", CU_MAPPINGS);
    k->mappings = cu_arena_alloc(a, (read_count(map) + 1) * sizeof *k->mappings);
    if (!k->mappings)
        return CU_NOMEM;
    for (const cu_yaml *m = map->first; m; m = m->next) {
        CU_TRY(read_one(r, root, m, a, &k->mappings[k->mappings_n]));
        k->mappings_n += k->mappings[k->mappings_n].ids_n > 0;
    }
    return CU_OK;
}

void cu_mappings_json(const cu_control *k, cu_buf *b)
{
    cu_buf_json_key(b, "mappings");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < k->mappings_n; i++) {
        const cu_mapping *m = &k->mappings[i];
        cu_buf_str(b, i ? ",{" : "{");
        cu_buf_json_kv(b, "framework", m->framework);
        cu_buf_json_kv(b, "title", m->title);
        cu_buf_json_key(b, "ids");
        for (size_t j = 0; j < m->ids_n; j++) {
            cu_buf_byte(b, j ? ',' : '[');
            cu_buf_json_string(b, m->ids[j]);
        }
        cu_buf_str(b, "]}");
    }
    cu_buf_byte(b, ']');
}
