/* Surrogates: what stands in place of a value outside.
 *
 *   CUSTOS_MAIL_a7Q2M…        36 ASCII characters, always
 *   ^      ^    ^^
 *   mark   type |20 characters of HMAC-SHA256(tenant key, type || value), base32 (100 bits)
 *   7      4 +1 key id 1      then 3 check characters over all that stands before
 *
 * Deterministic per tenant key: the same value has the same surrogate in every turn, on every
 * worker and after a restart, so that a conversation keeps its bytes (docs/formats/surrogate.md). */
#ifndef CUSTOS_REDACT_SURROGATE_H
#define CUSTOS_REDACT_SURROGATE_H

#include "base/bytes.h"
#include "base/digest.h"
#include "catalog/types.h"

#define CU_SURROGATE_LEN 36
#define CU_SURROGATE_MARK "CUSTOS_"
#define CU_TENANT_KEY_LEN 32

typedef struct {
    uint8_t key[CU_TENANT_KEY_LEN];
    char key_id;  /* one character of [a-z0-9] */
    const cu_hmac_key *ready; /* made of key; NULL: it is made each time */
} cu_surrogate_key;

void cu_surrogate_make(const cu_surrogate_key *k, cu_type t, cu_bytes value,
                       char out[CU_SURROGATE_LEN]);
/* True when the 36 bytes at p have the form and the check characters fit. */
bool cu_surrogate_valid(const uint8_t *p);

#endif
