/* A repository with our own reader of loose objects: libgit2 1.5 never returns from one that is cut
 * off. Packs are read by libgit2. */
#ifndef CUSTOS_SCAN_ODB_H
#define CUSTOS_SCAN_ODB_H

#include <git2.h>
#include <stdbool.h>

/* search: look in the folders above as well. False: git_error_last() says why. */
bool cu_repository_open(const char *path, bool search, git_repository **repo, git_odb **odb);

#endif
