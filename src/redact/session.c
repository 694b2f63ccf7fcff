/* Slots of one size, in sets; each is guarded by a sequence number as in the memo: a writer that dies
 * leaves its slot odd, and so unused. */
#include "redact/session.h"
#include <stdatomic.h>
#include "base/digest.h"
#include "base/seal.h"
#include "issued.h"

#define WAYS 8u

typedef struct {
    _Atomic uint32_t seq; /* odd: being written */
    uint32_t n;
    uint64_t age;
    uint8_t tag[16];
    uint8_t box[CU_SESSION_BYTES];
} slot;

struct cu_sessions {
    _Atomic uint64_t turn;
    uint64_t sets;
    slot slots[];
};

typedef struct {
    uint8_t tag[16], key[CU_SEAL_KEY];
} names;

cu_sessions *cu_sessions_init(void *region, size_t size)
{
    cu_sessions *s = region;
    CU_ASSERT(size >= sizeof *s + WAYS * sizeof(slot));
    s->sets = (size - sizeof *s) / (WAYS * sizeof(slot));
    return s;
}

/* What an id is found by, and what its values are sealed with: of this tenant, and of this id. */
static void name_of(const cu_surrogate_key *k, cu_bytes id, names *out)
{
    cu_sha256 mac;
    cu_hmac_sha256_3(cu_bytes_of(k->key, sizeof k->key), CU_LIT("custos session tag"), CU_LIT("\0"), id, &mac);
    memcpy(out->tag, mac.b, sizeof out->tag);
    cu_hmac_sha256_3(cu_bytes_of(k->key, sizeof k->key), CU_LIT("custos session key"), CU_LIT("\0"), id, &mac);
    memcpy(out->key, mac.b, sizeof out->key);
    cu_wipe(&mac, sizeof mac);
}

static slot *set_of(cu_sessions *s, const uint8_t tag[16])
{
    uint64_t h;
    memcpy(&h, tag, sizeof h);
    return &s->slots[h % s->sets * WAYS];
}

/* --- the text that is sealed: type, places, length and bytes of value and plain --- */

static size_t size_of(const cu_issued *it)
{
    return 11 + it->value.n + (cu_eq(it->plain, it->value) ? 0 : it->plain.n);
}

static void put_one(cu_buf *b, const cu_issued *it)
{
    bool same = cu_eq(it->plain, it->value);
    uint32_t n = (uint32_t)it->value.n, m = same ? UINT32_MAX : (uint32_t)it->plain.n;
    cu_buf_byte(b, it->type);
    cu_buf_put(b, &it->places, 2);
    cu_buf_put(b, &n, 4);
    cu_buf_put(b, &m, 4);
    cu_buf_add(b, it->value);
    cu_buf_add(b, same ? CU_NONE : it->plain);
}

/* As many as there is room for; those of this exchange stand first. */
static void put_all(cu_buf *b, const cu_issued_map *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (b->n + size_of(&m->v[i]) + CU_SEAL_EXTRA <= CU_SESSION_BYTES)
            put_one(b, &m->v[i]);
}

static bool take_one(cu_bytes *rest, cu_issued *out)
{
    uint32_t n, m;
    if (rest->n < 11)
        return false;
    *out = (cu_issued){.type = rest->p[0]};
    memcpy(&out->places, rest->p + 1, 2);
    memcpy(&n, rest->p + 3, 4);
    memcpy(&m, rest->p + 7, 4);
    uint32_t more = m == UINT32_MAX ? 0 : m;
    if (rest->n - 11 < n || rest->n - 11 - n < more)
        return false;
    out->value = cu_slice(*rest, 11, 11 + n);
    out->plain = m == UINT32_MAX ? out->value : cu_slice(*rest, 11 + n, 11 + n + more);
    *rest = cu_slice(*rest, 11 + n + more, rest->n);
    return true;
}

static slot *slot_to_write(cu_sessions *s, const uint8_t tag[16])
{
    slot *set = set_of(s, tag), *oldest = NULL;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].n && memcmp(set[i].tag, tag, 16) == 0)
            return &set[i];
        if (!oldest || set[i].age < oldest->age)
            oldest = &set[i];
    }
    return oldest;
}

cu_err cu_session_keep(cu_sessions *s, const cu_surrogate_key *k, cu_bytes id, const cu_issued_map *issued)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_SESSION_BYTES), box CU_CLEAN_BUF = CU_BUF(CU_SESSION_BYTES);
    names name;
    if (id.n == 0 || id.n > CU_SESSION_ID_MAX || issued->n == 0)
        return CU_OK;
    name_of(k, id, &name);
    put_all(&text, issued);
    cu_err e = text.err ? text.err : cu_seal(name.key, cu_bytes_of(name.tag, 16), cu_buf_view(&text), &box);
    cu_wipe(name.key, sizeof name.key);
    CU_TRY(e);
    slot *to = slot_to_write(s, name.tag);
    uint32_t seq = atomic_load(&to->seq);
    if (seq & 1 || !atomic_compare_exchange_strong(&to->seq, &seq, seq + 1))
        return CU_OK; /* somebody else writes there now */
    memcpy(to->tag, name.tag, 16);
    memcpy(to->box, box.p, box.n);
    to->n = (uint32_t)box.n;
    to->age = atomic_fetch_add(&s->turn, 1) + 1;
    atomic_store_explicit(&to->seq, seq + 2, memory_order_release);
    return CU_OK;
}

static bool copy_box(cu_sessions *s, const uint8_t tag[16], cu_buf *box)
{
    const slot *set = set_of(s, tag);
    for (unsigned i = 0; i < WAYS; i++) {
        uint32_t before = atomic_load_explicit(&set[i].seq, memory_order_acquire), n = set[i].n;
        if (before & 1 || n == 0 || n > CU_SESSION_BYTES || memcmp(set[i].tag, tag, 16) != 0)
            continue;
        cu_buf_put(box, set[i].box, n);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&set[i].seq, memory_order_relaxed) == before)
            return box->err == CU_OK;
        cu_buf_reset(box);
    }
    return false;
}

cu_err cu_session_recall(cu_sessions *s, const cu_surrogate_key *k, cu_bytes id, cu_issued_map *issued, cu_arena *a)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_SESSION_BYTES), box CU_CLEAN_BUF = CU_BUF(CU_SESSION_BYTES);
    names name;
    cu_issued one;
    if (id.n == 0 || id.n > CU_SESSION_ID_MAX)
        return CU_NOT_FOUND;
    name_of(k, id, &name);
    cu_err e = copy_box(s, name.tag, &box) ? cu_unseal(name.key, cu_bytes_of(name.tag, 16), cu_buf_view(&box), &text) : CU_NOT_FOUND;
    cu_wipe(name.key, sizeof name.key);
    CU_TRY(e);
    for (cu_bytes rest = cu_buf_view(&text); take_one(&rest, &one);) {
        cu_issued *it = cu_issue(issued, k, (cu_type)one.type, one.value, one.plain, a, &e);
        if (!it)
            return e;
        it->places |= one.places;
    }
    return CU_OK;
}
