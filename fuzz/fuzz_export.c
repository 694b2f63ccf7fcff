/* A bundle for an auditor on any bytes, as a plain tar (inside zstd nothing would be reached), and the
 * documents about populations and samples. */
#include "bundle.h"
#include "ledger/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_population p;
    static cu_sample s;
    cu_bytes in = n ? cu_bytes_of(data + 1, n - 1) : CU_NONE, log;
    export_head h;
    uint64_t index;
    cu_fault f = {0};
    cu_buf out CU_CLEAN_BUF = CU_BUF(1u << 20), json CU_CLEAN_BUF = CU_BUF(1u << 20);
    switch (n ? data[0] % 5 : 0) {
    case 0:
        if (cu_population_parse(in, &p) == CU_OK)
            CU_ASSERT(cu_population_encode(&p, &out) == CU_OK && cu_eq(cu_buf_view(&out), in));
        break;
    case 1:
        if (cu_sample_parse(in, &s) == CU_OK)
            CU_ASSERT(cu_sample_encode(&s, &out) == CU_OK && cu_eq(cu_buf_view(&out), in));
        break;
    case 2:
        if (export_head_parse(in, &h) == CU_OK) {
            export_head_text(&h, &out);
            CU_ASSERT(cu_eq(cu_buf_view(&out), in));
        }
        break;
    case 3:
        if (cu_listing_row_parse(in, &log, &index) == CU_OK)
            CU_ASSERT(log.n > 0 && log.p >= in.p);
        break;
    default:
        if (bundle_verify(-1, in, &(bundle_trust){.vkeys = NULL}, &out, &json, &f) != CU_OK)
            CU_ASSERT(f.code != CU_OK);
    }
    return 0;
}
