/* Where hand-written readers begin, and where long numbers stand, several blocks at a time where the
 * compiler finds registers for it. A stop is no more than a hint: sweep.c looks again before it calls. */
#include "sweep.h"

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t behind(uint64_t now, uint64_t next, unsigned by)
{
    return now >> by | next << (64 - by);
}

INLINE uint64_t before(uint64_t now, uint64_t last, unsigned by)
{
    return now << by | last >> (64 - by);
}

/* The masks of the readers' places. */
typedef struct {
    const cu_masks *m;
    const cu_signs *s;
} masks;

INLINE uint64_t alpha(const cu_masks *m, size_t b)
{
    return m->upper[b] | m->lower[b];
}

/* The last digit of a number that goes on: behind a sign, or in a text. */
INLINE uint64_t goes_on(const masks *x, size_t b)
{
    const cu_signs *s = x->s;
    uint64_t digit = x->m->digit[b], next = x->m->digit[b + 1], letter = alpha(x->m, b), letter_next = alpha(x->m, b + 1);
    uint64_t space = behind(s->space[b], s->space[b + 1], 1), space2 = behind(s->space[b], s->space[b + 1], 2);
    uint64_t gap = space2 | behind(s->open[b], s->open[b + 1], 2);
    uint64_t word = behind(letter, letter_next, 2) | behind(s->high[b], s->high[b + 1], 2);
    uint64_t on = (behind(s->sign[b], s->sign[b + 1], 1) & (behind(digit, next, 2) | (gap & behind(digit, next, 3)))) |
                  (space & word) | (behind(letter, letter_next, 1) & space2);
    return digit & (on | next << 63); /* not known of what goes on in the next block */
}

/* Official numbers with letters in them: 1EG4TE5MK73, 22AAAAA0000A1Z5, 131052A308T. */
INLINE uint64_t lettered(const cu_masks *m, size_t b)
{
#define UPPER(by) behind(m->upper[b], m->upper[b + 1], by)
#define DIGIT(by) behind(m->digit[b], m->digit[b + 1], by)
    return (UPPER(1) & DIGIT(3)) | (UPPER(2) & UPPER(6) & DIGIT(7)) | (DIGIT(5) & UPPER(6) & DIGIT(7));
#undef UPPER
#undef DIGIT
}

/* Bytes of words that begin with a digit, where their begin is in this block: "12", "0x1f". first: nothing is known of
 * the block before. */
INLINE uint64_t of_digits(const masks *x, size_t b, bool first)
{
    const cu_masks *m = x->m;
    const cu_signs *s = x->s;
    uint64_t word = alpha(m, b) | m->digit[b] | s->high[b];
    uint64_t last = first ? 0 : s->space[b - 1] | s->open[b - 1] | s->point[b - 1] | s->colon[b - 1];
    uint64_t begin = m->digit[b] & before(s->space[b] | s->open[b] | s->point[b] | s->colon[b], last, 1);
    return word & ~(word + begin); /* the carry runs through the word */
}

/* Behind a word of a text and perhaps a point: a house behind its street. In "1, 2, 3" stands none. */
INLINE uint64_t in_text(const masks *x, size_t b, bool first)
{
    const cu_signs *s = x->s;
    uint64_t word = alpha(x->m, b) | s->high[b], last = alpha(x->m, b - 1) | s->high[b - 1];
    uint64_t point = before(s->point[b], s->point[b - 1], 2) & ~before(of_digits(x, b, false), of_digits(x, b - 1, first), 3);
    return before(s->space[b], s->space[b - 1], 1) & (before(word, last, 2) | point);
}

/* Rows of digits behind two capitals of an IBAN or an official number: the only readers that want those. two,
 * four, six: so many digits from here on. */
