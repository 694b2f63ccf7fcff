/* Whether the bodies of exchanges are kept, of which tenants and classes, for how long, and who may read
 * them: the key capture of custos.yaml, which docs/formats/custos-yaml.md describes. Off unless it is there. */
#ifndef CUSTOS_CATALOG_CAPTURE_H
#define CUSTOS_CATALOG_CAPTURE_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/access.h"
#include "catalog/yaml.h"

#define CU_CAPTURE_MAX_TENANTS 10000u
#define CU_CAPTURE_MAX_PEOPLE 100u
#define CU_CAPTURE_MAX_DAYS 3650u

/* From this class on a second person approves each reading. */
#define CU_CAPTURE_APPROVED CU_DATA_CONFIDENTIAL

typedef struct {
    char *tenant;
    uint32_t days[CU_DATA_CLASSES]; /* how long bodies of each class are kept; 0: none are */
    bool refuse;                    /* a request that cannot be kept is refused; else it goes on, and an entry says so */
    char **readers, **approvers;    /* names of persons; each list ends with NULL */
} cu_config_kept;

typedef struct {
    cu_config_kept *tenants;
    size_t tenants_n;
    uint32_t read_within_minutes;   /* of the approval, or of the request where none is needed */
} cu_config_capture;

/* path: the file, for messages. All memory of the arena. */
cu_err cu_capture_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_capture *out, cu_fault *f) CU_MUST;
/* NULL: nothing of this tenant is kept. */
const cu_config_kept *cu_capture_of(const cu_config_capture *c, const char *tenant);
bool cu_capture_names(char *const *list, const char *name);

#endif
