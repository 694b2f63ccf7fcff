/* Private to comply/: what the catalogue's files are read with. Each mistake names file and line. */
#ifndef CUSTOS_COMPLY_READING_H
#define CUSTOS_COMPLY_READING_H

#include "catalog/events.h"
#include "catalog/yaml.h"
#include "comply/catalogue.h"

typedef struct {
    const char *path;
    const cu_events *events;
    cu_fault *f;
} reading;

cu_err wrong_at(const reading *r, const cu_yaml *n, const char *fmt, ...) __attribute__((format(printf, 3, 4))) CU_MUST;
cu_err read_needed(const reading *r, const cu_yaml *map, const char *key, cu_bytes *out) CU_MUST;
size_t read_count(const cu_yaml *list);
/* 1 to 1000, under this key. */
cu_err read_days(const reading *r, const cu_yaml *map, const char *key, uint64_t *out) CU_MUST;
/* "24h", "380d" */
cu_err read_duration(const reading *r, const cu_yaml *n, uint64_t *ns) CU_MUST;
/* Keys of a map: only these, separated by blanks. */
cu_err read_only_keys(const reading *r, const cu_yaml *map, const char *keys) CU_MUST;
/* control_test.c: `test` and `probe` of a control whose frequency and limits are known. */
cu_err read_control_test(const reading *r, const cu_yaml *n, cu_control *k) CU_MUST;
/* mappings.c: `mappings` of a control, against `frameworks` of the root. */
cu_err read_mappings(const reading *r, const cu_yaml *root, const cu_yaml *n, cu_arena *a, cu_control *k) CU_MUST;

#endif
