/* What a commit adds, line by line, against one before it (git's own diff; renames are found). */
#ifndef CUSTOS_SCAN_COMMIT_H
#define CUSTOS_SCAN_COMMIT_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_COMMIT_LINES 50000u  /* that are read of one commit; beyond: CU_TOO_BIG */
#define CU_COMMIT_TRAILERS 64u

typedef struct {
    char id[65];                /* of the commit, in hex */
    char first[2][200];         /* name and subject line of the author and message: as the commit says */
    int64_t at;                 /* seconds since 1970, as the committer's clock said */
    struct {
        char key[64], value[256];
    } trailers[CU_COMMIT_TRAILERS]; /* last paragraph of the message (git-interpret-trailers) */
    size_t trailers_n;
} cu_commit;

/* path of the file in the repository, number of the line in it from 1; both live for the call. */
typedef cu_err (*cu_commit_line_fn)(void *arg, const char *path, uint32_t line, cu_bytes text);
/* rev, base: what git understands as one (a hash, a branch, HEAD~2); base NULL: the first parent. Files that are binary, and submodules, are passed
 * over. CU_NOT_FOUND: no repository or no such commit. */
cu_err cu_commit_added(const char *repo, const char *rev, const char *base, cu_commit *out, cu_commit_line_fn each, void *arg, cu_fault *f) CU_MUST;

#endif
