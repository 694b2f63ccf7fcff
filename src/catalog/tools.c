#include <strings.h>
#include "catalog/tools.h"
#include "catalog/yaml.h"

#define MAX_LIST 1000u

static const char *const roles[] = {"", "file", "folder", "command", "patch", "content", "words", "old", "code", "url"};

static cu_err wrong(const cu_yaml *n, cu_fault *f, const char *what)
{
    if (f)
        f->line = n->line;
    return cu_fail(f, CU_SYNTAX, "tools.yaml:%u: %s", n->line, what);
}

static size_t children(const cu_yaml *n)
{
    size_t count = 0;
    for (const cu_yaml *k = n->first; k; k = k->next)
        count++;
    return count;
}

static cu_err words(const cu_yaml *n, cu_arena *a, cu_bytes **v, size_t *count, cu_fault *f)
{
    if (n->kind != CU_YAML_LIST || children(n) > MAX_LIST)
        return wrong(n, f, "a list of names is expected");
    *v = cu_arena_alloc(a, (children(n) + 1) * sizeof **v);
    for (const cu_yaml *k = n->first; *v && k; k = k->next) {
        if (k->kind != CU_YAML_SCALAR || k->text.n == 0)
            return wrong(k, f, "a name is expected");
        (*v)[(*count)++] = cu_arena_dup(a, k->text);
    }
    return *v ? CU_OK : CU_NOMEM;
}

static cu_err add_args(const cu_yaml *n, uint8_t role, cu_arena *a, cu_tool *t, cu_fault *f)
{
    cu_bytes *v = NULL;
    size_t count = 0;
    CU_TRY(words(n, a, &v, &count, f));
    cu_tool_arg *args = cu_arena_alloc(a, (t->args_n + count + 1) * sizeof *args);
    if (!args)
        return CU_NOMEM;
    if (t->args_n)
        memcpy(args, t->args, t->args_n * sizeof *args);
    for (size_t i = 0; i < count; i++)
        args[t->args_n++] = (cu_tool_arg){v[i], role};
    t->args = args;
    return CU_OK;
}

static cu_err one_tool(const cu_yaml *n, cu_arena *a, cu_tool *t, cu_fault *f)
{
    for (const cu_yaml *k = n->kind == CU_YAML_MAP ? n->first : NULL; k; k = k->next) {
        uint8_t role = 0;
        for (uint8_t r = 1; r < CU_ARG_ROLES; r++)
            role = cu_eq_str(k->key, roles[r]) ? r : role;
        if (cu_eq_str(k->key, "names"))
            CU_TRY(words(k, a, &t->names, &t->names_n, f));
        else if (role)
            CU_TRY(add_args(k, role, a, t, f));
        else if (cu_eq_str(k->key, "lang") && k->kind == CU_YAML_SCALAR)
            t->lang = cu_arena_dup(a, k->text);
        else if (cu_eq_str(k->key, "calls") && k->kind == CU_YAML_SCALAR)
            t->calls = cu_arena_dup(a, k->text);
        else
            return wrong(k, f, "known are names, lang, calls, file, folder, command, patch, content, old, code, url and words");
    }
    return CU_OK;
}

static cu_err one_lang(const cu_yaml *n, cu_arena *a, cu_lang *l, cu_fault *f)
{
    for (const cu_yaml *k = n->kind == CU_YAML_MAP ? n->first : NULL; k; k = k->next) {
        if (cu_eq_str(k->key, "name"))
            l->name = cu_arena_dup(a, k->text);
        else if (cu_eq_str(k->key, "ends"))
            CU_TRY(words(k, a, &l->ends, &l->ends_n, f));
        else if (cu_eq_str(k->key, "words"))
            CU_TRY(words(k, a, &l->words, &l->words_n, f));
        else
            return wrong(k, f, "a language has name, ends and words");
    }
    return l->name.n ? CU_OK : wrong(n, f, "a language needs a name");
}

static cu_err all_langs(const cu_yaml *n, cu_arena *a, cu_tools *out, cu_fault *f)
{
    if (!n)
        return CU_OK;
    if (n->kind != CU_YAML_LIST || children(n) > MAX_LIST)
        return wrong(n, f, "a list of languages is expected");
    out->langs = cu_arena_alloc(a, (children(n) + 1) * sizeof *out->langs);
    for (const cu_yaml *k = n->first; out->langs && k; k = k->next)
        CU_TRY(one_lang(k, a, &out->langs[out->langs_n++], f));
    return out->langs ? CU_OK : CU_NOMEM;
}

