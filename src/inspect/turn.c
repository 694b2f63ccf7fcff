/* What all shapes have in common: events, calls that wait, verdicts that are given once. */
#include <stdlib.h>
#include "turn_part.h"

#define EVENT_ARENA ((size_t)256 << 20)
#define TEXT_MAX ((size_t)1 << 20) /* of what the model said, that is looked through for fenced blocks */

cu_err cu_turn_new(const cu_turn_with *w, cu_turn **out)
{
    cu_turn *t = calloc(1, sizeof *t);
    *out = t;
    if (!t)
        return CU_NOMEM;
    t->w = *w;
    t->frames.at.array = w->array;
    t->text = CU_BUF(TEXT_MAX);
    return CU_OK;
}

void part_close(cu_turn *t, part_call *c)
{
    t->held -= c->held.n;
    cu_buf_free(&c->held);
    cu_buf_free(&c->name);
    cu_buf_free(&c->id);
    cu_buf_free(&c->args);
    *c = (part_call){0};
}

void cu_turn_free(cu_turn *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->calls_n; i++)
        part_close(t, &t->calls[i]);
    for (size_t i = 0; i < MAX_CHOICES; i++) {
        cu_buf_free(&t->choices[i].held);
        cu_buf_free(&t->choices[i].frame);
    }
    cu_frames_free(&t->frames);
    cu_buf_free(&t->text);
    free(t->calls);
    free(t->verdicts);
    free(t->marks);
    free(t);
}

void cu_turn_judge_with(cu_turn *t, cu_inspector *i)
{
    t->w.judge.inspector = i;
}

size_t cu_turn_waiting(const cu_turn *t)
{
    return t->held + t->frames.rest.n;
}

size_t cu_turn_said(const cu_turn *t)
{
    return t->text.n;
}

const cu_marks *cu_turn_marks(const cu_turn *t)
{
    static const cu_marks none;
    return t->marks ? t->marks : &none;
}

static cu_err want_marks(cu_turn *t)
{
    if (!t->marks)
        t->marks = calloc(1, sizeof *t->marks);
    return t->marks ? CU_OK : CU_NOMEM;
}

part_call *part_find(cu_turn *t, uint64_t key)
{
    for (size_t i = 0; i < t->calls_n; i++)
        if (t->calls[i].open && t->calls[i].key == key)
            return &t->calls[i];
    return NULL;
}

bool part_any_open(const cu_turn *t)
{
    bool any = false;
    for (size_t i = 0; i < t->calls_n; i++)
        any |= t->calls[i].open;
    return any;
}

cu_err part_open(cu_turn *t, uint64_t key, part_call **out)
{
    size_t i = 0;
    while (i < t->calls_n && t->calls[i].open)
        i++;
    if (i == CU_TURN_MAX_CALLS)
        return CU_TOO_BIG;
    if (!t->calls && !(t->calls = calloc(CU_TURN_MAX_CALLS, sizeof *t->calls)))
        return CU_NOMEM;
    if (i == t->calls_n)
        t->calls_n++;
    *out = &t->calls[i];
    **out = (part_call){.open = true, .key = key, .name = CU_BUF(4096), .id = CU_BUF(4096), .args = CU_BUF(CU_TURN_MAX_HELD), .held = CU_BUF(CU_TURN_MAX_HELD)};
    return CU_OK;
}

cu_err part_hold(cu_turn *t, cu_buf *to, cu_bytes bytes)
{
    t->held += bytes.n;
    if (t->held > CU_TURN_MAX_HELD)
        return CU_TOO_BIG;
    cu_buf_add(to, bytes);
    return cu_buf_err(to);
}

void part_set(cu_buf *b, cu_bytes text)
{
    if (b->n == 0 && text.n)
        cu_buf_add(b, text);
}

cu_err part_pass(cu_turn *t, const part_event *e)
{
    cu_buf_add(t->out, e->bytes);
    return cu_buf_err(t->out);
}

const cu_json_string *part_key(const part_event *e, uint32_t object, const char *name)
{
    const cu_json_node *n = &e->t.v[object];
    const cu_json_string *found = NULL;
    uint32_t depth = 0;
    for (size_t i = 0; i < e->s.n && e->s.v[i].start < n->end; i++) {
        const cu_json_string *k = &e->s.v[i];
        if (k->start < n->start)
            continue;
        depth = depth ? depth : k->depth; /* the first is a key of the object itself */
        if ((k->flags & CU_JSON_KEY) && k->depth == depth && cu_json_is(e->json, *k, name))
            found = k;
    }
    return found;
}

