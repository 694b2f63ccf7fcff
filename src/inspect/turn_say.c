/* The text that stands in place of a call: for the model, which must not try another way, and for the person
 * who reads along. */
#include "turn_part.h"

cu_bytes part_note(const cu_turn *t, bool gap, cu_bytes tool, cu_call_action action, const cu_mark *why, cu_arena *a)
{
    static const char blocked[] = "It may not run here. Do not try to reach the same by other means; tell the user what you wanted to do and why.";
    static const char held[] = "A person has to decide: the user can run it by hand, or ask for the rule to be permitted. Do not try to reach the same by other means.";
    bool hold = action == CU_CALL_HELD;
    char *s = cu_arena_fmt(a, "%s[custos] This call of %.*s was %s and did not run. Rule %s: %s Instead: %s %s (request %s)",
                           gap ? "\n\n" : "", tool.n < 64 ? (int)tool.n : 64, tool.n ? (const char *)tool.p : "", hold ? "held" : "blocked", why->rule, why->message,
                           why->instead, hold ? held : blocked, t->w.id);
    return s ? cu_str(s) : CU_NONE;
}

void part_event_begin(cu_turn *t, const char *type)
{
    if (type)
        cu_buf_fmt(t->out, "event: %s%s", type, t->crlf ? "\r\n" : "\n");
    cu_buf_str(t->out, "data: ");
}

void part_event_end(cu_turn *t)
{
    cu_buf_str(t->out, t->crlf ? "\r\n\r\n" : "\n\n");
}
