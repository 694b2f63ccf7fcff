/* Codex' code mode: JavaScript that calls tools. Texts are followed through literals, templates, sums and
 * variables that were given a text; whatever else a command is made of is not known before it runs. */
#include <ctype.h>
#include "base/buf.h"
#include "reading.h"

#define MAX_VARS 256u
#define MAX_DEPTH 16u
#define MAX_CALLS 256u
#define MAX_TEXT ((size_t)1 << 20)

typedef struct {
    cu_bytes name, text;
    bool open;
} variable;

typedef struct {
    art_reading *r;
    cu_bytes t;
    size_t i;
    variable *vars;
    size_t vars_n;
    unsigned depth;
    bool lost; /* tools may be called in a way that is not followed */
} js;

static bool name_char(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

static void skip(js *j)
{
    while (j->i < j->t.n) {
        cu_bytes rest = cu_slice(j->t, j->i, j->t.n);
        size_t end;
        if (rest.p[0] <= ' ') {
            j->i++;
        } else if (cu_starts(rest, CU_LIT("//"))) {
            end = cu_find(rest, CU_LIT("\n"), 0);
            j->i = end == SIZE_MAX ? j->t.n : j->i + end;
        } else if (cu_starts(rest, CU_LIT("/*"))) {
            end = cu_find(rest, CU_LIT("*/"), 2);
            j->i = end == SIZE_MAX ? j->t.n : j->i + end + 2;
        } else {
            return;
        }
    }
}

static bool at(const js *j, uint8_t c)
{
    return j->i < j->t.n && j->t.p[j->i] == c;
}

static bool take(js *j, uint8_t c)
{
    skip(j);
    bool is = at(j, c);
    j->i += is;
    return is;
}

static cu_bytes name(js *j)
{
    size_t from = j->i;
    while (j->i < j->t.n && name_char(j->t.p[j->i]))
        j->i++;
    return cu_slice(j->t, from, j->i);
}

static uint32_t hex(js *j, size_t max, size_t *n)
{
    uint32_t v = 0;
    for (*n = 0; *n < max && j->i < j->t.n && isxdigit(j->t.p[j->i]); (*n)++, j->i++)
        v = v * 16 + (uint32_t)(isdigit(j->t.p[j->i]) ? j->t.p[j->i] - '0' : (j->t.p[j->i] | 32) - 'a' + 10);
    return v;
}

static void put_char(cu_buf *out, uint32_t c)
{
    if (c < 0x80) {
        cu_buf_byte(out, (uint8_t)c);
    } else if (c < 0x800) {
        cu_buf_byte(out, (uint8_t)(0xc0 | c >> 6));
        cu_buf_byte(out, (uint8_t)(0x80 | (c & 63)));
    } else { /* halves of a pair are no letters of a command: each becomes what decoders put for it */
        c = c > 0xffff || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c;
        cu_buf_byte(out, (uint8_t)(0xe0 | c >> 12));
        cu_buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 63)));
        cu_buf_byte(out, (uint8_t)(0x80 | (c & 63)));
    }
}

/* Behind a backslash. ECMA-262, section 12.9.4. */
static void escape(js *j, cu_buf *out)
{
    static const char from[] = "nrtbfv0", to[] = "\n\r\t\b\f\v ";
    uint8_t c = j->i < j->t.n ? j->t.p[j->i++] : 0;
    size_t n;
    const char *k = c ? memchr(from, c, sizeof from - 1) : NULL;
    if (k) {
        cu_buf_byte(out, (uint8_t)to[k - from]);
    } else if (c == 'x') {
        put_char(out, hex(j, 2, &n));
    } else if (c == 'u' && at(j, '{')) {
        j->i++;
        put_char(out, hex(j, 6, &n));
        take(j, '}');
    } else if (c == 'u') {
        put_char(out, hex(j, 4, &n));
    } else if (c != '\n' && c) {
        cu_buf_byte(out, c);
    }
}

static void expression(js *j, cu_buf *out, bool *open);

static void put_unknown(cu_buf *out, bool *open)
{
    cu_buf_str(out, ART_UNKNOWN);
    *open = true;
}

static void quoted(js *j, cu_buf *out, bool *open)
{
    uint8_t quote = j->t.p[j->i++];
    while (j->i < j->t.n && j->t.p[j->i] != quote && (quote == '`' || j->t.p[j->i] != '\n')) {
        uint8_t c = j->t.p[j->i++];
        if (c == '\\') {
            escape(j, out);
        } else if (quote == '`' && c == '$' && at(j, '{')) {
            j->i++;
            expression(j, out, open);
            take(j, '}');
        } else {
            cu_buf_byte(out, c);
        }
    }
    j->i += at(j, quote);
}

