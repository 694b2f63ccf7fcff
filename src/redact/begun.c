/* Slots of one size, each guarded by a sequence number as in memo.c: a writer that dies leaves its slot odd,
 * and so unused. Hints stand apart, in a few lines of cache: where a beginning ends, and a few bits of its
 * first and last bytes; only when they fit all of its bytes are hashed. */
#include "redact/begun.h"
#include <stdatomic.h>

#define SLOT_BYTES ((size_t)128 << 10)
#define TAIL 32u  /* bytes before the end that the hint is made of, */
#define FRONT 2048u /* and bytes at the front: texts that are alike from some place on differ there */
#define TRIES 3u  /* beginnings that are hashed for one body */

_Static_assert(CU_BEGUN_MIN >= FRONT + TAIL, "every beginning has both");

typedef struct {
    _Atomic uint64_t end;  /* hint << 32 | byte where the beginning ends; 0: the slot is free */
    _Atomic uint64_t used; /* when it was last of use */
} hint;

typedef struct {
    _Atomic uint32_t seq; /* odd: being written */
    uint32_t found_n;
    uint8_t tag[CU_MEMO_TAG], edits[CU_MEMO_TAG];
    cu_json_place place;
    cu_commit_state commit;
    uint64_t marks;
    uint8_t room[]; /* strings, then findings */
} slot;

struct cu_begun_memo {
    uint64_t seed;
    uint32_t n;            /* slots */
    _Atomic uint64_t now;  /* uses so far */
    size_t slots_at;
    hint hints[];
};

static slot *slot_at(cu_begun_memo *m, uint32_t i)
{
    return (slot *)(void *)((uint8_t *)m + m->slots_at + i * SLOT_BYTES);
}

cu_begun_memo *cu_begun_init(void *region, size_t size)
{
    cu_begun_memo *m = region;
    size_t n = size / (SLOT_BYTES + sizeof(hint));
    CU_ASSERT(n > 1);
    n--; /* what the head takes */
    m->n = (uint32_t)n;
    m->slots_at = (sizeof *m + n * sizeof(hint) + 4095) / 4096 * 4096;
    CU_ASSERT(m->slots_at + n * SLOT_BYTES <= size);
    cu_random(&m->seed, sizeof m->seed);
    return m;
}

/* Hints need not be hard to aim at. */
static uint64_t mixed(uint64_t h, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, sizeof w);
        h = (h ^ w) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 29;
    }
    return h;
}

static uint64_t front_of(const cu_begun_memo *m, uint32_t tenant, cu_bytes body)
{
    return mixed(m->seed ^ tenant, body.p, FRONT);
}

/* Of the front, and of the last bytes before `end`. */
static uint64_t end_of(uint64_t front, cu_bytes body, uint32_t end)
{
    return mixed(front, body.p + end - TAIL, TAIL) << 32 | end;
}

static size_t strings_bytes(const cu_json_place *p)
{
    return (size_t)p->strings * sizeof(cu_json_string);
}

static bool fits(const cu_json_place *p, size_t found_n)
{
    size_t room = SLOT_BYTES - sizeof(slot);
    return strings_bytes(p) <= room && found_n <= (room - strings_bytes(p)) / sizeof(cu_begun_finding) && p->key < p->strings;
}

/* What the slot holds, when it is the beginning with this tag and nobody wrote meanwhile. */
static const cu_begun *copy_out(const slot *s, const uint8_t tag[CU_MEMO_TAG], uint32_t end, cu_arena *a)
{
    uint32_t before = atomic_load_explicit(&s->seq, memory_order_acquire);
    cu_json_place place = s->place;
    uint32_t found_n = s->found_n;
    if (before == 0 || before & 1 || memcmp(s->tag, tag, CU_MEMO_TAG) != 0 || place.at != end || !fits(&place, found_n))
        return NULL;
    cu_begun *b = cu_arena_raw(a, sizeof *b);
    cu_json_string *strings = cu_arena_raw(a, strings_bytes(&place));
    cu_begun_finding *found = cu_arena_raw(a, found_n * sizeof *found + 1);
    if (!b || !strings || !found)
        return NULL;
    *b = (cu_begun){.place = place, .strings = strings, .found = found, .found_n = found_n, .commit = s->commit, .marks = s->marks};
    memcpy(b->edits, s->edits, CU_MEMO_TAG);
    memcpy(strings, s->room, strings_bytes(&place));
    memcpy(found, s->room + strings_bytes(&place), found_n * sizeof *found);
    bool same = memcmp(s->tag, tag, CU_MEMO_TAG) == 0;
    atomic_thread_fence(memory_order_acquire);
    return same && atomic_load_explicit(&s->seq, memory_order_relaxed) == before ? b : NULL;
}

