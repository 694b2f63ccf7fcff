#include "catalog/capacity.h"
#include "reading.h"

#define PERCENT_MAX 100u
#define LOAD_MAX 100000u
#define DAY_S 86400u

cu_err cu_capacity_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_capacity *out, cu_fault *f)
{
    const reading r = {path, a, f};
    const cu_yaml *n = root ? cu_yaml_get(root, "capacity") : NULL, *k;
    *out = (cu_config_capacity){.disk_percent = 95, .files_percent = 90, .queue_seconds = 300, .days_left = 7};
    const struct {
        const char *name;
        uint64_t max;
        uint32_t *to;
    } numbers[] = {{"disk_percent", PERCENT_MAX, &out->disk_percent}, {"files_percent", PERCENT_MAX, &out->files_percent}, {"load_percent", LOAD_MAX, &out->load_percent},
                   {"memory_percent", PERCENT_MAX, &out->memory_percent}, {"queue_seconds", DAY_S, &out->queue_seconds}, {"days_left", 3650, &out->days_left}};
    if (!n)
        return CU_OK;
    CU_TRY(reading_only(&r, n, "capacity", "disk_percent files_percent load_percent memory_percent queue_seconds days_left"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t v = 0;
        if (!(k = cu_yaml_get(n, numbers[i].name)))
            continue;
        CU_TRY(reading_number(&r, k, numbers[i].name, 0, numbers[i].max, &v));
        *numbers[i].to = (uint32_t)v;
    }
    return CU_OK;
}
