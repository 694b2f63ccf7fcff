/* Known secrets: exact values that a tenant names (from an .env file, a vault's export). Kept as keyed
 * hashes only; found as whole tokens, wherever they stand. */
#ifndef CUSTOS_REDACT_KNOWN_H
#define CUSTOS_REDACT_KNOWN_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "detect/detect.h"

#define CU_RULE_KNOWN UINT16_MAX      /* rule of such a finding */
#define CU_FINDING_KNOWN (1u << 16)   /* flag of such a finding */
#define CU_KNOWN_RECORD 20u           /* bytes of one value in the bundle */

typedef struct cu_known cu_known;

/* The key of a tenant's hashes, made from the key of its surrogates. */
void cu_known_key(const uint8_t surrogate_key[32], uint8_t out[32]);
/* records: what cu_known_record() made, one after another; borrowed. NULL when out of memory. */
const cu_known *cu_known_open(const uint8_t key[32], cu_bytes records, cu_arena *a);
/* The hash of one value, under the tenant's key (which the caller derives once). */
void cu_known_record(const uint8_t key[32], cu_bytes value, uint8_t out[CU_KNOWN_RECORD]);
/* Appends where they stand. */
cu_err cu_known_find(const cu_known *k, cu_bytes text, cu_findings *out) CU_MUST;

#endif
