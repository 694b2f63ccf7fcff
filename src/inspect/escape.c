/* Programs whose own text can hand a line to a shell: !CMD of editors, \! of database clients, sed's e. The ways stand in
 * programs.yaml (`escapes`); sed's are read here, for a flag behind its pattern decides. */
#include <ctype.h>
#include "base/buf.h"
#include "walk.h"

static bool known_in(flow f)
{
    return f.known || f.part;
}

/* What an editor's line begins with before its command: +, :, lines that it works on. */
static cu_bytes without_address(cu_bytes line)
{
    size_t n = 0;
    while (n < line.n && (isdigit(line.p[n]) || memchr("+:,.$%; \t", line.p[n], 9)))
        n++;
    return cu_slice(line, n, line.n);
}

static void give(walk *w, cu_bytes command)
{
    w->steps += (uint32_t)command.n / 16; /* the same text may be given often */
    if (in_trimmed(command).n && step(w))
        shell_text(w, in_trimmed(command), (flow){0});
}

/* NAME=CMD */
static void give_value(walk *w, cu_bytes line)
{
    size_t n = 0;
    while (n < line.n && (isalnum(line.p[n]) || line.p[n] == '_'))
        n++;
    if (n && n < line.n && line.p[n] == '=')
        give(w, cu_slice(line, n + 1, line.n));
}

/* system("CMD"), $(shell CMD), PROGRAM 'CMD' */
static void give_enclosed(walk *w, cu_bytes line, cu_bytes escape, bool bracket)
{
    size_t from = cu_find(line, escape, 0);
    if (from == SIZE_MAX)
        return;
    cu_bytes inner = cu_slice(line, from + escape.n, line.n);
    const uint8_t *end = inner.n ? memchr(inner.p, bracket ? ')' : '\'', inner.n) : NULL;
    if (bracket && step(w))
        code_text(w, inner);
    give(w, cu_slice(inner, 0, end ? (size_t)(end - inner.p) : inner.n));
}

static void one_line(walk *w, const cu_program *p, cu_bytes line)
{
    cu_bytes rest = without_address(line);
    for (size_t i = 0; i < p->escapes.n; i++) {
        cu_bytes e = p->escapes.v[i];
        bool bracket = memchr(e.p, '(', e.n) != NULL;
        if (cu_eq_str(e, "="))
            give_value(w, line);
        else if (bracket || e.p[e.n - 1] == '\'')
            give_enclosed(w, line, e, bracket);
        else if (cu_starts(rest, e) || cu_starts(line, e))
            give(w, cu_slice(cu_starts(line, e) ? line : rest, e.n, cu_starts(line, e) ? line.n : rest.n));
    }
}

static void lines(walk *w, const cu_program *p, cu_bytes text)
{
    for (size_t at = 0, end; at < text.n && step(w); at = end + 1) {
        const uint8_t *eol = memchr(text.p + at, '\n', text.n - at);
        end = eol ? (size_t)(eol - text.p) : text.n;
        one_line(w, p, in_trimmed(cu_slice(text, at, end)));
    }
}

/* --- sed (GNU sed's manual: e, s///e, -f) --- */

/* Behind the mark that ends what begins at i. */
static size_t behind_mark(cu_bytes t, size_t i, uint8_t mark)
{
    while (i < t.n && t.p[i] != mark && t.p[i] != '\n')
        i += t.p[i] == '\\' && i + 1 < t.n ? 2 : 1;
    return i < t.n ? i + 1 : t.n;
}

static size_t behind_address(cu_bytes t, size_t i)
{
    while (i < t.n) {
        if (t.p[i] == '/')
            i = behind_mark(t, i + 1, '/');
        else if (t.p[i] == '\\' && i + 1 < t.n)
            i = behind_mark(t, i + 2 < t.n ? i + 2 : t.n, t.p[i + 1]);
        else if (isspace(t.p[i]) || isdigit(t.p[i]) || memchr("$,~+!;{}IM", t.p[i], 10))
            i++;
        else
            break;
    }
    return i;
}

/* The replacement becomes a command; \/ in it is /. */
static void give_replacement(walk *w, cu_bytes t, uint8_t mark)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    for (size_t i = 0; i < t.n; i++)
        if (!(t.p[i] == '\\' && i + 1 < t.n && t.p[i + 1] == mark))
            cu_buf_byte(&b, t.p[i]);
    give(w, cu_arena_dup(w->a, cu_buf_view(&b)));
}

