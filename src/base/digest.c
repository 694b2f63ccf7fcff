#include "base/digest.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

/* Fetched once: EVP_sha256() would look the algorithm up on every call (OpenSSL 3). */
static EVP_MD *sha256;

__attribute__((constructor)) static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    CU_ASSERT(sha256);
}

static _Thread_local EVP_MD_CTX *ctx;

static EVP_MD_CTX *context(void)
{
    if (!ctx)
        ctx = EVP_MD_CTX_new();
    CU_ASSERT(ctx);
    return ctx;
}

static void start(EVP_MD_CTX *c)
{
    CU_ASSERT(EVP_DigestInit_ex2(c, sha256, NULL) == 1);
}

static void feed(EVP_MD_CTX *c, const void *p, size_t n)
{
    if (n)
        CU_ASSERT(EVP_DigestUpdate(c, p, n) == 1);
}

static void finish(EVP_MD_CTX *c, cu_sha256 *out)
{
    CU_ASSERT(EVP_DigestFinal_ex(c, out->b, NULL) == 1);
}

void cu_sha256_of3(cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out)
{
    EVP_MD_CTX *x = context();
    start(x);
    feed(x, a.p, a.n);
    feed(x, b.p, b.n);
    feed(x, c.p, c.n);
    finish(x, out);
}

void cu_sha256_of(cu_bytes data, cu_sha256 *out)
{
    cu_sha256_of3(data, CU_NONE, CU_NONE, out);
}

/* RFC 2104: K XOR ipad, K XOR opad. */
static void pad_key(cu_bytes key, uint8_t pad[64], uint8_t x)
{
    memset(pad, 0, 64);
    if (key.n > 64) {
        cu_sha256 k;
        cu_sha256_of(key, &k);
        memcpy(pad, k.b, sizeof k.b);
        cu_wipe(&k, sizeof k);
    } else if (key.n) {
        memcpy(pad, key.p, key.n);
    }
    for (int i = 0; i < 64; i++)
        pad[i] ^= x;
}

void cu_hmac_sha256_3(cu_bytes key, cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out)
{
    uint8_t pad[64];
    EVP_MD_CTX *x;
    pad_key(key, pad, 0x36);
    x = context();
    start(x);
    feed(x, pad, 64);
    feed(x, a.p, a.n);
    feed(x, b.p, b.n);
    feed(x, c.p, c.n);
    finish(x, out);
    pad_key(key, pad, 0x5c);
    start(x);
    feed(x, pad, 64);
    feed(x, out->b, sizeof out->b);
    finish(x, out);
    cu_wipe(pad, sizeof pad);
}

void cu_hmac_sha256(cu_bytes key, cu_bytes data, cu_sha256 *out)
{
    cu_hmac_sha256_3(key, data, CU_NONE, CU_NONE, out);
}

struct cu_hasher {
    EVP_MD_CTX *ctx;
    bool keyed;
    uint8_t outer[64];
};

cu_hasher *cu_hasher_new(cu_bytes key)
{
    cu_hasher *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->ctx = EVP_MD_CTX_new();
    if (!h->ctx) {
        free(h);
        return NULL;
    }
    start(h->ctx);
    if (key.n) {
        uint8_t inner[64];
        pad_key(key, inner, 0x36);
        pad_key(key, h->outer, 0x5c);
        start(h->ctx);
        feed(h->ctx, inner, 64);
        cu_wipe(inner, sizeof inner);
        h->keyed = true;
    }
    return h;
}

void cu_hasher_add(cu_hasher *h, cu_bytes data)
{
    feed(h->ctx, data.p, data.n);
}

void cu_hasher_end(cu_hasher *h, cu_sha256 *out)
{
    finish(h->ctx, out);
    if (h->keyed) {
        start(h->ctx);
        feed(h->ctx, h->outer, 64);
        feed(h->ctx, out->b, sizeof out->b);
        finish(h->ctx, out);
    }
    cu_hasher_drop(h);
}

void cu_hasher_drop(cu_hasher *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    cu_wipe(h, sizeof *h);
    free(h);
}

void cu_random(void *p, size_t n)
{
    uint8_t *to = p;
    while (n) {
        ssize_t got = getrandom(to, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        CU_ASSERT(got > 0);
        to += got;
        n -= (size_t)got;
    }
}

bool cu_equal_ct(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void cu_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}

void cu_hex(char *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * n] = 0;
}

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool cu_unhex(void *out, size_t n, cu_bytes hex)
{
    uint8_t *to = out;
    if (hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int hi = nibble(hex.p[2 * i]), lo = nibble(hex.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        to[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

void cu_base64(cu_buf *out, cu_bytes data)
{
    if (data.n > (size_t)1 << 30) {
        out->err = CU_TOO_BIG;
        return;
    }
    size_t len = (data.n + 2) / 3 * 4;
    uint8_t *to = cu_buf_room(out, len + 1);
    if (!to)
        return;
    EVP_EncodeBlock(to, data.p, (int)data.n);
    out->n += len;
}

static int sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

cu_err cu_unbase64(cu_buf *out, cu_bytes text)
{
    if (text.n % 4)
        return CU_SYNTAX;
    for (size_t i = 0; i < text.n; i += 4) {
        int pad = 0, v[4];
        for (int k = 0; k < 4; k++) {
            uint8_t c = text.p[i + (size_t)k];
            v[k] = sextet(c);
            if (c == '=' && i + 4 == text.n && k >= 2) {
                pad++;
                v[k] = 0;
            } else if (v[k] < 0 || pad) {
                return CU_SYNTAX;
            }
        }
        uint32_t w = (uint32_t)(v[0] << 18 | v[1] << 12 | v[2] << 6 | v[3]);
        /* Unused bits must be zero, else one value has several texts. */
        if ((pad == 1 && (w & 0xff)) || (pad == 2 && (w & 0xffff)))
            return CU_SYNTAX;
        uint8_t b[3] = {(uint8_t)(w >> 16), (uint8_t)(w >> 8), (uint8_t)w};
        cu_buf_put(out, b, (size_t)(3 - pad));
    }
    return cu_buf_err(out);
}
