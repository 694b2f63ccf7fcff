/* Packages that a file declares, held against lists of those that exist. What an edit or a patch gives is a part of a
 * file: its lines are read as far as they say by themselves what they are. */
#include <ctype.h>
#include "base/buf.h"
#include "wire/json.h"
#include "manifest.h"

#define MAX_NAME 200u

static size_t line_end(cu_bytes t, size_t at)
{
    const uint8_t *end = at < t.n ? memchr(t.p + at, '\n', t.n - at) : NULL;
    return end ? (size_t)(end - t.p) : t.n;
}

void manifest_place(walk *w, cu_bytes whole, cu_bytes name)
{
    if (w->depth) /* the file is what a command writes, and the place is the command's */
        return;
    w->start = (uint32_t)(name.p - whole.p);
    w->end = w->start + (uint32_t)name.n;
}

/* The verdict's place is that of the name. */
static void package(walk *w, const cu_manifest *m, cu_bytes whole, cu_bytes name)
{
    if (name.n == 0 || name.n > MAX_NAME || in_any(&m->not_names, name))
        return;
    manifest_place(w, whole, name);
    package_named(w, m->of, name);
}

/* --- a requirement a line (pip's requirements file format) --- */

static void requirement_lines(walk *w, const cu_manifest *m, cu_bytes t)
{
    for (size_t at = 0, end; at < t.n && step(w); at = end + 1) {
        end = line_end(t, at);
        cu_bytes line = cu_slice(t, at, end);
        size_t comment = cu_find(line, CU_LIT(" #"), 0);
        line = in_trimmed(cu_slice(line, 0, comment == SIZE_MAX ? line.n : comment));
        if (line.n && line.p[0] != '#' && line.p[0] != '-' && cu_find(line, CU_LIT(" @ "), 0) == SIZE_MAX)
            package(w, m, t, line);
    }
}

/* --- JSON --- */

/* "^1.2", "latest", "workspace:*", "npm:other@1": what a version looks like. */
static bool looks_like_version(cu_bytes v)
{
    static const char *const said[] = {"latest", "next", "beta", "alpha", "canary", "*", "x", "workspace:", "npm:"};
    if (v.n && (isdigit(v.p[0]) || memchr("^~<>=", v.p[0], 5)))
        return true;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (cu_eq_str(v, said[i]) || (said[i][strlen(said[i]) - 1] == ':' && cu_starts(v, cu_str(said[i]))))
            return true;
    return false;
}

