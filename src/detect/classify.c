/* Bytes to masks: plainly, with AVX2, and with AVX-512 (BW, VBMI and GFNI). All give the same masks but
 * for `literal`, which may hold more where tables are coarser. */
#include <string.h>
#include "sweep.h"
#include "token.h"

static void put(uint64_t *row, bool is, unsigned i)
{
    *row |= (uint64_t)is << i;
}

static void add_signs(cu_signs *s, size_t b, uint8_t c, unsigned i)
{
    put(&s->at[b], c == '@', i);
    put(&s->colon[b], c == ':', i);
    put(&s->plus[b], c == '+', i);
    put(&s->space[b], c == ' ', i);
    put(&s->sign[b], c == ' ' || c == '-' || c == '.' || c == '/' || c == ')', i);
    put(&s->point[b], c == '.' || c == ',', i);
    put(&s->open[b], c == '(', i);
    put(&s->high[b], c >= 0x80, i);
    put(&s->lead[b], c >= 0xc3 && c <= 0xc5, i);
}

static void add_masks(cu_masks *m, size_t b, uint8_t c, unsigned i)
{
    uint8_t class = cu_byte_class[c];
    put(&m->upper[b], class == CU_IS_UPPER, i);
    put(&m->lower[b], class == CU_IS_LOWER, i);
    put(&m->digit[b], class == CU_IS_DIGIT, i);
    put(&m->joint[b], class == CU_IS_JOINT, i);
    put(&m->dash[b], c == '-', i);
    put(&m->escape[b], c == '%' || c == '&', i);
    put(&m->backslash[b], c == '\\', i);
}

static void clear(cu_masks *m, cu_signs *s, size_t b)
{
    m->upper[b] = m->lower[b] = m->digit[b] = m->joint[b] = m->dash[b] = m->escape[b] = m->backslash[b] = m->literal[b] = 0;
    if (s)
        s->at[b] = s->colon[b] = s->plus[b] = s->space[b] = s->sign[b] = s->point[b] = s->open[b] = s->high[b] = s->lead[b] = 0;
}

static bool window_passes(const cu_literals *l, unsigned bank, const uint8_t *p)
{
    unsigned pass = 255;
    for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++)
        pass &= l->code[bank][k][cu_literal_code(p[k])];
    return pass != 0;
}

void cu_classify_plain(const cu_literals *l, const uint8_t *p, size_t blocks, cu_masks *out, cu_signs *signs)
{
    cu_mask_row begin = {0}, any = {0};
    for (size_t b = 1; b <= blocks; b++, p += CU_BLOCK) {
        clear(out, signs, b);
        for (unsigned i = 0; i < CU_BLOCK; i++) {
            add_masks(out, b, p[i], i);
            if (signs)
                add_signs(signs, b, p[i], i);
            for (unsigned bank = 0; l && bank < CU_LITERAL_BANKS; bank++)
                put(bank == CU_LITERAL_BEGIN ? &begin[b] : &any[b], window_passes(l, bank, p + i), i);
        }
    }
    if (l)
        cu_literal_begins(out, begin, any, blocks);
}

size_t cu_places_plain(const cu_literals *l, const uint8_t *p, const uint64_t *marked, size_t blocks, uint16_t *places)
{
    size_t n = 0;
    for (size_t b = 0; b < blocks; b++)
        for (uint64_t bits = marked[b]; bits; bits &= bits - 1) {
            size_t at = b * CU_BLOCK + (size_t)__builtin_ctzll(bits);
            unsigned hashes = (cu_literals_seen(l, p + at, 0) != CU_NO_HASH ? CU_PLACE_HASH(0) : 0) |
                              (cu_literals_seen(l, p + at, 1) != CU_NO_HASH ? CU_PLACE_HASH(1) : 0);
            places[n] = (uint16_t)(at | hashes);
            n += hashes != 0;
        }
    return n;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,gfni")))
#define VBMI2 __attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2,gfni,popcnt")))

/* --- AVX2: 32 bytes at a time --- */

AVX2 static inline __m256i load32(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline uint32_t bits32(__m256i x)
{
    return (uint32_t)_mm256_movemask_epi8(x);
}

AVX2 static inline uint32_t equal32(__m256i x, char c)
{
    return bits32(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(c)));
}

AVX2 static inline uint32_t range32(__m256i x, uint8_t first, uint8_t span)
{
    __m256i d = _mm256_sub_epi8(x, _mm256_set1_epi8((char)first));
    return bits32(_mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8((char)span)), d));
}

