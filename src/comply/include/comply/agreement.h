/* What a visitor of the trust page sends before a report is given: a form (application/x-www-form-urlencoded, WHATWG URL
 * section 5.1). Foreign bytes: strict, with ceilings. */
#ifndef CUSTOS_COMPLY_AGREEMENT_H
#define CUSTOS_COMPLY_AGREEMENT_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_AGREEMENT_FORM_MAX 4096u /* bytes of the form */

typedef struct {
    char report[65];                /* a-z, 0-9 and - */
    char name[81], mail[121];       /* as typed; UTF-8, no control characters, not empty; mail has one @ */
    char purpose[33];               /* evaluation, renewal, audit or other */
    bool agreed;
} cu_agreement;

/* Each field once, no other. CU_SYNTAX, CU_TOO_BIG, and the fault says which field. */
cu_err cu_agreement_parse(cu_bytes form, cu_agreement *out, cu_fault *f) CU_MUST;

#endif
