/* Any text in any language: a verdict whose places stand within the text, and the same one again. */
#include <stdlib.h>
#include "inspect/code.h"

static cu_code *code;

/* Compiling every rule takes seconds under the sanitizers: it is no input's time. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    cu_fault f = {0};
    CU_ASSERT(cu_code_open(CATALOG, &code, &f) == CU_OK);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_code_verdict v[2];
    cu_arena_init(&a, 64u << 20);
    if (n < 1)
        return 0;
    cu_code_lang lang = (cu_code_lang)(data[0] % CU_CODE_LANG_COUNT);
    cu_bytes text = cu_bytes_of(data + 1, n - 1);
    for (int k = 0; k < 2; k++) {
        CU_ASSERT(cu_code_judge(code, lang, CU_NONE, text, &a, &v[k]) == CU_OK);
        CU_ASSERT(v[k].judged != (v[k].why != NULL));
        for (size_t i = 0; i < v[k].n; i++) {
            const cu_code_finding *x = &v[k].v[i];
            CU_ASSERT(x->start <= x->end && x->end <= text.n && x->line >= 1 && x->column >= 1 && x->end_line >= x->line);
        }
    }
    CU_ASSERT(v[0].n == v[1].n && v[0].judged == v[1].judged);
    return 0;
}
