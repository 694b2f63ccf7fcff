/* OpenAI Chat Completions: calls come in pieces, by choice and number, and are whole when the choice gives its
 * reason to finish. */
#include "turn_part.h"
#include "wire/splice.h"

#define LEGACY 0xffffffffu /* number of delta.function_call */

static part_choice *choice_of(cu_turn *t, uint64_t index)
{
    for (size_t i = 0; i < MAX_CHOICES; i++)
        if (t->choices[i].open && t->choices[i].index == index)
            return &t->choices[i];
    return NULL;
}

static cu_err choice_open(cu_turn *t, uint64_t index, const part_event *e, part_choice **out)
{
    *out = choice_of(t, index);
    if (*out)
        return CU_OK;
    for (size_t i = 0; i < MAX_CHOICES && !*out; i++)
        *out = t->choices[i].open ? NULL : &t->choices[i];
    if (!*out)
        return CU_TOO_BIG;
    **out = (part_choice){.open = true, .index = index, .held = CU_BUF(CU_TURN_MAX_HELD), .frame = CU_BUF(CU_FRAME_MAX)};
    cu_buf_add(&(*out)->frame, e->json);
    return cu_buf_err(&(*out)->frame);
}

static void choice_close(cu_turn *t, part_choice *c)
{
    t->held -= c->held.n;
    cu_buf_free(&c->held);
    cu_buf_free(&c->frame);
    c->open = false;
}

static cu_err piece(cu_turn *t, const part_event *e, uint64_t choice, uint32_t number, uint32_t call, bool raw)
{
    uint64_t key = choice << 32 | number;
    part_call *c = part_find(t, key);
    uint32_t outer = e->t.v[call].parent;
    if (!c)
        CU_TRY(part_open(t, key, &c));
    c->raw |= raw;
    part_set(&c->name, cu_json_plain(&e->t, cu_json_member(&e->t, call, "name"), e->a));
    if (number != LEGACY)
        part_set(&c->id, cu_json_plain(&e->t, cu_json_member(&e->t, outer, "id"), e->a));
    cu_buf_add(&c->args, cu_json_plain(&e->t, cu_json_member(&e->t, call, raw ? "input" : "arguments"), e->a));
    return cu_buf_err(&c->args);
}

/* Takes the pieces of one choice. *any: it has some. */
static cu_err collect(cu_turn *t, const part_event *e, uint32_t choice, uint64_t index, bool *any)
{
    uint32_t delta = cu_json_member(&e->t, choice, "delta");
    uint32_t list = cu_json_member(&e->t, delta, "tool_calls"), old = cu_json_member(&e->t, delta, "function_call");
    part_choice *c;
    *any = (list != CU_TREE_NONE && e->t.v[list].first != CU_TREE_NONE) || (old != CU_TREE_NONE && e->t.v[old].kind == CU_NODE_OBJECT);
    if (!*any)
        return CU_OK;
    CU_TRY(choice_open(t, index, e, &c));
    c->role |= cu_json_member(&e->t, delta, "role") != CU_TREE_NONE;
    if (old != CU_TREE_NONE && e->t.v[old].kind == CU_NODE_OBJECT)
        CU_TRY(piece(t, e, index, LEGACY, old, false));
    for (uint32_t k = list == CU_TREE_NONE ? list : e->t.v[list].first; k != CU_TREE_NONE; k = e->t.v[k].next) {
        uint32_t function = cu_json_member(&e->t, k, "function"), custom = cu_json_member(&e->t, k, "custom");
        uint64_t number = 0;
        (void)part_number(e, k, "index", &number);
        if (number >= LEGACY)
            return CU_TOO_BIG;
        if (function != CU_TREE_NONE)
            CU_TRY(piece(t, e, index, (uint32_t)number, function, false));
        if (custom != CU_TREE_NONE)
            CU_TRY(piece(t, e, index, (uint32_t)number, custom, true));
    }
    return CU_OK;
}

