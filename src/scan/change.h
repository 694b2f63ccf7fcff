/* Private to change*.c: the walk from a commit to its files, the same for who gathers and for who reads. */
#ifndef CUSTOS_SCAN_CHANGE_IN_H
#define CUSTOS_SCAN_CHANGE_IN_H

#include "scan/change.h"
#include "tree_entry.h"

#define CU_CHANGE_MAGIC "custos change 1\n"
#define CU_CHANGE_OBJECTS 8000u

/* An object by its name; type 'c', 't' or 'b'. CU_NOT_FOUND: it is not there. */
typedef cu_err (*change_get)(void *arg, const uint8_t id[CU_OBJECT_ID], char type, cu_bytes *out);

typedef struct {
    change_get get;
    void *arg;
    cu_arena *a;
    cu_fault *f;
    size_t entries;
} change_walk;

/* A commit's folder, and its parents (at most 64). CU_CORRUPT: it is no commit. */
#define CU_CHANGE_PARENTS 64u
typedef struct {
    uint8_t tree[CU_OBJECT_ID], parents[CU_CHANGE_PARENTS][CU_OBJECT_ID];
    size_t parents_n;
} change_commit;
cu_err change_commit_read(cu_bytes text, change_commit *out) CU_MUST;

/* Files that differ between two commits' folders; before NULL: from nothing. Without their text. */
cu_err change_files(change_walk *w, const uint8_t *before, const uint8_t after[CU_OBJECT_ID], cu_change *out) CU_MUST;
bool change_is_binary(cu_bytes text);

#endif
