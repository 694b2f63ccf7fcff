/* Restoring inside JSON text whose strings are complete. */
#ifndef CUSTOS_REDACT_RESTORE_STRINGS_H
#define CUSTOS_REDACT_RESTORE_STRINGS_H

#include "redact/restore.h"

size_t cu_restored_ceiling(cu_bytes json); /* bytes that the restored form may take */
/* False for a string in which nothing can be restored. Marks it when it may be. */
bool cu_may_restore(cu_api api, cu_bytes json, cu_json_strings *s, size_t at);
/* Appends json with every surrogate in its strings replaced; returns how many. */
size_t cu_restore_strings(const cu_issued_map *m, cu_api api, cu_bytes json, cu_json_strings *s, cu_buf *out);

#endif
