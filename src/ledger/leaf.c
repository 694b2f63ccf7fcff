/* Reading a leaf: a fixed order of fields, so that one pass with literal keys is a full check. */
#include "ledger/leaf.h"

typedef struct {
    cu_bytes rest;
} cursor;

static bool literal(cursor *c, const char *text)
{
    if (!cu_starts(c->rest, cu_str(text)))
        return false;
    c->rest = cu_slice(c->rest, strlen(text), c->rest.n);
    return true;
}

/* Header strings are words of ours: no escapes, no quotes. */
static bool text(cursor *c, const char *key, cu_bytes *out)
{
    if (!literal(c, key) || !literal(c, "\""))
        return false;
    size_t n = 0;
    while (n < c->rest.n && c->rest.p[n] != '"' && c->rest.p[n] != '\\' && c->rest.p[n] >= 0x20)
        n++;
    if (n == c->rest.n || c->rest.p[n] != '"')
        return false;
    *out = cu_slice(c->rest, 0, n);
    c->rest = cu_slice(c->rest, n + 1, c->rest.n);
    return true;
}

static bool number(cursor *c, const char *key, uint64_t *out)
{
    size_t n = 0;
    if (!literal(c, key))
        return false;
    for (*out = 0; n < c->rest.n && n < 16 && c->rest.p[n] >= '0' && c->rest.p[n] <= '9'; n++)
        *out = *out * 10 + (c->rest.p[n] - '0');
    bool ok = n > 0 && (n == 1 || c->rest.p[0] != '0');
    c->rest = cu_slice(c->rest, n, c->rest.n);
    return ok;
}

/* A balanced object; its inside is not judged here. */
static bool object(cursor *c, const char *key, cu_bytes *out)
{
    if (!literal(c, key) || c->rest.n == 0 || c->rest.p[0] != '{')
        return false;
    size_t depth = 0, i = 0;
    bool inside = false;
    for (; i < c->rest.n; i++) {
        uint8_t b = c->rest.p[i];
        if (inside) {
            if (b == '\\')
                i++;
            else if (b == '"')
                inside = false;
        } else if (b == '"') {
            inside = true;
        } else if (b == '{' || b == '[') {
            depth++;
        } else if ((b == '}' || b == ']') && --depth == 0) {
            break;
        }
    }
    if (i >= c->rest.n)
        return false;
    *out = cu_slice(c->rest, 0, i + 1);
    c->rest = cu_slice(c->rest, i + 1, c->rest.n);
    return true;
}

cu_err cu_leaf_parse(cu_bytes leaf, cu_leaf *out)
{
    cursor c = {leaf};
    cu_bytes prev;
    *out = (cu_leaf){0};
    if (leaf.n > CU_LEAF_MAX)
        return CU_TOO_BIG;
    bool ok = text(&c, "{\"actor\":", &out->actor) && object(&c, ",\"body\":", &out->body) &&
              number(&c, ",\"epoch\":", &out->epoch) && text(&c, ",\"id\":", &out->id) &&
              text(&c, ",\"prev\":", &prev) && number(&c, ",\"seq\":", &out->seq) &&
              text(&c, ",\"tenant\":", &out->tenant) && text(&c, ",\"ts\":", &out->ts) &&
              text(&c, ",\"type\":", &out->type) && literal(&c, ",\"v\":1") &&
              text(&c, ",\"writer\":", &out->writer) && literal(&c, "}") && c.rest.n == 0;
    return ok && cu_unhex(out->prev.b, CU_SHA256_LEN, prev) && cu_utf8_valid(leaf, NULL) ? CU_OK
                                                                                        : CU_SYNTAX;
}

static bool is_word(cu_bytes b, size_t max)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < 0x20 || b.p[i] >= 0x7f || b.p[i] == '"' || b.p[i] == '\\')
            return false;
    return b.n > 0 && b.n <= max;
}

cu_err cu_leaf_encode(const cu_leaf_in *in, const char *id, const char *writer, uint64_t epoch,
                      uint64_t seq, const cu_sha256 *prev, cu_buf *out)
{
    char hex[2 * CU_SHA256_LEN + 1], ts[CU_TIME_LEN];
    size_t before = out->n;
    if (!is_word(in->type, 64) || !is_word(in->tenant, 64) || !is_word(in->actor, 128) ||
        in->body.n < 2 || in->body.p[0] != '{')
        return CU_SYNTAX;
    cu_hex(hex, prev->b, CU_SHA256_LEN);
    cu_time_text(in->ts_ns ? in->ts_ns : cu_now_ns(), ts);
    cu_buf_str(out, "{\"actor\":\"");
    cu_buf_add(out, in->actor);
    cu_buf_str(out, "\",\"body\":");
    cu_buf_add(out, in->body);
    cu_buf_str(out, ",\"epoch\":");
    cu_buf_u64(out, epoch);
    cu_buf_str(out, ",\"id\":\"");
    cu_buf_str(out, id);
    cu_buf_str(out, "\",\"prev\":\"");
    cu_buf_put(out, hex, sizeof hex - 1);
    cu_buf_str(out, "\",\"seq\":");
    cu_buf_u64(out, seq);
    cu_buf_str(out, ",\"tenant\":\"");
    cu_buf_add(out, in->tenant);
    cu_buf_str(out, "\",\"ts\":\"");
    cu_buf_put(out, ts, sizeof ts - 1);
    cu_buf_str(out, "\",\"type\":\"");
    cu_buf_add(out, in->type);
    cu_buf_str(out, "\",\"v\":1,\"writer\":\"");
    cu_buf_str(out, writer);
    cu_buf_str(out, "\"}");
    CU_TRY(cu_buf_err(out));
    return out->n - before > CU_LEAF_MAX ? CU_TOO_BIG : CU_OK;
}
