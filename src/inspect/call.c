/* One command with its words known: which program it is, what that program runs in turn. */
#include <ctype.h>
#include "base/buf.h"
#include "walk.h"

static bool assignment(cu_bytes t)
{
    size_t n = 0;
    while (n < t.n && (isalnum(t.p[n]) || t.p[n] == '_'))
        n++;
    return n && n < t.n && t.p[n] == '=' && !isdigit(t.p[0]);
}

/* +short of dig */
static bool plus_option(const cu_program *p, cu_bytes t)
{
    return p && (p->tags & CU_COMMAND_plus) && t.n > 1 && t.p[0] == '+';
}

static bool is_option(cu_bytes t)
{
    return t.n > 1 && (t.p[0] == '-' || (t.p[0] == '+' && t.n == 2));
}

/* The option is exactly one that takes the next word. The last of a cluster counts: -xvf FILE, but in -v2c the rest
 * is what -v takes. */
static bool takes_next(const cu_program *p, cu_bytes t)
{
    size_t dashes = t.n > 1 && t.p[1] == '-' ? 2 : 1;
    cu_bytes name = cu_slice(t, dashes, t.n);
    if (memchr(t.p, '=', t.n))
        return false;
    if (in_list(&p->values, name))
        return true;
    bool cluster = dashes == 1 && name.n > 1 && name.n < 5 && in_list(&p->values, cu_slice(name, name.n - 1, name.n));
    return cluster && !(isdigit(name.p[1]) && in_list(&p->values, cu_slice(name, 0, 1)));
}

size_t operands_of(const call *c, const cu_program *p, size_t *at, size_t max)
{
    size_t n = 0;
    bool ended = false;
    for (size_t i = 1; i < c->argv.n && n < max; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (!ended && cu_eq_str(t, "--")) {
            ended = true;
        } else if (!ended && (is_option(t) || plus_option(p, t))) {
            i += p && takes_next(p, t);
        } else if (!(n == 0 && p && p->run == CU_RUNS_COMMAND && assignment(t))) {
            at[n++] = i;
        }
    }
    return n;
}

static bool has_sub(const call *c, const cu_program *p)
{
    size_t at[4], n = operands_of(c, p, at, 4);
    for (size_t i = 0; i < n && i < 2; i++)
        if (in_list(&p->sub, c->argv.v[at[i]].text))
            return true;
    return false;
}

const cu_program *program_of(const walk *w, const call *c)
{
    cu_bytes name = in_base(c->argv.v[0].text);
    const cu_program *plain = NULL;
    for (int t = CU_TIERS; t-- > 0;) {
        const cu_command_pack *pack = w->g->packs[t];
        for (size_t i = 0; pack && i < pack->programs_n; i++) {
            const cu_program *p = &pack->programs[i];
            if (!in_any(&p->names, name))
                continue;
            if (p->sub.n && has_sub(c, p))
                return p;
            if (!p->sub.n && !plain)
                plain = p;
        }
    }
    return plain;
}

static call *rest_of(walk *w, const call *c, size_t from, size_t to)
{
    call *r = cu_arena_alloc(w->a, sizeof *r);
    w->nomem = w->nomem || !r;
    if (!r || !step(w))
        return NULL;
    r->argv = (words){c->argv.v + from, to - from, to - from};
    r->to = c->to;
    r->in = c->in;
    r->arg_tags = c->arg_tags;
    return r;
}

static flow run_from(walk *w, const call *c, size_t from, size_t to)
{
    call *r = from < to ? rest_of(w, c, from, to) : NULL;
    return r ? call_run(w, r) : (flow){c->in.tags, false, CU_NONE};
}

static cu_bytes joined(walk *w, const call *c, size_t from)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_INSPECT_MAX_TEXT);
    for (size_t i = from; i < c->argv.n; i++) {
        if (i > from)
            cu_buf_byte(&b, ' ');
        cu_buf_add(&b, c->argv.v[i].text);
    }
    return cu_arena_dup(w->a, cu_buf_view(&b));
}

bool call_chooses(const call *c, size_t until)
{
    for (size_t i = 2; i < until; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (t.n > 1 && t.p[0] == '-' && !cu_eq_str(t, "-type") && !cu_starts(t, CU_LIT("-print")) && !cu_starts(t, CU_LIT("-exec")))
            return true;
    }
    return false;
}