AVX2 static inline __m256i twice(const uint8_t table[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

AVX2 static inline __m256i look_up32(const cu_literals *l, unsigned g, unsigned k, __m256i low, __m256i high)
{
    return _mm256_and_si256(_mm256_shuffle_epi8(twice(l->low[g][k]), low), _mm256_shuffle_epi8(twice(l->high[g][k]), high));
}

AVX2 static inline uint64_t equal64(const __m256i x[2], char c)
{
    return equal32(x[0], c) | (uint64_t)equal32(x[1], c) << 32;
}

AVX2 static inline uint64_t range64(const __m256i x[2], uint8_t first, uint8_t span)
{
    return range32(x[0], first, span) | (uint64_t)range32(x[1], first, span) << 32;
}

AVX2 static inline void signs_avx2(const __m256i x[2], cu_signs *s, size_t b)
{
    uint64_t space = equal64(x, ' '), dot = equal64(x, '.');
    s->at[b] = equal64(x, '@');
    s->colon[b] = equal64(x, ':');
    s->plus[b] = equal64(x, '+');
    s->space[b] = space;
    s->sign[b] = space | dot | equal64(x, '-') | equal64(x, '/') | equal64(x, ')');
    s->point[b] = dot | equal64(x, ',');
    s->open[b] = equal64(x, '(');
    s->high[b] = bits32(x[0]) | (uint64_t)bits32(x[1]) << 32;
    s->lead[b] = range64(x, 0xc3, 2);
}

AVX2 static inline void masks_avx2(const __m256i x[2], cu_masks *m, size_t b)
{
    uint64_t dash = equal64(x, '-');
    m->upper[b] = range64(x, 'A', 25);
    m->lower[b] = range64(x, 'a', 25);
    m->digit[b] = range64(x, '0', 9);
    m->dash[b] = dash;
    m->joint[b] = dash | equal64(x, '+') | equal64(x, '_') | equal64(x, '/');
    m->escape[b] = equal64(x, '%') | equal64(x, '&');
    m->backslash[b] = equal64(x, '\\');
}

/* Of 32 bytes at p, those at which a window of each bank may begin. */
AVX2 static inline void banks32(const cu_literals *l, const uint8_t *p, uint32_t found[CU_LITERAL_BANKS])
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i pass[CU_LITERAL_BANKS] = {_mm256_set1_epi8(-1), _mm256_set1_epi8(-1)};
#pragma GCC unroll 8
    for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++) {
        __m256i x = load32(p + k);
        __m256i low = _mm256_and_si256(x, half), high = _mm256_and_si256(_mm256_srli_epi16(x, 4), half);
#pragma GCC unroll 2
        for (unsigned bank = 0; bank < CU_LITERAL_BANKS; bank++)
            pass[bank] = _mm256_and_si256(pass[bank], look_up32(l, bank, k, low, high));
    }
#pragma GCC unroll 2
    for (unsigned bank = 0; bank < CU_LITERAL_BANKS; bank++)
        found[bank] = ~bits32(_mm256_cmpeq_epi8(pass[bank], _mm256_setzero_si256()));
}

