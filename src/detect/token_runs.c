/* Which runs may hold a token, several blocks at a time where the compiler finds registers for it. Nothing that cu_has_token() would accept is lost:
 * each of its four forms lies in two neighbouring blocks, or fills one, and is asked for there by what
 * it cannot do without. */
#include "sweep.h"

#define INLINE static inline __attribute__((always_inline))

/* What is asked of the blocks; [0] is the block before the first. */
typedef struct {
    cu_mask_row runs, rows; /* 16 bytes of a run, 16 letters and digits, begin here */
    cu_mask_row drawn;      /* ... with a digit among them; or the first dash of a UUID */
    cu_mask_row changes;    /* the kind of letter or digit changes here */
} columns;

INLINE uint64_t behind(uint64_t now, uint64_t next, unsigned by)
{
    return now >> by | next << (64 - by);
}

/* Bit i: this and the 15 bits above it are set. */
INLINE uint64_t sixteen(uint64_t v, uint64_t next)
{
    uint64_t two = v & behind(v, next, 1), next_two = next & next >> 1;
    uint64_t four = two & behind(two, next_two, 2), next_four = next_two & next_two >> 2;
    uint64_t eight = four & behind(four, next_four, 4), next_eight = next_four & next_four >> 4;
    return eight & behind(eight, next_eight, 8);
}

/* Bit i: this or one of the 15 bits above it is set. */
INLINE uint64_t any_of_sixteen(uint64_t v, uint64_t next)
{
    return ~sixteen(~v, ~next);
}

INLINE uint64_t turns(uint64_t now, uint64_t before)
{
    return now ^ (now << 1 | before >> 63);
}

INLINE void look_at(const cu_masks *m, columns *c, size_t b)
{
    uint64_t upper = m->upper[b], lower = m->lower[b], digit = m->digit[b], dash = m->dash[b];
    uint64_t digit_next = m->digit[b + 1], dash_next = m->dash[b + 1];
    uint64_t alnum = upper | lower | digit, next = m->upper[b + 1] | m->lower[b + 1] | digit_next;
    uint64_t before = m->upper[b - 1] | m->lower[b - 1] | m->digit[b - 1];
    uint64_t runs = sixteen(alnum | m->joint[b], next | m->joint[b + 1]), rows = sixteen(alnum, next);
    uint64_t uuid = runs & dash & ~behind(dash, dash_next, 1) & behind(dash, dash_next, 5) & behind(dash, dash_next, 10) &
                    behind(dash, dash_next, 15);
    c->runs[b] = runs;
    c->rows[b] = rows;
    c->drawn[b] = (rows & any_of_sixteen(digit, digit_next)) | uuid;
    c->changes[b] = (turns(upper, m->upper[b - 1]) | turns(lower, m->lower[b - 1]) | turns(digit, m->digit[b - 1])) & alnum &
                    (alnum << 1 | before >> 63);
}

INLINE uint64_t population(uint64_t a, uint64_t b)
{
    return (uint64_t)__builtin_popcountll(a) + (uint64_t)__builtin_popcountll(b);
}

/* The bytes of the runs that begin in a block, in that block. */
INLINE uint64_t covered(uint64_t runs, uint64_t before)
{
#define SPREAD(by) (runs |= runs << (by) | before >> (64 - (by)), before |= before << (by))
    SPREAD(1); /* no loop: it would not fill registers */
    SPREAD(2);
    SPREAD(4);
    SPREAD(8);
#undef SPREAD
    return runs;
}

/* No branches below: which way they would go cannot be foreseen, and without them blocks fill registers. */

/* Capitals and small letters without a digit, in one row: in two blocks, or more than one long. */
INLINE uint64_t mixed_case(const cu_masks *m, const columns *c, size_t b)
{
    uint64_t many = population(m->upper[b], m->upper[b + 1]) >= 4 ? UINT64_MAX : 0;
    uint64_t whole = (m->upper[b] | m->lower[b] | m->digit[b]) == UINT64_MAX ? UINT64_MAX : 0;
    uint64_t next = (m->upper[b + 1] | m->lower[b + 1] | m->digit[b + 1]) == UINT64_MAX ? UINT64_MAX : 0;
    return c->rows[b] & (many | whole | next);
}

/* Six changes within 20 bytes of a run. last: of the block behind, runs are not known. */
INLINE uint64_t dense(const columns *c, size_t b, bool last)
{
    uint64_t here = last ? UINT64_MAX : covered(c->runs[b], c->runs[b - 1]);
    uint64_t next = last ? 0xfffffu : covered(c->runs[b + 1], c->runs[b]) & 0xfffffu;
    return population(c->changes[b] & here, c->changes[b + 1] & next) >= 6 ? UINT64_MAX : 0;
}

INLINE uint64_t wanted(const cu_masks *m, const columns *c, size_t b, bool last)
{
    uint64_t any = c->drawn[b] | mixed_case(m, c, b) | dense(c, b, last);
    return any ? c->runs[b] : 0;
}

INLINE void find(const cu_masks *m, size_t blocks, uint64_t *runs)
{
    columns c;
    c.runs[0] = UINT64_MAX; /* not known: as if all were of a run */
    for (size_t b = 1; b < blocks + 2; b++)
        look_at(m, &c, b);
    for (size_t b = 1; b < blocks; b++)
        runs[b - 1] = wanted(m, &c, b, false);
    if (blocks)
        runs[blocks - 1] = wanted(m, &c, blocks, true);
}

CU_FOR_WIDTHS static void find_any_width(const cu_masks *m, size_t blocks, uint64_t *runs)
{
    find(m, blocks, runs);
}

#if defined(__x86_64__) && !defined(__clang__)
__attribute__((target("avx512f,avx512vpopcntdq,popcnt"), optimize("O3"))) static void find_counting(const cu_masks *m, size_t blocks, uint64_t *runs)
{
    find(m, blocks, runs);
}
#endif

void cu_token_runs(const cu_masks *m, size_t blocks, uint64_t *runs)
{
#if defined(__x86_64__) && !defined(__clang__) /* where a register can count its bits */
    if (__builtin_cpu_supports("avx512vpopcntdq")) {
        find_counting(m, blocks, runs);
        return;
    }
#endif
    find_any_width(m, blocks, runs);
}
