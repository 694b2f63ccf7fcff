/* A provider's usage export on any bytes: rows ascend, nothing exceeds its ceiling, and held against itself it fits. */
#include "comply/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_billed u;
    cu_fault f = {0};
    if (cu_billed_parse(cu_bytes_of(data, n), &u, &f) != CU_OK) {
        CU_ASSERT(f.code != CU_OK && f.text[0]);
        return 0;
    }
    CU_ASSERT(u.form && u.n <= CU_BILLED_ROWS);
    for (size_t i = 0; i < u.n; i++) {
        cu_billed_tie t;
        cu_buf rows CU_CLEAN_BUF = CU_BUF(65536);
        CU_ASSERT(strlen(u.v[i].day) == 10 && strlen(u.v[i].model) <= CU_BILLED_MODEL);
        for (size_t c = 0; c < CU_BILLED_CLASSES; c++)
            CU_ASSERT(u.v[i].n[c] <= CU_BILLED_TOKENS_MAX);
        if (i) {
            int by = strcmp(u.v[i - 1].day, u.v[i].day);
            CU_ASSERT(by < 0 || (by == 0 && strcmp(u.v[i - 1].model, u.v[i].model) < 0));
        }
        cu_billed_compare(&u, &u.v[i], 1, &u.v[i], 1, (cu_billed_tolerance){0, 0}, &rows, &t);
        CU_ASSERT(!t.gap && t.ours == t.theirs && rows.err == CU_OK);
    }
    cu_billed_free(&u);
    return 0;
}