AVX2 void cu_classify_avx2(const cu_literals *l, const uint8_t *p, size_t blocks, cu_masks *out, cu_signs *signs)
{
    cu_mask_row begin, any;
    for (size_t b = 1; b <= blocks; b++, p += CU_BLOCK) {
        const __m256i x[2] = {load32(p), load32(p + 32)};
        masks_avx2(x, out, b);
        out->literal[b] = 0;
        if (signs)
            signs_avx2(x, signs, b);
        if (l) {
            uint32_t found[2][CU_LITERAL_BANKS];
            banks32(l, p, found[0]);
            banks32(l, p + 32, found[1]);
            begin[b] = found[0][CU_LITERAL_BEGIN] | (uint64_t)found[1][CU_LITERAL_BEGIN] << 32;
            any[b] = found[0][1] | (uint64_t)found[1][1] << 32;
        }
    }
    if (l)
        cu_literal_begins(out, begin, any, blocks);
}

/* One in each lane whose hash a literal's window has. */
AVX2 static inline __m256i seen8(const cu_literals *l, unsigned four, __m256i v)
{
    __m256i h = _mm256_srli_epi32(_mm256_mullo_epi32(v, _mm256_set1_epi32((int)0x9e3779b1u)), 16);
    __m256i word = _mm256_i32gather_epi32((const int *)(const void *)l->seen[four], _mm256_srli_epi32(h, 5), 4);
    return _mm256_and_si256(_mm256_srlv_epi32(word, _mm256_and_si256(h, _mm256_set1_epi32(31))), _mm256_set1_epi32(1));
}

/* Eight places at a time; lanes behind the last look at the first byte, and are not kept. */
AVX2 size_t cu_places_avx2(const cu_literals *l, const uint8_t *p, const uint64_t *marked, size_t blocks, uint16_t *places)
{
    size_t all = 0, n = 0;
    for (size_t b = 0; b < blocks; b++)
        for (uint64_t bits = marked[b]; bits; bits &= bits - 1)
            places[all++] = (uint16_t)(b * CU_BLOCK + (size_t)__builtin_ctzll(bits));
    for (size_t i = 0; i < all; i += 8) {
        uint32_t kept[8];
        __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0), left = _mm256_set1_epi32((int)(all - i));
        __m256i live = _mm256_cmpgt_epi32(left, lane);
        __m256i at = _mm256_and_si256(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(places + i))), live);
        __m256i v = _mm256_or_si256(_mm256_i32gather_epi32((const int *)(const void *)p, at, 1), _mm256_set1_epi32(0x20202020));
        __m256i three = seen8(l, 0, _mm256_and_si256(v, _mm256_set1_epi32(0xffffff))), four = seen8(l, 1, v);
        __m256i hashes = _mm256_and_si256(_mm256_or_si256(_mm256_slli_epi32(three, 15), _mm256_slli_epi32(four, 14)), live);
        unsigned keep = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(hashes, _mm256_setzero_si256())));
        _mm256_storeu_si256((__m256i *)(void *)kept, _mm256_or_si256(at, hashes));
        for (; keep; keep &= keep - 1)
            places[n++] = (uint16_t)kept[__builtin_ctz(keep)];
    }
    return n;
}

_Static_assert(CU_PLACE_HASH(0) == 1u << 15 && CU_PLACE_HASH(1) == 1u << 14, "cu_places_avx2 shifts that far");

/* --- AVX-512: 64 bytes at a time, and eight blocks into one register a mask --- */

AVX512 static inline __m512i load64(const void *p)
{
    return _mm512_loadu_si512(p);
}

#define IS(kind, where) [where] = 1u << (kind)
#define FIVE(kind, a) IS(kind, a), IS(kind, a + 1), IS(kind, a + 2), IS(kind, a + 3), IS(kind, a + 4)
#define LETTERS(kind, a) FIVE(kind, a), FIVE(kind, a + 5), FIVE(kind, a + 10), FIVE(kind, a + 15), FIVE(kind, a + 20), IS(kind, a + 25)

