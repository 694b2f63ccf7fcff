/* Anthropic Messages: a call is a content block, from its start to its stop. */
#include "turn_part.h"

static void say(cu_turn *t, uint64_t index, cu_bytes note)
{
    part_event_begin(t, "content_block_start");
    cu_buf_fmt(t->out, "{\"type\":\"content_block_start\",\"index\":%llu,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}", (unsigned long long)index);
    part_event_end(t);
    part_event_begin(t, "content_block_delta");
    cu_buf_fmt(t->out, "{\"type\":\"content_block_delta\",\"index\":%llu,\"delta\":{\"type\":\"text_delta\",\"text\":", (unsigned long long)index);
    cu_buf_json_string(t->out, note);
    cu_buf_str(t->out, "}}");
    part_event_end(t);
    part_event_begin(t, "content_block_stop");
    cu_buf_fmt(t->out, "{\"type\":\"content_block_stop\",\"index\":%llu}", (unsigned long long)index);
    part_event_end(t);
}

static cu_err decide(cu_turn *t, part_call *c, cu_arena *a)
{
    cu_call_action action;
    cu_mark why;
    CU_TRY(part_judge_held(t, c, &action, &why));
    if (!part_stops(action)) {
        cu_buf_add(t->out, cu_buf_view(&c->held));
    } else {
        cu_bytes note = part_note(t, false, cu_buf_view(&c->name), action, &why, a);
        if (!note.p)
            return CU_NOMEM;
        say(t, c->key, note);
    }
    part_close(t, c);
    return cu_buf_err(t->out);
}

/* The message ends, or a block begins, before its call is whole. */
static cu_err decide_open(cu_turn *t, cu_arena *a)
{
    for (size_t i = 0; i < t->calls_n; i++)
        if (t->calls[i].open)
            CU_TRY(decide(t, &t->calls[i], a));
    return CU_OK;
}

static cu_err start(cu_turn *t, part_event *e, uint64_t index, uint32_t block, const cu_call *is)
{
    part_call *c = part_find(t, index);
    uint32_t input = cu_json_member(&e->t, block, "input");
    if (c) /* twice: neither is whole */
        CU_TRY(decide(t, c, e->a));
    CU_TRY(part_open(t, index, &c));
    part_set(&c->name, is->name);
    part_set(&c->id, is->id);
    if (input != CU_TREE_NONE && e->t.v[input].kind == CU_NODE_OBJECT && e->t.v[input].first != CU_TREE_NONE)
        cu_buf_add(&c->args, cu_slice(e->json, e->t.v[input].start, e->t.v[input].end)); /* given at once; pieces would not fit behind it */
    return part_hold(t, &c->held, e->bytes);
}

static cu_err go_on(cu_turn *t, part_event *e, part_call *c)
{
    uint32_t delta = cu_json_member(&e->t, 0, "delta");
    uint32_t piece = cu_json_member(&e->t, delta, "partial_json");
    if (piece != CU_TREE_NONE)
        cu_buf_add(&c->args, cu_json_plain(&e->t, piece, e->a));
    CU_TRY(part_hold(t, &c->held, e->bytes));
    return cu_eq_str(e->type, "content_block_stop") ? decide(t, c, e->a) : CU_OK;
}

cu_err part_blocks(cu_turn *t, part_event *e)
{
    uint64_t index = 0;
    uint32_t block = cu_json_member(&e->t, 0, "content_block");
    cu_call is;
    cu_bytes now;
    bool indexed = part_number(e, 0, "index", &index);
    if (cu_eq_str(e->type, "content_block_start") && block != CU_TREE_NONE && cu_call_read(&e->t, block, e->a, &is) && !is.remote)
        return start(t, e, index, block, &is);
    part_call *c = indexed ? part_find(t, index) : NULL;
    if (c && (cu_eq_str(e->type, "content_block_delta") || cu_eq_str(e->type, "content_block_stop")))
        return go_on(t, e, c);
    if (cu_starts(e->type, CU_LIT("message_")))
        CU_TRY(decide_open(t, e->a));
    CU_TRY(part_whole(t, e, &now));
    cu_buf_add(t->out, cu_slice(e->bytes, 0, e->from));
    cu_buf_add(t->out, now);
    cu_buf_add(t->out, cu_slice(e->bytes, e->from + e->json.n, e->bytes.n));
    return cu_buf_err(t->out);
}
