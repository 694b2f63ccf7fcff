#include "anchor_leaf.h"

/* Field of an anchor leaf's body, which has a fixed order. */
static bool field(cu_bytes body, const char *key, cu_bytes *out)
{
    size_t at = cu_find(body, cu_str(key), 0), end;
    if (at == (size_t)-1)
        return false;
    at += strlen(key);
    for (end = at; end < body.n && body.p[end] != '"' && body.p[end] != '}' && body.p[end] != ',';)
        end++;
    *out = cu_slice(body, at, end);
    return true;
}

bool anchor_leaf_read(const cu_leaf *leaf, anchor_leaf *out)
{
    cu_bytes size;
    if (!cu_eq_str(leaf->type, "log.checkpoint") || !field(leaf->body, "\"log\":\"", &out->log) ||
        !field(leaf->body, "\"root\":\"", &out->root) || !field(leaf->body, "\"size\":", &size))
        return false;
    out->size = 0;
    for (size_t i = 0; i < size.n && i < 16 && size.p[i] >= '0' && size.p[i] <= '9'; i++)
        out->size = out->size * 10 + (size.p[i] - '0');
    return true;
}
