/* A test or scan report of a CI system on any bytes: counts are bounded by the bytes that they came from. */
#include "comply/ci_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const cu_bytes b = cu_bytes_of(data, n);
    cu_test_counts t;
    cu_scan_counts s;
    cu_fault f = {0};
    cu_err e = cu_junit_count(b, &t, &f);
    CU_ASSERT(e == CU_OK || (f.code != CU_OK && f.text[0]));
    CU_ASSERT(e != CU_OK || (t.passed + t.skipped <= n && t.passed + t.skipped + t.failed > 0));
    f = (cu_fault){0};
    e = cu_sarif_count(b, &s, &f);
    CU_ASSERT(e == CU_OK || (f.code != CU_OK && f.text[0]));
    CU_ASSERT(e != CU_OK || (s.errors + s.warnings + s.notes <= n && s.tool[sizeof s.tool - 1] == 0));
    return 0;
}
