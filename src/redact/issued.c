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
    size_t room = m->index_n ? m->index_n : 8;
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

/* What has to be escaped where it stands in quotes. */
static bool needs_escape(cu_bytes value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < 0x20 || memchr("\"\\'`", value.p[i], 4) ||
            (value.p[i] == '$' && i + 1 < value.n && value.p[i + 1] == '{'))
            return true;
    return false;
}

static cu_err learn_plain(cu_issued_map *m, cu_issued *it, cu_bytes plain, cu_arena *a)
{
    if (!cu_eq(it->plain, it->value) || cu_eq(plain, it->value))
        return CU_OK;
    it->plain = cu_arena_dup(a, plain);
    it->awkward = m->awkward = true;
    return it->plain.p ? CU_OK : CU_NOMEM;
}

static cu_issued *add(cu_issued_map *m, const char surrogate[CU_SURROGATE_LEN], cu_type t, cu_bytes value, cu_arena *a, cu_err *err)
{
    cu_bytes copy = CU_NONE;
    if (m->n == CU_MAX_ISSUED)
        *err = CU_TOO_BIG;
    else if (m->n * 2 >= m->index_n)
        *err = grow(m, a);
    if (*err == CU_OK && !(copy = cu_arena_dup(a, value)).p)
        *err = CU_NOMEM;
    if (*err)
        return NULL;
    uint32_t *slot = lookup(m, (const uint8_t *)surrogate);
    cu_issued *it = &m->v[m->n++];
    *it = (cu_issued){.type = (uint8_t)t, .value = copy, .plain = copy, .awkward = needs_escape(copy)};
    memcpy(it->surrogate, surrogate, CU_SURROGATE_LEN);
    m->awkward |= it->awkward;
    *slot = (uint32_t)m->n;
    return it;
}

cu_issued *cu_issue(cu_issued_map *m, const cu_surrogate_key *k, cu_type t, cu_bytes value, cu_bytes plain,
                    cu_arena *a, cu_err *err)
{
    char surrogate[CU_SURROGATE_LEN];
    *err = CU_OK;
    cu_surrogate_make(k, t, value, surrogate);
    uint32_t at = m->n ? *lookup(m, (const uint8_t *)surrogate) : 0;
    cu_issued *it = at ? &m->v[at - 1] : add(m, surrogate, t, value, a, err);
    if (it)
        *err = learn_plain(m, it, plain, a);
    return *err ? NULL : it;
}

cu_err cu_issued_move(cu_issued_map *m, cu_arena *to)
{
    if (m->n == 0) {
        *m = (cu_issued_map){0};
        return CU_OK;
    }
    cu_issued *v = cu_arena_raw(to, m->index_n / 2 * sizeof *v);
    uint32_t *index = cu_arena_raw(to, m->index_n * sizeof *index);
    if (!v || !index)
        return CU_NOMEM;
    memcpy(v, m->v, m->n * sizeof *v);
    memcpy(index, m->index, m->index_n * sizeof *index);
    for (size_t i = 0; i < m->n; i++) {
        bool same = v[i].plain.p == v[i].value.p;
        v[i].value = cu_arena_dup(to, m->v[i].value);
        v[i].plain = same ? v[i].value : cu_arena_dup(to, m->v[i].plain);
        if (!v[i].value.p || !v[i].plain.p)
            return CU_NOMEM;
    }
    m->v = v;
    m->index = index;
    return CU_OK;
}
