/* By the three keys under which a string stands, from the top: a result never stands under the first two alone, but for
 * OpenAI's messages, where the role of the message says it. */
#include "wire/results.h"

static const struct {
    cu_api api;
    const char *keys[3];
} rows[] = {
    {CU_API_ANTHROPIC, {"messages", "content", "content"}}, /* of tool_result, of results of the provider's own tools, of search_result */
    {CU_API_ANTHROPIC, {"messages", "content", "source"}},  /* of a document */
    {CU_API_OPENAI, {"input", "output", NULL}},             /* Responses: every kind of call has its output there */
    {CU_API_OPENAI, {"input", "results", NULL}},            /* of file_search_call */
    {CU_API_GEMINI, {"contents", "parts", "functionResponse"}},
    {CU_API_GEMINI, {"contents", "parts", "function_response"}},
    {CU_API_GEMINI, {"contents", "parts", "codeExecutionResult"}},
    {CU_API_GEMINI, {"contents", "parts", "code_execution_result"}},
};

/* The keys above string i, the outermost first; UINT32_MAX where there are fewer. */
static void keys_above(const cu_json_strings *s, size_t i, uint32_t out[3])
{
    out[0] = out[1] = out[2] = UINT32_MAX;
    for (uint32_t k = s->v[i].parent_key; k != UINT32_MAX; k = s->v[k].parent_key) {
        out[2] = out[1];
        out[1] = out[0];
        out[0] = k;
    }
}

static bool is_row(cu_api api, cu_bytes body, const cu_json_strings *s, const uint32_t keys[3])
{
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        size_t k = 0;
        if (rows[r].api != api)
            continue;
        while (k < 3 && rows[r].keys[k] && keys[k] != UINT32_MAX && cu_json_is(body, s->v[keys[k]], rows[r].keys[k]))
            k++;
        if (k == 3 || !rows[r].keys[k])
            return true;
    }
    return false;
}

/* Is this key the first member of its object? */
static bool opens_object(cu_bytes body, const cu_json_strings *s, size_t i)
{
    size_t at = s->v[i].start - 1; /* the quote */
    while (at && (body.p[at - 1] == ' ' || body.p[at - 1] == '\n' || body.p[at - 1] == '\r' || body.p[at - 1] == '\t'))
        at--;
    return at && body.p[at - 1] == '{';
}

/* The message of which key i is the first member: where it ends, and whether a tool speaks in it. */
static void read_message(cu_bytes body, const cu_json_strings *s, size_t i, cu_result_place *p)
{
    uint32_t list = s->v[i].parent_key;
    p->from_tool = false;
    for (p->item_end = i + 1; p->item_end < s->n; p->item_end++) {
        const cu_json_string *v = &s->v[p->item_end];
        if (v->parent_key == UINT32_MAX || (v->flags & CU_JSON_KEY && v->parent_key == list && opens_object(body, s, p->item_end)))
            return;
        const cu_json_string *key = &s->v[v->parent_key];
        if (!(v->flags & CU_JSON_KEY) && key->parent_key == list && cu_json_is(body, *key, "role"))
            p->from_tool = cu_json_is(body, *v, "tool") || cu_json_is(body, *v, "function");
    }
}

static bool of_tool(cu_bytes body, const cu_json_strings *s, const uint32_t keys[3], size_t i, const cu_result_place *p)
{
    return i < p->item_end && p->from_tool && keys[1] != UINT32_MAX && cu_json_is(body, s->v[keys[0]], "messages") &&
           cu_json_is(body, s->v[keys[1]], "content");
}

size_t cu_result_next(cu_api api, cu_bytes body, const cu_json_strings *s, cu_result_place *p)
{
    while (p->at < s->n) {
        size_t i = p->at++;
        const cu_json_string *v = &s->v[i];
        uint32_t keys[3];
        if (v->parent_key == UINT32_MAX)
            continue;
        if (v->flags & CU_JSON_KEY) {
            if (api == CU_API_OPENAI && i >= p->item_end && s->v[v->parent_key].parent_key == UINT32_MAX && cu_json_is(body, s->v[v->parent_key], "messages"))
                read_message(body, s, i, p);
            continue;
        }
        if (v->flags & (CU_JSON_OPAQUE | CU_JSON_FIXED | CU_JSON_DROP))
            continue;
        keys_above(s, i, keys);
        if (keys[0] != UINT32_MAX && (is_row(api, body, s, keys) || (api == CU_API_OPENAI && of_tool(body, s, keys, i, p))))
            return i;
    }
    return (size_t)-1;
}