INLINE uint64_t behind_capitals(const masks *x, size_t b, uint64_t two, uint64_t four, uint64_t six)
{
    const cu_masks *m = x->m;
    const cu_signs *s = x->s;
    uint64_t sign = s->space[b] | m->dash[b], sign_next = s->space[b + 1] | m->dash[b + 1];
    uint64_t account = m->upper[b] | m->digit[b], account_next = m->upper[b + 1] | m->digit[b + 1];
    uint64_t third = behind(account, account_next, 2), fourth = behind(account, account_next, 3);
    uint64_t goes = (third & (fourth | behind(sign, sign_next, 3))) | (behind(sign, sign_next, 2) & fourth);
    uint64_t inside = before(alpha(m, b) | m->digit[b], alpha(m, b - 1) | m->digit[b - 1], 3);
    uint64_t iban = two & goes & (~inside | before(m->backslash[b], m->backslash[b - 1], 4));
    uint64_t capitals = before(m->upper[b], m->upper[b - 1], 1) & before(m->upper[b], m->upper[b - 1], 2);
    uint64_t fiscal = two & behind(m->upper[b], m->upper[b + 1], 2) & behind(m->digit[b], m->digit[b + 1], 3);
    return capitals & (iban | six | fiscal | (four & behind(m->upper[b], m->upper[b + 1], 4)));
}

/* The first digits of numbers that a reader may want (may_begin in sweep.c says what they have in common). */
INLINE uint64_t first_digits(const masks *x, size_t b, bool first)
{
    const cu_masks *m = x->m;
    uint64_t digit = m->digit[b], run = digit, on = goes_on(x, b);
    uint64_t letter = before(alpha(m, b), alpha(m, b - 1), 1), escape = before(m->backslash[b], m->backslash[b - 1], 2);
    uint64_t two = digit & behind(digit, m->digit[b + 1], 1), next_two = m->digit[b + 1] & m->digit[b + 1] >> 1;
    uint64_t four = two & behind(two, next_two, 2), next_four = next_two & next_two >> 2;
    uint64_t six = four & behind(two, next_two, 4), seven = four & behind(four, next_four, 3);
    on |= run & on >> 1;
    run &= run >> 1;
    on |= run & on >> 2;
    run &= run >> 2;
    on |= run & on >> 4;
    uint64_t capital = before(m->upper[b], m->upper[b - 1], 1);
    uint64_t plain = (~letter | escape | (seven & capital)) & (in_text(x, b, first) | seven | on | lettered(m, b));
    return digit & ~before(digit, m->digit[b - 1], 1) & (plain | behind_capitals(x, b, two, four, six));
}

/* "a@b", a second colon within five bytes (an address of IP version 6 or of hardware), the first "-" of an
 * address of hardware, "+1". */
INLINE uint64_t signs(const masks *x, size_t b)
{
    const cu_masks *m = x->m;
    const cu_signs *s = x->s;
    uint64_t word = alpha(m, b) | m->digit[b], word_next = alpha(m, b + 1) | m->digit[b + 1];
    uint64_t colon = s->colon[b], colon_next = s->colon[b + 1];
    uint64_t colons = behind(colon, colon_next, 1) | behind(colon, colon_next, 2) | behind(colon, colon_next, 3) |
                      behind(colon, colon_next, 4) | behind(colon, colon_next, 5);
    uint64_t word_last = alpha(m, b - 1) | m->digit[b - 1], dash = m->dash[b];
    uint64_t pairs = before(word, word_last, 2) & before(word, word_last, 1) & behind(word, word_next, 1) & behind(word, word_next, 2);
    uint64_t dashes = behind(dash, m->dash[b + 1], 3) & behind(dash, m->dash[b + 1], 6) & ~before(dash, m->dash[b - 1], 3);
    return (s->at[b] & behind(word, word_next, 1)) | (colon & colons) | (dash & dashes & pairs) |
           (s->plus[b] & behind(m->digit[b], m->digit[b + 1], 1));
}

CU_FOR_WIDTHS void cu_find_stops(const cu_masks *m, const cu_signs *s, size_t blocks, uint64_t *stops)
{
    const masks x = {m, s};
    if (blocks)
        stops[0] = first_digits(&x, 1, true) | signs(&x, 1);
    for (size_t b = 2; b <= blocks; b++)
        stops[b - 1] = first_digits(&x, b, false) | signs(&x, b);
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

CU_FOR_WIDTHS void cu_find_numbers(const cu_masks *m, size_t blocks, uint64_t *numbers)
{
    for (size_t b = 1; b <= blocks; b++)
        numbers[b - 1] = m->digit[b] & five_of_sixteen(m->digit[b], m->digit[b + 1]);
}
