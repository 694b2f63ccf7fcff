#include "policy/path.h"

static bool letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool slash(uint8_t c)
{
    return c == '/' || c == '\\';
}

/* C:\x, C:/x */
static bool has_drive(cu_bytes p)
{
    return p.n >= 3 && letter(p.p[0]) && p.p[1] == ':' && slash(p.p[2]);
}

static cu_bytes without_scheme(cu_bytes p)
{
    return cu_starts(p, CU_LIT("file://")) ? cu_slice(p, 7, p.n) : p;
}

bool cu_path_absolute(cu_bytes path)
{
    path = without_scheme(path);
    return has_drive(path) || (path.n && (slash(path.p[0]) || (path.p[0] == '~' && (path.n == 1 || slash(path.p[1])))));
}

/* Takes the last part off what stands behind `from`. */
static void up(cu_buf *out, size_t from)
{
    while (out->n > from && out->p[out->n - 1] != '/')
        out->n--;
    if (out->n > from)
        out->n--;
}

static void put_parts(cu_bytes p, size_t from, bool absolute, cu_buf *out)
{
    for (size_t i = 0, end; i < p.n; i = end + 1) {
        for (end = i; end < p.n && !slash(p.p[end]);)
            end++;
        cu_bytes part = cu_slice(p, i, end);
        if (part.n == 0 || cu_eq_str(part, "."))
            continue;
        if (cu_eq_str(part, "..")) {
            up(out, from);
            continue;
        }
        if (absolute || out->n > from)
            cu_buf_byte(out, '/');
        cu_buf_add(out, part);
    }
}

void cu_path_join(cu_bytes base, cu_bytes path, cu_buf *out)
{
    size_t from = out->n;
    path = without_scheme(path);
    bool absolute = cu_path_absolute(path);
    if (!absolute && base.n) {
        bool rooted = cu_path_absolute(base);
        cu_path_join(CU_NONE, base, out);
        put_parts(path, from, rooted, out);
        return;
    }
    if (has_drive(path))
        path = cu_slice(path, 2, path.n);
    put_parts(path, from, absolute, out);
}

bool cu_path_below(cu_bytes dir, cu_bytes path, cu_bytes *rel)
{
    if (dir.n == 0 || path.n < dir.n)
        return false;
    for (size_t i = 0; i < dir.n; i++) {
        uint8_t a = dir.p[i], b = path.p[i];
        if (a != b && !(letter(a) && (a ^ b) == 0x20))
            return false;
    }
    if (path.n > dir.n && path.p[dir.n] != '/')
        return false;
    *rel = cu_slice(path, path.n > dir.n ? dir.n + 1 : dir.n, path.n);
    return true;
}
