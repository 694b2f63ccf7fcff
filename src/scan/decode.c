#include "decode.h"

static cu_step replacement(size_t raw)
{
    return (cu_step){raw, {0xef, 0xbf, 0xbd}, 3, false, 3};
}

static size_t put_utf8(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

static bool high(uint32_t u)
{
    return u >= 0xd800 && u < 0xdc00;
}

static bool low(uint32_t u)
{
    return u >= 0xdc00 && u < 0xe000;
}

static uint32_t unit16(cu_encoding e, const uint8_t *p)
{
    return e == CU_ENCODED_UTF16LE ? (uint32_t)p[1] << 8 | p[0] : (uint32_t)p[0] << 8 | p[1];
}

static cu_step step_utf16(cu_encoding e, cu_bytes raw, bool last)
{
    cu_step s = {0};
    if (raw.n < 2)
        return last ? replacement(raw.n) : s;
    uint32_t u = unit16(e, raw.p);
    s.raw = 2;
    if (high(u)) {
        if (raw.n < 4)
            return last ? replacement(2) : (cu_step){0};
        uint32_t v = unit16(e, raw.p + 2);
        if (!low(v))
            return replacement(2);
        u = 0x10000 + ((u - 0xd800) << 10) + (v - 0xdc00);
        s.raw = 4;
    } else if (low(u)) {
        return replacement(2);
    }
    s.n = put_utf8(u, s.out);
    s.newline = u == '\n';
    s.column = (unsigned)s.n;
    return s;
}

static int hex4(const uint8_t *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int d = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : (p[i] | 32) >= 'a' && (p[i] | 32) <= 'f'
                ? (p[i] | 32) - 'a' + 10 : -1;
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* \uXXXX, and a second one when the first is half of a pair. */
static cu_step step_unicode(cu_bytes raw, bool last)
{
    if (raw.n < 6)
        return (cu_step){last ? 1 : 0, {'\\'}, last, false, 1};
    int u = hex4(raw.p + 2);
    if (u < 0)
        return (cu_step){1, {'\\'}, 1, false, 1};
    cu_step s = {.raw = 6, .column = 6};
    if (high((uint32_t)u)) {
        if (raw.n < 12 && !last)
            return (cu_step){0};
        int v = raw.n >= 12 && raw.p[6] == '\\' && raw.p[7] == 'u' ? hex4(raw.p + 8) : -1;
        if (v >= 0 && low((uint32_t)v)) {
            u = 0x10000 + ((u - 0xd800) << 10) + (v - 0xdc00);
            s.raw = s.column = 12;
        }
    }
    if (s.raw == 6 && (high((uint32_t)u) || low((uint32_t)u)))
        u = 0xfffd;
    s.n = put_utf8((uint32_t)u, s.out);
    return s;
}

static cu_step step_json(cu_bytes raw, bool last)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (raw.n == 0)
        return (cu_step){0};
    if (raw.p[0] != '\\')
        return (cu_step){1, {raw.p[0]}, 1, raw.p[0] == '\n', 1};
    if (raw.n < 2)
        return (cu_step){last ? 1 : 0, {'\\'}, last, false, 1};
    if (raw.p[1] == 'u')
        return step_unicode(raw, last);
    const char *k = raw.p[1] ? strchr(from, raw.p[1]) : NULL;
    if (!k)
        return (cu_step){1, {'\\'}, 1, false, 1};
    return (cu_step){2, {(uint8_t)to[k - from]}, 1, false, 2};
}

cu_step cu_decode_step(cu_encoding e, cu_bytes raw, bool last)
{
    if (raw.n == 0)
        return (cu_step){0};
    return e == CU_ENCODED_JSON ? step_json(raw, last) : step_utf16(e, raw, last);
}

size_t cu_decode(cu_encoding e, cu_bytes raw, bool last, uint8_t *to, size_t *used)
{
    size_t i = 0, n = 0;
    for (;;) {
        if (e == CU_ENCODED_JSON && i < raw.n) { /* most of it is no escape */
            const uint8_t *escape = memchr(raw.p + i, '\\', raw.n - i);
            size_t plain = (escape ? (size_t)(escape - raw.p) : raw.n) - i;
            memcpy(to + n, raw.p + i, plain);
            n += plain;
            i += plain;
        }
        cu_step s = cu_decode_step(e, cu_slice(raw, i, raw.n), last);
        if (s.raw == 0)
            break;
        memcpy(to + n, s.out, s.n);
        n += s.n;
        i += s.raw;
    }
    *used = i;
    return n;
}

/* UTF-16 without a mark: Latin text has a NUL in nearly every second byte and none between. */
static cu_encoding by_nuls(cu_bytes head)
{
    size_t at[2] = {0, 0}, half = head.n / 2;
    for (size_t i = 0; i < 2 * half; i++)
        at[i & 1] += head.p[i] == 0;
    if (half >= 4 && at[0] == 0 && at[1] * 10 >= half * 6)
        return CU_ENCODED_UTF16LE;
    if (half >= 4 && at[1] == 0 && at[0] * 10 >= half * 6)
        return CU_ENCODED_UTF16BE;
    return CU_ENCODED_BINARY;
}

cu_encoding cu_encoding_of(cu_bytes head, size_t *skip)
{
    bool utf32 = head.n >= 4 && head.p[0] == 0xff && head.p[1] == 0xfe && !head.p[2] && !head.p[3];
    *skip = 2;
    if (head.n >= 2 && head.p[0] == 0xff && head.p[1] == 0xfe && !utf32)
        return CU_ENCODED_UTF16LE;
    if (head.n >= 2 && head.p[0] == 0xfe && head.p[1] == 0xff)
        return CU_ENCODED_UTF16BE;
    *skip = cu_starts(head, CU_LIT("\xef\xbb\xbf")) ? 3 : 0;
    if (head.n && memchr(head.p, 0, head.n))
        return by_nuls(head);
    return CU_ENCODED_NOT;
}