bool part_number(const part_event *e, uint32_t object, const char *name, uint64_t *out)
{
    const cu_json_string *k = part_key(e, object, name);
    size_t at = k ? k->end + 1 : e->json.n;
    uint64_t v = 0;
    while (at < e->json.n && memchr(" \t\r\n:", e->json.p[at], 5))
        at++;
    bool found = at < e->json.n && e->json.p[at] >= '0' && e->json.p[at] <= '9';
    for (unsigned d = 0; d < 10 && at < e->json.n && e->json.p[at] >= '0' && e->json.p[at] <= '9'; d++)
        v = v * 10 + (e->json.p[at++] - '0');
    *out = v;
    return found;
}

/* The same call is told several times: one verdict, one record. */
cu_err part_judge(cu_turn *t, const cu_tool_call *c, cu_call_action *action, cu_mark *why)
{
    cu_sha256 args, of;
    cu_sha256_of(c->args, &args);
    cu_sha256_of3(c->tool, c->call, cu_bytes_of(args.b, sizeof args.b), &of);
    for (size_t i = 0; i < t->verdicts_n; i++)
        if (memcmp(t->verdicts[i].of.b, of.b, sizeof of.b) == 0) {
            *action = (cu_call_action)t->verdicts[i].action;
            *why = t->verdicts[i].why;
            return CU_OK;
        }
    CU_TRY(want_marks(t));
    CU_TRY(cu_judge_call(&t->w.judge, c, t->marks, action, why));
    if (!t->verdicts)
        t->verdicts = calloc(MAX_VERDICTS, sizeof *t->verdicts);
    if (!t->verdicts)
        return CU_NOMEM;
    if (t->verdicts_n < MAX_VERDICTS)
        t->verdicts[t->verdicts_n++] = (part_verdict){of, (uint8_t)*action, *why};
    return CU_OK;
}

cu_err part_judge_held(cu_turn *t, part_call *c, cu_call_action *action, cu_mark *why)
{
    const cu_tool_call is = {cu_buf_view(&c->name), cu_buf_view(&c->id), cu_buf_view(&c->args), c->raw};
    CU_TRY(cu_buf_err(&c->args));
    CU_TRY(cu_buf_err(&c->name));
    CU_TRY(cu_buf_err(&c->id));
    CU_TRY(part_judge(t, &is, action, why));
    t->released += !part_stops(*action);
    t->stopped += part_stops(*action);
    return CU_OK;
}

/* --- what the model says --- */

static const struct {
    cu_api api;
    const char *key, *under, *type; /* type NULL: any */
} said[] = {
    {CU_API_ANTHROPIC, "text", "delta", "content_block_delta"}, {CU_API_ANTHROPIC, "text", "content", "message"},
    {CU_API_OPENAI, "content", "delta", NULL},                  {CU_API_OPENAI, "content", "message", NULL},
    {CU_API_OPENAI, "delta", NULL, "response.output_text.delta"}, {CU_API_OPENAI, "text", "content", ""},
    {CU_API_GEMINI, "text", "parts", NULL},
};

static void listen(cu_turn *t, const part_event *e)
{
    for (size_t i = 0; i < e->s.n; i++) {
        const cu_json_string *v = &e->s.v[i];
        if ((v->flags & CU_JSON_KEY) || v->parent_key == UINT32_MAX)
            continue;
        const cu_json_string *k = &e->s.v[v->parent_key];
        for (size_t r = 0; r < sizeof said / sizeof *said; r++) {
            bool under = said[r].under ? k->parent_key != UINT32_MAX && cu_json_is(e->json, e->s.v[k->parent_key], said[r].under) : k->parent_key == UINT32_MAX;
            if (said[r].api != t->w.api || !under || !cu_json_is(e->json, *k, said[r].key) || (said[r].type && !cu_eq_str(e->type, said[r].type)))
                continue;
            cu_json_unescape(cu_slice(e->json, v->start, v->end), &t->text);
        }
    }
    if (t->text.err) /* the first part of a very long text is looked through */
        t->text.err = CU_OK;
}

static cu_err look_through(cu_turn *t)
{
    cu_bytes text = cu_buf_view(&t->text);
    bool fence = text.n && (cu_find(text, CU_LIT("```"), 0) != SIZE_MAX || cu_find(text, CU_LIT("~~~"), 0) != SIZE_MAX);
    cu_err e = fence ? want_marks(t) : CU_OK;
    if (fence && e == CU_OK)
        e = cu_judge_text(&t->w.judge, text, t->marks);
    cu_buf_reset(&t->text);
    return e;
}

/* --- events --- */

static cu_err read_event(part_event *e, cu_arena *a)
{
    e->a = a;
    CU_TRY(cu_json_walk(e->json, a, &e->s, NULL));
    CU_TRY(cu_json_tree_of(e->json, &e->s, a, &e->t));
    const cu_json_string *type = cu_json_top(e->json, &e->s, "type");
    if (type && cu_starts(cu_json_top_value(e->json, &e->s, "type"), CU_LIT("\"")))
        e->type = cu_slice(e->json, type[1].start, type[1].end);
    return CU_OK;
}

