/* A vendor's terms against what a request asks of it. The flags are those that the providers document:
 * OpenAI `store` and `background` (Responses keep an answer unless store is false), OpenRouter
 * `provider.data_collection`. An API that has no such flag leaves it to the account. */
#ifndef CUSTOS_POLICY_TERMS_H
#define CUSTOS_POLICY_TERMS_H

#include "policy/bundle.h"

typedef enum { CU_FLAG_ABSENT, CU_FLAG_FALSE, CU_FLAG_TRUE, CU_FLAG_OTHER } cu_flag;

typedef struct {
    bool keeps_by_default;     /* the API stores an answer unless it is told not to (Responses) */
    bool conversation;         /* it becomes part of a conversation that the provider keeps, whatever store says */
    cu_flag store, background;
    cu_flag collect;           /* provider.data_collection: "deny" is FALSE, "allow" TRUE */
} cu_request_flags;

/* What contradicts the terms of the plan: the flag's name, or NULL when nothing does. *settable: the
 * request can be set right by setting that flag to false (store). */
const char *cu_terms_mismatch(const cu_bundle_vendor *v, const cu_request_flags *flags, bool *settable);

#endif
