/* Reads the rules for generated code (docs/formats/code-rules.md). */
#include "catalog/code_rules.h"
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "folder.h"
#include "reading.h"

#define MAX_FILES 64u
#define MAX_WHERE 8u

static const char *const lang_names[] = {
#define X(name) #name,
    CU_CODE_LANGS(X)
#undef X
};
static const char *const harm_names[] = {
#define X(name) #name,
    CU_CODE_HARMS(X)
#undef X
};
static const char *const state_names[] = {
#define X(name) #name,
    CU_CODE_STATES(X)
#undef X
};

const char *cu_code_lang_name(cu_code_lang l)
{
    return lang_names[l];
}

static bool named(const char *const *names, size_t n, cu_bytes name, unsigned *out)
{
    for (*out = 0; *out < n; ++*out)
        if (cu_eq_str(name, names[*out]))
            return true;
    return false;
}

static cu_err read_cwe(const reading *r, const cu_yaml *map, cu_code_rule *c)
{
    const cu_yaml *n = cu_yaml_get(map, "cwe");
    if (!n || n->kind != CU_YAML_LIST || !n->first || reading_count(n) > CU_CODE_MAX_CWE)
        return reading_wrong(r, n ? n : map, "cwe is a list of 1 to %u numbers", CU_CODE_MAX_CWE);
    for (const cu_yaml *k = n->first; k; k = k->next) {
        uint64_t v;
        CU_TRY(reading_number(r, k, "cwe", 1, 9999, &v));
        c->cwe[c->cwe_n++] = (uint32_t)v;
    }
    return CU_OK;
}

static cu_err one_where(const reading *r, const cu_yaml *n, cu_code_where *w)
{
    CU_TRY(reading_only(r, n, "where", "at is like unlike"));
    CU_TRY(reading_list(r, cu_yaml_get(n, "at"), &w->at));
    CU_TRY(reading_list(r, cu_yaml_get(n, "like"), &w->like));
    CU_TRY(reading_list(r, cu_yaml_get(n, "unlike"), &w->unlike));
    const cu_yaml *is = cu_yaml_get(n, "is");
    if (!w->at.n)
        return reading_wrong(r, n, "a condition says where it looks: at");
    if (is && (is->kind != CU_YAML_SCALAR || !named(state_names, CU_CODE_STATE_COUNT, is->text, &w->is)))
        return reading_wrong(r, is, "is: present, missing, literal, dynamic, built or tainted");
    return CU_OK;
}

static cu_err read_where(const reading *r, const cu_yaml *n, cu_code_rule *c)
{
    if (!n)
        return CU_OK;
    if (n->kind != CU_YAML_LIST || reading_count(n) > MAX_WHERE)
        return reading_wrong(r, n, "where is a list of at most %u conditions", MAX_WHERE);
    c->where = cu_arena_alloc(r->a, MAX_WHERE * sizeof *c->where);
    if (!c->where)
        return CU_NOMEM;
    for (const cu_yaml *k = n->first; k; k = k->next)
        CU_TRY(one_where(r, k, &c->where[c->where_n++]));
    return CU_OK;
}

static cu_err read_form(const reading *r, const cu_yaml *n, cu_code_rule *c)
{
    const cu_yaml *q = cu_yaml_get(n, "query");
    char *query = NULL;
    CU_TRY(reading_list(r, cu_yaml_get(n, "call"), &c->call));
    CU_TRY(reading_list(r, cu_yaml_get(n, "set"), &c->set));
    CU_TRY(reading_list(r, cu_yaml_get(n, "statement"), &c->statement));
    CU_TRY(reading_list(r, cu_yaml_get(n, "unless"), &c->unless));
    if (q)
        CU_TRY(reading_text(r, q, "query", &query));
    c->query = query;
    if ((c->call.n != 0) + (c->set.n != 0) + (c->statement.n != 0) + (q != NULL) != 1)
        return reading_wrong(r, n, "a rule has exactly one of call, set, statement, query");
    return read_where(r, cu_yaml_get(n, "where"), c);
}