/* Bits are the masks in the order of their structures. */
static const uint8_t masks_of[128] = {
    LETTERS(0, 'A'), LETTERS(1, 'a'), FIVE(2, '0'), FIVE(2, '5'), IS(3, '_'), IS(3, '+'), IS(3, '/'), ['-'] = 1u << 3 | 1u << 4,
    IS(5, '%'), IS(5, '&'), IS(6, '\\'),
};
static const uint8_t signs_of[128] = {
    IS(0, '@'), IS(1, ':'), IS(2, '+'), [' '] = 1u << 3 | 1u << 4, IS(4, '-'), IS(4, '/'), IS(4, ')'), ['.'] = 1u << 4 | 1u << 5,
    IS(5, ','), IS(6, '('),
};

/* The kinds of 64 bytes, one bit a kind, to 64 bits of each kind: bits are transposed within eight bytes
 * (the product with the matrix that those are), then bytes. */
AVX512 static inline __m512i kinds64(__m512i x, __mmask64 low, __m512i first, __m512i second)
{
    const __m512i diagonal = _mm512_set1_epi64((long long)0x8040201008040201ull);
    const __m512i bytes = _mm512_set_epi8(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5,
        60, 52, 44, 36, 28, 20, 12, 4, 59, 51, 43, 35, 27, 19, 11, 3, 58, 50, 42, 34, 26, 18, 10, 2, 57, 49, 41, 33, 25, 17, 9, 1,
        56, 48, 40, 32, 24, 16, 8, 0);
    __m512i kinds = _mm512_maskz_permutex2var_epi8(low, first, x, second);
    __m512i turned = _mm512_gf2p8affine_epi64_epi8(diagonal, kinds, 0);
    return _mm512_permutexvar_epi8(bytes, _mm512_gf2p8affine_epi64_epi8(turned, diagonal, 0));
}

/* Eight kinds of eight blocks: those of a block side by side, to the blocks of a kind side by side. */
AVX512 static inline void put_kinds(const __m512i in[8], uint64_t *const rows[8])
{
    __m512i a[8], c[8];
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_epi64(in[i], in[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi64(in[i], in[i + 1]);
    }
#pragma GCC unroll 8
    for (unsigned h = 0; h < 2; h++) { /* kinds of even, of odd number */
        c[h] = _mm512_shuffle_i64x2(a[h], a[h + 2], 0x88);
        c[h + 2] = _mm512_shuffle_i64x2(a[h], a[h + 2], 0xdd);
        c[h + 4] = _mm512_shuffle_i64x2(a[h + 4], a[h + 6], 0x88);
        c[h + 6] = _mm512_shuffle_i64x2(a[h + 4], a[h + 6], 0xdd);
    }
#pragma GCC unroll 8
    for (unsigned h = 0; h < 2; h++) {
        const __m512i row[4] = {_mm512_shuffle_i64x2(c[h], c[h + 4], 0x88), _mm512_shuffle_i64x2(c[h + 2], c[h + 6], 0x88),
            _mm512_shuffle_i64x2(c[h], c[h + 4], 0xdd), _mm512_shuffle_i64x2(c[h + 2], c[h + 6], 0xdd)};
#pragma GCC unroll 8
        for (unsigned k = 0; k < 4; k++)
            if (rows[2 * k + h])
                _mm512_storeu_si512(rows[2 * k + h], row[k]);
    }
}

AVX512 static void masks64(const uint8_t *p, size_t blocks, cu_masks *out)
{
    const __m512i first = load64(masks_of), second = load64(masks_of + 64);
    for (size_t b = 0; b < blocks; b += 8, p += 8 * CU_BLOCK) {
        __m512i in[8];
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++) {
            __m512i x = b + i < blocks ? load64(p + i * CU_BLOCK) : _mm512_setzero_si512();
            in[i] = kinds64(x, ~_mm512_movepi8_mask(x), first, second);
        }
        put_kinds(in, (uint64_t *const[8]){out->upper + 1 + b, out->lower + 1 + b, out->digit + 1 + b, out->joint + 1 + b,
            out->dash + 1 + b, out->escape + 1 + b, out->backslash + 1 + b, NULL});
    }
}

