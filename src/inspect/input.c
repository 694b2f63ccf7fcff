/* What commands make of what comes in: words of variables, words of other commands, the files of >( ). */
#include <ctype.h>
#include "base/buf.h"
#include "walk.h"

#define MAX_LINES 64u /* for each of which a command is run; beyond: held */

static cu_bytes next_line(cu_bytes *rest)
{
    const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    cu_bytes line = cu_slice(*rest, 0, end ? (size_t)(end - rest->p) : rest->n);
    *rest = cu_slice(*rest, line.n + (end != NULL), rest->n);
    return line;
}

static cu_bytes next_word(cu_bytes *rest)
{
    size_t n = 0;
    *rest = in_trimmed(*rest);
    while (n < rest->n && !isspace(rest->p[n]))
        n++;
    cu_bytes first = cu_slice(*rest, 0, n);
    *rest = cu_slice(*rest, n, rest->n);
    return first;
}

/* read A B: the first line's words, the last name gets what is left. */
static void read_line(walk *w, const call *c)
{
    static const char *const with_value[] = {"-d", "-n", "-N", "-p", "-t", "-u", "-i"};
    cu_bytes all = c->in.text, rest = next_line(&all);
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes name = c->argv.v[i].text;
        bool option = name.n > 1 && name.p[0] == '-';
        for (size_t k = 0; k < sizeof with_value / sizeof *with_value; k++)
            i += cu_eq_str(name, with_value[k]);
        if (option)
            continue;
        flow f = {c->in.tags, c->in.known, i + 1 < c->argv.n ? next_word(&rest) : in_trimmed(rest)};
        var_set(w, &w->vars, name, f);
    }
}

/* Of a table of cron what stands behind the five fields or behind @daily; of a makefile what stands behind a tab. */
static void run_lines(walk *w, const call *c, bool cron)
{
    cu_bytes rest = c->in.text;
    while (rest.n && step(w)) {
        cu_bytes line = next_line(&rest);
        bool runs = cron ? line.n && line.p[0] != '#' : line.n && line.p[0] == '\t';
        line = in_trimmed(line);
        for (unsigned fields = line.n && line.p[0] == '@' ? 1 : 5; cron && runs && fields; fields--)
            (void)next_word(&line);
        if (runs && in_trimmed(line).n)
            shell_text(w, in_trimmed(line), (flow){0});
    }
}

static bool reads_stdin(const call *c)
{
    for (size_t i = 1; i < c->argv.n; i++)
        if (cu_eq_str(c->argv.v[i].text, "-") || cu_eq_str(c->argv.v[i].text, "/dev/stdin") || cu_eq_str(c->argv.v[i].text, "-f-"))
            return true;
    return false;
}

void input_state(walk *w, const call *c, cu_bytes name)
{
    cu_bytes last = c->argv.v[c->argv.n - 1].text;
    bool lines = cu_eq_str(name, "mapfile") || cu_eq_str(name, "readarray");
    bool cron = cu_eq_str(name, "crontab") && (c->argv.n == 1 || reads_stdin(c));
    flow *table = cu_eq_str(name, "crontab") && c->argv.n > 1 ? var_get(w->files, last) : NULL; /* written a moment ago */
    if (table && (table->known || table->part)) {
        const call of = {.argv = c->argv, .in = *table};
        run_lines(w, &of, true);
    } else if ((c->in.known || c->in.part) && (cron || ((cu_eq_str(name, "make") || cu_eq_str(name, "gmake")) && reads_stdin(c)))) {
        run_lines(w, c, cron);
    } else if (cu_eq_str(name, "read")) {
        read_line(w, c);
    } else if (lines && c->argv.n > 1) {
        var_set(w, &w->vars, last, c->in);
    } else if (cu_eq_str(name, "printf") && c->argv.n > 3 && cu_eq_str(c->argv.v[1].text, "-v")) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
        decode_printed(c, 3, &b);
        cu_bytes text = cu_arena_dup(w->a, cu_buf_view(&b));
        var_set(w, &w->vars, c->argv.v[2].text, (flow){c->arg_tags, !(text.n && memchr(text.p, OPEN, text.n)), text});
    }
}

/* The word that stands for a line: -I{}, -I {}, -i, --replace=R. */
static cu_bytes placeholder(const call *c)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (cu_eq_str(t, "-I") || cu_eq_str(t, "-J"))
            return i + 1 < c->argv.n ? c->argv.v[i + 1].text : CU_NONE;
        if (cu_starts(t, CU_LIT("-I")))
            return cu_slice(t, 2, t.n);
        if (cu_eq_str(t, "-i") || cu_eq_str(t, "--replace"))
            return CU_LIT("{}");
        if (cu_starts(t, CU_LIT("--replace=")))
            return cu_slice(t, 10, t.n);
    }
    return CU_NONE;
}

