#include <ctype.h>
#include "glob.h"

static bool in_class(cu_bytes glob, size_t *at, uint8_t c)
{
    size_t i = *at + 1;
    bool no = i < glob.n && (glob.p[i] == '!' || glob.p[i] == '^'), hit = false;
    i += no;
    for (size_t first = i; i < glob.n && (glob.p[i] != ']' || i == first); i++) {
        if (i + 2 < glob.n && glob.p[i + 1] == '-' && glob.p[i + 2] != ']') {
            hit = hit || (glob.p[i] <= c && c <= glob.p[i + 2]);
            i += 2;
        } else {
            hit = hit || glob.p[i] == c;
        }
    }
    *at = i;
    return i < glob.n && hit != no;
}

/* Goes back to the last star only: linear in the product, without recursion. */
bool in_glob(cu_bytes glob, cu_bytes text, bool slash)
{
    size_t g = 0, t = 0, star = SIZE_MAX, from = 0;
    while (t < text.n) {
        size_t at = g;
        if (g < glob.n && glob.p[g] == '*') {
            star = g++;
            from = t;
            continue;
        }
        if (g < glob.n && ((glob.p[g] == '?' && !(slash && text.p[t] == '/')) || (glob.p[g] == '[' ? in_class(glob, &at, text.p[t]) : glob.p[g] == text.p[t]))) {
            g = at + 1;
            t++;
            continue;
        }
        if (star == SIZE_MAX || (slash && text.p[from] == '/'))
            return false;
        g = star + 1;
        t = ++from;
        if (g < glob.n && !memchr("*?[", glob.p[g], 3) && !slash) { /* to where it can go on */
            const uint8_t *next = t < text.n ? memchr(text.p + t, glob.p[g], text.n - t) : NULL;
            if (!next)
                return false;
            t = from = (size_t)(next - text.p);
        }
    }
    while (g < glob.n && glob.p[g] == '*')
        g++;
    return g == glob.n;
}

/* Most patterns differ in their first or last byte already. */
static bool may_fit(cu_bytes g, cu_bytes t)
{
    uint8_t first = g.p[0], last = g.p[g.n - 1];
    if (t.n == 0)
        return first == '*';
    if (first != '*' && first != '?' && first != '[' && first != t.p[0])
        return false;
    return last == '*' || last == '?' || last == ']' || last == t.p[t.n - 1];
}

bool in_any(const cu_word_list *globs, cu_bytes text)
{
    for (size_t i = 0; i < globs->n; i++)
        if (may_fit(globs->v[i], text) && in_glob(globs->v[i], text, false))
            return true;
    return false;
}

bool in_list(const cu_word_list *l, cu_bytes text)
{
    for (size_t i = 0; i < l->n; i++)
        if (cu_eq(l->v[i], text))
            return true;
    return false;
}

cu_bytes in_base(cu_bytes path)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    return cu_slice(path, at, path.n);
}

cu_bytes in_trimmed(cu_bytes t)
{
    while (t.n && isspace(t.p[0]))
        t = cu_slice(t, 1, t.n);
    while (t.n && isspace(t.p[t.n - 1]))
        t.n--;
    return t;
}

/* From behind a slash to behind the one before; above the root is the root. */
static size_t above(const uint8_t *path, size_t n)
{
    if (n == 1)
        return n;
    for (n--; n && path[n - 1] != '/';)
        n--;
    return n;
}

cu_bytes in_path(cu_arena *a, cu_bytes path)
{
    uint8_t *to = cu_arena_raw(a, path.n + 1);
    size_t n = 0;
    for (size_t i = 0; to && i < path.n;) {
        bool at_part = i == 0 || path.p[i - 1] == '/';
        size_t left = path.n - i;
        if (path.p[i] == '/' && n && to[n - 1] == '/') {
            i++;
        } else if (at_part && path.p[i] == '.' && left > 1 && path.p[i + 1] == '/') {
            i += 2;
        } else if (at_part && left >= 2 && path.p[i] == '.' && path.p[i + 1] == '.' && (left == 2 || path.p[i + 2] == '/') && n && to[n - 1] == '/' && !(n > 1 && to[n - 2] == '.')) {
            n = above(to, n);
            i += left == 2 ? 2 : 3;
        } else {
            to[n++] = path.p[i++];
        }
    }
    return to ? cu_bytes_of(to, n) : path;
}