/* "alias": "npm:name@1" asks for another name than it says; files and addresses ask no registry. */
static void json_pair(walk *w, const cu_manifest *m, cu_bytes t, cu_bytes key, cu_bytes value)
{
    static const char *const elsewhere[] = {"file:", "link:", "portal:", "workspace:", "git", "http:", "https:", "github:", "catalog:"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (cu_starts(value, cu_str(elsewhere[i])))
            return;
    if (memchr(value.p, '/', value.n) && !cu_starts(value, CU_LIT("npm:"))) /* user/repository */
        return;
    package(w, m, t, cu_starts(value, CU_LIT("npm:")) ? value : key);
}

static bool json_whole(walk *w, const cu_manifest *m, cu_bytes t)
{
    cu_json_strings s;
    if (cu_json_walk(t, w->a, &s, NULL) != CU_OK)
        return false;
    for (size_t i = 0; i + 1 < s.n && step(w); i++) {
        const cu_json_string *k = &s.v[i], *v = &s.v[i + 1];
        if (!(k->flags & CU_JSON_KEY) || k->depth != 2 || k->parent_key == UINT32_MAX || v->parent_key != i)
            continue;
        const cu_json_string *table = &s.v[k->parent_key];
        if (in_any(&m->tables, cu_slice(t, table->start, table->end)))
            json_pair(w, m, t, cu_slice(t, k->start, k->end), cu_slice(t, v->start, v->end));
    }
    return true;
}

/* "name": "version" */
static void json_line(walk *w, const cu_manifest *m, cu_bytes t, cu_bytes line, bool *inside, bool *known)
{
    cu_bytes part[2] = {CU_NONE, CU_NONE};
    size_t n = 0, at = 0;
    for (; n < 2 && at < line.n; n++) {
        const uint8_t *from = memchr(line.p + at, '"', line.n - at), *to = from ? memchr(from + 1, '"', (size_t)(line.p + line.n - from) - 1) : NULL;
        if (!to)
            break;
        part[n] = cu_bytes_of(from + 1, (size_t)(to - from) - 1);
        at = (size_t)(to - line.p) + 1;
    }
    bool opens = memchr(line.p, '{', line.n) != NULL;
    if (n >= 1 && opens) {
        *known = true;
        *inside = in_any(&m->tables, part[0]);
        return;
    }
    if (memchr(line.p, '}', line.n))
        *inside = false;
    if (n == 2 && (*inside || (!*known && looks_like_version(part[1]) && !in_any(&m->not_in_part, part[0]))))
        json_pair(w, m, t, part[0], part[1]);
}

static void json_manifest(walk *w, const cu_manifest *m, cu_bytes t)
{
    bool inside = false, known = false;
    if (json_whole(w, m, t))
        return;
    for (size_t at = 0, end; at < t.n && step(w); at = end + 1) {
        end = line_end(t, at);
        if (end > at)
            json_line(w, m, t, cu_slice(t, at, end), &inside, &known);
    }
}

/* --- TOML (1.0), as far as names of packages stand in it: tables, keys, texts in arrays --- */

typedef struct {
    walk *w;
    const cu_manifest *m;
    cu_bytes t;
    size_t i;
    cu_bytes table;         /* that is open, its parts joined by points */
    bool any;               /* some table was said */
    cu_bytes pending;       /* the package that the table itself is: [dependencies.NAME] */
    bool pending_elsewhere;
} toml;

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static cu_bytes next_line(toml *r)
{
    size_t from = r->i, end = line_end(r->t, from);
    r->i = end + (end < r->t.n);
    return in_trimmed(cu_slice(r->t, from, end));
}

/* "name @ address" asks no registry. */
static void requirement(toml *r, cu_bytes text)
{
    if (cu_find(text, CU_LIT(" @ "), 0) == SIZE_MAX)
        package(r->w, r->m, r->t, text);
}

static cu_bytes unquoted(cu_bytes k)
{
    k = in_trimmed(k);
    return k.n > 1 && (k.p[0] == '"' || k.p[0] == '\'') && k.p[k.n - 1] == k.p[0] ? cu_slice(k, 1, k.n - 1) : k;
}

/* "name>=1.2", alone in its line: what a part of an array shows. */
static bool lone_requirement(cu_bytes line)
{
    cu_bytes inner = line.n && line.p[line.n - 1] == ',' ? in_trimmed(cu_slice(line, 0, line.n - 1)) : line;
    cu_bytes text = unquoted(inner);
    return text.n && text.n + 2 == inner.n && (cu_find(text, CU_LIT("="), 0) != SIZE_MAX || memchr(text.p, '>', text.n) || memchr(text.p, '<', text.n));
}

/* The text between quotes, without what they escape: no name of a package has a backslash. i: behind the quote that
 * closes, or the end of the line. */
static cu_bytes toml_string(cu_bytes t, size_t *i)
{
    uint8_t quote = t.p[(*i)++];
    size_t from = *i;
    while (*i < t.n && t.p[*i] != quote && t.p[*i] != '\n')
        *i += t.p[*i] == '\\' && quote == '"' && *i + 1 < t.n ? 2 : 1;
    cu_bytes out = cu_slice(t, from, *i);
    *i += *i < t.n && t.p[*i] == quote;
    return out;
}

/* a."b.c".d without quotes and blanks; last: its last part. */
static cu_bytes toml_key(toml *r, cu_bytes t, cu_bytes *last)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(t.n + 8);
    cu_bytes part = CU_NONE;
    for (size_t i = 0; i < t.n;) {
        size_t from = i;
        if (t.p[i] == '"' || t.p[i] == '\'') {
            part = toml_string(t, &i);
        } else if (t.p[i] == '.' || is_blank(t.p[i])) {
            i++;
            continue;
        } else {
            while (i < t.n && t.p[i] != '.' && !is_blank(t.p[i]))
                i++;
            part = cu_slice(t, from, i);
        }
        if (b.n)
            cu_buf_byte(&b, '.');
        cu_buf_add(&b, part);
    }
    *last = part;
    return cu_arena_dup(r->w->a, cu_buf_view(&b));
}

