#include "wire/flags.h"

cu_member cu_member_flag(cu_bytes body, const cu_json_strings *s, const char *key)
{
    cu_bytes v = cu_json_top_value(body, s, key);
    if (v.n == 0)
        return CU_MEMBER_ABSENT;
    return cu_starts(v, CU_LIT("true")) ? CU_MEMBER_TRUE : cu_starts(v, CU_LIT("false")) ? CU_MEMBER_FALSE
           : cu_starts(v, CU_LIT("null")) ? CU_MEMBER_NULL : CU_MEMBER_OTHER;
}

/* Index of the top-level key, or n. */
static size_t top_index(cu_bytes body, const cu_json_strings *s, const char *key)
{
    const cu_json_string *k = cu_json_top(body, s, key);
    return k ? (size_t)(k - s->v) : s->n;
}

cu_bytes cu_member_text(cu_bytes body, const cu_json_strings *s, const char *of, const char *key, const char *expected)
{
    cu_bytes out = CU_NONE;
    size_t top = top_index(body, s, of);
    for (size_t i = top; i < s->n; i++) {
        const cu_json_string *k = &s->v[i];
        if (!(k->flags & CU_JSON_KEY) || k->parent_key != top || !cu_json_is(body, *k, key))
            continue;
        bool text = i + 1 < s->n && s->v[i + 1].parent_key == i && !(s->v[i + 1].flags & CU_JSON_KEY);
        cu_bytes v = text ? cu_slice(body, s->v[i + 1].start, s->v[i + 1].end) : CU_LIT("");
        if (!out.p || cu_eq_str(out, expected))
            out = v;
    }
    return out;
}

static void move(cu_json_strings *s, size_t from, uint32_t by)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].start >= from) {
            s->v[i].start += by;
            s->v[i].end += by;
        }
}

cu_err cu_member_set_false(cu_bytes body, cu_json_strings *s, const char *key, cu_arena *a, cu_bytes *out)
{
    cu_member is = cu_member_flag(body, s, key);
    if (is == CU_MEMBER_OTHER)
        return CU_UNSUPPORTED;
    *out = body;
    if (is == CU_MEMBER_FALSE)
        return CU_OK;
    size_t at = 0, cut = 0;
    if (is == CU_MEMBER_ABSENT) {
        while (body.p[at] != '{')
            at++;
        at++;
    } else {
        at = body.n - cu_json_top_value(body, s, key).n;
        cut = 4; /* true or null */
    }
    const char *word = is == CU_MEMBER_ABSENT ? cu_arena_fmt(a, "\"%s\":false,", key) : "false";
    size_t n = word ? strlen(word) : 0;
    uint8_t *p = word ? cu_arena_raw(a, body.n + n) : NULL;
    if (!p)
        return CU_NOMEM;
    memcpy(p, body.p, at);
    memcpy(p + at, word, n);
    memcpy(p + at + n, body.p + at + cut, body.n - at - cut);
    *out = cu_bytes_of(p, body.n + n - cut);
    move(s, at, (uint32_t)(n - cut));
    return CU_OK;
}

bool cu_tool_names(cu_bytes body, const cu_json_strings *s, bool (*each)(void *arg, cu_bytes name), void *arg)
{
    size_t tools = top_index(body, s, "tools");
    for (size_t i = tools; i < s->n; i++) {
        const cu_json_string *k = &s->v[i];
        if (!(k->flags & CU_JSON_KEY) || k->parent_key == UINT32_MAX || !cu_json_is(body, *k, "name"))
            continue;
        size_t under = k->parent_key;
        if (under != tools && s->v[under].parent_key == tools &&
            (cu_json_is(body, s->v[under], "function") || cu_json_is(body, s->v[under], "functionDeclarations") ||
             cu_json_is(body, s->v[under], "function_declarations")))
            under = tools;
        if (under != tools)
            continue;
        bool text = i + 1 < s->n && s->v[i + 1].parent_key == i && !(s->v[i + 1].flags & CU_JSON_KEY);
        if (!each(arg, text ? cu_slice(body, s->v[i + 1].start, s->v[i + 1].end) : CU_NONE))
            return false;
    }
    return true;
}
