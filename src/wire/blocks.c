#include "blocks.h"
#if defined(__SSE2__)
#include <emmintrin.h>

static uint64_t special16(const uint8_t *p)
{
    const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i hit = _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(' ')),
                                     _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                                  _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));
    return (uint64_t)(unsigned)_mm_movemask_epi8(hit);
}

static bool simple_escape(uint8_t c)
{
    return c == 'n' || c == '"' || c == '\\' || c == 't' || c == '/' || c == 'r' || c == 'b' || c == 'f';
}

/* Escapes are stepped over within the mask, without a new look at the bytes behind them. */
size_t cu_blocks_walk_narrow(const uint8_t *p, size_t i, size_t n, bool *escaped)
{
    while (i + 65 <= n) {
        const uint8_t *b = p + i;
        uint64_t m = special16(b) | special16(b + 16) << 16 | special16(b + 32) << 32 | special16(b + 48) << 48;
        size_t step = 64;
        while (m) {
            unsigned k = (unsigned)__builtin_ctzll(m);
            if (b[k] != '\\' || !simple_escape(b[k + 1]))
                return i + k;
            *escaped = true;
            step += k == 63; /* the escaped character is the next block's first */
            m &= ~(3ull << k);
        }
        i += step;
    }
    return i;
}
#else
size_t cu_blocks_walk_narrow(const uint8_t *p, size_t i, size_t n, bool *escaped)
{
    return i;
}
#endif

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")))

bool cu_blocks_wide(void)
{
    return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("popcnt");
}

/* Which of these bytes are escaped: behind a row of backslashes of odd length. slash: the backslashes; *into:
 * bit 0, the first byte is escaped by the block before; afterwards that of the next block. Langdale and Lemire,
 * "Parsing gigabytes of JSON per second" (2019). */
static inline uint64_t escaped_of(uint64_t slash, uint64_t *into)
{
    const uint64_t odd = 0xaaaaaaaaaaaaaaaaull;
    uint64_t begin = slash & ~*into, row = ((begin << 1 | odd) - begin) ^ odd, escaped = row ^ (slash | *into);
    *into = (row & slash) >> 63;
    return escaped;
}

WIDE static inline uint64_t equal(__m512i x, char c)
{
    return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(c));
}

/* What each of the letters behind a backslash means; 0: nothing that is one byte. */
static const uint8_t meaning[128] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
                                     ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

WIDE static inline __m512i meant(__m512i x)
{
    return _mm512_permutex2var_epi8(_mm512_loadu_si512(meaning), x, _mm512_loadu_si512(meaning + 64));
}

WIDE size_t cu_blocks_walk(const uint8_t *p, size_t i, size_t n, bool *escaped)
{
    uint64_t into = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i x = _mm512_loadu_si512(p + i);
        uint64_t slash = equal(x, '\\'), behind = escaped_of(slash, &into);
        /* signed: bytes of 0x80 and above are less than a space as well */
        uint64_t special = _mm512_cmplt_epi8_mask(x, _mm512_set1_epi8(' ')) | equal(x, '"');
        uint64_t means = _mm512_test_epi8_mask(meant(x), meant(x)), stop = (special & ~behind) | (behind & ~(means & ~_mm512_movepi8_mask(x)));
        *escaped |= (slash & (stop - 1) & ~stop) != 0;
        if (stop) {
            unsigned k = (unsigned)__builtin_ctzll(stop);
            return i + k - (behind >> k & 1);
        }
    }
    return i - into;
}

WIDE size_t cu_blocks_unescape(const uint8_t *p, size_t i, size_t n, uint8_t **to)
{
    uint64_t into = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i x = _mm512_loadu_si512(p + i);
        uint64_t slash = equal(x, '\\'), behind = escaped_of(slash, &into), keep = behind | ~slash, other = behind & equal(x, 'u');
        keep &= (other - 1) & ~other; /* all before the first */
        _mm512_storeu_si512(*to, _mm512_maskz_compress_epi8(keep, _mm512_mask_mov_epi8(x, behind, meant(x))));
        *to += __builtin_popcountll(keep);
        if (other)
            return i + (unsigned)__builtin_ctzll(other) - 1;
    }
    return i - into;
}
#else
bool cu_blocks_wide(void)
{
    return false;
}

size_t cu_blocks_walk(const uint8_t *p, size_t i, size_t n, bool *escaped)
{
    return i;
}

size_t cu_blocks_unescape(const uint8_t *p, size_t i, size_t n, uint8_t **to)
{
    return i;
}
#endif
