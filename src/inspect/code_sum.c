/* Texts that a program puts together before it runs them: sums, templates, lists, names that were given a text above.
 * Of any language, by what they write alike; what is not understood is no text. A command that is made of parts which
 * are all known is looked at as the shell would get it. */
#include <ctype.h>
#include "base/buf.h"
#include "walk.h"

#define MAX_SUM 4096u    /* bytes of one text; a longer one is not followed */
#define MAX_NAMES 256u
#define MAX_NESTED 8u

typedef struct {
    cu_bytes text;
    bool known, list;
    bool made;      /* of a name, a template, a call: its parts alone do not show it */
    unsigned parts;
} value;

typedef struct variable {
    struct variable *next;
    cu_bytes name;
    value is;
} variable;

typedef struct {
    variable *vars;
    size_t n;
    size_t room; /* bytes that may still be put together, in proportion to the program */
} known_names;

typedef struct {
    walk *w;
    cu_bytes t;
    size_t i;
    known_names *of;
    unsigned depth;
} sums;

static value sum(sums *s);

static bool name_byte(uint8_t c)
{
    return isalnum(c) || c == '_' || c >= 0x80;
}

static uint8_t at(const sums *s, size_t i)
{
    return i < s->t.n ? s->t.p[i] : 0;
}

static void blanks(sums *s, bool lines)
{
    while (s->i < s->t.n && isspace(s->t.p[s->i]) && (lines || s->t.p[s->i] != '\n'))
        s->i++;
}

static bool quote(uint8_t c)
{
    return c == '"' || c == '\'' || c == '`';
}

static cu_bytes word_here(sums *s)
{
    size_t from = s->i;
    while (name_byte(at(s, s->i)))
        s->i++;
    return cu_slice(s->t, from, s->i);
}

static variable *variable_of(const sums *s, cu_bytes name)
{
    for (variable *x = name.n ? s->of->vars : NULL; x; x = x->next)
        if (cu_eq(x->name, name))
            return x;
    return NULL;
}

static void give(sums *s, cu_bytes name, value v)
{
    variable *x = variable_of(s, name);
    if (!x && s->of->n < MAX_NAMES && v.known) {
        x = cu_arena_alloc(s->w->a, sizeof *x);
        s->w->nomem = s->w->nomem || !x;
        if (!x)
            return;
        s->of->n++;
        *x = (variable){s->of->vars, name, v};
        s->of->vars = x;
    }
    if (x)
        x->is = v;
}

/* a and behind it b; words of a list with a blank between them. */
static value both(sums *s, value a, value b, bool apart)
{
    cu_buf all CU_CLEAN_BUF = CU_BUF(MAX_SUM);
    if (a.text.n + b.text.n + 1 > s->of->room)
        return (value){0};
    s->of->room -= a.text.n + b.text.n + 1;
    cu_buf_add(&all, a.text);
    if (apart && a.text.n)
        cu_buf_byte(&all, ' ');
    cu_buf_add(&all, b.text);
    return (value){cu_arena_dup(s->w->a, cu_buf_view(&all)), a.known && b.known && all.err == CU_OK, a.list || b.list, a.made || b.made, a.parts + b.parts};
}

static value inner(sums *s, cu_bytes text)
{
    sums in = *s;
    in.t = text;
    in.i = 0;
    if (++in.depth > MAX_NESTED)
        return (value){0};
    value v = sum(&in);
    blanks(&in, true);
    uint8_t c = at(&in, in.i);
    v.known = v.known && (in.i == text.n || c == '!' || c == ':'); /* {x!r}, {x:>3} */
    return v;
}

