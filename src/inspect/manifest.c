/* Packages that a file declares, held against lists of those that exist. What an edit or a patch gives is a part of a
 * file: its lines are read as far as they say by themselves what they are. */
#include <ctype.h>
#include "base/buf.h"
#include "wire/json.h"
#include "walk.h"

#define MAX_NAME 200u

static cu_bytes trimmed(cu_bytes t)
{
    while (t.n && isspace(t.p[0]))
        t = cu_slice(t, 1, t.n);
    while (t.n && isspace(t.p[t.n - 1]))
        t.n--;
    return t;
}

static size_t line_end(cu_bytes t, size_t at)
{
    const uint8_t *end = at < t.n ? memchr(t.p + at, '\n', t.n - at) : NULL;
    return end ? (size_t)(end - t.p) : t.n;
}

/* The verdict's place is that of the name. */
static void package(walk *w, const cu_manifest *m, cu_bytes whole, cu_bytes name)
{
    if (name.n == 0 || name.n > MAX_NAME || in_any(&m->not_names, name))
        return;
    w->start = (uint32_t)(name.p - whole.p);
    w->end = w->start + (uint32_t)name.n;
    package_named(w, m->of, name);
}

/* --- a requirement a line (pip's requirements file format) --- */

static void requirement_lines(walk *w, const cu_manifest *m, cu_bytes t)
{
    for (size_t at = 0, end; at < t.n && step(w); at = end + 1) {
        end = line_end(t, at);
        cu_bytes line = cu_slice(t, at, end);
        size_t comment = cu_find(line, CU_LIT(" #"), 0);
        line = trimmed(cu_slice(line, 0, comment == SIZE_MAX ? line.n : comment));
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
    if (n == 2 && (*inside || (!*known && looks_like_version(part[1]) && !cu_eq_str(part[0], "version"))))
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

/* --- TOML (1.0), as far as such files go: tables, keys, texts in arrays --- */

typedef struct {
    walk *w;
    const cu_manifest *m;
    cu_bytes t;
    cu_bytes table;     /* of the lines that come; empty: none was said yet */
    bool in_array, any; /* in an array of requirements; some table was said */
} toml;

static cu_bytes unquoted(cu_bytes k)
{
    k = trimmed(k);
    return k.n > 1 && (k.p[0] == '"' || k.p[0] == '\'') && k.p[k.n - 1] == k.p[0] ? cu_slice(k, 1, k.n - 1) : k;
}

/* Every text of the line. Returns whether the array ends in it. */
static bool array_texts(toml *x, cu_bytes line)
{
    for (size_t i = 0; i < line.n; i++) {
        uint8_t c = line.p[i];
        if (c == '#')
            return false;
        if (c == ']')
            return true;
        if (c != '"' && c != '\'')
            continue;
        const uint8_t *end = memchr(line.p + i + 1, c, line.n - i - 1);
        if (!end)
            return false;
        cu_bytes one = cu_slice(line, i + 1, (size_t)(end - line.p));
        if (cu_find(one, CU_LIT(" @ "), 0) == SIZE_MAX)
            package(x->w, x->m, x->t, one);
        i = (size_t)(end - line.p);
    }
    return false;
}

static bool in_names(const cu_word_list *l, cu_bytes table, cu_bytes key, cu_arena *a)
{
    char *name = cu_arena_fmt(a, "%.*s%s%.*s", CU_FMT(table), table.n ? "." : "", CU_FMT(key));
    return name && in_any(l, cu_str(name));
}

/* name = "1", name = {version = "1", package = "other"}; what has a path or a git address asks no registry. */
static void toml_key(toml *x, cu_bytes key, cu_bytes value)
{
    cu_bytes other = CU_NONE;
    if (!x->any || !in_any(&x->m->tables, x->table))
        return;
    if (value.n && value.p[0] == '{') {
        static const char *const elsewhere[] = {"path", "git", "url", "file"};
        for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
            size_t at = cu_find(value, cu_str(elsewhere[i]), 0);
            if (at != SIZE_MAX && at > 0 && memchr("{ ,", value.p[at - 1], 3))
                return;
        }
        size_t at = cu_find(value, CU_LIT("package"), 0);
        const uint8_t *from = at == SIZE_MAX ? NULL : memchr(value.p + at, '"', value.n - at);
        const uint8_t *to = from ? memchr(from + 1, '"', (size_t)(value.p + value.n - from) - 1) : NULL;
        if (to)
            other = cu_bytes_of(from + 1, (size_t)(to - from) - 1);
    }
    package(x->w, x->m, x->t, other.n ? other : unquoted(key));
}

/* [dependencies.name] names one as well. */
static void toml_table(toml *x, cu_bytes line)
{
    const uint8_t *end = memchr(line.p, ']', line.n);
    size_t from = line.n > 1 && line.p[1] == '[' ? 2 : 1;
    if (!end || (size_t)(end - line.p) < from)
        return;
    x->table = trimmed(cu_slice(line, from, (size_t)(end - line.p)));
    x->any = true;
    size_t dot = x->table.n;
    while (dot && x->table.p[dot - 1] != '.')
        dot--;
    if (dot > 1 && in_any(&x->m->tables, cu_slice(x->table, 0, dot - 1)))
        package(x->w, x->m, x->t, unquoted(cu_slice(x->table, dot, x->table.n)));
}

/* "name>=1.2", alone in its line: what a part of an array shows. */
static bool lone_requirement(cu_bytes line)
{
    cu_bytes inner = line.n && line.p[line.n - 1] == ',' ? trimmed(cu_slice(line, 0, line.n - 1)) : line;
    cu_bytes text = unquoted(inner);
    return text.n && text.n + 2 == inner.n && (cu_find(text, CU_LIT("="), 0) != SIZE_MAX || memchr(text.p, '>', text.n) || memchr(text.p, '<', text.n));
}

static void toml_line(toml *x, cu_bytes line)
{
    if (x->in_array) {
        x->in_array = !array_texts(x, line);
        return;
    }
    if (line.p[0] == '[') {
        toml_table(x, line);
        return;
    }
    const uint8_t *eq = memchr(line.p, '=', line.n);
    if (!x->any && lone_requirement(line)) {
        if (x->m->arrays.n)
            array_texts(x, line);
    } else if (eq && line.p[0] != '#') {
        cu_bytes key = trimmed(cu_slice(line, 0, (size_t)(eq - line.p))), value = trimmed(cu_slice(line, (size_t)(eq - line.p) + 1, line.n));
        if (value.n && value.p[0] == '[' && in_names(&x->m->arrays, x->table, unquoted(key), x->w->a))
            x->in_array = !array_texts(x, cu_slice(value, 1, value.n));
        else
            toml_key(x, key, value);
    }
}

static void toml_manifest(walk *w, const cu_manifest *m, cu_bytes t)
{
    toml x = {.w = w, .m = m, .t = t};
    for (size_t at = 0, end; at < t.n && step(w); at = end + 1) {
        end = line_end(t, at);
        cu_bytes line = trimmed(cu_slice(t, at, end));
        if (line.n)
            toml_line(&x, line);
    }
}

static bool is_file(const cu_manifest *m, cu_bytes path)
{
    return in_any(&m->files, in_base(path)) || in_any(&m->files, path);
}

void manifest_text(walk *w, cu_bytes path, cu_bytes text)
{
    static void (*const read[])(walk *w, const cu_manifest *m, cu_bytes t) = {requirement_lines, json_manifest, toml_manifest};
    for (unsigned t = 0; t < CU_TIERS; t++)
        for (size_t i = 0; w->g->packs[t] && i < w->g->packs[t]->manifests_n; i++)
            if (is_file(&w->g->packs[t]->manifests[i], path))
                read[w->g->packs[t]->manifests[i].form](w, &w->g->packs[t]->manifests[i], text);
}
