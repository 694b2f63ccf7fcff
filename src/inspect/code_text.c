/* Program text of any language: the strings in it may be commands, each for itself, beside each other, or put together
 * (code_sum.c). */
#include <ctype.h>
#include "base/buf.h"
#include "walk.h"

size_t code_literal_end(cu_bytes t, size_t at, uint8_t quote)
{
    while (at < t.n && t.p[at] != quote)
        at += t.p[at] == '\\' ? 2 : 1;
    return at < t.n ? at : t.n;
}

/* The name of the function whose first argument begins at `at`: shutil.rmtree( "..., FileUtils.rm_rf "... */
cu_bytes code_called_before(cu_bytes t, size_t at)
{
    while (at && (isspace(t.p[at - 1]) || t.p[at - 1] == '('))
        at--;
    size_t end = at;
    while (at && (isalnum(t.p[at - 1]) || t.p[at - 1] == '_'))
        at--;
    return cu_slice(t, at, end);
}

/* rmtree("/") is rm -rf / */
void code_called(walk *w, cu_bytes name, cu_bytes text)
{
    for (unsigned t = 0; name.n && t < CU_TIERS; t++)
        for (size_t i = 0; w->g->packs[t] && i < w->g->packs[t]->calls_n; i++) {
            const cu_code_call *x = &w->g->packs[t]->calls[i];
            call *c = in_list(&x->names, name) ? cu_arena_alloc(w->a, sizeof *c) : NULL;
            if (!c || !step(w))
                continue;
            for (size_t k = 0; k < x->as.n; k++)
                words_add(w, &c->argv, x->as.v[k], false);
            words_add(w, &c->argv, text, false);
            call_run(w, c);
        }
}

void code_literal(walk *w, cu_bytes t)
{
    call *c = cu_arena_alloc(w->a, sizeof *c);
    w->nomem = w->nomem || !c;
    if (t.n < 3 || !c || !step(w))
        return;
    words_add(w, &c->argv, CU_LIT("open"), false);
    words_add(w, &c->argv, t, false);
    call_run(w, c); /* a file or host that the program names */
    if (memchr(t.p, ' ', t.n) || memchr(t.p, ';', t.n))
        shell_text(w, t, (flow){0});
    if (memchr(t.p, '(', t.n) && (memchr(t.p, '"', t.n) || memchr(t.p, '\'', t.n)) && w->depth + 1 < CU_INSPECT_MAX_DEPTH) { /* exec('…("…")') */
        w->depth++;
        code_text(w, t);
        w->depth--;
    }
    cu_buf hidden CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    if (w->depth + 1 >= CU_INSPECT_MAX_DEPTH || !decode_hidden(t, &hidden))
        return;
    cu_bytes text = cu_arena_dup(w->a, cu_buf_view(&hidden));
    w->depth++;
    shell_text(w, text, (flow){0});
    code_text(w, text);
    w->depth--;
}

/* The bracket that closes what Perl's qw(), qx{} and Ruby's %x[] open at i; 0: none of them stands there. */
static uint8_t bracket_of(cu_bytes t, size_t i)
{
    static const char *const heads[] = {"qw", "qx", "qq", "%x", "%w", "%q", "%Q"};
    static const char open[] = "([{</|", close[] = ")]}>/|";
    const char *at = t.p[i] ? strchr(open, t.p[i]) : NULL;
    for (size_t k = 0; at && i >= 2 && k < sizeof heads / sizeof *heads; k++)
        if (memcmp(t.p + i - 2, heads[k], 2) == 0 && (i == 2 || !isalnum(t.p[i - 3])))
            return (uint8_t)close[at - open];
    bool q = at && i && t.p[i - 1] == 'q' && (i == 1 || !(isalnum(t.p[i - 2]) || t.p[i - 2] == '_')); /* Perl's q() */
    return q ? (uint8_t)close[at - open] : 0;
}

