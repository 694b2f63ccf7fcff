#include "base/seal.h"
#include <openssl/evp.h>
#include "base/digest.h"

#define NONCE 12
#define TAG 16

static bool run(bool seal, const uint8_t *key, const uint8_t *nonce, cu_bytes known, cu_bytes in, uint8_t *to,
                uint8_t *tag)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, seal) == 1 &&
              (known.n == 0 || EVP_CipherUpdate(c, NULL, &n, known.p, (int)known.n) == 1) &&
              (in.n == 0 || EVP_CipherUpdate(c, to, &n, in.p, (int)in.n) == 1) &&
              (seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1) &&
              EVP_CipherFinal_ex(c, to + in.n, &n) == 1 &&
              (!seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1);
    EVP_CIPHER_CTX_free(c);
    return ok;
}

cu_err cu_seal(const uint8_t key[CU_SEAL_KEY], cu_bytes known, cu_bytes text, cu_buf *out)
{
    if (text.n > CU_SEAL_MAX || known.n > CU_SEAL_MAX)
        return CU_TOO_BIG;
    uint8_t *to = cu_buf_room(out, text.n + CU_SEAL_EXTRA);
    if (!to)
        return cu_buf_err(out);
    cu_random(to, NONCE);
    if (!run(true, key, to, known, text, to + NONCE, to + NONCE + text.n))
        return CU_INTERNAL;
    out->n += text.n + CU_SEAL_EXTRA;
    return CU_OK;
}

cu_err cu_unseal(const uint8_t key[CU_SEAL_KEY], cu_bytes known, cu_bytes box, cu_buf *out)
{
    uint8_t tag[TAG];
    if (box.n < CU_SEAL_EXTRA || box.n > CU_SEAL_MAX + CU_SEAL_EXTRA)
        return CU_CORRUPT;
    size_t n = box.n - CU_SEAL_EXTRA;
    uint8_t *to = cu_buf_room(out, n + 1);
    if (!to)
        return cu_buf_err(out);
    memcpy(tag, box.p + NONCE + n, TAG);
    if (!run(false, key, box.p, known, cu_slice(box, NONCE, NONCE + n), to, tag)) {
        cu_wipe(to, n);
        return CU_CORRUPT;
    }
    out->n += n;
    return CU_OK;
}
