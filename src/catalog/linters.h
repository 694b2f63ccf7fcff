/* Private to catalog/: the part `linters` of custos.yaml. */
#ifndef CUSTOS_CATALOG_LINTERS_H
#define CUSTOS_CATALOG_LINTERS_H

#include "catalog/config.h"
#include "catalog/yaml.h"

cu_err linters_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config *out, cu_fault *f) CU_MUST;

#endif
