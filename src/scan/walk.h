/* Walks a tree in the order of names, through folder handles: paths may be longer than PATH_MAX, and
 * nobody can swap a folder for a link meanwhile. Reads .gitignore files inside git repositories. */
#ifndef CUSTOS_SCAN_WALK_H
#define CUSTOS_SCAN_WALK_H

#include <stdatomic.h>
#include <stdbool.h>
#include "base/error.h"

/* A folder that is open as long as somebody holds it. */
typedef struct {
    int fd;
    atomic_uint holders;
} cu_folder;
void cu_folder_hold(cu_folder *f);
void cu_folder_release(cu_folder *f);

typedef struct {
    /* A regular file that was met, or what was named (in == NULL). Any error ends the walk. */
    cu_err (*file)(void *arg, cu_folder *in, const char *name, const char *path);
    cu_err (*trouble)(void *arg, const char *path, const char *what);
    void (*ignored)(void *arg); /* .gitignore names it */
    bool (*stop)(void *arg);
    void *arg;
} cu_walker;

/* Follows a link only when it was named itself. */
cu_err cu_walk(const char *root, const cu_walker *w) CU_MUST;

#endif
