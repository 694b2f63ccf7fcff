#include "base/buf.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void wipe(cu_buf *b)
{
    explicit_bzero(b->p, b->cap);
    if (!b->lent)
        free(b->p);
}

void cu_buf_free(cu_buf *b)
{
    if (b->p)
        wipe(b);
    *b = CU_BUF(b->ceiling);
}

void cu_buf_reset(cu_buf *b)
{
    b->n = 0;
    b->err = CU_OK;
}

/* Never realloc: it would leave an unwiped copy behind. */
static bool grow(cu_buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap * 2 : 256;
    if (cap < need)
        cap = need;
    if (cap > b->ceiling + 1)
        cap = b->ceiling + 1; /* room for the NUL of cu_buf_cstr */
    uint8_t *p = malloc(cap);
    if (!p) {
        b->err = CU_NOMEM;
        return false;
    }
    if (b->p) {
        memcpy(p, b->p, b->n);
        wipe(b);
    }
    b->p = p;
    b->cap = cap;
    b->lent = false;
    return true;
}

uint8_t *cu_buf_more(cu_buf *b, size_t n)
{
    if (b->err)
        return NULL;
    if (n > b->ceiling - b->n) {
        b->err = CU_TOO_BIG;
        return NULL;
    }
    if (b->n + n > b->cap || !b->p)
        if (!grow(b, b->n + n))
            return NULL;
    return b->p + b->n;
}

void cu_buf_u64(cu_buf *b, uint64_t value)
{
    char text[20];
    size_t at = sizeof text;
    do
        text[--at] = (char)('0' + value % 10);
    while (value /= 10);
    cu_buf_put(b, text + at, sizeof text - at);
}

void cu_buf_fmt(cu_buf *b, const char *fmt, ...)
{
    char small[512];
    va_list ap, ap2;
    va_start(ap, fmt);
    va_copy(ap2, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof small) {
        cu_buf_put(b, small, (size_t)n);
    } else if (n >= 0) {
        uint8_t *to = cu_buf_room(b, (size_t)n + 1);
        if (to) {
            vsnprintf((char *)to, (size_t)n + 1, fmt, ap2);
            b->n += (size_t)n;
        }
    }
    va_end(ap2);
}

const char *cu_buf_cstr(cu_buf *b)
{
    if (b->err)
        return "";
    if (b->n == b->cap && !grow(b, b->n + 1))
        return "";
    b->p[b->n] = 0;
    return (const char *)b->p;
}

static void escape_one(cu_buf *b, uint8_t c)
{
    switch (c) {
    case '"': cu_buf_put(b, "\\\"", 2); return;
    case '\\': cu_buf_put(b, "\\\\", 2); return;
    case '\n': cu_buf_put(b, "\\n", 2); return;
    case '\r': cu_buf_put(b, "\\r", 2); return;
    case '\t': cu_buf_put(b, "\\t", 2); return;
    default: cu_buf_fmt(b, "\\u%04x", c);
    }
}

static bool plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Bytes from i that stand for themselves, eight at a time: bit 7 of a byte of `odd` is set when it is a
 * control, a quote, a backslash or no ASCII (in the lowest such byte for certain). */
static size_t plain_until(cu_bytes s, size_t i)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    for (uint64_t w; i + 8 <= s.n; i += 8) {
        memcpy(&w, s.p + i, 8);
        uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
        uint64_t odd = (w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & high;
        if (odd)
            break;
    }
    while (i < s.n && plain(s.p[i]))
        i++;
    return i;
}

void cu_buf_json_escape(cu_buf *b, cu_bytes s)
{
    size_t i = 0;
    while (i < s.n) {
        size_t from = i;
        i = plain_until(s, i);
        cu_buf_put(b, s.p + from, i - from);
        if (i >= s.n)
            return;
        if (s.p[i] < 0x80) {
            escape_one(b, s.p[i++]);
            continue;
        }
        size_t len = 2;
        while (len <= 4 && !(i + len <= s.n && cu_utf8_valid(cu_slice(s, i, i + len), NULL)))
            len++;
        if (len <= 4) {
            cu_buf_put(b, s.p + i, len);
            i += len;
        } else {
            cu_buf_put(b, "\xef\xbf\xbd", 3);
            i++;
        }
    }
}

/* A string that needs no escapes, as nearly all do, with what stands around it: room is asked for once. */
static void put_plain(cu_buf *b, cu_bytes s, bool comma, bool colon)
{
    uint8_t *to = cu_buf_room(b, s.n + 2 + comma + colon);
    if (!to)
        return;
    if (comma)
        *to++ = ',';
    *to++ = '"';
    if (s.n)
        memcpy(to, s.p, s.n);
    to += s.n;
    *to++ = '"';
    if (colon)
        *to++ = ':';
    b->n = (size_t)(to - b->p);
}

void cu_buf_json_string(cu_buf *b, cu_bytes s)
{
    if (plain_until(s, 0) == s.n) {
        put_plain(b, s, false, false);
        return;
    }
    cu_buf_byte(b, '"');
    cu_buf_json_escape(b, s);
    cu_buf_byte(b, '"');
}

void cu_buf_json_key(cu_buf *b, const char *key)
{
    cu_bytes k = cu_str(key);
    bool comma = b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[';
    if (plain_until(k, 0) == k.n) {
        put_plain(b, k, comma, true);
        return;
    }
    if (comma)
        cu_buf_byte(b, ',');
    cu_buf_json_string(b, k);
    cu_buf_byte(b, ':');
}

void cu_buf_json_kv(cu_buf *b, const char *key, cu_bytes value)
{
    cu_buf_json_key(b, key);
    cu_buf_json_string(b, value);
}

void cu_buf_json_kv_str(cu_buf *b, const char *key, const char *value)
{
    cu_buf_json_kv(b, key, cu_str(value));
}

void cu_buf_json_kv_u64(cu_buf *b, const char *key, uint64_t value)
{
    cu_buf_json_key(b, key);
    cu_buf_u64(b, value);
}

void cu_buf_json_kv_i64(cu_buf *b, const char *key, int64_t value)
{
    cu_buf_json_key(b, key);
    cu_buf_fmt(b, "%" PRId64, value);
}

void cu_buf_json_kv_bool(cu_buf *b, const char *key, bool value)
{
    cu_buf_json_key(b, key);
    cu_buf_str(b, value ? "true" : "false");
}
