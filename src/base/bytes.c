#include "base/bytes.h"

int cu_cmp(cu_bytes a, cu_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    return (a.n > b.n) - (a.n < b.n);
}

size_t cu_find(cu_bytes hay, cu_bytes needle, size_t from)
{
    if (from > hay.n || needle.n > hay.n - from)
        return (size_t)-1;
    if (needle.n == 0)
        return from;
    const uint8_t *hit = memmem(hay.p + from, hay.n - from, needle.p, needle.n);
    return hit ? (size_t)(hit - hay.p) : (size_t)-1;
}

/* Length of the well-formed sequence at p (RFC 3629 section 4), or 0. */
static size_t sequence(const uint8_t *p, size_t n)
{
    uint8_t c = p[0], lo = 0x80, hi = 0xbf;
    size_t len;
    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf)
        len = 2;
    else if (c >= 0xe0 && c <= 0xef)
        len = 3;
    else if (c >= 0xf0 && c <= 0xf4)
        len = 4;
    else
        return 0;
    if (c == 0xe0)
        lo = 0xa0;
    else if (c == 0xed)
        hi = 0x9f;
    else if (c == 0xf0)
        lo = 0x90;
    else if (c == 0xf4)
        hi = 0x8f;
    if (n < len || p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool cu_utf8_valid(cu_bytes b, size_t *bad_at)
{
    size_t i = 0;
    while (i < b.n) {
        while (i + 8 <= b.n) {
            uint64_t w;
            memcpy(&w, b.p + i, 8);
            if (w & 0x8080808080808080ULL)
                break;
            i += 8;
        }
        if (i >= b.n)
            break;
        size_t len = sequence(b.p + i, b.n - i);
        if (len == 0) {
            if (bad_at)
                *bad_at = i;
            return false;
        }
        i += len;
    }
    return true;
}