/* To the end of what is not understood: a comma, a bracket that was open before, or a semicolon. */
static void pass_over(js *j)
{
    unsigned depth = 0;
    cu_buf none CU_CLEAN_BUF = CU_BUF(MAX_TEXT);
    bool open;
    while (j->i < j->t.n) {
        skip(j);
        uint8_t c = j->i < j->t.n ? j->t.p[j->i] : 0;
        if (c == '"' || c == '\'' || (c == '`' && j->depth < MAX_DEPTH)) {
            j->depth++;
            quoted(j, &none, &open);
            j->depth--;
            cu_buf_reset(&none);
            continue;
        }
        if (depth == 0 && (c == ',' || c == ')' || c == '}' || c == ']' || c == ';' || c == 0))
            return;
        depth += c == '(' || c == '{' || c == '[';
        depth -= depth && (c == ')' || c == '}' || c == ']');
        j->i++;
    }
}

static const variable *known(const js *j, cu_bytes id)
{
    for (size_t k = j->vars_n; k-- > 0;)
        if (cu_eq(j->vars[k].name, id))
            return &j->vars[k];
    return NULL;
}

static void term(js *j, cu_buf *out, bool *open)
{
    skip(j);
    if (at(j, '"') || at(j, '\'') || at(j, '`')) {
        quoted(j, out, open);
    } else if (at(j, '(')) {
        j->i++;
        expression(j, out, open);
        take(j, ')');
    } else {
        const variable *v = known(j, name(j));
        skip(j);
        if (v && !at(j, '.') && !at(j, '(') && !at(j, '[')) {
            cu_buf_add(out, v->text);
            *open |= v->open;
            return;
        }
        put_unknown(out, open);
        pass_over(j);
        return;
    }
    skip(j);
    if (at(j, '.') || at(j, '[')) { /* "…".replace(…): known no more */
        put_unknown(out, open);
        pass_over(j);
    }
}

static void expression(js *j, cu_buf *out, bool *open)
{
    if (j->depth >= MAX_DEPTH) {
        put_unknown(out, open);
        pass_over(j);
        return;
    }
    j->depth++;
    do
        term(j, out, open);
    while (take(j, '+') && j->i < j->t.n);
    skip(j);
    if (j->i < j->t.n && !memchr(",)}];", j->t.p[j->i], 5) && !name_char(j->t.p[j->i]) && j->t.p[j->i] != '"') {
        put_unknown(out, open);
        pass_over(j);
    }
    j->depth--;
}

static cu_bytes text_of(js *j, bool *open)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(MAX_TEXT);
    *open = false;
    expression(j, &b, open);
    *open |= b.err != CU_OK;
    cu_bytes out = cu_arena_dup(j->r->a, cu_buf_view(&b));
    if (b.n && !out.p)
        j->r->err = CU_NOMEM;
    return out;
}

/* cmd: ["bash", "-lc", "…"] */
static void list(js *j)
{
    cu_bytes v[64];
    size_t n = 0;
    bool open = false;
    j->i++;
    while (!take(j, ']') && j->i < j->t.n) {
        bool one;
        size_t before = j->i;
        cu_bytes word = text_of(j, &one);
        open |= one;
        if (n < 64)
            v[n++] = word;
        take(j, ',');
        j->i += j->i == before;
    }
    art_argv(j->r, v, n, open);
}

static void member(js *j, bool listed)
{
    cu_bytes key = CU_NONE;
    bool open = false;
    skip(j);
    if (at(j, '"') || at(j, '\'')) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
        quoted(j, &b, &open);
        key = cu_arena_dup(j->r->a, cu_buf_view(&b));
    } else {
        key = name(j);
    }
    skip(j);
    if (take(j, ':')) {
        skip(j);
        if (at(j, '[') && cu_tool_part(j->r->tools, j->r->tool, key) == CU_ARG_COMMAND) {
            list(j);
            return;
        }
        cu_bytes text = text_of(j, &open);
        art_argument(j->r, key, text, listed, open);
        return;
    }
    const variable *v = known(j, key); /* {cmd} */
    if (key.n)
        art_argument(j->r, key, v ? v->text : CU_LIT(ART_UNKNOWN), listed, !v || v->open);
    pass_over(j);
}

/* Behind the bracket that opens the arguments of a call. */
static void arguments(js *j, cu_bytes tool)
{
    cu_bytes before = j->r->tool;
    bool listed = cu_tool_find(j->r->tools, tool) != NULL;
    j->r->tool = tool;
    skip(j);
    if (take(j, '{')) {
        while (!take(j, '}') && j->i < j->t.n && j->r->err == CU_OK) {
            size_t from = j->i;
            member(j, listed);
            take(j, ',');
            j->i += j->i == from;
        }
    } else if (!at(j, ')')) {
        bool open;
        cu_bytes text = text_of(j, &open);
        art_argument(j->r, cu_tool_part(j->r->tools, tool, CU_LIT("input")) ? CU_LIT("input") : CU_LIT("command"), text, listed, open);
    }
    j->r->tool = before;
}

