/* Lists of packages that exist, or that may be used: NAME.packages in the folder of a tier (docs/formats/commands.md).
 * They are long, so nothing is made of them: lines in order are searched where they stand. */
#include <string.h>
#include "packages.h"

static int compare(cu_bytes a, cu_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* The line that `at` stands in. */
static cu_bytes line_at(cu_bytes text, size_t at)
{
    size_t from = at, to = at;
    while (from && text.p[from - 1] != '\n')
        from--;
    while (to < text.n && text.p[to] != '\n')
        to++;
    return cu_slice(text, from, to);
}

cu_bytes cu_package_name(cu_bytes of, cu_bytes name, char room[CU_PACKAGE_MAX_NAME])
{
    bool pypi = cu_eq_str(of, "pypi"), cargo = cu_eq_str(of, "cargo"), cased = cu_eq_str(of, "npm") || cu_eq_str(of, "go");
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = (char)name.p[i];
        if (n + 1 >= CU_PACKAGE_MAX_NAME)
            return CU_NONE;
        if (c >= 'A' && c <= 'Z' && !cased)
            c = (char)(c | 0x20);
        if ((pypi && (c == '_' || c == '.')) || (cargo && c == '_'))
            c = '-';
        if (!(pypi && c == '-' && n && room[n - 1] == '-'))
            room[n++] = c;
    }
    return cu_bytes_of(room, n);
}

bool cu_package_listed(const cu_package_list *l, cu_bytes name)
{
    size_t from = 0, to = l->text.n;
    while (from < to) {
        cu_bytes line = line_at(l->text, from + (to - from) / 2);
        int c = compare(name, line);
        if (c == 0)
            return true;
        if (c < 0)
            to = (size_t)(line.p - l->text.p);
        else
            from = (size_t)(line.p - l->text.p) + line.n + 1;
    }
    return false;
}

static cu_err wrong(const char *path, uint32_t line, const char *what, cu_fault *f)
{
    if (f)
        f->line = line;
    return cu_fail(f, CU_CONFIG, "%s:%u: %s", path, line, what);
}

cu_err packages_read(const char *path, cu_bytes file, cu_bytes text, cu_package_list *out, cu_fault *f)
{
    cu_bytes before = CU_NONE;
    char room[CU_PACKAGE_MAX_NAME];
    uint32_t number = 0;
    *out = (cu_package_list){cu_slice(file, 0, file.n - (sizeof CU_PACKAGES_SUFFIX - 1)), text};
    for (size_t at = 0; at < text.n;) {
        const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
        cu_bytes line = cu_slice(text, at, end ? (size_t)(end - text.p) : text.n);
        at += line.n + 1;
        number++;
        for (size_t i = 0; i < line.n; i++)
            if (line.p[i] <= ' ' || line.p[i] >= 0x7f)
                return wrong(path, number, "a line is the name of a package, without blanks", f);
        if (line.n == 0)
            return wrong(path, number, "the line is empty", f);
        if (line.n + 1 >= CU_PACKAGE_MAX_NAME)
            return wrong(path, number, "the name is too long", f);
        if (!cu_eq(cu_package_name(out->of, line, room), line))
            return wrong(path, number, "the name is not in its usual form: lower case, and of pypi and cargo with - for _ (pypi: and for .)", f);
        if (before.n && compare(before, line) >= 0)
            return wrong(path, number, "lines are in order of bytes, each once: LC_ALL=C sort -u", f);
        before = line;
    }
    return number ? CU_OK : wrong(path, 1, "the list is empty: it would let no package through", f);
}
