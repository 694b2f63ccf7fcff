/* A strict YAML reader (libyaml underneath) for files that people write: a tree of nodes that
 * know their line. Refuses anchors, aliases, tags, several documents and duplicate keys, and
 * has ceilings on size, depth and node count. */
#ifndef CUSTOS_CATALOG_YAML_H
#define CUSTOS_CATALOG_YAML_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_YAML_MAX_BYTES (4u << 20)
#define CU_YAML_MAX_DEPTH 32
#define CU_YAML_MAX_NODES 200000u
#define CU_YAML_MAX_KEYS 1000u /* of one map */

typedef enum { CU_YAML_SCALAR, CU_YAML_LIST, CU_YAML_MAP } cu_yaml_kind;

typedef struct cu_yaml {
    cu_yaml_kind kind;
    uint32_t line;        /* 1-based */
    bool quoted;          /* scalar only: written in quotes or as a block, so always a string */
    cu_bytes text;        /* scalar only */
    cu_bytes key;         /* the key under which this node stands in its map */
    const char *file;     /* it stands in another file than the one that was asked for; NULL: in that one */
    struct cu_yaml *first; /* children of a list or map, in file order */
    struct cu_yaml *next;
} cu_yaml;

/* *out lives in the arena. An empty file gives a map without children. */
cu_err cu_yaml_parse(cu_bytes text, cu_arena *a, const cu_yaml **out, cu_fault *f) CU_MUST;
/* The same, as the caller's own to change. */
cu_err cu_yaml_parse_own(cu_bytes text, cu_arena *a, cu_yaml **out, cu_fault *f) CU_MUST;
/* Reads path, then parses; the fault text begins with "path:line: ". A file of the catalogue comes with what the
 * customer's folder makes of it (catalog/overlay.h). */
cu_err cu_yaml_load(const char *path, cu_arena *a, const cu_yaml **out, cu_fault *f) CU_MUST;
/* Child of a map by key, or NULL. */
const cu_yaml *cu_yaml_get(const cu_yaml *map, const char *key);
/* Text of a scalar child, or `otherwise`. */
cu_bytes cu_yaml_text(const cu_yaml *map, const char *key, cu_bytes otherwise);

#endif
