#include "leaf_values.h"
#include <string.h>
#include "base/error.h"

/* The text or number behind "key": in a leaf's body, which we wrote: no blanks, plain words. */
cu_bytes leaf_value(cu_bytes body, const char *key)
{
    char quoted[64] = "\"";
    size_t n = strlen(key);
    CU_ASSERT(n <= sizeof quoted - 3);
    memcpy(quoted + 1, key, n);
    memcpy(quoted + 1 + n, "\":", 2);
    size_t at = cu_find(body, cu_bytes_of(quoted, n + 3), 0);
    if (at == (size_t)-1)
        return CU_NONE;
    at += n + 3;
    bool text = at < body.n && body.p[at] == '"';
    size_t from = at + text, end = from;
    while (end < body.n && (text ? body.p[end] != '"' : body.p[end] >= '0' && body.p[end] <= '9'))
        end++;
    return cu_slice(body, from, end);
}

uint64_t leaf_number(cu_bytes body, const char *key)
{
    cu_bytes v = leaf_value(body, key);
    uint64_t n = 0;
    for (size_t i = 0; i < v.n && i < 18; i++)
        n = n * 10 + (v.p[i] >= '0' && v.p[i] <= '9' ? v.p[i] - '0' : 0);
    return n;
}
