/* Packages that a build of the JVM names: pom.xml and build.gradle, in Groovy or Kotlin. Parts of such files are read as
 * well, so neither is parsed as a whole. */
#include <ctype.h>
#include <string.h>
#include "manifest.h"

#define MAX_PROPERTIES 64u
#define MAX_OPEN 64u     /* elements within elements */
#define MAX_NAME 200u

static void artifact(walk *w, const cu_manifest *m, cu_bytes t, cu_bytes group, cu_bytes name, cu_bytes place)
{
    if (!group.n || !name.n || group.n + name.n > MAX_NAME || !step(w))
        return;
    char *whole = cu_arena_fmt(w->a, "%.*s:%.*s", CU_FMT(group), CU_FMT(name));
    if (!whole || in_any(&m->not_names, cu_str(whole)))
        return;
    manifest_place(w, t, place);
    package_named(w, m->of, cu_str(whole));
}

/* --- pom.xml (Maven's POM reference) --- */

typedef struct { cu_bytes name, value; } property;

typedef struct {
    walk *w;
    const cu_manifest *m;
    cu_bytes t;
    cu_bytes open[MAX_OPEN];  /* names of the elements that are open */
    size_t open_n;
    cu_bytes group, name;     /* of the dependency that is open */
    bool elsewhere;           /* it lies in a file */
    cu_bytes own, parent;     /* the project's group; its parent's */
    property properties[MAX_PROPERTIES];
    size_t properties_n;
    bool telling;             /* the second time */
} pom;

static bool open_is(const pom *p, size_t k, const char *name)
{
    return k < p->open_n && cu_eq_str(p->open[p->open_n - 1 - k], name);
}

/* ${name} by what the file says; none: by what another says. */
static cu_bytes resolved(const pom *p, cu_bytes v)
{
    if (!memchr(v.p ? v.p : (const uint8_t *)"", '$', v.n))
        return v;
    cu_bytes inner = cu_starts(v, CU_LIT("${")) && v.p[v.n - 1] == '}' ? cu_slice(v, 2, v.n - 1) : CU_NONE;
    for (size_t i = 0; i < p->properties_n; i++)
        if (inner.n && cu_eq(p->properties[i].name, inner) && !memchr(p->properties[i].value.p, '$', p->properties[i].value.n))
            return p->properties[i].value;
    return CU_NONE;
}

static void pom_learns(pom *p, cu_bytes name, cu_bytes text)
{
    bool group = cu_eq_str(name, "groupId");
    if (group && open_is(p, 0, "project"))
        p->own = text;
    else if (group && open_is(p, 0, "parent") && open_is(p, 1, "project"))
        p->parent = text;
    else if (open_is(p, 0, "properties") && text.n && p->properties_n < MAX_PROPERTIES)
        p->properties[p->properties_n++] = (property){name, text};
}

static void dependency_part(pom *p, cu_bytes name, cu_bytes text)
{
    if (cu_eq_str(name, "groupId"))
        p->group = text;
    else if (cu_eq_str(name, "artifactId"))
        p->name = text;
    else if (cu_eq_str(name, "systemPath"))
        p->elsewhere = true;
}

/* A project's modules are of its own group. */
static void dependency_ends(pom *p, bool plugin)
{
    cu_bytes group = p->group.n || !plugin ? resolved(p, p->group) : CU_LIT("org.apache.maven.plugins");
    cu_bytes own = p->own.n ? p->own : p->parent;
    if (p->name.n && !p->elsewhere && !(own.n && cu_eq(own, group)))
        artifact(p->w, p->m, p->t, group, resolved(p, p->name), p->name);
    p->group = p->name = CU_NONE;
    p->elsewhere = false;
}

static bool holds_a_package(const pom *p)
{
    return open_is(p, 0, "dependency") || open_is(p, 0, "plugin") || open_is(p, 0, "extension");
}

static void element_ends(pom *p, cu_bytes name, cu_bytes text)
{
    bool dependency = cu_eq_str(name, "dependency") || cu_eq_str(name, "extension"), plugin = cu_eq_str(name, "plugin");
    while (p->open_n && !cu_eq(p->open[p->open_n - 1], name)) /* one that never ended */
        p->open_n--;
    p->open_n -= p->open_n > 0;
    if (!p->telling)
        pom_learns(p, name, text);
    else if (dependency || plugin)
        dependency_ends(p, plugin);
    else if (holds_a_package(p))
        dependency_part(p, name, text);
}

static void element_begins(pom *p, cu_bytes name)
{
    if (p->open_n < MAX_OPEN)
        p->open[p->open_n++] = name;
    if (holds_a_package(p)) {
        p->group = p->name = CU_NONE;
        p->elsewhere = false;
    }
}

static size_t behind(cu_bytes t, cu_bytes what, size_t from)
{
    size_t i = cu_find(t, what, from);
    return i == SIZE_MAX ? t.n : i + what.n;
}

