/* Patterns of gitignore(5), matched with two marks to come back to (the last `*` and the last `**`)
 * and no recursion: a hostile pattern cannot make it exponential. */
#include "ignore.h"
#include <ctype.h>

static bool in_class(const char *name, size_t n, unsigned char c)
{
    static const struct {
        const char *name;
        int (*is)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
                   {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
                   {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strlen(classes[i].name) == n && strncmp(classes[i].name, name, n) == 0)
            return c < 128 && classes[i].is(c);
    return false;
}

/* p stands behind `[`. Returns where the bracket ends, or NULL when it does not. */
static const char *bracket(const char *p, unsigned char c, bool *yes)
{
    bool not = *p == '!' || *p == '^', hit = false;
    p += not;
    for (bool first = true; first || *p != ']'; first = false) {
        if (!*p)
            return NULL;
        if (p[0] == '[' && p[1] == ':') {
            const char *end = strstr(p + 2, ":]");
            if (!end)
                return NULL;
            hit |= in_class(p + 2, (size_t)(end - p) - 2, c);
            p = end + 2;
            continue;
        }
        if (*p == '\\' && !*++p)
            return NULL;
        unsigned char low = (unsigned char)*p++, high = low;
        if (*p == '-' && p[1] && p[1] != ']') {
            p++;
            if (*p == '\\' && !*++p)
                return NULL;
            high = (unsigned char)*p++;
        }
        hit |= c >= low && c <= high;
    }
    *yes = hit != not && c != '/';
    return p + 1;
}

/* One character of the pattern against one of the path; NULL when they differ. */
static const char *one(const char *p, char c)
{
    bool yes = false;
    if (*p == '[') {
        const char *end = bracket(p + 1, (unsigned char)c, &yes);
        return end && yes ? end : NULL;
    }
    if (*p == '?')
        return c != '/' ? p + 1 : NULL;
    if (*p == '\\' && !*++p)
        return NULL;
    return *p == c ? p + 1 : NULL;
}

typedef struct {
    const char *pattern, *path; /* pattern NULL: no mark */
} mark;

/* Comes back to a mark one step further; false when no mark can go on. */
static bool retry(mark *star, mark *folders, const char **p, const char **t)
{
    if (star->pattern && *star->path && *star->path != '/') {
        *p = star->pattern;
        *t = ++star->path;
        return true;
    }
    star->pattern = NULL;
    const char *slash = folders->pattern ? strchr(folders->path, '/') : NULL;
    if (!slash)
        return false;
    *p = folders->pattern;
    *t = folders->path = slash + 1;
    return true;
}

bool cu_glob(const char *pattern, const char *path)
{
    const char *p = pattern, *t = path;
    mark star = {NULL, NULL}, folders = {NULL, NULL};
    for (;;) {
        bool edge = p == pattern || p[-1] == '/';
        if (edge && p[0] == '*' && p[1] == '*' && p[2] == '/') {
            p += 3;
            folders = (mark){p, t};
            star.pattern = NULL;
            continue;
        }
        if (edge && p[0] == '*' && p[1] == '*' && !p[2] && *t)
            return true;
        if (*p == '*') {
            while (*p == '*')
                p++;
            star = (mark){p, t};
            continue;
        }
        const char *next = *t && *p ? one(p, *t) : NULL;
        if (next) {
            p = next;
            t++;
        } else if (!*p && !*t) {
            return true;
        } else if (!retry(&star, &folders, &p, &t)) {
            return false;
        }
    }
}
