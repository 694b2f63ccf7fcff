/* Where the master key comes from. A key that is missing, has the wrong form or is another than the one
 * this keystore was sealed under is an error with a remedy; nothing is made in its place. */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines are the way to PKCS#11 in Debian 12 */
#include "master.h"
#include <fcntl.h>
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"

#define KEY_FILE_MAX 4096u
#define WRAPPED_MAX 1024u
#define URI_MAX 2048u

static cu_err key_of(cu_bytes text, const char *what, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    cu_bytes hex = text;
    while (hex.n && (hex.p[hex.n - 1] == '\n' || hex.p[hex.n - 1] == '\r'))
        hex.n--;
    if (text.n == CU_SEAL_KEY)
        memcpy(out, text.p, CU_SEAL_KEY);
    else if (!cu_unhex(out, CU_SEAL_KEY, hex))
        return cu_fail(f, CU_CONFIG, "master_key: %.180s holds no key: 32 bytes, or 64 hex digits, are needed (openssl rand -hex 32)", what);
    return CU_OK;
}

static cu_err from_file(int dirfd, const char *path, const char *what, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(KEY_FILE_MAX);
    cu_err e = cu_file_read(dirfd, path, &b);
    if (e != CU_OK)
        return cu_fail(f, e, "master_key: %.180s: %s; without it nothing that is sealed can be opened", what, cu_err_text(e));
    return key_of(cu_buf_view(&b), what, out, f);
}

static cu_err from_credential(const char *name, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    char path[4300];
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (!dir || !*dir)
        return cu_fail(f, CU_CONFIG, "master_key: credential:%.60s needs $CREDENTIALS_DIRECTORY, which systemd sets for a unit with "
                       "LoadCredential= or LoadCredentialEncrypted=", name);
    snprintf(path, sizeof path, "%.4000s/%.200s", dir, name);
    return from_file(AT_FDCWD, path, path, out, f);
}

/* --- PKCS#11: a pair of RSA keys in the token wraps the master key, which lies beside as master.wrapped --- */

/* "pkcs11:token=x;object=y?module-path=/…&pin-source=…": the module is told to the engine apart. */
static bool cut_module(const char *uri, char rest[URI_MAX], char module[URI_MAX])
{
    const char *query = strchr(uri, '?'), *at = query ? strstr(query, "module-path=") : NULL;
    module[0] = 0;
    if (strlen(uri) >= URI_MAX)
        return false;
    if (!at || (at[-1] != '?' && at[-1] != '&')) {
        snprintf(rest, URI_MAX, "%s", uri);
        return true;
    }
    size_t n = strcspn(at + 12, "&");
    snprintf(module, URI_MAX, "%.*s", (int)n, at + 12);
    const char *tail = at[12 + n] == '&' ? at + 13 + n : "";
    size_t head = (size_t)(at - uri) - (*tail ? 0 : 1);
    snprintf(rest, URI_MAX, "%.*s%s", (int)head, uri, tail);
    return true;
}

static cu_err open_token(const char *uri, ENGINE **engine, EVP_PKEY **key, cu_fault *f)
{
    char rest[URI_MAX], module[URI_MAX];
    *engine = NULL;
    *key = NULL;
    if (!cut_module(uri, rest, module))
        return cu_fail(f, CU_TOO_BIG, "master_key: the PKCS#11 URI is longer than %u bytes", URI_MAX);
    ENGINE_load_builtin_engines();
    ENGINE *e = ENGINE_by_id("pkcs11");
    if (!e)
        return cu_fail(f, CU_NOT_FOUND, "master_key: OpenSSL has no PKCS#11 engine; install the Debian package libengine-pkcs11-openssl");
    bool ok = (!module[0] || ENGINE_ctrl_cmd_string(e, "MODULE_PATH", module, 0) == 1) && ENGINE_init(e) == 1;
    ENGINE_free(e);
    if (!ok)
        return cu_fail(f, CU_NOT_FOUND, "master_key: the PKCS#11 module %.120s cannot be loaded; name it in the URI: ?module-path=/…",
                       module[0] ? module : "of the system");
    *engine = e;
    *key = ENGINE_load_private_key(e, rest, NULL, NULL);
    if (!*key || EVP_PKEY_get_base_id(*key) != EVP_PKEY_RSA)
        return cu_fail(f, CU_NOT_FOUND, "master_key: the token holds no RSA key that the URI names, its PIN is wrong, or its module cannot be loaded; "
                       "make one with pkcs11-tool --keypairgen --key-type rsa:3072, and give the PIN by pin-source=file:/…");
    return CU_OK;
}

static bool oaep(EVP_PKEY *key, bool wrap, cu_bytes in, uint8_t *out, size_t *n)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    bool ok = c && (wrap ? EVP_PKEY_encrypt_init(c) : EVP_PKEY_decrypt_init(c)) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
              (wrap ? EVP_PKEY_encrypt(c, out, n, in.p, in.n) : EVP_PKEY_decrypt(c, out, n, in.p, in.n)) == 1;
    EVP_PKEY_CTX_free(c);
    return ok;
}

