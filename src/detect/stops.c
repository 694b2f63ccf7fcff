/* Where hand-written readers begin, and where long numbers stand, several blocks at a time where the
 * compiler finds registers for it. A stop is no more than a hint: sweep.c looks again before it calls. */
#include "sweep.h"

#define ROOM (CU_BLOCKS_MAX + 2u)
#define INLINE static inline __attribute__((always_inline))

/* Compiled for each width of registers. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define FOR_WIDTHS __attribute__((target_clones("default", "avx2", "avx512f"), optimize("O3")))
#else
#define FOR_WIDTHS
#endif

/* The masks side by side; [0] is the block before the first. */
typedef struct {
    uint64_t upper[ROOM], alpha[ROOM], digit[ROOM], space[ROOM], sign[ROOM], open[ROOM];
    uint64_t text[ROOM];   /* letters, bytes above 0x7f, points: a blank and a number may follow */
    uint64_t high[ROOM], escape[ROOM], at[ROOM], colon[ROOM], dash[ROOM], plus[ROOM];
} columns;

INLINE uint64_t behind(uint64_t now, uint64_t next, unsigned by)
{
    return now >> by | next << (64 - by);
}

INLINE uint64_t before(uint64_t now, uint64_t last, unsigned by)
{
    return now << by | last >> (64 - by);
}

/* The last digit of a number that goes on: behind a sign, or in a text. */
INLINE uint64_t goes_on(const columns *c, size_t b)
{
    uint64_t digit = c->digit[b], next = c->digit[b + 1], alpha = c->alpha[b], alpha_next = c->alpha[b + 1];
    uint64_t space = behind(c->space[b], c->space[b + 1], 1), space2 = behind(c->space[b], c->space[b + 1], 2);
    uint64_t gap = space2 | behind(c->open[b], c->open[b + 1], 2);
    uint64_t word = behind(alpha, alpha_next, 2) | behind(c->high[b], c->high[b + 1], 2);
    uint64_t on = (behind(c->sign[b], c->sign[b + 1], 1) & (behind(digit, next, 2) | (gap & behind(digit, next, 3)))) |
                  (space & word) | (behind(alpha, alpha_next, 1) & space2);
    return digit & (on | next << 63); /* not known of what goes on in the next block */
}

/* The first digits of numbers that a reader may want (may_begin in sweep.c says what they have in common). */
INLINE uint64_t first_digits(const columns *c, size_t b)
{
    uint64_t digit = c->digit[b], run = digit, on = goes_on(c, b);
    uint64_t letter = before(c->alpha[b], c->alpha[b - 1], 1), escape = before(c->escape[b], c->escape[b - 1], 2);
    uint64_t capitals = before(c->upper[b], c->upper[b - 1], 1) & before(c->upper[b], c->upper[b - 1], 2);
    uint64_t in_text = before(c->space[b], c->space[b - 1], 1) & before(c->text[b], c->text[b - 1], 2);
    uint64_t two = digit & behind(digit, c->digit[b + 1], 1), next_two = c->digit[b + 1] & c->digit[b + 1] >> 1;
    uint64_t four = two & behind(two, next_two, 2), next_four = next_two & next_two >> 2;
    uint64_t seven = four & behind(four, next_four, 3);
    on |= run & on >> 1;
    run &= run >> 1;
    on |= run & on >> 2;
    run &= run >> 2;
    on |= run & on >> 4;
    return digit & ~before(digit, c->digit[b - 1], 1) & (~letter | capitals | escape) & (in_text | seven | on | capitals);
}

/* "a@b", a second colon within five bytes (an address of IP version 6 or of hardware), "-" again after
 * three, "+1". */
INLINE uint64_t signs(const columns *c, size_t b)
{
    uint64_t word = c->alpha[b] | c->digit[b], word_next = c->alpha[b + 1] | c->digit[b + 1];
    uint64_t colon = c->colon[b], colon_next = c->colon[b + 1];
    uint64_t colons = behind(colon, colon_next, 1) | behind(colon, colon_next, 2) | behind(colon, colon_next, 3) |
                      behind(colon, colon_next, 4) | behind(colon, colon_next, 5);
    return (c->at[b] & behind(word, word_next, 1)) | (colon & colons) | (c->dash[b] & behind(c->dash[b], c->dash[b + 1], 3)) |
           (c->plus[b] & behind(c->digit[b], c->digit[b + 1], 1));
}

