/* Calls that stand whole in one JSON text: an answer that is no stream, an event of Gemini, the copies that
 * Responses makes at its end. Each is replaced where it stands; all other bytes stay. */
#include "turn_part.h"
#include "wire/splice.h"

typedef struct {
    uint32_t call, list;  /* nodes: in a list of Chat Completions */
    cu_bytes note;        /* empty: it stays */
} in_list;

typedef struct {
    cu_turn *t;
    const part_event *e;
    cu_splice *v;
    size_t n, cap;
    in_list *listed;
    size_t listed_n;
} whole;

static void edit(whole *w, uint32_t start, uint32_t end, cu_bytes with)
{
    if (w->n < w->cap)
        w->v[w->n++] = (cu_splice){start, end, with};
}

static cu_bytes json_of(whole *w, const char *before, cu_bytes text, const char *behind)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    cu_buf_str(&b, before);
    cu_buf_json_string(&b, text);
    cu_buf_str(&b, behind);
    return b.err ? CU_NONE : cu_arena_dup(w->e->a, cu_buf_view(&b));
}

static cu_bytes item_of(whole *w, uint32_t node, cu_bytes note)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    part_put_item(&b, cu_json_plain(&w->e->t, cu_json_member(&w->e->t, node, "id"), w->e->a), note);
    return b.err ? CU_NONE : cu_arena_dup(w->e->a, cu_buf_view(&b));
}

/* A member of an object with the comma that goes with it. */
static void member_span(const part_event *e, uint32_t node, uint32_t *start, uint32_t *end)
{
    const cu_json_node *n = &e->t.v[node];
    *start = e->s.v[n->key].start - 1;
    *end = n->end;
    uint32_t i = *end;
    while (i < e->json.n && memchr(" \t\r\n", e->json.p[i], 4))
        i++;
    if (i < e->json.n && e->json.p[i] == ',') {
        *end = i + 1;
        return;
    }
    i = *start;
    while (i && memchr(" \t\r\n", e->json.p[i - 1], 4))
        i--;
    *start = i && e->json.p[i - 1] == ',' ? i - 1 : *start;
}

/* "note" → \n\nnote": what goes in place of the quote that ends another text. */
static cu_bytes with_gap(whole *w, cu_bytes quoted)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    cu_buf_str(&b, "\\n\\n");
    cu_buf_add(&b, cu_slice(quoted, 1, quoted.n));
    return b.err ? CU_NONE : cu_arena_dup(w->e->a, cu_buf_view(&b));
}

/* The note goes behind what the message says. gone: the member that leaves, or CU_TREE_NONE. */
static void say_in_message(whole *w, uint32_t message, uint32_t gone, cu_bytes note)
{
    const part_event *e = w->e;
    uint32_t content = cu_json_member(&e->t, message, "content"), start = 0, end = 0;
    const cu_json_string *key = part_key(e, message, "content");
    if (gone != CU_TREE_NONE)
        member_span(e, gone, &start, &end);
    if (content != CU_TREE_NONE && e->t.v[content].kind == CU_NODE_STRING) {
        bool empty = e->t.v[content].end - e->t.v[content].start == 2;
        cu_bytes text = json_of(w, "", note, "");
        uint32_t quote = e->t.v[content].end - 1;
        edit(w, quote, quote + 1, empty ? cu_slice(text, 1, text.n) : with_gap(w, text));
    } else if (key && content == CU_TREE_NONE) { /* null */
        uint32_t at = key->end + 1;
        while (at < e->json.n && memchr(" \t\r\n:", e->json.p[at], 5))
            at++;
        edit(w, at, at + 4, json_of(w, "", note, ""));
    } else if (content == CU_TREE_NONE) {
        edit(w, e->t.v[message].start + 1, e->t.v[message].start + 1, json_of(w, "\"content\":", note, ","));
    }
    if (gone != CU_TREE_NONE)
        edit(w, start, end, CU_LIT(""));
}

/* Chat Completions: why the choice finished, when no call is left. */
static void finish_reason(whole *w, uint32_t message)
{
    uint32_t choice = w->e->t.v[message].parent;
    uint32_t reason = choice == CU_TREE_NONE ? choice : cu_json_member(&w->e->t, choice, "finish_reason");
    if (cu_json_says(&w->e->t, reason, "tool_calls") || cu_json_says(&w->e->t, reason, "function_call"))
        edit(w, w->e->t.v[reason].start, w->e->t.v[reason].end, CU_LIT("\"stop\""));
}

static cu_bytes rest_of_list(whole *w, uint32_t list)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(w->e->json.n + 16);
    bool any = false;
    cu_buf_byte(&b, '[');
    for (size_t i = 0; i < w->listed_n; i++) {
        const cu_json_node *c = &w->e->t.v[w->listed[i].call];
        if (w->listed[i].list != list || w->listed[i].note.n)
            continue;
        if (any)
            cu_buf_byte(&b, ',');
        cu_buf_add(&b, cu_slice(w->e->json, c->start, c->end));
        any = true;
    }
    cu_buf_byte(&b, ']');
    return b.err ? CU_NONE : any ? cu_arena_dup(w->e->a, cu_buf_view(&b)) : CU_LIT("");
}