static uint8_t hex_of(cu_bytes t, size_t i)
{
    uint8_t v = 0;
    for (size_t k = i; k < i + 2; k++)
        v = (uint8_t)(v * 16 + (isdigit(t.p[k]) ? t.p[k] - '0' : (t.p[k] | 32) - 'a' + 10));
    return v;
}

/* A literal without what languages escape alike: \x72, \", \\. */
cu_bytes code_plain(walk *w, cu_bytes t)
{
    if (!t.n || !memchr(t.p, '\\', t.n))
        return t;
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    for (size_t i = 0; i < t.n; i++) {
        uint8_t next = t.p[i] == '\\' && i + 1 < t.n ? t.p[i + 1] : 0;
        if (next == 'x' && i + 3 < t.n && isxdigit(t.p[i + 2]) && isxdigit(t.p[i + 3])) {
            cu_buf_byte(&b, hex_of(t, i + 2));
            i += 3;
        } else if (next && memchr("\"'`\\/", next, 5)) {
            cu_buf_byte(&b, t.p[++i]);
        } else {
            cu_buf_byte(&b, t.p[i]);
        }
    }
    return cu_arena_dup(w->a, cu_buf_view(&b));
}

/* What may stand between two words of one command: a comma, a plus, and what opens the list of the others. */
static bool joins(cu_bytes between)
{
    static const char *const opens[] = {"args", "argv", "list", "vec!", "Array", "new"};
    if (between.n > 16)
        return false;
    for (size_t i = 0, k; i < between.n; i++) {
        if (strchr(",[+({&", between.p[i] ? between.p[i] : '.') || isspace(between.p[i]))
            continue;
        cu_bytes rest = cu_slice(between, i, between.n);
        for (k = 0; k < sizeof opens / sizeof *opens && !cu_starts(rest, cu_str(opens[k])); k++)
            ;
        if (k == sizeof opens / sizeof *opens)
            return false;
        i += strlen(opens[k]) - 1;
        i += i + 1 < between.n && between.p[i + 1] == ':'; /* args: [ */
    }
    return true;
}

/* 'r' + 'm', 'r' 'm'; in Lisp a blank stands between the items of a list. */
static bool adds(cu_bytes between, bool lisp)
{
    bool alone = !lisp;
    for (size_t i = 0; i < between.n; i++)
        alone = alone && isspace(between.p[i]);
    return alone || memchr(between.p, '+', between.n);
}

/* Strings that stand beside each other, as in ["rm", "-rf", "/"], are one command. */
void code_text(walk *w, cu_bytes t)
{
    cu_buf row CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    size_t in_row = 0, last = 0;
    bool lisp = in_trimmed(t).n && in_trimmed(t).p[0] == '(';
    host_scan(w, t);
    for (size_t i = 0; i < t.n && w->steps < CU_INSPECT_MAX_STEPS; i++) {
        bool quote = t.p[i] == '"' || t.p[i] == '\'' || t.p[i] == '`';
        uint8_t closing = quote ? t.p[i] : bracket_of(t, i);
        if (!closing)
            continue;
        size_t end = code_literal_end(t, i + 1, closing);
        cu_bytes text = code_plain(w, cu_slice(t, i + 1, end));
        code_called(w, code_called_before(t, i), text);
        code_literal(w, text);
        bool beside = in_row && i > last && joins(cu_slice(t, last, i));
        if (!beside) {
            if (in_row > 1)
                shell_text(w, cu_arena_dup(w->a, cu_buf_view(&row)), (flow){0});
            cu_buf_reset(&row);
            in_row = 0;
        }
        bool sum = beside && adds(cu_slice(t, last, i), lisp);
        if (in_row++ && !sum)
            cu_buf_byte(&row, ' ');
        cu_buf_add(&row, text);
        i = end;
        last = end + 1;
    }
    if (in_row > 1)
        shell_text(w, cu_arena_dup(w->a, cu_buf_view(&row)), (flow){0});
    sums_text(w, t);
}
