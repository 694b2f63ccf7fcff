/* Erasures that a newer log knows, done again in what was restored. */
#ifndef CUSTOS_BACKUP_ERASURES_H
#define CUSTOS_BACKUP_ERASURES_H

#include "base/buf.h"

/* Every content.erased of `newer` (a folder of logs) behind the end of dir/log, which must be the same logs, earlier.
 * *erased: how many. */
cu_err erasures_repeat(const char *dir, const char *newer, uint64_t *erased, cu_fault *f) CU_MUST;

#endif
