/* Lists and short texts of rules for commands and code. */
#include "reading.h"

size_t reading_count(const cu_yaml *n)
{
    size_t count = 0;
    for (const cu_yaml *k = n->first; k; k = k->next)
        count++;
    return count;
}

/* A list of texts, or one text. */
cu_err reading_list(const reading *r, const cu_yaml *n, cu_word_list *out)
{
    if (!n)
        return CU_OK;
    if (n->kind == CU_YAML_MAP || reading_count(n) > READING_MAX_LIST)
        return reading_wrong(r, n, "a text or a list of texts is expected");
    size_t count = n->kind == CU_YAML_SCALAR ? 1 : reading_count(n);
    cu_bytes *v = cu_arena_alloc(r->a, (out->n + count + 1) * sizeof *v);
    if (!v)
        return CU_NOMEM;
    if (out->n)
        memcpy(v, out->v, out->n * sizeof *v);
    for (const cu_yaml *k = n->kind == CU_YAML_SCALAR ? n : n->first; k; k = n->kind == CU_YAML_SCALAR ? NULL : k->next) {
        if (k->kind != CU_YAML_SCALAR || k->text.n == 0)
            return reading_wrong(r, k, "a text is expected");
        v[out->n++] = cu_arena_dup(r->a, k->text);
    }
    out->v = v;
    return CU_OK;
}

cu_err reading_phrase(const reading *r, const cu_yaml *map, const char *key, const char **out)
{
    cu_bytes t = cu_yaml_text(map, key, CU_NONE);
    if (t.n == 0 || t.n > 400)
        return reading_wrong(r, map, "%s is a text of 1 to 400 bytes", key);
    *out = cu_arena_str(r->a, t);
    return *out ? CU_OK : CU_NOMEM;
}