AVX512 static void signs64(const uint8_t *p, size_t blocks, cu_signs *out)
{
    const __m512i first = load64(signs_of), second = load64(signs_of + 64);
    for (size_t b = 0; b < blocks; b += 8, p += 8 * CU_BLOCK) {
        __m512i in[8];
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++) {
            __m512i x = b + i < blocks ? load64(p + i * CU_BLOCK) : _mm512_setzero_si512();
            __mmask64 high = _mm512_movepi8_mask(x);
            in[i] = kinds64(x, ~high, first, second);
            out->high[1 + b + i] = high;
            out->lead[1 + b + i] = _mm512_cmple_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8((char)0xc3)), _mm512_set1_epi8(2));
        }
        put_kinds(in, (uint64_t *const[8]){out->at + 1 + b, out->colon + 1 + b, out->plus + 1 + b, out->space + 1 + b,
            out->sign + 1 + b, out->point + 1 + b, out->open + 1 + b, NULL});
    }
}

/* cu_literal_code() of 64 bytes: bit 6 to bit 5, the lower five where they are. */
AVX512 static inline __m512i codes64(const uint8_t *p)
{
    return _mm512_gf2p8affine_epi64_epi8(load64(p), _mm512_set1_epi64(0x0102040810400000ll), 0);
}

/* The tables are loaded once, into registers: what is stored meanwhile might be they, to the compiler. The
 * last four bytes that are read stand behind the blocks. */
AVX512 static void literals64(const cu_literals *l, const uint8_t *p, size_t blocks, uint64_t *begin, uint64_t *any)
{
    __m512i t[CU_LITERAL_BANKS][CU_LITERAL_WINDOW];
#pragma GCC unroll 8
    for (unsigned i = 0; i < CU_LITERAL_BANKS; i++)
#pragma GCC unroll 8
        for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++)
            t[i][k] = load64(l->code[i][k]);
    for (size_t b = 1; b <= blocks; b++, p += CU_BLOCK) {
        __m512i pass[CU_LITERAL_BANKS], x[CU_LITERAL_WINDOW];
#pragma GCC unroll 8
        for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++)
            x[k] = codes64(p + k);
#pragma GCC unroll 8
        for (unsigned i = 0; i < CU_LITERAL_BANKS; i++) {
            pass[i] = _mm512_permutexvar_epi8(x[0], t[i][0]);
#pragma GCC unroll 8
            for (unsigned k = 1; k < CU_LITERAL_WINDOW; k++)
                pass[i] = _mm512_and_si512(pass[i], _mm512_permutexvar_epi8(x[k], t[i][k]));
        }
        begin[b] = _mm512_test_epi8_mask(pass[CU_LITERAL_BEGIN], pass[CU_LITERAL_BEGIN]);
        any[b] = _mm512_test_epi8_mask(pass[1], pass[1]);
    }
}

AVX512 void cu_classify_avx512(const cu_literals *l, const uint8_t *p, size_t blocks, cu_masks *out, cu_signs *signs)
{
    cu_mask_row begin, any;
    masks64(p, blocks, out);
    if (signs)
        signs64(p, blocks, signs);
    if (!l)
        return;
    literals64(l, p, blocks, begin, any);
    cu_literal_begins(out, begin, any, blocks);
}

/* The marked places, as numbers. */
VBMI2 static size_t list_places(const uint64_t *marked, size_t blocks, uint16_t *places)
{
    size_t n = 0;
    for (size_t b = 0; b < blocks; b++) {
        uint64_t bits = marked[b];
        unsigned count = (unsigned)__builtin_popcountll(bits);
        const __m512i low = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42,
            41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12,
            11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        __m512i at = _mm512_maskz_compress_epi8(bits, low), base = _mm512_set1_epi16((short)(b * CU_BLOCK));
        _mm512_storeu_si512((void *)(places + n), _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(at)), base));
        if (count > 32)
            _mm512_storeu_si512((void *)(places + n + 32), _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(at, 1)), base));
        n += count;
    }
    return n;
}

