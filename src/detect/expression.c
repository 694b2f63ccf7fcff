/* Reading an expression: recursive descent over the syntax of pcre2pattern(3). */
#include "expression.h"
#include <string.h>

#define MAX_PARTS 256u /* alternatives, or elements in a row */
#define MAX_DEPTH 40u

typedef struct {
    const uint8_t *p;
    cu_arena *arena;
    unsigned depth;
    bool caseless;
} parser;

static cu_err parse_choice(parser *s, cu_expr **out);

static void add(uint8_t set[32], unsigned c)
{
    set[c >> 3] |= (uint8_t)(1u << (c & 7));
}

static void add_range(uint8_t set[32], unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to; c++)
        add(set, c);
}

static void invert(uint8_t set[32])
{
    for (int i = 0; i < 32; i++)
        set[i] = (uint8_t)~set[i];
}

static void fold_case(uint8_t set[32])
{
    for (unsigned c = 'a'; c <= 'z'; c++) {
        if (cu_in_set(set, (uint8_t)c) || cu_in_set(set, (uint8_t)(c - 32))) {
            add(set, c);
            add(set, c - 32);
        }
    }
}

static cu_expr *node(parser *s, cu_expr_kind kind)
{
    cu_expr *x = cu_arena_alloc(s->arena, sizeof *x);
    if (x)
        x->kind = kind;
    return x;
}

