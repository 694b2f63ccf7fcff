/* Which texts of a request come from outside, in the shapes of all APIs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire/results.h"

/* The texts that are found, joined by |. */
static void found(cu_api api, const char *body, const char *expected)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_json_strings s;
    cu_result_place p = {0};
    cu_bytes text = cu_str(body);
    cu_arena_init(&a, 4u << 20);
    assert_int_equal(cu_json_walk(text, &a, &s, NULL), CU_OK);
    cu_shape_mark(api, false, text, &s);
    for (size_t i; (i = cu_result_next(api, text, &s, &p)) != (size_t)-1;) {
        if (b.n)
            cu_buf_byte(&b, '|');
        cu_buf_add(&b, cu_slice(text, s.v[i].start, s.v[i].end));
    }
    cu_buf_byte(&b, 0);
    assert_int_equal(cu_buf_err(&b), CU_OK);
    assert_string_equal((const char *)b.p, expected);
}

static void of_anthropic(void **state)
{
    found(CU_API_ANTHROPIC, "{\"system\":\"be brief\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"},"
          "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"I read\"},{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"Write\",\"input\":{\"content\":\"own\",\"source\":\"own\"}}]},"
          "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t1\",\"content\":\"plain result\"},"
          "{\"type\":\"tool_result\",\"tool_use_id\":\"t2\",\"content\":[{\"type\":\"text\",\"text\":\"part of a result\"}]},"
          "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"a document\"}},{\"type\":\"text\",\"text\":\"go on\"}]}]}",
          "plain result|part of a result|a document");
}

static void of_chat(void **state)
{
    found(CU_API_OPENAI, "{\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},{\"content\":\"first result\" , \"tool_call_id\":\"c\",\"role\":\"tool\"},\n"
          "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
          "{ \"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":[{\"type\":\"text\",\"text\":\"in parts\"}]},{\"role\":\"user\",\"content\":\"role tool\"}]}",
          "first result|in parts");
}

static void of_responses(void **state)
{
    found(CU_API_OPENAI, "{\"instructions\":\"x\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":\"hello\"},"
          "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"a result\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\","
          "\"output\":[{\"type\":\"input_text\",\"text\":\"in parts\"}]},{\"type\":\"file_search_call\",\"results\":[{\"text\":\"from a file\"}]}]}",
          "a result|in parts|from a file");
}

static void of_gemini(void **state)
{
    found(CU_API_GEMINI, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hello\"}]},{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":\"own\"}}}]},"
          "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":{\"output\":\"a result\",\"id\":\"data too\"}}}]}]}",
          "a result|data too");
}

static void of_odd_bodies(void **state)
{
    found(CU_API_OPENAI, "{\"messages\":[\"a\",[\"b\"],{\"role\":\"tool\"}],\"x\":{\"messages\":[{\"role\":\"tool\",\"content\":\"c\"}]}}", "");
    found(CU_API_ANTHROPIC, "[\"messages\",{\"content\":{\"content\":\"c\"}}]", "");
    found(CU_API_OPENAI, "{}", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_anthropic), cmocka_unit_test(of_chat), cmocka_unit_test(of_responses),
                                       cmocka_unit_test(of_gemini), cmocka_unit_test(of_odd_bodies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