/* {x} of a text that is a template, ${x}, #{x}, and $x where x was given a text. */
static value filled(sums *s, cu_bytes t, bool braces)
{
    value out = {CU_NONE, true, false, false, 1};
    size_t from = 0;
    for (size_t i = 0; i < t.n && out.known; i++) {
        bool mark = (t.p[i] == '$' || t.p[i] == '#') && i + 1 < t.n, in_braces = mark && t.p[i + 1] == '{';
        size_t begin = in_braces ? i + 2 : i + 1, end = begin;
        value v = {0};
        if (in_braces || (braces && t.p[i] == '{')) {
            const uint8_t *close = begin < t.n ? memchr(t.p + begin, '}', t.n - begin) : NULL;
            end = close ? (size_t)(close - t.p) : t.n;
            v = close ? inner(s, cu_slice(t, begin, end)) : v;
            end += close != NULL;
            out.known = v.known || !braces; /* a shell may know ${x} */
        } else if (mark && t.p[i] == '$') {
            while (end < t.n && name_byte(t.p[end]))
                end++;
            variable *x = variable_of(s, cu_slice(t, begin, end));
            v = x ? x->is : v;
        }
        if (!v.known)
            continue;
        value before = {cu_slice(t, from, i), true, false, true, 0};
        out = both(s, both(s, out, before, false), v, false);
        i = end - 1;
        from = end;
    }
    return from ? both(s, out, (value){cu_slice(t, from, t.n), true, false, true, 0}, false) : (value){t, out.known, false, false, 1};
}

/* A literal, with the letters before it: f"…", rb'…', $"…", three quotes too. */
static value literal(sums *s, cu_bytes prefix)
{
    uint8_t q = at(s, s->i);
    bool three = q != '`' && at(s, s->i + 1) == q && at(s, s->i + 2) == q;
    size_t from = s->i + (three ? 3 : 1), end = from;
    if (three) {
        const uint8_t mark[] = {q, q, q};
        end = cu_find(s->t, cu_bytes_of(mark, 3), from);
        end = end == SIZE_MAX ? s->t.n : end;
    } else {
        end = code_literal_end(s->t, from, q);
    }
    s->i = end + (three ? 3 : 1);
    s->i = s->i > s->t.n ? s->t.n : s->i;
    cu_bytes text = code_plain(s->w, cu_slice(s->t, from, end));
    bool template = (prefix.n && (memchr(prefix.p, 'f', prefix.n) || memchr(prefix.p, 'F', prefix.n))) || (from > 1 + (size_t)three * 2 && at(s, from - (three ? 4 : 2)) == '$');
    return text.n > MAX_SUM ? (value){0} : filled(s, text, template);
}

/* [a, b], (a, b): its items as the words of one command. */
static value items(sums *s, uint8_t close)
{
    value all = {CU_NONE, true, true, false, 0};
    s->i++;
    for (;;) {
        blanks(s, true);
        while (at(s, s->i) == '*' || at(s, s->i) == '.' || at(s, s->i) == '&') /* [*a, …], [...a, …] */
            s->i++;
        if (s->i >= s->t.n)
            return (value){0};
        if (at(s, s->i) == close) {
            s->i++;
            return all;
        }
        value v = sum(s);
        if (!v.known)
            return (value){0};
        all = both(s, all, v, true);
        blanks(s, true);
        if (at(s, s->i) == ',')
            s->i++;
        else if (at(s, s->i) != close)
            return (value){0};
    }
}

/* chr(47), String.fromCharCode(47), 47.chr is left alone */
static value character(sums *s)
{
    unsigned long n = 0;
    size_t from = ++s->i;
    while (isdigit(at(s, s->i)) && s->i - from < 4)
        n = n * 10 + (unsigned long)(at(s, s->i++) - '0');
    bool is = s->i > from && at(s, s->i) == ')' && n > 0 && n < 128;
    const uint8_t c = (uint8_t)n;
    s->i += is;
    return is ? (value){cu_arena_dup(s->w->a, cu_bytes_of(&c, 1)), true, false, true, 1} : (value){0};
}

static value term(sums *s)
{
    static const char *const chars[] = {"chr", "unichr", "fromCharCode"};
    blanks(s, s->depth > 0);
    uint8_t c = at(s, s->i);
    while (c == '$' || c == '@') /* $x of Perl and PHP, @x of Ruby */
        c = at(s, ++s->i);
    if (quote(c))
        return literal(s, CU_NONE);
    if ((c == '[' || c == '(') && ++s->depth <= MAX_NESTED) {
        value v = items(s, c == '[' ? ']' : ')');
        s->depth--;
        v.list = c == '[' || v.parts > 1;
        return v;
    }
    if (!name_byte(c) || isdigit(c))
        return (value){0};
    cu_bytes name = word_here(s);
    if (name.n <= 2 && quote(at(s, s->i)))
        return literal(s, name);
    for (size_t k = 0; at(s, s->i) == '(' && k < sizeof chars / sizeof *chars; k++)
        if (cu_eq_str(name, chars[k]))
            return character(s);
    variable *x = variable_of(s, name);
    if (!x || at(s, s->i) == '(' || at(s, s->i) == '[')
        return (value){0};
    value v = x->is;
    v.made = true;
    v.parts = 1;
    return v;
}

