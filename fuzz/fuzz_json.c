/* The JSON walker on any bytes: what it accepts can be unescaped, classified and spliced. */
#include <stdlib.h>
#include "wire/event.h"
#include "wire/json.h"
#include "wire/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_fault f = {0};
    cu_bytes text = cu_bytes_of(data, n);
    cu_arena_init(&a, 64u << 20);
    if (cu_json_walk(text, &a, &s, &f) != CU_OK) {
        CU_ASSERT(f.text[0] && f.offset <= n);
        return 0;
    }
    cu_json_strings again;
    cu_json_places places;
    CU_ASSERT(cu_json_walk_on(text, NULL, NULL, &a, &again, &places, &f) == CU_OK && again.n == s.n);
    for (size_t k = 0; k < places.n; k++) {
        CU_ASSERT(cu_json_walk_on(text, &places.v[k], s.v, &a, &again, NULL, &f) == CU_OK && again.n == s.n);
        CU_ASSERT(s.n == 0 || memcmp(again.v, s.v, s.n * sizeof *s.v) == 0);
    }
    for (size_t i = 0; i < s.n; i++) {
        cu_bytes raw = cu_slice(text, s.v[i].start, s.v[i].end);
        cu_buf plain CU_CLEAN_BUF = CU_BUF(n + 16);
        size_t from = 0, at = 0;
        CU_ASSERT(s.v[i].start <= s.v[i].end && s.v[i].end < n && data[s.v[i].end] == '"');
        CU_ASSERT(s.v[i].parent_key == UINT32_MAX || s.v[i].parent_key < i);
        cu_json_unescape(raw, &plain);
        CU_ASSERT(plain.err == CU_OK && cu_utf8_valid(cu_buf_view(&plain), NULL));
        CU_ASSERT(cu_json_raw_offset(raw, plain.n, &from, &at) == raw.n);
    }
    return 0;
}
