/* Sorted moments in blocks of differences, with a plain tail. A block is packed once its successors are there; what
 * comes later than that and belongs before is merged, in batches that grow with what they have to move. */
#include <stdlib.h>
#include <string.h>
#include "moments.h"

#define BLOCK 256u
#define TAIL 512u             /* moments that lie plain before the older half is packed */
#define STEP_MAX 30u          /* bytes of one packed moment: three numbers of at most ten */
#define NEAR_LOGS 8u          /* whose last index a block remembers while it is read or written */
#define INDEX_MASK (((uint64_t)1 << MOMENT_INDEX_BITS) - 1)

struct moment_block {
    struct moment first, last;
    uint64_t widest;          /* between two neighbours in it, ms */
    uint8_t *steps;           /* from the second on */
    uint16_t n, size;
};

int moment_order(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    return x->ms != y->ms ? (x->ms < y->ms ? -1 : 1) : x->place < y->place ? -1 : x->place > y->place;
}

/* --- a block --- */

/* The last index of the logs that came up, as far as they fit: the next one of a log is near it. */
struct near {
    uint64_t log[NEAR_LOGS], index[NEAR_LOGS];
    unsigned n, next;
};

static uint64_t *near_index(struct near *k, uint64_t log)
{
    for (unsigned i = 0; i < k->n; i++)
        if (k->log[i] == log)
            return &k->index[i];
    unsigned i = k->next++ % NEAR_LOGS;
    k->n += k->n < NEAR_LOGS;
    k->log[i] = log;
    k->index[i] = 0;
    return &k->index[i];
}

