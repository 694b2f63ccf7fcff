/* A table that somebody brings as CSV: its first row names the columns. */
#ifndef CUSTOS_CLI_TABLE_FILE_H
#define CUSTOS_CLI_TABLE_FILE_H

#include "questionnaire/document.h"

#define TABLE_COLUMNS 64u

typedef struct {
    cu_bytes names[TABLE_COLUMNS];
    size_t columns;
    uint32_t rows;             /* below the names; the first is 1 */
    cu_qtable cells;
} table_file;

/* "-" is standard input. A cell beyond the named columns, a column without a name or named twice: refused with its place. */
cu_err table_open(const char *path, cu_arena *a, table_file *out, cu_fault *f) CU_MUST;
/* CU_NONE: the row has none there. */
cu_bytes table_cell(const table_file *t, uint32_t row, size_t column);
/* Which column has this name; SIZE_MAX: none. */
size_t table_column(const table_file *t, const char *name);
/* Reads a whole file, or standard input for "-", up to CU_QFILE_MAX. */
cu_err table_bytes(const char *path, cu_buf *out, cu_fault *f) CU_MUST;

#endif
