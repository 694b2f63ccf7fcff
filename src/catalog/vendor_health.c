#include "vendor_health.h"

#define PATH_MAX_LEN 256u

/* A key that need not be given. */
static cu_err number(const reading *r, const cu_yaml *map, const char *name, uint64_t min, uint64_t max, uint32_t *out)
{
    const cu_yaml *k = cu_yaml_get(map, name);
    uint64_t n = *out;
    if (k)
        CU_TRY(reading_number(r, k, name, min, max, &n));
    *out = (uint32_t)n;
    return CU_OK;
}

static cu_err read_path(const reading *r, const cu_yaml *n, char **out)
{
    CU_TRY(reading_text(r, n, "path", out));
    size_t len = strlen(*out);
    bool good = (*out)[0] == '/' && len <= PATH_MAX_LEN;
    for (size_t i = 0; good && i < len; i++)
        good = (*out)[i] > ' ' && (*out)[i] < 0x7f && !strchr("\"\\#", (*out)[i]);
    return good ? CU_OK : reading_wrong(r, n, "check.path begins with / and is at most %u printable characters, like /health", PATH_MAX_LEN);
}

/* check: connect, or {path: /health, interval: 10, timeout: 5, fall: 3, rise: 2} */
static cu_err read_check(const reading *r, const cu_yaml *n, cu_vendor_check *out)
{
    const cu_yaml *path;
    *out = (cu_vendor_check){.given = true, .interval_s = 10, .timeout_s = 5, .fall = 3, .rise = 2};
    if (n->kind == CU_YAML_SCALAR && cu_eq_str(n->text, "connect"))
        return CU_OK;
    if (n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "check is connect, or a map like {path: /health, interval: 10}");
    CU_TRY(reading_only(r, n, "check", "path interval timeout fall rise"));
    if ((path = cu_yaml_get(n, "path")))
        CU_TRY(read_path(r, path, &out->path));
    CU_TRY(number(r, n, "interval", 1, 3600, &out->interval_s));
    CU_TRY(number(r, n, "timeout", 1, 60, &out->timeout_s));
    CU_TRY(number(r, n, "fall", 1, 10, &out->fall));
    return number(r, n, "rise", 1, 10, &out->rise);
}

/* breaker: {failures: 5, seconds: 10} */
static cu_err read_breaker(const reading *r, const cu_yaml *n, cu_vendor_breaker *out)
{
    *out = (cu_vendor_breaker){.failures = 5, .seconds = 10};
    CU_TRY(reading_only(r, n, "breaker", "failures seconds"));
    CU_TRY(number(r, n, "failures", 1, 1000, &out->failures));
    return number(r, n, "seconds", 1, 300, &out->seconds);
}

cu_err vendor_health_read(const reading *r, const cu_yaml *vendor, cu_vendor_terms *out)
{
    const cu_yaml *k;
    if ((k = cu_yaml_get(vendor, "check")))
        CU_TRY(read_check(r, k, &out->check));
    if ((k = cu_yaml_get(vendor, "breaker")))
        CU_TRY(read_breaker(r, k, &out->breaker));
    return CU_OK;
}
