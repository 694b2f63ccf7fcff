/* Bytes to masks: plainly, with AVX2, and with AVX-512 (BW and VBMI). All give the same masks but for
 * `literal`, which may hold more where tables are coarser. */
#include <string.h>
#include "base/digest.h"
#include "sweep.h"
#include "token.h"

static void add_others(cu_signs *m, uint8_t c, uint64_t bit)
{
    m->at |= c == '@' ? bit : 0;
    m->colon |= c == ':' ? bit : 0;
    m->plus |= c == '+' ? bit : 0;
    m->space |= c == ' ' ? bit : 0;
    m->sign |= c == ' ' || c == '-' || c == '.' || c == '/' || c == ')' ? bit : 0;
    m->point |= c == '.' || c == ',' ? bit : 0;
    m->open |= c == '(' ? bit : 0;
    m->escape |= c == '\\' ? bit : 0;
    m->high |= c >= 0x80 ? bit : 0;
    m->lead |= c >= 0xc3 && c <= 0xc5 ? bit : 0;
}

void cu_classify_plain(const cu_literals *l, const uint8_t *p, size_t blocks, cu_block *out, cu_signs *signs)
{
    for (size_t b = 0; b < blocks; b++, p += CU_BLOCK) {
        cu_block m = {0};
        cu_signs others = {0};
        for (unsigned i = 0; i < CU_BLOCK; i++) {
            uint64_t bit = 1ull << i;
            uint8_t c = p[i], class = cu_byte_class[c];
            m.upper |= class == CU_IS_UPPER ? bit : 0;
            m.lower |= class == CU_IS_LOWER ? bit : 0;
            m.digit |= class == CU_IS_DIGIT ? bit : 0;
            m.joint |= class == CU_IS_JOINT ? bit : 0;
            m.dash |= c == '-' ? bit : 0;
            m.percent |= c == '%' ? bit : 0;
            m.ampersand |= c == '&' ? bit : 0;
            if (signs)
                add_others(&others, c, bit);
            for (unsigned g = 0; l && g < CU_LITERAL_BANKS; g++) {
                unsigned pass = 255;
                for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++)
                    pass &= l->code[g][k][p[i + k] < 128 ? cu_literal_code[p[i + k]] : 0];
                m.literal |= pass ? bit : 0;
            }
        }
        out[b] = m;
        if (signs)
            signs[b] = others;
    }
}

size_t cu_places_plain(const cu_literals *l, const uint8_t *p, const cu_block *m, size_t blocks, uint16_t *places)
{
    size_t n = 0;
    for (size_t b = 0; b < blocks; b++)
        for (uint64_t bits = m[b].literal; bits; bits &= bits - 1) {
            size_t at = b * CU_BLOCK + (size_t)__builtin_ctzll(bits);
            places[n] = (uint16_t)at;
            n += cu_literals_hash(l, p + at, 0) != CU_NO_HASH || cu_literals_hash(l, p + at, 1) != CU_NO_HASH;
        }
    return n;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi")))
#define VBMI2 __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt")))

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

AVX2 static inline uint32_t literals32(const cu_literals *l, const uint8_t *p)
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i any = _mm256_setzero_si256();
    for (unsigned g = 0; g < CU_LITERAL_BANKS; g++) {
        __m256i pass = _mm256_set1_epi8(-1);
        for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++) {
            __m256i x = load32(p + k);
            __m256i low = _mm256_and_si256(x, half), high = _mm256_and_si256(_mm256_srli_epi16(x, 4), half);
            pass = _mm256_and_si256(pass, look_up32(l, g, k, low, high));
        }
        any = _mm256_or_si256(any, pass);
    }
    return ~bits32(_mm256_cmpeq_epi8(any, _mm256_setzero_si256()));
}

AVX2 static inline void others32(__m256i x, unsigned shift, cu_signs *m)
{
    uint32_t space = equal32(x, ' '), dot = equal32(x, '.');
    m->at |= (uint64_t)equal32(x, '@') << shift;
    m->colon |= (uint64_t)equal32(x, ':') << shift;
    m->plus |= (uint64_t)equal32(x, '+') << shift;
    m->space |= (uint64_t)space << shift;
    m->sign |= (uint64_t)(space | dot | equal32(x, '-') | equal32(x, '/') | equal32(x, ')')) << shift;
    m->point |= (uint64_t)(dot | equal32(x, ',')) << shift;
    m->open |= (uint64_t)equal32(x, '(') << shift;
    m->escape |= (uint64_t)equal32(x, '\\') << shift;
    m->high |= (uint64_t)bits32(x) << shift;
    m->lead |= (uint64_t)range32(x, 0xc3, 2) << shift;
}