static void elements(pom *p)
{
    cu_bytes t = p->t;
    size_t text = 0;
    for (size_t i = cu_find(t, CU_LIT("<"), 0); i < t.n; i = cu_find(t, CU_LIT("<"), i)) {
        size_t from = i + 1, name;
        bool ends = from < t.n && t.p[from] == '/';
        if (cu_starts(cu_slice(t, i, t.n), CU_LIT("<!--"))) {
            i = behind(t, CU_LIT("-->"), i);
            continue;
        }
        for (from += ends, name = from; name < t.n && (isalnum(t.p[name]) || memchr("_.-:", t.p[name], 4)); name++)
            ;
        if (ends)
            element_ends(p, cu_slice(t, from, name), in_trimmed(cu_slice(t, text, i)));
        i = behind(t, CU_LIT(">"), name);
        if (!ends && name > from && t.p[i - 2] != '/')
            element_begins(p, cu_slice(t, from, name));
        text = i;
    }
}

void manifest_maven(walk *w, const cu_manifest *m, cu_bytes t)
{
    pom p = {.w = w, .m = m, .t = t};
    elements(&p);
    p.telling = true;
    p.open_n = 0;
    elements(&p);
}

/* --- build.gradle, build.gradle.kts --- */

typedef struct {
    walk *w;
    const cu_manifest *m;
    cu_bytes t;
    size_t i;
    cu_bytes first, last;         /* words of the statement */
    cu_bytes group;               /* group: 'x' of it */
    unsigned depth;               /* of round brackets */
    bool goes_on;                 /* a comma came last */
} gradle;

static void statement_ends(gradle *g)
{
    g->first = g->last = g->group = CU_NONE;
    g->goes_on = false;
}

static bool is_part(cu_bytes s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isalnum(s.p[i]) && !memchr("._-", s.p[i], 3))
            return false;
    return s.n > 0;
}

/* 'group:name:version', or group: 'x', name: 'y' */
static void gradle_text(gradle *g, cu_bytes s)
{
    size_t colon = cu_find(s, CU_LIT(":"), 0), end = colon == SIZE_MAX ? SIZE_MAX : cu_find(s, CU_LIT(":"), colon + 1);
    if (!in_any(&g->m->tables, g->first))
        return;
    if (cu_eq_str(g->last, "group")) {
        g->group = is_part(s) ? s : CU_NONE;
    } else if (cu_eq_str(g->last, "name") && g->group.n && is_part(s)) {
        artifact(g->w, g->m, g->t, g->group, s, s);
    } else if (colon != SIZE_MAX) {
        cu_bytes group = cu_slice(s, 0, colon), name = cu_slice(s, colon + 1, end == SIZE_MAX ? s.n : end);
        if (is_part(group) && is_part(name))
            artifact(g->w, g->m, g->t, group, name, s);
    }
}

static void gradle_quoted(gradle *g)
{
    uint8_t quote = g->t.p[g->i++];
    size_t from = g->i;
    while (g->i < g->t.n && g->t.p[g->i] != quote && g->t.p[g->i] != '\n')
        g->i += g->t.p[g->i] == '\\' && g->i + 1 < g->t.n ? 2 : 1;
    gradle_text(g, cu_slice(g->t, from, g->i));
    g->i++;
    g->goes_on = false;
}

static void gradle_word(gradle *g)
{
    size_t from = g->i;
    while (g->i < g->t.n && (isalnum(g->t.p[g->i]) || g->t.p[g->i] == '_'))
        g->i++;
    g->last = cu_slice(g->t, from, g->i);
    g->first = g->first.n ? g->first : g->last;
    g->goes_on = false;
}

static void gradle_sign(gradle *g, uint8_t c)
{
    g->depth += c == '(';
    g->depth -= g->depth && c == ')';
    if (c == ';' || c == '{' || c == '}' || (c == '\n' && !g->depth && !g->goes_on))
        statement_ends(g);
    if (c == '}')
        g->depth = 0;
    g->goes_on = c == ',' || (g->goes_on && isspace(c));
    g->i++;
}

void manifest_gradle(walk *w, const cu_manifest *m, cu_bytes t)
{
    gradle g = {.w = w, .m = m, .t = t};
    while (g.i < t.n) {
        uint8_t c = t.p[g.i];
        cu_bytes rest = cu_slice(t, g.i, t.n);
        if (cu_starts(rest, CU_LIT("//"))) {
            const uint8_t *end = memchr(rest.p, '\n', rest.n);
            g.i = end ? (size_t)(end - t.p) : t.n;
        } else if (cu_starts(rest, CU_LIT("/*"))) {
            g.i = behind(t, CU_LIT("*/"), g.i);
        } else if (c == '"' || c == '\'') {
            gradle_quoted(&g);
        } else if (isalpha(c) || c == '_') {
            gradle_word(&g);
        } else {
            gradle_sign(&g, c);
        }
    }
}
