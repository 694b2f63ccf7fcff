#include "note.h"
#include <openssl/evp.h>
#include <stdlib.h>

#define ED25519 1 /* algorithm byte of signed-note */

void checkpoint_text(const cu_checkpoint *cp, cu_buf *out)
{
    cu_buf_fmt(out, "%s\n%llu\n", cp->origin, (unsigned long long)cp->size);
    cu_base64(out, cu_bytes_of(&cp->root, sizeof cp->root));
    cu_buf_byte(out, '\n');
}

void note_key_id(cu_bytes name, const uint8_t pk[32], uint8_t id[4])
{
    uint8_t tail[34] = {'\n', ED25519};
    cu_sha256 h;
    memcpy(tail + 2, pk, 32);
    cu_sha256_of3(name, cu_bytes_of(tail, sizeof tail), CU_NONE, &h);
    memcpy(id, h.b, 4);
}

void note_key_text(cu_bytes name, const uint8_t pk[32], cu_buf *out)
{
    uint8_t id[4], key[33] = {ED25519};
    char hex[9];
    note_key_id(name, pk, id);
    cu_hex(hex, id, 4);
    memcpy(key + 1, pk, 32);
    cu_buf_add(out, name);
    cu_buf_fmt(out, "+%s+", hex);
    cu_base64(out, cu_bytes_of(key, sizeof key));
}

cu_err note_key_parse(cu_bytes vkey, note_key *out)
{
    while (vkey.n && (vkey.p[vkey.n - 1] == '\n' || vkey.p[vkey.n - 1] == '\r'))
        vkey.n--;
    size_t a = cu_find(vkey, CU_LIT("+"), 0);
    if (a == (size_t)-1 || a == 0 || vkey.n < a + 11 || vkey.p[a + 9] != '+')
        return CU_SYNTAX;
    cu_buf key CU_CLEAN_BUF = CU_BUF(64);
    uint8_t id[4];
    if (cu_unbase64(&key, cu_slice(vkey, a + 10, vkey.n)) != CU_OK || key.n != 33 || key.p[0] != ED25519 ||
        !cu_unhex(out->id, 4, cu_slice(vkey, a + 1, a + 9)))
        return CU_SYNTAX;
    out->name = cu_slice(vkey, 0, a);
    memcpy(out->pk, key.p + 1, 32);
    note_key_id(out->name, out->pk, id);
    return memcmp(id, out->id, 4) == 0 ? CU_OK : CU_SYNTAX;
}

cu_err note_public_key(const uint8_t seed[32], uint8_t pk[32])
{
    size_t n = 32;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    bool ok = k && EVP_PKEY_get_raw_public_key(k, pk, &n) == 1 && n == 32;
    EVP_PKEY_free(k);
    return ok ? CU_OK : CU_INTERNAL;
}

cu_err note_sign(cu_bytes text, cu_bytes name, const uint8_t seed[32], cu_buf *out)
{
    uint8_t sig[4 + 64], pk[32];
    size_t n = 64;
    CU_TRY(note_public_key(seed, pk));
    note_key_id(name, pk, sig);
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = k && c && EVP_DigestSignInit(c, NULL, NULL, NULL, k) == 1 &&
              EVP_DigestSign(c, sig + 4, &n, text.p, text.n) == 1 && n == 64;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
    if (!ok)
        return CU_INTERNAL;
    cu_buf_add(out, text);
    cu_buf_str(out, "\n\xe2\x80\x94 ");
    cu_buf_add(out, name);
    cu_buf_byte(out, ' ');
    cu_base64(out, cu_bytes_of(sig, sizeof sig));
    cu_buf_byte(out, '\n');
    return cu_buf_err(out);
}

static bool signature_holds(cu_bytes text, const note_key *k, const uint8_t sig[64])
{
    EVP_PKEY *pk = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->pk, 32);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = pk && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, pk) == 1 &&
              EVP_DigestVerify(c, sig, 64, text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(pk);
    return ok;
}

/* The signature line of k among the lines after the blank one. */
static cu_err check_signature(cu_bytes text, cu_bytes lines, const note_key *k)
{
    while (lines.n) {
        size_t end = cu_find(lines, CU_LIT("\n"), 0);
        if (end == (size_t)-1 || !cu_starts(lines, CU_LIT("\xe2\x80\x94 ")))
            return CU_SYNTAX;
        cu_bytes line = cu_slice(lines, 4, end);
        lines = cu_slice(lines, end + 1, lines.n);
        if (!cu_starts(line, k->name) || line.n <= k->name.n || line.p[k->name.n] != ' ')
            continue;
        cu_buf sig CU_CLEAN_BUF = CU_BUF(128);
        if (cu_unbase64(&sig, cu_slice(line, k->name.n + 1, line.n)) != CU_OK || sig.n < 4)
            return CU_SYNTAX;
        if (memcmp(sig.p, k->id, 4) == 0)
            return sig.n == 68 && signature_holds(text, k, sig.p + 4) ? CU_OK : CU_SIGNATURE;
    }
    return CU_SIGNATURE;
}

static cu_err parse_checkpoint(cu_bytes text, cu_checkpoint *out)
{
    size_t a = cu_find(text, CU_LIT("\n"), 0);
    size_t b = a == (size_t)-1 ? a : cu_find(text, CU_LIT("\n"), a + 1);
    size_t c = b == (size_t)-1 ? b : cu_find(text, CU_LIT("\n"), b + 1);
    cu_buf root CU_CLEAN_BUF = CU_BUF(64);
    if (c == (size_t)-1 || a == 0 || a >= CU_LOG_ORIGIN_MAX || b - a < 2 || b - a > 16 ||
        (b - a > 2 && text.p[a + 1] == '0'))
        return CU_SYNTAX;
    memcpy(out->origin, text.p, a);
    out->origin[a] = 0;
    out->size = 0;
    for (size_t i = a + 1; i < b; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return CU_SYNTAX;
        out->size = out->size * 10 + (text.p[i] - '0');
    }
    if (cu_unbase64(&root, cu_slice(text, b + 1, c)) != CU_OK || root.n != sizeof out->root)
        return CU_SYNTAX;
    memcpy(&out->root, root.p, sizeof out->root);
    return CU_OK;
}

cu_err note_open(cu_bytes note, const note_key *k, cu_checkpoint *out)
{
    size_t blank = cu_find(note, CU_LIT("\n\n"), 0);
    if (note.n > CU_NOTE_MAX || blank == (size_t)-1)
        return CU_SYNTAX;
    cu_bytes text = cu_slice(note, 0, blank + 1);
    CU_TRY(parse_checkpoint(text, out));
    if (!cu_eq_str(k->name, out->origin))
        return CU_SIGNATURE;
    return check_signature(text, cu_slice(note, blank + 2, note.n), k);
}
