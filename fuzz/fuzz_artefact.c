/* Any arguments of any tool: artefacts within their ceilings, the same ones again. Seeds: the name of the tool, a
 * line end, the arguments; an x before the name: raw text for the tool. */
#include "inspect/artefact.h"

static const cu_tools *tools(void)
{
    static cu_arena forever;
    static cu_tools t;
    cu_fault f = {0};
    if (t.tools_n)
        return &t;
    cu_arena_init(&forever, 64 << 20);
    CU_ASSERT(cu_tools_load(CATALOG "/tools.yaml", &forever, &t, &f) == CU_OK);
    return &t;
}

static void held(const cu_artefacts *v)
{
    CU_ASSERT(v->n <= CU_ARTEFACT_MAX);
    for (size_t i = 0; i < v->n; i++)
        CU_ASSERT(cu_artefact_kind_name(v->v[i].kind) && (v->v[i].text.n || v->v[i].open));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_artefacts v[2], text = {0};
    const uint8_t *nl = n ? memchr(data, '\n', n) : NULL;
    size_t name = nl ? (size_t)(nl - data) : 0;
    bool raw = name && data[0] == 'x';
    const cu_tool_call c = {cu_bytes_of(data + raw, name - raw), CU_LIT("t"), cu_bytes_of(data + name, n - name), raw};
    cu_arena_init(&a, 1u << 30);
    for (int k = 0; k < 2; k++) {
        cu_err e = cu_artefacts_of(tools(), &c, &a, &v[k]);
        CU_ASSERT(e == CU_OK || e == CU_NOMEM);
        if (e != CU_OK)
            return 0;
        held(&v[k]);
    }
    CU_ASSERT(v[0].n == v[1].n && v[0].unread == v[1].unread);
    if (cu_artefacts_in_text(tools(), cu_bytes_of(data, n), &a, &text) == CU_OK)
        held(&text);
    return 0;
}
