/* OpenAI Responses: a call is an output item, told again in several events; a client builds it from the one
 * that says it is done. */
#include "turn_part.h"

void part_put_item(cu_buf *b, cu_bytes id, cu_bytes note)
{
    cu_buf_str(b, "{\"type\":\"message\",\"id\":\"msg_");
    cu_buf_json_escape(b, id.n ? id : CU_LIT("custos"));
    cu_buf_str(b, "\",\"role\":\"assistant\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"text\":");
    cu_buf_json_string(b, note);
    cu_buf_str(b, ",\"annotations\":[]}]}");
}

typedef struct {
    cu_turn *t;
    cu_bytes id, note;
    uint64_t index, number;
} saying;

static void begin(saying *s, const char *type)
{
    part_event_begin(s->t, type);
    cu_buf_fmt(s->t->out, "{\"type\":\"%s\",\"sequence_number\":%llu,\"output_index\":%llu", type, (unsigned long long)s->number,
               (unsigned long long)s->index);
    s->number++;
}

static void in_item(saying *s, const char *type)
{
    begin(s, type);
    cu_buf_str(s->t->out, ",\"item_id\":\"msg_");
    cu_buf_json_escape(s->t->out, s->id.n ? s->id : CU_LIT("custos"));
    cu_buf_str(s->t->out, "\",\"content_index\":0");
}

static void end(saying *s)
{
    cu_buf_byte(s->t->out, '}');
    part_event_end(s->t);
}

static void part_of(saying *s, cu_bytes text)
{
    cu_buf_str(s->t->out, ",\"part\":{\"type\":\"output_text\",\"text\":");
    cu_buf_json_string(s->t->out, text);
    cu_buf_str(s->t->out, ",\"annotations\":[]}");
}

static void say(saying *s)
{
    cu_buf *out = s->t->out;
    begin(s, "response.output_item.added");
    cu_buf_str(out, ",\"item\":{\"type\":\"message\",\"id\":\"msg_");
    cu_buf_json_escape(out, s->id.n ? s->id : CU_LIT("custos"));
    cu_buf_str(out, "\",\"role\":\"assistant\",\"status\":\"in_progress\",\"content\":[]}");
    end(s);
    in_item(s, "response.content_part.added");
    part_of(s, CU_LIT(""));
    end(s);
    in_item(s, "response.output_text.delta");
    cu_buf_json_kv(out, "delta", s->note);
    cu_buf_str(out, ",\"logprobs\":[]");
    end(s);
    in_item(s, "response.output_text.done");
    cu_buf_json_kv(out, "text", s->note);
    cu_buf_str(out, ",\"logprobs\":[]");
    end(s);
    in_item(s, "response.content_part.done");
    part_of(s, s->note);
    end(s);
    begin(s, "response.output_item.done");
    cu_buf_str(out, ",\"item\":");
    part_put_item(out, s->id, s->note);
    end(s);
}

/* The pieces said something else than the whole: both are judged. */
static cu_err judge_item(cu_turn *t, part_event *e, part_call *c, const cu_call *is, cu_call_action *action, cu_mark *why)
{
    cu_bytes args = cu_call_args(&e->t, is, e->a);
    const cu_tool_call whole = {is->name, is->id, args, is->raw};
    CU_TRY(part_judge(t, &whole, action, why));
    if (c && c->args.n && !cu_eq(cu_buf_view(&c->args), args) && !part_stops(*action)) {
        const cu_tool_call pieces = {is->name, is->id, cu_buf_view(&c->args), is->raw};
        CU_TRY(part_judge(t, &pieces, action, why));
    }
    t->released += !part_stops(*action);
    t->stopped += part_stops(*action);
    return CU_OK;
}

static cu_err done(cu_turn *t, part_event *e, uint64_t index, uint32_t item, const cu_call *is)
{
    part_call *c = part_find(t, index);
    cu_call_action action;
    cu_mark why;
    CU_TRY(judge_item(t, e, c, is, &action, &why));
    if (!part_stops(action)) {
        if (c)
            cu_buf_add(t->out, cu_buf_view(&c->held));
        cu_buf_add(t->out, e->bytes);
    } else {
        saying s = {t, cu_json_plain(&e->t, cu_json_member(&e->t, item, "id"), e->a), part_note(t, false, is->name, action, &why, e->a), index, 0};
        if (!s.note.p)
            return CU_NOMEM;
        if (c)
            s.number = c->number;
        else
            (void)part_number(e, 0, "sequence_number", &s.number);
        say(&s);
    }
    if (c)
        part_close(t, c);
    return cu_buf_err(t->out);
}

/* Pieces of arguments belong to a call even when it was not announced. */
static bool of_call(cu_bytes type)
{
    return cu_starts(type, CU_LIT("response.function_call_arguments.")) || cu_starts(type, CU_LIT("response.custom_tool_call_input."));
}

static cu_err hold(cu_turn *t, part_event *e, uint64_t index, const cu_call *is)
{
    part_call *c = part_find(t, index);
    if (!c) {
        CU_TRY(part_open(t, index, &c));
        (void)part_number(e, 0, "sequence_number", &c->number);
    }
    if (is) {
        part_set(&c->name, is->name);
        part_set(&c->id, is->id);
    }
    if (of_call(e->type))
        cu_buf_add(&c->args, cu_json_plain(&e->t, cu_json_member(&e->t, 0, "delta"), e->a));
    CU_TRY(cu_buf_err(&c->args));
    return part_hold(t, &c->held, e->bytes);
}

/* The answer is told as a whole: a call that was never done is not in it, or is judged there. */
static void drop_open(cu_turn *t)
{
    for (size_t i = 0; i < t->calls_n; i++)
        if (t->calls[i].open)
            part_close(t, &t->calls[i]);
}

cu_err part_items(cu_turn *t, part_event *e)
{
    uint64_t index = 0;
    uint32_t item = cu_json_member(&e->t, 0, "item");
    cu_call is;
    cu_bytes now;
    bool indexed = part_number(e, 0, "output_index", &index);
    bool call = item != CU_TREE_NONE && cu_call_read(&e->t, item, e->a, &is) && !is.remote;
    if (call && cu_eq_str(e->type, "response.output_item.done"))
        return done(t, e, index, item, &is);
    if (call || (indexed && (part_find(t, index) || of_call(e->type))))
        return hold(t, e, index, call ? &is : NULL);
    if (cu_json_member(&e->t, 0, "response") != CU_TREE_NONE)
        drop_open(t);
    CU_TRY(part_whole(t, e, &now));
    cu_buf_add(t->out, cu_slice(e->bytes, 0, e->from));
    cu_buf_add(t->out, now);
    cu_buf_add(t->out, cu_slice(e->bytes, e->from + e->json.n, e->bytes.n));
    return cu_buf_err(t->out);
}
