/* Flags of a request are found where they stand, set without touching anything else, and tools are
 * named whichever API they are for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/flags.h"

static cu_arena arena;

static cu_json_strings walk(cu_bytes body)
{
    cu_json_strings s;
    cu_fault f;
    assert_int_equal(cu_json_walk(body, &arena, &s, &f), CU_OK);
    return s;
}

static void flags_are_read(void **state)
{
    static const struct {
        const char *body;
        cu_member is;
    } cases[] = {
        {"{\"a\":1}", CU_MEMBER_ABSENT}, {"{\"store\":true}", CU_MEMBER_TRUE}, {"{\"store\" : false }", CU_MEMBER_FALSE},
        {"{\"\\u0073tore\":true}", CU_MEMBER_TRUE}, {"{\"store\":null}", CU_MEMBER_NULL}, {"{\"store\":\"true\"}", CU_MEMBER_OTHER},
        {"{\"store\":1}", CU_MEMBER_OTHER}, {"{\"store\":{}}", CU_MEMBER_OTHER}, {"{\"x\":{\"store\":true}}", CU_MEMBER_ABSENT},
        {"{\"x\":\"store\",\"y\":true}", CU_MEMBER_ABSENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_bytes body = cu_str(cases[i].body);
        cu_json_strings s = walk(body);
        assert_int_equal(cu_member_flag(body, &s, "store"), cases[i].is);
    }
}

static void flags_are_set(void **state)
{
    static const char *const cases[][2] = {
        {"{\"a\":\"x\"}", "{\"store\":false,\"a\":\"x\"}"},
        {" {\"a\":\"x\",\"store\": true,\"b\":\"y\"}", " {\"a\":\"x\",\"store\": false,\"b\":\"y\"}"},
        {"{\"store\":null,\"b\":\"y\"}", "{\"store\":false,\"b\":\"y\"}"},
        {"{\"b\":\"y\",\"store\":false}", "{\"b\":\"y\",\"store\":false}"},
        {"{\"\\u0073tore\":true}", "{\"\\u0073tore\":false}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_bytes body = cu_str(cases[i][0]), out;
        cu_json_strings s = walk(body);
        assert_int_equal(cu_member_set_false(body, &s, "store", &arena, &out), CU_OK);
        assert_true(cu_eq_str(out, cases[i][1]));
        cu_json_strings again = walk(out);
        size_t skip = again.n - s.n; /* the member that was put first */
        for (size_t k = 0; k < s.n; k++) {
            assert_int_equal(s.v[k].start, again.v[k + skip].start);
            assert_int_equal(s.v[k].end, again.v[k + skip].end);
        }
    }
    cu_bytes odd = CU_LIT("{\"store\":\"yes\"}"), out;
    cu_json_strings s = walk(odd);
    assert_int_equal(cu_member_set_false(odd, &s, "store", &arena, &out), CU_UNSUPPORTED);
}

static bool collect(void *arg, cu_bytes name)
{
    cu_buf_add(arg, name);
    cu_buf_byte(arg, ';');
    return true;
}

static void tools_are_named(void **state)
{
    static const char *const cases[][2] = {
        {"{\"tools\":[{\"name\":\"Read\",\"input_schema\":{\"properties\":{\"name\":{\"type\":\"string\"}}}},{\"name\":\"Bash\"}]}", "Read;Bash;"},
        {"{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"exec\",\"parameters\":{\"name\":\"no\"}}}]}", "exec;"},
        {"{\"tools\":[{\"functionDeclarations\":[{\"name\":\"a\"},{\"name\":\"b\"}]}]}", "a;b;"},
        {"{\"messages\":[{\"name\":\"x\"}],\"name\":\"y\"}", ""},
        {"{\"tools\":[{\"name\":{\"a\":1}}]}", ";"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_bytes body = cu_str(cases[i][0]);
        cu_json_strings s = walk(body);
        cu_buf b CU_CLEAN_BUF = CU_BUF(1000);
        assert_true(cu_tool_names(body, &s, collect, &b));
        assert_string_equal(cu_buf_cstr(&b), cases[i][1]);
    }
}

static void a_member_of_a_member(void **state)
{
    static const char *const cases[][2] = {
        {"{\"provider\":{\"data_collection\":\"deny\"}}", "deny"},
        {"{\"provider\":{\"data_collection\":\"deny\",\"data_collection\":\"allow\"}}", "allow"},
        {"{\"provider\":{\"data_collection\":\"allow\",\"data_collection\":\"deny\"}}", "allow"},
        {"{\"provider\":{\"data_collection\":true}}", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_bytes body = cu_str(cases[i][0]);
        cu_json_strings s = walk(body);
        assert_true(cu_eq_str(cu_member_text(body, &s, "provider", "data_collection", "deny"), cases[i][1]));
    }
    cu_bytes none = CU_LIT("{\"provider\":{\"x\":{\"data_collection\":\"allow\"}}}");
    cu_json_strings s = walk(none);
    assert_null(cu_member_text(none, &s, "provider", "data_collection", "deny").p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(flags_are_read), cmocka_unit_test(flags_are_set), cmocka_unit_test(tools_are_named),
                                       cmocka_unit_test(a_member_of_a_member)};
    cu_arena_init(&arena, 1 << 20);
    int rc = cmocka_run_group_tests_name("wire/flags", tests, NULL, NULL);
    cu_arena_free(&arena);
    return rc;
}
