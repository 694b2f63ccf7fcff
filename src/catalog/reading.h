/* Private to catalog/: what parts of custos.yaml are read with. Each mistake names file and line. */
#ifndef CUSTOS_CATALOG_READING_H
#define CUSTOS_CATALOG_READING_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/commands.h"
#include "catalog/yaml.h"

#define READING_MAX_LIST 2000u

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
/* env:NAME or file:PATH, and with resolve what it holds; never the value itself. */
cu_err reading_secret(const reading *r, const cu_yaml *n, const char *name, bool resolve, char **out) CU_MUST;
size_t reading_count(const cu_yaml *n); /* of children */
/* A list of texts, or one text; added to what out holds. */
cu_err reading_list(const reading *r, const cu_yaml *n, cu_word_list *out) CU_MUST;
/* A text of 1 to 400 bytes under a key. */
cu_err reading_phrase(const reading *r, const cu_yaml *map, const char *key, const char **out) CU_MUST;
bool reading_is_one_of(cu_bytes word, const char *words);

#endif