static cu_err one_list(whole *w, uint32_t list)
{
    cu_bytes notes = CU_NONE;
    for (size_t i = 0; i < w->listed_n; i++) {
        if (w->listed[i].list != list || !w->listed[i].note.n)
            continue;
        char *all = cu_arena_fmt(w->e->a, "%.*s%s%.*s", CU_FMT(notes), notes.n ? "\n\n" : "", CU_FMT(w->listed[i].note));
        if (!all)
            return CU_NOMEM;
        notes = cu_str(all);
    }
    if (!notes.n)
        return CU_OK;
    uint32_t message = w->e->t.v[list].parent;
    cu_bytes rest = rest_of_list(w, list);
    if (!rest.p)
        return CU_NOMEM;
    if (message == CU_TREE_NONE || w->e->t.v[list].key == CU_TREE_NONE || rest.n) {
        edit(w, w->e->t.v[list].start, w->e->t.v[list].end, rest.n ? rest : CU_LIT("[]"));
        list = CU_TREE_NONE;
    }
    if (message != CU_TREE_NONE)
        say_in_message(w, message, list, notes);
    if (message != CU_TREE_NONE && !rest.n)
        finish_reason(w, message);
    return CU_OK;
}

static cu_err lists(whole *w)
{
    for (size_t i = 0; i < w->listed_n; i++) {
        size_t k = 0;
        while (w->listed[k].list != w->listed[i].list)
            k++;
        if (k == i) /* the first of its list */
            CU_TRY(one_list(w, w->listed[i].list));
    }
    return CU_OK;
}

static void replace(whole *w, uint32_t node, const cu_call *is, cu_bytes note)
{
    const cu_json_tree *t = &w->e->t;
    uint32_t parent = t->v[node].parent;
    if (cu_json_under(t, node, "functionCall") && parent != CU_TREE_NONE) {
        edit(w, t->v[parent].start, t->v[parent].end, json_of(w, "{\"text\":", note, "}"));
    } else if (w->t->w.api == CU_API_ANTHROPIC && cu_json_member(t, node, "type") != CU_TREE_NONE) {
        edit(w, t->v[node].start, t->v[node].end, json_of(w, "{\"type\":\"text\",\"text\":", note, "}"));
    } else if (cu_json_member(t, node, "type") != CU_TREE_NONE && is->whole == node) {
        edit(w, t->v[node].start, t->v[node].end, item_of(w, node, note));
    } else if (cu_json_under(t, node, "function_call") && parent != CU_TREE_NONE) {
        say_in_message(w, parent, node, note);
        finish_reason(w, parent);
    } else { /* in no place that is known: it stays, and asks for nothing */
        bool text = t->v[is->args].kind == CU_NODE_STRING;
        edit(w, t->v[is->args].start, t->v[is->args].end, text ? CU_LIT("\"{}\"") : CU_LIT("{}"));
    }
}

static cu_err one_call(whole *w, uint32_t node, const cu_call *is)
{
    const part_event *e = w->e;
    const cu_tool_call c = {is->name, is->id, cu_call_args(&e->t, is, e->a), is->raw};
    uint32_t list = e->t.v[is->whole].parent;
    bool listed = is->whole != node && list != CU_TREE_NONE && e->t.v[list].kind == CU_NODE_LIST;
    cu_call_action action;
    cu_mark why;
    CU_TRY(part_judge(w->t, &c, &action, &why));
    bool stops = part_stops(action);
    w->t->released += !stops;
    w->t->stopped += stops;
    cu_bytes note = stops ? part_note(w->t, w->t->w.api == CU_API_GEMINI && w->t->text.n, is->name, action, &why, e->a) : CU_LIT("");
    if (!note.p)
        return CU_NOMEM;
    if (listed)
        w->listed[w->listed_n++] = (in_list){is->whole, list, note};
    else if (stops)
        replace(w, node, is, note);
    return CU_OK;
}

/* Anthropic: the turn ends when none of its calls is left. */
static void stop_reason(whole *w)
{
    if (!w->t->stopped || w->t->released)
        return;
    for (uint32_t i = 0; i < w->e->t.n; i++)
        if (cu_json_under(&w->e->t, i, "stop_reason") && cu_json_says(&w->e->t, i, "tool_use"))
            edit(w, w->e->t.v[i].start, w->e->t.v[i].end, CU_LIT("\"end_turn\""));
}

/* Room for the edits of so many calls. */
static cu_err make_room(whole *w, size_t calls)
{
    w->cap = 4 * calls + 4;
    w->v = cu_arena_alloc(w->e->a, w->cap * sizeof *w->v);
    w->listed = cu_arena_alloc(w->e->a, (calls + 1) * sizeof *w->listed);
    return w->v && w->listed ? CU_OK : CU_NOMEM;
}

cu_err part_whole(cu_turn *t, const part_event *e, cu_bytes *out)
{
    whole w = {.t = t, .e = e};
    cu_call is;
    size_t calls = 0;
    uint32_t behind = 0;
    *out = e->json;
    for (uint32_t i = 0; i < e->t.n; i++)
        calls += e->t.v[i].kind == CU_NODE_OBJECT && cu_call_read(&e->t, i, e->a, &is);
    if (!calls && !t->stopped)
        return CU_OK;
    CU_TRY(make_room(&w, calls));
    for (uint32_t i = 0; i < e->t.n && calls; i++) {
        if (e->t.v[i].start < behind || !cu_call_read(&e->t, i, e->a, &is))
            continue;
        behind = e->t.v[i].end; /* what its arguments hold is theirs */
        if (!is.remote && is.args != CU_TREE_NONE)
            CU_TRY(one_call(&w, i, &is));
    }
    CU_TRY(lists(&w));
    if (t->w.api == CU_API_ANTHROPIC)
        stop_reason(&w);
    for (size_t i = 0; i < w.n; i++)
        if (!w.v[i].with.p)
            return CU_NOMEM;
    return cu_splice_apply(e->json, w.v, w.n, e->a, out);
}
