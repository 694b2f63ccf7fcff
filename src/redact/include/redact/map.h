/* Surrogate → value in a sealed file, so that `custos restore` can undo what `custos redact` did
 * (docs/formats/redaction-map.md). Grows by whole records; a torn last record is dropped by the next
 * writer: the text that needed it never left. */
#ifndef CUSTOS_REDACT_MAP_H
#define CUSTOS_REDACT_MAP_H

#include "base/bytes.h"
#include "base/error.h"
#include "redact/surrogate.h"

#define CU_MAP_KEY 32
#define CU_MAP_MAX_BYTES ((size_t)512 << 20) /* of the file, and of the values in memory */
#define CU_MAP_MAX_VALUES 4000000u

typedef struct cu_map cu_map;

/* write: creates the file (0600) when it is missing. Several may write at once: each commit holds a
 * lock for its own time only, so that a pipe of two filters cannot wait for itself. */
cu_err cu_map_open(const char *path, const uint8_t key[CU_MAP_KEY], bool write, cu_map **out, cu_fault *f)
    CU_MUST;
void cu_map_free(cu_map *m); /* wipes */
/* Takes over records that another process added. */
cu_err cu_map_refresh(cu_map *m, cu_fault *f) CU_MUST;
/* False when it is not in the map. *value is valid until the next add or refresh. */
bool cu_map_find(const cu_map *m, const uint8_t *surrogate36, cu_bytes *value);
/* Kept in memory until commit. Adding what is known does nothing; CU_INTERNAL when the surrogate
 * stands for another value. */
cu_err cu_map_add(cu_map *m, const char *surrogate36, cu_bytes value) CU_MUST;
/* What was added is durable when it returns. */
cu_err cu_map_commit(cu_map *m, cu_fault *f) CU_MUST;

#endif
