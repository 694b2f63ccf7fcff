/* What both readers of escapes do with the text between them. */
#ifndef CUSTOS_WIRE_COPY_H
#define CUSTOS_WIRE_COPY_H

#include "base/bytes.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Copies what stands before the next backslash; returns its length. Up to 16 bytes more are written, but
 * never more than n in all. */
static inline size_t cu_copy_plain(uint8_t *to, const uint8_t *p, size_t n)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i slash = _mm_set1_epi8('\\');
    for (; i + 16 <= n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        int hit = _mm_movemask_epi8(_mm_cmpeq_epi8(v, slash));
        _mm_storeu_si128((__m128i *)(void *)(to + i), v);
        if (hit)
            return i + (size_t)__builtin_ctz((unsigned)hit);
    }
#endif
    for (; i < n && p[i] != '\\'; i++)
        to[i] = p[i];
    return i;
}

#endif
