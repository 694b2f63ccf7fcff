/* Private to catalog/: what the registry of events is read with. */
#ifndef CUSTOS_CATALOG_REGISTRY_H
#define CUSTOS_CATALOG_REGISTRY_H

#include "catalog/events.h"
#include "reading.h"

typedef struct {
    reading r;
    const cu_yaml *sensitivity, *retention, *controls;
} registry;

/* Lower-case letters, digits, _ and . */
bool registry_is_name(cu_bytes b);
/* A text that must be there and not be empty. */
cu_err registry_text(const registry *g, const cu_yaml *map, const char *key, cu_bytes *out) CU_MUST;
cu_err registry_words(const registry *g, const cu_yaml *list, cu_bytes **out, size_t *n) CU_MUST;
cu_err registry_flag(const registry *g, const cu_yaml *map, const char *key, bool otherwise, bool *out) CU_MUST;
size_t registry_count(const cu_yaml *list);

/* registers.c: the member "registers" of the file, and "record" of an event whose fields are read. */
cu_err registry_registers(const registry *g, const cu_yaml *root, cu_events *e) CU_MUST;
cu_err registry_record(const registry *g, const cu_yaml *n, const cu_events *all, cu_event *e) CU_MUST;

#endif
