/* JUnit's XML as test runners and linters write it: each <testcase> with a <failure> or an <error> is a result.
 * Of XML (W3C, 1.0) elements, attributes, the five named and the numbered entities, comments, CDATA and
 * one declaration are read; a document type is refused, so nothing is ever looked up. */
#include <string.h>
#include "base/buf.h"
#include "linter.h"

#define MAX_DEPTH 64u
#define MAX_ATTRIBUTES 64u

typedef struct { cu_bytes name, value; } attribute;

typedef struct {
    linter *l;
    cu_bytes t;
    size_t at;
    cu_bytes open[MAX_DEPTH];
    unsigned depth;
    attribute v[MAX_ATTRIBUTES];
    size_t n;
    cu_linter_result test;   /* of the testcase around */
    cu_bytes test_name;
} xml;

static cu_err wrong(xml *x, const char *what)
{
    size_t line = 1;
    for (size_t i = 0; i < x->at && i < x->t.n; i++)
        line += x->t.p[i] == '\n';
    return cu_fail(x->l->f, CU_SYNTAX, "%s: its XML is not as it should be, line %zu: %s", x->l->tool, line, what);
}

static bool is_name(uint8_t c)
{
    return (c | 32) >= 'a' ? (c | 32) <= 'z' || c >= 0x80 : (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == ':';
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blank(xml *x)
{
    while (x->at < x->t.n && blank(x->t.p[x->at]))
        x->at++;
}

static cu_bytes name(xml *x)
{
    size_t from = x->at;
    while (x->at < x->t.n && is_name(x->t.p[x->at]))
        x->at++;
    return cu_slice(x->t, from, x->at);
}

static void put_character(cu_buf *b, uint32_t c)
{
    if (c < 0x80) {
        cu_buf_byte(b, (uint8_t)c);
    } else if (c < 0x800) {
        cu_buf_byte(b, (uint8_t)(0xc0 | c >> 6));
        cu_buf_byte(b, (uint8_t)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        cu_buf_byte(b, (uint8_t)(0xe0 | c >> 12));
        cu_buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 63)));
        cu_buf_byte(b, (uint8_t)(0x80 | (c & 63)));
    } else {
        cu_buf_byte(b, (uint8_t)(0xf0 | c >> 18));
        cu_buf_byte(b, (uint8_t)(0x80 | (c >> 12 & 63)));
        cu_buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 63)));
        cu_buf_byte(b, (uint8_t)(0x80 | (c & 63)));
    }
}

/* Behind & in t at i; returns bytes up to and with the semicolon, 0 when it is none that is known. */
static size_t entity(cu_bytes t, size_t i, cu_buf *b)
{
    static const struct { const char *name; char c; } known[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    cu_bytes rest = cu_slice(t, i, t.n);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (cu_starts(rest, cu_str(known[k].name))) {
            cu_buf_byte(b, (uint8_t)known[k].c);
            return strlen(known[k].name);
        }
    bool base16 = rest.n > 2 && rest.p[0] == '#' && rest.p[1] == 'x';
    uint32_t v = 0;
    size_t k = base16 ? 2 : 1, from = k;
    for (; rest.n && rest.p[0] == '#' && k < rest.n && k < 10; k++) {
        uint8_t c = rest.p[k];
        int d = c >= '0' && c <= '9' ? c - '0' : base16 && (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (d < 0)
            break;
        v = v * (base16 ? 16 : 10) + (uint32_t)d;
    }
    bool fine = k > from && k < rest.n && rest.p[k] == ';' && v && v < 0x110000 && !(v >= 0xd800 && v < 0xe000);
    if (fine)
        put_character(b, v);
    return fine ? k + 1 : 0;
}

static cu_err value(xml *x, cu_bytes raw, cu_bytes *out)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LINTER_MAX_BYTES);
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] != '&') {
            cu_buf_byte(&b, raw.p[i]);
            continue;
        }
        size_t n = entity(raw, i + 1, &b);
        if (!n)
            return wrong(x, "an entity that is not known");
        i += n;
    }
    *out = cu_arena_dup(x->l->a, cu_buf_view(&b));
    return cu_buf_err(&b) == CU_OK && (out->p || !raw.n) ? CU_OK : CU_NOMEM;
}

static cu_err attributes(xml *x)
{
    x->n = 0;
    for (;;) {
        skip_blank(x);
        if (x->at >= x->t.n || x->t.p[x->at] == '>' || x->t.p[x->at] == '/' || x->t.p[x->at] == '?')
            return CU_OK;
        cu_bytes key = name(x);
        skip_blank(x);
        if (!key.n || x->n == MAX_ATTRIBUTES || x->at + 1 >= x->t.n || x->t.p[x->at] != '=')
            return wrong(x, "an attribute is expected");
        x->at++;
        skip_blank(x);
        uint8_t quote = x->at < x->t.n ? x->t.p[x->at] : 0;
        const uint8_t *end = quote == '"' || quote == '\'' ? memchr(x->t.p + x->at + 1, quote, x->t.n - x->at - 1) : NULL;
        if (!end)
            return wrong(x, "a value in quotes is expected");
        cu_bytes raw = cu_slice(x->t, x->at + 1, (size_t)(end - x->t.p));
        if (raw.n && memchr(raw.p, '<', raw.n))
            return wrong(x, "< stands in a value");
        x->v[x->n].name = key;
        CU_TRY(value(x, raw, &x->v[x->n++].value));
        x->at = (size_t)(end - x->t.p) + 1;
    }
}

