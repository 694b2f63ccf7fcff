/* What a test run or a scan came to, from the file that its tool wrote: JUnit's XML as CI systems write it, and
 * SARIF 2.1.0 (OASIS). Foreign bytes: no DTD, ceilings on depth and size. */
#ifndef CUSTOS_COMPLY_CI_REPORT_H
#define CUSTOS_COMPLY_CI_REPORT_H

#include "base/bytes.h"
#include "base/error.h"

#define CU_CI_REPORT_MAX ((size_t)8 << 20)
#define CU_CI_DEPTH 64u
#define CU_CI_NAME 121u

typedef struct {
    uint64_t passed, failed, skipped; /* failed: failures and errors */
    char suite[CU_CI_NAME];           /* of the first suite; "" when it has no name */
} cu_test_counts;
/* Counts test cases, and holds them against what the suites say of themselves: a report that says more failures than
 * it shows counts as it says. CU_SYNTAX: no JUnit, or no test case in it. */
cu_err cu_junit_count(cu_bytes xml, cu_test_counts *out, cu_fault *f) CU_MUST;

typedef struct {
    uint64_t errors, warnings, notes; /* results by level; suppressed ones are not counted */
    char tool[CU_CI_NAME];            /* of the first run */
} cu_scan_counts;
/* A result without a level is a warning, as the standard says; one whose kind is not fail counts as a note. CU_SYNTAX. */
cu_err cu_sarif_count(cu_bytes json, cu_scan_counts *out, cu_fault *f) CU_MUST;

#endif
