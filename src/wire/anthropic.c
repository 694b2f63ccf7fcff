/* Which strings of an Anthropic request are not user data. Everything else is scanned, wherever it
 * stands: a field that the API gains tomorrow is scanned the day it is sent. */
#include "wire/anthropic.h"

/* Signed or encoded bytes, by the key they stand under and the key their block stands under. */
static const struct {
    const char *key, *under;
} opaque[] = {
    {"signature", "content"},  /* of a thinking block */
    {"data", "content"},       /* of redacted_thinking */
    {"data", "source"},        /* of an image or document */
    {"encrypted_content", "content"},
};

/* Words of the protocol: scanned, but never changed because the same word is a secret elsewhere. */
static const char *const fixed[] = {"type", "role", "model", "id", "tool_use_id", "name",
                                    "media_type", "stop_reason", "anthropic_version"};

/* Only base64 may pass unseen: text cannot be smuggled out under one of these names. */
static bool is_base64(cu_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
        if (!ok)
            return false;
    }
    return b.n >= 64;
}

static bool is_opaque(cu_bytes body, const cu_json_strings *s, const cu_json_string *v)
{
    const cu_json_string *key = &s->v[v->parent_key];
    if (key->parent_key == UINT32_MAX)
        return false;
    for (size_t i = 0; i < sizeof opaque / sizeof *opaque; i++)
        if (cu_json_is(body, *key, opaque[i].key) &&
            cu_json_is(body, s->v[key->parent_key], opaque[i].under))
            return is_base64(cu_slice(body, v->start, v->end));
    return false;
}

static bool is_fixed(cu_bytes body, const cu_json_strings *s, const cu_json_string *v)
{
    if (v->flags & CU_JSON_KEY)
        return v->depth == 1;
    const cu_json_string *key = &s->v[v->parent_key];
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (cu_json_is(body, *key, fixed[i]))
            return true;
    return false;
}

void cu_anthropic_classify(cu_bytes body, cu_json_strings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        cu_json_string *v = &s->v[i];
        if (v->parent_key == UINT32_MAX && !(v->flags & CU_JSON_KEY))
            continue;
        if (!(v->flags & CU_JSON_KEY) && is_opaque(body, s, v))
            v->flags |= CU_JSON_OPAQUE;
        else if (is_fixed(body, s, v))
            v->flags |= CU_JSON_FIXED;
    }
}

cu_err cu_anthropic_read(cu_bytes body, const cu_json_strings *s, cu_anthropic_request *out,
                         cu_fault *f)
{
    *out = (cu_anthropic_request){0};
    size_t i = 0;
    while (i < body.n && memchr(" \t\r\n", body.p[i], 4))
        i++;
    if (i == body.n || body.p[i] != '{')
        return cu_fail(f, CU_SYNTAX, "the body must be a JSON object");
    cu_bytes model = cu_json_top_value(body, s, "model");
    if (model.n == 0 || model.p[0] != '"')
        return cu_fail(f, CU_SYNTAX, "model: a string is required");
    const cu_json_string *key = cu_json_top(body, s, "model");
    out->model = cu_slice(body, key[1].start, key[1].end);
    cu_bytes messages = cu_json_top_value(body, s, "messages");
    if (messages.n == 0 || messages.p[0] != '[')
        return cu_fail(f, CU_SYNTAX, "messages: a list is required");
    out->stream = cu_starts(cu_json_top_value(body, s, "stream"), CU_LIT("true"));
    return CU_OK;
}
