/* Patterns of paths and names. `*` and `?` stay within a part, `**` spans parts. A pattern that fits
 * a folder fits all that lies in it; one without a slash (but at its end) fits at any depth: "*.pem",
 * "keys/". One with a slash begins at the top of the repository: "src/keys". ASCII letters fit in
 * either case: two of three common file systems do not tell them apart, and a secret must not pass by
 * its spelling. */
#ifndef CUSTOS_POLICY_GLOB_H
#define CUSTOS_POLICY_GLOB_H

#include "base/bytes.h"

#define CU_PATH_MAX 4096u  /* bytes of a path that is looked at */

/* path: relative, normalised (policy/path.h). */
bool cu_glob_path(cu_bytes glob, cu_bytes path);
/* A name as a whole ("acme/payments"); nothing below it, and no last part alone. */
bool cu_glob_name(cu_bytes glob, cu_bytes name);
/* words: a shell's pattern. True when some path could fit both. */
bool cu_glob_meets(cu_bytes glob, cu_bytes words);

#endif
