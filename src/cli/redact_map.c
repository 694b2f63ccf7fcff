#include "redact_map.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/file.h"

#define MAGIC "CUREMAP1"
#define MAP_MAX ((size_t)512 << 20)
#define NONCE 12u
#define TAG 16u

static size_t slot_of(const cu_redact_map *m, const uint8_t *surrogate)
{
    uint64_t h;
    memcpy(&h, surrogate + 13, sizeof h);
    h *= 0x9e3779b97f4a7c15ULL;
    size_t i = (size_t)(h >> 20) & (m->slots_n - 1);
    while (m->slots[i] && memcmp(m->v[m->slots[i] - 1].surrogate, surrogate, CU_SURROGATE_LEN) != 0)
        i = (i + 1) & (m->slots_n - 1);
    return i;
}

static cu_err grow(cu_redact_map *m)
{
    size_t cap = m->cap ? m->cap * 2 : 256;
    cu_redact_pair *v = realloc(m->v, cap * sizeof *v);
    uint32_t *slots = calloc(cap * 2, sizeof *slots);
    if (v)
        m->v = v;
    if (!v || !slots) {
        free(slots);
        return CU_NOMEM;
    }
    free(m->slots);
    m->slots = slots;
    m->slots_n = cap * 2;
    m->cap = cap;
    for (size_t i = 0; i < m->n; i++)
        m->slots[slot_of(m, (const uint8_t *)m->v[i].surrogate)] = (uint32_t)i + 1;
    return CU_OK;
}

cu_err cu_redact_map_add(cu_redact_map *m, const char surrogate[CU_SURROGATE_LEN], cu_bytes value)
{
    if (m->n == m->cap)
        CU_TRY(grow(m));
    size_t i = slot_of(m, (const uint8_t *)surrogate);
    if (m->slots[i])
        return cu_eq(m->v[m->slots[i] - 1].value, value) ? CU_OK : CU_CORRUPT;
    memcpy(m->v[m->n].surrogate, surrogate, CU_SURROGATE_LEN);
    m->v[m->n].value = value;
    m->slots[i] = (uint32_t)++m->n;
    return CU_OK;
}

bool cu_redact_map_find(const cu_redact_map *m, const uint8_t *surrogate, cu_bytes *value)
{
    if (!m->slots_n)
        return false;
    size_t i = slot_of(m, surrogate);
    if (!m->slots[i])
        return false;
    *value = m->v[m->slots[i] - 1].value;
    return true;
}

void cu_redact_map_free(cu_redact_map *m)
{
    free(m->v);
    free(m->slots);
    *m = (cu_redact_map){0};
}

static cu_err seal(const uint8_t key[32], cu_bytes plain, cu_buf *out)
{
    uint8_t nonce[NONCE], *to;
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    cu_random(nonce, sizeof nonce);
    cu_buf_str(out, MAGIC);
    cu_buf_put(out, nonce, sizeof nonce);
    to = cu_buf_room(out, plain.n + TAG);
    bool fine = c && to && plain.n < INT32_MAX &&
                EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)MAGIC, 8) == 1 &&
                EVP_EncryptUpdate(c, to, &n, plain.p, (int)plain.n) == 1 && EVP_EncryptFinal_ex(c, to + n, &n) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, to + plain.n) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!fine)
        return CU_NOMEM;
    out->n += plain.n + TAG;
    return cu_buf_err(out);
}

static bool unseal(const uint8_t key[32], cu_bytes file, cu_arena *a, cu_bytes *plain)
{
    int n = 0;
    uint8_t tag[TAG];
    if (file.n < 8 + NONCE + TAG || memcmp(file.p, MAGIC, 8) != 0 || file.n > INT32_MAX)
        return false;
    size_t len = file.n - 8 - NONCE - TAG;
    uint8_t *to = cu_arena_raw(a, len + 16);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    memcpy(tag, file.p + file.n - TAG, TAG);
    bool fine = c && to && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, file.p + 8) == 1 &&
                EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)MAGIC, 8) == 1 &&
                EVP_DecryptUpdate(c, to, &n, file.p + 8 + NONCE, (int)len) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 && EVP_DecryptFinal_ex(c, to + len, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    *plain = cu_bytes_of(to, fine ? len : 0);
    return fine;
}

cu_err cu_redact_map_load(cu_redact_map *m, const char *path, const uint8_t key[32], cu_arena *a, cu_fault *f)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(MAP_MAX);
    cu_bytes plain;
    cu_err e = cu_file_read(AT_FDCWD, path, &file);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    if (!unseal(key, cu_buf_view(&file), a, &plain))
        return cu_fail(f, CU_CORRUPT, "%.200s is damaged, or sealed with another key; it is left as it is", path);
    for (size_t i = 0; i < plain.n;) {
        uint32_t n = 0;
        if (plain.n - i < CU_SURROGATE_LEN + 4)
            return cu_fail(f, CU_CORRUPT, "%.200s is damaged", path);
        memcpy(&n, plain.p + i + CU_SURROGATE_LEN, 4);
        if (n > plain.n - i - CU_SURROGATE_LEN - 4)
            return cu_fail(f, CU_CORRUPT, "%.200s is damaged", path);
        CU_TRY(cu_redact_map_add(m, (const char *)plain.p + i,
                                 cu_slice(plain, i + CU_SURROGATE_LEN + 4, i + CU_SURROGATE_LEN + 4 + n)));
        i += CU_SURROGATE_LEN + 4 + n;
    }
    return CU_OK;
}

cu_err cu_redact_map_save(const cu_redact_map *m, const char *path, const uint8_t key[32], cu_fault *f)
{
    cu_buf plain CU_CLEAN_BUF = CU_BUF(MAP_MAX), file CU_CLEAN_BUF = CU_BUF(MAP_MAX + 64);
    for (size_t i = 0; i < m->n; i++) {
        uint32_t n = (uint32_t)m->v[i].value.n;
        cu_buf_put(&plain, m->v[i].surrogate, CU_SURROGATE_LEN);
        cu_buf_put(&plain, &n, 4);
        cu_buf_add(&plain, m->v[i].value);
    }
    cu_err e = cu_buf_err(&plain);
    if (e == CU_OK && (e = seal(key, cu_buf_view(&plain), &file)) == CU_OK)
        e = cu_file_replace(AT_FDCWD, path, cu_buf_view(&file), 0600);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
}
