/* From the arguments of a call to artefacts. */
#include "base/buf.h"
#include "reading.h"
#include "wire/tree.h"

#define MAX_WORDS 512u /* of a command that is given as a list */

const char *cu_artefact_kind_name(unsigned kind)
{
    static const char *const names[] = {"command", "code", "patch", "url"};
    return names[kind];
}

void art_add(art_reading *r, unsigned kind, cu_bytes lang, cu_bytes text, bool open)
{
    cu_artefacts *o = r->out;
    if (text.n == 0 && !open)
        return;
    if (o->n == CU_ARTEFACT_MAX) {
        o->unread = true;
        return;
    }
    if (!o->v)
        o->v = cu_arena_alloc(r->a, CU_ARTEFACT_MAX * sizeof *o->v);
    if (!o->v) {
        r->err = CU_NOMEM;
        return;
    }
    o->v[o->n++] = (cu_artefact){kind, lang, r->path, text, r->tool, r->call, open, false};
}

static bool one_word(cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] <= ' ')
            return false;
    return t.n > 0 && t.n < 2048;
}

static void code(art_reading *r, cu_bytes text)
{
    const cu_tool *t = cu_tool_find(r->tools, r->tool);
    size_t at = r->out->n;
    art_add(r, CU_ARTEFACT_COMMAND, t && t->lang.n ? t->lang : CU_LIT("unknown"), text, false);
    if (!t || !t->calls.n || r->out->n == at)
        return;
    r->prefix = t->calls;
    r->out->v[at].hosts = true;
    r->out->v[at].open = art_program(r, text);
}

static bool holds_patch(cu_bytes text)
{
    return cu_find(text, CU_LIT("*** Begin Patch"), 0) != SIZE_MAX;
}

void art_argument(art_reading *r, cu_bytes name, cu_bytes text, bool listed, bool open)
{
    switch (cu_tool_part(r->tools, r->tool, name)) {
    case CU_ARG_COMMAND:
        art_add(r, CU_ARTEFACT_COMMAND, CU_LIT("sh"), text, open && cu_starts(text, CU_LIT(ART_UNKNOWN)));
        if (holds_patch(text))
            art_patch(r, text);
        return;
    case CU_ARG_CODE:
        code(r, text);
        return;
    case CU_ARG_CONTENT:
        art_add(r, CU_ARTEFACT_CODE, cu_lang_of(r->tools, r->path, CU_NONE), text, false);
        return;
    case CU_ARG_PATCH:
        art_patch(r, text);
        return;
    case CU_ARG_URL:
        art_add(r, CU_ARTEFACT_URL, CU_NONE, text, false);
        return;
    case CU_ARG_UNKNOWN:
        break;
    default:
        return;
    }
    /* what is not known could be anything: an address, a patch, or text */
    if (holds_patch(text))
        art_patch(r, text);
    else if (one_word(text))
        art_add(r, CU_ARTEFACT_URL, CU_NONE, text, false);
    else if (!listed)
        art_add(r, CU_ARTEFACT_CODE, CU_NONE, text, false);
}

static void put_quoted(cu_buf *b, cu_bytes word)
{
    cu_buf_byte(b, '\'');
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] == '\'')
            cu_buf_str(b, "'\\''");
        else
            cu_buf_byte(b, word.p[i]);
    cu_buf_byte(b, '\'');
}

void art_argv(art_reading *r, const cu_bytes *v, size_t n, bool open)
{
    size_t room = 64;
    for (size_t i = 0; i < n; i++)
        room += 4 * v[i].n + 3;
    cu_buf b CU_CLEAN_BUF = CU_BUF(room);
    for (size_t i = 0; i < n; i++) {
        if (i)
            cu_buf_byte(&b, ' ');
        put_quoted(&b, v[i]);
    }
    cu_bytes text = b.err ? CU_NONE : cu_arena_dup(r->a, cu_buf_view(&b));
    if (n && !text.p)
        r->err = CU_NOMEM;
    else
        art_add(r, CU_ARTEFACT_COMMAND, CU_LIT("sh"), text, open);
}

static bool heads(cu_bytes line, const char *head, cu_bytes *path)
{
    cu_bytes h = cu_str(head);
    if (!cu_starts(line, h))
        return false;
    *path = cu_slice(line, h.n, line.n);
    return true;
}

/* Lines that name the file whose lines follow. */
static bool names_file(cu_bytes line, cu_bytes *path)
{
    return heads(line, "*** Add File: ", path) || heads(line, "*** Update File: ", path) || heads(line, "*** Move to: ", path) ||
           heads(line, "+++ b/", path) || heads(line, "+++ ", path);
}

