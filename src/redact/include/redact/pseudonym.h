/* Names that a provider may tell callers apart by (user ids, cache keys, sessions), replaced by keyed
 * ones of the tenant: the same in every turn, and never the same for two tenants, so that one cannot
 * reach into the cache or the history of another. */
#ifndef CUSTOS_REDACT_PSEUDONYM_H
#define CUSTOS_REDACT_PSEUDONYM_H

#include "redact/surrogate.h"

#define CU_PSEUDONYM_LEN 39 /* custos- and 32 hex digits; within OpenAI's 64 and Anthropic's 256 */

/* field keeps equal values of different members apart. */
void cu_pseudonym(const uint8_t key[CU_TENANT_KEY_LEN], cu_bytes field, cu_bytes value, char out[CU_PSEUDONYM_LEN + 1]);

#endif
