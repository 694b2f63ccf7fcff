/* Restoring inside JSON text whose strings are complete. */
#ifndef CUSTOS_REDACT_RESTORE_STRINGS_H
#define CUSTOS_REDACT_RESTORE_STRINGS_H

#include "redact/restore.h"

size_t cu_restored_ceiling(cu_bytes json); /* bytes that the restored form may take */
/* Appends json with every surrogate in its strings replaced; returns how many. */
size_t cu_restore_strings(const cu_issued_map *m, cu_bytes json, const cu_json_strings *s, cu_buf *out);

#endif
