/* The span walker accepts exactly RFC 8259, says where it went wrong, and lists every string. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/json.h"
#include "wire/shape.h"

static cu_err walk(cu_bytes text, cu_arena *a, cu_json_strings *s, cu_fault *f)
{
    cu_arena_init(a, 64u << 20);
    *f = (cu_fault){0};
    return cu_json_walk(text, a, s, f);
}

static void accepts_what_the_rfc_allows(void **state)
{
    static const char *const good[] = {"{}", "[]", "0", "-0.5e+10", "\"\"", " [1, 2 ,{\"a\":[null,true]}] ",
                                       "\"\\ud83d\\ude00 \\/ \xf0\x9f\x98\x80\"", "{\"a\":{\"b\":1,\"b\":2}}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_json_strings s;
        cu_fault f;
        if (walk(cu_str(good[i]), &a, &s, &f) != CU_OK)
            fail_msg("%s: %s", good[i], f.text);
    }
}

static void refuses_with_the_place(void **state)
{
    static const struct {
        const char *text;
        cu_err e;
        uint64_t at;
    } bad[] = {
        {"", CU_SYNTAX, 0}, {"{", CU_SYNTAX, 1}, {"[1,]", CU_SYNTAX, 3}, {"{\"a\" 1}", CU_SYNTAX, 5},
        {"{a:1}", CU_SYNTAX, 1}, {"01", CU_SYNTAX, 1}, {"1.", CU_SYNTAX, 2}, {"\"\\x\"", CU_SYNTAX, 1},
        {"\"\\ud800\"", CU_SYNTAX, 1}, {"\"\\udc00\"", CU_SYNTAX, 1}, {"\"a\nb\"", CU_SYNTAX, 2},
        {"\"\xff\"", CU_UTF8, 1}, {"\"ab\xed\xa0\x80\"", CU_UTF8, 3}, {"[] []", CU_SYNTAX, 3},
        {"{\"model\":1,\"mod\\u0065l\":2}", CU_DUPLICATE, 12}, {"nul", CU_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_json_strings s;
        cu_fault f;
        cu_err e = walk(cu_str(bad[i].text), &a, &s, &f);
        if (e != bad[i].e || f.offset != bad[i].at)
            fail_msg("%s: error %d at %llu", bad[i].text, e, (unsigned long long)f.offset);
    }
}

static void depth_has_a_ceiling(void **state)
{
    char text[20001];
    memset(text, '[', 10000);
    memset(text + 10000, ']', 10000);
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_fault f;
    assert_int_equal(walk(cu_bytes_of(text, 20000), &a, &s, &f), CU_DEPTH);
    assert_int_equal(f.offset, 128);
}

/* Strings are read in blocks: whatever stands at an edge of one is seen all the same. */
static void specials_are_seen_at_every_place(void **state)
{
    static const char *const specials[] = {"\\n", "\\\"", "\\\\", "\\u00e9", "\xc3\xa9", "\\n\\n\\\"", "\\\\\\n"};
    for (size_t k = 0; k < sizeof specials / sizeof *specials; k++)
        for (size_t before = 0; before < 140; before++)
            for (size_t after = 0; after < 70; after += 23) {
                cu_arena a CU_CLEAN_ARENA;
                cu_json_strings out;
                cu_fault f = {0};
                cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
                cu_arena_init(&a, 1u << 20);
                cu_buf_str(&b, "[\"");
                for (size_t i = 0; i < before; i++)
                    cu_buf_byte(&b, 'a');
                cu_buf_str(&b, specials[k]);
                for (size_t i = 0; i < after; i++)
                    cu_buf_byte(&b, 'b');
                cu_buf_str(&b, "\",\"second\"]");
                assert_int_equal(cu_json_walk(cu_buf_view(&b), &a, &out, &f), CU_OK);
                assert_int_equal(out.n, 2);
                assert_int_equal(out.v[0].end, 2 + before + strlen(specials[k]) + after);
                assert_int_equal(out.v[0].flags & CU_JSON_ESCAPED, specials[k][0] == '\\' ? CU_JSON_ESCAPED : 0);
                b.p[1 + before / 2 + 1] = before ? '\n' : b.p[1 + before / 2 + 1];
                if (before)
                    assert_int_equal(cu_json_walk(cu_buf_view(&b), &a, &out, &f), CU_SYNTAX);
            }
}

static void every_truncation_is_refused(void **state)
{
    cu_bytes whole = CU_LIT("{\"a\":[1.5e3,\"x\\u00e9\\n\xc3\xa9\",{\"b\":null}],\"c\":\"\"}");
    for (size_t n = 0; n <= whole.n; n++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_json_strings s;
        cu_fault f;
        assert_int_equal(walk(cu_slice(whole, 0, n), &a, &s, &f) == CU_OK, n == whole.n);
    }
}

static void strings_know_their_keys_and_escapes(void **state)
{
    cu_bytes t = CU_LIT("{\"m\":[{\"text\":\"a\\\"b\"},\"q\"],\"z\":\"w\"}");
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_fault f;
    assert_int_equal(walk(t, &a, &s, &f), CU_OK);
    assert_int_equal(s.n, 6);
    assert_int_equal(s.v[2].parent_key, 1);
    assert_int_equal(s.v[1].parent_key, 0);
    assert_int_equal(s.v[3].parent_key, 0);
    assert_true(s.v[2].flags & CU_JSON_ESCAPED);
    cu_buf b CU_CLEAN_BUF = CU_BUF(100);
    cu_json_unescape(cu_slice(t, s.v[2].start, s.v[2].end), &b);
    assert_true(cu_eq_str(cu_buf_view(&b), "a\"b"));
}

