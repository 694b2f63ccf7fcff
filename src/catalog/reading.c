#include "reading.h"
#include <fcntl.h>
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"

#define NAMES_MAX 4096u /* bytes of a list */

cu_err reading_wrong(const reading *r, const cu_yaml *n, const char *fmt, ...)
{
    char text[220];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *file = n->file ? n->file : r->path;
    size_t path = strlen(file); /* of a long one the end says more */
    cu_fail(r->f, CU_CONFIG, "%s%s:%u: %s", path > 80 ? "…" : "", file + (path > 80 ? path - 80 : 0), n->line, text);
    if (r->f)
        r->f->line = n->line;
    return CU_CONFIG;
}

static bool at_word(cu_bytes word, const char *words, unsigned *index)
{
    *index = 0;
    for (size_t n; *words; words += n + (words[n] == ' '), ++*index) {
        n = strcspn(words, " ");
        if (cu_eq(word, cu_bytes_of(words, n)))
            return true;
    }
    return false;
}

bool reading_is_one_of(cu_bytes word, const char *words)
{
    unsigned index;
    return at_word(word, words, &index);
}

cu_err reading_only(const reading *r, const cu_yaml *map, const char *where, const char *keys)
{
    if (map->kind != CU_YAML_MAP)
        return reading_wrong(r, map, "%s must be a map", where);
    for (const cu_yaml *k = map->first; k; k = k->next)
        if (!reading_is_one_of(k->key, keys))
            return reading_wrong(r, k, "unknown key \"%.*s\" in %s; known are: %s", k->key.n < 40 ? (int)k->key.n : 40,
                                 (const char *)k->key.p, where, keys);
    return CU_OK;
}

cu_err reading_text(const reading *r, const cu_yaml *n, const char *name, char **out)
{
    if (n->kind != CU_YAML_SCALAR || n->text.n == 0 || memchr(n->text.p, 0, n->text.n))
        return reading_wrong(r, n, "%s must be a text", name);
    *out = cu_arena_str(r->a, n->text);
    return *out ? CU_OK : CU_NOMEM;
}

cu_err reading_number(const reading *r, const cu_yaml *n, const char *name, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    bool ok = n->kind == CU_YAML_SCALAR && !n->quoted && n->text.n > 0 && n->text.n <= 18;
    for (size_t i = 0; ok && i < n->text.n; i++) {
        ok = n->text.p[i] >= '0' && n->text.p[i] <= '9';
        v = v * 10 + (n->text.p[i] - '0');
    }
    *out = v;
    return ok && v >= min && v <= max ? CU_OK
                                      : reading_wrong(r, n, "%s must be a number from %llu to %llu", name, (unsigned long long)min,
                                                      (unsigned long long)max);
}

cu_err reading_word(const reading *r, const cu_yaml *n, const char *name, const char *words, unsigned *out)
{
    if (n->kind == CU_YAML_SCALAR && at_word(n->text, words, out))
        return CU_OK;
    return reading_wrong(r, n, "%s must be one of: %s", name, words);
}

/* What may stand in a list: no comma, no blank, nothing that a leaf or a message could not hold. */
static bool is_word(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < 0x21 || b.p[i] > 0x7e || strchr(",\"\\", b.p[i]))
            return false;
    return b.n > 0 && b.n <= 256;
}

cu_err reading_names(const reading *r, const cu_yaml *n, const char *name, char **out)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(NAMES_MAX);
    const cu_yaml *k = n->kind == CU_YAML_LIST ? n->first : n;
    for (; k; k = n->kind == CU_YAML_LIST ? k->next : NULL) {
        if (k->kind != CU_YAML_SCALAR || !is_word(k->text))
            return reading_wrong(r, k, "%s is a list of names without blanks and commas; a name may end in *", name);
        if (b.n)
            cu_buf_byte(&b, ',');
        cu_buf_add(&b, k->text);
    }
    if (b.n == 0 || b.err)
        return reading_wrong(r, n, "%s needs at least one name, and at most %u bytes", name, NAMES_MAX);
    *out = cu_arena_str(r->a, cu_buf_view(&b));
    return *out ? CU_OK : CU_NOMEM;
}

#define SECRET_MAX 4096u

cu_err reading_secret(const reading *r, const cu_yaml *n, const char *name, bool resolve, char **out)
{
    char *source;
    cu_buf b CU_CLEAN_BUF = CU_BUF(SECRET_MAX);
    CU_TRY(reading_text(r, n, name, &source));
    bool env = strncmp(source, "env:", 4) == 0 && source[4];
    if (!env && (strncmp(source, "file:", 5) != 0 || !source[5]))
        return reading_wrong(r, n, "%s must be env:NAME or file:PATH, never the value itself", name);
    if (!resolve)
        return CU_OK;
    if (env && getenv(source + 4))
        cu_buf_str(&b, getenv(source + 4));
    cu_err e = env ? cu_buf_err(&b) : cu_file_read(AT_FDCWD, source + 5, &b);
    while (b.n && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
        b.n--;
    if (e != CU_OK || b.n == 0)
        return reading_wrong(r, n, "%s: %.100s is not there, or is empty", name, source);
    *out = cu_arena_str(r->a, cu_buf_view(&b));
    return *out ? CU_OK : CU_NOMEM;
}
