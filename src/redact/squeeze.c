#include "squeeze.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define NARROW __attribute__((target("pclmul,sse2")))
#define WIDE __attribute__((target("avx512f,vpclmulqdq")))

/* Of each 16 bytes, added to the key's, one half times the other. */
NARROW static inline __m128i product(const uint8_t *p, const uint8_t *key)
{
    __m128i v = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_loadu_si128((const __m128i *)(const void *)key));
    return _mm_clmulepi64_si128(v, v, 1);
}

NARROW static void squeeze_narrow(const uint8_t *p, size_t n, const uint8_t *key, uint8_t *out)
{
    for (; n--; p += CU_SQUEEZE_BLOCK, out += CU_SQUEEZED) {
        __m128i a = _mm_setzero_si128(), b = a;
        for (size_t i = 0; i < CU_SQUEEZE_BLOCK; i += 16) {
            a = _mm_xor_si128(a, product(p + i, key + i));
            b = _mm_xor_si128(b, product(p + i, key + CU_SQUEEZE_BLOCK + i));
        }
        _mm_storeu_si128((__m128i *)(void *)out, a);
        _mm_storeu_si128((__m128i *)(void *)(out + 16), b);
    }
}

/* Four times 16 bytes at once. */
WIDE static inline __m512i products(__m512i v, const uint8_t *key)
{
    v = _mm512_xor_si512(v, _mm512_loadu_si512(key));
    return _mm512_clmulepi64_epi128(v, v, 1);
}

WIDE static inline void put_sum(__m512i v, uint8_t *out)
{
    __m128i a = _mm_xor_si128(_mm512_extracti32x4_epi32(v, 0), _mm512_extracti32x4_epi32(v, 1));
    __m128i b = _mm_xor_si128(_mm512_extracti32x4_epi32(v, 2), _mm512_extracti32x4_epi32(v, 3));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_xor_si128(a, b));
}

WIDE static void squeeze_wide(const uint8_t *p, size_t n, const uint8_t *key, uint8_t *out)
{
    for (; n--; p += CU_SQUEEZE_BLOCK, out += CU_SQUEEZED) {
        __m512i a = _mm512_setzero_si512(), b = a;
        for (size_t i = 0; i < CU_SQUEEZE_BLOCK; i += 64) {
            __m512i v = _mm512_loadu_si512(p + i);
            a = _mm512_xor_si512(a, products(v, key + i));
            b = _mm512_xor_si512(b, products(v, key + CU_SQUEEZE_BLOCK + i));
        }
        put_sum(a, out);
        put_sum(b, out + 16);
    }
}

cu_squeeze_fn *cu_squeeze_nth(unsigned i)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq") && i-- == 0)
        return squeeze_wide;
    return __builtin_cpu_supports("pclmul") && i == 0 ? squeeze_narrow : NULL;
}
#else
cu_squeeze_fn *cu_squeeze_nth(unsigned i)
{
    return NULL;
}
#endif
