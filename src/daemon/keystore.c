/* The keystore: one file a tenant and one for the bundle's signing key, sealed with AES-256-GCM under
 * a master key beside them (0600). */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include "app.h"
#include "base/file.h"

#define NONCE 12
#define TAG 16
#define SEALED (NONCE + TAG + TENANT_KEYS_LEN)

static cu_err read_or_make(int dirfd, const char *name, uint8_t *out, size_t n)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(n);
    cu_err e = cu_file_read(dirfd, name, &b);
    if (e == CU_OK && b.n == n) {
        memcpy(out, b.p, n);
        return CU_OK;
    }
    if (e != CU_NOT_FOUND)
        return e == CU_OK ? CU_CORRUPT : e;
    cu_random(out, n);
    return cu_file_replace(dirfd, name, cu_bytes_of(out, n), 0600);
}

static bool gcm(bool seal, const uint8_t kek[32], cu_bytes name, uint8_t box[SEALED], uint8_t keys[TENANT_KEYS_LEN])
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    uint8_t *nonce = box, *tag = box + NONCE, *text = box + NONCE + TAG;
    bool ok = c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, kek, nonce, seal) == 1 &&
              EVP_CipherUpdate(c, NULL, &n, name.p, (int)name.n) == 1 &&
              (seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1) &&
              EVP_CipherUpdate(c, seal ? text : keys, &n, seal ? keys : text, TENANT_KEYS_LEN) == 1 &&
              EVP_CipherFinal_ex(c, (seal ? text : keys) + n, &n) == 1 &&
              (!seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1);
    EVP_CIPHER_CTX_free(c);
    return ok;
}

/* 64 random bytes under a name, made on first use; bound to `known`. */
static cu_err secret_of(app *a, const char *name, cu_bytes known, uint8_t out[TENANT_KEYS_LEN], cu_fault *f)
{
    uint8_t kek[32], box[SEALED];
    cu_buf b CU_CLEAN_BUF = CU_BUF(SEALED);
    cu_err e = read_or_make(a->keystore_fd, "master", kek, sizeof kek);
    if (e == CU_OK)
        e = cu_file_read(a->keystore_fd, name, &b);
    if (e == CU_NOT_FOUND) {
        cu_random(out, TENANT_KEYS_LEN);
        cu_random(box, NONCE);
        e = gcm(true, kek, known, box, out) ? cu_file_replace(a->keystore_fd, name, cu_bytes_of(box, SEALED), 0600) : CU_INTERNAL;
    } else if (e == CU_OK) {
        e = CU_CORRUPT;
        if (b.n == SEALED) {
            memcpy(box, b.p, SEALED);
            e = gcm(false, kek, known, box, out) ? CU_OK : CU_CORRUPT;
        }
    }
    cu_wipe(kek, sizeof kek);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "keystore/%s: %s", name, cu_err_text(e));
}

cu_err keystore_tenant(app *a, const char *tenant, uint8_t out[TENANT_KEYS_LEN], cu_fault *f)
{
    char name[80];
    snprintf(name, sizeof name, "tenant-%.63s", tenant);
    return secret_of(a, name, cu_str(tenant), out, f);
}

cu_err keystore_bundle_key(app *a, uint8_t seed[CU_ED25519_KEY], cu_fault *f)
{
    uint8_t secret[TENANT_KEYS_LEN], pk[CU_ED25519_KEY];
    char hex[2 * CU_ED25519_KEY + 1];
    CU_TRY(secret_of(a, "bundle-key", CU_LIT("custos bundle key"), secret, f));
    memcpy(seed, secret, CU_ED25519_KEY);
    cu_wipe(secret, sizeof secret);
    cu_err e = cu_ed25519_public(seed, pk);
    if (e == CU_OK) {
        cu_hex(hex, pk, sizeof pk);
        e = cu_file_replace(a->keystore_fd, "bundle.pub", cu_str(hex), 0644);
    }
    return e == CU_OK ? CU_OK : cu_fail(f, e, "keystore/bundle.pub: %s", cu_err_text(e));
}

cu_err keystore_archive_key(app *a, uint8_t key[32], cu_fault *f)
{
    uint8_t secret[TENANT_KEYS_LEN];
    CU_TRY(secret_of(a, "bundle-archive", CU_LIT("custos bundle archive"), secret, f));
    memcpy(key, secret, 32);
    cu_wipe(secret, sizeof secret);
    return CU_OK;
}