static cu_bytes given(const xml *x, const char *key)
{
    for (size_t i = 0; i < x->n; i++)
        if (cu_eq_str(x->v[i].name, key))
            return x->v[i].value;
    return CU_NONE;
}

static uint32_t number(cu_bytes t)
{
    uint32_t v = 0;
    for (size_t i = 0; i < t.n && i < 9; i++) {
        if (t.p[i] < '0' || t.p[i] > '9')
            return 0;
        v = v * 10 + (uint32_t)(t.p[i] - '0');
    }
    return v;
}

static cu_err element(xml *x, cu_bytes what)
{
    if (cu_eq_str(what, "testcase")) {
        cu_bytes file = given(x, "file");
        x->test = (cu_linter_result){.path = cu_arena_str(x->l->a, file.n ? file : given(x, "classname")), .line = number(given(x, "line"))};
        x->test_name = given(x, "name");
        return x->test.path ? CU_OK : CU_NOMEM;
    }
    bool error = cu_eq_str(what, "error");
    if (!error && !cu_eq_str(what, "failure"))
        return CU_OK;
    if (!x->test.path)
        return wrong(x, "a failure stands outside of a testcase");
    cu_bytes type = given(x, "type"), message = given(x, "message");
    x->test.rule = linter_rule(x->l, type.n ? type : x->test_name.n ? x->test_name : CU_LIT("failure"), x->test_name, error ? CU_SEVERITY_HIGH : CU_SEVERITY_MEDIUM);
    x->test.message = linter_text(x->l, message.n ? message : x->test_name);
    return linter_add(x->l, x->test);
}

static cu_err tag(xml *x)
{
    bool closes = x->at < x->t.n && x->t.p[x->at] == '/';
    x->at += closes;
    cu_bytes what = name(x);
    if (!what.n)
        return wrong(x, "the name of an element is expected");
    CU_TRY(attributes(x));
    bool empty = x->at < x->t.n && x->t.p[x->at] == '/';
    x->at += empty;
    if (x->at >= x->t.n || x->t.p[x->at++] != '>' || (closes && (empty || x->n)))
        return wrong(x, "> is expected");
    if (closes) {
        if (!x->depth || !cu_eq(x->open[x->depth - 1], what))
            return wrong(x, "an element ends that was not begun");
        x->depth--;
        if (cu_eq_str(what, "testcase"))
            x->test = (cu_linter_result){0};
        return CU_OK;
    }
    CU_TRY(element(x, what));
    if (empty)
        return CU_OK;
    if (x->depth == MAX_DEPTH)
        return cu_fail(x->l->f, CU_DEPTH, "%s: its XML is nested too deeply", x->l->tool);
    x->open[x->depth++] = what;
    return CU_OK;
}

/* <!-- -->, <![CDATA[ ]]> and <? ?>; anything else with ! is refused. */
static cu_err special(xml *x)
{
    cu_bytes rest = cu_slice(x->t, x->at, x->t.n);
    const char *end = cu_starts(rest, CU_LIT("!--")) ? "-->" : cu_starts(rest, CU_LIT("![CDATA[")) ? "]]>" : rest.p[0] == '?' ? "?>" : NULL;
    size_t to = end ? cu_find(rest, cu_str(end), 1) : SIZE_MAX;
    if (!end || to == SIZE_MAX)
        return wrong(x, end ? "a comment or section has no end" : "a document type is not read");
    x->at += to + strlen(end);
    return CU_OK;
}

cu_err linter_read_junit(linter *l, cu_bytes text)
{
    xml *x = cu_arena_alloc(l->a, sizeof *x);
    bool any = false;
    if (!x)
        return CU_NOMEM;
    x->l = l;
    x->t = text;
    while (x->at < text.n) {
        const uint8_t *lt = memchr(text.p + x->at, '<', text.n - x->at);
        size_t to = lt ? (size_t)(lt - text.p) : text.n;
        for (size_t i = x->at; i < to && !x->depth; i++)
            if (!blank(text.p[i]) && !(i < 3 && cu_starts(text, CU_LIT("\xef\xbb\xbf"))))
                return wrong(x, "text stands outside of the elements");
        x->at = to + 1;
        if (!lt)
            break;
        if (x->at >= text.n)
            return wrong(x, "the end is missing");
        bool other = text.p[x->at] == '!' || text.p[x->at] == '?';
        any = any || !other;
        CU_TRY(other ? special(x) : tag(x));
    }
    return x->depth || !any ? wrong(x, "an element has no end") : CU_OK;
}
