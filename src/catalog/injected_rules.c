#include "catalog/injected_rules.h"
#include <string.h>
#include "base/buf.h"
#include "folder.h"
#include "reading.h"

#define MAX_FILES 64u
#define MAX_PATTERN 8192u
/* What a blank of a pattern stands for: words are often broken over lines, and a page in JSON holds \n as two characters. */
#define BLANK "(?:(?:\\s|\\\\[nrt])+)"

/* Blanks in a class of characters stay what they are. */
static cu_err expand(const reading *r, const cu_yaml *n, const char *text, const char **out)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(MAX_PATTERN);
    bool in_class = false;
    for (const char *p = text; *p; p++) {
        if (*p == '\\' && p[1]) {
            cu_buf_byte(&b, (uint8_t)*p++);
        } else if (*p == ' ' && !in_class) {
            cu_buf_str(&b, BLANK);
            continue;
        } else {
            in_class = in_class ? *p != ']' : *p == '[';
        }
        cu_buf_byte(&b, (uint8_t)*p);
    }
    if (cu_buf_err(&b) != CU_OK)
        return reading_wrong(r, n, "a pattern has at most %u bytes when its blanks are expanded", MAX_PATTERN);
    *out = cu_arena_str(r->a, cu_buf_view(&b));
    return *out ? CU_OK : CU_NOMEM;
}

static cu_err one_rule(const reading *r, const cu_yaml *n, cu_injected_rule *out)
{
    char *pattern = NULL;
    unsigned exact = 0;
    CU_TRY(reading_only(r, n, "rule", "id title family case pattern examples counter_examples"));
    out->line = n->line;
    out->file = r->path;
    CU_TRY(reading_phrase(r, n, "id", &out->id));
    CU_TRY(reading_phrase(r, n, "title", &out->title));
    CU_TRY(reading_phrase(r, n, "family", &out->family));
    if (strlen(out->id) > 40 || strspn(out->id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(out->id))
        return reading_wrong(r, n, "an id has 1 to 40 of a-z, 0-9 and -");
    const cu_yaml *p = cu_yaml_get(n, "pattern"), *c = cu_yaml_get(n, "case");
    if (!p)
        return reading_wrong(r, n, "a rule has a pattern");
    CU_TRY(reading_text(r, p, "pattern", &pattern));
    if (c)
        CU_TRY(reading_word(r, c, "case", "any exact", &exact));
    out->exact = exact;
    CU_TRY(expand(r, p, pattern, &out->pattern));
    CU_TRY(reading_list(r, cu_yaml_get(n, "examples"), &out->examples));
    CU_TRY(reading_list(r, cu_yaml_get(n, "counter_examples"), &out->counter_examples));
    if (out->examples.n < CU_INJECTED_MIN_EXAMPLES || out->counter_examples.n < CU_INJECTED_MIN_EXAMPLES)
        return reading_wrong(r, n, "a rule has at least %u examples and %u counter_examples", CU_INJECTED_MIN_EXAMPLES, CU_INJECTED_MIN_EXAMPLES);
    return CU_OK;
}

static cu_err add_rule(const reading *r, const cu_yaml *n, cu_injected_rules *all)
{
    if (all->n == CU_INJECTED_MAX_RULES)
        return reading_wrong(r, n, "there are at most %u rules", CU_INJECTED_MAX_RULES);
    CU_TRY(one_rule(r, n, &all->v[all->n]));
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->v[i].id, all->v[all->n].id) == 0)
            return reading_wrong(r, n, "the id \"%s\" is given twice", all->v[i].id);
    all->n++;
    return CU_OK;
}

typedef struct {
    cu_arena *a;
    cu_injected_rules *all;
} loading;

static cu_err one_file(void *arg, const char *path, cu_bytes text, cu_fault *f)
{
    const loading *l = arg;
    const cu_yaml *root;
    reading r = {cu_arena_str(l->a, cu_str(path)), l->a, f};
    if (!r.path)
        return CU_NOMEM;
    CU_TRY(cu_yaml_parse(text, l->a, &root, f));
    CU_TRY(reading_only(&r, root, "file", "rules"));
    const cu_yaml *rules = cu_yaml_get(root, "rules");
    if (!rules || rules->kind != CU_YAML_LIST || !rules->first)
        return reading_wrong(&r, root, "rules is a list of rules");
    for (const cu_yaml *k = rules->first; k; k = k->next)
        CU_TRY(add_rule(&r, k, l->all));
    return CU_OK;
}

cu_err cu_injected_rules_load(const char *dir, cu_arena *a, cu_injected_rules *out, cu_fault *f)
{
    loading l = {a, out};
    *out = (cu_injected_rules){.v = cu_arena_alloc(a, CU_INJECTED_MAX_RULES * sizeof *out->v)};
    return out->v ? folder_each_yaml(dir, MAX_FILES, one_file, &l, &out->digest, f) : CU_NOMEM;
}
