/* The readers of exports, by form; between the files of usage. */
#ifndef CUSTOS_COMPLY_USAGE_FORM_H
#define CUSTOS_COMPLY_USAGE_FORM_H

#include "comply/usage.h"

cu_err usage_json(cu_bytes file, cu_billed *out, cu_fault *f) CU_MUST;
cu_err usage_csv(cu_bytes file, cu_billed *out, cu_fault *f) CU_MUST;
/* The day of "2026-03-22", or of a time that begins so. */
bool usage_day(cu_bytes text, char day[11]);
/* Digits, with commas between thousands, and ".000"; at most CU_BILLED_TOKENS_MAX. An empty text is 0. */
bool usage_number(cu_bytes text, uint64_t *out);

#endif
