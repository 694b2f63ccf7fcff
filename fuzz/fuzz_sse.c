/* The stream restorer on any bytes, whole and cut where the first byte says: the same comes out, and
 * without values to restore nothing changes at all. */
#include <stdlib.h>
#include "issued.h"
#include "redact/restore.h"

static cu_api api;
static cu_stream_form form;

static void feed(const cu_issued_map *m, cu_bytes in, size_t cut, cu_buf *out)
{
    cu_restorer *r;
    if (cu_restorer_new(m, api, form, &r) != CU_OK)
        abort();
    cu_err e = CU_OK;
    for (size_t i = 0; i < in.n && e == CU_OK; i += cut)
        e = cu_restorer_feed(r, cu_slice(in, i, i + cut < in.n ? i + cut : in.n), out);
    if (e == CU_OK)
        e = cu_restorer_end(r, out);
    CU_ASSERT(e == CU_OK || e == CU_TOO_BIG);
    cu_restorer_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const cu_surrogate_key key = {{1}, 'a'};
    static cu_arena arena;
    static cu_issued_map map;
    const cu_issued_map none = {0};
    cu_err e = CU_OK;
    if (n < 2)
        return 0;
    api = (cu_api)(data[0] >> 6) % CU_API_COUNT; /* the first byte: API, form, size of the pieces */
    form = data[0] & 32 && api == CU_API_GEMINI ? CU_STREAM_ARRAY : CU_STREAM_SSE;
    if (map.n == 0) {
        cu_arena_init(&arena, 1u << 20);
        (void)!cu_issue(&map, &key, CU_TYPE_EMAIL_ADDRESS, CU_LIT("a\"b\\c@example.org"), CU_LIT("a\"b\\c@example.org"), &arena, &e);
        CU_ASSERT(e == CU_OK && map.n == 1);
    }
    cu_buf in CU_CLEAN_BUF = CU_BUF(64 * n + 64), same CU_CLEAN_BUF = CU_BUF(1u << 26);
    cu_buf whole CU_CLEAN_BUF = CU_BUF(1u << 26), cut CU_CLEAN_BUF = CU_BUF(1u << 26);
    for (size_t i = 1; i < n; i++) /* a surrogate cannot be guessed: # stands for it */
        if (data[i] == '#')
            cu_buf_put(&in, map.v[0].surrogate, CU_SURROGATE_LEN);
        else
            cu_buf_byte(&in, data[i]);
    feed(&none, cu_buf_view(&in), (size_t)data[0] % 32 + 1, &same);
    CU_ASSERT(cu_eq(cu_buf_view(&same), cu_buf_view(&in)));
    feed(&map, cu_buf_view(&in), in.n ? in.n : 1, &whole);
    feed(&map, cu_buf_view(&in), (size_t)data[0] % 32 + 1, &cut);
    CU_ASSERT(cu_eq(cu_buf_view(&whole), cu_buf_view(&cut)));
    return 0;
}
