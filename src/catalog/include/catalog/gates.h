/* custos.yaml, "gates": what a deployment to an environment needs before it may go. */
#ifndef CUSTOS_CATALOG_GATES_H
#define CUSTOS_CATALOG_GATES_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/yaml.h"

#define CU_GATES_MAX 50u

typedef enum { CU_SCAN_ERROR, CU_SCAN_WARNING, CU_SCAN_NOTE } cu_scan_level;

typedef struct {
    char *env;
    uint32_t approvals;      /* persons; 0: none is needed */
    bool tests, scans, review, break_glass;
    uint8_t level;           /* the lowest level of a scan that holds it back: cu_scan_level */
    uint64_t approval_s;     /* how long an approval lasts */
} cu_config_gate;

typedef struct {
    cu_config_gate *v;       /* without "gates": production, with one approval, tests, scans and review */
    size_t n;
} cu_config_gates;

cu_err cu_gates_read(const cu_yaml *root, const char *path, cu_arena *a, cu_config_gates *out, cu_fault *f) CU_MUST;
const cu_config_gate *cu_gate_find(const cu_config_gates *g, const char *env); /* NULL: none */

#endif
