/* Which members tell a caller apart, and edits that leave every other byte where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/identity.h"
#include "wire/splice.h"

static void walk(cu_bytes body, cu_arena *a, cu_json_strings *s)
{
    cu_fault f = {0};
    cu_arena_init(a, 4 << 20);
    if (cu_json_walk(body, a, s, &f) != CU_OK)
        fail_msg("%s", f.text);
}

static void members_are_found(void **state)
{
    static const struct {
        const char *body, *want; /* values, each followed by a blank */
    } t[] = {
        {"{\"metadata\":{\"user_id\":\"u\",\"note\":\"n\"}}", "u "},
        {"{\"metadata\":{\"user_id\":\"{\\\"session_id\\\":\\\"s\\\"}\"}}", "{\\\"session_id\\\":\\\"s\\\"} "},
        {"{\"user\":\"a\",\"prompt_cache_key\":\"b\",\"safety_identifier\":\"c\",\"session_id\":\"d\",\"user_id\":\"e\"}", "a b c d e "},
        {"{\"client_metadata\":{\"x-codex-turn-metadata\":\"{}\",\"any\":\"y\"}}", "{} y "},
        {"{\"us\\u0065r\":\"a\"}", "a "},
        {"{\"messages\":[{\"role\":\"user\",\"user\":\"no\",\"metadata\":{\"user_id\":\"no\"}}],\"tools\":{\"user\":\"no\"}}", ""},
        {"{\"previous_response_id\":\"keep\",\"model\":\"m\",\"user\":\"\",\"metadata\":\"text\"}", ""},
        {"[\"user\",\"x\"]", ""}, {"\"user\"", ""},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_json_strings s;
        cu_buf got CU_CLEAN_BUF = CU_BUF(4096);
        const cu_json_string *v;
        cu_bytes body = cu_str(t[i].body);
        walk(body, &a, &s);
        for (size_t at = 0; (v = cu_identity_next(body, &s, &at));) {
            cu_buf_add(&got, cu_slice(body, v->start, v->end));
            cu_buf_byte(&got, ' ');
        }
        assert_string_equal(cu_buf_cstr(&got), t[i].want);
    }
}

static void moved_strings_are_those_of_a_new_walk(void **state)
{
    cu_bytes body = CU_LIT("{\"a\":\"xx\",\"user\":\"\\u0061b\",\"m\":[\"c\",{\"k\":\"d\\n\"}],\"session_id\":\"s\",\"z\":\"end\"}"), out;
    cu_arena a CU_CLEAN_ARENA, b CU_CLEAN_ARENA;
    cu_json_strings s, fresh;
    cu_splice v[2];
    size_t n = 0;
    const cu_json_string *it;
    walk(body, &a, &s);
    for (size_t at = 0; (it = cu_identity_next(body, &s, &at));)
        v[n] = (cu_splice){it->start, it->end, n ? CU_LIT("q") : CU_LIT("a longer name")}, n++;
    assert_int_equal(n, 2);
    assert_int_equal(cu_splice_apply(body, v, n, &a, &out), CU_OK);
    assert_true(cu_eq_str(out, "{\"a\":\"xx\",\"user\":\"a longer name\",\"m\":[\"c\",{\"k\":\"d\\n\"}],\"session_id\":\"q\",\"z\":\"end\"}"));
    cu_splice_move(v, n, &s);
    walk(out, &b, &fresh);
    assert_int_equal(s.n, fresh.n);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.v[i].start, fresh.v[i].start);
        assert_int_equal(s.v[i].end, fresh.v[i].end);
        assert_int_equal(s.v[i].flags, fresh.v[i].flags);
    }
}

static void edits_that_overlap(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_bytes out;
    cu_splice v[] = {{4, 6, CU_LIT("C")}, {0, 2, CU_LIT("A")}, {1, 5, CU_LIT("B")}, {4, 9, CU_LIT("D")}};
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_splice_apply(CU_LIT("0123456789"), v, 4, &a, &out), CU_OK);
    assert_true(cu_eq_str(out, "A23D9"));
    assert_int_equal(cu_splice_apply(CU_LIT("x"), v, 0, &a, &out), CU_OK);
    assert_true(cu_eq_str(out, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members_are_found), cmocka_unit_test(moved_strings_are_those_of_a_new_walk),
                                       cmocka_unit_test(edits_that_overlap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
