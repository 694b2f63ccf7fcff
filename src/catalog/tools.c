#include "catalog/tools.h"
#include "catalog/yaml.h"

#define MAX_LIST 1000u

static const char *const roles[] = {"", "file", "folder", "command", "patch", "content", "words"};

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
        else
            return wrong(k, f, "known are names, file, folder, command, patch, content and words");
    }
    return t->names_n ? CU_OK : wrong(n, f, "a tool needs names");
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
    for (const cu_yaml *k = list->first; out->tools && k; k = k->next)
        CU_TRY(one_tool(k, a, &out->tools[out->tools_n++], f));
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
