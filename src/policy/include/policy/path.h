/* Paths as conversations name them, in one spelling. */
#ifndef CUSTOS_POLICY_PATH_H
#define CUSTOS_POLICY_PATH_H

#include "base/buf.h"
#include "base/bytes.h"

/* Appends path in one spelling: joined to base when it is relative, with forward slashes, without
 * ".", "..", doubled slashes, file:// and a drive's letter; no slash at the end. Absolute ones begin
 * with a slash. An empty path gives base. ".." beyond the top stays at the top. */
void cu_path_join(cu_bytes base, cu_bytes path, cu_buf *out);
bool cu_path_absolute(cu_bytes path);
/* True, and *rel without a slash at its start, when path is dir or lies in it (either case). */
bool cu_path_below(cu_bytes dir, cu_bytes path, cu_bytes *rel);

#endif
