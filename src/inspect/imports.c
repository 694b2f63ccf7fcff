/* Packages that program text imports. It is read token by token and not by a grammar: what an edit gives is a part of a
 * file, and each file that is written comes here. What stands in comments and texts imports nothing. */
#include <ctype.h>
#include <string.h>
#include "manifest.h"

#define MAX_NAMES 32u
#define MAX_PATH 1024u /* its last bytes are looked at */
#define BEHIND 4u /* tokens that are kept in sight */

/* A token: a word, or one character; a text is what ends a look behind. */
typedef struct {
    const imports *of;
    size_t i;
    cu_bytes behind[BEHIND]; /* the last ones, the youngest first */
    size_t statement;        /* tokens since it began */
    bool importing;          /* a statement that began with import or export */
    unsigned depth;          /* of brackets */
} reader;

static uint8_t at(const reader *r, size_t i)
{
    return i < r->of->text.n ? r->of->text.p[i] : 0;
}

static bool is_name(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

static bool behind_is(const reader *r, size_t k, const char *s)
{
    return cu_eq_str(r->behind[k], s);
}

static void push(reader *r, cu_bytes token)
{
    memmove(r->behind + 1, r->behind, (BEHIND - 1) * sizeof *r->behind);
    r->behind[0] = token;
    r->statement++;
}

static void statement_ends(reader *r)
{
    r->statement = 0;
    r->importing = false;
}

static cu_bytes word_at(const reader *r, size_t *i)
{
    size_t from = *i;
    while (*i < r->of->text.n && is_name(at(r, *i)))
        ++*i;
    return cu_slice(r->of->text, from, *i);
}

static void skip_line(reader *r)
{
    while (r->i < r->of->text.n && at(r, r->i) != '\n')
        r->i++;
}

/* The text between quotes, none where it does not end in its line; i: behind it. */
static cu_bytes quoted(reader *r)
{
    uint8_t quote = at(r, r->i++);
    size_t from = r->i;
    while (r->i < r->of->text.n && at(r, r->i) != quote && at(r, r->i) != '\n')
        r->i += at(r, r->i) == '\\' ? 2 : 1;
    cu_bytes out = at(r, r->i) == quote ? cu_slice(r->of->text, from, r->i) : CU_NONE;
    r->i += out.p != NULL;
    return out;
}

/* A folder of the file's path, or the file itself: what stands beside it is no package. */
static bool of_its_path(cu_bytes path, cu_bytes name)
{
    path = cu_slice(path, path.n > MAX_PATH ? path.n - MAX_PATH : 0, path.n);
    for (size_t i = 0, end; i < path.n; i = end + 1) {
        const uint8_t *slash = memchr(path.p + i, '/', path.n - i), *dot = memchr(path.p + i, '.', path.n - i);
        end = slash ? (size_t)(slash - path.p) : path.n;
        size_t stem = !slash && dot ? (size_t)(dot - path.p) : end;
        if (cu_eq(cu_slice(path, i, stem), name))
            return true;
    }
    return false;
}

static void held_unless_listed(const imports *x, cu_bytes top, cu_bytes *names, size_t n, cu_bytes place)
{
    size_t given = n;
    if (top.n == 0 || top.n >= CU_PACKAGE_MAX_NAME || !step(x->w) || of_its_path(x->path, top) || in_any(&x->m->not_names, top))
        return;
    for (size_t k = 0; k < x->m->as.n; k++) {
        const cu_word_list *as = &x->m->as.v[k];
        for (size_t i = 0; as->n && i < given; i++)
            if (in_glob(as->v[0], names[i], false))
                for (size_t d = 1; d < as->n && n < MAX_NAMES; d++)
                    names[n++] = as->v[d];
    }
    manifest_place(x->w, x->text, place);
    package_imported(x->w, x->m->of, top, names, n);
}

/* --- Python --- */

/* a.b.c: may be of the distribution a, a-b or a-b-c. first: what is imported from it. */
static void python_module(reader *r, cu_bytes module, cu_bytes first)
{
    cu_bytes names[MAX_NAMES], top = module;
    size_t n = 0;
    for (size_t i = 1; i <= module.n && n < 6; i++)
        if (i == module.n || module.p[i] == '.') {
            names[n++] = cu_slice(module, 0, i);
            top = n == 1 ? names[0] : top;
        }
    char *full = first.n && n < 6 ? cu_arena_fmt(r->of->w->a, "%.*s.%.*s", CU_FMT(module), CU_FMT(first)) : NULL;
    if (full)
        names[n++] = cu_str(full);
    held_unless_listed(r->of, top, names, n, top);
}

static void skip_blanks(reader *r)
{
    while (at(r, r->i) == ' ' || at(r, r->i) == '\t' || (at(r, r->i) == '\\' && at(r, r->i + 1) == '\n'))
        r->i += at(r, r->i) == '\\' ? 2 : 1;
}

static cu_bytes dotted(reader *r)
{
    size_t from = r->i;
    while (is_name(at(r, r->i)) || at(r, r->i) == '.')
        r->i++;
    return cu_slice(r->of->text, from, r->i);
}

static bool python_keyword(reader *r, const char *keyword)
{
    size_t i = r->i;
    if (!cu_eq_str(word_at(r, &i), keyword))
        return false;
    r->i = i;
    skip_blanks(r);
    return true;
}

/* import a.b as c, d */
static void python_import(reader *r)
{
    do {
        r->i += at(r, r->i) == ',';
        skip_blanks(r);
        cu_bytes module = dotted(r);
        skip_blanks(r);
        if (python_keyword(r, "as")) {
            (void)dotted(r);
            skip_blanks(r);
        }
        if (!strchr(",;#\r\n", at(r, r->i)))
            return; /* a sentence that begins like one; 0 is the end */
        if (module.n && module.p[0] != '.')
            python_module(r, module, CU_NONE);
    } while (at(r, r->i) == ',');
}

/* from a.b import c */
static void python_from(reader *r)
{
    skip_blanks(r);
    cu_bytes module = dotted(r);
    skip_blanks(r);
    if (!module.n || module.p[0] == '.' || !python_keyword(r, "import"))
        return;
    while (at(r, r->i) == '(' || isspace(at(r, r->i)))
        r->i++;
    size_t i = r->i;
    cu_bytes first = word_at(r, &i);
    if (first.n || at(r, i) == '*' || at(r, i) == '#')
        python_module(r, module, first);
}

static bool triple(const reader *r)
{
    return at(r, r->i + 1) == at(r, r->i) && at(r, r->i + 2) == at(r, r->i);
}

static void python_text(reader *r)
{
    bool loads = behind_is(r, 0, "(") && (behind_is(r, 1, "import_module") || behind_is(r, 1, "__import__"));
    if (triple(r)) {
        size_t end = cu_find(r->of->text, cu_slice(r->of->text, r->i, r->i + 3), r->i + 3);
        r->i = end == SIZE_MAX ? r->of->text.n : end + 3;
        push(r, CU_LIT("\""));
        return;
    }
    cu_bytes s = quoted(r);
    skip_blanks(r);
    bool name = loads && s.n && (at(r, r->i) == ')' || at(r, r->i) == ',');
    for (size_t i = 0; name && i < s.n; i++)
        name = is_name(s.p[i]) || (i && s.p[i] == '.');
    if (name)
        python_module(r, s, CU_NONE);
    push(r, CU_LIT("\""));
}

static void python_word(reader *r)
{
    cu_bytes said = word_at(r, &r->i);
    bool first = r->statement == 0;
    push(r, said);
    if (first && cu_eq_str(said, "import"))
        python_import(r);
    else if (first && cu_eq_str(said, "from"))
        python_from(r);
}

static void python_sign(reader *r, uint8_t c)
{
    r->depth += c == '(' || c == '[' || c == '{';
    r->depth -= r->depth && (c == ')' || c == ']' || c == '}');
    if ((c == '\n' || c == ';' || c == ':') && r->depth == 0)
        statement_ends(r);
    else if (!isspace(c))
        push(r, cu_slice(r->of->text, r->i, r->i + 1));
    r->i++;
}

void imports_python(const imports *x)
{
    reader r = {.of = x};
    while (r.i < x->text.n) {
        uint8_t c = at(&r, r.i);
        if (c == '#')
            skip_line(&r);
        else if (c == '"' || c == '\'')
            python_text(&r);
        else if (c == '\\')
            r.i += 2;
        else if (is_name(c))
            python_word(&r);
        else
            python_sign(&r, c);
    }
}

/* --- JavaScript and TypeScript --- */

/* name of name/sub, @scope/name of @scope/name/sub; none: a path, a URL, an alias, something of the runtime. */
static cu_bytes package_of_specifier(cu_bytes s)
{
    size_t parts = 0, end = 0;
    if (s.n == 0 || memchr("./#~$", s.p[0], 5) || cu_starts(s, CU_LIT("@/")))
        return CU_NONE;
    for (size_t i = 0; i < s.n; i++)
        if (!(isalnum(s.p[i]) || memchr("-_.~@/", s.p[i], 6)) || (s.p[i] == '@' && i))
            return CU_NONE; /* node:fs, https://…, text!file, file?raw, one that is put together */
    for (; end < s.n; end++)
        if (s.p[end] == '/' && ++parts > (s.p[0] == '@'))
            break;
    return s.p[0] == '@' && !memchr(s.p, '/', s.n) ? CU_NONE : cu_slice(s, 0, end);
}

static void script_module(reader *r, cu_bytes specifier)
{
    cu_bytes names[MAX_NAMES] = {package_of_specifier(specifier)};
    size_t slash = names[0].n && names[0].p[0] == '@' ? cu_find(names[0], CU_LIT("/"), 0) : SIZE_MAX;
    char *types = NULL; /* where types alone are published */
    if (slash == SIZE_MAX)
        types = cu_arena_fmt(r->of->w->a, "@types/%.*s", CU_FMT(names[0]));
    else
        types = cu_arena_fmt(r->of->w->a, "@types/%.*s__%.*s", CU_FMT(cu_slice(names[0], 1, slash)), CU_FMT(cu_slice(names[0], slash + 1, names[0].n)));
    names[1] = types ? cu_str(types) : names[0];
    held_unless_listed(r->of, names[0], names, 2, specifier);
}

/* import "x", import … from "x", export … from "x", import("x"), require("x"), require.resolve("x") */
static bool script_loads(const reader *r)
{
    if (r->importing)
        return behind_is(r, 0, "from") || (behind_is(r, 0, "import") && r->statement == 1);
    if (!behind_is(r, 0, "("))
        return false;
    return ((behind_is(r, 1, "require") || behind_is(r, 1, "import")) && !behind_is(r, 2, ".")) ||
           (behind_is(r, 1, "resolve") && behind_is(r, 2, ".") && behind_is(r, 3, "require"));
}

static void script_text(reader *r)
{
    bool called = behind_is(r, 0, "("), loads = script_loads(r);
    cu_bytes s = quoted(r);
    skip_blanks(r);
    if (loads && s.n && (!called || at(r, r->i) == ')' || at(r, r->i) == ','))
        script_module(r, s);
    push(r, CU_LIT("\""));
}

/* Behind a value a slash divides; elsewhere a pattern begins. */
static bool pattern_begins(const reader *r)
{
    static const char *const before[] = {"return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "await", "yield"};
    cu_bytes b = r->behind[0];
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (cu_eq_str(b, before[i]))
            return true;
    return b.n == 0 || !(is_name(b.p[0]) || memchr(")]}\"", b.p[0], 4));
}

static void script_pattern(reader *r)
{
    bool in_class = false;
    for (r->i++; r->i < r->of->text.n && at(r, r->i) != '\n'; r->i++) {
        uint8_t c = at(r, r->i);
        if (c == '/' && !in_class)
            break;
        in_class = c == '[' || (in_class && c != ']');
        r->i += c == '\\';
    }
    r->i++;
    push(r, CU_LIT("\""));
}

/* A template, with the code in it passed over. */
static void script_template(reader *r)
{
    unsigned depth = 0;
    for (r->i++; r->i < r->of->text.n; r->i++) {
        uint8_t c = at(r, r->i);
        if (c == '`' && depth == 0)
            break;
        depth += c == '{' && (depth || at(r, r->i - 1) == '$');
        depth -= depth && c == '}';
        r->i += c == '\\';
    }
    r->i++;
    push(r, CU_LIT("\""));
}

static void script_slash(reader *r)
{
    if (at(r, r->i + 1) == '/') {
        skip_line(r);
    } else if (at(r, r->i + 1) == '*') {
        size_t end = cu_find(r->of->text, CU_LIT("*/"), r->i + 2);
        r->i = end == SIZE_MAX ? r->of->text.n : end + 2;
    } else if (pattern_begins(r)) {
        script_pattern(r);
    } else {
        push(r, cu_slice(r->of->text, r->i, r->i + 1));
        r->i++;
    }
}

static void script_word(reader *r)
{
    cu_bytes said = word_at(r, &r->i);
    bool opens = cu_eq_str(said, "import") || cu_eq_str(said, "export");
    if (r->statement == 0 && opens) {
        size_t i = r->i;
        while (isspace(at(r, i)))
            i++;
        r->importing = at(r, i) != '(' && at(r, i) != '.';
    }
    push(r, said);
}

/* A line's end ends a statement, but not within the braces of import { a,\n b } from 'x'. */
static void script_sign(reader *r, uint8_t c)
{
    bool braces = c == '{' || c == '}', ends = c == ';' || (c == '\n' && !r->depth) || (braces && !r->importing);
    r->importing &= c != '(' && c != '='; /* exports what it says itself */
    r->depth = r->importing && (c == '{' || (r->depth && c != '}'));
    if (!isspace(c))
        push(r, cu_slice(r->of->text, r->i, r->i + 1));
    if (ends)
        statement_ends(r);
    r->i++;
}

void imports_script(const imports *x)
{
    reader r = {.of = x};
    while (r.i < x->text.n) {
        uint8_t c = at(&r, r.i);
        if (c == '/')
            script_slash(&r);
        else if (c == '"' || c == '\'')
            script_text(&r);
        else if (c == '`')
            script_template(&r);
        else if (is_name(c))
            script_word(&r);
        else
            script_sign(&r, c);
    }
}