VBMI2 static inline __m512i hashes16(__m512i v)
{
    return _mm512_srli_epi32(_mm512_mullo_epi32(v, _mm512_set1_epi32((int)0x9e3779b1u)), 16);
}

VBMI2 static inline __mmask16 have_four(const cu_literals *l, __m512i v)
{
    __m512i h = hashes16(v);
    __m512i word = _mm512_i32gather_epi32(_mm512_srli_epi32(h, 5), (const void *)l->seen[1], 4);
    __m512i bit = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(h, _mm512_set1_epi32(31)));
    return _mm512_test_epi32_mask(word, bit);
}

/* Those that may have the hash of a window of three bytes: few literals are so short, and both parts of the hash are
 * looked up in a register. */
VBMI2 static inline __mmask16 may_have_three(__m512i lower, __m512i upper, __m512i v)
{
    const __m512i seven = _mm512_set1_epi32(7);
    __m512i h = hashes16(_mm512_and_si512(v, _mm512_set1_epi32(0xffffff)));
    __m512i a = _mm512_permutexvar_epi8(_mm512_srli_epi32(h, 3), lower), b = _mm512_permutexvar_epi8(_mm512_srli_epi32(h, 10), upper);
    a = _mm512_srlv_epi32(a, _mm512_and_si512(h, seven));
    b = _mm512_srlv_epi32(b, _mm512_and_si512(_mm512_srli_epi32(h, 7), seven));
    return _mm512_test_epi32_mask(_mm512_and_si512(a, b), _mm512_set1_epi32(1));
}

/* Sixteen places at a time: their bytes and the bits of hashes of four bytes are gathered. */
VBMI2 size_t cu_places_avx512(const cu_literals *l, const uint8_t *p, const uint64_t *marked, size_t blocks, uint16_t *places)
{
    const __m512i lower = load64(l->three[0]), upper = load64(l->three[1]);
    size_t all = list_places(marked, blocks, places), n = 0;
    for (size_t i = 0; i < all; i += 16) {
        __mmask16 live = all - i >= 16 ? 0xffff : (__mmask16)((1u << (all - i)) - 1);
        __m256i at16 = _mm256_loadu_si256((const __m256i *)(const void *)(places + i));
        __m512i at = _mm512_maskz_cvtepu16_epi32(live, at16);
        __m512i v = _mm512_or_si512(_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), live, at, (const void *)p, 1), _mm512_set1_epi32(0x20202020));
        __mmask16 three = live & may_have_three(lower, upper, v), four = live & have_four(l, v);
        for (unsigned bits = three; bits; bits &= bits - 1)
            if (cu_literals_seen(l, p + places[i + (unsigned)__builtin_ctz(bits)], 0) == CU_NO_HASH)
                three &= (__mmask16)~(bits & -bits);
        __mmask16 keep = four | three;
        at = _mm512_mask_or_epi32(at, three, at, _mm512_set1_epi32(CU_PLACE_HASH(0)));
        at = _mm512_mask_or_epi32(at, four, at, _mm512_set1_epi32(CU_PLACE_HASH(1)));
        _mm256_storeu_si256((__m256i *)(void *)(places + n), _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(keep, at)));
        n += (unsigned)__builtin_popcount(keep);
    }
    return n;
}
#endif

cu_places_fn *cu_placer(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("gfni") &&
        __builtin_cpu_supports("popcnt"))
        return cu_places_avx512;
    if (__builtin_cpu_supports("avx2"))
        return cu_places_avx2;
#endif
    return cu_places_plain;
}

cu_classify_fn *cu_classifier(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("gfni"))
        return cu_classify_avx512;
    if (__builtin_cpu_supports("avx2"))
        return cu_classify_avx2;
#endif
    return cu_classify_plain;
}