/* A chunk like the first that was held, with other choices and without counts. */
static cu_err put_chunk(cu_turn *t, const part_choice *c, cu_bytes choices)
{
    cu_arena a CU_CLEAN_ARENA;
    part_event f = {.json = cu_buf_view(&c->frame), .a = &a};
    cu_bytes now;
    cu_splice v[2];
    size_t n = 0;
    cu_arena_init(&a, (size_t)64 << 20);
    CU_TRY(cu_json_walk(f.json, &a, &f.s, NULL));
    CU_TRY(cu_json_tree_of(f.json, &f.s, &a, &f.t));
    uint32_t list = cu_json_member(&f.t, 0, "choices"), usage = cu_json_member(&f.t, 0, "usage");
    v[n++] = (cu_splice){f.t.v[list].start, f.t.v[list].end, choices};
    if (usage != CU_TREE_NONE)
        v[n++] = (cu_splice){f.t.v[usage].start, f.t.v[usage].end, CU_LIT("null")};
    CU_TRY(cu_splice_apply(f.json, v, n, &a, &now));
    part_event_begin(t, NULL);
    cu_buf_add(t->out, now);
    part_event_end(t);
    return cu_buf_err(t->out);
}

static void choices_begin(cu_buf *b, const part_choice *c, bool first)
{
    cu_buf_fmt(b, "[{\"index\":%llu,\"delta\":{", (unsigned long long)c->index);
    if (first && c->role)
        cu_buf_str(b, "\"role\":\"assistant\",");
}

static cu_err say(cu_turn *t, const part_choice *c, bool first, cu_bytes note)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    choices_begin(&b, c, first);
    cu_buf_str(&b, "\"content\":");
    cu_buf_json_string(&b, note);
    cu_buf_str(&b, "},\"finish_reason\":null}]");
    CU_TRY(cu_buf_err(&b));
    return put_chunk(t, c, cu_buf_view(&b));
}

static cu_err again(cu_turn *t, const part_choice *c, const part_call *k, unsigned number)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(8 * CU_TURN_MAX_HELD);
    const char *kind = k->raw ? "custom" : "function";
    choices_begin(&b, c, false);
    if ((uint32_t)k->key == LEGACY) {
        cu_buf_str(&b, "\"function_call\":{");
    } else {
        cu_buf_fmt(&b, "\"tool_calls\":[{\"index\":%u", number);
        cu_buf_json_kv(&b, "id", cu_buf_view(&k->id));
        cu_buf_json_kv_str(&b, "type", kind);
        cu_buf_fmt(&b, ",\"%s\":{", kind);
    }
    cu_buf_json_kv(&b, "name", cu_buf_view(&k->name));
    cu_buf_json_kv(&b, k->raw ? "input" : "arguments", cu_buf_view(&k->args));
    cu_buf_str(&b, (uint32_t)k->key == LEGACY ? "}" : "}}]");
    cu_buf_str(&b, "},\"finish_reason\":null}]");
    CU_TRY(cu_buf_err(&b));
    return put_chunk(t, c, cu_buf_view(&b));
}

/* The next open call of the choice, in the order of their numbers; NULL: no more. */
static part_call *next_call(cu_turn *t, const part_choice *c, uint64_t *from)
{
    part_call *best = NULL;
    for (size_t i = 0; i < t->calls_n; i++) {
        part_call *k = &t->calls[i];
        if (k->open && k->key >> 32 == c->index && (uint32_t)k->key >= *from && (!best || k->key < best->key))
            best = k;
    }
    if (best)
        *from = (uint64_t)(uint32_t)best->key + 1;
    return best;
}

/* *stopped: calls that are replaced; *left: that remain. */
static cu_err decide(cu_turn *t, part_choice *c, cu_arena *a, unsigned *stopped, unsigned *left)
{
    cu_call_action action;
    cu_mark why;
    cu_bytes notes = CU_NONE;
    part_call *k;
    *stopped = *left = 0;
    for (uint64_t at = 0; (k = next_call(t, c, &at)) != NULL;) {
        CU_TRY(part_judge_held(t, k, &action, &why));
        if (!part_stops(action)) {
            ++*left;
            continue;
        }
        cu_bytes note = part_note(t, !notes.n && t->text.n, cu_buf_view(&k->name), action, &why, a);
        char *all = note.p ? cu_arena_fmt(a, "%.*s%s%.*s", CU_FMT(notes), notes.n ? "\n\n" : "", CU_FMT(note)) : NULL;
        if (!all)
            return CU_NOMEM;
        notes = cu_str(all);
        ++*stopped;
        k->named = true; /* is not told again */
    }
    if (*stopped) {
        unsigned number = 0;
        CU_TRY(say(t, c, true, notes));
        for (uint64_t at = 0; (k = next_call(t, c, &at)) != NULL;)
            if (!k->named)
                CU_TRY(again(t, c, k, number++));
    } else {
        cu_buf_add(t->out, cu_buf_view(&c->held));
    }
    for (size_t i = 0; i < t->calls_n; i++)
        if (t->calls[i].open && t->calls[i].key >> 32 == c->index)
            part_close(t, &t->calls[i]);
    choice_close(t, c);
    return cu_buf_err(t->out);
}

