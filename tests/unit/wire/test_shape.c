/* The tables of the APIs: paths, marks, refusals, pieces of a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/event.h"
#include "wire/shape.h"

static void paths(void **state)
{
    static const struct {
        cu_api ask;
        unsigned method;
        const char *path;
        cu_api want; /* CU_API_COUNT: none */
        const char *model;
        bool known;
    } cases[] = {
        {CU_API_COUNT, CU_METHOD_POST, "/v1/messages", CU_API_ANTHROPIC, "", true},
        {CU_API_COUNT, CU_METHOD_GET, "/v1/messages", CU_API_COUNT, "", true},
        {CU_API_OPENAI, CU_METHOD_POST, "/v1/messages", CU_API_COUNT, "", false},
        {CU_API_COUNT, CU_METHOD_GET, "/v1/models", CU_API_ANTHROPIC, "", true},
        {CU_API_GEMINI, CU_METHOD_GET, "/v1/models", CU_API_GEMINI, "", true},
        {CU_API_OPENAI, CU_METHOD_GET, "/v1/models/ft:gpt-x:acme::1", CU_API_OPENAI, "ft:gpt-x:acme::1", true},
        {CU_API_COUNT, CU_METHOD_POST, "/v1beta/models/gemini-2.5-pro:streamGenerateContent", CU_API_GEMINI, "gemini-2.5-pro", true},
        {CU_API_COUNT, CU_METHOD_POST, "/v1beta/models/a:b:generateContent", CU_API_COUNT, "", false},
        {CU_API_COUNT, CU_METHOD_POST, "/v1beta/models/:generateContent", CU_API_COUNT, "", false},
        {CU_API_COUNT, CU_METHOD_POST, "/v1beta/models/../x:generateContent", CU_API_COUNT, "", false},
        {CU_API_COUNT, CU_METHOD_POST, "/openai/deployments/d-1/chat/completions", CU_API_OPENAI, "d-1", true},
        {CU_API_COUNT, CU_METHOD_POST, "/v1/responses/", CU_API_COUNT, "", false},
        {CU_API_COUNT, CU_METHOD_POST, "", CU_API_COUNT, "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_bytes model;
        bool known;
        const cu_route *r = cu_route_find(cases[i].ask, cases[i].method, cu_str(cases[i].path), &model, &known);
        if ((r ? r->api : CU_API_COUNT) != cases[i].want || known != cases[i].known || !cu_eq_str(model, cases[i].model))
            fail_msg("%s", cases[i].path);
    }
}

/* Marks of all strings, one letter a string: k key, - data, f fixed, o opaque, a arguments, c code, d dropped. */
static void marks_of(cu_api api, bool answer, const char *json, char *out)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_json_walk(cu_str(json), &a, &s, NULL), CU_OK);
    cu_shape_mark(api, answer, cu_str(json), &s);
    for (size_t i = 0; i < s.n; i++) {
        uint32_t f = s.v[i].flags;
        *out++ = f & CU_JSON_KEY ? 'k' : f & CU_JSON_OPAQUE ? 'o' : f & CU_JSON_ARGS ? 'a' : f & CU_JSON_CODE ? 'c' : f & CU_JSON_DROP ? 'd' : f & CU_JSON_FIXED ? 'f' : '-';
    }
    *out = 0;
}

#define B64 "c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"

