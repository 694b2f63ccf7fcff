/* From the syntax tree to calls: pipelines, redirections, here-documents, functions, loops. */
#include <ctype.h>
#include "base/buf.h"
#include "parse.h"
#include "walk.h"

#define MAX_PARTS 2048u /* of what several commands give out one after the other */
#define MAX_HEREDOCS 32u      /* in one text: the scanner of the grammar takes their square in time */

const TSLanguage *tree_sitter_bash(void);

bool step(walk *w)
{
    if (++w->steps < CU_INSPECT_MAX_STEPS)
        return true;
    reason_static(w, "command-too-large", "The command is larger than what is looked at.", "Split it into smaller commands.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
    return false;
}

static bool is(TSNode n, const char *type)
{
    return strcmp(ts_node_type(n), type) == 0;
}

static bool is_word(TSNode n)
{
    static const char *const types[] = {"word", "number", "string", "raw_string", "ansi_c_string", "translated_string", "concatenation", "simple_expansion", "expansion", "command_substitution", "process_substitution", "brace_expression", "command_name", "arithmetic_expansion", "extglob_pattern", "regex", "variable_name"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (is(n, types[i]))
            return true;
    return false;
}

static cu_bytes text_at(const walk *w, TSNode n)
{
    return cu_slice(w->src, ts_node_start_byte(n), ts_node_end_byte(n));
}

typedef struct {
    TSNode *v;
    uint32_t n;
} kids;

/* The named children. The parser's own way to the i-th one begins at the first each time. */
static kids kids_of(walk *w, TSNode n)
{
    kids k = {NULL, 0};
    uint32_t room = ts_node_named_child_count(n);
    k.v = room ? cu_arena_raw(w->a, room * sizeof *k.v) : NULL;
    w->nomem = w->nomem || (room && !k.v);
    if (!k.v)
        return k;
    ts_tree_cursor_reset(w->cursor, n);
    for (bool more = ts_tree_cursor_goto_first_child(w->cursor); more && k.n < room; more = ts_tree_cursor_goto_next_sibling(w->cursor)) {
        TSNode one = ts_tree_cursor_current_node(w->cursor);
        if (ts_node_is_named(one))
            k.v[k.n++] = one;
    }
    return k;
}

/* Words without anything between them are one word: the grammar cuts a$b-c$d behind its second dollar sign. Returns
 * the last of them. */
static uint32_t expand_kids(walk *w, TSNode all, kids k, uint32_t i, words *out, uint32_t *tags)
{
    uint32_t last = i;
    while (last + 1 < k.n && is_word(k.v[last + 1]) && ts_node_start_byte(k.v[last + 1]) == ts_node_end_byte(k.v[last]))
        last++;
    if (last == i)
        expand_node(w, k.v[i], out, tags);
    else
        expand_span(w, all, ts_node_start_byte(k.v[i]), ts_node_end_byte(k.v[last]), out, tags);
    return last;
}

/* What comes out of one command and then of another: of the texts, those that are known. */
static flow both(walk *w, flow a, flow b)
{
    flow out = {.tags = a.tags | b.tags, .part = a.known || a.part || b.known || b.part};
    if (!a.text.n || !b.text.n || a.text.n + b.text.n > MAX_PARTS) {
        out.text = a.text.n ? a.text : b.text;
        return out;
    }
    cu_buf all CU_CLEAN_BUF = CU_BUF(MAX_PARTS + 8);
    cu_buf_add(&all, a.text);
    if (a.text.p[a.text.n - 1] != '\n')
        cu_buf_byte(&all, '\n');
    cu_buf_add(&all, b.text);
    out.text = cu_arena_dup(w->a, cu_buf_view(&all));
    return out;
}

void var_given(walk *w, cu_bytes name, flow value)
{
    var_set(w, &w->vars, name, value);
    host_variable(w, name, value.text);
    for (unsigned t = 0; value.known && value.text.n && t < CU_TIERS; t++) /* PAGER='cmd' */
        if (w->g->packs[t] && in_any(&w->g->packs[t]->command_env, name))
            shell_text(w, value.text, (flow){0});
}

static void assign(walk *w, TSNode n)
{
    TSNode name = ts_node_child_by_field_name(n, "name", 4), value = ts_node_child_by_field_name(n, "value", 5);
    flow f = {0, true, CU_NONE};
    if (ts_node_is_null(name))
        return;
    if (!ts_node_is_null(value))
        f.text = is(value, "array") ? CU_NONE : expand_one(w, value, &f.tags);
    if (!ts_node_is_null(value) && is(value, "array")) {
        words l = {0};
        kids k = kids_of(w, value);
        for (uint32_t i = 0; i < k.n; i++)
            i = expand_kids(w, value, k, i, &l, &f.tags);
        cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
        for (size_t i = 0; i < l.n; i++) {
            if (i)
                cu_buf_byte(&b, ' ');
            cu_buf_add(&b, l.v[i].text);
        }
        f.text = cu_arena_dup(w->a, cu_buf_view(&b));
    }
    f.known = !f.text.n || !memchr(f.text.p, OPEN, f.text.n);
    flow *old = var_get(w->vars, text_at(w, name));
    if (old && cu_find(text_at(w, n), CU_LIT("+="), 0) == ts_node_end_byte(name) - ts_node_start_byte(n)) {
        char *joined = cu_arena_fmt(w->a, "%.*s%.*s", CU_FMT(old->text), CU_FMT(f.text));
        f = (flow){f.tags | old->tags, f.known && old->known, cu_str(joined)};
    }
    var_given(w, text_at(w, name), f);
}

/* The file by which a shell names a descriptor; NULL: none. */
static char *descriptor(walk *w, const char *folder, cu_bytes number)
{
    return number.n && number.n < 9 ? cu_arena_fmt(w->a, "%s%.*s", folder, CU_FMT(number)) : NULL;
}

/* The grammar takes all words behind `< file` for its files; to a shell those behind the first are words of the
 * command, and behind a pipe that it did not understand they are another one. */
static void file_redirect(walk *w, TSNode n, call *c)
{
    cu_bytes op = text_at(w, n);
    bool in = op.n && (op.p[0] == '<' || (op.n > 1 && op.p[1] == '<')), seen = false, piped = false;
    bool here = op.n > 4 && isdigit(op.p[0]) && cu_find(cu_slice(op, 0, op.n < 8 ? op.n : 8), CU_LIT("<<<"), 0) != SIZE_MAX; /* 3<<< TEXT, to the grammar a file */
    kids all = kids_of(w, n);
    for (uint32_t i = 0; i < all.n; i++) {
        TSNode k = all.v[i];
        piped = piped || (is(k, "ERROR") && memchr(w->src.p + ts_node_start_byte(k), '|', ts_node_end_byte(k) - ts_node_start_byte(k)));
        if (!is_word(k))
            continue;
        if (seen) {
            expand_node(w, k, piped ? &c->behind : &c->argv, &c->arg_tags);
            continue;
        }
        seen = true;
        size_t from = c->to.n;
        uint32_t tags = 0;
        expand_node(w, k, &c->to, &tags);
        c->in.tags |= in ? tags : 0;
        if (here && c->to.n > from) {
            c->in = (flow){c->in.tags, true, c->to.v[from].text};
            c->to.n = from;
            continue;
        }
        char *other = in && cu_find(op, CU_LIT("<&"), 0) != SIZE_MAX && c->to.n > from ? descriptor(w, "/dev/fd/", c->to.v[from].text) : NULL; /* <&3 */
        flow *f = in && c->to.n > from ? var_get(w->files, other ? cu_str(other) : c->to.v[from].text) : NULL;
        if (f)
            c->in = *f;
    }
}

/* Its text goes in; words behind the mark are words of the command. */
/* To the grammar a document that begins with a backslash is words of the command before it, or of the one behind a pipe.
 * Where its line ends in that case; UINT32_MAX in any other. */
static uint32_t taken_from(const walk *w, const kids *all)
{
    uint32_t at = UINT32_MAX;
    for (uint32_t i = 0; i < all->n; i++) {
        if (is(all->v[i], "heredoc_start"))
            for (at = ts_node_end_byte(all->v[i]); at < w->src.n && w->src.p[at] != '\n'; at++)
                ;
        else if (strncmp(ts_node_type(all->v[i]), "heredoc", 7) != 0 && ts_node_end_byte(all->v[i]) > at && w->src.n - at > 1 && w->src.p[at + 1] == '\\')
            return at;
    }
    return UINT32_MAX;
}

static void heredoc(walk *w, TSNode n, call *c)
{
    cu_bytes start = CU_NONE;
    kids all = kids_of(w, n);
    uint32_t taken = taken_from(w, &all);
    for (uint32_t i = 0; i < all.n; i++) {
        TSNode k = all.v[i];
        if (is(k, "heredoc_start"))
            start = text_at(w, k);
        else if (is(k, "file_redirect"))
            file_redirect(w, k, c);
        else if (is_word(k) && ts_node_start_byte(k) < taken)
            expand_node(w, k, &c->argv, &c->arg_tags);
        if (!is(k, "heredoc_body"))
            continue;
        bool raw = start.n && (memchr(start.p, '\'', start.n) || memchr(start.p, '"', start.n) || memchr(start.p, '\\', start.n));
        uint32_t tags = 0;
        if (taken < ts_node_end_byte(k))
            c->in.text = cu_arena_dup(w->a, cu_slice(w->src, taken + 1, ts_node_end_byte(k)));
        else
            c->in.text = raw ? cu_arena_dup(w->a, text_at(w, k)) : expand_one(w, k, &tags);
        c->in.known = true;
        c->in.tags |= tags;
    }
}

/* 3<<< TEXT: what comes in by another descriptor is a file to whoever names it, /dev/fd/3 or <&3. */
static void keep_aside(walk *w, TSNode n, call *c, flow before)
{
    size_t from = ts_node_start_byte(n), sign = from;
    while (sign < w->src.n && isdigit(w->src.p[sign]))
        sign++;
    cu_bytes number = cu_slice(w->src, from, sign);
    if (!number.n || cu_eq_str(number, "0") || sign == w->src.n || w->src.p[sign] != '<' || (from && !isspace(w->src.p[from - 1])))
        return;
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    for (size_t i = 0; i < 2; i++) {
        char *name = descriptor(w, folders[i], number);
        if (name)
            var_set(w, &w->files, cu_str(name), c->in);
    }
    c->in = before;
}

static void redirect(walk *w, TSNode n, call *c)
{
    flow before = c->in;
    if (is(n, "file_redirect")) {
        file_redirect(w, n, c);
    } else if (is(n, "herestring_redirect") && ts_node_named_child_count(n)) {
        uint32_t tags = 0;
        c->in.text = expand_one(w, ts_node_named_child(n, ts_node_named_child_count(n) - 1), &tags);
        c->in.known = true;
        c->in.tags |= tags;
    } else if (is(n, "heredoc_redirect")) {
        heredoc(w, n, c);
    }
    keep_aside(w, n, c, before);
}

static bool is_redirect(TSNode n)
{
    return is(n, "file_redirect") || is(n, "herestring_redirect") || is(n, "heredoc_redirect");
}

static void files_written(walk *w, const call *c, flow out)
{
    for (size_t i = 0; i < c->to.n; i++)
        if (!cu_starts(c->to.v[i].text, CU_LIT("/dev/")))
            var_set(w, &w->files, c->to.v[i].text, out);
    for (size_t i = 0; out.known && packages_listed(w) && i < c->to.n; i++)
        manifest_text(w, c->to.v[i].text, CU_NONE, out.text);
}

/* What may follow a here-document on its first line: cat <<E | sh. */
static flow behind_heredoc(walk *w, TSNode redirect_node, flow out)
{
    kids all = kids_of(w, redirect_node);
    uint32_t taken = taken_from(w, &all);
    for (uint32_t i = 0; i < all.n; i++) {
        TSNode k = all.v[i];
        if (is_redirect(k) || is_word(k) || strncmp(ts_node_type(k), "heredoc", 7) == 0)
            continue;
        if (ts_node_start_byte(k) < taken && ts_node_end_byte(k) > taken)
            out = shell_text(w, cu_slice(w->src, ts_node_start_byte(k), taken), out);
        else
            out = shell_node(w, k, out);
    }
    return out;
}

static void span(walk *w, TSNode n)
{
    if (!w->outer)
        return;
    w->start = ts_node_start_byte(n);
    w->end = ts_node_end_byte(n);
}

/* $(base64 -d x), $DECODED: the command's name itself is what was decoded or loaded. */
static void run_unread(walk *w, const call *c, uint32_t tags)
{
    call *r = cu_arena_alloc(w->a, sizeof *r);
    w->nomem = w->nomem || !r;
    if (!r || !c->argv.n || !c->argv.v[0].text.n || c->argv.v[0].text.p[0] != OPEN || !(tags & (CU_COMMAND_decoder | CU_COMMAND_download)))
        return;
    words_add(w, &r->argv, CU_LIT("eval"), false);
    r->in.tags = tags;
    call_run(w, r);
}

static flow command(walk *w, TSNode n, flow in, const call *given)
{
    call *c = cu_arena_alloc(w->a, sizeof *c);
    if (!c) {
        w->nomem = true;
        return in;
    }
    c->in = in;
    if (given)
        c->to = given->to;
    span(w, n);
    if (is(n, "declaration_command") || is(n, "unset_command") || is(n, "test_command")) {
        cu_bytes t = text_at(w, n);
        size_t end = 0;
        while (end < t.n && isalpha(t.p[end]))
            end++;
        words_add(w, &c->argv, cu_slice(t, 0, end), false);
    }
    kids all = kids_of(w, n);
    uint32_t name_tags = 0; /* of substitutions in its first word */
    for (uint32_t i = 0; i < all.n; i++) {
        TSNode k = all.v[i];
        if (is(k, "variable_assignment")) {
            TSNode value = ts_node_child_by_field_name(k, "value", 5);
            assign(w, k);
            if (!ts_node_is_null(value) && !c->argv.n) /* HOST=db.example cmd */
                host_scan(w, text_at(w, value));
            if (c->argv.n) /* of export: the values are words as well */
                words_add(w, &c->argv, text_at(w, k), false);
        } else if (is_redirect(k)) {
            redirect(w, k, c);
        } else if (is_word(k)) {
            bool is_name = !c->argv.n;
            i = expand_kids(w, n, all, i, &c->argv, &c->arg_tags);
            name_tags |= is_name ? c->arg_tags : 0;
        } else if (is(k, "ERROR")) {
            shell_node(w, k, (flow){0});
        }
    }
    size_t first = 0; /* "" and unset variables before the name */
    while (first + 1 < c->argv.n && c->argv.v[first].text.n == 0)
        first++;
    if (first)
        c->argv = (words){c->argv.v + first, c->argv.n - first, c->argv.cap ? c->argv.cap - first : 0};
    for (size_t i = 0; given && i < given->argv.n; i++) /* words that stood behind a redirection */
        words_add(w, &c->argv, given->argv.v[i].text, given->argv.v[i].glob);
    c->arg_tags |= given ? given->arg_tags : 0;
    run_unread(w, c, name_tags);
    flow out = call_run(w, c);
    files_written(w, c, out);
    input_readers(w, c, out);
    return out;
}

/* a && b < file: what stands there belongs to b, and the grammar gives it to both. */
static bool to_last(walk *w, TSNode body, const call *c)
{
    while (is(body, "list") || is(body, "pipeline") || is(body, "negated_command")) {
        uint32_t n = ts_node_named_child_count(body);
        if (!n)
            return false;
        body = ts_node_named_child(body, n - 1);
    }
    if (!is(body, "command"))
        return false;
    w->last = body;
    w->last_gets = c;
    return true;
}

static flow redirected(walk *w, TSNode n, flow in)
{
    call *c = cu_arena_alloc(w->a, sizeof *c);
    TSNode body = ts_node_child_by_field_name(n, "body", 4);
    flow out = in;
    w->nomem = w->nomem || !c;
    if (!c)
        return in;
    c->in = in;
    kids all = kids_of(w, n);
    for (uint32_t i = 0; i < all.n; i++)
        redirect(w, all.v[i], c);
    c->in.tags |= word_tags(w, c);
    bool simple = !ts_node_is_null(body) && (is(body, "command") || is(body, "declaration_command"));
    if (simple)
        out = command(w, body, c->in, c);
    else if (!ts_node_is_null(body) && c->argv.n && to_last(w, body, c))
        out = shell_node(w, body, in);
    else if (!ts_node_is_null(body))
        out = shell_node(w, body, c->in);
    if (!simple && c->argv.n && !w->last_gets) { /* < file cmd, and whatever else the grammar put there */
        span(w, n);
        out = both(w, out, call_run(w, c));
    }
    w->last_gets = NULL;
    if (!simple)
        files_written(w, c, out);
    for (uint32_t i = 0; i < all.n; i++)
        if (is(all.v[i], "heredoc_redirect"))
            out = behind_heredoc(w, all.v[i], out);
    if (c->behind.n) {
        const call next = {.argv = c->behind, .in = out};
        *c = next;
        out = both(w, out, call_run(w, c));
    }
    return out;
}

static void loop_values(walk *w, TSNode n)
{
    TSNode name = ts_node_child_by_field_name(n, "variable", 8);
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    words l = {0};
    flow f = {0, true, CU_NONE};
    kids all = kids_of(w, n);
    for (uint32_t i = 0; i < all.n; i++) {
        TSNode k = all.v[i];
        if (is_word(k) && !is(k, "variable_name"))
            i = expand_kids(w, n, all, i, &l, &f.tags);
    }
    for (size_t i = 0; i < l.n; i++) {
        if (i)
            cu_buf_byte(&b, ' ');
        cu_buf_add(&b, l.v[i].text);
    }
    f.text = cu_arena_dup(w->a, cu_buf_view(&b));
    f.known = l.n && !memchr(f.text.p ? f.text.p : (const uint8_t *)"", OPEN, f.text.n);
    if (!ts_node_is_null(name))
        var_set(w, &w->vars, text_at(w, name), f);
}

static flow children(walk *w, TSNode n, flow in, bool pipe)
{
    flow out = pipe ? in : (flow){0};
    kids all = kids_of(w, n);
    uint32_t count = all.n, seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        TSNode k = all.v[i];
        if (is(k, "comment") || is_redirect(k))
            continue;
        flow f = shell_node(w, k, pipe ? out : in);
        out = pipe || seen++ == 0 ? f : both(w, out, f);
    }
    return out;
}

/* The first place where a command begins with a brace that is no block's; the end of the node when there is none. */
static uint32_t brace_of_word(walk *w, TSNode n)
{
    bool begins = true;
    uint32_t to = ts_node_end_byte(n);
    for (uint32_t i = ts_node_start_byte(n); i + 1 < to; i++) {
        uint8_t c = w->src.p[i];
        if (begins && c == '{' && !isspace(w->src.p[i + 1]))
            return i;
        begins = memchr(";&|(\n", c, 5) != NULL || (begins && (c == ' ' || c == '\t'));
    }
    return to;
}

/* {rm,-rf,/} and {r..r}m -rf / begin as a block would; behind `command` they are what they are to a shell. */
static flow begins_in_braces(walk *w, TSNode n, uint32_t at, flow in)
{
    cu_bytes rest = cu_slice(w->src, at, w->src.n);
    const uint8_t *end = memchr(rest.p, '\n', rest.n);
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    rest.n = end ? (size_t)(end - rest.p) : rest.n;
    w->steps += (uint32_t)rest.n / 16; /* it is read anew */
    cu_buf_str(&b, "command ");
    cu_buf_add(&b, rest);
    span(w, n);
    return step(w) ? shell_text(w, cu_arena_dup(w->a, cu_buf_view(&b)), in) : (flow){0};
}

/* What the parser could not make sense of: its words, as if they were one command. */
static flow broken(walk *w, TSNode n, flow in)
{
    call *c = cu_arena_alloc(w->a, sizeof *c);
    flow out = {0};
    w->nomem = w->nomem || !c;
    host_scan(w, text_at(w, n));
    uint32_t brace = brace_of_word(w, n);
    if (brace < ts_node_end_byte(n) && w->depth + 1 < CU_INSPECT_MAX_DEPTH)
        out = begins_in_braces(w, n, brace, in);
    if (brace == ts_node_start_byte(n))
        return out;
    kids all = kids_of(w, n);
    for (uint32_t i = 0; c && i < all.n; i++) {
        TSNode k = all.v[i];
        if (is_word(k))
            i = expand_kids(w, n, all, i, &c->argv, &c->arg_tags);
        else if (is_redirect(k))
            redirect(w, k, c);
        else
            out = both(w, out, shell_node(w, k, in));
    }
    if (c && c->argv.n) {
        span(w, n);
        c->in = in;
        out = both(w, out, call_run(w, c));
    }
    return out;
}

/* f() { ... }: its body is looked at here without words, and where it is called with those that it gets. */
static void define(walk *w, TSNode n)
{
    TSNode name = ts_node_child_by_field_name(n, "name", 4), body = ts_node_child_by_field_name(n, "body", 4);
    if (!ts_node_is_null(name) && !ts_node_is_null(body))
        var_set(w, &w->functions, text_at(w, name), (flow){0, true, text_at(w, body)});
}

flow shell_function(walk *w, const call *c, flow body)
{
    words before = w->args;
    w->steps += (uint32_t)body.text.n / 16; /* it is read anew */
    w->args = c->argv;
    flow out = step(w) ? shell_text(w, body.text, c->in) : (flow){0};
    w->args = before;
    return out;
}

flow shell_node(walk *w, TSNode n, flow in)
{
    if (!step(w) || w->nomem)
        return (flow){0};
    if (is(n, "command") && w->last_gets && ts_node_eq(n, w->last)) {
        const call *given = w->last_gets;
        w->last_gets = NULL;
        flow out = command(w, n, both(w, in, given->in), given);
        w->last_gets = given;
        return out;
    }
    if (is(n, "command") || is(n, "declaration_command") || is(n, "unset_command"))
        return command(w, n, in, NULL);
    if (is(n, "pipeline"))
        return children(w, n, in, true);
    if (is(n, "redirected_statement"))
        return redirected(w, n, in);
    if (is(n, "variable_assignment")) {
        assign(w, n);
        return (flow){0};
    }
    if (is(n, "ERROR"))
        return broken(w, n, in);
    if (is(n, "for_statement"))
        loop_values(w, n);
    if (is(n, "function_definition"))
        define(w, n);
    if (is_word(n) && ts_node_named_child_count(n) == 0)
        return (flow){0};
    cu_bytes folder = w->folder;
    bool own = is(n, "subshell") || is(n, "command_substitution") || is(n, "process_substitution");
    flow out = children(w, n, in, false);
    if (own)
        w->folder = folder;
    return out;
}

static bool too_many_heredocs(cu_bytes t)
{
    size_t n = 0;
    for (size_t at = 0; (at = cu_find(t, CU_LIT("<<"), at)) != SIZE_MAX; at += 2)
        n++;
    return n > MAX_HEREDOCS;
}

/* `2>&-` closes a file and names none; the grammar reads the next word into it. */
static cu_bytes without_closing(walk *w, cu_bytes t)
{
    uint8_t quote = 0, *own = NULL;
    if (cu_find(t, CU_LIT("&-"), 0) == SIZE_MAX)
        return t;
    for (size_t i = 0; i + 2 < t.n; i++) {
        uint8_t c = t.p[i];
        if (quote ? c == quote : c == '\'' || c == '"')
            quote = quote ? 0 : c;
        else if (c == '\\' && quote != '\'')
            i++;
        else if (!quote && (c == '<' || c == '>') && t.p[i + 1] == '&' && t.p[i + 2] == '-') {
            if (!own && !(own = cu_arena_raw(w->a, t.n)))
                break;
            if (t.p != own)
                memcpy(own, t.p, t.n);
            t.p = own;
            memset(own + i, ' ', 3);
            if (i && isdigit(own[i - 1]) && (i == 1 || isspace(own[i - 2])))
                own[i - 1] = ' ';
        }
    }
    return t;
}

flow shell_text(walk *w, cu_bytes text, flow in)
{
    cu_bytes before = w->src;
    text = without_closing(w, text);
    bool outer = w->outer;
    flow out = {0};
    if (w->depth >= CU_INSPECT_MAX_DEPTH || text.n > w->max_text || too_many_heredocs(text)) {
        reason_static(w, "command-too-large", "The command is larger or deeper than what is looked at.", "Write it as smaller commands.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
        return out;
    }
    TSTree *tree = parse_within(w->parser, text, PARSE_SHELL(w->max_turns));
    if (!tree) {
        reason_static(w, "command-not-read", "The command cannot be read as shell text within its ceiling.", "Write it as smaller, plain commands.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
        return out;
    }
    w->depth++;
    w->src = text;
    w->outer = w->depth == 1;
    out = shell_node(w, ts_tree_root_node(tree), in);
    w->outer = outer;
    w->src = before;
    w->depth--;
    ts_tree_delete(tree);
    return out;
}
