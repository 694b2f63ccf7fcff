/* What a program at the admin socket may send as a recorded scan: what is read is written the same, and
 * compared with itself nothing has changed. */
#include "store/recorded_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_recorded_scan s;
    cu_scan_change c;
    cu_buf again CU_CLEAN_BUF = CU_BUF(2 * CU_LEAF_MAX);
    if (cu_recorded_scan_parse(cu_bytes_of(data, n), &s, NULL) != CU_OK)
        return 0;
    CU_ASSERT(cu_recorded_scan_encode(&s, &again) == CU_OK);
    CU_ASSERT(cu_eq(cu_buf_view(&again), cu_bytes_of(data, n)));
    cu_recorded_scan_compare(&s, &s, &c);
    CU_ASSERT(c.fresh == 0 && c.gone == 0 && c.still >= s.prints_n);
    return 0;
}
