#include "reading.h"
#include <stdarg.h>
#include <stdio.h>

cu_err wrong_at(const reading *r, const cu_yaml *n, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->f)
        r->f->line = n->line;
    return cu_fail(r->f, CU_CONFIG, "%s:%u: %s", n->file ? n->file : r->path, n->line, text);
}

cu_err read_needed(const reading *r, const cu_yaml *map, const char *key, cu_bytes *out)
{
    *out = cu_yaml_text(map, key, CU_NONE);
    return out->n ? CU_OK : wrong_at(r, map, "%s is missing", key);
}

size_t read_count(const cu_yaml *list)
{
    size_t n = 0;
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next)
        n++;
    return n;
}

cu_err read_days(const reading *r, const cu_yaml *map, const char *key, uint64_t *out)
{
    cu_bytes days;
    CU_TRY(read_needed(r, map, key, &days));
    *out = 0;
    for (size_t i = 0; i < days.n && i < 5; i++)
        *out = days.p[i] >= '0' && days.p[i] <= '9' ? *out * 10 + (uint64_t)(days.p[i] - '0') : 100000;
    return *out >= 1 && *out <= 1000 ? CU_OK : wrong_at(r, cu_yaml_get(map, key), "%s is a number from 1 to 1000", key);
}

cu_err read_duration(const reading *r, const cu_yaml *n, uint64_t *ns)
{
    uint64_t v = 0;
    size_t i = 0;
    cu_bytes t = n->kind == CU_YAML_SCALAR ? n->text : CU_NONE;
    for (; i < t.n && i < 5 && t.p[i] >= '0' && t.p[i] <= '9'; i++)
        v = v * 10 + (t.p[i] - '0');
    bool hours = i + 1 == t.n && t.p[i] == 'h', days = i + 1 == t.n && t.p[i] == 'd';
    if (!i || !v || (!hours && !days))
        return wrong_at(r, n, "a limit like 24h or 380d is expected");
    *ns = v * (hours ? 3600ull : 86400ull) * 1000000000ull;
    return CU_OK;
}

cu_err read_only_keys(const reading *r, const cu_yaml *map, const char *keys)
{
    if (map->kind != CU_YAML_MAP)
        return wrong_at(r, map, "a map with %s is expected", keys);
    for (const cu_yaml *n = map->first; n; n = n->next) {
        const char *at = keys;
        bool known = false;
        while (*at && !known) {
            size_t len = strcspn(at, " ");
            known = cu_eq(n->key, cu_bytes_of(at, len));
            at += len + (at[len] == ' ');
        }
        if (!known)
            return wrong_at(r, n, "there is no key of this name here; there are: %s", keys);
    }
    return CU_OK;
}
