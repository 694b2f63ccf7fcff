/* callers:, prices:, lockout: and tenants[].limits of custos.yaml. */
#include "catalog/callers.h"
#include "reading.h"

#define MAX_CALLERS 10000u
#define MAX_PRICES 1000u

bool cu_money_of(cu_bytes text, uint64_t *millionths)
{
    uint64_t v = 0;
    size_t point = cu_find(text, CU_LIT("."), 0), whole = point == (size_t)-1 ? text.n : point;
    size_t behind = point == (size_t)-1 ? 0 : text.n - point - 1;
    if (whole == 0 || whole > 9 || behind > 6 || (point != (size_t)-1 && behind == 0))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (i == point)
            continue;
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (text.p[i] - '0');
    }
    for (size_t i = behind; i < 6; i++)
        v *= 10;
    *millionths = v;
    return true;
}

static cu_err money(const reading *r, const cu_yaml *n, const char *name, uint64_t *out)
{
    if (n->kind == CU_YAML_SCALAR && cu_money_of(n->text, out))
        return CU_OK;
    return reading_wrong(r, n, "%s is an amount like 12.50, with at most six digits behind the point", name);
}

static cu_err limits(const reading *r, const cu_yaml *n, cu_config_limits *out)
{
    const cu_yaml *k;
    CU_TRY(reading_only(r, n, "limits", "requests_per_minute tokens_per_minute tokens_per_day spend_per_day concurrent"));
    if ((k = cu_yaml_get(n, "requests_per_minute")))
        CU_TRY(reading_number(r, k, "requests_per_minute", 1, CU_MAX_PER_MINUTE, &out->requests_per_minute));
    if ((k = cu_yaml_get(n, "tokens_per_minute")))
        CU_TRY(reading_number(r, k, "tokens_per_minute", 1, CU_MAX_PER_MINUTE, &out->tokens_per_minute));
    if ((k = cu_yaml_get(n, "tokens_per_day")))
        CU_TRY(reading_number(r, k, "tokens_per_day", 1, CU_MAX_PER_DAY, &out->tokens_per_day));
    if ((k = cu_yaml_get(n, "concurrent")))
        CU_TRY(reading_number(r, k, "concurrent", 1, CU_MAX_CONCURRENT, &out->concurrent));
    if ((k = cu_yaml_get(n, "spend_per_day"))) {
        CU_TRY(money(r, k, "spend_per_day", &out->spend_per_day));
        if (out->spend_per_day == 0)
            return reading_wrong(r, k, "spend_per_day must be above 0; without it there is no limit");
    }
    return CU_OK;
}

cu_err cu_config_read_limits(const char *path, const cu_yaml *n, cu_arena *a, cu_config_limits *out, cu_fault *f)
{
    const reading r = {path, a, f};
    return limits(&r, n, out);
}

static cu_err scopes(const reading *r, const cu_yaml *n, cu_config_scopes *out)
{
    const struct {
        const char *name;
        char **to;
    } all[] = {{"vendors", &out->vendors}, {"models", &out->models}, {"repos", &out->repos}, {"classes", &out->classes}, {"tools", &out->tools}};
    CU_TRY(reading_only(r, n, "scopes", "vendors models repos classes tools"));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const cu_yaml *k = cu_yaml_get(n, all[i].name);
        if (k)
            CU_TRY(reading_names(r, k, all[i].name, all[i].to));
    }
    return CU_OK;
}

static bool is_certificate_name(const char *s)
{
    static const char *const kinds[] = {"dns:", "email:", "uri:", "subject:"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(s, kinds[i], strlen(kinds[i])) == 0)
            return s[strlen(kinds[i])] != 0 && strlen(s) <= 512;
    return false;
}

