#include "put_back.h"
#include <stdlib.h>

/* \u0041 and its like are plain letters: a provider may escape what needs no escape. */
static bool plain_escape(cu_bytes raw, size_t i, uint8_t *c)
{
    unsigned v;
    char hex[5] = {0};
    if (raw.n - i < 6 || raw.p[i + 1] != 'u' || raw.p[i + 2] != '0' || raw.p[i + 3] != '0')
        return false;
    memcpy(hex, raw.p + i + 2, 4);
    v = (unsigned)strtoul(hex, NULL, 16);
    *c = (uint8_t)v;
    return v >= 0x30 && v < 0x7f && v != '\\';
}

static void unspell(cu_bytes raw, cu_buf *out)
{
    for (size_t i = 0; i < raw.n;) {
        uint8_t c;
        if (raw.p[i] == '\\' && raw.n - i >= 2) {
            if (plain_escape(raw, i, &c)) {
                cu_buf_byte(out, c);
                i += 6;
            } else {
                cu_buf_put(out, raw.p + i, 2);
                i += 2;
            }
            continue;
        }
        cu_buf_byte(out, raw.p[i++]);
    }
}

/* Only values that need escaping ask where they stand. */
static void pass_by(const cu_issued_map *m, cu_place *at, cu_bytes raw)
{
    if (!m->awkward || raw.n == 0)
        return;
    uint8_t room[256];
    cu_buf plain CU_CLEAN_BUF = CU_BUF_ON(room, raw.n + 16);
    cu_json_unescape(raw, &plain);
    cu_place_feed(at, cu_buf_view(&plain));
}

static bool may_stand(size_t at, uint8_t c)
{
    if (at < 7)
        return c == (uint8_t)CU_SURROGATE_MARK[at];
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

/* A C at the very end may be the last digit of a \u escape, which must not be torn. */
static bool ends_escape(cu_bytes raw, size_t at)
{
    return at >= 5 && raw.p[at - 5] == '\\' && raw.p[at - 4] == 'u';
}

/* Length of what stands at `at` if it can grow into a surrogate, 0 when it cannot. */
static size_t beginning(cu_bytes raw, size_t at)
{
    size_t n = raw.n - at;
    if (n >= CU_SURROGATE_LEN || ends_escape(raw, at))
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!may_stand(i, raw.p[at + i]))
            return 0;
    return n;
}

static size_t put_back_plain(const cu_issued_map *m, cu_bytes raw, cu_place *at, cu_buf *out,
                             cu_buf *keep)
{
    size_t done = 0, i = 0, count = 0, end = raw.n;
    const uint8_t *c;
    while (i < raw.n && (c = memchr(raw.p + i, 'C', raw.n - i)) != NULL) {
        i = (size_t)(c - raw.p);
        if (keep && beginning(raw, i)) {
            end = i;
            cu_buf_put(keep, raw.p + end, raw.n - end);
            break;
        }
        const cu_issued *it = raw.n - i >= CU_SURROGATE_LEN && memcmp(c, CU_SURROGATE_MARK, 7) == 0
                                  ? cu_issued_find(m, c)
                                  : NULL;
        if (!it) {
            i++;
            continue;
        }
        cu_buf_put(out, raw.p + done, i - done);
        pass_by(m, at, cu_slice(raw, done, i));
        cu_place_put(at, it, out);
        at->slashes = 0;
        done = i += CU_SURROGATE_LEN;
        count++;
    }
    cu_buf_put(out, raw.p + done, end - done);
    pass_by(m, at, cu_slice(raw, done, end));
    return count;
}

size_t cu_put_back(const cu_issued_map *m, cu_bytes raw, cu_place *at, cu_buf *out, cu_buf *keep)
{
    if (cu_find(raw, CU_LIT("\\u00"), 0) == (size_t)-1)
        return put_back_plain(m, raw, at, out, keep);
    cu_buf spelled CU_CLEAN_BUF = CU_BUF(raw.n + 16);
    unspell(raw, &spelled);
    if (spelled.err) {
        out->err = spelled.err;
        return 0;
    }
    return put_back_plain(m, cu_buf_view(&spelled), at, out, keep);
}
