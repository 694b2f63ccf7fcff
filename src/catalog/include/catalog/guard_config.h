/* What is done with commands that a model wrote, and with what speaks to it: the key guard of custos.yaml, carried in the policy bundle.
 * docs/formats/custos-yaml.md describes it. */
#ifndef CUSTOS_CATALOG_GUARD_CONFIG_H
#define CUSTOS_CATALOG_GUARD_CONFIG_H

#include "catalog/access.h"
#include "catalog/commands.h"

#define CU_GUARD_MAX_ENTRIES 500u
#define CU_GUARD_MAX_TOOLS 200u

/* What is done with what the rules do not allow. Ordered: a higher one is stricter. */
typedef enum { CU_MODE_ANNOTATE, CU_MODE_HOLD, CU_MODE_BLOCK, CU_MODES } cu_mode;
const char *cu_mode_name(unsigned mode); /* "annotate" */
#define CU_MODE_UNSAID CU_MODES

typedef struct {
    cu_bytes tool;          /* name, or a pattern with * */
    uint8_t mode;
} cu_tool_mode;

/* Of the organisation, a tenant, or repositories. */
typedef struct {
    uint8_t tier;           /* cu_tier */
    cu_bytes name;          /* the tenant, or a glob over repositories; empty: the organisation */
    uint8_t commands, code; /* cu_mode, or CU_MODE_UNSAID */
    uint8_t injected;       /* the same, of texts from outside that speak to the model */
    uint8_t classes[CU_DATA_CLASSES]; /* of conversations of that class, at least; or CU_MODE_UNSAID */
    cu_tool_mode *tools;
    size_t tools_n;
    char *rules;            /* folder; NULL: none. Not in a bundle */
    cu_pack_file *files;    /* what is in it */
    size_t files_n;
} cu_guard_entry;

typedef struct {
    cu_guard_entry *v;
    size_t n;
} cu_guard_config;

/* Reads the key guard of the root map, which may be missing; files are not read. */
cu_err cu_guard_config_read(const cu_yaml *root, const char *path, cu_arena *a, cu_guard_config *out, cu_fault *f) CU_MUST;

#endif
