/* The keystore: one file a tenant for surrogates and commitments, one a tenant that wraps the keys in
 * the vault, and those of the bundles; each sealed with AES-256-GCM under the master key. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "app.h"
#include "base/file.h"
#include "base/seal.h"

#define SECRET_LEN TENANT_KEYS_LEN
#define SEALED (SECRET_LEN + CU_SEAL_EXTRA)

/* 64 random bytes under a name, made on first use; bound to `known`. */
static cu_err secret_of(app *a, const char *name, cu_bytes known, uint8_t out[SECRET_LEN], cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(SEALED), text CU_CLEAN_BUF = CU_BUF(SECRET_LEN + 1);
    cu_err e = cu_file_read(a->keystore_fd, name, &b);
    if (e == CU_NOT_FOUND) {
        cu_random(out, SECRET_LEN);
        cu_buf_reset(&b);
        e = cu_seal(a->master, known, cu_bytes_of(out, SECRET_LEN), &b);
        if (e == CU_OK)
            e = cu_file_replace(a->keystore_fd, name, cu_buf_view(&b), 0600);
    } else if (e == CU_OK) {
        e = cu_unseal(a->master, known, cu_buf_view(&b), &text);
        if (e == CU_OK && text.n == SECRET_LEN)
            memcpy(out, text.p, SECRET_LEN);
        else if (e == CU_OK)
            e = CU_CORRUPT;
    }
    return e == CU_OK ? CU_OK : cu_fail(f, e, "keystore/%s: %s", name, cu_err_text(e));
}

/* The first 32 bytes of a secret. */
static cu_err key_of(app *a, const char *name, cu_bytes known, uint8_t out[32], cu_fault *f)
{
    uint8_t secret[SECRET_LEN];
    CU_TRY(secret_of(a, name, known, secret, f));
    memcpy(out, secret, 32);
    cu_wipe(secret, sizeof secret);
    return CU_OK;
}

cu_err keystore_tenant(app *a, const char *tenant, uint8_t out[TENANT_KEYS_LEN], cu_fault *f)
{
    char name[80];
    snprintf(name, sizeof name, "tenant-%.63s", tenant);
    return secret_of(a, name, cu_str(tenant), out, f);
}

cu_err keystore_kek(app *a, const char *tenant, uint8_t key[CU_SEAL_KEY], cu_fault *f)
{
    char name[80], known[80];
    snprintf(name, sizeof name, "kek-%.63s", tenant);
    snprintf(known, sizeof known, "kek %.63s", tenant);
    return key_of(a, name, cu_str(known), key, f);
}

static cu_err destroy(app *a, const char *name, cu_fault *f)
{
    uint8_t zeros[SEALED] = {0};
    struct stat st;
    int fd CU_CLEAN_FD = openat(a->keystore_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return CU_OK;
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= (off_t)sizeof zeros && cu_write_all(fd, cu_bytes_of(zeros, (size_t)st.st_size)) == CU_OK &&
              fsync(fd) == 0 && unlinkat(a->keystore_fd, name, 0) == 0 && fsync(a->keystore_fd) == 0;
    return ok ? CU_OK : cu_fail(f, CU_IO, "keystore/%s could not be destroyed: %s", name, strerror(errno));
}

cu_err keystore_destroy_tenant(app *a, const char *tenant, cu_fault *f)
{
    static const char *const kinds[] = {"kek", "tenant"};
    char name[80];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(name, sizeof name, "%s-%.63s", kinds[i], tenant);
        CU_TRY(destroy(a, name, f));
    }
    return CU_OK;
}

cu_err keystore_bundle_key(app *a, uint8_t seed[CU_ED25519_KEY], cu_fault *f)
{
    uint8_t pk[CU_ED25519_KEY];
    char hex[2 * CU_ED25519_KEY + 1];
    CU_TRY(key_of(a, "bundle-key", CU_LIT("custos bundle key"), seed, f));
    cu_err e = cu_ed25519_public(seed, pk);
    if (e == CU_OK) {
        cu_hex(hex, pk, sizeof pk);
        e = cu_file_replace(a->keystore_fd, "bundle.pub", cu_str(hex), 0644);
    }
    return e == CU_OK ? CU_OK : cu_fail(f, e, "keystore/bundle.pub: %s", cu_err_text(e));
}

cu_err keystore_archive_key(app *a, uint8_t key[32], cu_fault *f)
{
    return key_of(a, "bundle-archive", CU_LIT("custos bundle archive"), key, f);
}

cu_err keystore_gate_key(app *a, uint8_t seed[CU_ED25519_KEY], cu_fault *f)
{
    return key_of(a, "gate-key", CU_LIT("custos gate key"), seed, f);
}
