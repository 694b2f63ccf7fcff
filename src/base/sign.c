#include "base/sign.h"
#include <openssl/evp.h>

cu_err cu_ed25519_public(const uint8_t seed[CU_ED25519_KEY], uint8_t pk[CU_ED25519_KEY])
{
    size_t n = CU_ED25519_KEY;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, CU_ED25519_KEY);
    bool ok = k && EVP_PKEY_get_raw_public_key(k, pk, &n) == 1 && n == CU_ED25519_KEY;
    EVP_PKEY_free(k);
    return ok ? CU_OK : CU_INTERNAL;
}

cu_err cu_ed25519_sign(const uint8_t seed[CU_ED25519_KEY], cu_bytes text, uint8_t sig[CU_ED25519_SIG])
{
    size_t n = CU_ED25519_SIG;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, CU_ED25519_KEY);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = k && c && EVP_DigestSignInit(c, NULL, NULL, NULL, k) == 1 && EVP_DigestSign(c, sig, &n, text.p, text.n) == 1 &&
              n == CU_ED25519_SIG;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
    return ok ? CU_OK : CU_INTERNAL;
}

cu_err cu_ed25519_verify(const uint8_t pk[CU_ED25519_KEY], cu_bytes text, const uint8_t sig[CU_ED25519_SIG])
{
    EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pk, CU_ED25519_KEY);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = k && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k) == 1 &&
              EVP_DigestVerify(c, sig, CU_ED25519_SIG, text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
    return ok ? CU_OK : CU_SIGNATURE;
}
