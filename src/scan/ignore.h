/* What git ignores (gitignore(5)): patterns in levels, the innermost folder's first. */
#ifndef CUSTOS_SCAN_IGNORE_H
#define CUSTOS_SCAN_IGNORE_H

#include "base/bytes.h"
#include "base/error.h"

typedef struct cu_ignore cu_ignore;

/* Patterns of one file, for what lies below `base` (bytes of a path that lead to the folder, with
 * the slash). `up` is asked after these; it is borrowed. *out is `up` when there is no pattern. */
cu_err cu_ignore_parse(cu_bytes content, size_t base, cu_ignore *up, cu_ignore **out) CU_MUST;
/* Reads the file and parses it; a file that cannot be read has no patterns. */
cu_err cu_ignore_read(int dirfd, const char *name, size_t base, cu_ignore *up, cu_ignore **out) CU_MUST;
/* Frees this level only. */
void cu_ignore_free(cu_ignore *i);
/* Frees this level and those above, up to `end`. */
void cu_ignore_free_until(cu_ignore *i, const cu_ignore *end);
/* path: inside the working tree, without a slash in front. */
bool cu_ignore_matches(const cu_ignore *i, const char *path, bool folder);

/* ignore_match.c: one pattern against one path. `*` and `?` do not match a slash, `**` between
 * slashes matches any folders. Time: at most pattern times path squared. */
bool cu_glob(const char *pattern, const char *path);

#endif
