/* What a commit changes, shown by git's own objects. Whoever has the repository gathers the commits, folders and files
 * that are needed; whoever has only these and the commit's name works the change out again, and need not believe the
 * sender: each object has the digest that the one before it names, down from the commit (docs/formats/change.md). */
#ifndef CUSTOS_SCAN_CHANGE_H
#define CUSTOS_SCAN_CHANGE_H

#include "base/arena.h"
#include "base/buf.h"

#define CU_CHANGE_BYTES ((size_t)4 << 20)   /* of all objects; files that go beyond it are left out */
#define CU_CHANGE_FILE ((size_t)512 << 10)  /* of one file; larger ones are left out */
#define CU_CHANGE_FILES 1000u               /* that one change touches; beyond: CU_TOO_BIG */
#define CU_CHANGE_COMMITS 1000u             /* between base and commit */
#define CU_CHANGE_ID 41u

typedef enum { CU_CHANGE_ADDED, CU_CHANGE_DELETED, CU_CHANGE_MODIFIED, CU_CHANGE_RENAMED, CU_CHANGE_KINDS } cu_change_kind;
const char *cu_change_kind_name(cu_change_kind k); /* "added" */

typedef struct {
    const char *path, *from;      /* bytes as git has them, behind a NUL; from: of a file that was renamed, else NULL */
    cu_change_kind kind;
    uint8_t id[2][20];            /* before and after; zeros where there is none */
    unsigned mode[2];             /* 0 where there is none */
    cu_bytes text[2];
    const char *left_out;         /* why there is no text: "binary", "too large"; else NULL */
} cu_change_file;

typedef struct {
    char id[CU_CHANGE_ID], base[CU_CHANGE_ID]; /* base "": from nothing */
    size_t commits;               /* from base, without it, to id */
    cu_change_file *files;        /* by path, as git orders it */
    size_t n;
} cu_change;

/* rev: what git understands as a commit. base: the same, of one behind it, or NULL: its first parent. Appends the
 * objects. */
cu_err cu_change_gather(const char *repo, const char *rev, const char *base, cu_buf *out, cu_change *what, cu_arena *a, cu_fault *f) CU_MUST;
/* objects must live as long as the result. CU_CORRUPT: they are not what the commit's name says. */
cu_err cu_change_read(cu_bytes objects, const char *commit, cu_arena *a, cu_change *out, cu_fault *f) CU_MUST;

/* Lines of the difference with three of context. kind ' ', '+' or '-', or '@' before each hunk (numbers are its
 * firsts, text is empty). Numbers from 1; 0 where the line is not. */
typedef cu_err (*cu_change_line_fn)(void *arg, char kind, uint32_t before, uint32_t after, cu_bytes text);
cu_err cu_change_lines(const cu_change_file *x, cu_change_line_fn each, void *arg) CU_MUST;

#endif