cu_err part_chunks_end(cu_turn *t)
{
    cu_arena a CU_CLEAN_ARENA;
    unsigned stopped, left;
    cu_arena_init(&a, (size_t)1 << 20);
    for (size_t i = 0; i < MAX_CHOICES; i++)
        if (t->choices[i].open)
            CU_TRY(decide(t, &t->choices[i], &a, &stopped, &left));
    return CU_OK;
}

typedef struct {
    cu_splice v[2 * MAX_CHOICES];
    size_t n;
    bool held, decided;
} chunk;

/* The choice is finished: its calls are judged, and what this event says of them is made to fit. */
static cu_err finish(cu_turn *t, part_event *e, uint32_t choice, part_choice *c, chunk *k)
{
    uint32_t reason = cu_json_member(&e->t, choice, "finish_reason"), delta = cu_json_member(&e->t, choice, "delta");
    unsigned stopped, left;
    CU_TRY(decide(t, c, e->a, &stopped, &left));
    k->decided = true;
    if (!stopped || k->n + 2 > sizeof k->v / sizeof *k->v)
        return CU_OK;
    if (!left && (cu_json_says(&e->t, reason, "tool_calls") || cu_json_says(&e->t, reason, "function_call")))
        k->v[k->n++] = (cu_splice){e->t.v[reason].start, e->t.v[reason].end, CU_LIT("\"stop\"")};
    if (delta != CU_TREE_NONE && k->held)
        k->v[k->n++] = (cu_splice){e->t.v[delta].start, e->t.v[delta].end, CU_LIT("{}")};
    k->held &= k->n == 0;
    return CU_OK;
}

static cu_err put_edited(cu_turn *t, part_event *e, chunk *k)
{
    cu_bytes now;
    if (k->n)
        CU_TRY(cu_splice_apply(e->json, k->v, k->n, e->a, &now));
    else
        CU_TRY(part_whole(t, e, &now));
    cu_buf_add(t->out, cu_slice(e->bytes, 0, e->from));
    cu_buf_add(t->out, now);
    cu_buf_add(t->out, cu_slice(e->bytes, e->from + e->json.n, e->bytes.n));
    return cu_buf_err(t->out);
}

cu_err part_chunk(cu_turn *t, part_event *e)
{
    uint32_t choices = cu_json_member(&e->t, 0, "choices");
    uint32_t first = choices == CU_TREE_NONE || e->t.v[choices].kind != CU_NODE_LIST ? CU_TREE_NONE : e->t.v[choices].first;
    chunk k = {.n = 0};
    for (uint32_t i = first; i != CU_TREE_NONE; i = e->t.v[i].next) {
        uint64_t index = 0;
        bool any;
        (void)part_number(e, i, "index", &index);
        CU_TRY(index >> 31 ? CU_TOO_BIG : collect(t, e, i, index, &any));
        if (any && !k.held)
            CU_TRY(part_hold(t, &choice_of(t, index)->held, e->bytes));
        k.held |= any;
    }
    for (uint32_t i = first; i != CU_TREE_NONE; i = e->t.v[i].next) {
        uint64_t index = 0;
        uint32_t reason = cu_json_member(&e->t, i, "finish_reason");
        (void)part_number(e, i, "index", &index);
        part_choice *c = choice_of(t, index);
        if (c && reason != CU_TREE_NONE && e->t.v[reason].kind == CU_NODE_STRING)
            CU_TRY(finish(t, e, i, c, &k));
    }
    return k.held ? CU_OK : put_edited(t, e, &k);
}