/* The slot whose hint fits and ends last before `below`; m->n: none. */
static uint32_t candidate(const cu_begun_memo *m, uint64_t front, cu_bytes body, uint64_t below)
{
    uint32_t best = m->n;
    uint32_t best_end = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        uint64_t v = atomic_load_explicit(&m->hints[i].end, memory_order_relaxed);
        uint32_t end = (uint32_t)v;
        if (end < CU_BEGUN_MIN || end > body.n || end >= below || end <= best_end || end_of(front, body, end) != v)
            continue;
        best = i;
        best_end = end;
    }
    return best;
}

const cu_begun *cu_begun_find(cu_begun_memo *m, const cu_memo *keyed, uint32_t tenant, const uint8_t digest[32], cu_bytes body, cu_arena *a)
{
    uint64_t below = UINT64_MAX;
    if (body.n < CU_BEGUN_MIN || body.n >= UINT32_MAX)
        return NULL;
    uint64_t front = front_of(m, tenant, body);
    for (unsigned k = 0; k < TRIES; k++) {
        uint8_t tag[1][CU_MEMO_TAG];
        uint32_t i = candidate(m, front, body, below);
        if (i == m->n)
            return NULL;
        uint32_t end = (uint32_t)atomic_load_explicit(&m->hints[i].end, memory_order_relaxed);
        bool tagged = end >= CU_BEGUN_MIN && end <= body.n && cu_memo_tags(keyed, tenant, digest, body, &end, 1, tag);
        const cu_begun *b = tagged ? copy_out(slot_at(m, i), tag[0], end, a) : NULL;
        if (b) {
            atomic_store_explicit(&m->hints[i].used, atomic_fetch_add(&m->now, 1) + 1, memory_order_relaxed);
            return b;
        }
        below = end;
    }
    return NULL;
}

/* The one that was of no use for longest. */
static uint32_t oldest(const cu_begun_memo *m)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < m->n; i++)
        if (atomic_load_explicit(&m->hints[i].used, memory_order_relaxed) < atomic_load_explicit(&m->hints[best].used, memory_order_relaxed))
            best = i;
    return best;
}

/* As a walk gives them, without the marks. */
static void put_strings(slot *s, const cu_begun *what)
{
    cu_json_string *to = (cu_json_string *)(void *)s->room;
    for (uint32_t i = 0; i < what->place.strings; i++) {
        to[i] = what->strings[i];
        to[i].flags &= CU_JSON_KEY | CU_JSON_ESCAPED;
    }
}

static void keep(cu_begun_memo *m, uint32_t tenant, cu_bytes body, const cu_begun *what, const uint8_t tag[CU_MEMO_TAG])
{
    uint32_t i = oldest(m), seq;
    slot *s = slot_at(m, i);
    atomic_store_explicit(&m->hints[i].used, atomic_fetch_add(&m->now, 1) + 1, memory_order_relaxed); /* whatever comes of it */
    seq = atomic_load(&s->seq);
    if (seq & 1 || !atomic_compare_exchange_strong(&s->seq, &seq, seq + 1))
        return;
    s->found_n = (uint32_t)what->found_n;
    memcpy(s->tag, tag, CU_MEMO_TAG);
    memcpy(s->edits, what->edits, sizeof s->edits);
    s->place = what->place;
    s->commit = what->commit;
    s->marks = what->marks;
    put_strings(s, what);
    if (what->found_n)
        memcpy(s->room + strings_bytes(&what->place), what->found, what->found_n * sizeof *what->found);
    atomic_store_explicit(&s->seq, seq + 2, memory_order_release);
    atomic_store_explicit(&m->hints[i].end, end_of(front_of(m, tenant, body), body, what->place.at), memory_order_relaxed);
}

void cu_begun_keep(cu_begun_memo *m, const cu_memo *keyed, uint32_t tenant, const uint8_t digest[32], cu_bytes body, const cu_begun *what, size_t n)
{
    uint8_t tags[CU_JSON_PLACES][CU_MEMO_TAG];
    uint32_t ends[CU_JSON_PLACES];
    for (size_t i = 0; i < n; i++) {
        ends[i] = what[i].place.at;
        if (n > CU_JSON_PLACES || ends[i] < (i ? ends[i - 1] + 1 : CU_BEGUN_MIN) || ends[i] > body.n)
            return;
    }
    if (n == 0 || !cu_memo_tags(keyed, tenant, digest, body, ends, n, tags))
        return;
    for (size_t i = 0; i < n; i++)
        if (fits(&what[i].place, what[i].found_n))
            keep(m, tenant, body, &what[i], tags[i]);
}
