/* X25519 (RFC 7748): what is sealed to a public key, only the holder of the secret key opens. */
#ifndef CUSTOS_BASE_AGREE_H
#define CUSTOS_BASE_AGREE_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_X25519_KEY 32

cu_err cu_x25519_public(const uint8_t secret[CU_X25519_KEY], uint8_t pk[CU_X25519_KEY]) CU_MUST;
/* A key of 32 bytes that both sides get: SHA-256 keyed by what they share, over label and both public
 * keys. CU_CORRUPT when the other's key is a point of small order. */
cu_err cu_x25519_agree(const uint8_t secret[CU_X25519_KEY], const uint8_t other[CU_X25519_KEY], cu_bytes label,
                       const uint8_t sender[CU_X25519_KEY], const uint8_t receiver[CU_X25519_KEY], uint8_t key[32]) CU_MUST;

#endif
