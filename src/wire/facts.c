/* What a request says about itself, and what its route requires. */
#include "wire/flags.h"
#include "wire/shape.h"

/* Numbers outside of strings, up to the end of the value at the beginning of b. */
static bool holds_numbers(cu_bytes b)
{
    int depth = 0;
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        if (c == '"') {
            for (i++; i < b.n && b.p[i] != '"'; i++)
                i += b.p[i] == '\\';
        } else if (c >= '0' && c <= '9') {
            return true;
        }
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        if (depth <= 0)
            return false;
    }
    return false;
}

static cu_bytes text_of(cu_bytes body, const cu_json_strings *s, const char *name)
{
    const cu_json_string *key = cu_json_top(body, s, name);
    cu_bytes v = cu_json_top_value(body, s, name);
    return key && v.n && v.p[0] == '"' ? cu_slice(body, key[1].start, key[1].end) : CU_NONE;
}

/* "conversation": "conv_1", or {"id": "conv_1"} */
static cu_bytes conversation_of(cu_bytes body, const cu_json_strings *s)
{
    cu_bytes name = text_of(body, s, "conversation");
    return name.n ? name : cu_member_text(body, s, "conversation", "id", "");
}

cu_err cu_shape_read(const cu_route *r, cu_bytes body, const cu_json_strings *s, cu_request_facts *out, cu_fault *f)
{
    size_t i = 0;
    *out = (cu_request_facts){.stream = r->stream == CU_STREAM_PATH};
    while (i < body.n && memchr(" \t\r\n", body.p[i], 4))
        i++;
    if (i == body.n || body.p[i] != '{')
        return cu_fail(f, CU_SYNTAX, "the body must be a JSON object");
    out->model = text_of(body, s, "model");
    out->before = text_of(body, s, "previous_response_id");
    out->conversation = conversation_of(body, s);
    if (r->model && out->model.n == 0)
        return cu_fail(f, CU_SYNTAX, "model: a string is required");
    cu_bytes list = r->list ? cu_json_top_value(body, s, r->list) : CU_LIT("[");
    if (list.n == 0 || list.p[0] != '[')
        return cu_fail(f, CU_SYNTAX, "%s: a list is required", r->list);
    if (r->text && holds_numbers(cu_json_top_value(body, s, r->text)))
        return cu_fail(f, CU_UNSUPPORTED, "%s: token ids cannot be checked here; send it as text", r->text);
    if (r->stream == CU_STREAM_MEMBER)
        out->stream = cu_starts(cu_json_top_value(body, s, "stream"), CU_LIT("true"));
    out->keeps = r->conversation || (r->stateful && !cu_starts(cu_json_top_value(body, s, "store"), CU_LIT("false")));
    return CU_OK;
}
