/* Between which attested moments an entry came into its log. */
#ifndef CUSTOS_LEDGER_ATTEST_TIMES_H
#define CUSTOS_LEDGER_ATTEST_TIMES_H

#include "attest.h"

/* Each entry's own time lies between them, give or take CU_VERIFY_SLACK. CU_CORRUPT, and the fault says
 * which does not. anchor: checked. */
cu_err attest_check_times(const char *dir, cu_log *anchor, const attestations *a, cu_fault *f) CU_MUST;

#endif
