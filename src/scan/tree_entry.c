#include "tree_entry.h"

cu_tree_entry cu_tree_next(cu_bytes t)
{
    cu_tree_entry e = {.left = t, .over = t.n == 0};
    unsigned mode = 0;
    size_t i = 0;
    if (e.over)
        return e;
    for (; i < t.n && i < 7 && t.p[i] >= '0' && t.p[i] <= '7'; i++)
        mode = mode * 8 + (t.p[i] - '0');
    const uint8_t *nul = i && i < t.n && t.p[i] == ' ' ? memchr(t.p + i + 1, 0, t.n - i - 1) : NULL;
    if (!nul || (size_t)(t.p + t.n - nul) - 1 < CU_OBJECT_ID) {
        e.over = e.bad = true;
        return e;
    }
    e.name = cu_slice(t, i + 1, (size_t)(nul - t.p));
    e.id = nul + 1;
    e.left = cu_slice(t, (size_t)(nul - t.p) + 1 + CU_OBJECT_ID, t.n);
    e.mode = mode;
    e.tree = (mode & 0170000) == 0040000;
    e.file = (mode & 0170000) == 0100000 || (mode & 0170000) == 0120000;
    return e;
}

int cu_tree_order(const cu_tree_entry *a, const cu_tree_entry *b)
{
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    int c = n ? memcmp(a->name.p, b->name.p, n) : 0;
    if (c)
        return c;
    int x = a->name.n > n ? a->name.p[n] : a->tree ? '/' : 0;
    int y = b->name.n > n ? b->name.p[n] : b->tree ? '/' : 0;
    return x - y;
}
