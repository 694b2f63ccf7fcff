/* The block "capacity" of custos.yaml: from where on a measure is told. docs/formats/custos-yaml.md. */
#ifndef CUSTOS_CATALOG_CAPACITY_H
#define CUSTOS_CATALOG_CAPACITY_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/yaml.h"

/* 0: this one is not watched. */
typedef struct {
    uint32_t disk_percent, files_percent, load_percent, memory_percent; /* used, at most */
    uint32_t queue_seconds; /* at most so long ago everything was sealed */
    uint32_t days_left;     /* at least so long the disk lasts */
} cu_config_capacity;

/* root NULL: the defaults. Mistakes name file and line. */
cu_err cu_capacity_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_capacity *out, cu_fault *f) CU_MUST;

#endif
