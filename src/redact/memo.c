/* The memo: sets of eight slots, each guarded by a sequence number. A writer that dies leaves its
 * slot odd, and so unused: a miss, never a wrong answer. */
#include "redact/memo.h"
#include <stdatomic.h>
#include <stdlib.h>
#include "base/digest.h"
#include "tag.h"

#define WAYS 8u
#define MAX_FINDINGS 6u /* a string with more is scanned each time */

typedef struct {
    uint32_t start, end;
    uint16_t rule;
    uint8_t type, confidence;
    uint32_t flags;
} kept;

typedef struct {
    _Atomic uint32_t seq; /* odd: being written */
    uint32_t n;
    uint8_t tag[16];
    kept v[MAX_FINDINGS];
} slot;

/* The marks are hints, in one cache line: a slot is looked at only when the beginning of its tag fits, and
 * written to first when it has none. */
typedef struct {
    _Atomic uint32_t mark[WAYS];
    slot v[WAYS];
} set;

/* One cache line. */
typedef struct {
    _Atomic uint32_t seq; /* as in a slot */
    uint32_t unused[3];
    uint8_t tag[16];
    cu_sha256 digest;
} kept_digest;

struct cu_memo {
    cu_tag_key key;  /* of this memory only: nobody outside can aim at a collision */
    uint64_t n;      /* sets; a power of two */
    _Atomic uint32_t turn;
    uint64_t digests_n; /* a power of two */
    kept_digest *digests; /* behind the sets; the region is mapped before workers are forked */
    set sets[];
};

cu_memo *cu_memo_init(void *region, size_t size)
{
    cu_memo *m = region;
    CU_ASSERT(size > sizeof *m + sizeof(set));
    cu_tag_key_new(&m->key);
    m->n = 1;
    while (m->n * 2 * sizeof(set) <= (size - sizeof *m) / 4 * 3)
        m->n *= 2;
    size_t left = size - sizeof *m - m->n * sizeof(set);
    CU_ASSERT(left >= 64 + sizeof(kept_digest));
    m->digests = (kept_digest *)(((uintptr_t)&m->sets[m->n] + 63) & ~(uintptr_t)63);
    m->digests_n = 1;
    while (m->digests_n * 2 * sizeof(kept_digest) <= left - 64)
        m->digests_n *= 2;
    return m;
}

bool cu_memo_tag(const cu_memo *m, uint32_t tenant, const uint8_t rules[32], cu_bytes text, uint8_t tag[CU_MEMO_TAG])
{
    return cu_tag_of(&m->key, tenant, rules, text, tag);
}

bool cu_memo_tags(const cu_memo *m, uint32_t tenant, const uint8_t rules[32], cu_bytes text, const uint32_t *ends, size_t n,
                  uint8_t tags[][CU_MEMO_TAG])
{
    return cu_tags_of(&m->key, tenant, rules, text, ends, n, tags);
}

static set *set_of(cu_memo *m, const uint8_t tag[16])
{
    uint64_t h;
    memcpy(&h, tag, sizeof h);
    return &m->sets[h & (m->n - 1)];
}

static uint32_t mark_of(const uint8_t tag[16])
{
    uint32_t mark;
    memcpy(&mark, tag + 8, sizeof mark);
    return mark ? mark : 1;
}

static bool copy_out(const slot *s, const uint8_t tag[16], cu_findings *out)
{
    slot c;
    uint32_t before = atomic_load_explicit(&s->seq, memory_order_acquire);
    if (before == 0 || before & 1 || memcmp(s->tag, tag, CU_MEMO_TAG) != 0)
        return false;
    memcpy(&c.n, (const uint8_t *)s + offsetof(slot, n), sizeof c - offsetof(slot, n));
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&s->seq, memory_order_relaxed) != before || memcmp(c.tag, tag, 16) != 0 ||
        c.n > MAX_FINDINGS)
        return false;
    if (out->cap < MAX_FINDINGS) {
        cu_finding *v = realloc(out->v, MAX_FINDINGS * sizeof *v);
        if (!v)
            return false;
        out->v = v;
        out->cap = MAX_FINDINGS;
    }
    for (out->n = 0; out->n < c.n; out->n++) {
        const kept *k = &c.v[out->n];
        out->v[out->n] = (cu_finding){k->start, k->end, k->rule, k->type, k->confidence, k->flags};
    }
    return true;
}

bool cu_memo_get(cu_memo *m, uint32_t tenant, const uint8_t rules_digest[32], cu_bytes text, uint8_t tag[CU_MEMO_TAG],
                 cu_findings *out)
{
    if (!cu_memo_tag(m, tenant, rules_digest, text, tag)) {
        memset(tag, 0, CU_MEMO_TAG);
        return false;
    }
    const set *s = set_of(m, tag);
    for (unsigned i = 0; i < WAYS; i++)
        if (atomic_load_explicit(&s->mark[i], memory_order_relaxed) == mark_of(tag) && copy_out(&s->v[i], tag, out))
            return true;
    return false;
}

void cu_memo_put(cu_memo *m, const uint8_t tag[CU_MEMO_TAG], const cu_finding *v, size_t n)
{
    static const uint8_t none[CU_MEMO_TAG];
    if (n > MAX_FINDINGS || memcmp(tag, none, CU_MEMO_TAG) == 0)
        return;
    set *among = set_of(m, tag);
    unsigned at = 0;
    while (at < WAYS && atomic_load_explicit(&among->mark[at], memory_order_relaxed) != 0)
        at++;
    if (at == WAYS)
        at = atomic_fetch_add(&m->turn, 1) % WAYS;
    slot *s = &among->v[at];
    uint32_t seq = atomic_load(&s->seq);
    if (seq & 1 || !atomic_compare_exchange_strong(&s->seq, &seq, seq + 1))
        return;
    s->n = (uint32_t)n;
    memcpy(s->tag, tag, CU_MEMO_TAG);
    for (size_t i = 0; i < n; i++)
        s->v[i] = (kept){v[i].start, v[i].end, v[i].rule, v[i].type, v[i].confidence, v[i].flags};
    atomic_store_explicit(&s->seq, seq + 2, memory_order_release);
    atomic_store_explicit(&among->mark[at], mark_of(tag), memory_order_relaxed);
}

static kept_digest *digest_at(const cu_memo *m, const uint8_t tag[CU_MEMO_TAG])
{
    uint64_t h;
    memcpy(&h, tag, sizeof h);
    return &m->digests[h & (m->digests_n - 1)];
}

bool cu_memo_digest_get(cu_memo *m, const uint8_t tag[CU_MEMO_TAG], cu_sha256 *out)
{
    const kept_digest *d = digest_at(m, tag);
    uint32_t before = atomic_load_explicit(&d->seq, memory_order_acquire);
    uint8_t of[CU_MEMO_TAG];
    if (before == 0 || before & 1)
        return false;
    memcpy(of, d->tag, sizeof of);
    *out = d->digest;
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&d->seq, memory_order_relaxed) == before && memcmp(of, tag, sizeof of) == 0;
}

void cu_memo_digest_put(cu_memo *m, const uint8_t tag[CU_MEMO_TAG], const cu_sha256 *digest)
{
    kept_digest *d = digest_at(m, tag);
    uint32_t seq = atomic_load(&d->seq);
    if (seq & 1 || !atomic_compare_exchange_strong(&d->seq, &seq, seq + 1))
        return;
    memcpy(d->tag, tag, sizeof d->tag);
    d->digest = *digest;
    atomic_store_explicit(&d->seq, seq + 2, memory_order_release);
}
