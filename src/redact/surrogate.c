/* Surrogates: made from a keyed hash, so that they say nothing about the value and yet are the same
 * in every turn. The check characters tell a damaged one from somebody's text. */
#include "redact/surrogate.h"
#include "base/digest.h"

#define BODY 12 /* CUSTOS_MAIL_ */
#define CHECK (CU_SURROGATE_LEN - 3)

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static void check_characters(const uint8_t *p, char out[3])
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < CHECK; i++)
        h = (h ^ p[i]) * 16777619u;
    h ^= h >> 15;
    for (int i = 0; i < 3; i++)
        out[i] = base32[h >> (5 * i) & 31];
}

void cu_surrogate_make(const cu_surrogate_key *k, cu_type t, cu_bytes value,
                       char out[CU_SURROGATE_LEN])
{
    cu_sha256 mac;
    memcpy(out, CU_SURROGATE_MARK, 7);
    memcpy(out + 7, cu_type_code(t), 4);
    if (k->ready)
        cu_hmac_keyed_3(k->ready, cu_str(cu_type_code(t)), CU_LIT("\0"), value, &mac);
    else
        cu_hmac_sha256_3(cu_bytes_of(k->key, sizeof k->key), cu_str(cu_type_code(t)), CU_LIT("\0"), value, &mac);
    out[11] = '_';
    out[12] = k->key_id;
    for (int i = 0, bit = 0; i < 20; i++, bit += 5) {
        unsigned two = (unsigned)mac.b[bit / 8] << 8 | mac.b[bit / 8 + 1];
        out[BODY + 1 + i] = base32[two >> (11 - bit % 8) & 31];
    }
    check_characters((const uint8_t *)out, out + CHECK);
}

bool cu_surrogate_valid(const uint8_t *p)
{
    char check[3];
    if (memcmp(p, CU_SURROGATE_MARK, 7) != 0 || p[11] != '_')
        return false;
    check_characters(p, check);
    return memcmp(p + CHECK, check, 3) == 0;
}
