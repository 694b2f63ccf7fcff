#include "wire/mention.h"
#include "wire/call.h"
#include "mention_text.h"

#define SMALL_TEXT 8u        /* bytes; shorter texts name nothing */

/* How a result looks. */
static const struct {
    const char *type, *under;
    const char *id, *content;
    uint8_t form;
} results[] = {
    {NULL, NULL, "tool_use_id", "content", CU_CUT_STRING},
    {NULL, NULL, "tool_call_id", "content", CU_CUT_STRING},
    {"function_call_output", NULL, "call_id", "output", CU_CUT_STRING},
    {"custom_tool_call_output", NULL, "call_id", "output", CU_CUT_STRING},
    {"local_shell_call_output", NULL, "call_id", "output", CU_CUT_STRING},
    {NULL, "functionResponse", "id", "response", CU_CUT_OBJECT},
};

enum { FREE, IN_CALL, IN_RESULT };

typedef struct {
    cu_bytes id, name;
    size_t from, n;          /* its mentions */
    bool answered;
} call;

typedef struct {
    const cu_tools *tools;
    const cu_json_tree *t;
    cu_arena *a;
    cu_mentions *out;
    cu_fault *f;
    uint8_t *where;          /* by node: FREE, IN_CALL, IN_RESULT */
    call *calls;
    size_t calls_n, calls_cap;
    uint32_t *index;         /* open addressing over ids */
    size_t index_n;
    /* where the next mention belongs */
    uint32_t at;
    cu_bytes folder, tool;
    bool holds_text;         /* the call carries what is in the file */
    uint32_t line_string;    /* of a text: its string */
    cu_buf room;             /* for texts that are read once */
} reading;

/* --- building the lists --- */

static void *grown(cu_arena *a, const void *v, size_t n, size_t *cap, size_t item)
{
    size_t want = *cap ? 2 * *cap : 64;
    void *fresh = cu_arena_raw(a, want * item);
    if (fresh && n)
        memcpy(fresh, v, n * item);
    *cap = fresh ? want : *cap;
    return fresh;
}

static cu_err add_mention(reading *r, cu_bytes path, cu_bytes folder, bool pattern)
{
    cu_mentions *m = r->out;
    const cu_mention *last = m->n ? &m->v[m->n - 1] : NULL;
    if (path.n == 0 || path.n > CU_MENTION_PATH_MAX ||
        (last && last->at == r->at && last->pattern == pattern && cu_eq(last->path, path) && cu_eq(last->folder, folder)))
        return CU_OK;
    if (m->n == CU_MENTION_MAX)
        return cu_fail(r->f, CU_TOO_BIG, "the conversation names more than %u files", CU_MENTION_MAX);
    if (m->n == m->cap && !(m->v = grown(r->a, m->v, m->n, &m->cap, sizeof *m->v)))
        return CU_NOMEM;
    cu_mention it = {cu_arena_dup(r->a, path), folder.n ? cu_arena_dup(r->a, folder) : CU_NONE, pattern, r->at};
    m->v[m->n++] = it;
    return it.path.p ? CU_OK : CU_NOMEM;
}

static cu_err add_at(reading *r, uint32_t start, uint32_t end, uint8_t form, uint32_t *at)
{
    cu_mentions *m = r->out;
    if (m->at_n == m->at_cap && !(m->at = grown(r->a, m->at, m->at_n, &m->at_cap, sizeof *m->at)))
        return CU_NOMEM;
    m->at[m->at_n] = (cu_cut_at){start, end, form};
    *at = (uint32_t)m->at_n++;
    return CU_OK;
}

static cu_err take_path(void *arg, cu_bytes path, cu_bytes folder, bool pattern, size_t line)
{
    return add_mention(arg, path, folder, pattern);
}

/* --- arguments of a call --- */

static bool is_pattern(cu_bytes b)
{
    return memchr(b.p, '*', b.n) || memchr(b.p, '?', b.n);
}

