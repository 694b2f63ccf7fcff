/* Private to history*.c. First the commits, oldest first, and which blob each brought in under which
 * path; then the blobs in the order of git's own files, which is what unpacking them costs least in. */
#ifndef CUSTOS_SCAN_HISTORY_H
#define CUSTOS_SCAN_HISTORY_H

#include <git2.h>
#include "ids.h"
#include "scan.h"
#include "state.h"

typedef enum { CU_COMMIT_NEW, CU_COMMIT_OPEN, CU_COMMIT_DONE, CU_COMMIT_BROKEN } cu_commit_state;

typedef struct {
    uint8_t id[CU_OBJECT_ID], tree[CU_OBJECT_ID];
    uint32_t parent; /* the first one; CU_IDS_NONE */
    uint8_t state;   /* cu_commit_state */
    bool hidden;     /* before the range */
    int64_t time;    /* of its author, seconds */
} cu_commit;

typedef struct {
    uint8_t id[CU_OBJECT_ID];
    uint32_t path, commit;
} cu_blob;

typedef struct {
    char **v;
    uint32_t n, cap;
    uint32_t *slots;
    size_t slots_n;
    char *block;        /* being filled */
    size_t used, room;
    char **blocks;
    size_t blocks_n;
} cu_paths;

#define CU_TREES_KEPT 256u

typedef struct {
    cu_scan *scan;
    git_repository *repo;
    git_odb *odb;
    const char *git_dir; /* of the scan's life */
    cu_ids commits, blobs, trees, shallow; /* trees: of one commit */
    git_odb_object *kept[CU_TREES_KEPT]; /* folders read last, by the first bytes of their ids */
    cu_paths paths;
    cu_buf path;         /* where the walk is */
    uint32_t *stack;
    size_t stack_n, stack_cap;
    uint8_t *added;      /* a bit a blob: its job was added */
    cu_state *state;     /* NULL: none */
} cu_history;

/* history_commits.c: range NULL: everything that a ref or HEAD reaches. */
cu_err cu_history_commits(cu_history *h, const char *range, cu_fault *f) CU_MUST;
/* history_trees.c: what the commit's tree has and its first parent's has not. */
cu_err cu_history_tree(cu_history *h, uint32_t commit) CU_MUST;
void cu_history_forget_trees(cu_history *h);
void cu_paths_free(cu_paths *p);
cu_err cu_history_broken(cu_history *h, const uint8_t *id, const char *what) CU_MUST;

#endif