/* find PATH -exec CMD {} ;  kubectl exec POD -- CMD */
static flow behind_marker(walk *w, const call *c, const cu_program *p, bool *done)
{
    flow out = {0};
    for (size_t i = 1; i + 1 < c->argv.n; i++) {
        if (!in_list(&p->after, c->argv.v[i].text))
            continue;
        size_t end = i + 1;
        bool rest = cu_eq_str(c->argv.v[i].text, "--") || cu_eq_str(c->argv.v[i].text, ":::");
        while (end < c->argv.n && (rest || !(cu_eq_str(c->argv.v[end].text, ";") || cu_eq_str(c->argv.v[end].text, "+"))))
            end++;
        call *r = rest_of(w, c, i + 1, end);
        if (!r)
            return out;
        words copy = {0};
        for (size_t k = 0; k < r->argv.n; k++)
            words_add(w, &copy, cu_eq_str(r->argv.v[k].text, "{}") && !call_chooses(c, i) ? c->argv.v[1].text : r->argv.v[k].text, r->argv.v[k].glob);
        r->argv = copy;
        out = call_run(w, r);
        *done = true;
        i = end;
    }
    return out;
}

/* sh -c CODE name words: what $0, $1 and so on are in CODE. */
static void run_with_args(walk *w, const call *c, cu_bytes code, size_t at)
{
    words before = w->args;
    w->args = at + 1 < c->argv.n ? (words){c->argv.v + at + 1, c->argv.n - at - 1, c->argv.n - at - 1} : (words){0};
    shell_text(w, code, c->in);
    w->args = before;
}

/* NAME=CMD, !CMD, :!CMD: what stands behind. */
static cu_bytes set_to(cu_bytes value)
{
    size_t n = 0;
    while (n < value.n && (isalnum(value.p[n]) || strchr("._-", value.p[n] ? value.p[n] : '=')))
        n++;
    if (n && n < value.n && value.p[n] == '=')
        value = cu_slice(value, n + 1, value.n);
    while (value.n && strchr("!: ", value.p[0] ? value.p[0] : 'x'))
        value = cu_slice(value, 1, value.n);
    return value;
}

static void options_settings(walk *w, const call *c, const cu_program *p)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (!is_option(t) || t.p[0] != '-')
            continue;
        cu_bytes name = cu_slice(t, t.p[1] == '-' ? 2 : 1, t.n);
        const uint8_t *eq = memchr(name.p, '=', name.n);
        bool joined = t.p[1] != '-' && name.n > 1 && in_list(&p->settings, cu_slice(name, 0, 1)); /* -oNAME=CMD */
        if (joined && set_to(cu_slice(name, 1, name.n)).n)
            shell_text(w, set_to(cu_slice(name, 1, name.n)), (flow){0});
        cu_bytes value = eq ? cu_slice(name, (size_t)(eq - name.p) + 1, name.n) : i + 1 < c->argv.n ? c->argv.v[i + 1].text : CU_NONE;
        if (eq)
            name.n = (size_t)(eq - name.p);
        if (in_list(&p->settings, name) && set_to(value).n)
            shell_text(w, set_to(value), (flow){0});
    }
}

static void run_code(walk *w, const call *c, const cu_program *p, cu_bytes code)
{
    if (code.n == 0)
        return;
    if (p->tags & CU_COMMAND_interpreter) {
        if (++w->depth < CU_INSPECT_MAX_DEPTH)
            code_text(w, code);
        w->depth--;
    } else {
        shell_text(w, code, c->in);
    }
}

/* -c CODE, -lc CODE, --eval=CODE; of a program without such options the first operand. */
static bool options_code(walk *w, const call *c, const cu_program *p)
{
    bool hit = false;
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (!is_option(t))
            continue;
        size_t dashes = t.p[1] == '-' ? 2 : 1;
        cu_bytes name = cu_slice(t, dashes, t.n);
        for (size_t k = 0; k < p->code.n; k++) {
            cu_bytes o = p->code.v[k];
            bool cluster = o.n == 1 && dashes == 1 && name.n < 6 && memchr(name.p, o.p[0], name.n);
            bool eq = name.n > o.n && name.p[o.n] == '=' && cu_starts(name, o);
            if (eq)
                run_code(w, c, p, cu_slice(name, o.n + 1, name.n));
            else if (cu_eq(name, o) || cluster) {
                size_t at = i + 1;
                while (at + 1 < c->argv.n && is_option(c->argv.v[at].text))
                    at++;
                if (at < c->argv.n && (p->tags & CU_COMMAND_shell))
                    run_with_args(w, c, c->argv.v[at].text, at);
                else if (at < c->argv.n)
                    run_code(w, c, p, c->argv.v[at].text);
            } else if (o.n == 1 && dashes == 1 && name.n > 2 && name.p[0] == o.p[0])
                run_code(w, c, p, cu_slice(name, 1, name.n));
            else
                continue;
            hit = true;
            break;
        }
    }
    return hit;
}

