#include "wire/event.h"

/* Pieces, by the key of the string, the key of its object, and the type of the event. */
static const struct {
    cu_api api;
    const char *type;   /* NULL: the event has no type; ending in *: a prefix */
    const char *key, *under;
    const char *group;  /* member "index" of the object under this key; NULL: by the event's own members */
    uint32_t flags;
} pieces[] = {
    {CU_API_ANTHROPIC, "content_block_delta", "text", "delta", NULL, 0},
    {CU_API_ANTHROPIC, "content_block_delta", "partial_json", "delta", NULL, CU_JSON_ARGS},
    {CU_API_OPENAI, NULL, "content", "delta", "choices", 0},
    {CU_API_OPENAI, NULL, "refusal", "delta", "choices", 0},
    {CU_API_OPENAI, NULL, "reasoning_content", "delta", "choices", 0},
    {CU_API_OPENAI, NULL, "reasoning", "delta", "choices", 0},
    {CU_API_OPENAI, NULL, "arguments", "function", "choices", CU_JSON_ARGS},
    {CU_API_OPENAI, NULL, "arguments", "function_call", "choices", CU_JSON_ARGS},
    {CU_API_OPENAI, NULL, "input", "custom", "choices", CU_JSON_CODE},
    {CU_API_OPENAI, NULL, "text", "choices", "choices", 0}, /* Completions */
    {CU_API_OPENAI, "response.function_call_arguments.delta", "delta", NULL, NULL, CU_JSON_ARGS},
    {CU_API_OPENAI, "response.mcp_call_arguments.delta", "delta", NULL, NULL, CU_JSON_ARGS},
    {CU_API_OPENAI, "response.custom_tool_call_input.delta", "delta", NULL, NULL, CU_JSON_CODE},
    {CU_API_OPENAI, "response.*", "delta", NULL, NULL, 0},
    {CU_API_GEMINI, NULL, "text", "parts", "candidates", 0},
};

/* Members that tell texts of one event stream apart. */
static const char *const members[] = {"index", "output_index", "content_index", "summary_index"};

typedef struct {
    cu_api api;
    cu_bytes json;
    const cu_json_strings *s;
    cu_bytes type; /* raw, empty when there is none */
    uint32_t rows; /* bits: of pieces[], that fit API and type */
} reader;

static const cu_json_string *key_of(const reader *r, const cu_json_string *v)
{
    return v->parent_key == UINT32_MAX ? NULL : &r->s->v[v->parent_key];
}

static bool key_is(const reader *r, const cu_json_string *v, const char *name)
{
    const cu_json_string *k = key_of(r, v);
    return k ? cu_json_is(r->json, *k, name) : name == NULL;
}

static bool type_is(const reader *r, const char *want)
{
    if (!want)
        return r->type.n == 0;
    size_t n = strlen(want);
    return want[n - 1] == '*' ? cu_starts(r->type, cu_bytes_of(want, n - 1)) : cu_eq_str(r->type, want);
}

/* The number behind a key; none: 0. */
static uint64_t number_behind(const reader *r, const cu_json_string *key)
{
    uint64_t n = 0;
    size_t i = key->end + 1;
    while (i < r->json.n && memchr(" \t\r\n:", r->json.p[i], 5))
        i++;
    for (size_t k = 0; k < 9 && i < r->json.n && r->json.p[i] >= '0' && r->json.p[i] <= '9'; k++)
        n = n * 10 + (r->json.p[i++] - '0');
    return n;
}

/* Does the object that key a stands in hold string b as well, at whatever depth? */
static bool around(const reader *r, size_t a, size_t b)
{
    size_t first = a < b ? a : b, last = a < b ? b : a;
    int depth = (int)r->s->v[first].depth, floor = (int)r->s->v[a].depth;
    for (size_t i = first; i < last; i++)
        for (size_t k = r->s->v[i].end + 1; k + 1 < r->s->v[i + 1].start; k++) {
            uint8_t c = r->json.p[k];
            depth += c == '{' || c == '[';
            depth -= c == '}' || c == ']';
            if (depth < floor)
                return false;
        }
    return true;
}

/* "index" of the object in the list under `list` that holds string at. */
static uint64_t index_in(const reader *r, size_t at, const char *list)
{
    for (size_t i = 0; i < r->s->n; i++) {
        const cu_json_string *k = &r->s->v[i];
        if ((k->flags & CU_JSON_KEY) && cu_json_is(r->json, *k, "index") && key_is(r, k, list) && around(r, i, at))
            return number_behind(r, k);
    }
    return 0;
}