static uint8_t *put_number(uint8_t *p, uint64_t v)
{
    for (; v > 127; v >>= 7)
        *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

static const uint8_t *take_number(const uint8_t *p, uint64_t *v)
{
    unsigned shift = 0;
    for (*v = 0; *p & 128; shift += 7)
        *v |= (uint64_t)(*p++ & 127) << shift;
    *v |= (uint64_t)*p++ << shift;
    return p;
}

/* Time, then the index as a difference with its sign and whether the log is another one, then that log. */
static uint8_t *put_step(uint8_t *p, struct near *k, const struct moment *before, const struct moment *m)
{
    uint64_t log = m->place >> MOMENT_INDEX_BITS, index = m->place & INDEX_MASK, *base = near_index(k, log);
    bool other = log != before->place >> MOMENT_INDEX_BITS, back = index < *base;
    p = put_number(p, m->ms - before->ms);
    p = put_number(p, (back ? *base - index : index - *base) << 2 | (unsigned)back << 1 | other);
    *base = index;
    return other ? put_number(p, log) : p;
}

static const uint8_t *take_step(const uint8_t *p, struct near *k, struct moment *m)
{
    uint64_t ms, step, log = m->place >> MOMENT_INDEX_BITS;
    p = take_number(p, &ms);
    p = take_number(p, &step);
    if (step & 1)
        p = take_number(p, &log);
    uint64_t *index = near_index(k, log);
    *index = step & 2 ? *index - (step >> 2) : *index + (step >> 2);
    *m = (struct moment){m->ms + ms, log << MOMENT_INDEX_BITS | *index};
    return p;
}

static cu_err block_pack(struct moment_block *b, const struct moment *m, size_t n)
{
    uint8_t steps[BLOCK * STEP_MAX], *p = steps;
    struct near k = {.n = 0};
    *b = (struct moment_block){.first = m[0], .last = m[n - 1], .n = (uint16_t)n};
    *near_index(&k, m[0].place >> MOMENT_INDEX_BITS) = m[0].place & INDEX_MASK;
    for (size_t i = 1; i < n; i++) {
        p = put_step(p, &k, &m[i - 1], &m[i]);
        b->widest = m[i].ms - m[i - 1].ms > b->widest ? m[i].ms - m[i - 1].ms : b->widest;
    }
    b->size = (uint16_t)(p - steps);
    b->steps = malloc(b->size + 1u);
    if (!b->steps)
        return CU_NOMEM;
    memcpy(b->steps, steps, b->size);
    return CU_OK;
}

/* Room for BLOCK. */
static void block_read(const struct moment_block *b, struct moment *out)
{
    const uint8_t *p = b->steps;
    struct near k = {.n = 0};
    struct moment m = out[0] = b->first;
    *near_index(&k, m.place >> MOMENT_INDEX_BITS) = m.place & INDEX_MASK;
    for (size_t i = 1; i < b->n; i++) {
        p = take_step(p, &k, &m);
        out[i] = m;
    }
}

/* --- from the tail into blocks --- */

static void sort_tail(struct moments *m)
{
    if (m->unsorted)
        qsort(m->tail, m->tail_n, sizeof *m->tail, moment_order);
    m->unsorted = false;
}

/* The first block that has something later than x. */
static size_t blocks_before(const struct moments *m, const struct moment *x)
{
    size_t lo = 0, hi = m->blocks_n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (moment_order(&m->blocks[mid].last, x) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Two sorted ones into out. */
static void merge(const struct moment *a, size_t a_n, const struct moment *b, size_t b_n, struct moment *out)
{
    size_t i = 0, j = 0;
    while (i < a_n || j < b_n)
        *out++ = j == b_n || (i < a_n && moment_order(&a[i], &b[j]) < 0) ? a[i++] : b[j++];
}

static cu_err room_for_blocks(struct moments *m, size_t n)
{
    if (n <= m->blocks_cap)
        return CU_OK;
    size_t cap = n + n / 4 + 4;
    struct moment_block *v = realloc(m->blocks, cap * sizeof *v);
    if (!v)
        return CU_NOMEM;
    m->blocks = v;
    m->blocks_cap = cap;
    return CU_OK;
}

/* Blocks from `at` on become those of all[0..n). */
static cu_err replace_blocks(struct moments *m, size_t at, const struct moment *all, size_t n)
{
    size_t need = (n + BLOCK - 1) / BLOCK, made = 0;
    cu_err e = room_for_blocks(m, at + need);
    struct moment_block *fresh = calloc(need, sizeof *fresh);
    for (; fresh && e == CU_OK && made < need; made++)
        e = block_pack(&fresh[made], all + made * BLOCK, n - made * BLOCK < BLOCK ? n - made * BLOCK : BLOCK);
    if (!fresh || e != CU_OK) {
        for (size_t i = 0; i < made; i++)
            free(fresh[i].steps);
        free(fresh);
        return CU_NOMEM;
    }
    for (size_t i = at; i < m->blocks_n; i++)
        free(m->blocks[i].steps);
    memcpy(m->blocks + at, fresh, need * sizeof *fresh);
    free(fresh);
    m->blocks_n = at + need;
    return CU_OK;
}

/* Packs n of the sorted tail, with the blocks from `at` on, which reach behind them or are not full. */
static cu_err pack(struct moments *m, size_t at, size_t from, size_t n)
{
    size_t moved = m->packed - at * BLOCK, got = 0; /* all but the last are full */
    struct moment *both = malloc((2 * moved + n + BLOCK) * sizeof *both), *old = both + moved + n;
    if (!both)
        return CU_NOMEM;
    for (size_t i = at; i < m->blocks_n; got += m->blocks[i++].n)
        block_read(&m->blocks[i], old + got);
    merge(old, moved, m->tail + from, n, both);
    cu_err e = replace_blocks(m, at, both, moved + n);
    free(both);
    if (e != CU_OK)
        return e;
    m->packed += n;
    m->tail_n -= n;
    memmove(m->tail + from, m->tail + from + n, (m->tail_n - from) * sizeof *m->tail);
    return CU_OK;
}

static cu_err grow_tail(struct moments *m)
{
    size_t cap = m->tail_cap ? m->tail_cap * 2 : 16;
    struct moment *v = realloc(m->tail, cap * sizeof *v);
    if (!v)
        return CU_NOMEM;
    m->tail = v;
    m->tail_cap = cap;
    return CU_OK;
}

static void shrink_tail(struct moments *m)
{
    struct moment *v = m->tail_cap > TAIL && m->tail_n <= TAIL / 2 ? realloc(m->tail, TAIL * sizeof *v) : NULL;
    if (!v)
        return;
    m->tail = v;
    m->tail_cap = TAIL;
}

/* The tail is full. What follows the blocks is packed, but for the newest, among which the next ones may belong. For
 * what belongs between them as much is moved as follows it: so it waits for more of its kind, and each moment is
 * moved a bounded number of times whatever the order. */
static cu_err make_room(struct moments *m)
{
    if (m->tail_cap < TAIL)
        return grow_tail(m);
    sort_tail(m);
    size_t last = m->blocks_n && m->blocks[m->blocks_n - 1].n < BLOCK ? m->blocks_n - 1 : m->blocks_n;
    size_t at = blocks_before(m, &m->tail[0]), late = 0;
    while (m->blocks_n && late < m->tail_n && moment_order(&m->tail[late], &m->blocks[m->blocks_n - 1].last) < 0)
        late++;
    if (at >= last)
        CU_TRY(pack(m, last, 0, m->tail_n - TAIL / 2));
    else if (m->packed - at * BLOCK <= 4 * m->tail_n)
        CU_TRY(pack(m, at, 0, m->tail_n - TAIL / 2));
    else if (late <= m->tail_n / 4)
        CU_TRY(pack(m, last, late, m->tail_n / 2));
    else
        return grow_tail(m);
    shrink_tail(m);
    return CU_OK;
}

cu_err moments_add(struct moments *m, uint64_t ms, uint64_t place)
{
    if (m->packed + m->tail_n >= MOMENTS_MAX)
        return CU_TOO_BIG;
    if (m->tail_n == m->tail_cap)
        CU_TRY(make_room(m));
    const struct moment x = {ms, place};
    m->unsorted |= m->tail_n && moment_order(&m->tail[m->tail_n - 1], &x) > 0;
    m->tail[m->tail_n++] = x;
    return CU_OK;
}

void moments_free(struct moments *m)
{
    for (size_t i = 0; i < m->blocks_n; i++)
        free(m->blocks[i].steps);
    free(m->blocks);
    free(m->tail);
    *m = (struct moments){0};
}

/* --- what was there at a moment --- */

/* How many of v are not later. */
static size_t until(const struct moment *v, size_t n, uint64_t at)
{
    size_t lo = 0;
    while (lo < n) {
        size_t mid = (lo + n) / 2;
        if (v[mid].ms <= at)
            lo = mid + 1;
        else
            n = mid;
    }
    return lo;
}

static void widen(bool any, const struct moment *a, const struct moment *b, struct moment *first, struct moment *last)
{
    if (!any || moment_order(a, first) < 0)
        *first = *a;
    if (!any || moment_order(b, last) > 0)
        *last = *b;
}

size_t moments_until(struct moments *m, uint64_t at, struct moment *first, struct moment *last)
{
    struct moment in[BLOCK];
    const struct moment latest = {at, UINT64_MAX};
    size_t whole = blocks_before(m, &latest), n = 0;
    if (whole) { /* all but the last are full */
        n = whole < m->blocks_n ? whole * BLOCK : m->packed;
        widen(false, &m->blocks[0].first, &m->blocks[whole - 1].last, first, last);
    }
    if (whole < m->blocks_n && m->blocks[whole].first.ms <= at) {
        block_read(&m->blocks[whole], in);
        size_t some = until(in, m->blocks[whole].n, at);
        widen(n > 0, &in[0], &in[some - 1], first, last);
        n += some;
    }
    sort_tail(m);
    size_t of_tail = until(m->tail, m->tail_n, at);
    if (of_tail)
        widen(n > 0, &m->tail[0], &m->tail[of_tail - 1], first, last);
    return n + of_tail;
}

typedef struct {
    uint64_t limit, before;
    bool any;
    moments_gap gap;
    void *arg;
} walk;

static void step_to(walk *w, uint64_t ms)
{
    if (w->any && ms - w->before > w->limit)
        w->gap(w->arg, w->before, ms);
    w->before = ms;
    w->any = true;
}

/* The block's moments and, between them, those of the tail; *j: the tail's next one. */
static void walk_block(walk *w, const struct moments *m, const struct moment_block *b, uint64_t at, size_t *j)
{
    struct moment in[BLOCK];
    block_read(b, in);
    for (size_t i = 0; i < b->n && in[i].ms <= at; i++) {
        for (; *j < m->tail_n && m->tail[*j].ms < in[i].ms; ++*j)
            step_to(w, m->tail[*j].ms);
        step_to(w, in[i].ms);
    }
}

void moments_gaps(struct moments *m, uint64_t at, uint64_t limit, uint64_t from, moments_gap gap, void *arg)
{
    walk w = {.limit = limit, .gap = gap, .arg = arg};
    size_t j = 0;
    sort_tail(m);
    for (size_t i = 0; i < m->blocks_n && m->blocks[i].first.ms <= at; i++) {
        const struct moment_block *b = &m->blocks[i];
        bool alone = b->last.ms <= at && (j == m->tail_n || m->tail[j].ms >= b->last.ms);
        if (alone && (b->widest <= limit || b->last.ms < from)) {
            step_to(&w, b->first.ms);
            w.before = b->last.ms;
        } else {
            walk_block(&w, m, b, at, &j);
        }
    }
    for (; j < m->tail_n && m->tail[j].ms <= at; j++)
        step_to(&w, m->tail[j].ms);
    if (w.any)
        step_to(&w, at);
}
