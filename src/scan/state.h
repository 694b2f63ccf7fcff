/* What an earlier scan of a history found clean (docs/formats/scan-state.md). */
#ifndef CUSTOS_SCAN_STATE_H
#define CUSTOS_SCAN_STATE_H

#include "scan.h"

typedef struct cu_state cu_state;

/* A file that is missing, damaged, or of other rules or another program is empty to us; the last
 * two are complained about, and do not make the scan incomplete. */
cu_err cu_state_load(cu_scan *s, const char *path, cu_state **out, cu_fault *f) CU_MUST;
void cu_state_free(cu_state *s);
bool cu_state_knows(const cu_state *s, const uint8_t id[20]);
/* Any thread. */
cu_err cu_state_add(cu_state *s, const uint8_t id[20]) CU_MUST;
cu_err cu_state_save(cu_state *s, const char *path, cu_fault *f) CU_MUST;

#endif
