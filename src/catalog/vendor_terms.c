#include "catalog/vendor_terms.h"
#include "base/buf.h"
#include "base/digest.h"
#include "reading.h"
#include "vendor_health.h"

static cu_err yes_or_no(const reading *r, const cu_yaml *n, const char *name, bool *out)
{
    unsigned w;
    CU_TRY(reading_word(r, n, name, "false true", &w));
    *out = w == 1;
    return CU_OK;
}

/* plans: {enterprise: {training: none, retention: none, mismatch: set}} */
static cu_err one_plan(const reading *r, const cu_yaml *n, cu_vendor_terms *out)
{
    const cu_yaml *k;
    unsigned w;
    CU_TRY(reading_only(r, n, "a plan", "training retention mismatch"));
    cu_vendor_terms t = {0};
    if ((k = cu_yaml_get(n, "training"))) {
        CU_TRY(reading_word(r, k, "training", "none allowed", &w));
        t.no_training = w == 0;
    }
    if ((k = cu_yaml_get(n, "retention"))) {
        CU_TRY(reading_word(r, k, "retention", "none allowed", &w));
        t.no_retention = w == 0;
    }
    if ((k = cu_yaml_get(n, "mismatch"))) {
        CU_TRY(reading_word(r, k, "mismatch", "refuse set record", &w));
        t.mismatch = (uint8_t)w;
    }
    if (out) {
        out->no_training = t.no_training;
        out->no_retention = t.no_retention;
        out->mismatch = t.mismatch;
    }
    return CU_OK;
}

static cu_err read_plans(const reading *r, const cu_yaml *plan, const cu_yaml *plans, cu_vendor_terms *out)
{
    bool found = false;
    if (plan)
        CU_TRY(reading_names(r, plan, "plan", &out->plan));
    if (plans && plans->kind != CU_YAML_MAP)
        return reading_wrong(r, plans, "plans is a map from the name of a plan to its terms");
    if (plans && !plan)
        return reading_wrong(r, plans, "plans needs plan: which of them is in use");
    for (const cu_yaml *k = plans ? plans->first : NULL; k; k = k->next) {
        bool chosen = cu_eq_str(k->key, out->plan);
        CU_TRY(one_plan(r, k, chosen ? out : NULL));
        found |= chosen;
    }
    return plans && !found ? reading_wrong(r, plan, "plan %.60s is not among plans", out->plan) : CU_OK;
}

/* "sha256/" and base64, as curl and browsers write it. */
static cu_err read_pins(const reading *r, const cu_yaml *n, cu_vendor_terms *out)
{
    const cu_yaml *k = n->kind == CU_YAML_LIST ? n->first : n;
    for (; k; k = n->kind == CU_YAML_LIST ? k->next : NULL) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(64);
        if (out->pins_n == CU_VENDOR_PINS)
            return reading_wrong(r, k, "pins has more than %u entries", CU_VENDOR_PINS);
        if (k->kind != CU_YAML_SCALAR || !cu_starts(k->text, CU_LIT("sha256/")) ||
            cu_unbase64(&b, cu_slice(k->text, 7, k->text.n)) != CU_OK || b.n != 32)
            return reading_wrong(r, k, "a pin is sha256/ and the base64 of the SHA-256 of the public key (SubjectPublicKeyInfo)");
        memcpy(out->pins[out->pins_n++], b.p, 32);
    }
    return CU_OK;
}

/* timeouts: {connect: 15, send: 60, read: 600} */
static cu_err read_timeouts(const reading *r, const cu_yaml *n, cu_vendor_terms *out)
{
    static const struct {
        const char *name;
        uint32_t max;
    } keys[] = {{"connect", 75}, {"send", 3600}, {"read", 3600}};
    uint32_t *const to[] = {&out->connect_s, &out->send_s, &out->read_s};
    CU_TRY(reading_only(r, n, "timeouts", "connect send read"));
    out->own_timeouts = true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint64_t seconds;
        const cu_yaml *k = cu_yaml_get(n, keys[i].name);
        if (!k)
            continue;
        CU_TRY(reading_number(r, k, keys[i].name, 1, keys[i].max, &seconds));
        *to[i] = (uint32_t)seconds;
    }
    return CU_OK;
}

cu_err cu_config_read_terms(const char *path, const cu_yaml *n, cu_arena *a, cu_vendor_terms *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *k;
    unsigned w;
    out->strict = out->no_soc2;
    if ((k = cu_yaml_get(n, "profile"))) {
        CU_TRY(reading_word(&r, k, "profile", "standard strict", &w));
        out->strict = w == 1;
    }
    CU_TRY(read_plans(&r, cu_yaml_get(n, "plan"), cu_yaml_get(n, "plans"), out));
    if ((k = cu_yaml_get(n, "allow_private")))
        CU_TRY(yes_or_no(&r, k, "allow_private", &out->allow_private));
    if ((k = cu_yaml_get(n, "balance"))) {
        CU_TRY(reading_word(&r, k, "balance", "order session", &w));
        out->spread = w == 1;
    }
    out->connect_s = CU_VENDOR_CONNECT_S;
    out->send_s = CU_VENDOR_SEND_S;
    out->read_s = CU_VENDOR_READ_S;
    if ((k = cu_yaml_get(n, "timeouts")))
        CU_TRY(read_timeouts(&r, k, out));
    CU_TRY(vendor_health_read(&r, n, out));
    if ((k = cu_yaml_get(n, "pins")))
        CU_TRY(read_pins(&r, k, out));
    return CU_OK;
}