static bool is_stdin(cu_bytes name)
{
    return cu_eq_str(name, "-") || cu_eq_str(name, "/dev/stdin") || cu_eq_str(name, "/dev/fd/0") || cu_eq_str(name, "/proc/self/fd/0");
}

/* at 10:00: operands that are no file are skipped. */
static void shell_input(walk *w, const call *c, const cu_program *p, const size_t *operand, size_t operands)
{
    flow f = c->in;
    bool by_name = operands > p->skip && !is_stdin(c->argv.v[operand[p->skip]].text);
    if (by_name) {
        flow *file = var_get(w->files, c->argv.v[operand[p->skip]].text);
        if (!file)
            return;
        f = *file;
    }
    if (f.known || f.part)
        run_code(w, c, p, f.text);
    if (by_name && (f.tags & (CU_COMMAND_download | CU_COMMAND_decoder))) {
        call *r = rest_of(w, c, 0, 1);
        if (r) {
            r->in = f;
            match_call(w, r, p, in_base(c->argv.v[0].text));
        }
    }
}

/* env NAME=value CMD */
static void set_before(walk *w, const call *c, size_t until)
{
    for (size_t i = 1; i < until; i++) {
        cu_bytes t = c->argv.v[i].text;
        const uint8_t *eq = assignment(t) ? memchr(t.p, '=', t.n) : NULL;
        if (eq)
            var_given(w, cu_slice(t, 0, (size_t)(eq - t.p)), (flow){.known = true, .text = cu_slice(t, (size_t)(eq - t.p) + 1, t.n)});
    }
}

/* The value of the option at `at` where it is one of these: -C /, -C/, --chdir=/, --chdir /. */
static cu_bytes value_of(const call *c, size_t at, const cu_word_list *options)
{
    cu_bytes t = c->argv.v[at].text;
    for (size_t i = 0; t.n > 1 && t.p[0] == '-' && i < options->n; i++) {
        cu_bytes o = options->v[i], name = cu_slice(t, t.p[1] == '-' ? 2 : 1, t.n);
        if (cu_eq(name, o))
            return at + 1 < c->argv.n ? c->argv.v[at + 1].text : CU_NONE;
        if (cu_starts(name, o) && (name.p[o.n] == '=' || o.n == 1))
            return cu_slice(name, o.n + (name.p[o.n] == '='), name.n);
    }
    return CU_NONE;
}

/* gcc -wrapper PROG,ARG,ARG */
static void options_argv(walk *w, const call *c, const cu_program *p)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = value_of(c, i, &p->argv_options);
        call *r = t.n ? rest_of(w, c, 0, 0) : NULL;
        if (!r)
            continue;
        r->argv = (words){0};
        for (size_t k = 0, from = 0; k <= t.n; k++)
            if (k == t.n || t.p[k] == ',') {
                words_add(w, &r->argv, cu_slice(t, from, k), false);
                from = k + 1;
            }
        call_run(w, r);
    }
}

static void go_to(walk *w, cu_bytes to)
{
    bool open = !to.n || to.n > 1024 || w->folder.n > 4096 || memchr(to.p, OPEN, to.n) || to.p[0] == '-' || to.p[0] == '+';
    bool whole = !open && (to.p[0] == '/' || to.p[0] == '~');
    char *joined = open || whole ? NULL : cu_arena_fmt(w->a, "%.*s/%.*s", CU_FMT(w->folder), CU_FMT(to));
    w->folder = whole ? to : joined && w->folder.n ? in_path(w->a, cu_str(joined)) : CU_NONE;
}

/* env -C DIR CMD */
static flow run_in_folder(walk *w, const call *c, const cu_program *p, size_t from)
{
    cu_bytes before = w->folder;
    for (size_t i = 1; i < from; i++)
        if (value_of(c, i, &p->folder_options).n)
            go_to(w, value_of(c, i, &p->folder_options));
    flow out = run_from(w, c, from, c->argv.n);
    w->folder = before;
    return out;
}