/* The public half, as a key of OpenSSL's own: wrapping needs no token. */
static EVP_PKEY *public_half(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    const unsigned char *at;
    int n = i2d_PUBKEY(key, &der);
    at = der;
    EVP_PKEY *out = n > 0 ? d2i_PUBKEY(NULL, &at, n) : NULL;
    OPENSSL_free(der);
    return out;
}

static cu_err make_wrapped(int keystore, EVP_PKEY *key, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    uint8_t box[WRAPPED_MAX];
    size_t n = sizeof box;
    EVP_PKEY *public = public_half(key);
    cu_random(out, CU_SEAL_KEY);
    bool ok = public && EVP_PKEY_get_size(public) <= (int)sizeof box && oaep(public, true, cu_bytes_of(out, CU_SEAL_KEY), box, &n);
    EVP_PKEY_free(public);
    cu_err e = ok ? cu_file_replace(keystore, "master.wrapped", cu_bytes_of(box, n), 0600) : CU_UNSUPPORTED;
    return e == CU_OK ? CU_OK : cu_fail(f, e, "master_key: the key could not be wrapped for the token: %s", cu_err_text(e));
}

static cu_err unwrap(int keystore, EVP_PKEY *key, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    cu_buf box CU_CLEAN_BUF = CU_BUF(WRAPPED_MAX);
    uint8_t text[WRAPPED_MAX];
    size_t n = sizeof text;
    cu_err e = cu_file_read(keystore, "master.wrapped", &box);
    if (e == CU_NOT_FOUND)
        return e;
    if (e != CU_OK)
        return cu_fail(f, e, "keystore/master.wrapped: %s", cu_err_text(e));
    bool ok = EVP_PKEY_get_size(key) <= (int)sizeof text && oaep(key, false, cu_buf_view(&box), text, &n) && n == CU_SEAL_KEY;
    if (ok)
        memcpy(out, text, CU_SEAL_KEY);
    cu_wipe(text, sizeof text);
    return ok ? CU_OK : cu_fail(f, CU_CORRUPT, "master_key: the token does not open keystore/master.wrapped; it was wrapped for another key");
}

static cu_err from_token(int keystore, const char *uri, bool fresh, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    ENGINE *engine;
    EVP_PKEY *key;
    cu_err e = open_token(uri, &engine, &key, f);
    if (e == CU_OK)
        e = unwrap(keystore, key, out, f);
    if (e == CU_NOT_FOUND && key)
        e = fresh ? make_wrapped(keystore, key, out, f)
                  : cu_fail(f, e, "keystore/master.wrapped is missing; without it nothing that is sealed can be opened: restore a backup");
    EVP_PKEY_free(key);
    if (engine)
        ENGINE_finish(engine);
    return e;
}

/* --- --- */

static cu_err own_file(int keystore, bool fresh, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    if (fresh && faccessat(keystore, "master", F_OK, 0) != 0) {
        cu_random(out, CU_SEAL_KEY);
        cu_err e = cu_file_replace(keystore, "master", cu_bytes_of(out, CU_SEAL_KEY), 0600);
        return e == CU_OK ? CU_OK : cu_fail(f, e, "keystore/master: %s", cu_err_text(e));
    }
    return from_file(keystore, "master", "keystore/master", out, f);
}

/* A known text under the key: another key is found out before it seals anything. */
static cu_err check(int keystore, bool fresh, const uint8_t key[CU_SEAL_KEY], cu_fault *f)
{
    cu_buf box CU_CLEAN_BUF = CU_BUF(256), text CU_CLEAN_BUF = CU_BUF(256);
    const cu_bytes known = CU_LIT("custos master key");
    cu_err e = cu_file_read(keystore, "master.check", &box);
    if (e == CU_NOT_FOUND && fresh) {
        cu_buf_reset(&box);
        CU_TRY(cu_seal(key, known, CU_LIT("custos"), &box));
        e = cu_file_replace(keystore, "master.check", cu_buf_view(&box), 0600);
    } else if (e == CU_OK) {
        e = cu_unseal(key, known, cu_buf_view(&box), &text);
    }
    if (e == CU_CORRUPT)
        return cu_fail(f, e, "master_key: it is not the key that this keystore was sealed under; give that one, or restore a backup");
    return e == CU_OK ? CU_OK : cu_fail(f, e, "keystore/master.check: %s", cu_err_text(e));
}

cu_err master_key_load(int keystore, const char *source, uint8_t out[CU_SEAL_KEY], cu_fault *f)
{
    bool fresh = faccessat(keystore, "master.check", F_OK, 0) != 0 && faccessat(keystore, "bundle-key", F_OK, 0) != 0;
    cu_err e;
    if (!source)
        e = own_file(keystore, fresh, out, f);
    else if (strncmp(source, "file:", 5) == 0)
        e = from_file(AT_FDCWD, source + 5, source + 5, out, f);
    else if (strncmp(source, "credential:", 11) == 0)
        e = from_credential(source + 11, out, f);
    else
        e = from_token(keystore, source, fresh, out, f);
    if (e == CU_OK)
        e = check(keystore, fresh, out, f);
    if (e != CU_OK)
        cu_wipe(out, CU_SEAL_KEY);
    return e;
}
