/* Unified diffs as git, diff -u and others write them, in pieces of any size. Strict: a hunk that
 * holds more or fewer lines than it says is refused, because whoever miscounts can hide lines. */
#ifndef CUSTOS_SCAN_DIFF_H
#define CUSTOS_SCAN_DIFF_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_DIFF_PIECE ((size_t)1 << 20) /* bytes of text in one piece */
#define CU_DIFF_HEADER ((size_t)64 << 10) /* bytes of a line outside hunks that are looked at */

/* Lines that follow one another, all of them added or none. */
typedef struct {
    size_t text;      /* where they begin in the piece */
    uint64_t line;    /* number of the first, on the new side */
    uint64_t column;  /* bytes of that line that stood in an earlier piece */
    uint64_t raw;     /* where the first begins in the diff, behind its mark */
    bool added;
} cu_diff_run;

/* The new side of hunks of one file; a NUL stands between two hunks. Borrowed for the call. */
typedef struct {
    const char *path;
    cu_bytes text;
    const cu_diff_run *runs;
    size_t runs_n;
} cu_diff_piece;

/* Called for pieces that hold an added line. */
typedef cu_err (*cu_diff_take)(void *arg, const cu_diff_piece *p);

typedef struct cu_diff cu_diff;
cu_err cu_diff_new(cu_diff_take take, void *arg, cu_diff **out) CU_MUST;
cu_err cu_diff_feed(cu_diff *d, cu_bytes data, cu_fault *f) CU_MUST;
/* The input is over. Refuses what was no diff; nothing at all is an empty diff. */
cu_err cu_diff_end(cu_diff *d, cu_fault *f) CU_MUST;
void cu_diff_free(cu_diff *d);

#endif
