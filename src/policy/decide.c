/* Decisions as pure functions: the same inputs from the log give the same answer years later. */
#include "policy/decide.h"

const char *cu_decision_name(cu_decision d)
{
    static const char *const names[] = {
#define X(name, text) text,
        CU_DECISIONS(X)
#undef X
    };
    return (unsigned)d < sizeof names / sizeof *names ? names[d] : "unknown";
}

cu_decision cu_decide_key(const cu_bundle_key *key, uint64_t now_ns)
{
    if (!key)
        return CU_DECISION_BAD_KEY;
    if (key->revoked)
        return CU_DECISION_KEY_REVOKED;
    return key->expires_ns && key->expires_ns <= now_ns ? CU_DECISION_KEY_EXPIRED : CU_DECISION_ALLOW;
}

bool cu_name_fits(cu_bytes rule, cu_bytes model)
{
    while (rule.n) {
        size_t end = cu_find(rule, CU_LIT(","), 0);
        cu_bytes one = cu_slice(rule, 0, end == (size_t)-1 ? rule.n : end);
        rule = end == (size_t)-1 ? CU_NONE : cu_slice(rule, end + 1, rule.n);
        if (one.n && one.p[one.n - 1] == '*' ? cu_starts(model, cu_slice(one, 0, one.n - 1)) : cu_eq(one, model))
            return true;
    }
    return false;
}

bool cu_scope_holds(cu_bytes scope, cu_bytes name)
{
    return scope.n == 0 || cu_name_fits(scope, name);
}

cu_decision cu_decide_scope(const cu_bundle_key *key, cu_bytes vendor, cu_bytes model)
{
    if (!cu_scope_holds(key->scopes.vendors, vendor))
        return CU_DECISION_VENDOR_SCOPE;
    return model.n && !cu_scope_holds(key->scopes.models, model) ? CU_DECISION_MODEL_SCOPE : CU_DECISION_ALLOW;
}

const cu_bundle_vendor *cu_decide_vendor(const cu_bundle *b, cu_bytes api, cu_bytes prefix, cu_bytes model)
{
    const cu_bundle_vendor *otherwise = NULL;
    for (size_t i = 0; i < b->vendors_n; i++) {
        const cu_bundle_vendor *v = &b->vendors[i];
        if (!cu_eq(v->api, api))
            continue;
        if (prefix.n) {
            if (cu_eq(v->name, prefix))
                return v;
            continue;
        }
        if (v->models.n && cu_name_fits(v->models, model))
            return v;
        if (!v->models.n && !otherwise)
            otherwise = v;
    }
    return otherwise;
}

cu_decision cu_decide_vendor_state(const cu_bundle_vendor *v, uint64_t now_ns, cu_vendor_state *state)
{
    *state = (cu_vendor_state)v->decision;
    if (*state == CU_VENDOR_APPROVED && v->until_ns && v->until_ns <= now_ns)
        *state = CU_VENDOR_EXPIRED;
    return *state == CU_VENDOR_REFUSED   ? CU_DECISION_VENDOR_REFUSED
           : *state == CU_VENDOR_UNASSESSED && !v->allow_unassessed ? CU_DECISION_VENDOR_UNASSESSED
           : *state == CU_VENDOR_EXPIRED ? CU_DECISION_VENDOR_EXPIRED
                                         : CU_DECISION_ALLOW;
}

const char *cu_vendor_state_name(cu_vendor_state s)
{
    static const char *const names[] = {"unassessed", "approved", "refused", "expired"};
    return (unsigned)s < 4 ? names[s] : "unknown";
}