static cu_err read_anchors(const reading *r, const cu_yaml *n, cu_code_rule *c)
{
    CU_TRY(reading_list(r, cu_yaml_get(n, "anchors"), &c->anchors));
    if (!c->anchors.n)
        return reading_wrong(r, n, "a rule needs anchors: literals, one of which stands wherever it fires");
    for (size_t i = 0; i < c->anchors.n; i++)
        if (c->anchors.v[i].n < 2 || c->anchors.v[i].n > 64 || memchr(c->anchors.v[i].p, 0, c->anchors.v[i].n))
            return reading_wrong(r, n, "an anchor has 2 to 64 bytes, none of them zero");
    return CU_OK;
}

static cu_err one_rule(const reading *r, const cu_yaml *n, cu_code_rule *c)
{
    CU_TRY(reading_only(r, n, "rule", "id title cwe severity harm block within message fix anchors call set statement unless query where match not_match"));
    c->line = n->line;
    c->file = r->path;
    CU_TRY(reading_phrase(r, n, "id", &c->id));
    CU_TRY(reading_phrase(r, n, "title", &c->title));
    CU_TRY(reading_phrase(r, n, "message", &c->message));
    CU_TRY(reading_phrase(r, n, "fix", &c->fix));
    CU_TRY(read_cwe(r, n, c));
    const cu_yaml *severity = cu_yaml_get(n, "severity"), *harm = cu_yaml_get(n, "harm");
    unsigned at = 0;
    if (!severity)
        return reading_wrong(r, n, "a rule needs a severity");
    CU_TRY(reading_word(r, severity, "severity", "info low medium high critical", &c->severity));
    if (harm && !named(harm_names, CU_CODE_HARM_COUNT, harm->text, &at))
        return reading_wrong(r, harm, "\"%.40s\" is no harm", cu_arena_str(r->a, harm->text));
    c->harm = harm ? (int)at : -1;
    c->block = cu_eq_str(cu_yaml_text(n, "block", CU_NONE), "true");
    c->within = cu_eq_str(cu_yaml_text(n, "within", CU_NONE), "true");
    CU_TRY(read_anchors(r, n, c));
    CU_TRY(read_form(r, n, c));
    CU_TRY(reading_list(r, cu_yaml_get(n, "match"), &c->match));
    CU_TRY(reading_list(r, cu_yaml_get(n, "not_match"), &c->not_match));
    if (c->match.n < CU_CODE_MIN_EXAMPLES || c->not_match.n < CU_CODE_MIN_EXAMPLES)
        return reading_wrong(r, n, "a rule needs at least %u examples each in match and not_match", CU_CODE_MIN_EXAMPLES);
    return CU_OK;
}

static cu_err read_safe(const reading *r, const cu_yaml *n, cu_code_part *p)
{
    unsigned at;
    if (n && n->kind != CU_YAML_MAP)
        return reading_wrong(r, n, "safe is a map from a harm to calls");
    for (const cu_yaml *k = n ? n->first : NULL; k; k = k->next) {
        if (cu_eq_str(k->key, "all"))
            CU_TRY(reading_list(r, k, &p->safe_all));
        else if (named(harm_names, CU_CODE_HARM_COUNT, k->key, &at))
            CU_TRY(reading_list(r, k, &p->safe[at]));
        else
            return reading_wrong(r, k, "safe: a harm or all is expected");
    }
    return CU_OK;
}

static cu_err read_languages(const reading *r, const cu_yaml *root, cu_code_part *p)
{
    cu_word_list l = {0};
    unsigned at;
    CU_TRY(reading_list(r, cu_yaml_get(root, "languages"), &l));
    for (size_t i = 0; i < l.n; i++) {
        if (!named(lang_names, CU_CODE_LANG_COUNT, l.v[i], &at))
            return reading_wrong(r, root, "languages: \"%.*s\" is none", l.v[i].n < 40 ? (int)l.v[i].n : 40, (const char *)l.v[i].p);
        p->langs |= 1u << at;
    }
    return p->langs ? CU_OK : reading_wrong(r, root, "a file says its languages");
}