/* Does the object of string at have a member of this name? */
static bool has_member(const reader *r, size_t at, const char *name)
{
    for (size_t i = 0; i < r->s->n; i++) {
        const cu_json_string *k = &r->s->v[i];
        if ((k->flags & CU_JSON_KEY) && k->depth == r->s->v[at].depth && cu_json_is(r->json, *k, name) && around(r, i, at))
            return true;
    }
    return false;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
    while (s && *s)
        h = mix(h, (uint8_t)*s++);
    return h;
}

/* A member of the event itself; *is: it has one. */
static uint64_t own_member(const reader *r, const char *name, bool *is)
{
    const cu_json_string *k = cu_json_top(r->json, r->s, name);
    *is = k != NULL;
    return k ? number_behind(r, k) : 0;
}

/* The group of an event that has a type: its block or output item. */
static uint64_t own_group(const reader *r, bool *is)
{
    uint64_t n = own_member(r, "output_index", is);
    return *is ? n : own_member(r, "index", is);
}

static void place_piece(const reader *r, size_t row, size_t at, cu_piece *p)
{
    bool is;
    p->text = mix_text(row, NULL);
    if (pieces[row].group) {
        p->group = index_in(r, at, pieces[row].group);
        if (pieces[row].flags)
            p->text = mix(p->text, index_in(r, at, "tool_calls"));
        if (r->api == CU_API_GEMINI && has_member(r, at, "thought"))
            p->text = mix(p->text, 1);
        return;
    }
    p->group = own_group(r, &is);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        p->text = mix(p->text, own_member(r, members[i], &is));
    for (size_t i = 0; i < r->type.n; i++)
        p->text = mix(p->text, r->type.p[i]);
}

static bool is_piece(const reader *r, size_t row, size_t at)
{
    const cu_json_string *v = &r->s->v[at], *k = key_of(r, v);
    if (!(r->rows & 1u << row) || !k || !cu_json_is(r->json, *k, pieces[row].key))
        return false;
    return pieces[row].under ? key_is(r, k, pieces[row].under) : v->depth == 1;
}

/* The end of a choice or candidate: its reason is given, and is a word. */
static bool finishes(const reader *r)
{
    for (size_t i = 0; i < r->s->n; i++) {
        const cu_json_string *v = &r->s->v[i];
        if (!(v->flags & CU_JSON_KEY) && (key_is(r, v, "finish_reason") || key_is(r, v, "finishReason")))
            return true;
    }
    return false;
}

static bool calls(const reader *r)
{
    for (size_t i = 0; i < r->s->n; i++)
        if ((r->s->v[i].flags & CU_JSON_KEY) && cu_json_is(r->json, r->s->v[i], "functionCall"))
            return true;
    return false;
}

static void read_ends(const reader *r, cu_event_facts *out)
{
    bool grouped = false;
    if (r->type.n == 0) {
        out->ends = finishes(r);
        out->group = CU_ALL_GROUPS;
        for (size_t i = 0; i < out->n; i++)
            out->v[i].last |= out->ends;
        out->ends &= out->n == 0; /* its own pieces come after what is held */
        return;
    }
    out->group = own_group(r, &grouped);
    if (!grouped)
        out->group = CU_ALL_GROUPS;
    if (r->api == CU_API_ANTHROPIC)
        out->ends = cu_eq_str(r->type, "content_block_stop") || cu_starts(r->type, CU_LIT("message_")) || cu_eq_str(r->type, "error");
    else
        out->ends = out->n == 0; /* .done and the like: the text as a whole */
}

cu_err cu_event_read(cu_api api, cu_bytes json, const cu_json_strings *s, cu_event_facts *out)
{
    reader r = {api, json, s, CU_NONE, 0};
    const size_t rows = sizeof pieces / sizeof *pieces;
    const cu_json_string *type = cu_json_top(json, s, "type");
    out->n = 0;
    out->ends = false;
    if (type && cu_starts(cu_json_top_value(json, s, "type"), CU_LIT("\"")))
        r.type = cu_slice(json, type[1].start, type[1].end);
    for (size_t row = 0; row < rows; row++)
        r.rows |= pieces[row].api == api && type_is(&r, pieces[row].type) ? 1u << row : 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t row = 0;
        if ((s->v[i].flags & CU_JSON_KEY) || !r.rows)
            continue;
        while (row < rows && !is_piece(&r, row, i))
            row++;
        if (row == rows)
            continue;
        if (out->n == CU_EVENT_PIECES)
            return CU_TOO_BIG;
        out->v[out->n] = (cu_piece){.string = (uint32_t)i, .flags = pieces[row].flags};
        place_piece(&r, row, i, &out->v[out->n++]);
    }
    read_ends(&r, out);
    if (api == CU_API_GEMINI && calls(&r)) /* a call comes whole, and behind the text */
        for (size_t i = 0; i < out->n; i++)
            out->v[i].last = true;
    return CU_OK;
}