/* "a {} b".format(x, y), "a %s b" % (x, y): the places in order. */
static value placed(sums *s, value text, value args, const char *mark)
{
    cu_bytes rest = args.text;
    value out = {CU_NONE, text.known && args.known, false, true, text.parts + 1};
    size_t from = 0, hit, n = strlen(mark);
    bool one = args.parts < 2; /* of several each word is one */
    while (out.known && (hit = cu_find(text.text, cu_str(mark), from)) != SIZE_MAX) {
        const uint8_t *blank = one || !rest.n ? NULL : memchr(rest.p, ' ', rest.n);
        cu_bytes arg = cu_slice(rest, 0, blank ? (size_t)(blank - rest.p) : rest.n);
        out = both(s, both(s, out, (value){cu_slice(text.text, from, hit), true, false, true, 0}, false), (value){arg, true, false, true, 0}, false);
        rest = one ? rest : cu_slice(rest, arg.n + (blank != NULL), rest.n);
        from = hit + n;
    }
    out = both(s, out, (value){cu_slice(text.text, from, text.text.n), true, false, true, 0}, false);
    return out;
}

/* "a@b".replace("@", "/") */
static value replaced(sums *s, value text, value args)
{
    const uint8_t *blank = args.parts == 2 && args.text.n ? memchr(args.text.p, ' ', args.text.n) : NULL;
    if (!args.known || !blank || blank == args.text.p)
        return (value){0};
    cu_bytes mark = cu_slice(args.text, 0, (size_t)(blank - args.text.p)), by = cu_slice(args.text, mark.n + 1, args.text.n);
    value out = {CU_NONE, text.known, false, true, text.parts + 1};
    size_t from = 0, hit;
    while (out.known && (hit = cu_find(text.text, mark, from)) != SIZE_MAX) {
        out = both(s, both(s, out, (value){cu_slice(text.text, from, hit), true, false, true, 0}, false), (value){by, true, false, true, 0}, false);
        from = hit + mark.n;
    }
    return both(s, out, (value){cu_slice(text.text, from, text.text.n), true, false, true, 0}, false);
}

/* .format(…), .join(…), .split(), .strip(): what of methods keeps a text known. */
static bool method(sums *s, value *v)
{
    static const char *const same[] = {"split", "strip", "trim", "encode", "decode", "toString", "to_s", "as_str", "clone"};
    size_t before = s->i;
    if (at(s, s->i) != '.' || !name_byte(at(s, s->i + 1)))
        return false;
    s->i++;
    cu_bytes name = word_here(s);
    bool keeps = false;
    for (size_t k = 0; k < sizeof same / sizeof *same; k++)
        keeps = keeps || cu_eq_str(name, same[k]);
    bool format = cu_eq_str(name, "format"), join = cu_eq_str(name, "join"), more = cu_eq_str(name, "concat"), other = cu_eq_str(name, "replace");
    if (at(s, s->i) != '(' || !(keeps || format || join || more || other) || ++s->depth > MAX_NESTED) {
        s->i = before;
        *v = (value){0};
        return false;
    }
    value args = items(s, ')');
    s->depth--;
    if (format)
        *v = placed(s, *v, args, "{}");
    else if (join && !v->list)
        *v = cu_eq_str(v->text, " ") || !v->text.n ? (value){args.text, args.known && (v->text.n || args.parts < 2), false, true, args.parts} : (value){0};
    else if (other)
        *v = replaced(s, *v, args);
    else if (more)
        *v = both(s, *v, args, v->list);
    v->made = true;
    return true;
}

/* Whether another text follows: +, . of Perl and PHP, .. of Lua, or a literal right behind a literal. */
static bool goes_on(sums *s, bool text)
{
    size_t before = s->i;
    blanks(s, s->depth > 0);
    uint8_t c = at(s, s->i);
    if (c == '+' && at(s, s->i + 1) != '=' && at(s, s->i + 1) != '+') {
        s->i++;
        blanks(s, true);
        return true;
    }
    if (c == '.') {
        size_t behind = s->i + 1;
        while (at(s, behind) == '.' || isspace(at(s, behind)))
            behind++;
        if (quote(at(s, behind)) || at(s, behind) == '$' || (behind > s->i + 1 && name_byte(at(s, behind)))) {
            s->i = behind;
            return true;
        }
    }
    bool prefix = name_byte(c) && (quote(at(s, s->i + 1)) || (name_byte(at(s, s->i + 1)) && quote(at(s, s->i + 2))));
    if (text && (quote(c) || prefix))
        return true;
    s->i = before;
    return false;
}

