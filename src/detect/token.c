/* The plain statement of what cu_has_token() means; sweep.c finds the same many bytes at a time. */
#include "token.h"

#define ROW(a, first) [a] = first, [a + 1] = first, [a + 2] = first, [a + 3] = first, [a + 4] = first
#define LETTERS(a, bit) ROW(a, bit), ROW(a + 5, bit), ROW(a + 10, bit), ROW(a + 15, bit), ROW(a + 20, bit), [a + 25] = bit
const uint8_t cu_byte_class[256] = {
    LETTERS('A', CU_IS_UPPER), LETTERS('a', CU_IS_LOWER), ROW('0', CU_IS_DIGIT), ROW('5', CU_IS_DIGIT),
    ['_'] = CU_IS_JOINT, ['-'] = CU_IS_JOINT, ['+'] = CU_IS_JOINT, ['/'] = CU_IS_JOINT,
};

#define SPAN 20u /* bytes in which changes are counted */

typedef struct {
    unsigned upper, lower, digits, length;
    unsigned capitals; /* capitals and digits, up to here, in a row */
} counts;

static void count(counts *c, uint8_t class)
{
    c->upper += class == CU_IS_UPPER;
    c->lower += class == CU_IS_LOWER;
    c->digits += class == CU_IS_DIGIT;
    c->capitals = class & (CU_IS_UPPER | CU_IS_DIGIT) ? c->capitals + 1 : 0;
    c->length++;
}

static bool drawn(const counts *c)
{
    return c->capitals >= CU_TOKEN_MIN || (c->length >= CU_TOKEN_MIN && (c->digits || (c->upper >= 4 && c->lower >= 4)));
}

/* Letters and digits in a row. */
static bool has_piece(cu_bytes r)
{
    counts c = {0};
    for (size_t i = 0; i < r.n; i++) {
        uint8_t class = cu_byte_class[r.p[i]];
        if (!(class & CU_IS_ALNUM)) {
            c = (counts){0};
            continue;
        }
        count(&c, class);
        if (drawn(&c))
            return true;
    }
    return false;
}

static bool has_uuid(cu_bytes r)
{
    for (size_t i = 8; i + 28 <= r.n; i++) {
        if (r.p[i] != '-' || r.p[i + 5] != '-' || r.p[i + 10] != '-' || r.p[i + 15] != '-')
            continue;
        unsigned joints = 0, digits = 0;
        for (size_t k = i - 8; k < i + 28; k++) {
            joints += cu_byte_class[r.p[k]] == CU_IS_JOINT;
            digits += cu_byte_class[r.p[k]] == CU_IS_DIGIT;
        }
        if (joints == 4 && digits)
            return true;
    }
    return false;
}

/* Does the kind of character change between i - 1 and i? 2 when to or from a digit. */
static unsigned change(cu_bytes r, size_t i)
{
    uint8_t a = cu_byte_class[r.p[i - 1]], b = cu_byte_class[r.p[i]];
    if (a == b || ((a | b) & CU_IS_JOINT))
        return 0;
    return (a | b) & CU_IS_DIGIT ? 2 : 1;
}

static bool is_dense(cu_bytes r)
{
    unsigned changes = 0, digits = 0;
    for (size_t i = 1; i < r.n; i++) {
        unsigned in = change(r, i), out = i >= SPAN ? change(r, i - SPAN + 1) : 0;
        changes += (in > 0) - (out > 0);
        digits += (in > 1) - (out > 1);
        if (changes >= 10 || (changes >= 6 && digits >= 2))
            return true;
    }
    return false;
}

bool cu_has_token(cu_bytes t)
{
    for (size_t i = 0; i < t.n;) {
        size_t from = i;
        while (i < t.n && cu_byte_class[t.p[i]])
            i++;
        cu_bytes r = cu_slice(t, from, i);
        if (r.n >= CU_TOKEN_MIN && (has_piece(r) || has_uuid(r) || is_dense(r)))
            return true;
        i += i < t.n;
    }
    return false;
}

bool cu_has_digits(cu_bytes t)
{
    unsigned n = 0;
    for (size_t i = 0; i < t.n; i++) {
        n += cu_byte_class[t.p[i]] == CU_IS_DIGIT;
        n -= i >= 16 && cu_byte_class[t.p[i - 16]] == CU_IS_DIGIT;
        if (n >= 5)
            return true;
    }
    return false;
}
