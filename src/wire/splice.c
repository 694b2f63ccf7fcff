#include "wire/splice.h"
#include <stdlib.h>

static int by_start(const void *a, const void *b)
{
    const cu_splice *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end > y->end ? -1 : x->end < y->end;
}

cu_err cu_splice_apply(cu_bytes body, cu_splice *v, size_t n, cu_arena *a, cu_bytes *out)
{
    size_t room = body.n, at = 0, from = 0;
    *out = body;
    if (n == 0)
        return CU_OK;
    qsort(v, n, sizeof *v, by_start);
    for (size_t i = 0; i < n; i++)
        room += v[i].with.n;
    uint8_t *to = cu_arena_raw(a, room + 1);
    if (!to)
        return CU_NOMEM;
    for (size_t i = 0; i < n; i++) {
        if (v[i].start < from)
            continue;
        memcpy(to + at, body.p + from, v[i].start - from);
        at += v[i].start - from;
        if (v[i].with.n)
            memcpy(to + at, v[i].with.p, v[i].with.n);
        at += v[i].with.n;
        from = v[i].end;
    }
    memcpy(to + at, body.p + from, body.n - from);
    *out = cu_bytes_of(to, at + body.n - from);
    return CU_OK;
}

void cu_splice_move(const cu_splice *v, size_t n, cu_json_strings *s)
{
    size_t k = 0;
    uint32_t added = 0; /* modulo 2^32, so that it may shrink */
    for (size_t i = 0; i < s->n; i++) {
        cu_json_string *t = &s->v[i];
        uint32_t start = t->start, end = t->end;
        while (k < n && v[k].start < start) {
            added += (uint32_t)v[k].with.n - (v[k].end - v[k].start);
            k++;
        }
        t->start = start + added;
        if (k < n && v[k].start == start && v[k].end == end) {
            t->end = t->start + (uint32_t)v[k].with.n;
            t->flags &= ~CU_JSON_ESCAPED;
        } else {
            t->end = end + added;
        }
    }
}