static cu_err one_caller(const reading *r, const cu_yaml *n, cu_config_caller *out)
{
    CU_TRY(reading_only(r, n, "an entry of callers", "certificate tenant user service scopes limits"));
    const cu_yaml *certificate = cu_yaml_get(n, "certificate"), *tenant = cu_yaml_get(n, "tenant"), *user = cu_yaml_get(n, "user");
    const cu_yaml *service = cu_yaml_get(n, "service"), *k;
    if (!certificate || !tenant || !user == !service)
        return reading_wrong(r, n, "an entry of callers needs certificate, tenant, and either user or service");
    CU_TRY(reading_text(r, certificate, "certificate", &out->certificate));
    if (!is_certificate_name(out->certificate))
        return reading_wrong(r, certificate, "certificate is dns:NAME, email:ADDRESS, uri:URI or subject:NAME, as it stands in the certificate");
    CU_TRY(reading_text(r, tenant, "tenant", &out->tenant));
    out->service = service != NULL;
    CU_TRY(reading_names(r, user ? user : service, user ? "user" : "service", &out->user));
    if ((k = cu_yaml_get(n, "scopes")))
        CU_TRY(scopes(r, k, &out->scopes));
    if ((k = cu_yaml_get(n, "limits")))
        CU_TRY(limits(r, k, &out->limits));
    return CU_OK;
}

static cu_err list(const reading *r, const cu_yaml *n, const char *name, size_t max, size_t item, void **out, size_t *count)
{
    *count = 0;
    if (n->kind != CU_YAML_LIST || !n->first)
        return reading_wrong(r, n, "%s must be a list with at least one entry", name);
    for (const cu_yaml *k = n->first; k; k = k->next)
        ++*count;
    if (*count > max)
        return reading_wrong(r, n, "%s has more than %zu entries", name, max);
    *out = cu_arena_alloc(r->a, *count * item);
    return *out ? CU_OK : CU_NOMEM;
}

cu_err cu_config_read_callers(const char *path, const cu_yaml *n, cu_arena *a, cu_config_callers *out, cu_fault *f)
{
    const reading r = {path, a, f};
    size_t i = 0;
    CU_TRY(list(&r, n, "callers", MAX_CALLERS, sizeof *out->callers, (void **)&out->callers, &out->callers_n));
    for (const cu_yaml *k = n->first; k; k = k->next, i++) {
        CU_TRY(one_caller(&r, k, &out->callers[i]));
        for (size_t j = 0; j < i; j++)
            if (strcmp(out->callers[j].certificate, out->callers[i].certificate) == 0)
                return reading_wrong(&r, k, "the certificate %.100s is given twice", out->callers[i].certificate);
    }
    return CU_OK;
}

static cu_err one_price(const reading *r, const cu_yaml *n, cu_config_price *out)
{
    const cu_yaml *models, *input, *output, *k;
    CU_TRY(reading_only(r, n, "an entry of prices", "models input output cache_read cache_write"));
    models = cu_yaml_get(n, "models");
    input = cu_yaml_get(n, "input");
    output = cu_yaml_get(n, "output");
    if (!models || !input || !output)
        return reading_wrong(r, n, "an entry of prices needs models, and input and output for a million tokens");
    CU_TRY(reading_names(r, models, "models", &out->models));
    CU_TRY(money(r, input, "input", &out->input));
    CU_TRY(money(r, output, "output", &out->output));
    out->cache_read = out->cache_write = out->input;
    if ((k = cu_yaml_get(n, "cache_read")))
        CU_TRY(money(r, k, "cache_read", &out->cache_read));
    if ((k = cu_yaml_get(n, "cache_write")))
        CU_TRY(money(r, k, "cache_write", &out->cache_write));
    if ((out->input | out->output | out->cache_read | out->cache_write) >> 40)
        return reading_wrong(r, n, "a price is at most one million");
    return CU_OK;
}

cu_err cu_config_read_prices(const char *path, const cu_yaml *n, cu_arena *a, cu_config_callers *out, cu_fault *f)
{
    const reading r = {path, a, f};
    size_t i = 0;
    CU_TRY(list(&r, n, "prices", MAX_PRICES, sizeof *out->prices, (void **)&out->prices, &out->prices_n));
    for (const cu_yaml *k = n->first; k; k = k->next, i++)
        CU_TRY(one_price(&r, k, &out->prices[i]));
    return CU_OK;
}

cu_err cu_config_read_lockout(const char *path, const cu_yaml *n, cu_config_callers *out, cu_fault *f)
{
    const reading r = {path, NULL, f};
    const cu_yaml *k;
    CU_TRY(reading_only(&r, n, "lockout", "failures seconds"));
    if ((k = cu_yaml_get(n, "failures")))
        CU_TRY(reading_number(&r, k, "failures", 0, 1000000, &out->lockout_failures));
    if ((k = cu_yaml_get(n, "seconds")))
        CU_TRY(reading_number(&r, k, "seconds", 1, 86400, &out->lockout_seconds));
    return CU_OK;
}
