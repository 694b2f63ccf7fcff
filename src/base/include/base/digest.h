/* Digests, keyed hashes, random bytes and their text forms. OpenSSL does the work.
 * SHA-256: FIPS 180-4. HMAC: RFC 2104. Poly1305: RFC 8439. base64: RFC 4648 section 4. */
#ifndef CUSTOS_BASE_DIGEST_H
#define CUSTOS_BASE_DIGEST_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_SHA256_LEN 32

typedef struct {
    uint8_t b[CU_SHA256_LEN];
} cu_sha256;

void cu_sha256_of(cu_bytes data, cu_sha256 *out);
/* H(a || b || c): parts may be empty. */
void cu_sha256_of3(cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out);
void cu_hmac_sha256(cu_bytes key, cu_bytes data, cu_sha256 *out);
void cu_hmac_sha256_3(cu_bytes key, cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out);

/* Piece by piece, without an allocation. */
typedef struct {
    uint64_t opaque[16];
} cu_sha256_state;
void cu_sha256_begin(cu_sha256_state *s);
void cu_sha256_add(cu_sha256_state *s, cu_bytes data);
void cu_sha256_end(cu_sha256_state *s, cu_sha256 *out); /* wipes s */

/* A key that many HMACs are made with: what its two blocks leave of the hash is worked out once. As secret
 * as the key. */
typedef struct {
    cu_sha256_state inner, outer;
} cu_hmac_key;
void cu_hmac_key_of(cu_bytes key, cu_hmac_key *out);
void cu_hmac_keyed_3(const cu_hmac_key *k, cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out);

/* Incremental forms. `key` empty means plain SHA-256. */
typedef struct cu_hasher cu_hasher;
cu_hasher *cu_hasher_new(cu_bytes key) CU_MUST;
cu_hasher *cu_hasher_new_keyed(const cu_hmac_key *k) CU_MUST;
void cu_hasher_add(cu_hasher *h, cu_bytes data);
void cu_hasher_end(cu_hasher *h, cu_sha256 *out); /* frees h */
void cu_hasher_drop(cu_hasher *h);                /* frees h; NULL is fine */

/* Fills from the kernel; aborts when it cannot (nothing safe can follow). */
void cu_random(void *p, size_t n);
/* Constant time in n. */
bool cu_equal_ct(const void *a, const void *b, size_t n);
void cu_wipe(void *p, size_t n);

/* Lower-case hex; out gets 2n+1 bytes. */
void cu_hex(char *out, const void *p, size_t n);
/* False unless exactly n bytes of hex. */
bool cu_unhex(void *out, size_t n, cu_bytes hex);
void cu_base64(cu_buf *out, cu_bytes data);
/* Strict: padding required, no white space. */
cu_err cu_unbase64(cu_buf *out, cu_bytes text) CU_MUST;

#endif