static cu_err whole_in_event(cu_turn *t, part_event *e)
{
    cu_bytes now;
    CU_TRY(part_whole(t, e, &now));
    cu_buf_add(t->out, cu_slice(e->bytes, 0, e->from));
    cu_buf_add(t->out, now);
    cu_buf_add(t->out, cu_slice(e->bytes, e->from + e->json.n, e->bytes.n));
    return cu_buf_err(t->out);
}

static cu_err by_shape(cu_turn *t, part_event *e)
{
    if (e->t.n == 0 || e->t.v[0].kind != CU_NODE_OBJECT)
        return part_pass(t, e);
    if (t->w.api == CU_API_ANTHROPIC)
        return part_blocks(t, e);
    if (t->w.api == CU_API_OPENAI)
        return e->type.n ? part_items(t, e) : part_chunk(t, e);
    return whole_in_event(t, e);
}

/* No JSON, or none that is strict: a comment, an empty line, the last word, half of a character. What could be
 * a call for a more lenient reader does not leave. */
static cu_err no_json(cu_turn *t, const part_event *e)
{
    static const char *const words[] = {"tool", "call", "Call", "function", "\\u00"};
    if (cu_eq_str(e->json, "[DONE]"))
        CU_TRY(part_chunks_end(t));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (e->json.n && memchr(e->json.p, '{', e->json.n) && cu_find(e->json, cu_str(words[i]), 0) != SIZE_MAX)
            return CU_SYNTAX;
    return part_pass(t, e);
}

/* A line may also end with a lone CR (WHATWG HTML, 9.2.5), which no API does. */
static bool lone_cr(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '\r' && (i + 1 == b.n || b.p[i + 1] != '\n'))
            return true;
    return false;
}

static cu_err on_event(void *arg, cu_bytes bytes)
{
    cu_turn *t = arg;
    cu_arena a CU_CLEAN_ARENA;
    cu_buf joined CU_CLEAN_BUF = CU_BUF(CU_FRAME_MAX + 64);
    cu_arena_init(&a, EVENT_ARENA);
    cu_frame_data d = cu_frame_read(t->w.array, bytes);
    if (d.lines > 1) {
        cu_frame_join(bytes, &joined);
        CU_TRY(joined.err);
        bytes = cu_buf_view(&joined);
        d = cu_frame_read(false, bytes);
    }
    if (!t->w.array && memchr(bytes.p, '\r', bytes.n)) {
        if (lone_cr(bytes))
            return CU_SYNTAX;
        t->crlf = true;
    }
    part_event e = {.bytes = bytes, .json = d.json, .from = d.from};
    cu_err err = d.json.n ? read_event(&e, &a) : CU_SYNTAX;
    if (err == CU_NOMEM)
        return err;
    if (err != CU_OK)
        return no_json(t, &e);
    listen(t, &e);
    return by_shape(t, &e);
}

cu_err cu_turn_feed(cu_turn *t, cu_bytes in, cu_buf *out)
{
    t->out = out;
    CU_TRY(cu_frames_feed(&t->frames, in, on_event, t));
    return cu_buf_err(out);
}

cu_err cu_turn_end(cu_turn *t, cu_buf *out)
{
    cu_bytes rest = cu_buf_view(&t->frames.rest);
    t->out = out;
    CU_TRY(look_through(t));
    if (t->w.array || rest.n == 0) { /* the end of the array */
        cu_buf_add(out, rest);
    } else if (!part_any_open(t) || cu_frame_read(false, rest).lines) { /* an event without its empty line */
        CU_TRY(on_event(t, cu_buf_view(&t->frames.rest)));
    }
    cu_buf_reset(&t->frames.rest);
    return cu_buf_err(out);
}

cu_err cu_turn_json(cu_turn *t, cu_bytes body, cu_buf *buf, cu_bytes *out)
{
    cu_arena a CU_CLEAN_ARENA;
    part_event e = {.bytes = body, .json = body};
    cu_bytes now;
    cu_arena_init(&a, EVENT_ARENA);
    *out = body;
    cu_err err = read_event(&e, &a);
    if (err != CU_OK || e.t.n == 0) /* no JSON: nobody finds a call in it */
        return err == CU_NOMEM ? err : CU_OK;
    listen(t, &e);
    CU_TRY(part_whole(t, &e, &now));
    CU_TRY(look_through(t));
    if (now.p == body.p)
        return CU_OK;
    cu_buf_add(buf, now);
    *out = cu_buf_view(buf);
    return cu_buf_err(buf);
}