static cu_err take_argument(reading *r, cu_bytes name, cu_bytes text)
{
    const cu_path_sink sink = {take_path, r};
    bool lines = memchr(text.p, '\n', text.n) != NULL;
    if (text.n == 0)
        return CU_OK;
    switch (cu_tool_role(r->tools, r->tool, name)) {
    case CU_ARG_FILE:
        return add_mention(r, text, r->folder, is_pattern(text));
    case CU_ARG_PATCH:
        r->holds_text = true;
        return cu_paths_in_lines(r->tools->files, r->tools->files_n, text, false, &sink);
    case CU_ARG_COMMAND:
    case CU_ARG_CODE:
        r->holds_text |= lines;
        CU_TRY(cu_paths_in_lines(r->tools->files, r->tools->files_n, text, false, &sink));
        return cu_paths_in_command(text, r->folder, true, &sink);
    case CU_ARG_CONTENT:
    case CU_ARG_OLD:
        r->holds_text = true;
        return CU_OK;
    case CU_ARG_FOLDER:
    case CU_ARG_URL:
    case CU_ARG_WORDS:
        return CU_OK;
    default:
        r->holds_text |= lines;
        CU_TRY(cu_paths_in_lines(r->tools->files, r->tools->files_n, text, false, &sink));
        return cu_paths_in_command(text, r->folder, false, &sink);
    }
}

/* The member name that a value stands under, through lists. */
static cu_bytes name_of(const cu_json_tree *t, uint32_t node, uint32_t top)
{
    while (node != top && t->v[node].key == CU_TREE_NONE)
        node = t->v[node].parent;
    if (t->v[node].key == CU_TREE_NONE)
        return CU_NONE;
    const cu_json_string *s = &t->strings->v[t->v[node].key];
    return cu_slice(t->text, s->start, s->end);
}

static uint32_t last_of(const cu_json_tree *t, uint32_t top)
{
    uint32_t i = top + 1;
    while (i < t->n && t->v[i].start < t->v[top].end)
        i++;
    return i;
}

static cu_err take_arguments(reading *r, const cu_json_tree *t, uint32_t top)
{
    uint32_t end = last_of(t, top);
    r->folder = CU_NONE;
    for (uint32_t i = top; i < end; i++)
        if (t->v[i].kind == CU_NODE_STRING && cu_tool_role(r->tools, r->tool, name_of(t, i, top)) == CU_ARG_FOLDER)
            r->folder = cu_json_plain(t, i, r->a);
    for (uint32_t i = top; i < end; i++)
        if (t->v[i].kind == CU_NODE_STRING)
            CU_TRY(take_argument(r, name_of(t, i, top), cu_json_plain(t, i, r->a)));
    return CU_OK;
}

/* Arguments that are JSON in a string; *form is what may stand in their place. */
static cu_err take_nested(reading *r, uint32_t node, uint8_t *form)
{
    cu_bytes text = cu_json_plain(r->t, node, r->a);
    cu_json_strings strings;
    cu_json_tree inner;
    cu_fault ignored = {0};
    *form = CU_CUT_STRING;
    if (text.n && text.p[0] == '{' && cu_json_walk(text, r->a, &strings, &ignored) == CU_OK) {
        *form = CU_CUT_ARGUMENTS;
        CU_TRY(cu_json_tree_of(text, &strings, r->a, &inner));
        return take_arguments(r, &inner, 0);
    }
    return take_arguments(r, r->t, node);
}

static size_t slot_of(const reading *r, cu_bytes id)
{
    uint64_t h = 1469598103934665603ull;
    for (size_t i = 0; i < id.n; i++)
        h = (h ^ id.p[i]) * 1099511628211ull;
    size_t mask = r->index_n - 1, i = (size_t)(h >> 20) & mask;
    while (r->index[i] && !cu_eq(r->calls[r->index[i] - 1].id, id))
        i = (i + 1) & mask;
    return i;
}

static cu_err index_grow(reading *r)
{
    r->index_n = r->index_n ? 2 * r->index_n : 128;
    r->index = cu_arena_alloc(r->a, r->index_n * sizeof *r->index);
    if (!r->index)
        return CU_NOMEM;
    for (size_t i = 0; i < r->calls_n; i++)
        if (r->calls[i].id.n)
            r->index[slot_of(r, r->calls[i].id)] = (uint32_t)i + 1;
    return CU_OK;
}

static cu_err add_call(reading *r, call c)
{
    if (r->calls_n == r->calls_cap && !(r->calls = grown(r->a, r->calls, r->calls_n, &r->calls_cap, sizeof *r->calls)))
        return CU_NOMEM;
    if (2 * (r->calls_n + 1) > r->index_n)
        CU_TRY(index_grow(r));
    r->calls[r->calls_n++] = c;
    if (c.id.n)
        r->index[slot_of(r, c.id)] = (uint32_t)r->calls_n;
    return CU_OK;
}