/* s/x/y/flags; i stands on the s. Behind its flags. */
static size_t substitution(walk *w, cu_bytes t, size_t i, flow in)
{
    if (i + 1 >= t.n)
        return t.n;
    uint8_t mark = t.p[i + 1];
    size_t from = behind_mark(t, i + 2, mark), to = behind_mark(t, from, mark);
    bool runs = false;
    for (i = to; i < t.n && isalnum(t.p[i]) && t.p[i] != 'w'; i++)
        runs |= t.p[i] == 'e';
    if (!runs)
        return i;
    give_replacement(w, cu_slice(t, from, to > from ? to - 1 : from), mark);
    if (known_in(in))
        give(w, in.text);
    return i;
}

static void sed_script(walk *w, cu_bytes t, flow in)
{
    for (size_t i = behind_address(t, 0); i < t.n && step(w); i = behind_address(t, i)) {
        const uint8_t *eol = memchr(t.p + i, '\n', t.n - i);
        size_t end = eol ? (size_t)(eol - t.p) : t.n;
        uint8_t c = t.p[i];
        if (c == 's') {
            i = substitution(w, t, i, in);
        } else if (c == 'e') {
            bool alone = in_trimmed(cu_slice(t, i + 1, end)).n == 0;
            give(w, !alone ? cu_slice(t, i + 1, end) : known_in(in) ? in.text : CU_NONE);
            i = end;
        } else {
            i = strchr("aicrwRWbtT:y", c ? c : 'a') ? end : i + 1;
        }
    }
}

/* --- awk (POSIX, awk: output redirection) --- */

/* print x > "FILE", >> "FILE" */
static void awk_writes(walk *w, cu_bytes t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '"' || t.p[i] == '\\') {
            i = t.p[i] == '"' ? behind_mark(t, i + 1, '"') - 1 : i + 1;
            continue;
        }
        size_t from = i + 1;
        while (t.p[i] == '>' && from < t.n && (t.p[from] == '>' || t.p[from] == ' '))
            from++;
        if (t.p[i] != '>' || from >= t.n || t.p[from] != '"')
            continue;
        size_t end = behind_mark(t, from + 1, '"');
        cu_bytes file = cu_slice(t, from, end);
        if (!memchr(file.p, '$', file.n) && !memchr(file.p, '`', file.n))
            give(w, cu_str(cu_arena_fmt(w->a, "printf x > %.*s", CU_FMT(file))));
        i = end - 1;
    }
}

static void awk_text(walk *w, cu_bytes t)
{
    awk_writes(w, t);
    code_text(w, t);
}

static cu_bytes behind_option(cu_bytes t)
{
    const uint8_t *eq = cu_starts(t, CU_LIT("--")) ? memchr(t.p, '=', t.n) : NULL;
    return eq ? cu_slice(t, (size_t)(eq - t.p) + 1, t.n) : t;
}

static void one_text(walk *w, const cu_program *p, bool sed, cu_bytes text, flow in)
{
    if (sed)
        sed_script(w, text, in);
    else
        lines(w, p, text);
}

/* A file that was written a moment ago, or what comes in, named by an option: awk -f FILE. */
static const flow *script_of(walk *w, const call *c, const cu_program *p, size_t i)
{
    cu_bytes t = c->argv.v[i].text, file = behind_option(t);
    size_t dashes = t.n > 1 && t.p[1] == '-' ? 2 : 1;
    if (t.n < 2 || t.p[0] != '-')
        return NULL;
    cu_bytes name = cu_slice(t, dashes, file.p == t.p ? t.n : t.n - file.n - 1);
    if (!in_list(&p->scripts, name))
        return NULL;
    if (file.p == t.p)
        file = i + 1 < c->argv.n ? c->argv.v[i + 1].text : CU_NONE;
    return cu_eq_str(file, "-") || cu_eq_str(file, "/dev/stdin") ? &c->in : var_get(w->files, file);
}

void escape_run(walk *w, const call *c, const cu_program *p, cu_bytes name)
{
    bool sed = cu_eq_str(name, "sed") || cu_eq_str(name, "gsed"), awk = name.n > 2 && cu_eq_str(cu_slice(name, name.n - 3, name.n), "awk");
    if ((!p->escapes.n && !p->scripts.n) || w->depth + 1 >= CU_INSPECT_MAX_DEPTH)
        return;
    w->depth++;
    for (size_t i = 1; i < c->argv.n; i++) {
        const flow *f = script_of(w, c, p, i);
        if (f && known_in(*f) && p->escapes.n)
            one_text(w, p, sed, f->text, (flow){0});
        else if (f && known_in(*f) && (p->tags & CU_COMMAND_interpreter))
            (awk ? awk_text : code_text)(w, f->text);
        else if (f && known_in(*f))
            shell_text(w, f->text, (flow){0});
        if (awk)
            awk_writes(w, c->argv.v[i].text);
        if (p->escapes.n)
            one_text(w, p, sed, behind_option(c->argv.v[i].text), c->in);
    }
    if (p->escapes.n && !sed && known_in(c->in))
        lines(w, p, c->in.text);
    w->depth--;
}