FOR_WIDTHS void cu_find_stops(const cu_block *m, const cu_signs *s, size_t blocks, uint64_t *stops)
{
    columns c;
    for (size_t b = 0; b < blocks + 2; b++) {
        const cu_block *x = m + b - 1;
        const cu_signs *y = s + b - 1;
        c.upper[b] = x->upper;
        c.alpha[b] = x->upper | x->lower;
        c.digit[b] = x->digit;
        c.space[b] = y->space;
        c.sign[b] = y->sign;
        c.open[b] = y->open;
        c.text[b] = x->upper | x->lower | y->high | y->point;
        c.high[b] = y->high;
        c.escape[b] = y->escape;
        c.at[b] = y->at;
        c.colon[b] = y->colon;
        c.dash[b] = x->dash;
        c.plus[b] = y->plus;
    }
    for (size_t b = 1; b <= blocks; b++)
        stops[b - 1] = first_digits(&c, b) | signs(&c, b);
}

/* Sums of bits, digit by digit: of 2, 4 and 8 places, and whether those of 16 are five or more. */
INLINE uint64_t five_of_sixteen(uint64_t d, uint64_t n)
{
#define THEN(now, next, by) ((now) >> (by) | (next) << (64 - (by)))
    uint64_t a0 = d ^ THEN(d, n, 1), a1 = d & THEN(d, n, 1), A0 = n ^ n >> 1, A1 = n & n >> 1;
    uint64_t x0 = THEN(a0, A0, 2), x1 = THEN(a1, A1, 2), X0 = A0 >> 2, X1 = A1 >> 2;
    uint64_t b0 = a0 ^ x0, k = a0 & x0, b1 = a1 ^ x1 ^ k, b2 = (a1 & x1) | (k & (a1 ^ x1));
    uint64_t B0 = A0 ^ X0, K = A0 & X0, B1 = A1 ^ X1 ^ K, B2 = (A1 & X1) | (K & (A1 ^ X1));
    uint64_t y0 = THEN(b0, B0, 4), y1 = THEN(b1, B1, 4), y2 = THEN(b2, B2, 4), Y0 = B0 >> 4, Y1 = B1 >> 4, Y2 = B2 >> 4;
    uint64_t k0 = b0 & y0, k1 = (b1 & y1) | (k0 & (b1 ^ y1)), K0 = B0 & Y0, K1 = (B1 & Y1) | (K0 & (B1 ^ Y1));
    uint64_t c0 = b0 ^ y0, c1 = b1 ^ y1 ^ k0, c2 = b2 ^ y2 ^ k1, c3 = (b2 & y2) | (k1 & (b2 ^ y2));
    uint64_t C0 = B0 ^ Y0, C1 = B1 ^ Y1 ^ K0, C2 = B2 ^ Y2 ^ K1, C3 = (B2 & Y2) | (K1 & (B2 ^ Y2));
    uint64_t z0 = THEN(c0, C0, 8), z1 = THEN(c1, C1, 8), z2 = THEN(c2, C2, 8), z3 = THEN(c3, C3, 8);
    uint64_t r0 = c0 ^ z0, q0 = c0 & z0, r1 = c1 ^ z1 ^ q0, q1 = (c1 & z1) | (q0 & (c1 ^ z1));
    uint64_t r2 = c2 ^ z2 ^ q1, q2 = (c2 & z2) | (q1 & (c2 ^ z2));
    return q2 | c3 | z3 | (r2 & (r1 | r0));
#undef THEN
}

FOR_WIDTHS void cu_find_numbers(const cu_block *m, size_t blocks, uint64_t *numbers)
{
    uint64_t digit[ROOM];
    for (size_t b = 0; b <= blocks; b++)
        digit[b] = m[b].digit;
    for (size_t b = 0; b < blocks; b++)
        numbers[b] = digit[b] & five_of_sixteen(digit[b], digit[b + 1]);
}
