/* A word of the source as the shell would read it: quotes, escapes, braces, variables that are known,
 * substitutions whose output is known. What is not known is OPEN. */
#include <ctype.h>
#include <stdlib.h>
#include "base/buf.h"
#include "walk.h"

#define MAX_GROUPS 8u /* of braces in one word */
#define MAX_CUT 1024u /* bytes of what a pattern is cut off from */

typedef struct {
    walk *w;
    const TSNode *root; /* of w->src; NULL: the text is not that of the tree */
    cu_bytes t;
    cu_buf out;
    uint32_t tags;
    bool glob, cut;     /* cut: blanks of what is put in cut the word */
} expander;

static void put_text(expander *x, cu_bytes t, bool quoted)
{
    const flow *ifs = !quoted && x->cut ? var_get(x->w->vars, CU_LIT("IFS")) : NULL;
    for (size_t i = 0; i < t.n; i++) {
        bool blank = t.p[i] == ' ' || t.p[i] == '\n' || t.p[i] == '\t' || (ifs && ifs->text.n && memchr(ifs->text.p, t.p[i], ifs->text.n));
        cu_buf_byte(&x->out, !quoted && x->cut && blank ? SPLIT : t.p[i]);
    }
}

static cu_bytes plain_name(cu_bytes name)
{
    return cu_starts(name, CU_LIT("./")) ? cu_slice(name, 2, name.n) : name;
}

void var_set(walk *w, named **list, cu_bytes name, flow value)
{
    name = plain_name(name);
    flow *old = var_get(*list, name);
    named *v = old ? NULL : cu_arena_alloc(w->a, sizeof *v);
    if (old) {
        *old = value;
    } else if (v) {
        *v = (named){*list, cu_arena_dup(w->a, name), value};
        *list = v;
    } else {
        w->nomem = true;
    }
}

flow *var_get(named *list, cu_bytes name)
{
    name = plain_name(name);
    for (named *v = list; v; v = v->next)
        if (cu_eq(v->name, name))
            return &v->value;
    return NULL;
}