static bool whole_items(const call *c)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (cu_eq_str(t, "-0") || cu_eq_str(t, "--null") || cu_starts(t, CU_LIT("-d")) || cu_starts(t, CU_LIT("--delimiter")) || cu_starts(t, CU_LIT("-L")))
            return true;
        if (t.n && t.p[0] != '-')
            break;
    }
    return false;
}

static void put_replaced(cu_buf *b, cu_bytes text, cu_bytes mark, cu_bytes line)
{
    for (size_t at = 0, hit; at <= text.n; at = hit + mark.n) {
        hit = cu_find(text, mark, at);
        cu_buf_add(b, cu_slice(text, at, hit == SIZE_MAX ? text.n : hit));
        if (hit == SIZE_MAX)
            break;
        cu_buf_add(b, line);
    }
}

/* From the word behind the placeholder's option on, each with the line in place of the mark. */
static flow with_line(walk *w, const call *c, cu_bytes mark, cu_bytes line)
{
    call *one = cu_arena_alloc(w->a, sizeof *one);
    w->nomem = w->nomem || !one;
    if (!one || !step(w))
        return (flow){0};
    for (size_t i = 0; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        bool option = i && t.n > 1 && t.p[0] == '-' && (cu_starts(t, CU_LIT("-I")) || cu_starts(t, CU_LIT("-i")) || cu_starts(t, CU_LIT("-J")) || cu_starts(t, CU_LIT("--replace")));
        if (option) {
            i += t.n == 2 && t.p[1] != 'i';
            continue;
        }
        cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
        put_replaced(&b, t, mark, line);
        words_add(w, &one->argv, cu_buf_view(&b), c->argv.v[i].glob);
    }
    one->to = c->to;
    one->in.tags = c->in.tags;
    one->arg_tags = c->arg_tags;
    return call_run(w, one);
}

/* xargs -a FILE, --arg-file=FILE */
static void from_file(walk *w, call *c)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text, file = CU_NONE;
        if (cu_eq_str(t, "-a") || cu_eq_str(t, "--arg-file"))
            file = i + 1 < c->argv.n ? c->argv.v[i + 1].text : CU_NONE;
        else if (cu_starts(t, CU_LIT("--arg-file=")))
            file = cu_slice(t, 11, t.n);
        else if (cu_starts(t, CU_LIT("-a")))
            file = cu_slice(t, 2, t.n);
        flow *f = file.n ? var_get(w->files, file) : NULL;
        if (f)
            c->in = *f;
        if (t.n && t.p[0] != '-')
            break;
    }
}

bool input_lines(walk *w, call *c, cu_bytes name, flow *out)
{
    bool xargs = cu_eq_str(name, "xargs") || cu_eq_str(name, "gxargs");
    if (xargs || cu_eq_str(name, "parallel"))
        from_file(w, c);
    if (!xargs || !c->in.known)
        return false;
    cu_bytes mark = placeholder(c), rest = c->in.text;
    if (mark.n) {
        for (unsigned n = 0; rest.n; n++) {
            if (n == MAX_LINES) {
                reason_static(w, "command-too-large", "xargs gets more lines than are looked at.", "Give it fewer lines.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
                break;
            }
            *out = with_line(w, c, mark, in_trimmed(next_line(&rest)));
        }
        return true;
    }
    if (!whole_items(c)) /* cut at blanks: take_input_words() */
        return false;
    cu_bytes item = in_trimmed(rest);
    words copy = {0};
    for (size_t i = 0; i < c->argv.n; i++)
        words_add(w, &copy, c->argv.v[i].text, c->argv.v[i].glob);
    for (size_t i = 0, from = 0; i <= item.n; i++)
        if (i == item.n || item.p[i] == 0 || item.p[i] == '\n') {
            if (i > from)
                words_add(w, &copy, cu_slice(item, from, i), false);
            from = i + 1;
        }
    c->argv = copy;
    c->in = (flow){c->in.tags, false, CU_NONE};
    return false;
}

void input_readers(walk *w, const call *c, flow out)
{
    const words *all[] = {&c->argv, &c->to};
    for (size_t k = 0; w->readers && k < 2; k++)
        for (size_t i = 0; i < all[k]->n; i++) {
            flow *f = var_get(w->readers, all[k]->v[i].text);
            if (f && step(w))
                shell_text(w, f->text, out);
        }
}
