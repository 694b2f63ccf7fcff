/* Strings of a JSON text, one by one: unescaping, and members of the top-level object. */
#include "wire/json.h"
#include "blocks.h"
#include "copy.h"

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

void cu_json_unescape(cu_bytes raw, cu_buf *out)
{
    /* the unescaped form is never longer: one reservation, then plain stores */
    uint8_t *to = cu_buf_room(out, raw.n);
    bool wide = raw.n >= 64 && cu_blocks_wide();
    if (!to)
        return;
    for (size_t i = 0; i < raw.n;) {
        if (wide)
            i = cu_blocks_unescape(raw.p, i, raw.n, &to);
        size_t run = cu_copy_plain(to, raw.p + i, raw.n - i);
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