/* const x = "…"; also x = "…". */
static void assignment(js *j, cu_bytes id)
{
    size_t from = j->i;
    skip(j);
    if (!at(j, '=') || j->i + 1 >= j->t.n || j->t.p[j->i + 1] == '=' || j->t.p[j->i + 1] == '>') {
        j->i = from;
        return;
    }
    j->i++;
    skip(j);
    if (j->i >= j->t.n || !(memchr("\"'`(", j->t.p[j->i], 4) || name_char(j->t.p[j->i])) || j->vars_n == MAX_VARS)
        return;
    size_t value = j->i;
    variable *v = &j->vars[j->vars_n];
    v->text = text_of(j, &v->open);
    v->name = id;
    j->vars_n++;
    j->i = value; /* calls in the value are calls as well */
}

static bool behind_prefix(const js *j, size_t from)
{
    cu_bytes p = j->r->prefix;
    return from >= p.n && cu_eq(cu_slice(j->t, from - p.n, from), p);
}

/* By its bare name it may have been taken out of the object. */
static bool is_tool(const js *j, size_t from, cu_bytes id)
{
    const cu_tool *t = cu_tool_find(j->r->tools, id);
    bool member = from && j->t.p[from - 1] == '.';
    return behind_prefix(j, from) || (t && t->args_n && !member);
}

/* tools["exec_command"](…). The object itself may go nowhere else, nor may one of its tools. */
static bool bracketed(js *j, cu_bytes id, cu_bytes *tool)
{
    static const char *const roundabout[] = {"eval", "Function", "constructor", "globalThis", "Reflect", "Proxy", "with", "this"};
    cu_bytes p = j->r->prefix;
    bool open = false, is = p.n && cu_eq(id, cu_slice(p, 0, p.n - 1));
    bool plain = j->i + 1 < j->t.n && at(j, '.') && name_char(j->t.p[j->i + 1]);
    for (size_t i = 0; i < sizeof roundabout / sizeof *roundabout; i++)
        j->lost |= cu_eq_str(id, roundabout[i]);
    if (!is || !take(j, '[')) {
        j->lost |= is && !plain;
        return false;
    }
    *tool = text_of(j, &open);
    j->lost |= open;
    take(j, ']');
    return true;
}

/* A regular expression stands where a value may begin. */
static bool regex(js *j)
{
    size_t k = j->i;
    bool set = false;
    while (k && j->t.p[k - 1] <= ' ')
        k--;
    if (!at(j, '/'))
        return false;
    if (k && (name_char(j->t.p[k - 1]) || memchr(")]}\"'`", j->t.p[k - 1], 6))) { /* a division, or behind if (…) and return */
        for (size_t i = j->i; i < j->t.n && j->t.p[i] != '\n'; i++)
            j->lost |= memchr("\"'`", j->t.p[i], 3) != NULL;
        return false;
    }
    for (j->i++; j->i < j->t.n && j->t.p[j->i] != '\n' && (set || j->t.p[j->i] != '/'); j->i++) {
        set = (set || j->t.p[j->i] == '[') && j->t.p[j->i] != ']';
        j->i += j->t.p[j->i] == '\\' && j->i + 1 < j->t.n;
    }
    j->i += at(j, '/');
    return true;
}

/* What is no name: passed over. */
static void other(js *j)
{
    bool open;
    cu_buf none CU_CLEAN_BUF = CU_BUF(MAX_TEXT);
    if (at(j, '"') || at(j, '\''))
        quoted(j, &none, &open);
    else if (!regex(j))
        j->i++;
}

bool art_program(art_reading *r, cu_bytes text)
{
    js j = {.r = r, .t = text, .vars = cu_arena_alloc(r->a, MAX_VARS * sizeof *j.vars)};
    unsigned calls = 0;
    if (!j.vars)
        r->err = CU_NOMEM;
    while (j.i < text.n && r->err == CU_OK) {
        skip(&j);
        size_t from = j.i;
        cu_bytes id = name(&j), tool = id;
        bool called = id.n && (bracketed(&j, id, &tool) || is_tool(&j, from, id));
        if (!id.n) {
            other(&j);
        } else if (called && take(&j, '(')) {
            from = j.i;
            arguments(&j, tool);
            j.i = from; /* calls among the arguments are calls as well */
            if (++calls == MAX_CALLS)
                return true;
        } else if (called && behind_prefix(&j, from)) {
            j.lost = true; /* a tool that gets another name */
        } else {
            assignment(&j, id);
        }
    }
    return j.lost;
}
