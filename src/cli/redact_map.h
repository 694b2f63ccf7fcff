/* The map from surrogates to values, sealed with AES-256-GCM (docs/formats/redaction-map.md). */
#ifndef CUSTOS_CLI_REDACT_MAP_H
#define CUSTOS_CLI_REDACT_MAP_H

#include "base/arena.h"
#include "base/buf.h"
#include "redact/surrogate.h"

typedef struct {
    char surrogate[CU_SURROGATE_LEN];
    cu_bytes value; /* secret; memory of the arena, or of the text that was added */
} cu_redact_pair;

typedef struct {
    cu_redact_pair *v;
    size_t n, cap;
    uint32_t *slots; /* open addressing over surrogates; index + 1 */
    size_t slots_n;
} cu_redact_map;

/* An absent file is an empty map. A damaged one, or one of another key, is refused: what it holds
 * must not be overwritten. */
cu_err cu_redact_map_load(cu_redact_map *m, const char *path, const uint8_t key[32], cu_arena *a, cu_fault *f) CU_MUST;
cu_err cu_redact_map_add(cu_redact_map *m, const char surrogate[CU_SURROGATE_LEN], cu_bytes value) CU_MUST;
bool cu_redact_map_find(const cu_redact_map *m, const uint8_t *surrogate, cu_bytes *value);
cu_err cu_redact_map_save(const cu_redact_map *m, const char *path, const uint8_t key[32], cu_fault *f) CU_MUST;
void cu_redact_map_free(cu_redact_map *m);

#endif
