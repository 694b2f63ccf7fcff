/* Packed bundles on any bytes: as they are, and behind a header that belongs to them. */
#include "packed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX), file CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint8_t head[PACKED_HEAD];
    cu_bytes in = cu_bytes_of(data, n);
    if (packed_read(in, &out) == CU_OK)
        CU_ASSERT(out.n <= TILE_BYTES_MAX);
    packed_head(head, in);
    cu_buf_put(&file, head, sizeof head);
    cu_buf_add(&file, in);
    cu_buf_reset(&out);
    if (cu_buf_err(&file) == CU_OK && packed_read(cu_buf_view(&file), &out) == CU_OK)
        CU_ASSERT(out.n > 0 && out.n <= TILE_BYTES_MAX);
    return 0;
}