static void flush(art_reading *r, cu_bytes path, cu_buf *added)
{
    cu_bytes before = r->path, text = added->n ? cu_arena_dup(r->a, cu_buf_view(added)) : CU_NONE;
    if (added->err || (added->n && !text.p))
        r->err = CU_NOMEM;
    r->path = path;
    art_add(r, CU_ARTEFACT_PATCH, cu_lang_of(r->tools, path, CU_NONE), text, false);
    r->path = before;
    cu_buf_reset(added);
}

void art_patch(art_reading *r, cu_bytes text)
{
    cu_buf added CU_CLEAN_BUF = CU_BUF(text.n + 64);
    cu_bytes path = r->path, next;
    bool any = false;
    for (size_t at = 0; at < text.n;) {
        const uint8_t *nl = memchr(text.p + at, '\n', text.n - at);
        size_t end = nl ? (size_t)(nl - text.p) : text.n;
        cu_bytes line = cu_slice(text, at, end > at && text.p[end - 1] == '\r' ? end - 1 : end);
        if (names_file(line, &next)) {
            flush(r, path, &added);
            path = next;
            any = true;
        } else if (line.n && line.p[0] == '+') {
            cu_buf_add(&added, cu_slice(line, 1, line.n));
            cu_buf_byte(&added, '\n');
            any = true;
        }
        at = end + 1;
    }
    flush(r, path, &added);
    if (!any) /* of no form that is known: all of it counts as added */
        art_add(r, CU_ARTEFACT_PATCH, cu_lang_of(r->tools, path, CU_NONE), text, false);
}

/* --- JSON arguments --- */

/* The member name that a value stands under, through lists. */
static cu_bytes name_of(const cu_json_tree *t, uint32_t node, cu_arena *a)
{
    while (node != CU_TREE_NONE && t->v[node].key == CU_TREE_NONE)
        node = t->v[node].parent;
    if (node == CU_TREE_NONE)
        return CU_LIT("input");
    const cu_json_string *s = &t->strings->v[t->v[node].key];
    cu_bytes raw = cu_slice(t->text, s->start, s->end);
    if (!(s->flags & CU_JSON_ESCAPED))
        return raw;
    cu_buf b CU_CLEAN_BUF = CU_BUF(raw.n + 16);
    cu_json_unescape(raw, &b);
    return b.err ? CU_NONE : cu_arena_dup(a, cu_buf_view(&b));
}

/* ["bash", "-lc", "…"] is one command; its words stand for themselves as well, as with ["ls", "git status"]. */
static void list_of_words(art_reading *r, const cu_json_tree *t, uint32_t list)
{
    cu_bytes *v = cu_arena_alloc(r->a, MAX_WORDS * sizeof *v);
    size_t n = 0;
    if (!v) {
        r->err = CU_NOMEM;
        return;
    }
    for (uint32_t k = t->v[list].first; k != CU_TREE_NONE; k = t->v[k].next)
        if (t->v[k].kind == CU_NODE_STRING && n < MAX_WORDS)
            v[n++] = cu_json_plain(t, k, r->a);
        else
            r->out->unread |= n == MAX_WORDS;
    if (n > 1 && one_word(v[0]))
        art_argv(r, v, n, false);
}

static void find_path(art_reading *r, const cu_json_tree *t)
{
    for (uint32_t i = 0; i < t->n && r->path.n == 0; i++) {
        cu_bytes name = t->v[i].kind == CU_NODE_STRING ? name_of(t, i, r->a) : CU_NONE;
        if (name.n && (cu_tool_part(r->tools, r->tool, name) == CU_ARG_FILE || cu_eq_str(name, "path") || cu_eq_str(name, "file_path")))
            r->path = cu_json_plain(t, i, r->a);
    }
}

static void read_tree(art_reading *r, const cu_json_tree *t)
{
    bool listed = cu_tool_find(r->tools, r->tool) != NULL;
    find_path(r, t);
    for (uint32_t i = 0; i < t->n && r->err == CU_OK; i++) {
        if (t->v[i].kind == CU_NODE_OBJECT)
            continue;
        cu_bytes name = name_of(t, i, r->a);
        if (t->v[i].kind == CU_NODE_STRING)
            art_argument(r, name, cu_json_plain(t, i, r->a), listed, false);
        else if (cu_tool_part(r->tools, r->tool, name) == CU_ARG_COMMAND)
            list_of_words(r, t, i);
    }
}

static bool blank(cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] > ' ')
            return false;
    return true;
}

