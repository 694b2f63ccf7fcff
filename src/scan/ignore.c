#include "ignore.h"
#include <stdlib.h>
#include "base/buf.h"
#include "base/file.h"

#define MAX_FILE ((size_t)4 << 20)

typedef enum { LITERAL, ENDING, GLOB } form;

typedef struct {
    const char *text; /* in the level's own memory */
    size_t n;
    form form;
    bool negated, folders_only, anchored;
} pattern;

struct cu_ignore {
    cu_ignore *up;
    size_t base;
    char *memory;
    pattern *v;
    size_t n;
};

static form form_of(const char *text, bool anchored)
{
    if (!strpbrk(text, "*?[\\"))
        return LITERAL;
    return !anchored && text[0] == '*' && text[1] && !strpbrk(text + 1, "*?[\\") ? ENDING : GLOB;
}

/* Spaces at the end do not count, unless a backslash stands before them. */
static size_t trimmed(const char *s, size_t n)
{
    if (n && s[n - 1] == '\r')
        n--;
    while (n && s[n - 1] == ' ' && !(n > 1 && s[n - 2] == '\\'))
        n--;
    return n;
}

static bool parse_line(char *s, size_t n, pattern *out)
{
    *out = (pattern){0};
    n = trimmed(s, n);
    if (n == 0 || s[0] == '#' || memchr(s, 0, n))
        return false;
    if (s[0] == '!') {
        out->negated = true;
        s++;
        n--;
    }
    if (n && s[n - 1] == '/') {
        out->folders_only = true;
        n--;
    }
    s[n] = 0;
    if (*s == '/') {
        out->anchored = true;
        s++;
        n--;
    } else {
        out->anchored = strchr(s, '/') != NULL;
    }
    out->text = s;
    out->n = n;
    out->form = form_of(s, out->anchored);
    return n > 0;
}

cu_err cu_ignore_parse(cu_bytes content, size_t base, cu_ignore *up, cu_ignore **out)
{
    size_t lines = 1;
    *out = up;
    if (cu_starts(content, CU_LIT("\xef\xbb\xbf")))
        content = cu_slice(content, 3, content.n);
    for (size_t i = 0; i < content.n; i++)
        lines += content.p[i] == '\n';
    cu_ignore *level = calloc(1, sizeof *level);
    if (!level || !(level->memory = malloc(content.n + 1)) ||
        !(level->v = calloc(lines, sizeof *level->v))) {
        cu_ignore_free(level);
        return CU_NOMEM;
    }
    if (content.n)
        memcpy(level->memory, content.p, content.n);
    level->memory[content.n] = 0;
    level->up = up;
    level->base = base;
    for (size_t i = 0; i < content.n;) {
        char *line = level->memory + i, *end = memchr(line, '\n', content.n - i);
        size_t n = end ? (size_t)(end - line) : content.n - i;
        level->n += parse_line(line, n, &level->v[level->n]);
        i += n + 1;
    }
    if (level->n == 0)
        cu_ignore_free(level);
    else
        *out = level;
    return CU_OK;
}

cu_err cu_ignore_read(int dirfd, const char *name, size_t base, cu_ignore *up, cu_ignore **out)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(MAX_FILE);
    *out = up;
    if (cu_file_read(dirfd, name, &b) != CU_OK)
        return CU_OK;
    return cu_ignore_parse(cu_buf_view(&b), base, up, out);
}

void cu_ignore_free(cu_ignore *i)
{
    if (!i)
        return;
    free(i->memory);
    free(i->v);
    free(i);
}

void cu_ignore_free_until(cu_ignore *i, const cu_ignore *end)
{
    while (i && i != end) {
        cu_ignore *up = i->up;
        cu_ignore_free(i);
        i = up;
    }
}

static bool holds(const pattern *p, const char *path, size_t path_n, const char *name)
{
    const char *subject = p->anchored ? path : name;
    size_t n = path_n - (size_t)(subject - path);
    switch (p->form) {
    case LITERAL: return n == p->n && memcmp(subject, p->text, n) == 0;
    case ENDING: return n >= p->n - 1 && memcmp(subject + n - (p->n - 1), p->text + 1, p->n - 1) == 0;
    default: return cu_glob(p->text, subject);
    }
}

bool cu_ignore_matches(const cu_ignore *level, const char *path, bool folder)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(path);
    for (; level; level = level->up)
        for (size_t i = level->n; i-- > 0;) {
            const pattern *p = &level->v[i];
            if ((folder || !p->folders_only) && holds(p, path + level->base, n - level->base, name))
                return !p->negated;
        }
    return false;
}
