/* Flags and tools of any JSON: a flag that was set is false, and nothing but it has changed. */
#include <stdlib.h>
#include "wire/flags.h"

static bool any(void *arg, cu_bytes name)
{
    ++*(size_t *)arg;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s, again;
    cu_fault f = {0};
    cu_bytes text = cu_bytes_of(data, n), out;
    size_t tools = 0, first = 0;
    cu_arena_init(&a, 64u << 20);
    if (cu_json_walk(text, &a, &s, &f) != CU_OK)
        return 0;
    CU_ASSERT(cu_tool_names(text, &s, any, &tools));
    (void)cu_member_text(text, &s, "provider", "data_collection", "deny");
    while (first < n && memchr(" \t\r\n", data[first], 4))
        first++;
    bool member = s.n && s.v[0].depth == 1 && (s.v[0].flags & CU_JSON_KEY);
    if (first == n || data[first] != '{' || !member || cu_member_set_false(text, &s, "store", &a, &out) != CU_OK)
        return 0;
    CU_ASSERT(cu_json_walk(out, &a, &again, &f) == CU_OK && cu_member_flag(out, &again, "store") == CU_MEMBER_FALSE);
    for (size_t i = 0, skip = again.n - s.n; i < s.n; i++)
        CU_ASSERT(s.v[i].start == again.v[i + skip].start && s.v[i].end == again.v[i + skip].end);
    return 0;
}
