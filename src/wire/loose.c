/* Escapes in text that is not known to be JSON: program text, JSON behind a line of something else. */
#include "wire/json.h"
#include "copy.h"

static int hex4(const uint8_t *p)
{
    int v = 0;
    for (int k = 0; k < 4; k++) {
        int c = p[k] | 0x20, d = p[k] >= '0' && p[k] <= '9' ? p[k] - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t put_utf8(uint32_t c, uint8_t b[4])
{
    if (c < 0x80) {
        b[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        b[i] = (uint8_t)(0x80 | (c & 0x3f));
    b[0] = (uint8_t)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

/* The escape at p[0] (a backslash) of n bytes: its length, 0 when it is none; what it means in b. */
static size_t escape(const uint8_t *p, size_t n, uint8_t b[4], size_t *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *k = n >= 2 ? memchr(from, p[1], 8) : NULL;
    *out = 1;
    if (k) {
        b[0] = (uint8_t)to[k - from];
        return 2;
    }
    int high = n >= 6 && p[1] == 'u' ? hex4(p + 2) : -1;
    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff) || high == 0) /* a NUL would be a wall to the scanner */
        return 0;
    if (high < 0xd800 || high > 0xdbff) {
        *out = put_utf8((uint32_t)high, b);
        return 6;
    }
    int low = n >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *out = put_utf8(0x10000u + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00), b);
    return 12;
}

size_t cu_loose_find(cu_bytes text, size_t from)
{
    const uint8_t *c;
    uint8_t b[4];
    size_t n;
    while (from < text.n && (c = memchr(text.p + from, '\\', text.n - from))) {
        from = (size_t)(c - text.p);
        if (escape(c, text.n - from, b, &n))
            return from;
        from++;
    }
    return (size_t)-1;
}

void cu_loose_unescape(cu_bytes text, cu_buf *out)
{
    /* what an escape means is never longer than it */
    uint8_t *to = cu_buf_room(out, text.n);
    if (!to)
        return;
    for (size_t i = 0; i < text.n;) {
        uint8_t b[4];
        size_t run = cu_copy_plain(to, text.p + i, text.n - i), n, used;
        to += run;
        i += run;
        if (i == text.n)
            break;
        used = escape(text.p + i, text.n - i, b, &n);
        if (!used)
            b[0] = '\\';
        for (size_t k = 0; k < (used ? n : 1); k++)
            *to++ = b[k];
        i += used ? used : 1;
    }
    out->n = (size_t)(to - out->p);
}

size_t cu_loose_offset(cu_bytes text, size_t plain, size_t *from, size_t *plain_from)
{
    size_t i = *from, at = *plain_from;
    while (i < text.n && at < plain) {
        uint8_t b[4];
        size_t n = 1, used = text.p[i] == '\\' ? escape(text.p + i, text.n - i, b, &n) : 0;
        if (!used)
            n = used = 1;
        if (at + n > plain)
            break;
        at += n;
        i += used;
    }
    *from = i;
    *plain_from = at;
    return i;
}