AVX2 static inline void half_block(const cu_literals *l, const uint8_t *p, unsigned shift, cu_block *m, cu_signs *signs)
{
    __m256i x = load32(p);
    uint32_t dash = equal32(x, '-');
    m->upper |= (uint64_t)range32(x, 'A', 25) << shift;
    m->lower |= (uint64_t)range32(x, 'a', 25) << shift;
    m->digit |= (uint64_t)range32(x, '0', 9) << shift;
    m->dash |= (uint64_t)dash << shift;
    m->percent |= (uint64_t)equal32(x, '%') << shift;
    m->ampersand |= (uint64_t)equal32(x, '&') << shift;
    m->joint |= (uint64_t)(dash | equal32(x, '+') | equal32(x, '_') | equal32(x, '/')) << shift;
    if (signs)
        others32(x, shift, signs);
    m->literal |= l ? (uint64_t)literals32(l, p) << shift : 0;
}

AVX2 void cu_classify_avx2(const cu_literals *l, const uint8_t *p, size_t blocks, cu_block *out, cu_signs *signs)
{
    for (size_t b = 0; b < blocks; b++, p += CU_BLOCK) {
        cu_block m = {0};
        cu_signs *others = signs ? &signs[b] : NULL;
        if (others)
            *others = (cu_signs){0};
        half_block(l, p, 0, &m, others);
        half_block(l, p + 32, 32, &m, others);
        out[b] = m;
    }
}

/* --- AVX-512: 64 bytes at a time, and look-ups of 128 entries --- */

AVX512 static inline __m512i load64(const uint8_t *p)
{
    return _mm512_loadu_si512((const void *)p);
}

AVX512 static inline uint64_t equal64(__m512i x, char c)
{
    return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(c));
}

AVX512 static inline uint64_t range64(__m512i x, uint8_t first, uint8_t span)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8((char)first)), _mm512_set1_epi8((char)span));
}

/* Bytes to the 64 codes that tables of literals are indexed by; 0x80 and above to 0. */
AVX512 static inline __m512i codes64(__m512i x)
{
    __m512i c = _mm512_permutex2var_epi8(load64(cu_literal_code), x, load64(cu_literal_code + 64));
    return _mm512_maskz_mov_epi8(~_mm512_movepi8_mask(x), c);
}

#define STRIDE 16u /* blocks whose codes are kept */

/* The tables are loaded once, into registers: what is stored meanwhile might be they, to the compiler. */
AVX512 static void literals64(const cu_literals *l, const uint8_t *codes, size_t blocks, cu_block *out)
{
    __m512i t[CU_LITERAL_BANKS][CU_LITERAL_WINDOW];
#pragma GCC unroll 8
    for (unsigned i = 0; i < CU_LITERAL_BANKS; i++)
#pragma GCC unroll 8
        for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++)
            t[i][k] = load64(l->code[i][k]);
    for (size_t b = 0; b < blocks; b++, codes += CU_BLOCK) {
        __m512i any = _mm512_setzero_si512(), x[CU_LITERAL_WINDOW];
#pragma GCC unroll 8
        for (unsigned k = 0; k < CU_LITERAL_WINDOW; k++)
            x[k] = load64(codes + k);
#pragma GCC unroll 8
        for (unsigned i = 0; i < CU_LITERAL_BANKS; i++) {
            __m512i pass = _mm512_permutexvar_epi8(x[0], t[i][0]);
#pragma GCC unroll 8
            for (unsigned k = 1; k < CU_LITERAL_WINDOW; k++)
                pass = _mm512_and_si512(pass, _mm512_permutexvar_epi8(x[k], t[i][k]));
            any = _mm512_or_si512(any, pass);
        }
        out[b].literal = _mm512_test_epi8_mask(any, any);
    }
}

