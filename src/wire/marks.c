/* Which strings are not plain data, by the key they stand under and the key of their object. */
#include "wire/shape.h"
#include <pthread.h>
#include <string.h>

#define A (1u << CU_API_ANTHROPIC)
#define O (1u << CU_API_OPENAI)
#define G (1u << CU_API_GEMINI)

typedef enum { ANY_TEXT, BASE64, DATA_URL, SIGNED, ANSWER } check;

/* Only what is encoded may pass unseen: text cannot be smuggled out under one of these names. */
static const struct {
    unsigned apis;
    const char *key, *under; /* under NULL: any */
    check check;
    uint32_t flag;
} marks[] = {
    {A, "signature", "content", BASE64, CU_JSON_OPAQUE},        /* of a thinking block */
    {A, "thinking", "content", SIGNED, CU_JSON_OPAQUE},
    {A, "data", "content", BASE64, CU_JSON_OPAQUE},             /* of redacted_thinking */
    {A, "data", "source", BASE64, CU_JSON_OPAQUE},              /* of an image or document */
    {A | O, "encrypted_content", NULL, BASE64, CU_JSON_OPAQUE},
    {A, "partial_json", "delta", ANY_TEXT, CU_JSON_ARGS},
    {O, "url", "image_url", DATA_URL, CU_JSON_OPAQUE},
    {O, "image_url", NULL, DATA_URL, CU_JSON_OPAQUE},
    {O, "file_data", NULL, DATA_URL, CU_JSON_OPAQUE},
    {O, "data", "input_audio", BASE64, CU_JSON_OPAQUE},
    {O, "result", "input", BASE64, CU_JSON_OPAQUE},             /* of image_generation_call */
    {O, "arguments", NULL, ANY_TEXT, CU_JSON_ARGS},
    {O, "input", "input", ANY_TEXT, CU_JSON_CODE},              /* of custom_tool_call */
    {O, "input", NULL, ANSWER, CU_JSON_CODE},                   /* of an event, at its top */
    {O, "input", "custom", ANY_TEXT, CU_JSON_CODE},
    {O, "input", "item", ANY_TEXT, CU_JSON_CODE},
    {O, "input", "output", ANY_TEXT, CU_JSON_CODE},
    {O, "x-codex-turn-metadata", "client_metadata", ANY_TEXT, CU_JSON_DROP}, /* the repository's path and commit */
    {G, "thoughtSignature", NULL, BASE64, CU_JSON_OPAQUE},
    {G, "thought_signature", NULL, BASE64, CU_JSON_OPAQUE},
    {G, "data", "inlineData", BASE64, CU_JSON_OPAQUE},
    {G, "data", "inline_data", BASE64, CU_JSON_OPAQUE},
};

/* Words of the protocol: scanned, but never changed because the same word is a secret elsewhere. */
static const char *const fixed[] = {
    "type", "role", "model", "id", "tool_use_id", "name", "media_type", "stop_reason", "anthropic_version", "call_id",
    "tool_call_id", "item_id", "status", "object", "effort", "previous_response_id", "conversation", "namespace", "finish_reason",
    "finishReason", "mimeType", "service_tier", "encoding_format",
};

static bool is_base64(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
                  c == '=' || c == '-' || c == '_' || (c == '\\' && i + 1 < b.n && b.p[i + 1] == '/');
        if (!ok)
            return false;
    }
    return b.n >= 64;
}

static bool is_data_url(cu_bytes b)
{
    size_t comma = b.n > 5 && cu_starts(b, CU_LIT("data:")) ? cu_find(cu_slice(b, 0, b.n < 200 ? b.n : 200), CU_LIT(";base64,"), 0) : (size_t)-1;
    return comma != (size_t)-1 && comma < 100 && is_base64(cu_slice(b, comma + 8, b.n));
}

/* Is b in the object that a stands in? No bracket that closes it may lie between them. */
static bool same_object(cu_bytes text, const cu_json_strings *s, size_t a, size_t b)
{
    for (size_t i = a; i < b; i++) {
        int depth = 0;
        for (size_t k = s->v[i].end + 1; k + 1 < s->v[i + 1].start; k++) {
            depth += text.p[k] == '{' || text.p[k] == '[';
            if (text.p[k] == '}' || text.p[k] == ']')
                depth--;
            if (depth < 0 && s->v[i].depth <= s->v[a].depth)
                return false;
        }
    }
    return true;
}

/* A thinking text whose block carries a signature came from the provider and goes back as it was. */
static bool is_signed(cu_bytes text, const cu_json_strings *s, size_t at)
{
    const cu_json_string *v = &s->v[at];
    for (size_t i = at > 8 ? at - 8 : 0; i < s->n && i < at + 9; i++) {
        const cu_json_string *w = &s->v[i];
        if (w->flags & CU_JSON_KEY || w->depth != v->depth || w->end - w->start < 16 || w->parent_key == UINT32_MAX ||
            !cu_json_is(text, s->v[w->parent_key], "signature"))
            continue;
        if (is_base64(cu_slice(text, w->start, w->end)) && same_object(text, s, i < at ? i : at, i < at ? at : i))
            return true;
    }
    return false;
}