static cu_err markers(const cu_yaml *n, cu_arena *a, cu_marker **v, size_t *count, cu_fault *f)
{
    if (!n)
        return CU_OK;
    if (n->kind != CU_YAML_LIST || children(n) > MAX_LIST)
        return wrong(n, f, "a list of {before, after} is expected");
    *v = cu_arena_alloc(a, (children(n) + 1) * sizeof **v);
    for (const cu_yaml *k = n->first; *v && k; k = k->next) {
        cu_bytes before = cu_yaml_text(k, "before", CU_NONE);
        if (before.n == 0 || before.p[0] <= ' ')
            return wrong(k, f, "before is a text that does not begin with a blank");
        (*v)[(*count)++] = (cu_marker){cu_arena_dup(a, before), cu_arena_dup(a, cu_yaml_text(k, "after", CU_NONE))};
    }
    return *v ? CU_OK : CU_NOMEM;
}

static cu_err read_all(const cu_yaml *root, cu_arena *a, cu_tools *out, cu_fault *f)
{
    const cu_yaml *list = cu_yaml_get(root, "tools");
    *out = (cu_tools){0};
    if (!list || list->kind != CU_YAML_LIST || children(list) > MAX_LIST)
        return wrong(root, f, "tools is a list");
    out->tools = cu_arena_alloc(a, (children(list) + 1) * sizeof *out->tools);
    for (const cu_yaml *k = list->first; out->tools && k; k = k->next) {
        cu_tool *t = &out->tools[out->tools_n++];
        CU_TRY(one_tool(k, a, t, f));
        if (t->names_n == 0)
            return wrong(k, f, "a tool needs names");
    }
    const cu_yaml *unlisted = cu_yaml_get(root, "unlisted");
    if (unlisted)
        CU_TRY(one_tool(unlisted, a, &out->unlisted, f));
    CU_TRY(all_langs(cu_yaml_get(root, "languages"), a, out, f));
    CU_TRY(markers(cu_yaml_get(root, "folders"), a, &out->folders, &out->folders_n, f));
    CU_TRY(markers(cu_yaml_get(root, "files"), a, &out->files, &out->files_n, f));
    return out->tools ? CU_OK : CU_NOMEM;
}

cu_err cu_tools_parse(cu_bytes text, cu_arena *a, cu_tools *out, cu_fault *f)
{
    const cu_yaml *root;
    CU_TRY(cu_yaml_parse(text, a, &root, f));
    return read_all(root, a, out, f);
}

cu_err cu_tools_load(const char *path, cu_arena *a, cu_tools *out, cu_fault *f)
{
    const cu_yaml *root;
    CU_TRY(cu_yaml_load(path, a, &root, f));
    return read_all(root, a, out, f);
}

static bool is_named(const cu_tool *t, cu_bytes name)
{
    for (size_t i = 0; i < t->names_n; i++)
        if (cu_eq(t->names[i], name))
            return true;
    return false;
}

/* mcp__server__tool, functions.tool */
static cu_bytes without_server(cu_bytes name)
{
    for (size_t i = name.n; i-- > 1;)
        if (name.p[i] == '.' || (name.p[i] == '_' && name.p[i - 1] == '_'))
            return cu_slice(name, i + 1, name.n);
    return name;
}

static cu_arg_role role_of(const cu_tools *t, cu_bytes tool, cu_bytes arg)
{
    for (size_t i = 0; i < t->tools_n; i++)
        for (size_t k = 0; is_named(&t->tools[i], tool) && k < t->tools[i].args_n; k++)
            if (cu_eq(t->tools[i].args[k].name, arg))
                return (cu_arg_role)t->tools[i].args[k].role;
    return CU_ARG_UNKNOWN;
}

cu_arg_role cu_tool_role(const cu_tools *t, cu_bytes tool, cu_bytes arg)
{
    cu_arg_role r = role_of(t, tool, arg);
    return r ? r : role_of(t, without_server(tool), arg);
}

cu_arg_role cu_tool_part(const cu_tools *t, cu_bytes tool, cu_bytes arg)
{
    cu_arg_role r = cu_tool_role(t, tool, arg);
    for (size_t k = 0; !r && k < t->unlisted.args_n; k++)
        if (cu_eq(t->unlisted.args[k].name, arg))
            r = (cu_arg_role)t->unlisted.args[k].role;
    return r;
}

const cu_tool *cu_tool_find(const cu_tools *t, cu_bytes name)
{
    cu_bytes bare = without_server(name);
    for (size_t i = 0; i < t->tools_n; i++)
        if (is_named(&t->tools[i], name) || is_named(&t->tools[i], bare))
            return &t->tools[i];
    return NULL;
}

static bool among(const cu_bytes *v, size_t n, cu_bytes word)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].n == word.n && word.n && strncasecmp((const char *)v[i].p, (const char *)word.p, word.n) == 0)
            return true;
    return false;
}

cu_bytes cu_lang_of(const cu_tools *t, cu_bytes path, cu_bytes word)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '.' && path.p[at - 1] != '/')
        at--;
    cu_bytes end = cu_slice(path, at, path.n); /* behind the last dot, or the name of a file that has none */
    for (size_t i = 0; i < t->langs_n; i++)
        if (among(t->langs[i].ends, t->langs[i].ends_n, end) || among(t->langs[i].words, t->langs[i].words_n, word))
            return t->langs[i].name;
    return CU_NONE;
}
