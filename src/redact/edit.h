/* Private to redact/: what is done to a body, one place at a time. */
#ifndef CUSTOS_REDACT_EDIT_H
#define CUSTOS_REDACT_EDIT_H

#include <stdint.h>

#define CU_EDIT_NOTHING UINT32_MAX

/* A finding, placed in the raw bytes of the body. */
typedef struct {
    uint32_t start, end;
    uint32_t string;
    uint32_t level; /* how often the text was unescaped before the value was found in it */
    uint32_t as;    /* issued value, or CU_EDIT_NOTHING: what stands there is left out */
    uint8_t type;
} cu_edit;

#endif