static void flush(toml *r)
{
    if (r->pending.n && !r->pending_elsewhere)
        package(r->w, r->m, r->t, r->pending);
    r->pending = CU_NONE;
    r->pending_elsewhere = false;
}

static void toml_table(toml *r, cu_bytes line)
{
    size_t from = line.n > 1 && line.p[1] == '[' ? 2 : 1, end = cu_find(line, CU_LIT("]"), from);
    cu_bytes last;
    flush(r);
    r->any = true;
    r->table = toml_key(r, cu_slice(line, from, end == SIZE_MAX ? line.n : end), &last);
    if (r->table.n > last.n + 1 && last.n && in_any(&r->m->tables, cu_slice(r->table, 0, r->table.n - last.n - 1)))
        r->pending = last;
}

/* From the bracket that opens a list to behind the one that closes it. */
static void toml_list(toml *r, size_t at, bool names)
{
    unsigned depth = 0;
    size_t i = at;
    while (i < r->t.n) {
        uint8_t c = r->t.p[i];
        if (c == '"' || c == '\'') {
            cu_bytes s = toml_string(r->t, &i);
            if (names && depth == 1)
                requirement(r, s);
            continue;
        }
        if (c == '#')
            while (i + 1 < r->t.n && r->t.p[i + 1] != '\n')
                i++;
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        i++;
        if (depth == 0)
            break;
    }
    r->i = i > r->i ? i : r->i;
}

static bool key_in(cu_bytes inline_table, const char *key, cu_bytes *value)
{
    size_t i = cu_find(inline_table, cu_str(key), 0);
    if (i == SIZE_MAX || (i && !strchr(" {,\t", inline_table.p[i - 1] ? inline_table.p[i - 1] : 'x')))
        return false;
    for (i += strlen(key); i < inline_table.n && (is_blank(inline_table.p[i]) || inline_table.p[i] == '='); i++)
        ;
    *value = i < inline_table.n && (inline_table.p[i] == '"' || inline_table.p[i] == '\'') ? toml_string(inline_table, &i) : CU_NONE;
    return value->n > 0;
}

/* Taken from a folder or a repository, and no name of a registry. */
static bool toml_elsewhere(cu_bytes key)
{
    return cu_eq_str(key, "path") || cu_eq_str(key, "git") || cu_eq_str(key, "url") || cu_eq_str(key, "file") || cu_eq_str(key, "workspace");
}

static void toml_dependency(toml *r, cu_bytes key, cu_bytes value)
{
    static const char *const elsewhere[] = {"path", "git", "url", "file"};
    cu_bytes other;
    bool within = value.n && value.p[0] == '{';
    for (size_t i = 0; within && i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (key_in(value, elsewhere[i], &other))
            return;
    if (within && cu_find(value, CU_LIT("workspace"), 0) != SIZE_MAX)
        return;
    package(r->w, r->m, r->t, within && key_in(value, "package", &other) ? other : key);
}

static void toml_long_string(toml *r, size_t at)
{
    size_t end = cu_find(r->t, cu_slice(r->t, at, at + 3), at + 3);
    r->i = end == SIZE_MAX ? r->t.n : end + 3;
}

static void toml_pair(toml *r, cu_bytes line)
{
    size_t eq = 0;
    while (eq < line.n && line.p[eq] != '=')
        if (line.p[eq] == '"' || line.p[eq] == '\'')
            (void)toml_string(line, &eq);
        else
            eq++;
    if (eq >= line.n)
        return;
    cu_bytes last, key = toml_key(r, in_trimmed(cu_slice(line, 0, eq)), &last), value = in_trimmed(cu_slice(line, eq + 1, line.n));
    size_t at = value.n ? (size_t)(value.p - r->t.p) : 0;
    char *full = r->table.n ? cu_arena_fmt(r->w->a, "%.*s.%.*s", CU_FMT(r->table), CU_FMT(key)) : NULL;
    bool list = value.n && value.p[0] == '[';
    if (r->pending.n && cu_eq_str(key, "package") && value.n > 1 && (value.p[0] == '"' || value.p[0] == '\'')) {
        size_t i = 0;
        r->pending = toml_string(value, &i);
    }
    r->pending_elsewhere |= r->pending.n && toml_elsewhere(key);
    if (list)
        toml_list(r, at, in_any(&r->m->arrays, full ? cu_str(full) : key));
    else if (cu_starts(value, CU_LIT("\"\"\"")) || cu_starts(value, CU_LIT("'''")))
        toml_long_string(r, at);
    else if (last.n && in_any(&r->m->tables, r->table))
        toml_dependency(r, cu_eq(last, key) ? last : CU_NONE, value);
}

static void toml_lines(toml *r)
{
    while (r->i < r->t.n && step(r->w)) {
        cu_bytes line = next_line(r);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.p[0] == '[')
            toml_table(r, line);
        else if (!r->any && r->m->arrays.n && lone_requirement(line))
            requirement(r, cu_slice(line, 1, line.n - 1 - (line.p[line.n - 1] == ',')));
        else
            toml_pair(r, line);
    }
    flush(r);
}