static void run_alias(walk *w, const call *c)
{
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        const uint8_t *eq = t.n ? memchr(t.p, '=', t.n) : NULL;
        if (eq)
            shell_text(w, cu_slice(t, (size_t)(eq - t.p) + 1, t.n), (flow){0});
    }
}

/* What the program runs. done: what comes out is what that gives. */
static flow run_inner(walk *w, const call *c, const cu_program *p, const size_t *operand, size_t operands, bool *done)
{
    flow out = {0};
    if (p->after.n)
        out = behind_marker(w, c, p, done);
    if (*done)
        return out;
    if (p->settings.n)
        options_settings(w, c, p);
    if (p->argv_options.n)
        options_argv(w, c, p);
    escape_run(w, c, p, in_base(c->argv.v[0].text));
    bool coded = p->code.n && options_code(w, c, p);
    if ((p->tags & CU_COMMAND_interpreter) && operands > p->skip && (p->skip || !p->code.n)) /* deno eval CODE */
        run_code(w, c, p, c->argv.v[operand[p->skip]].text);
    if (!coded && (p->tags & (CU_COMMAND_shell | CU_COMMAND_interpreter)))
        shell_input(w, c, p, operand, operands);
    if (p->run == CU_RUNS_SHELL && p->skip && operands == p->skip && c->in.known) { /* ssh HOST <<E */
        *done = true;
        return shell_text(w, c->in.text, (flow){0});
    }
    if (p->run == CU_RUNS_NONE || p->skip >= operands)
        return out;
    set_before(w, c, operand[p->skip]);
    *done = true;
    if (p->run == CU_RUNS_SHELL)
        return shell_text(w, joined(w, c, operand[p->skip]), c->in);
    return run_in_folder(w, c, p, operand[p->skip]);
}

/* xargs, parallel: what comes in are more words, and nothing comes in any more. */
static void take_input_words(walk *w, call *c, cu_bytes name)
{
    if (!(cu_eq_str(name, "xargs") || cu_eq_str(name, "parallel")) || !c->in.known)
        return;
    words copy = {0};
    for (size_t i = 0; i < c->argv.n; i++)
        words_add(w, &copy, c->argv.v[i].text, c->argv.v[i].glob);
    for (size_t i = 0, from = 0; i <= c->in.text.n; i++)
        if (i == c->in.text.n || isspace(c->in.text.p[i])) {
            if (i > from)
                words_add(w, &copy, cu_slice(c->in.text, from, i), false);
            from = i + 1;
        }
    c->argv = copy;
    c->in = (flow){.tags = c->in.tags};
}

/* What it reads or says is text; or its row says what it runs. */
static bool runs_nothing_else(const cu_program *p)
{
    bool told = p->run != CU_RUNS_NONE || p->code.n || p->settings.n || p->escapes.n || p->after.n || p->argv_options.n;
    return told || (p->tags & ~(uint32_t)(CU_COMMAND_net | CU_COMMAND_upload | CU_COMMAND_long));
}

/* A wrapper that no table knows: each word that names a program of the rules may be one. */
static void try_words(walk *w, const call *c)
{
    for (size_t i = 1; i < c->argv.n && i < 12; i++)
        if (match_program_named(w, in_base(c->argv.v[i].text))) {
            run_from(w, c, i, c->argv.n);
            return;
        }
}

/* Of a program that a table knows only for its hosts: an operand that names a program which rules stop. */
static void try_operands(walk *w, const call *c, const size_t *operand, size_t operands)
{
    for (size_t i = 0; i < operands && i < 12; i++)
        if (match_program_stopped(w, in_base(c->argv.v[operand[i]].text))) {
            run_from(w, c, operand[i], c->argv.n);
            return;
        }
}

static bool is_path(cu_bytes t)
{
    return memchr(t.p ? t.p : (const uint8_t *)"", '/', t.n) != NULL;
}

/* ./x that was written a moment ago */
static void run_file(walk *w, const call *c, const cu_program *p)
{
    cu_bytes t = c->argv.v[0].text;
    if (!is_path(t))
        return;
    flow *f = var_get(w->files, t);
    if (!f || p)
        return;
    if (f->known)
        shell_text(w, f->text, (flow){0});
    call *r = cu_arena_alloc(w->a, sizeof *r);
    if (!r)
        return;
    words_add(w, &r->argv, CU_LIT("sh"), false);
    r->in = *f;
    r->in.known = false;
    call_run(w, r);
}

