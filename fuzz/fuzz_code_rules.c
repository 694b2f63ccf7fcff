/* Any text as a file of rules for code: rules that are whole, or a refusal that says where. */
#include <stdlib.h>
#include "inspect/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_code_part part;
    cu_code *c = NULL;
    cu_arena_init(&a, 64u << 20);
    cu_err e = cu_code_part_read("fuzz.yaml", cu_bytes_of(data, n), &a, &part, &f);
    CU_ASSERT(e == CU_OK || f.code != CU_OK || e == CU_NOMEM);
    if (e != CU_OK)
        return 0;
    for (size_t i = 0; i < part.rules_n; i++)
        CU_ASSERT(part.rules[i].id && part.rules[i].fix && part.rules[i].cwe_n && part.rules[i].match.n >= CU_CODE_MIN_EXAMPLES && part.rules[i].anchors.n);
    cu_code_pack pack = {.parts = &part, .parts_n = 1, .rules_n = part.rules_n};
    if (part.rules_n < 4) {
        e = cu_code_open_pack(&pack, &c, &f);
        CU_ASSERT(e == CU_OK || f.code != CU_OK);
        cu_code_close(c);
    }
    return 0;
}
