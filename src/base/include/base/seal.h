/* Authenticated encryption: AES-256-GCM (NIST SP 800-38D) with a random nonce. */
#ifndef CUSTOS_BASE_SEAL_H
#define CUSTOS_BASE_SEAL_H

#include "base/buf.h"

#define CU_SEAL_KEY 32
#define CU_SEAL_EXTRA 28 /* nonce 12 before the text, tag 16 behind it */
#define CU_SEAL_MAX ((size_t)1 << 30) /* bytes of text */

/* Appends nonce, sealed text and tag. known: not hidden, but bound to the text. At most 2^32 texts
 * under one key. */
cu_err cu_seal(const uint8_t key[CU_SEAL_KEY], cu_bytes known, cu_bytes text, cu_buf *out) CU_MUST;
/* Appends the text. CU_CORRUPT, and nothing appended, when it is not what was sealed. */
cu_err cu_unseal(const uint8_t key[CU_SEAL_KEY], cu_bytes known, cu_bytes box, cu_buf *out) CU_MUST;

#endif