static cu_err read_root(const reading *r, const cu_yaml *root, cu_code_part *p)
{
    CU_TRY(reading_only(r, root, "file", "languages sources params routes checks checks_place pure builders safe rules"));
    CU_TRY(read_languages(r, root, p));
    CU_TRY(reading_list(r, cu_yaml_get(root, "sources"), &p->sources));
    CU_TRY(reading_list(r, cu_yaml_get(root, "params"), &p->params));
    CU_TRY(reading_list(r, cu_yaml_get(root, "routes"), &p->routes));
    CU_TRY(reading_list(r, cu_yaml_get(root, "checks"), &p->checks));
    CU_TRY(reading_list(r, cu_yaml_get(root, "checks_place"), &p->checks_place));
    CU_TRY(reading_list(r, cu_yaml_get(root, "pure"), &p->pure));
    CU_TRY(reading_list(r, cu_yaml_get(root, "builders"), &p->builders));
    CU_TRY(read_safe(r, cu_yaml_get(root, "safe"), p));
    const cu_yaml *rules = cu_yaml_get(root, "rules");
    size_t n = rules ? reading_count(rules) : 0;
    if (!rules || rules->kind != CU_YAML_LIST || n == 0 || n > CU_CODE_MAX_RULES)
        return reading_wrong(r, root, "rules is a list of 1 to %u rules", CU_CODE_MAX_RULES);
    p->rules = cu_arena_alloc(r->a, n * sizeof *p->rules);
    for (const cu_yaml *k = rules->first; p->rules && k; k = k->next) {
        CU_TRY(one_rule(r, k, &p->rules[p->rules_n]));
        for (size_t i = 0; i < p->rules_n; i++)
            if (strcmp(p->rules[i].id, p->rules[p->rules_n].id) == 0)
                return reading_wrong(r, k, "the id \"%s\" is given twice", p->rules[i].id);
        p->rules_n++;
    }
    return p->rules ? CU_OK : CU_NOMEM;
}

cu_err cu_code_part_read(const char *path, cu_bytes text, cu_arena *a, cu_code_part *out, cu_fault *f)
{
    const cu_yaml *root;
    reading r = {cu_arena_str(a, cu_str(path)), a, f};
    *out = (cu_code_part){0};
    if (!r.path)
        return CU_NOMEM;
    CU_TRY(cu_yaml_parse(text, a, &root, f));
    return read_root(&r, root, out);
}

typedef struct {
    cu_arena *a;
    cu_code_pack *p;
} loading;

static cu_err one_file(void *arg, const char *path, cu_bytes text, cu_fault *f)
{
    loading *l = arg;
    CU_TRY(cu_code_part_read(path, text, l->a, &l->p->parts[l->p->parts_n], f));
    l->p->rules_n += l->p->parts[l->p->parts_n++].rules_n;
    return CU_OK;
}

static cu_err ids_differ(const cu_code_pack *p, cu_fault *f)
{
    for (size_t i = 0; i < p->parts_n; i++)
        for (size_t k = 0; k < p->parts[i].rules_n; k++)
            for (size_t j = 0; j < i; j++)
                for (size_t m = 0; m < p->parts[j].rules_n; m++)
                    if (strcmp(p->parts[i].rules[k].id, p->parts[j].rules[m].id) == 0)
                        return cu_fail(f, CU_CONFIG, "%s:%u: the id \"%s\" is given twice", p->parts[i].rules[k].file, p->parts[i].rules[k].line,
                                       p->parts[i].rules[k].id);
    return CU_OK;
}

cu_err cu_code_pack_load(const char *dir, cu_arena *a, cu_code_pack *out, cu_fault *f)
{
    loading l = {a, out};
    *out = (cu_code_pack){0};
    out->parts = cu_arena_alloc(a, MAX_FILES * sizeof *out->parts);
    if (!out->parts)
        return CU_NOMEM;
    CU_TRY(folder_each_yaml(dir, MAX_FILES, one_file, &l, &out->digest, f));
    return ids_differ(out, f);
}