static void strings_are_marked(void **state)
{
    static const struct {
        cu_api api;
        bool answer;
        const char *json, *want;
    } cases[] = {
        {CU_API_ANTHROPIC, false, "{\"content\":[{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"" B64 "\"}]}", "kkfkoko"},
        {CU_API_ANTHROPIC, false, "{\"content\":[{\"type\":\"thinking\",\"thinking\":\"x\"},{\"signature\":\"" B64 "\"}]}", "kkfk-ko"},
        {CU_API_ANTHROPIC, false, "{\"content\":[{\"thinking\":\"x\",\"signature\":\"short and no base64\"}]}", "kk-k-"},
        {CU_API_ANTHROPIC, false, "{\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"input\":{\"id\":\"x\",\"a\":{\"name\":\"y\"}}}]}", "kkfkfkk-kk-"},
        {CU_API_ANTHROPIC, true, "{\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"x\"}}", "kkfko"},
        {CU_API_ANTHROPIC, false, "{\"content\":[{\"source\":{\"data\":\"" B64 "\"}}],\"data\":\"" B64 "\"}", "kkkok-"},
        {CU_API_OPENAI, false, "{\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"n\",\"arguments\":\"{}\"}}]}", "kkfkkfka"},
        {CU_API_OPENAI, false, "{\"input\":\"text\"}", "k-"},
        {CU_API_OPENAI, false, "{\"input\":[{\"type\":\"custom_tool_call\",\"input\":\"code\"}]}", "kkfkc"},
        {CU_API_OPENAI, true, "{\"type\":\"response.custom_tool_call_input.done\",\"input\":\"code\"}", "kfkc"},
        {CU_API_OPENAI, false, "{\"image_url\":{\"url\":\"data:image/png;base64," B64 "\"},\"url\":\"data:image/png;base64," B64 "\"}", "kkok-"},
        {CU_API_OPENAI, false, "{\"image_url\":{\"url\":\"data:image/png;base64," B64 " and text\"}}", "kk-"},
        {CU_API_OPENAI, false, "{\"client_metadata\":{\"x-codex-turn-metadata\":\"{}\",\"other\":\"x\"}}", "kkdk-"},
        {CU_API_GEMINI, false, "{\"parts\":[{\"thoughtSignature\":\"" B64 "\",\"inlineData\":{\"mimeType\":\"i\",\"data\":\"" B64 "\"}}]}", "kkokkfko"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[64];
        marks_of(cases[i].api, cases[i].answer, cases[i].json, got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: %s, not %s", cases[i].json, got, cases[i].want);
    }
}

static void refusals(void **state)
{
    static const char *const want[CU_API_COUNT] = {
        "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no \\\"x\\\"\"},\"request_id\":\"ID\"}",
        "{\"error\":{\"message\":\"no \\\"x\\\"\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"why\"}}",
        "{\"error\":{\"code\":400,\"message\":\"no \\\"x\\\"\",\"status\":\"INVALID_ARGUMENT\"}}",
    };
    for (int api = 0; api < CU_API_COUNT; api++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
        cu_shape_error((cu_api)api, 400, "invalid_request_error", "why", "no \"x\"", "ID", &b);
        assert_string_equal(cu_buf_cstr(&b), want[api]);
    }
}

/* Two pieces belong together, or not. */
static void pieces_of_one_text(void **state)
{
    static const struct {
        cu_api api;
        const char *one, *other;
        bool same_group, same_text;
    } cases[] = {
        {CU_API_OPENAI, "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"a\"}}]}", "{\"choices\":[{\"delta\":{\"content\":\"b\"},\"index\":1}]}", true, true},
        {CU_API_OPENAI, "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}", "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}", false, true},
        {CU_API_OPENAI, "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"a\"}}]}}]}",
         "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"b\"},\"index\":1}]}}]}", true, false},
        {CU_API_OPENAI, "{\"type\":\"response.output_text.delta\",\"output_index\":2,\"content_index\":0,\"delta\":\"a\"}",
         "{\"type\":\"response.output_text.delta\",\"output_index\":2,\"content_index\":1,\"delta\":\"b\"}", true, false},
        {CU_API_GEMINI, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\",\"thought\":true}]},\"index\":0}]}", true, false},
        {CU_API_ANTHROPIC, "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}",
         "{\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_json_strings s;
        cu_event_facts one, other;
        cu_arena_init(&a, 1 << 20);
        assert_int_equal(cu_json_walk(cu_str(cases[i].one), &a, &s, NULL), CU_OK);
        assert_int_equal(cu_event_read(cases[i].api, cu_str(cases[i].one), &s, &one), CU_OK);
        assert_int_equal(cu_json_walk(cu_str(cases[i].other), &a, &s, NULL), CU_OK);
        assert_int_equal(cu_event_read(cases[i].api, cu_str(cases[i].other), &s, &other), CU_OK);
        assert_true(one.n == 1 && other.n == 1);
        if ((one.v[0].group == other.v[0].group) != cases[i].same_group || (one.v[0].text == other.v[0].text) != cases[i].same_text)
            fail_msg("%s and %s", cases[i].one, cases[i].other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths), cmocka_unit_test(strings_are_marked), cmocka_unit_test(refusals),
                                       cmocka_unit_test(pieces_of_one_text)};
    return cmocka_run_group_tests_name("wire/shape", tests, NULL, NULL);
}