static cu_err take_call(reading *r, const cu_call *is)
{
    const cu_json_tree *t = r->t;
    uint32_t args = is->args;
    call c = {.id = is->id, .name = is->name};
    c.from = r->out->n;
    if (args != CU_TREE_NONE) {
        uint8_t form = CU_CUT_OBJECT;
        r->tool = c.name;
        r->holds_text = false;
        r->where[args] = IN_CALL;
        CU_TRY(add_at(r, t->v[args].start, t->v[args].end, form, &r->at));
        CU_TRY(t->v[args].kind == CU_NODE_STRING ? take_nested(r, args, &form) : take_arguments(r, t, args));
        r->out->at[r->at].form = form;
        c.n = r->out->n - c.from;
        /* a call that only names the file stays: its result is what goes */
        for (size_t i = c.from; !r->holds_text && i < r->out->n; i++)
            r->out->v[i].at = CU_TREE_NONE;
    }
    return add_call(r, c);
}

/* --- results and texts --- */

/* A string unescaped, good until the next call. */
static cu_err text_once(reading *r, uint32_t node, cu_bytes *out)
{
    const cu_json_string *s = &r->t->strings->v[r->t->v[node].string];
    *out = cu_slice(r->t->text, s->start, s->end);
    if (!(s->flags & CU_JSON_ESCAPED))
        return CU_OK;
    cu_buf_reset(&r->room);
    cu_json_unescape(*out, &r->room);
    *out = cu_buf_view(&r->room);
    return cu_buf_err(&r->room);
}

static cu_err take_lines(reading *r, cu_bytes text, bool heads)
{
    const cu_path_sink sink = {take_path, r};
    return cu_paths_in_lines(r->tools->files, r->tools->files_n, text, heads, &sink);
}

/* Gemini gives no ids: results answer calls of their name in order. */
static const call *call_of(reading *r, uint32_t node, cu_bytes id)
{
    if (id.n && r->index_n) {
        uint32_t k = r->index[slot_of(r, id)];
        return k ? &r->calls[k - 1] : NULL;
    }
    cu_bytes name = cu_json_plain(r->t, cu_json_member(r->t, node, "name"), r->a);
    for (size_t i = 0; i < r->calls_n && name.n; i++)
        if (!r->calls[i].answered && cu_eq(r->calls[i].name, name)) {
            r->calls[i].answered = true;
            return &r->calls[i];
        }
    return NULL;
}

static cu_err take_result(reading *r, uint32_t node, size_t row)
{
    const cu_json_tree *t = r->t;
    uint32_t content = cu_json_member(t, node, results[row].content), id = cu_json_member(t, node, results[row].id);
    if (content == CU_TREE_NONE)
        return CU_OK;
    const call *c = call_of(r, node, cu_json_plain(t, id, r->a));
    size_t from = c ? c->from : 0, n = c ? c->n : 0;
    r->where[content] = IN_RESULT;
    CU_TRY(add_at(r, t->v[content].start, t->v[content].end, results[row].form, &r->at));
    for (size_t i = from; i < from + n; i++)
        CU_TRY(add_mention(r, r->out->v[i].path, r->out->v[i].folder, r->out->v[i].pattern));
    for (uint32_t i = content, end = last_of(t, content); i < end; i++)
        if (t->v[i].kind == CU_NODE_STRING) {
            cu_bytes text;
            CU_TRY(text_once(r, i, &text));
            CU_TRY(take_lines(r, text, true));
        }
    return CU_OK;
}

/* From the line that names a file to the end of the text. */
static cu_err take_text_line(void *arg, cu_bytes path, cu_bytes folder, bool pattern, size_t line)
{
    reading *r = arg;
    const cu_json_string *s = &r->t->strings->v[r->line_string];
    size_t raw_from = 0, plain_from = 0, at = line;
    if (s->flags & CU_JSON_ESCAPED)
        at = cu_json_raw_offset(cu_slice(r->t->text, s->start, s->end), line, &raw_from, &plain_from);
    CU_TRY(add_at(r, s->start + (uint32_t)at, s->end, CU_CUT_TEXT, &r->at));
    return add_mention(r, path, folder, pattern);
}