/* \d \w \s and their opposites; false when c is none of them. */
static bool add_named(uint8_t set[32], uint8_t c)
{
    uint8_t named[32] = {0};
    switch (c | 32) {
    case 'd':
        add_range(named, '0', '9');
        break;
    case 'w':
        add_range(named, '0', '9');
        add_range(named, 'A', 'Z');
        add_range(named, 'a', 'z');
        add(named, '_');
        break;
    case 's':
        add_range(named, '\t', '\r');
        add(named, ' ');
        break;
    default:
        return false;
    }
    if (c < 'a')
        invert(named);
    for (int i = 0; i < 32; i++)
        set[i] |= named[i];
    return true;
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The byte that the escape behind a backslash stands for, -1 when it is something else. */
static int escaped_byte(parser *s)
{
    static const char names[] = "n\nr\rt\tf\fv\va\ae\033";
    uint8_t c = *s->p;
    for (size_t i = 0; names[i]; i += 2)
        if ((uint8_t)names[i] == c) {
            s->p++;
            return names[i + 1];
        }
    if (c == 'x') {
        int high = hex_digit(s->p[1]), low = high < 0 ? -1 : hex_digit(s->p[2]);
        if (low < 0)
            return -1;
        s->p += 3;
        return high * 16 + low;
    }
    if (c == 0 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return -1;
    s->p++;
    return c;
}

/* One element of a class: its byte, or -1 when it was \d and the like. */
static cu_err class_element(parser *s, uint8_t set[32], int *byte)
{
    if (*s->p == '[' && s->p[1] == ':')
        return CU_UNSUPPORTED;
    if (*s->p != '\\') {
        *byte = *s->p++;
        return CU_OK;
    }
    s->p++;
    *byte = -1;
    if (*s->p && add_named(set, *s->p)) {
        s->p++;
        return CU_OK;
    }
    *byte = *s->p == 'b' ? 8 : escaped_byte(s);
    if (*byte == 8 && *s->p == 'b')
        s->p++;
    return *byte < 0 ? CU_UNSUPPORTED : CU_OK;
}

static cu_err parse_class(parser *s, cu_expr **out)
{
    cu_expr *x = node(s, CU_EXPR_SET);
    if (!x)
        return CU_NOMEM;
    bool inverted = *s->p == '^', first = true;
    s->p += inverted;
    for (; *s->p && (*s->p != ']' || first); first = false) {
        int from, to;
        CU_TRY(class_element(s, x->set, &from));
        if (*s->p == '-' && s->p[1] && s->p[1] != ']' && from >= 0) {
            s->p++;
            CU_TRY(class_element(s, x->set, &to));
            if (to < from)
                return CU_UNSUPPORTED;
            add_range(x->set, (unsigned)from, (unsigned)to);
        } else if (from >= 0) {
            add(x->set, (unsigned)from);
        }
    }
    if (*s->p++ != ']')
        return CU_UNSUPPORTED;
    if (s->caseless)
        fold_case(x->set);
    if (inverted)
        invert(x->set);
    *out = x;
    return CU_OK;
}

/* Behind "(?": options, or the head of a group. *asserts: a look-ahead, which has no width. */
static cu_err group_head(parser *s, bool *asserts, bool *options_only)
{
    bool off = false;
    *asserts = *options_only = false;
    if (*s->p == ':' || *s->p == '|') {
        s->p++;
        return CU_OK;
    }
    if (*s->p == '=' || *s->p == '!') {
        *asserts = true;
        s->p++;
        return CU_OK;
    }
    for (; *s->p == 'i' || *s->p == '-'; s->p++) {
        off |= *s->p == '-';
        if (*s->p == 'i')
            s->caseless = !off;
    }
    *options_only = *s->p == ')';
    return *s->p == ')' || *s->p == ':' ? (s->p++, CU_OK) : CU_UNSUPPORTED;
}

static cu_err parse_group(parser *s, cu_expr **out)
{
    bool asserts = false, options_only = false, caseless = s->caseless;
    if (++s->depth > MAX_DEPTH)
        return CU_UNSUPPORTED;
    if (*s->p == '?') {
        s->p++;
        CU_TRY(group_head(s, &asserts, &options_only));
    } else if (*s->p == '*') {
        return CU_UNSUPPORTED;
    }
    s->depth -= options_only;
    if (options_only) {
        *out = node(s, CU_EXPR_ALL_OF); /* nothing */
        return *out ? CU_OK : CU_NOMEM;
    }
    CU_TRY(parse_choice(s, out));
    if (*s->p++ != ')')
        return CU_UNSUPPORTED;
    s->caseless = caseless;
    s->depth--;
    if (asserts && !(*out = node(s, CU_EXPR_ALL_OF)))
        return CU_NOMEM;
    return CU_OK;
}

static cu_err parse_atom(parser *s, cu_expr **out)
{
    uint8_t c = *s->p++;
    if (c == '[')
        return parse_class(s, out);
    if (c == '(')
        return parse_group(s, out);
    if (c == '^' || c == '$' || (c == '\\' && *s->p && strchr("bBAzZG", *s->p))) {
        bool edge = c == '^' || (c == '\\' && (*s->p == 'b' || *s->p == 'A'));
        s->p += c == '\\';
        if (!(*out = node(s, CU_EXPR_ALL_OF)))
            return CU_NOMEM;
        (*out)->edge = edge;
        return CU_OK;
    }
    cu_expr *x = node(s, CU_EXPR_SET);
    if (!x)
        return CU_NOMEM;
    if (c == '.') {
        add(x->set, '\n');
        invert(x->set);
    } else if (c == '\\' && *s->p && add_named(x->set, *s->p)) {
        s->p++;
    } else if (c == '\\') {
        int byte = escaped_byte(s);
        if (byte < 0)
            return CU_UNSUPPORTED;
        add(x->set, (unsigned)byte);
    } else {
        add(x->set, c);
    }
    if (s->caseless)
        fold_case(x->set);
    *out = x;
    return CU_OK;
}

static bool number(parser *s, uint32_t *out)
{
    const uint8_t *from = s->p;
    for (*out = 0; *s->p >= '0' && *s->p <= '9' && s->p - from < 6; s->p++)
        *out = *out * 10 + (uint32_t)(*s->p - '0');
    return s->p > from;
}

/* {m} {m,} {m,n}; a brace that is none of them is a literal, as in PCRE2. */
static bool braces(parser *s, uint32_t *min, uint32_t *max)
{
    const uint8_t *from = s->p++;
    bool good = number(s, min);
    *max = *min;
    if (good && *s->p == ',') {
        s->p++;
        if (!number(s, max))
            *max = CU_EXPR_ENDLESS;
    }
    if (good && *s->p == '}' && *max >= *min) {
        s->p++;
        return true;
    }
    s->p = from;
    return false;
}

static cu_err parse_repeated(parser *s, cu_expr **out)
{
    CU_TRY(parse_atom(s, out));
    for (;;) {
        uint32_t min = 0, max = CU_EXPR_ENDLESS;
        if (*s->p == '?' || *s->p == '*' || *s->p == '+') {
            min = *s->p == '+';
            max = *s->p++ == '?' ? 1 : CU_EXPR_ENDLESS;
        } else if (*s->p != '{' || !braces(s, &min, &max)) {
            return CU_OK;
        }
        s->p += *s->p == '?' || *s->p == '+'; /* lazy, possessive: the same texts, or fewer */
        cu_expr *x = node(s, CU_EXPR_REPEAT);
        if (!x || !(x->part = cu_arena_alloc(s->arena, sizeof *x->part)))
            return CU_NOMEM;
        x->part[x->n++] = *out;
        x->min = min;
        x->max = max;
        *out = x;
    }
}

static cu_err gather(parser *s, cu_expr_kind kind, cu_expr **parts, size_t n, cu_expr **out)
{
    if (n == 1) {
        *out = parts[0];
        return CU_OK;
    }
    cu_expr *x = node(s, kind);
    if (!x || !(x->part = cu_arena_alloc(s->arena, (n + 1) * sizeof *x->part)))
        return CU_NOMEM;
    memcpy(x->part, parts, n * sizeof *parts);
    x->n = n;
    *out = x;
    return CU_OK;
}

static cu_err parse_row(parser *s, cu_expr **out)
{
    cu_expr *parts[MAX_PARTS];
    size_t n = 0;
    while (*s->p && *s->p != '|' && *s->p != ')') {
        if (n == MAX_PARTS || strchr("?*+", *s->p))
            return CU_UNSUPPORTED;
        CU_TRY(parse_repeated(s, &parts[n++]));
    }
    return gather(s, CU_EXPR_ALL_OF, parts, n, out);
}

static cu_err parse_choice(parser *s, cu_expr **out)
{
    cu_expr *parts[MAX_PARTS];
    size_t n = 0;
    for (;;) {
        if (n == MAX_PARTS)
            return CU_UNSUPPORTED;
        CU_TRY(parse_row(s, &parts[n++]));
        if (*s->p != '|')
            break;
        s->p++;
    }
    return gather(s, CU_EXPR_ONE_OF, parts, n, out);
}

static cu_err list_members(cu_expr *x, cu_arena *a)
{
    if (x->kind != CU_EXPR_SET) {
        for (size_t i = 0; i < x->n; i++)
            CU_TRY(list_members(x->part[i], a));
        return CU_OK;
    }
    if (!(x->members = cu_arena_alloc(a, 256)))
        return CU_NOMEM;
    for (unsigned c = 0; c < 256; c++)
        if (cu_in_set(x->set, (uint8_t)c))
            x->members[x->n++] = (uint8_t)c;
    return CU_OK;
}

cu_err cu_expr_parse(const char *pattern, cu_arena *a, cu_expr **out)
{
    parser s = {.p = (const uint8_t *)pattern, .arena = a};
    CU_TRY(parse_choice(&s, out));
    return *s.p ? CU_UNSUPPORTED : list_members(*out, a);
}

uint32_t cu_expr_width(const cu_expr *x)
{
    uint64_t w = 0;
    switch (x->kind) {
    case CU_EXPR_SET:
        return 1;
    case CU_EXPR_REPEAT:
        w = (uint64_t)cu_expr_width(x->part[0]) * x->max;
        break;
    case CU_EXPR_ALL_OF:
        for (size_t i = 0; i < x->n; i++)
            w += cu_expr_width(x->part[i]);
        break;
    case CU_EXPR_ONE_OF:
        for (size_t i = 0; i < x->n; i++) {
            uint32_t one = cu_expr_width(x->part[i]);
            w = one > w ? one : w;
        }
        break;
    }
    return w < CU_EXPR_ENDLESS ? (uint32_t)w : CU_EXPR_ENDLESS;
}

bool cu_expr_within(const cu_expr *x, const uint8_t set[32])
{
    bool within = true;
    for (int i = 0; i < 32 && x->kind == CU_EXPR_SET; i++)
        within &= (x->set[i] & ~set[i]) == 0;
    for (size_t i = 0; i < x->n && x->kind != CU_EXPR_SET; i++)
        within &= cu_expr_within(x->part[i], set);
    return within;
}
