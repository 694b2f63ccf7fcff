/* Ed25519 (RFC 8032), by OpenSSL. */
#ifndef CUSTOS_BASE_SIGN_H
#define CUSTOS_BASE_SIGN_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_ED25519_KEY 32 /* bytes of a seed and of a public key */
#define CU_ED25519_SIG 64

cu_err cu_ed25519_public(const uint8_t seed[CU_ED25519_KEY], uint8_t pk[CU_ED25519_KEY]) CU_MUST;
cu_err cu_ed25519_sign(const uint8_t seed[CU_ED25519_KEY], cu_bytes text, uint8_t sig[CU_ED25519_SIG]) CU_MUST;
/* CU_SIGNATURE when it is not the signature of that key over that text. */
cu_err cu_ed25519_verify(const uint8_t pk[CU_ED25519_KEY], cu_bytes text, const uint8_t sig[CU_ED25519_SIG]) CU_MUST;

#endif
