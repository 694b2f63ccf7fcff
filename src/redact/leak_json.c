/* The text of an answer, read from its JSON as it comes: the members that hold what a model wrote. The
 * event's own lines (event:, data:) hold no quotes, so that SSE needs no reader of its own. */
#include "redact/leak.h"

enum { OUTSIDE, STRING };

static bool wanted(const uint8_t *key, size_t n)
{
    static const char *const keys[] = {"text", "partial_json", "content", "arguments", "delta", "input", "output_text", "refusal", "code", "new_string", "command", "file_text"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (n == strlen(keys[i]) && memcmp(key, keys[i], n) == 0)
            return true;
    return false;
}

static size_t utf8(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (uint8_t)(0xe0 | c >> 12); /* halves of a pair stay apart: no code is written in them */
    out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c & 0x3f));
    return 3;
}

static void put(cu_leak_watch *w, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w->json.key_n < sizeof w->json.key)
            w->json.key[w->json.key_n++] = p[i];
    if (w->json.wanted)
        cu_leak_watch_text(w, cu_bytes_of(p, n));
}

static uint32_t hex_of(uint8_t c)
{
    return c <= '9' ? (uint32_t)c - '0' : ((uint32_t)c | 0x20) - 'a' + 10;
}

static void escaped(cu_leak_watch *w, uint8_t c)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *k = c ? memchr(from, c, 5) : NULL;
    if (c == 'u') {
        w->json.hex = 0;
        w->json.hex_left = 4;
        return;
    }
    uint8_t plain = k ? (uint8_t)to[k - from] : c;
    put(w, &plain, 1);
}

/* Within a string, not at plain text. */
static void special(cu_leak_watch *w, uint8_t c)
{
    uint8_t room[4];
    if (w->json.hex_left) {
        w->json.hex = w->json.hex << 4 | (hex_of(c) & 15);
        if (--w->json.hex_left == 0)
            put(w, room, utf8(w->json.hex, room));
    } else if (w->json.escape) {
        w->json.escape = 0;
        escaped(w, c);
    } else if (c == '\\') {
        w->json.escape = 1;
    } else { /* the closing quote */
        w->json.state = OUTSIDE;
        w->json.wanted = false;
    }
}

/* Between strings: a colon behind a name that is wanted makes the next string one, and so does each of a
 * list behind it. */
static void outside(cu_leak_watch *w, uint8_t c)
{
    if (c == ':') {
        w->json.value_next = wanted(w->json.key, w->json.key_n);
    } else if (c == '"') {
        w->json.wanted = w->json.value_next;
        w->json.state = STRING;
        w->json.key_n = 0;
        w->json.value_next &= w->json.in_list;
    } else if (c == '[') {
        w->json.in_list = w->json.value_next;
    } else if (c == ']' || c == '{' || c == '}') {
        w->json.in_list = w->json.value_next = false;
    } else if (c == ',' && !w->json.in_list) {
        w->json.value_next = false;
    }
}

void cu_leak_watch_feed(cu_leak_watch *w, cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        if (w->json.state == OUTSIDE) {
            outside(w, c);
            continue;
        }
        if (w->json.hex_left || w->json.escape || c == '\\' || c == '"') {
            special(w, c);
            continue;
        }
        size_t end = i;
        while (end < b.n && b.p[end] != '\\' && b.p[end] != '"')
            end++;
        put(w, b.p + i, end - i);
        i = end - 1;
    }
}
