#include "table_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"

cu_err table_bytes(const char *path, cu_buf *out, cu_fault *f)
{
    if (strcmp(path, "-") != 0) {
        cu_err e = cu_file_read(AT_FDCWD, path, out);
        return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    }
    char piece[65536];
    for (ssize_t n; (n = read(0, piece, sizeof piece)) != 0;) {
        if (n < 0 && errno != EINTR)
            return cu_fail(f, CU_IO, "standard input: %s", strerror(errno));
        if (n > 0)
            cu_buf_put(out, piece, (size_t)n);
    }
    return cu_buf_err(out) == CU_OK ? CU_OK : cu_fail(f, CU_TOO_BIG, "standard input has more than %zu MiB", CU_QFILE_MAX >> 20);
}

static cu_err take_name(table_file *t, const cu_qcell *c, cu_fault *f)
{
    if (c->col >= TABLE_COLUMNS)
        return cu_fail(f, CU_TOO_BIG, "the first row names more than %u columns", TABLE_COLUMNS);
    for (size_t i = 0; i < t->columns; i++)
        if (c->text.n && cu_eq(t->names[i], c->text))
            return cu_fail(f, CU_SYNTAX, "the first row names %.*s twice", CU_FMT(c->text));
    t->names[c->col] = c->text;
    if (c->col >= t->columns)
        t->columns = c->col + 1;
    return CU_OK;
}

cu_err table_open(const char *path, cu_arena *a, table_file *out, cu_fault *f)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_QFILE_MAX);
    *out = (table_file){0};
    CU_TRY(table_bytes(path, &file, f));
    CU_TRY(cu_qtable_csv(cu_buf_view(&file), a, &out->cells, f));
    for (size_t i = 0; i < out->cells.n; i++) {
        const cu_qcell *c = &out->cells.cells[i];
        if (c->row == 0) {
            CU_TRY(take_name(out, c, f));
            continue;
        }
        if (c->text.n && (c->col >= out->columns || !out->names[c->col].n))
            return cu_fail(f, CU_SYNTAX, "row %u, column %u: the first row names no such column", c->row + 1, c->col + 1);
        out->rows = c->row > out->rows ? c->row : out->rows;
    }
    return out->columns && out->rows ? CU_OK : cu_fail(f, CU_SYNTAX, "a first row with the names of columns and at least one row below it are needed");
}

cu_bytes table_cell(const table_file *t, uint32_t row, size_t column)
{
    size_t from = 0, to = t->cells.n; /* cells stand row by row */
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const cu_qcell *c = &t->cells.cells[mid];
        if (c->row == row && c->col == column)
            return c->text;
        if (c->row < row || (c->row == row && c->col < column))
            from = mid + 1;
        else
            to = mid;
    }
    return CU_NONE;
}

size_t table_column(const table_file *t, const char *name)
{
    for (size_t i = 0; i < t->columns; i++)
        if (cu_eq_str(t->names[i], name))
            return i;
    return SIZE_MAX;
}
