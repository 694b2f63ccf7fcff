/* decision = f(caller, vendor, model, findings): pure, so that it can be recomputed later. */
#ifndef CUSTOS_POLICY_DECIDE_H
#define CUSTOS_POLICY_DECIDE_H

#include "policy/bundle.h"

#define CU_DECISIONS(X)                                                                            \
    X(ALLOW, "allow")                                                                              \
    X(NO_KEY, "no_key")                                                                            \
    X(BAD_KEY, "unknown_key")                                                                      \
    X(KEY_REVOKED, "revoked_key")                                                                  \
    X(KEY_EXPIRED, "expired_key")                                                                  \
    X(NO_VENDOR, "no_vendor")                                                                      \
    X(VENDOR_REFUSED, "vendor_refused")                                                            \
    X(VENDOR_EXPIRED, "vendor_expired")                                                            \
    X(VENDOR_UNASSESSED, "vendor_unassessed")                                                      \
    X(VENDOR_SCOPE, "vendor_out_of_scope")                                                         \
    X(MODEL_SCOPE, "model_out_of_scope")                                                           \
    X(TOOL_SCOPE, "tool_out_of_scope")                                                             \
    X(TERMS, "terms_mismatch")                                                                     \
    X(BLOCKED_DATA, "blocked_data")

typedef enum {
#define X(name, text) CU_DECISION_##name,
    CU_DECISIONS(X)
#undef X
} cu_decision;

const char *cu_decision_name(cu_decision d);

cu_decision cu_decide_key(const cu_bundle_key *key, uint64_t now_ns);
/* Vendor for an API path: prefix (name, may be empty) wins, then the model rule of each vendor of
 * this api, then the first vendor of this api without a model rule. NULL: none. */
const cu_bundle_vendor *cu_decide_vendor(const cu_bundle *b, cu_bytes api, cu_bytes prefix,
                                         cu_bytes model);
/* list: names, or prefixes ending in *, separated by commas. False for an empty list. */
bool cu_name_fits(cu_bytes list, cu_bytes name);
/* A scope that is empty holds everything. */
bool cu_scope_holds(cu_bytes scope, cu_bytes name);
/* Whether the key may use this vendor and this model (empty: the request names none). */
cu_decision cu_decide_scope(const cu_bundle_key *key, cu_bytes vendor, cu_bytes model);

/* Only an assessment that was approved and is in date lets a vendor be used; an unassessed one may be
 * used where the configuration says so. */
cu_decision cu_decide_vendor_state(const cu_bundle_vendor *v, uint64_t now_ns,
                                   cu_vendor_state *state);

#endif
