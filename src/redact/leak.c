/* The table: one word a fingerprint, 40 bits of it and 24 bits of its owner, in sets of eight. Words
 * are read and written whole, so that no lock is needed; a lost race costs one fingerprint. */
#include "redact/leak.h"
#include <stdatomic.h>
#include "base/digest.h"
#include "leak_read.h"

#define WAYS 8u
#define OWNER_BITS 24u
#define NOBODY ((1u << OWNER_BITS) - 1)
#define SEEN 65536u /* texts that were learnt before */
#define AGAIN 20u   /* after 2^20 insertions a text that is sent again is learnt again: parts of it may be gone */

struct cu_leaks {
    uint64_t key[4];
    uint64_t sets; /* power of two */
    _Atomic uint32_t turn;
    _Atomic uint64_t seen[SEEN];
    _Atomic uint64_t slots[];
};

cu_leaks *cu_leaks_init(void *region, size_t size)
{
    cu_leaks *l = region;
    CU_ASSERT(size > sizeof *l + WAYS * sizeof(uint64_t));
    cu_random(l->key, sizeof l->key);
    l->key[1] |= 1;
    l->sets = 1;
    while (l->sets * 2 * WAYS * sizeof(uint64_t) <= size - sizeof *l)
        l->sets *= 2;
    return l;
}

uint32_t cu_leak_owner(const cu_leaks *l, cu_bytes tenant)
{
    cu_sha256 mac;
    uint32_t v;
    cu_hmac_sha256(cu_bytes_of(l->key, sizeof l->key), tenant, &mac);
    memcpy(&v, mac.b, sizeof v);
    v &= NOBODY;
    return v == 0 || v == NOBODY ? 1 : v;
}

/* --- the table --- */

static _Atomic uint64_t *set_of(cu_leaks *l, uint64_t fp)
{
    return &l->slots[(fp & (l->sets - 1)) * WAYS];
}

static uint64_t word_of(uint64_t fp, uint32_t owner)
{
    return fp >> OWNER_BITS << OWNER_BITS | owner;
}

/* The slot that holds the fingerprint, or NULL; *word is what stood there. */
static _Atomic uint64_t *find(cu_leaks *l, uint64_t fp, uint64_t *word)
{
    _Atomic uint64_t *set = set_of(l, fp);
    for (unsigned i = 0; i < WAYS; i++) {
        *word = atomic_load_explicit(&set[i], memory_order_relaxed);
        if (*word && *word >> OWNER_BITS == fp >> OWNER_BITS)
            return &set[i];
    }
    return NULL;
}

/* A free place, else any of the set: everything lives equally long, some four million insertions. */
static void insert(cu_leaks *l, uint64_t fp, uint32_t owner)
{
    _Atomic uint64_t *set = set_of(l, fp);
    unsigned pick = (atomic_fetch_add_explicit(&l->turn, 1, memory_order_relaxed) * 2654435761u >> 29) % WAYS;
    for (unsigned i = 0; i < WAYS; i++)
        if (atomic_load_explicit(&set[i], memory_order_relaxed) == 0) {
            pick = i;
            break;
        }
    atomic_store_explicit(&set[pick], word_of(fp, owner), memory_order_relaxed);
}

static void own(cu_leaks *l, uint64_t fp, uint32_t owner)
{
    uint64_t word;
    _Atomic uint64_t *s = find(l, fp, &word);
    if (!s)
        insert(l, fp, owner);
    else if ((word & NOBODY) != owner && (word & NOBODY) != NOBODY)
        atomic_compare_exchange_strong(s, &word, word_of(fp, NOBODY));
}

/* --- learning --- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Says whether a text was learnt before; it hides nothing, so that no cryptographic hash is needed. */
static uint64_t hash_of(const cu_leaks *l, uint32_t owner, cu_bytes t)
{
    uint64_t h = l->key[2] ^ owner, a, b;
    size_t i = 0;
    for (; i + 16 <= t.n; i += 16) {
        memcpy(&a, t.p + i, 8);
        memcpy(&b, t.p + i + 8, 8);
        h = mix(a ^ l->key[3], b ^ h);
    }
    for (; i < t.n; i++)
        h = mix(h ^ t.p[i], l->key[1]);
    return mix(h ^ t.n, l->key[3] | 1) | 1;
}

typedef struct {
    cu_leaks *leaks;
    uint32_t owner;
} learning;

static void learn(void *arg, uint64_t fp)
{
    learning *x = arg;
    own(x->leaks, fp, x->owner);
}

void cu_leaks_learn(cu_leaks *l, uint32_t owner, cu_bytes text)
{
    cu_leak_reader r = {0};
    learning x = {l, owner};
    if (text.n < CU_LEAK_MIN_TEXT)
        return;
    uint64_t age = atomic_load_explicit(&l->turn, memory_order_relaxed) >> AGAIN, h = hash_of(l, owner, text) ^ age << 1;
    _Atomic uint64_t *seen = &l->seen[h >> 32 & (SEEN - 1)];
    if (atomic_exchange_explicit(seen, h, memory_order_relaxed) == h)
        return;
    leak_read(&r, l->key, text, learn, &x);
    leak_read(&r, l->key, CU_LIT("\n"), learn, &x);
}

/* --- watching --- */

void cu_leak_watch_begin(cu_leak_watch *w, cu_leaks *l, uint32_t owner)
{
    *w = (cu_leak_watch){.leaks = l, .owner = owner};
}

static bool counted(cu_leak_watch *w, uint64_t fp)
{
    for (unsigned i = 0; i < 64; i++)
        if (w->recent[i] == fp)
            return true;
    w->recent[w->recent_n++ % 64] = fp;
    return false;
}

static void look(void *arg, uint64_t fp)
{
    cu_leak_watch *w = arg;
    uint64_t word;
    if (!find(w->leaks, fp, &word)) {
        insert(w->leaks, fp, NOBODY); /* a model wrote it: who sends it later did not bring it */
        return;
    }
    uint32_t owner = (uint32_t)(word & NOBODY);
    if (owner == NOBODY || owner == w->owner || counted(w, fp))
        return;
    for (unsigned i = 0; i < CU_LEAK_OWNERS; i++)
        if (w->hits[i].owner == owner || w->hits[i].owner == 0) {
            w->hits[i].owner = owner;
            w->hits[i].count++;
            return;
        }
}

void cu_leak_watch_text(cu_leak_watch *w, cu_bytes text)
{
    leak_read(&w->reader, w->leaks->key, text, look, w);
}

bool cu_leak_watch_alarm(const cu_leak_watch *w, uint32_t *owner, uint32_t *count)
{
    unsigned best = 0;
    for (unsigned i = 1; i < CU_LEAK_OWNERS; i++)
        if (w->hits[i].count > w->hits[best].count)
            best = i;
    *owner = w->hits[best].owner;
    *count = w->hits[best].count;
    return *count >= CU_LEAK_ALARM;
}