static void toml_manifest(walk *w, const cu_manifest *m, cu_bytes t)
{
    toml r = {.w = w, .m = m, .t = t};
    toml_lines(&r);
}

/* --- go.mod: require PATH VERSION, and such lines within require ( … ) --- */

static void go_line(walk *w, const cu_manifest *m, cu_bytes t, cu_bytes line, bool *within)
{
    size_t n = 0, comment = cu_find(line, CU_LIT("//"), 0);
    line = in_trimmed(cu_slice(line, 0, comment == SIZE_MAX ? line.n : comment));
    bool said = cu_starts(line, CU_LIT("require")) && line.n > 7 && (is_blank(line.p[7]) || line.p[7] == '(');
    if (said)
        line = in_trimmed(cu_slice(line, 7, line.n));
    if (line.n && (line.p[0] == '(' || line.p[0] == ')')) {
        *within = said && line.p[0] == '(';
        return;
    }
    while (n < line.n && !is_blank(line.p[n]))
        n++;
    if (said || *within)
        package(w, m, t, cu_slice(line, 0, n));
}

static void go_manifest(walk *w, const cu_manifest *m, cu_bytes t)
{
    bool within = false;
    for (size_t at = 0, end; at < t.n && step(w); at = end + 1) {
        end = line_end(t, at);
        go_line(w, m, t, cu_slice(t, at, end), &within);
    }
}

static bool is_file(const cu_manifest *m, cu_bytes path)
{
    return in_any(&m->files, in_base(path)) || in_any(&m->files, path);
}

static void one(walk *w, const cu_manifest *m, cu_bytes path, cu_bytes text)
{
    static void (*const read[])(walk *w, const cu_manifest *m, cu_bytes t) = {
        [CU_MANIFEST_LINES] = requirement_lines, [CU_MANIFEST_JSON] = json_manifest, [CU_MANIFEST_TOML] = toml_manifest,
        [CU_MANIFEST_GO] = go_manifest, [CU_MANIFEST_MAVEN] = manifest_maven, [CU_MANIFEST_GRADLE] = manifest_gradle};
    const imports x = {w, m, path, text};
    if (m->form == CU_MANIFEST_PYTHON)
        imports_python(&x);
    else if (m->form == CU_MANIFEST_SCRIPT)
        imports_script(&x);
    else
        read[m->form](w, m, text);
}

void manifest_text(walk *w, cu_bytes path, cu_bytes lang, cu_bytes text)
{
    for (unsigned t = 0; t < CU_TIERS; t++)
        for (size_t i = 0; w->g->packs[t] && i < w->g->packs[t]->manifests_n; i++) {
            const cu_manifest *m = &w->g->packs[t]->manifests[i];
            if (package_list_of(w, m->of) && (is_file(m, path) || (lang.n && in_list(&m->langs, lang))))
                one(w, m, path, text);
        }
}
