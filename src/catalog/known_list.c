#include "catalog/known_list.h"
#include <fcntl.h>
#include "base/buf.h"
#include "base/file.h"

#define FILE_MAX ((size_t)1 << 20)

typedef struct {
    const char *path;
    cu_bytes text;
    size_t i;
    uint32_t line;
    cu_known_each each;
    void *arg;
    unsigned n, left_out;
    cu_fault *f;
} reader;

static cu_err wrong(reader *r, const char *what)
{
    cu_err e = cu_fail(r->f, CU_CONFIG, "%.120s:%u: %s", r->path, r->line, what);
    if (r->f)
        r->f->line = r->line;
    return e;
}

static bool at_end(const reader *r)
{
    return r->i >= r->text.n;
}

static uint8_t now(const reader *r)
{
    return at_end(r) ? '\n' : r->text.p[r->i];
}

static void skip_blanks(reader *r)
{
    while (now(r) == ' ' || now(r) == '\t')
        r->i++;
}

static cu_err tell(reader *r, cu_bytes line)
{
    if (line.n < CU_KNOWN_MIN) {
        r->left_out += line.n > 0;
        return CU_OK;
    }
    if (line.n > CU_KNOWN_MAX)
        return wrong(r, "a value is longer than 1,024 bytes");
    if (r->n++ == CU_KNOWN_VALUES)
        return wrong(r, "the list has more than 3,000 values");
    return r->each(r->arg, line);
}

/* Each line of the value by itself: tools number lines, and cut texts at them. */
static cu_err tell_lines(reader *r, cu_bytes value)
{
    for (size_t from = 0; from < value.n;) {
        const uint8_t *nl = memchr(value.p + from, '\n', value.n - from);
        size_t end = nl ? (size_t)(nl - value.p) : value.n;
        size_t stop = end > from && value.p[end - 1] == '\r' ? end - 1 : end;
        CU_TRY(tell(r, cu_slice(value, from, stop)));
        from = end + 1;
    }
    return CU_OK;
}

static cu_err quoted(reader *r, uint8_t quote, cu_buf *value)
{
    for (r->i++; !at_end(r) && now(r) != quote; r->i++) {
        uint8_t c = now(r);
        if (c == '\\' && quote == '"' && r->i + 1 < r->text.n) {
            c = r->text.p[++r->i];
            if (c != 'n' && c != '"' && c != '\\' && c != '$')
                cu_buf_byte(value, '\\');
            c = c == 'n' ? '\n' : c;
        }
        r->line += now(r) == '\n';
        cu_buf_byte(value, c);
    }
    if (at_end(r))
        return wrong(r, "the file ends inside quotes");
    r->i++;
    skip_blanks(r);
    return now(r) == '\n' || now(r) == '\r' || now(r) == '#' ? CU_OK : wrong(r, "there is more text behind the quotes");
}

static void bare(reader *r, cu_buf *value)
{
    size_t from = r->i, end;
    while (now(r) != '\n' && !(now(r) == '#' && r->i > from && (r->text.p[r->i - 1] == ' ' || r->text.p[r->i - 1] == '\t')))
        r->i++;
    for (end = r->i; end > from && memchr(" \t\r", r->text.p[end - 1], 3);)
        end--;
    cu_buf_add(value, cu_slice(r->text, from, end));
}

static bool name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

static cu_err one_line(reader *r)
{
    cu_buf value CU_CLEAN_BUF = CU_BUF(FILE_MAX);
    skip_blanks(r);
    if (cu_starts(cu_slice(r->text, r->i, r->text.n), CU_LIT("export ")))
        r->i += 7;
    skip_blanks(r);
    if (now(r) == '#' || now(r) == '\n' || now(r) == '\r')
        return CU_OK;
    size_t from = r->i;
    while (name_char(now(r)))
        r->i++;
    size_t n = r->i - from;
    skip_blanks(r);
    if (n == 0 || now(r) != '=')
        return wrong(r, "a line must be NAME=VALUE");
    r->i++;
    skip_blanks(r);
    if (now(r) == '"' || now(r) == '\'')
        CU_TRY(quoted(r, now(r), &value));
    else
        bare(r, &value);
    CU_TRY(value.err);
    return tell_lines(r, cu_buf_view(&value));
}

cu_err cu_known_list_read(const char *path, cu_known_each each, void *arg, unsigned *left_out, cu_fault *f)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(FILE_MAX);
    cu_err e = cu_file_read(AT_FDCWD, path, &file);
    if (e != CU_OK)
        return cu_fail(f, CU_CONFIG, "%.150s: %s", path, cu_err_text(e));
    reader r = {.path = path, .text = cu_buf_view(&file), .line = 1, .each = each, .arg = arg, .f = f};
    for (; !at_end(&r); r.i++, r.line++) {
        CU_TRY(one_line(&r));
        while (now(&r) != '\n')
            r.i++;
    }
    *left_out = r.left_out;
    return CU_OK;
}
