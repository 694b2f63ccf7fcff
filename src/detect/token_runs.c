/* Which runs may hold a token, several blocks at a time where the compiler finds registers for it. Nothing that cu_has_token() would accept is lost:
 * each of its four forms lies in two neighbouring blocks, or fills one, and is asked for there by what
 * it cannot do without. */
#include "sweep.h"

#define ROOM (CU_BLOCKS_MAX + 3u)
#define INLINE static inline __attribute__((always_inline))

/* The masks of the blocks side by side; [0] is the block before the first. */
typedef struct {
    uint64_t upper[ROOM], lower[ROOM], digit[ROOM], dash[ROOM], row[ROOM];
    uint64_t runs[ROOM], rows[ROOM]; /* 16 bytes of a run, 16 letters and digits, begin here */
    uint64_t drawn[ROOM];            /* ... with a digit among them; or the first dash of a UUID */
    uint64_t changes[ROOM];          /* the kind of letter or digit changes here */
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

INLINE void look_at(columns *c, size_t b)
{
    uint64_t upper = c->upper[b], lower = c->lower[b], digit = c->digit[b], dash = c->dash[b];
    uint64_t digit_next = c->digit[b + 1], dash_next = c->dash[b + 1];
    uint64_t alnum = upper | lower | digit, next = c->upper[b + 1] | c->lower[b + 1] | digit_next;
    uint64_t before = c->upper[b - 1] | c->lower[b - 1] | c->digit[b - 1];
    uint64_t runs = sixteen(c->row[b], c->row[b + 1]), rows = sixteen(alnum, next);
    uint64_t uuid = runs & dash & ~behind(dash, dash_next, 1) & behind(dash, dash_next, 5) & behind(dash, dash_next, 10) &
                    behind(dash, dash_next, 15);
    c->runs[b] = runs;
    c->rows[b] = rows;
    c->drawn[b] = (rows & any_of_sixteen(digit, digit_next)) | uuid;
    c->changes[b] = (turns(upper, c->upper[b - 1]) | turns(lower, c->lower[b - 1]) | turns(digit, c->digit[b - 1])) & alnum &
                    (alnum << 1 | before >> 63);
}

/* Compiled for each width of registers. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define FOR_WIDTHS __attribute__((target_clones("default", "avx2", "avx512f"), optimize("O3")))
#else
#define FOR_WIDTHS
#endif

INLINE unsigned population(uint64_t a, uint64_t b)
{
    return (unsigned)(__builtin_popcountll(a) + __builtin_popcountll(b));
}

/* The bytes of the runs that begin in a block, in that block. */
INLINE uint64_t covered(uint64_t runs, uint64_t before)
{
    for (unsigned by = 1; by < 16; by *= 2) {
        runs |= runs << by | before >> (64 - by);
        before |= before << by;
    }
    return runs;
}

/* Capitals and small letters without a digit, in one row: in two blocks, or more than one long. */
INLINE bool mixed_case(const columns *c, size_t b)
{
    if (!c->rows[b])
        return false;
    return population(c->upper[b], c->upper[b + 1]) >= 4 || (c->upper[b] | c->lower[b] | c->digit[b]) == UINT64_MAX ||
           (c->upper[b + 1] | c->lower[b + 1] | c->digit[b + 1]) == UINT64_MAX;
}

/* Six changes within 20 bytes of a run. last: of the block behind, runs are not known. */
INLINE bool dense(const columns *c, size_t b, bool last)
{
    uint64_t next = c->changes[b + 1] & 0xfffffu;
    if (population(c->changes[b], next) < 6)
        return false;
    return last || population(c->changes[b] & covered(c->runs[b], c->runs[b - 1]), next & covered(c->runs[b + 1], c->runs[b])) >= 6;
}

FOR_WIDTHS void cu_token_runs(const cu_block *m, size_t blocks, uint64_t *runs)
{
    columns c;
    for (size_t b = 0; b < blocks + 2; b++) {
        const cu_block *x = m + b - 1;
        c.upper[b] = x->upper;
        c.lower[b] = x->lower;
        c.digit[b] = x->digit;
        c.dash[b] = x->dash;
        c.row[b] = x->upper | x->lower | x->digit | x->joint;
    }
    c.upper[blocks + 2] = c.lower[blocks + 2] = c.digit[blocks + 2] = c.dash[blocks + 2] = c.row[blocks + 2] = 0;
    c.runs[0] = UINT64_MAX; /* not known: as if all were of a run */
    for (size_t b = 1; b < blocks + 2; b++)
        look_at(&c, b);
    for (size_t b = 1; b <= blocks; b++)
        runs[b - 1] = c.runs[b] && (c.drawn[b] || mixed_case(&c, b) || dense(&c, b, b == blocks)) ? c.runs[b] : 0;
}