static bool holds(check c, bool answer, cu_bytes text, const cu_json_strings *s, size_t at)
{
    cu_bytes raw = cu_slice(text, s->v[at].start, s->v[at].end);
    switch (c) {
    case BASE64:
        return is_base64(raw);
    case DATA_URL:
        return is_data_url(raw);
    case SIGNED:
        return answer || is_signed(text, s, at);
    case ANSWER:
        return answer && s->v[at].depth == 1;
    default:
        return true;
    }
}

/* What tools take and give has names of its own: an id there is data. */
static const struct {
    unsigned apis;
    const char *key;
} free_form[] = {{A, "input"}, {G, "args"}, {G, "response"}, {A | O, "metadata"}, {O, "client_metadata"}};

static bool in_free_form(cu_api api, cu_bytes text, const cu_json_strings *s, const cu_json_string *key)
{
    for (uint32_t k = key->parent_key; k != UINT32_MAX; k = s->v[k].parent_key)
        for (size_t i = 0; i < sizeof free_form / sizeof *free_form; i++)
            if ((free_form[i].apis & 1u << api) && cu_json_is(text, s->v[k], free_form[i].key))
                return true;
    return false;
}

#define MARKS (sizeof marks / sizeof *marks)
#define FIXED (sizeof fixed / sizeof *fixed)
_Static_assert(MARKS + FIXED <= 64, "a bit for each");

/* Of each API the names that begin with a character: bit i for marks[i], bit MARKS + i for fixed[i]. Most keys of
 * a conversation are none of them, and are asked about often. */
static struct {
    uint64_t all, by_first[128];
} names[CU_API_COUNT + 1]; /* the last: of no API */
static uint8_t lengths[MARKS + FIXED];

static const char *name_at(size_t i)
{
    return i < MARKS ? marks[i].key : fixed[i - MARKS];
}

static void order_names(void)
{
    for (size_t i = 0; i < MARKS + FIXED; i++) {
        lengths[i] = (uint8_t)strlen(name_at(i));
        for (unsigned api = 0; api <= CU_API_COUNT; api++)
            if (i >= MARKS || marks[i].apis & 1u << api) {
                names[api].by_first[(uint8_t)name_at(i)[0]] |= 1ull << i;
                names[api].all |= 1ull << i;
            }
    }
}

/* What the key may be called; it is when it is_name(). */
static uint64_t candidates(cu_api api, cu_bytes text, const cu_json_string *key)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, order_names);
    if (key->flags & CU_JSON_ESCAPED)
        return names[api].all;
    return key->end > key->start && text.p[key->start] < 128 ? names[api].by_first[text.p[key->start]] : 0;
}

static bool is_name(cu_bytes text, const cu_json_string *key, size_t i)
{
    if (key->flags & CU_JSON_ESCAPED)
        return cu_json_is_spelled(text, *key, name_at(i));
    return key->end - key->start == lengths[i] && memcmp(text.p + key->start, name_at(i), lengths[i]) == 0;
}

static bool stands_under(cu_bytes text, const cu_json_strings *s, const cu_json_string *key, const char *under)
{
    return !under || (key->parent_key != UINT32_MAX && cu_json_is(text, s->v[key->parent_key], under));
}

static uint32_t mark_of(cu_api api, bool answer, cu_bytes text, const cu_json_strings *s, size_t at)
{
    const cu_json_string *key = &s->v[s->v[at].parent_key];
    uint32_t flags = 0;
    bool is_fixed = false;
    for (uint64_t left = candidates(api, text, key); left; left &= left - 1) {
        size_t i = (size_t)__builtin_ctzll(left);
        if (!is_name(text, key, i))
            continue;
        if (i >= MARKS)
            is_fixed = true;
        else if (stands_under(text, s, key, marks[i].under) && holds(marks[i].check, answer, text, s, at))
            flags |= marks[i].flag;
    }
    return flags ? flags : is_fixed && !in_free_form(api, text, s, key) ? CU_JSON_FIXED : 0;
}

/* In an answer thinking stands in a block, a delta, or the content of a whole message. */
static bool is_thinking(cu_api api, cu_bytes text, const cu_json_strings *s, size_t at)
{
    return api == CU_API_ANTHROPIC && cu_json_is(text, s->v[s->v[at].parent_key], "thinking");
}

void cu_shape_mark_one(cu_api api, bool answer, cu_bytes text, cu_json_strings *s, size_t at)
{
    cu_json_string *v = &s->v[at];
    if (v->flags & CU_JSON_KEY) {
        v->flags |= v->depth == 1 ? CU_JSON_FIXED : 0;
        return;
    }
    if (v->parent_key == UINT32_MAX)
        return;
    v->flags |= mark_of(api, answer, text, s, at);
    if (answer && is_thinking(api, text, s, at))
        v->flags |= CU_JSON_OPAQUE;
}

void cu_shape_mark(cu_api api, bool answer, cu_bytes text, cu_json_strings *s)
{
    for (size_t i = 0; i < s->n; i++)
        cu_shape_mark_one(api, answer, text, s, i);
}