cu_err cu_artefacts_of(const cu_tools *tools, const cu_tool_call *c, cu_arena *a, cu_artefacts *out)
{
    *out = (cu_artefacts){0};
    art_reading r = {.tools = tools, .a = a, .out = out, .tool = c->tool, .call = c->call};
    cu_json_strings strings;
    cu_json_tree t;
    cu_fault f = {0};
    if (blank(c->args))
        return CU_OK;
    if (c->raw) {
        art_argument(&r, CU_LIT("input"), c->args, cu_tool_find(tools, c->tool) != NULL, false);
        return r.err;
    }
    cu_err e = cu_json_walk(c->args, a, &strings, &f);
    if (e == CU_NOMEM)
        return e;
    out->unread = e != CU_OK;
    if (out->unread)
        return CU_OK;
    CU_TRY(cu_json_tree_of(c->args, &strings, a, &t));
    read_tree(&r, &t);
    return r.err;
}

/* --- text --- */

/* Length of the fence that the line begins with, 0: none. */
static size_t fence_of(cu_bytes line, uint8_t *with, size_t *indent)
{
    size_t at = 0, n = 0;
    while (at < line.n && at < 4 && line.p[at] == ' ')
        at++;
    if (at > 3 || at == line.n || (line.p[at] != '`' && line.p[at] != '~'))
        return 0;
    while (at + n < line.n && line.p[at + n] == line.p[at])
        n++;
    *with = line.p[at];
    *indent = at;
    return n < 3 ? 0 : n;
}

static cu_bytes first_word(cu_bytes t)
{
    size_t from = 0, to;
    while (from < t.n && t.p[from] <= ' ')
        from++;
    for (to = from; to < t.n && t.p[to] > ' ' && t.p[to] != '{' && t.p[to] != ':';)
        to++;
    return cu_slice(t, from, to);
}

/* app/main.py, `package.json`:, **Cargo.toml**, # pom.xml: the name of a file, alone in its line or the last word in
 * backticks of it. */
static cu_bytes file_named(cu_bytes line)
{
    static const char around[] = " \t\r*_#:`\"'>";
    if (!line.p || !line.n)
        return CU_NONE;
    const uint8_t *end = memrchr(line.p, '`', line.n), *begin = end && end > line.p ? memrchr(line.p, '`', (size_t)(end - line.p)) : NULL;
    if (begin)
        line = cu_bytes_of(begin + 1, (size_t)(end - begin) - 1);
    while (line.n && strchr(around, line.p[0]) && line.p[0])
        line = cu_slice(line, 1, line.n);
    while (line.n && strchr(around, line.p[line.n - 1]) && line.p[line.n - 1])
        line.n--;
    const uint8_t *dot = line.n ? memrchr(line.p, '.', line.n) : NULL;
    bool ends = dot && dot + 1 < line.p + line.n && dot + 12 > line.p + line.n;
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] <= ' ' || strchr("()<>{}|;,=", line.p[i]))
            return CU_NONE;
    return ends && line.n < 256 ? line : CU_NONE;
}

/* ```python, ```package.json, ```python:app/x.py; else what the line above says. */
static void fenced(art_reading *r, cu_bytes info, cu_bytes above, cu_bytes text)
{
    cu_bytes word = first_word(info), rest = word.n ? cu_slice(info, (size_t)(word.p + word.n - info.p), info.n) : CU_NONE;
    cu_bytes named = rest.n && rest.p[0] == ':' ? file_named(rest) : file_named(word), path = named.n ? named : file_named(above);
    cu_bytes lang = cu_lang_of(r->tools, CU_NONE, word), by_path = cu_lang_of(r->tools, path, CU_NONE), before = r->path;
    r->path = by_path.n ? path : CU_NONE; /* requests.get is no file */
    art_add(r, CU_ARTEFACT_CODE, lang.n ? lang : by_path, text, false);
    r->path = before;
}

cu_err cu_artefacts_in_text(const cu_tools *tools, cu_bytes text, cu_arena *a, cu_artefacts *out)
{
    art_reading r = {.tools = tools, .a = a, .out = out};
    size_t open = 0, from = 0;
    uint8_t with = 0;
    cu_bytes info = CU_NONE, above = CU_NONE;
    for (size_t at = 0; at < text.n && r.err == CU_OK;) {
        const uint8_t *nl = memchr(text.p + at, '\n', text.n - at);
        size_t end = nl ? (size_t)(nl - text.p) : text.n, indent = 0;
        cu_bytes line = cu_slice(text, at, end);
        uint8_t c = 0;
        size_t n = fence_of(line, &c, &indent);
        if (n && !open) {
            open = n;
            with = c;
            info = cu_slice(line, indent + n, line.n);
            from = end + 1;
        } else if (n >= open && open && c == with && blank(cu_slice(line, indent + n, line.n))) {
            fenced(&r, info, above, cu_slice(text, from, at));
            open = 0;
            above = CU_NONE;
        } else if (!open && !blank(line)) {
            above = line;
        }
        at = end + 1;
    }
    if (open && from < text.n)
        fenced(&r, info, above, cu_slice(text, from, text.n));
    return r.err;
}
