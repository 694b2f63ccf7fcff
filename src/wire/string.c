/* Strings of a JSON text, one by one: unescaping, and members of the top-level object. */
#include "wire/json.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static void put_utf8(cu_buf *out, uint32_t c)
{
    uint8_t b[4];
    size_t n = 1;
    if (c < 0x80) {
        b[0] = (uint8_t)c;
    } else if (c < 0x800) {
        b[0] = (uint8_t)(0xc0 | c >> 6);
        b[1] = (uint8_t)(0x80 | (c & 0x3f));
        n = 2;
    } else if (c < 0x10000) {
        b[0] = (uint8_t)(0xe0 | c >> 12);
        b[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        b[2] = (uint8_t)(0x80 | (c & 0x3f));
        n = 3;
    } else {
        b[0] = (uint8_t)(0xf0 | c >> 18);
        b[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        b[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        b[3] = (uint8_t)(0x80 | (c & 0x3f));
        n = 4;
    }
    cu_buf_put(out, b, n);
}

static uint32_t hex4(const uint8_t *p)
{
    uint32_t v = 0;
    for (int k = 0; k < 4; k++) {
        uint32_t c = p[k];
        v = v * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

/* One escape at p (a backslash); returns its length in the raw text. */
static size_t one_escape(const uint8_t *p, cu_buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p[1] != 'u') {
        const char *k = memchr(from, p[1], 8);
        cu_buf_byte(out, (uint8_t)to[k - from]);
        return 2;
    }
    uint32_t c = hex4(p + 2);
    if (c < 0xd800 || c > 0xdbff) {
        put_utf8(out, c);
        return 6;
    }
    put_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (hex4(p + 8) - 0xdc00));
    return 12;
}

/* The plain byte of a short escape, 0 when it is \u. */
static const uint8_t short_escape[256] = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
                                          ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

/* Copies what stands before the next backslash; returns its length. Up to 16 bytes more are written, but
 * never more than n in all. */
static size_t copy_plain(uint8_t *to, const uint8_t *p, size_t n)
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

void cu_json_unescape(cu_bytes raw, cu_buf *out)
{
    /* the unescaped form is never longer: one reservation, then plain stores */
    uint8_t *to = cu_buf_room(out, raw.n);
    if (!to)
        return;
    size_t i = 0;
    while (i < raw.n) {
        size_t run = copy_plain(to, raw.p + i, raw.n - i);
        to += run;
        i += run;
        for (; i < raw.n && raw.p[i] == '\\' && short_escape[raw.p[i + 1]]; i += 2)
            *to++ = short_escape[raw.p[i + 1]];
        if (i < raw.n && raw.p[i] == '\\') {
            uint8_t room[8];
            cu_buf one = {room, 0, sizeof room, sizeof room, CU_OK};
            i += one_escape(raw.p + i, &one);
            memcpy(to, room, one.n);
            to += one.n;
        }
    }
    out->n = (size_t)(to - out->p);
}

size_t cu_json_raw_offset(cu_bytes raw, size_t plain, size_t *raw_from, size_t *plain_from)
{
    size_t i = *raw_from, at = *plain_from;
    uint8_t room[8];
    while (i < raw.n && at < plain) {
        if (raw.p[i] != '\\') {
            i++;
            at++;
            continue;
        }
        cu_buf one = {room, 0, sizeof room, sizeof room, CU_OK};
        size_t n = one_escape(raw.p + i, &one);
        if (at + one.n > plain)
            break;
        at += one.n;
        i += n;
    }
    *raw_from = i;
    *plain_from = at;
    return i;
}

bool cu_json_is_spelled(cu_bytes text, cu_json_string s, const char *plain)
{
    cu_bytes raw = cu_slice(text, s.start, s.end);
    if (!(s.flags & CU_JSON_ESCAPED))
        return cu_eq_str(raw, plain);
    if (raw.n > 6 * strlen(plain))
        return false;
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_json_unescape(raw, &b);
    return b.err == CU_OK && cu_eq_str(cu_buf_view(&b), plain);
}

const cu_json_string *cu_json_top(cu_bytes text, const cu_json_strings *s, const char *key)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].depth == 1 && (s->v[i].flags & CU_JSON_KEY) && cu_json_is(text, s->v[i], key))
            return &s->v[i];
    return NULL;
}

cu_bytes cu_json_top_value(cu_bytes text, const cu_json_strings *s, const char *key)
{
    const cu_json_string *k = cu_json_top(text, s, key);
    if (!k)
        return CU_NONE;
    size_t i = k->end + 1;
    while (text.p[i] != ':')
        i++;
    i++;
    while (memchr(" \t\r\n", text.p[i], 4))
        i++;
    return cu_slice(text, i, text.n);
}