void words_add(walk *w, words *l, cu_bytes text, bool glob)
{
    if (l->n == MAX_WORDS) {
        reason_static(w, "command-too-large", "A command has more words than are looked at.", "Split it into smaller commands.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
        return;
    }
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 8;
        word *v = cu_arena_raw(w->a, cap * sizeof *v);
        if (!v) {
            w->nomem = true;
            return;
        }
        if (l->n)
            memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    cu_bytes own = cu_arena_dup(w->a, text);
    w->nomem = w->nomem || !own.p;
    l->v[l->n++] = (word){own, glob};
}

static bool name_byte(uint8_t c)
{
    return isalnum(c) || c == '_';
}

static bool known(expander *x, cu_bytes name, cu_bytes *out)
{
    static const char *const usual[][2] = {{"IFS", " "}, {"HOME", "~"}, {"PATH", "/usr/bin"}, {"SHELL", "/bin/bash"}, {"BASH", "/bin/bash"}};
    flow *f = var_get(x->w->vars, name);
    if (f) {
        x->tags |= f->tags;
        *out = f->text;
        return f->known;
    }
    if (cu_eq_str(name, "PWD")) { /* some folder below the root */
        static const char some[] = {'/', OPEN};
        *out = x->w->folder.n ? x->w->folder : cu_bytes_of(some, sizeof some);
        return true;
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (cu_eq_str(name, usual[i][0])) {
            *out = cu_str(usual[i][1]);
            return true;
        }
    return false;
}

static size_t expand(expander *x, size_t at, uint8_t until, bool quoted);

static cu_bytes sub_expand(expander *x, cu_bytes t)
{
    expander y = {x->w, NULL, t, CU_BUF(CU_INSPECT_MAX_TEXT), 0, false, false};
    expand(&y, 0, 0, false);
    cu_bytes r = cu_arena_dup(x->w->a, cu_buf_view(&y.out));
    cu_buf_free(&y.out);
    x->tags |= y.tags;
    return r;
}

static void case_of(expander *x, cu_bytes v, bool up, bool quoted)
{
    cu_bytes c = cu_arena_dup(x->w->a, v);
    uint8_t *p = cu_arena_raw(x->w->a, v.n + 1);
    for (size_t i = 0; p && i < c.n; i++)
        p[i] = (uint8_t)(up ? toupper(c.p[i]) : tolower(c.p[i]));
    put_text(x, p ? cu_bytes_of(p, v.n) : v, quoted);
}

static void cut_out(expander *x, cu_bytes v, cu_bytes op, bool quoted)
{
    char text[24] = {0}, *end;
    memcpy(text, op.p, op.n < 23 ? op.n : 23);
    long from = strtol(text, &end, 10), len = *end == ':' ? strtol(end + 1, &end, 10) : (long)v.n;
    if (from < 0)
        from += (long)v.n;
    if (from < 0 || from > (long)v.n)
        return;
    if (len < 0)
        len = (long)v.n - from + len;
    if (len > 0)
        put_text(x, cu_slice(v, (size_t)from, (size_t)(len > (long)v.n - from ? (long)v.n : from + len)), quoted);
}

/* ${x#a*}, ${x##a*}, ${x%*z}, ${x%%*z}: without the shortest or longest beginning or end that fits. */
static void without_end(expander *x, cu_bytes v, cu_bytes op, bool quoted)
{
    bool front = op.p[0] == '#', longest = op.n > 1 && op.p[1] == op.p[0];
    cu_bytes glob = sub_expand(x, cu_slice(op, 1 + longest, op.n));
    if (v.n > MAX_CUT || memchr(glob.p ? glob.p : (const uint8_t *)"", OPEN, glob.n)) {
        cu_buf_byte(&x->out, OPEN);
        return;
    }
    x->w->steps += (uint32_t)v.n / 16;
    for (size_t k = 0; k <= v.n; k++) {
        size_t n = longest ? v.n - k : k;
        if (!in_glob(glob, front ? cu_slice(v, 0, n) : cu_slice(v, v.n - n, v.n), false))
            continue;
        v = front ? cu_slice(v, n, v.n) : cu_slice(v, 0, v.n - n);
        break;
    }
    put_text(x, v, quoted);
}

static void replaced(expander *x, cu_bytes v, cu_bytes op, bool quoted)
{
    bool all = op.n && op.p[0] == '/';
    op = cu_slice(op, all, op.n);
    const uint8_t *mid = op.n ? memchr(op.p, '/', op.n) : NULL;
    cu_bytes from = sub_expand(x, cu_slice(op, 0, mid ? (size_t)(mid - op.p) : op.n)), to = mid ? sub_expand(x, cu_slice(op, (size_t)(mid - op.p) + 1, op.n)) : CU_NONE;
    size_t at = 0, hit;
    while (from.n && (hit = cu_find(v, from, at)) != SIZE_MAX) {
        put_text(x, cu_slice(v, at, hit), quoted);
        put_text(x, to, quoted);
        at = hit + from.n;
        if (!all)
            break;
    }
    put_text(x, cu_slice(v, at, v.n), quoted);
}

/* $1, or $@ and $* from one of them on, of words that are known. */
static bool put_args(expander *x, uint8_t which, size_t from, bool quoted)
{
    const words *a = &x->w->args;
    if (!a->n)
        return false;
    bool one = isdigit(which);
    for (size_t i = one ? (size_t)(which - '0') : from; i < a->n; i++) {
        if (!one && i > from)
            cu_buf_byte(&x->out, quoted || !x->cut ? ' ' : SPLIT);
        put_text(x, a->v[i].text, true);
        if (one)
            break;
    }
    return true;
}

/* ${@}, ${*}, ${@:2}, ${1} */
static bool braced_args(expander *x, cu_bytes t, bool quoted)
{
    if (t.n == 1 && isdigit(t.p[0]))
        return put_args(x, t.p[0], 0, quoted);
    if (!t.n || (t.p[0] != '@' && t.p[0] != '*'))
        return false;
    bool from = t.n == 3 && t.p[1] == ':' && isdigit(t.p[2]);
    return (t.n == 1 || from) && put_args(x, t.p[0], from ? (size_t)(t.p[2] - '0') : 1, quoted && t.p[0] != '@');
}

/* $((1 + $(CMD))), ${x[$(CMD)]}: what is counted with is not followed, but it runs. */
static void counted(expander *x, cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++) {
        bool tick = t.p[i] == '`', opens = t.p[i] == '$' && i + 2 < t.n && t.p[i + 1] == '(' && t.p[i + 2] != '(';
        if (!tick && !opens)
            continue;
        if (!step(x->w))
            return;
        size_t from = i + (tick ? 1 : 2), end = group_closing(t, from, tick ? 0xff : '(', tick ? '`' : ')');
        shell_text(x->w, cu_slice(t, from < end ? from : end, end), (flow){0});
        i = end;
    }
}

/* The inside of ${...}. */
static void braces(expander *x, cu_bytes t, bool quoted)
{
    if (braced_args(x, t, quoted))
        return;
    bool indirect = t.n && t.p[0] == '!', is;
    cu_bytes name, v = CU_NONE, op;
    size_t n = indirect;
    while (n < t.n && name_byte(t.p[n]))
        n++;
    name = cu_slice(t, indirect, n);
    if (n < t.n && n == indirect && (t.p[n] == '@' || t.p[n] == '*'))
        n++;
    op = cu_slice(t, n, t.n);
    if (op.n && op.p[0] == '[')
        counted(x, op);
    is = known(x, name, &v);
    if (indirect && is)
        is = known(x, v, &v);
    if (op.n && op.p[0] == ':' && op.n > 1 && strchr("-=+?", op.p[1]))
        op = cu_slice(op, 1, op.n);
    if (is && op.n >= 3 && op.p[0] == '[') { /* a list: its items are words of their own */
        put_text(x, v, false);
        return;
    }
    if (op.n && (op.p[0] == '-' || op.p[0] == '=') && !(is && v.n)) {
        cu_bytes other = sub_expand(x, cu_slice(op, 1, op.n));
        put_text(x, other, quoted);
        if (op.p[0] == '=')
            var_set(x->w, &x->w->vars, name, (flow){0, true, other});
    } else if (op.n && op.p[0] == '+') {
        put_text(x, sub_expand(x, cu_slice(op, 1, op.n)), quoted);
    } else if (!is) {
        cu_buf_byte(&x->out, OPEN);
    } else if (op.n && op.p[0] == ':') {
        cut_out(x, v, cu_slice(op, 1, op.n), quoted);
    } else if (op.n && op.p[0] == '/') {
        replaced(x, v, cu_slice(op, 1, op.n), quoted);
    } else if (op.n && (op.p[0] == '#' || op.p[0] == '%')) {
        without_end(x, v, op, quoted);
    } else if (op.n && (op.p[0] == '^' || op.p[0] == ',')) {
        case_of(x, v, op.p[0] == '^', quoted);
    } else if (op.n && op.p[0] != '-' && op.p[0] != '=' && op.p[0] != '?' && op.p[0] != '@') {
        cu_buf_byte(&x->out, OPEN);
    } else {
        put_text(x, v, quoted);
    }
}

static void put_flow(expander *x, flow f, bool quoted)
{
    x->tags |= f.tags;
    while (f.known && f.text.n && f.text.p[f.text.n - 1] == '\n')
        f.text.n--;
    if (f.known)
        put_text(x, f.text, quoted);
    else
        cu_buf_byte(&x->out, OPEN);
}

/* What <( ) gives is a file with that content; what goes to the file of >( ) is what that reads. */
static void put_inner(expander *x, flow f, bool quoted, cu_bytes opening, cu_bytes inside)
{
    if (opening.p[0] != '<' && opening.p[0] != '>') {
        put_flow(x, f, quoted);
        return;
    }
    char *name = cu_arena_fmt(x->w->a, "/dev/fd/%u", x->w->steps);
    x->tags |= f.tags;
    if (opening.p[0] == '<')
        var_set(x->w, &x->w->files, cu_str(name), f);
    else
        var_set(x->w, &x->w->readers, cu_str(name), (flow){0, true, inside});
    put_text(x, cu_str(name), true);
}

/* At $( ` <( or >(: runs what is inside, and returns the place behind it. head: bytes of the opening. */
static size_t substitution(expander *x, size_t at, size_t head, bool quoted)
{
    if (x->root) {
        TSNode n = ts_node_descendant_for_byte_range(*x->root, (uint32_t)at, (uint32_t)at + 1);
        if (ts_node_start_byte(n) == at && !ts_node_is_named(n))
            n = ts_node_parent(n);
        const char *type = ts_node_is_null(n) ? "" : ts_node_type(n);
        if (ts_node_start_byte(n) == at && (strcmp(type, "command_substitution") == 0 || strcmp(type, "process_substitution") == 0)) {
            size_t to = ts_node_end_byte(n);
            put_inner(x, shell_node(x->w, n, (flow){0}), quoted, cu_slice(x->t, at, x->t.n), cu_slice(x->t, at + head < to ? at + head : to, to - (to > at + head)));
            return to;
        }
    }
    bool tick = x->t.p[at] == '`';
    size_t end = group_closing(x->t, at + head, tick ? 0xff : '(', tick ? '`' : ')');
    cu_bytes inside = cu_slice(x->t, at + head < end ? at + head : end, end);
    put_inner(x, shell_text(x->w, inside, (flow){0}), quoted, cu_slice(x->t, at, x->t.n), inside);
    return end < x->t.n ? end + 1 : end;
}

static size_t ansi_c(expander *x, size_t at)
{
    static const char from[] = "abefnrtv", to[] = "\a\b\033\f\n\r\t\v";
    cu_bytes t = x->t;
    while (at < t.n && t.p[at] != '\'') {
        const char *esc;
        unsigned v = 0;
        size_t n = 0;
        if (t.p[at] != '\\' || at + 1 == t.n) {
            cu_buf_byte(&x->out, t.p[at++]);
            continue;
        }
        uint8_t c = t.p[++at];
        if (c == 'x' || c == 'u' || c == 'U') {
            size_t most = c == 'x' ? 2 : c == 'u' ? 4 : 8;
            for (at++; n < most && at < t.n && isxdigit(t.p[at]); n++, at++)
                v = v * 16 + (unsigned)(t.p[at] <= '9' ? t.p[at] - '0' : (t.p[at] | 0x20) - 'a' + 10);
            cu_buf_byte(&x->out, (uint8_t)v);
        } else if (c >= '0' && c <= '7') {
            for (; n < 3 && at < t.n && t.p[at] >= '0' && t.p[at] <= '7'; n++, at++)
                v = v * 8 + (unsigned)(t.p[at] - '0');
            cu_buf_byte(&x->out, (uint8_t)v);
        } else {
            esc = c ? strchr(from, c) : NULL;
            cu_buf_byte(&x->out, esc ? (uint8_t)to[esc - from] : c);
            at++;
        }
    }
    return at + (at < t.n);
}

static size_t dollar(expander *x, size_t at, bool quoted)
{
    cu_bytes t = x->t, v = CU_NONE;
    uint8_t c = at + 1 < t.n ? t.p[at + 1] : 0;
    if (c == '\'' && !quoted)
        return ansi_c(x, at + 2);
    if (c == '"' && !quoted)
        return at + 1;
    if (c == '(' && at + 2 < t.n && t.p[at + 2] == '(') {
        size_t end = group_closing(t, at + 2, '(', ')');
        counted(x, cu_slice(t, at + 3, end > at + 3 ? end : at + 3));
        cu_buf_byte(&x->out, OPEN);
        return end + 1;
    }
    if (c == '(')
        return substitution(x, at, 2, quoted);
    if (c == '{') {
        size_t end = group_closing(t, at + 2, '{', '}');
        braces(x, cu_slice(t, at + 2, end), quoted);
        return end + 1;
    }
    if ((c == '@' || c == '*' || isdigit(c)) && put_args(x, c, 1, quoted && c != '@'))
        return at + 2;
    if (c == '@' || c == '*' || isdigit(c)) { /* none are given */
        bool behind_blank = x->out.n && x->out.p[x->out.n - 1] == SPLIT; /* $IFS$9/: nothing stands there, so a blank does */
        if (at + 2 < t.n && t.p[at + 2] == '/' && !behind_blank)
            cu_buf_byte(&x->out, OPEN);
        else if (at + 2 >= t.n && x->out.n == 0)
            cu_buf_byte(&x->out, OPEN);
        return at + 2;
    }
    size_t end = at + 1;
    while (end < t.n && name_byte(t.p[end]))
        end++;
    if (end == at + 1) {
        cu_buf_byte(&x->out, c && strchr("?#!$-", c) ? OPEN : '$');
        return at + (c && strchr("?#!$-", c) ? 2 : 1);
    }
    if (known(x, cu_slice(t, at + 1, end), &v))
        put_text(x, v, quoted);
    else
        cu_buf_byte(&x->out, OPEN);
    return end;
}

static size_t backslash(expander *x, size_t at, bool quoted)
{
    if (at + 1 >= x->t.n)
        return at + 1;
    uint8_t c = x->t.p[at + 1];
    if (quoted && !strchr("$`\"\\\n", c ? c : 'x'))
        cu_buf_byte(&x->out, '\\');
    if (c != '\n')
        cu_buf_byte(&x->out, c);
    return at + 2;
}

static size_t one(expander *x, size_t at, bool quoted)
{
    uint8_t c = x->t.p[at];
    if (c == '\\')
        return backslash(x, at, quoted);
    if (c == '$')
        return dollar(x, at, quoted);
    if (c == '`')
        return substitution(x, at, 1, quoted);
    if (quoted) {
        cu_buf_byte(&x->out, c);
        return at + 1;
    }
    if (c == '\'') {
        const uint8_t *end = memchr(x->t.p + at + 1, '\'', x->t.n - at - 1);
        size_t to = end ? (size_t)(end - x->t.p) : x->t.n;
        cu_buf_add(&x->out, cu_slice(x->t, at + 1, to));
        return to + 1;
    }
    if (c == '"')
        return expand(x, at + 1, '"', true);
    if ((c == '<' || c == '>') && at + 1 < x->t.n && x->t.p[at + 1] == '(')
        return substitution(x, at, 2, quoted);
    x->glob = x->glob || c == '*' || c == '?' || c == '[';
    cu_buf_byte(&x->out, c);
    return at + 1;
}

/* To the byte `until`; returns the place behind it. */
static size_t expand(expander *x, size_t at, uint8_t until, bool quoted)
{
    while (at < x->t.n && !(until && x->t.p[at] == until))
        at = one(x, at, quoted);
    return at + (until && at < x->t.n);
}

static void expand_text(walk *w, const TSNode *root, cu_bytes t, size_t at, words *out, uint32_t *tags, uint32_t depth);

static void alternatives(walk *w, cu_bytes t, size_t from, size_t to, words *out, uint32_t *tags, uint32_t depth)
{
    cu_word_list items;
    if (!group_items(w, cu_slice(t, from + 1, to), depth == 0, &items))
        return;
    for (size_t i = 0; i < items.n && step(w); i++)
        expand_text(w, NULL, group_put(w, t, from, to, items.v[i]), 0, out, tags, depth + 1);
}

/* What did not fit was not looked at. */
static void whole(walk *w, const expander *x)
{
    if (cu_buf_err(&x->out) != CU_OK)
        reason_static(w, "command-too-large", "A word is longer than what is looked at.", "Split it into smaller commands.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
}

static void add_cut(walk *w, expander *x, words *out)
{
    whole(w, x);
    cu_bytes t = cu_buf_view(&x->out);
    for (size_t i = 0, from = 0; i <= t.n; i++)
        if (i == t.n || t.p[i] == SPLIT) {
            if (i > from || (from == 0 && i == t.n))
                words_add(w, out, cu_slice(t, from, i), x->glob);
            from = i + 1;
        }
}

static void expand_text(walk *w, const TSNode *root, cu_bytes t, size_t at, words *out, uint32_t *tags, uint32_t depth)
{
    size_t from, to;
    if (group_at(cu_slice(t, at, t.n), &from, &to)) {
        if (depth == MAX_GROUPS)
            reason_static(w, "command-too-large", "A word has more groups in braces than are looked at.", "Write the words out.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
        else
            alternatives(w, cu_slice(t, at, t.n), from, to, out, tags, depth);
        return;
    }
    expander x = {w, root, t, CU_BUF(CU_INSPECT_MAX_TEXT), 0, false, true};
    expand(&x, at, 0, false);
    add_cut(w, &x, out);
    *tags |= x.tags;
    cu_buf_free(&x.out);
}

void expand_node(walk *w, TSNode n, words *out, uint32_t *tags)
{
    if (step(w))
        expand_text(w, &n, cu_slice(w->src, 0, ts_node_end_byte(n)), ts_node_start_byte(n), out, tags, 0);
}

void expand_span(walk *w, TSNode all, uint32_t from, uint32_t to, words *out, uint32_t *tags)
{
    if (step(w))
        expand_text(w, &all, cu_slice(w->src, 0, to), from, out, tags, 0);
}

cu_bytes expand_one(walk *w, TSNode n, uint32_t *tags)
{
    bool body = strcmp(ts_node_type(n), "heredoc_body") == 0;
    expander x = {w, &n, cu_slice(w->src, 0, ts_node_end_byte(n)), CU_BUF(CU_INSPECT_MAX_TEXT), 0, false, false};
    if (step(w))
        expand(&x, ts_node_start_byte(n), 0, body);
    whole(w, &x);
    cu_bytes r = cu_arena_dup(w->a, cu_buf_view(&x.out));
    *tags |= x.tags;
    cu_buf_free(&x.out);
    return r;
}