static cu_err take_folder(void *arg, cu_bytes path, cu_bytes folder, bool pattern, size_t line)
{
    cu_mentions *m = ((reading *)arg)->out;
    for (size_t i = 0; i < m->folders_n; i++)
        if (cu_eq(m->folders[i], path))
            return CU_OK;
    if (m->folders_n == CU_MENTION_FOLDERS)
        return CU_OK;
    m->folders[m->folders_n] = cu_arena_dup(((reading *)arg)->a, path);
    return m->folders[m->folders_n++].p ? CU_OK : CU_NOMEM;
}

static cu_err take_text(reading *r, uint32_t node, bool files)
{
    const cu_path_sink lines = {take_text_line, r}, folders = {take_folder, r};
    const cu_json_node *n = &r->t->v[node];
    if (n->end - n->start < SMALL_TEXT)
        return CU_OK;
    cu_bytes text;
    CU_TRY(text_once(r, node, &text));
    r->line_string = n->string;
    if (r->out->folders_n < CU_MENTION_FOLDERS)
        CU_TRY(cu_paths_in_lines(r->tools->folders, r->tools->folders_n, text, false, &folders));
    return files ? cu_paths_in_lines(r->tools->files, r->tools->files_n, text, false, &lines) : CU_OK;
}

/* --- all of it --- */

static bool row_fits(const cu_json_tree *t, uint32_t node, const char *type, const char *under)
{
    return (!type || cu_json_says(t, cu_json_member(t, node, "type"), type)) && (!under || cu_json_under(t, node, under));
}

static cu_err take_calls(reading *r)
{
    for (uint32_t i = 0; i < r->t->n; i++) {
        const cu_json_node *n = &r->t->v[i];
        if (n->parent != CU_TREE_NONE && r->where[n->parent] == IN_CALL)
            r->where[i] = IN_CALL;
        cu_call is;
        if (n->kind == CU_NODE_OBJECT && r->where[i] != IN_CALL && cu_call_read(r->t, i, r->a, &is))
            CU_TRY(take_call(r, &is));
    }
    return CU_OK;
}

static cu_err take_rest(reading *r, bool files)
{
    for (uint32_t i = 0; i < r->t->n; i++) {
        const cu_json_node *n = &r->t->v[i];
        if (n->parent != CU_TREE_NONE && r->where[n->parent] != FREE)
            r->where[i] = r->where[n->parent];
        if (r->where[i] != FREE)
            continue;
        if (n->kind == CU_NODE_STRING)
            CU_TRY(take_text(r, i, files));
        for (size_t k = 0; k < sizeof results / sizeof *results && n->kind == CU_NODE_OBJECT && files; k++)
            if (row_fits(r->t, i, results[k].type, results[k].under) &&
                (results[k].type || results[k].under || cu_json_member(r->t, i, results[k].id) != CU_TREE_NONE)) {
                CU_TRY(take_result(r, i, k));
                break;
            }
        if (n->kind != CU_NODE_STRING && cu_json_under(r->t, i, "tools"))
            r->where[i] = IN_CALL; /* what tools are, not what they did */
    }
    return CU_OK;
}

cu_err cu_mentions_of(const cu_tools *tools, const cu_json_tree *t, bool files, cu_arena *a, cu_mentions *out, cu_fault *f)
{
    *out = (cu_mentions){0};
    reading r = {.tools = tools, .t = t, .a = a, .out = out, .f = f, .at = CU_TREE_NONE};
    r.where = cu_arena_alloc(a, t->n + 1);
    if (!r.where)
        return CU_NOMEM;
    r.room = CU_BUF(t->text.n + 64);
    cu_err e = files ? take_calls(&r) : CU_OK;
    if (e == CU_OK)
        e = take_rest(&r, files);
    cu_buf_free(&r.room);
    return e;
}

void cu_cut_put(cu_cut_form form, cu_bytes note, cu_buf *out)
{
    cu_buf inner CU_CLEAN_BUF = CU_BUF(65536);
    switch (form) {
    case CU_CUT_TEXT:
        cu_buf_json_escape(out, note);
        return;
    case CU_CUT_STRING:
        cu_buf_json_string(out, note);
        return;
    default:
        cu_buf_str(&inner, "{\"custos\":");
        cu_buf_json_string(&inner, note);
        cu_buf_byte(&inner, '}');
        if (inner.err)
            out->err = inner.err;
        else if (form == CU_CUT_OBJECT)
            cu_buf_add(out, cu_buf_view(&inner));
        else
            cu_buf_json_string(out, cu_buf_view(&inner));
    }
}
