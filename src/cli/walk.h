/* Walks what was named on the command line: files as they are, folders in order of name. */
#ifndef CUSTOS_CLI_WALK_H
#define CUSTOS_CLI_WALK_H

#include <stdint.h>
#include "base/error.h"

/* fd < 0: the file cannot be opened, errno says why. The walk closes fd. */
typedef cu_err (*cu_walk_fn)(void *arg, int fd, const char *path);

/* Skips .git and, inside a git repository, what .gitignore names (counted in *ignored); follows no
 * symbolic link below root; opens regular files only. */
cu_err cu_walk(const char *root, cu_walk_fn fn, void *arg, uint64_t *ignored, cu_fault *f) CU_MUST;

#endif
