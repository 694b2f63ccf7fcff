#include "base/agree.h"
#include <openssl/evp.h>
#include "base/digest.h"

cu_err cu_x25519_public(const uint8_t secret[CU_X25519_KEY], uint8_t pk[CU_X25519_KEY])
{
    size_t n = CU_X25519_KEY;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, CU_X25519_KEY);
    bool ok = k && EVP_PKEY_get_raw_public_key(k, pk, &n) == 1 && n == CU_X25519_KEY;
    EVP_PKEY_free(k);
    return ok ? CU_OK : CU_INTERNAL;
}

/* OpenSSL refuses a shared value of zeros. */
static bool share(const uint8_t *secret, const uint8_t *other, uint8_t out[CU_X25519_KEY])
{
    size_t n = CU_X25519_KEY;
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, CU_X25519_KEY);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other, CU_X25519_KEY);
    EVP_PKEY_CTX *c = mine ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    bool ok = c && theirs && EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, theirs) == 1 &&
              EVP_PKEY_derive(c, out, &n) == 1 && n == CU_X25519_KEY;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(theirs);
    return ok;
}

cu_err cu_x25519_agree(const uint8_t secret[CU_X25519_KEY], const uint8_t other[CU_X25519_KEY], cu_bytes label,
                       const uint8_t sender[CU_X25519_KEY], const uint8_t receiver[CU_X25519_KEY], uint8_t key[32])
{
    uint8_t shared[CU_X25519_KEY];
    cu_sha256 mac;
    if (!share(secret, other, shared))
        return CU_CORRUPT;
    cu_hmac_sha256_3(cu_bytes_of(shared, sizeof shared), label, cu_bytes_of(sender, CU_X25519_KEY), cu_bytes_of(receiver, CU_X25519_KEY), &mac);
    memcpy(key, mac.b, 32);
    cu_wipe(shared, sizeof shared);
    cu_wipe(&mac, sizeof mac);
    return CU_OK;
}