static void offsets_follow_escapes(void **state)
{
    cu_bytes raw = CU_LIT("a\\n\\u00e9\\ud83d\\ude00z");
    static const size_t at[][2] = {{0, 0}, {1, 1}, {2, 3}, {4, 9}, {8, 21}, {9, 22}};
    size_t r = 0, p = 0;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(cu_json_raw_offset(raw, at[i][0], &r, &p), at[i][1]);
}

static void facts_and_classes_of_a_request(void **state)
{
    cu_bytes t = CU_LIT("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"thinking\",\"signature\":"
                        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"},"
                        "{\"type\":\"thinking\",\"signature\":\"me@example.org and other text that is no base64\"}]}],"
                        "\"mod\\u0065l\":\"m-1\", \"stream\" : true}");
    cu_arena a CU_CLEAN_ARENA;
    cu_json_strings s;
    cu_fault f;
    cu_request_facts r;
    cu_bytes model;
    bool known;
    const cu_route *route = cu_route_find(CU_API_ANTHROPIC, CU_METHOD_POST, CU_LIT("/v1/messages"), &model, &known);
    unsigned opaque = 0;
    assert_int_equal(walk(t, &a, &s, &f), CU_OK);
    assert_int_equal(cu_shape_read(route, t, &s, &r, &f), CU_OK);
    assert_true(cu_eq_str(r.model, "m-1") && r.stream);
    cu_shape_mark(CU_API_ANTHROPIC, false, t, &s);
    for (size_t i = 0; i < s.n; i++)
        opaque += (s.v[i].flags & CU_JSON_OPAQUE) != 0;
    assert_int_equal(opaque, 1);
}

static void same_strings(const cu_json_strings *a, const cu_json_strings *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        assert_memory_equal(&a->v[i], &b->v[i], sizeof a->v[i]);
}

/* Taken up anywhere, a walk ends as the one from the beginning: with the same strings and places, or at the
 * same mistake. */
static void a_walk_is_taken_up_behind_any_element(void **state)
{
    static const char *const heads[] = {"{\"model\":\"m\",\"tags\":[{\"a\":1}],\"messages\" : [", "{ \"messages\":[{\"r\":\"x\"} ,"};
    static const char *const tails[] = {"] , \"end\":{\"x\":[[{\"y\":\"\\n\"}]]}}", "]}", "],\"messages\":1}", "],\"mod\\u0065l\":2}", "]] }", "", ",]}", "]}x"};
    for (size_t h = 0; h < 2; h++)
        for (size_t t = 0; t < sizeof tails / sizeof *tails; t++) {
            cu_arena a CU_CLEAN_ARENA;
            cu_json_strings all, on;
            cu_json_places places, again;
            cu_fault f, g;
            cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
            cu_buf_str(&b, heads[h]);
            for (int i = 0; i < 12; i++)
                cu_buf_fmt(&b, "%s{\"role\":\"user\",\"content\":[{\"text\":\"it \\\"%d\\\"\"},[%d],{}]%s}", i ? " ,\n" : "", i, i, i % 3 ? "" : ",\"n\":[1]");
            cu_arena_init(&a, 64u << 20);
            f = (cu_fault){0};
            cu_bytes good = cu_buf_view(&b);
            cu_buf whole CU_CLEAN_BUF = CU_BUF(65536);
            cu_buf_add(&whole, good);
            cu_buf_str(&whole, "]}");
            assert_int_equal(cu_json_walk_on(cu_buf_view(&whole), NULL, NULL, &a, &all, &places, &f), CU_OK);
            assert_int_equal(places.n, CU_JSON_PLACES);
            cu_json_string *before = all.v;
            cu_buf_str(&b, tails[t]);
            cu_bytes text = cu_buf_view(&b);
            cu_err e = cu_json_walk(text, &a, &all, &f);
            for (size_t k = 0; k < places.n; k++) {
                g = (cu_fault){0};
                assert_int_equal(text.p[places.v[k].at - 1], '}');
                assert_int_equal(cu_json_walk_on(text, &places.v[k], before, &a, &on, &again, &g), e);
                assert_int_equal(f.offset, g.offset);
                assert_string_equal(f.text, g.text);
                if (e != CU_OK)
                    continue;
                same_strings(&all, &on);
                assert_int_equal(again.n, places.n - k);
                assert_memory_equal(again.v, places.v + k, again.n * sizeof *again.v);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_the_rfc_allows), cmocka_unit_test(refuses_with_the_place),
        cmocka_unit_test(depth_has_a_ceiling), cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(specials_are_seen_at_every_place),
        cmocka_unit_test(strings_know_their_keys_and_escapes), cmocka_unit_test(offsets_follow_escapes),
        cmocka_unit_test(facts_and_classes_of_a_request), cmocka_unit_test(a_walk_is_taken_up_behind_any_element),
    };
    return cmocka_run_group_tests_name("wire/json", tests, NULL, NULL);
}