/* What is known of it, from its beginning on; s->i is behind that. */
static value sum(sums *s)
{
    bool text = quote(at(s, s->i));
    value all = term(s);
    while (all.known) {
        size_t before = s->i;
        if (method(s, &all))
            continue;
        if (!all.known)
            break;
        blanks(s, s->depth > 0);
        if (at(s, s->i) == '%' && at(s, s->i + 1) != '=') {
            s->i++;
            value args = term(s);
            all = placed(s, all, args, "%s");
            continue;
        }
        s->i = before;
        if (!goes_on(s, text))
            break;
        value more = term(s);
        if (!more.known) {
            s->i = before;
            return (value){0};
        }
        all = both(s, all, more, all.list || more.list);
        text = true;
    }
    return all;
}

/* Of a value that no literal shows by itself. */
static void run(sums *s, size_t from, value v)
{
    code_called(s->w, code_called_before(s->t, from), v.text);
    s->w->steps += (uint32_t)v.text.n / 16;
    if (v.parts > 1 && v.made && step(s->w))
        code_literal(s->w, v.text);
}

/* x = …, x := …, x += …, x.append(…); at the first byte behind the sign. more: to what x has already. */
static bool assigns(sums *s, bool *more)
{
    static const char *const adds[] = {".append(", ".push(", ".extend(", ".concat(", " << "};
    size_t before = s->i;
    for (size_t k = 0; k < sizeof adds / sizeof *adds; k++)
        if (cu_starts(cu_slice(s->t, s->i, s->t.n), cu_str(adds[k]))) {
            s->i += strlen(adds[k]);
            *more = true;
            return true;
        }
    blanks(s, false);
    uint8_t c = at(s, s->i), next = at(s, s->i + 1);
    *more = (c == '+' || c == '.') && next == '=';
    s->i += (*more || c == ':') && next == '=';
    if (at(s, s->i) == '=' && at(s, s->i + 1) != '=' && at(s, s->i + 1) != '~' && at(s, s->i + 1) != '>') {
        s->i++;
        blanks(s, false);
        return true;
    }
    s->i = before;
    return false;
}

/* run(prog, "-rf", dir): the words of one command. What stands in the brackets is read once more for itself. */
static value arguments(sums *s, size_t open)
{
    s->i = open;
    value v = items(s, ')');
    s->i = open + 1;
    return v;
}

static void one_name(sums *s)
{
    size_t from = s->i;
    bool more = false;
    cu_bytes name = word_here(s);
    if (quote(at(s, s->i)) || !assigns(s, &more)) {
        s->i = from;
        value v = sum(s);
        if (at(s, from + name.n) == '(')
            v = arguments(s, from + name.n);
        if (v.known && v.text.n)
            run(s, from, v);
        s->i = s->i > from + name.n ? s->i : from + name.n;
        return;
    }
    size_t begin = s->i;
    variable *old = variable_of(s, name);
    value v = sum(s);
    if (more)
        v = old ? both(s, old->is, v, old->is.list) : (value){0};
    v.made |= more;
    give(s, name, v);
    if (v.known && v.text.n)
        run(s, begin, v);
    else if (!v.known)
        s->i = begin; /* calls in it have words of their own */
}

void sums_text(walk *w, cu_bytes t)
{
    known_names names = {.room = 4096 + 16 * t.n};
    sums s = {.w = w, .t = t, .of = &names};
    while (s.i < t.n && w->steps < CU_INSPECT_MAX_STEPS) {
        size_t from = s.i;
        uint8_t c = t.p[s.i];
        if (name_byte(c) && !isdigit(c)) {
            one_name(&s);
        } else if (quote(c) || c == '[') {
            value v = sum(&s);
            if (v.known && v.text.n)
                run(&s, from, v);
            else if (c == '[')
                s.i = from + 1;
        } else if (isdigit(c)) {
            word_here(&s);
        } else {
            s.i++;
        }
        s.i += s.i == from;
    }
}
