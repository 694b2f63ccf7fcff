/* A record: length (2 bytes), mark (2), HMAC-SHA256 cut to 16. The mark is a keyed hash of the first
 * four bytes; it is looked up at every beginning of a token, so that the HMAC is rarely computed. */
#include "redact/known.h"
#include <stdlib.h>
#include "base/digest.h"

struct cu_known {
    uint8_t key[32];
    uint64_t mix;
    cu_bytes records;
    uint8_t marks[8192]; /* a bit for each mark that a record has */
};

static uint16_t mark_of(uint64_t mix, const uint8_t *p)
{
    uint32_t first;
    memcpy(&first, p, 4);
    return (uint16_t)((first ^ mix >> 32) * (mix | 1) >> 48);
}

static uint64_t mix_of(const uint8_t key[32])
{
    uint64_t mix;
    memcpy(&mix, key, sizeof mix);
    return mix;
}

void cu_known_key(const uint8_t surrogate_key[32], uint8_t out[32])
{
    cu_sha256 mac;
    cu_hmac_sha256(cu_bytes_of(surrogate_key, 32), CU_LIT("custos known secrets"), &mac);
    memcpy(out, mac.b, 32);
    cu_wipe(&mac, sizeof mac);
}

void cu_known_record(const uint8_t key[32], cu_bytes value, uint8_t out[CU_KNOWN_RECORD])
{
    cu_sha256 mac;
    uint16_t n = (uint16_t)value.n, mark = mark_of(mix_of(key), value.p);
    cu_hmac_sha256(cu_bytes_of(key, 32), value, &mac);
    memcpy(out, &n, 2);
    memcpy(out + 2, &mark, 2);
    memcpy(out + 4, mac.b, 16);
}

const cu_known *cu_known_open(const uint8_t key[32], cu_bytes records, cu_arena *a)
{
    cu_known *k = cu_arena_alloc(a, sizeof *k);
    if (!k)
        return NULL;
    memcpy(k->key, key, 32);
    k->mix = mix_of(key);
    k->records = records;
    for (size_t i = 0; i + CU_KNOWN_RECORD <= records.n; i += CU_KNOWN_RECORD) {
        uint16_t mark;
        memcpy(&mark, records.p + i + 2, 2);
        k->marks[mark >> 3] |= (uint8_t)(1u << (mark & 7));
    }
    return k;
}

static bool word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

/* A token begins or ends between two characters that are not both of a word. */
static bool edge(cu_bytes t, size_t at)
{
    return at == 0 || at == t.n || !word(t.p[at - 1]) || !word(t.p[at]);
}

static size_t length_at(const cu_known *k, cu_bytes t, size_t at, uint16_t mark)
{
    size_t best = 0;
    for (size_t i = 0; i + CU_KNOWN_RECORD <= k->records.n; i += CU_KNOWN_RECORD) {
        const uint8_t *r = k->records.p + i;
        cu_sha256 mac;
        uint16_t n, m;
        memcpy(&n, r, 2);
        memcpy(&m, r + 2, 2);
        if (m != mark || n <= best || n > t.n - at || !edge(t, at + n))
            continue;
        cu_hmac_sha256(cu_bytes_of(k->key, 32), cu_slice(t, at, at + n), &mac);
        if (memcmp(mac.b, r + 4, 16) == 0)
            best = n;
    }
    return best;
}

static cu_err add(cu_findings *out, size_t start, size_t end)
{
    if (out->n == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : 16;
        cu_finding *v = out->n < CU_DETECT_MAX_FINDINGS ? realloc(out->v, cap * sizeof *v) : NULL;
        if (!v)
            return CU_NOMEM;
        out->v = v;
        out->cap = cap;
    }
    out->v[out->n++] = (cu_finding){(uint32_t)start, (uint32_t)end, CU_RULE_KNOWN, CU_TYPE_SECRET, 100, CU_FINDING_KNOWN};
    return CU_OK;
}

cu_err cu_known_find(const cu_known *k, cu_bytes t, cu_findings *out)
{
    for (size_t i = 0; i + 4 <= t.n; i++) {
        if (!edge(t, i))
            continue;
        uint16_t mark = mark_of(k->mix, t.p + i);
        if (!(k->marks[mark >> 3] & 1u << (mark & 7)))
            continue;
        size_t n = length_at(k, t, i, mark);
        if (n)
            CU_TRY(add(out, i, i + n));
    }
    return CU_OK;
}