static void outputs(walk *w, const call *c, const cu_program *p, flow out)
{
    if (!p || !(p->tags & (CU_COMMAND_download | CU_COMMAND_writer)))
        return;
    for (size_t i = 1; i < c->argv.n; i++) {
        cu_bytes t = c->argv.v[i].text;
        if (is_option(t) && !(cu_starts(t, CU_LIT("--output=")) && (t = cu_slice(t, 9, t.n)).n))
            continue;
        size_t url = cu_find(t, CU_LIT("://"), 0);
        var_set(w, &w->files, url == SIZE_MAX ? t : in_base(t), out);
    }
}

/* set -f -o NAME -- words: what $1 and so on are from here on. */
static void take_words(walk *w, const call *c)
{
    words own = {0};
    size_t i = 1;
    for (; i < c->argv.n && is_option(c->argv.v[i].text) && !cu_eq_str(c->argv.v[i].text, "--"); i++)
        i += c->argv.v[i].text.n == 2 && c->argv.v[i].text.p[1] == 'o';
    i += i < c->argv.n && (cu_eq_str(c->argv.v[i].text, "--") || cu_eq_str(c->argv.v[i].text, "-"));
    if (i >= c->argv.n)
        return; /* options alone */
    words_add(w, &own, CU_LIT("sh"), false);
    for (; i < c->argv.n; i++)
        words_add(w, &own, c->argv.v[i].text, c->argv.v[i].glob);
    w->args = own;
}

/* What changes the words and the folder of what comes after. */
static void take_state(walk *w, const call *c, cu_bytes name)
{
    if (cu_eq_str(name, "set")) {
        take_words(w, c);
    } else if (cu_eq_str(name, "shift") && w->args.n > 1) {
        w->args = (words){w->args.v + 1, w->args.n - 1, w->args.n - 1};
    } else if (cu_eq_str(name, "cd") || cu_eq_str(name, "pushd") || cu_eq_str(name, "chdir")) {
        go_to(w, c->argv.n == 1 ? CU_LIT("~") : c->argv.v[c->argv.n - 1].text);
    }
}

/* A function of the same text, where its body asks for the words of the call. */
static bool run_function(walk *w, const call *c, flow *out)
{
    flow *f = var_get(w->functions, c->argv.v[0].text);
    bool asks = false;
    for (size_t i = 0; f && i + 1 < f->text.n && !asks; i++)
        asks = f->text.p[i] == '$' && f->text.p[i + 1] && (memchr("@*{0123456789", f->text.p[i + 1], 13) != NULL);
    if (!asks)
        return false;
    *out = shell_function(w, c, *f);
    return true;
}

flow call_run(walk *w, call *c)
{
    if (c->argv.n == 0 || !step(w) || w->nomem)
        return c->in;
    if (w->depth >= CU_INSPECT_MAX_DEPTH) {
        reason_static(w, "command-too-large", "The command is nested deeper than what is looked at.", "Write it as smaller commands.", CU_TIER_DEFAULT, CU_COMMAND_HOLD);
        return c->in;
    }
    w->depth++;
    cu_bytes name = in_base(c->argv.v[0].text);
    size_t operand[64];
    flow inner = {0};
    if (input_lines(w, c, name, &inner)) {
        w->depth--;
        return inner;
    }
    take_input_words(w, c, name);
    const cu_program *p = program_of(w, c);
    size_t operands = operands_of(c, p, operand, 64);
    bool done = false;
    c->arg_tags |= word_tags(w, c);
    host_words(w, c, p, operand, operands);
    match_call(w, c, p, name);
    match_packages(w, c, name);
    take_state(w, c, name);
    input_state(w, c, name);
    if (run_function(w, c, &inner))
        done = true;
    else if (p)
        inner = run_inner(w, c, p, operand, operands, &done);
    if (cu_eq_str(name, "alias"))
        run_alias(w, c);
    if (!p)
        run_file(w, c, p);
    if (p && !done && !runs_nothing_else(p))
        try_operands(w, c, operand, operands);
    if (!p && !match_program_named(w, name))
        try_words(w, c);
    flow out = done ? inner : decode_out(w, c, p, name);
    out.tags |= done ? 0 : c->arg_tags;
    outputs(w, c, p, out);
    w->depth--;
    return out;
}
