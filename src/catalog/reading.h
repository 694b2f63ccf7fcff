/* Private to catalog/: what parts of custos.yaml are read with. Each mistake names file and line. */
#ifndef CUSTOS_CATALOG_READING_H
#define CUSTOS_CATALOG_READING_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/yaml.h"

typedef struct {
    const char *path;
    cu_arena *a;
    cu_fault *f;
} reading;

cu_err reading_wrong(const reading *r, const cu_yaml *n, const char *fmt, ...) __attribute__((format(printf, 3, 4))) CU_MUST;
/* keys: names separated by blanks, for the message as well. */
cu_err reading_only(const reading *r, const cu_yaml *map, const char *where, const char *keys) CU_MUST;
cu_err reading_text(const reading *r, const cu_yaml *n, const char *name, char **out) CU_MUST;
cu_err reading_number(const reading *r, const cu_yaml *n, const char *name, uint64_t min, uint64_t max, uint64_t *out) CU_MUST;
/* One of words (separated by blanks): its index. */
cu_err reading_word(const reading *r, const cu_yaml *n, const char *name, const char *words, unsigned *out) CU_MUST;
/* A list of plain words, or one, as a text separated by commas. */
cu_err reading_names(const reading *r, const cu_yaml *n, const char *name, char **out) CU_MUST;
bool reading_is_one_of(cu_bytes word, const char *words);

#endif