AVX512 static inline void others64(__m512i x, cu_signs *out)
{
    uint64_t slash = equal64(x, '/'), dash = equal64(x, '-'), dot = equal64(x, '.');
    out->at = equal64(x, '@');
    out->colon = equal64(x, ':');
    out->plus = equal64(x, '+');
    out->space = equal64(x, ' ');
    out->sign = out->space | dash | dot | slash | equal64(x, ')');
    out->point = dot | equal64(x, ',');
    out->open = equal64(x, '(');
    out->escape = equal64(x, '\\');
    out->high = _mm512_movepi8_mask(x);
    out->lead = range64(x, 0xc3, 2);
}

AVX512 static inline void classes64(__m512i x, cu_block *out)
{
    uint64_t dash = equal64(x, '-');
    out->upper = range64(x, 'A', 25);
    out->lower = range64(x, 'a', 25);
    out->digit = range64(x, '0', 9);
    out->joint = dash | equal64(x, '+') | equal64(x, '_') | equal64(x, '/');
    out->dash = dash;
    out->percent = equal64(x, '%');
    out->ampersand = equal64(x, '&');
    out->literal = 0;
}

AVX512 void cu_classify_avx512(const cu_literals *l, const uint8_t *p, size_t blocks, cu_block *out, cu_signs *signs)
{
    uint8_t codes[(STRIDE + 1) * CU_BLOCK];
    for (size_t b = 0, n; b < blocks; b += n, p += n * CU_BLOCK) {
        n = blocks - b < STRIDE ? blocks - b : STRIDE;
        for (size_t i = 0; i < n; i++) {
            __m512i x = load64(p + i * CU_BLOCK);
            classes64(x, &out[b + i]);
            if (signs)
                others64(x, &signs[b + i]);
            _mm512_storeu_si512((void *)(codes + i * CU_BLOCK), codes64(x));
        }
        if (!l)
            continue;
        _mm512_storeu_si512((void *)(codes + n * CU_BLOCK), codes64(_mm512_maskz_loadu_epi8((1u << (CU_LITERAL_WINDOW - 1)) - 1, p + n * CU_BLOCK)));
        literals64(l, codes, n, out + b);
    }
    cu_wipe(codes, sizeof codes);
}
/* The marked places, as numbers. */
VBMI2 static size_t list_places(const cu_block *m, size_t blocks, uint16_t *places)
{
    size_t n = 0;
    for (size_t b = 0; b < blocks; b++) {
        uint64_t bits = m[b].literal;
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

VBMI2 static inline __mmask16 have_hash(const cu_literals *l, unsigned four, __m512i v)
{
    __m512i h = _mm512_srli_epi32(_mm512_mullo_epi32(v, _mm512_set1_epi32((int)0x9e3779b1u)), 18);
    __m512i word = _mm512_i32gather_epi32(_mm512_srli_epi32(h, 5), (const void *)l->seen[four], 4);
    __m512i bit = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_and_si512(h, _mm512_set1_epi32(31)));
    return _mm512_test_epi32_mask(word, bit);
}

/* Sixteen places at a time: their bytes, the hashes, and the bits of the hashes are gathered. */
VBMI2 size_t cu_places_avx512(const cu_literals *l, const uint8_t *p, const cu_block *m, size_t blocks, uint16_t *places)
{
    size_t all = list_places(m, blocks, places), n = 0;
    for (size_t i = 0; i < all; i += 16) {
        __mmask16 live = all - i >= 16 ? 0xffff : (__mmask16)((1u << (all - i)) - 1);
        __m256i at16 = _mm256_loadu_si256((const __m256i *)(const void *)(places + i));
        __m512i at = _mm512_maskz_cvtepu16_epi32(live, at16);
        __m512i v = _mm512_or_si512(_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), live, at, (const void *)p, 1), _mm512_set1_epi32(0x20202020));
        __mmask16 keep = live & (have_hash(l, 1, v) | have_hash(l, 0, _mm512_and_si512(v, _mm512_set1_epi32(0xffffff))));
        _mm256_storeu_si256((__m256i *)(void *)(places + n), _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(keep, at)));
        n += (unsigned)__builtin_popcount(keep);
    }
    return n;
}
#endif

cu_places_fn *cu_placer(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("popcnt"))
        return cu_places_avx512;
#endif
    return cu_places_plain;
}

cu_classify_fn *cu_classifier(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw"))
        return cu_classify_avx512;
    if (__builtin_cpu_supports("avx2"))
        return cu_classify_avx2;
#endif
    return cu_classify_plain;
}
