/* Calls, results and texts of any JSON: places stand within the body and in values, cutting them all
 * leaves JSON, and a second look at the same bytes says the same. */
#include <stdlib.h>
#include "wire/mention.h"

static const char yaml[] =
    "tools:\n  - names: [Read]\n    file: [file_path]\n  - names: [Bash]\n    command: [command]\n    folder: [cwd]\n"
    "  - names: [Edit]\n    file: [path]\n    content: [new]\n  - names: [patch]\n    patch: [input]\n"
    "folders:\n  - {before: 'cwd: '}\nfiles:\n  - {before: '+++ '}\n  - {before: '<file ', after: '>'}\n";

static void cut_all(cu_bytes body, const cu_mentions *m, cu_buf *out)
{
    size_t done = 0;
    for (size_t at = 0; at < body.n;) {
        const cu_cut_at *next = NULL;
        for (size_t i = 0; i < m->at_n; i++)
            if (m->at[i].start >= at && (!next || m->at[i].start < next->start))
                next = &m->at[i];
        if (!next)
            break;
        CU_ASSERT(next->start <= next->end && next->end <= body.n);
        cu_buf_add(out, cu_slice(body, done, next->start));
        cu_cut_put((cu_cut_form)next->form, CU_LIT("it \"was\" cut\n"), out);
        done = at = next->end > at ? next->end : at + 1;
    }
    cu_buf_add(out, cu_slice(body, done, body.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cu_arena forever;
    static cu_tools tools;
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_json_tree t;
    cu_mentions m, again;
    cu_fault f = {0};
    cu_buf out CU_CLEAN_BUF = CU_BUF(64u << 20);
    cu_bytes body = cu_bytes_of(data, n);
    if (!tools.tools_n) {
        cu_arena_init(&forever, 1 << 20);
        CU_ASSERT(cu_tools_parse(cu_str(yaml), &forever, &tools, &f) == CU_OK);
    }
    cu_arena_init(&a, 256u << 20);
    if (cu_json_walk(body, &a, &s, &f) != CU_OK || cu_json_tree_of(body, &s, &a, &t) != CU_OK)
        return 0;
    for (size_t i = 0; i < t.n; i++)
        CU_ASSERT(t.v[i].start < t.v[i].end && t.v[i].end <= n && (t.v[i].parent == CU_TREE_NONE || t.v[i].parent < i));
    if (cu_mentions_of(&tools, &t, true, &a, &m, &f) != CU_OK || cu_mentions_of(&tools, &t, true, &a, &again, &f) != CU_OK)
        return 0;
    CU_ASSERT(m.n == again.n && m.at_n == again.at_n);
    for (size_t i = 0; i < m.n; i++)
        CU_ASSERT(m.v[i].at == CU_TREE_NONE || m.v[i].at < m.at_n);
    cut_all(body, &m, &out);
    cu_fault why = {0};
    cu_err e = cu_json_walk(cu_buf_view(&out), &a, &s, &why);
    CU_ASSERT(e == CU_OK || e == CU_NOMEM);
    return 0;
}
