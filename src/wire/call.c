#include "wire/call.h"

/* Sources: as in shape.h. */
static const struct {
    const char *type;        /* of its "type" member, or NULL */
    const char *under;       /* the member name it stands under, or NULL */
    const char *id, *name, *args;
    const char *otherwise;   /* name of the tool when there is none */
    bool outside;            /* the id is a member of the object around it, where there is one */
    bool raw, remote;
} rows[] = {
    {"tool_use", NULL, "id", "name", "input", NULL, false, false, false}, /* Anthropic */
    {"server_tool_use", NULL, "id", "name", "input", NULL, false, false, true},
    {"mcp_tool_use", NULL, "id", "name", "input", NULL, false, false, true},
    {"function_call", NULL, "call_id", "name", "arguments", NULL, false, false, false}, /* OpenAI Responses */
    {"custom_tool_call", NULL, "call_id", "name", "input", NULL, false, true, false},
    {"local_shell_call", NULL, "call_id", NULL, "action", "local_shell", false, false, false},
    {"shell_call", NULL, "call_id", NULL, "action", "local_shell", false, false, false},
    {"apply_patch_call", NULL, "call_id", NULL, "operation", "apply_patch", false, false, false},
    {NULL, "function", "id", "name", "arguments", NULL, true, false, false}, /* OpenAI Chat */
    {NULL, "custom", "id", "name", "input", NULL, true, true, false},
    {NULL, "function_call", "id", "name", "arguments", NULL, false, false, false}, /* and before there were tools */
    {NULL, "functionCall", "id", "name", "args", NULL, false, false, false}, /* Gemini */
};

static bool fits(const cu_json_tree *t, uint32_t node, size_t row)
{
    return (!rows[row].type || cu_json_says(t, cu_json_member(t, node, "type"), rows[row].type)) &&
           (!rows[row].under || cu_json_under(t, node, rows[row].under));
}

bool cu_call_read(const cu_json_tree *t, uint32_t node, cu_arena *a, cu_call *out)
{
    size_t row = 0;
    const size_t n = sizeof rows / sizeof *rows;
    if (t->v[node].kind != CU_NODE_OBJECT)
        return false;
    while (row < n && !fits(t, node, row))
        row++;
    if (row == n)
        return false;
    uint32_t around = rows[row].outside && t->v[node].parent != CU_TREE_NONE ? t->v[node].parent : node;
    *out = (cu_call){.id = cu_json_plain(t, cu_json_member(t, around, rows[row].id), a), .whole = around, .raw = rows[row].raw, .remote = rows[row].remote};
    out->name = rows[row].name ? cu_json_plain(t, cu_json_member(t, node, rows[row].name), a) : cu_str(rows[row].otherwise);
    out->args = cu_json_member(t, node, rows[row].args);
    return true;
}

cu_bytes cu_call_args(const cu_json_tree *t, const cu_call *c, cu_arena *a)
{
    if (c->args == CU_TREE_NONE)
        return CU_NONE;
    return t->v[c->args].kind == CU_NODE_STRING ? cu_json_plain(t, c->args, a) : cu_slice(t->text, t->v[c->args].start, t->v[c->args].end);
}
