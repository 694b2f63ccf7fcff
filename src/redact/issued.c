/* An open-addressing table over surrogates. Their HMAC characters are already evenly spread, so a
 * few of them are the hash. */
#include "issued.h"

static size_t slot_of(const uint8_t *surrogate, size_t mask)
{
    uint64_t h;
    memcpy(&h, surrogate + 13, sizeof h);
    return (size_t)(h * 0x9e3779b97f4a7c15ull >> 32) & mask;
}

/* Slot that holds the surrogate, or the free one where it belongs. */
static uint32_t *lookup(const cu_issued_map *m, const uint8_t *surrogate)
{
    size_t mask = m->index_n - 1;
    for (size_t i = slot_of(surrogate, mask);; i = (i + 1) & mask)
        if (m->index[i] == 0 ||
            memcmp(m->v[m->index[i] - 1].surrogate, surrogate, CU_SURROGATE_LEN) == 0)
            return &m->index[i];
}

const cu_issued *cu_issued_find(const cu_issued_map *m, const uint8_t *surrogate36)
{
    if (m->n == 0)
        return NULL;
    uint32_t at = *lookup(m, surrogate36);
    return at ? &m->v[at - 1] : NULL;
}

/* Doubles the room: index at most half full. */
static cu_err grow(cu_issued_map *m, cu_arena *a)
{
    size_t room = m->index_n ? m->index_n : 32;
    cu_issued *v = cu_arena_alloc(a, room * sizeof *v);
    uint32_t *index = cu_arena_alloc(a, 2 * room * sizeof *index);
    if (!v || !index)
        return CU_NOMEM;
    if (m->n)
        memcpy(v, m->v, m->n * sizeof *v);
    m->v = v;
    m->index = index;
    m->index_n = 2 * room;
    for (size_t i = 0; i < m->n; i++)
        *lookup(m, (const uint8_t *)v[i].surrogate) = (uint32_t)i + 1;
    return CU_OK;
}

const cu_issued *cu_issue(cu_issued_map *m, const cu_surrogate_key *k, cu_type t, cu_bytes value,
                          cu_arena *a, cu_err *err)
{
    char surrogate[CU_SURROGATE_LEN];
    *err = CU_OK;
    cu_surrogate_make(k, t, value, surrogate);
    const cu_issued *known = cu_issued_find(m, (const uint8_t *)surrogate);
    if (known)
        return known;
    if (m->n == CU_MAX_ISSUED)
        *err = CU_TOO_BIG;
    else if (m->n * 2 >= m->index_n)
        *err = grow(m, a);
    if (*err)
        return NULL;
    cu_bytes copy = cu_arena_dup(a, value);
    if (!copy.p) {
        *err = CU_NOMEM;
        return NULL;
    }
    uint32_t *slot = lookup(m, (const uint8_t *)surrogate);
    cu_issued *it = &m->v[m->n++];
    memcpy(it->surrogate, surrogate, sizeof surrogate);
    it->type = (uint8_t)t;
    it->value = copy;
    *slot = (uint32_t)m->n;
    return it;
}
