/* Any stream in any shape: cut in two, and byte by byte, it leaves as it does in one piece, with the same verdicts.
 * The first byte of a seed chooses the shape: a, o, g, or [ for Gemini's array. */
#include "inspect/turn.h"

static cu_inspector *inspector;
static cu_tools tools;

static void start(void)
{
    static cu_arena forever;
    static cu_command_pack pack;
    const cu_command_pack *packs[CU_TIERS] = {&pack};
    cu_guard *g;
    cu_fault f = {0};
    cu_arena_init(&forever, 64 << 20);
    CU_ASSERT(cu_command_pack_load(CATALOG "/rules/commands", &forever, &pack, &f) == CU_OK);
    CU_ASSERT(cu_tools_load(CATALOG "/tools.yaml", &forever, &tools, &f) == CU_OK);
    CU_ASSERT(cu_guard_of(packs, &g) == CU_OK && cu_inspector_new(g, &inspector) == CU_OK);
}

static cu_err pass(uint8_t shape, cu_bytes in, size_t cut, size_t step, cu_buf *out, cu_marks *m)
{
    const cu_turn_with w = {.judge = {inspector, &tools, {CU_MODE_HOLD, CU_MODE_ANNOTATE, NULL, 0}},
                            .api = shape == 'a' ? CU_API_ANTHROPIC : shape == 'o' ? CU_API_OPENAI : CU_API_GEMINI, .array = shape == '[', .id = "ID"};
    cu_turn *t;
    CU_ASSERT(cu_turn_new(&w, &t) == CU_OK);
    cu_err e = CU_OK;
    for (size_t at = 0; at < in.n && e == CU_OK;) {
        size_t to = step ? at + step : at < cut ? cut : in.n;
        e = cu_turn_feed(t, cu_slice(in, at, to < in.n ? to : in.n), out);
        at = to;
    }
    if (e == CU_OK)
        e = cu_turn_end(t, out);
    *m = *cu_turn_marks(t);
    cu_turn_free(t);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!inspector)
        start();
    if (n < 2 || n > 20000)
        return 0;
    cu_bytes in = cu_bytes_of(data + 1, n - 1), body;
    cu_buf whole CU_CLEAN_BUF = CU_BUF(1 << 24), cut CU_CLEAN_BUF = CU_BUF(1 << 24), bytes CU_CLEAN_BUF = CU_BUF(1 << 24), room CU_CLEAN_BUF = CU_BUF(1 << 24);
    cu_marks a, b, c;
    cu_err e = pass(data[0], in, in.n, 0, &whole, &a);
    CU_ASSERT(pass(data[0], in, in.n / 2, 0, &cut, &b) == e && pass(data[0], in, 0, 1, &bytes, &c) == e);
    CU_ASSERT(cu_eq(cu_buf_view(&whole), cu_buf_view(&cut)) && cu_eq(cu_buf_view(&whole), cu_buf_view(&bytes)));
    CU_ASSERT(a.n == b.n && a.calls == b.calls && a.blocked == c.blocked && a.held == c.held);
    const cu_turn_with w = {.judge = {inspector, &tools, {CU_MODE_BLOCK, CU_MODE_BLOCK, NULL, 0}}, .api = CU_API_OPENAI, .id = "ID"};
    cu_turn *t;
    CU_ASSERT(cu_turn_new(&w, &t) == CU_OK);
    e = cu_turn_json(t, in, &room, &body);
    CU_ASSERT(e == CU_OK || e == CU_NOMEM || e == CU_TOO_BIG);
    if (e == CU_OK && body.p != in.p) { /* what was replaced is JSON still */
        cu_arena ar CU_CLEAN_ARENA;
        cu_json_strings s;
        cu_arena_init(&ar, 1 << 26);
        CU_ASSERT(cu_json_walk(body, &ar, &s, NULL) == CU_OK);
    }
    cu_turn_free(t);
    return 0;
}
