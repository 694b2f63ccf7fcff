/* The low-level SHA-256 of OpenSSL on the stack: what the EVP interface adds (a context on the heap, a
 * look into the provider at each start) costs more than a leaf's hash. Marked deprecated in 3.0, and
 * kept; the tests hold it against EVP and the published vectors. */
#define OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_*, see cu_sha256_of3 */
#include "base/digest.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/random.h>

static void feed(SHA256_CTX *c, const void *p, size_t n)
{
    if (n)
        CU_ASSERT(SHA256_Update(c, p, n) == 1);
}

static void finish(SHA256_CTX *c, cu_sha256 *out)
{
    CU_ASSERT(SHA256_Final(out->b, c) == 1);
}

/* The one-shot forms are on the path of every entry and every node of a tree: the plain functions
 * cost half of what a context does for a message of two blocks. */
void cu_sha256_of3(cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out)
{
    SHA256_CTX x;
    SHA256_Init(&x);
    SHA256_Update(&x, a.p, a.n);
    SHA256_Update(&x, b.p, b.n);
    SHA256_Update(&x, c.p, c.n);
    SHA256_Final(out->b, &x);
}

void cu_sha256_of(cu_bytes data, cu_sha256 *out)
{
    cu_sha256_of3(data, CU_NONE, CU_NONE, out);
}

_Static_assert(sizeof(SHA256_CTX) <= sizeof(cu_sha256_state), "the state of SHA-256 has room");

static SHA256_CTX *inside(cu_sha256_state *s)
{
    return (SHA256_CTX *)(void *)s->opaque;
}

void cu_sha256_begin(cu_sha256_state *s)
{
    SHA256_Init(inside(s));
}

void cu_sha256_add(cu_sha256_state *s, cu_bytes data)
{
    feed(inside(s), data.p, data.n);
}

void cu_sha256_end(cu_sha256_state *s, cu_sha256 *out)
{
    finish(inside(s), out);
    cu_wipe(s, sizeof *s);
}

/* RFC 2104: what is left of the hash once K XOR ipad or K XOR opad went in. */
static void begin(SHA256_CTX *c, cu_bytes key, uint8_t x)
{
    uint8_t pad[64] = {0};
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
    SHA256_Init(c);
    feed(c, pad, sizeof pad);
    cu_wipe(pad, sizeof pad);
}

/* Takes the inner hash to its end, and the outer one over it. */
static void finish_keyed(SHA256_CTX *inner, SHA256_CTX *outer, cu_sha256 *out)
{
    finish(inner, out);
    feed(outer, out->b, sizeof out->b);
    finish(outer, out);
}

void cu_hmac_sha256_3(cu_bytes key, cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out)
{
    SHA256_CTX inner, outer;
    begin(&inner, key, 0x36);
    begin(&outer, key, 0x5c);
    feed(&inner, a.p, a.n);
    feed(&inner, b.p, b.n);
    feed(&inner, c.p, c.n);
    finish_keyed(&inner, &outer, out);
    cu_wipe(&inner, sizeof inner);
    cu_wipe(&outer, sizeof outer);
}

void cu_hmac_key_of(cu_bytes key, cu_hmac_key *out)
{
    begin(inside(&out->inner), key, 0x36);
    begin(inside(&out->outer), key, 0x5c);
}

void cu_hmac_keyed_3(const cu_hmac_key *k, cu_bytes a, cu_bytes b, cu_bytes c, cu_sha256 *out)
{
    cu_hmac_key made = *k;
    feed(inside(&made.inner), a.p, a.n);
    feed(inside(&made.inner), b.p, b.n);
    feed(inside(&made.inner), c.p, c.n);
    finish_keyed(inside(&made.inner), inside(&made.outer), out);
    cu_wipe(&made, sizeof made);
}

void cu_hmac_sha256(cu_bytes key, cu_bytes data, cu_sha256 *out)
{
    cu_hmac_sha256_3(key, data, CU_NONE, CU_NONE, out);
}

struct cu_hasher {
    SHA256_CTX inner, outer;
    bool keyed;
};

cu_hasher *cu_hasher_new(cu_bytes key)
{
    cu_hasher *h = malloc(sizeof *h);
    if (!h)
        return NULL;
    h->keyed = key.n > 0;
    if (h->keyed) {
        begin(&h->inner, key, 0x36);
        begin(&h->outer, key, 0x5c);
    } else {
        SHA256_Init(&h->inner);
    }
    return h;
}

cu_hasher *cu_hasher_new_keyed(const cu_hmac_key *k)
{
    cu_hmac_key made = *k;
    cu_hasher *h = malloc(sizeof *h);
    if (h)
        *h = (cu_hasher){*inside(&made.inner), *inside(&made.outer), true};
    cu_wipe(&made, sizeof made);
    return h;
}

void cu_hasher_add(cu_hasher *h, cu_bytes data)
{
    feed(&h->inner, data.p, data.n);
}

void cu_hasher_end(cu_hasher *h, cu_sha256 *out)
{
    if (h->keyed)
        finish_keyed(&h->inner, &h->outer, out);
    else
        finish(&h->inner, out);
    cu_hasher_drop(h);
}

void cu_hasher_drop(cu_hasher *h)
{
    if (!h)
        return;
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

/* Value of a hexadecimal digit plus one; 0: it is none. */
static const uint8_t nibbles[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};

bool cu_unhex(void *out, size_t n, cu_bytes hex)
{
    uint8_t *to = out;
    if (hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned hi = nibbles[hex.p[2 * i]], lo = nibbles[hex.p[2 * i + 1]];
        if (hi == 0 || lo == 0)
            return false;
        to[i] = (uint8_t)((hi - 1) << 4 | (lo - 1));
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
