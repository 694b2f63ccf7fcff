#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/buf.h"
#include "catalog/yaml.h"

static cu_arena arena;
static cu_fault fault;
static const cu_yaml *root;

static cu_err parse(cu_bytes text)
{
    cu_arena_free(&arena);
    cu_arena_init(&arena, (size_t)64 << 20);
    fault = (cu_fault){0};
    root = NULL;
    return cu_yaml_parse(text, &arena, &root, &fault);
}

static int done(void **state)
{
    (void)state;
    cu_arena_free(&arena);
    return 0;
}

static void a_tree_knows_its_lines(void **state)
{
    (void)state;
    assert_int_equal(parse(CU_LIT("a: 1\nlist:\n  - x\n  - {k: 'v w'}\n")), CU_OK);
    assert_true(cu_eq_str(cu_yaml_text(root, "a", CU_NONE), "1"));
    const cu_yaml *list = cu_yaml_get(root, "list");
    assert_int_equal(list->kind, CU_YAML_LIST);
    assert_int_equal(list->first->next->line, 4);
    const cu_yaml *k = cu_yaml_get(list->first->next, "k");
    assert_true(k->quoted && cu_eq_str(k->text, "v w"));
    assert_null(cu_yaml_get(root, "b"));
}

static void an_empty_file_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "# only a comment\n", "---\n", "\n\n"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        assert_int_equal(parse(cu_str(empty[i])), CU_OK);
        assert_int_equal(root->kind, CU_YAML_MAP);
        assert_null(root->first);
    }
}

static void surprises_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        cu_err err;
        uint32_t line;
    } bad[] = {
        {"a: 1\nb: 2\na: 3\n", CU_DUPLICATE, 3},   {"a: &x 1\n", CU_UNSUPPORTED, 1},
        {"a: 1\nb: *x\n", CU_UNSUPPORTED, 2},      {"a: !int 1\n", CU_UNSUPPORTED, 1},
        {"a: 1\n---\nb: 2\n", CU_UNSUPPORTED, 2},  {"? [a]\n: b\n", CU_SYNTAX, 1},
        {"a: [1, 2\n", CU_SYNTAX, 2},              {"a: \"x\n", CU_SYNTAX, 2},
        {"a:\n\t- b\n", CU_SYNTAX, 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(cu_str(bad[i].text)), bad[i].err);
        assert_int_equal(fault.line, bad[i].line);
        assert_true(fault.text[0] != 0);
    }
    assert_int_equal(parse(CU_LIT("a: \xff\n")), CU_UTF8);
}

static void depth_and_size_have_ceilings(void **state)
{
    (void)state;
    cu_buf b CU_CLEAN_BUF = CU_BUF((size_t)CU_YAML_MAX_BYTES + 10);
    for (int i = 0; i < 5000; i++)
        cu_buf_byte(&b, '[');
    assert_int_not_equal(parse(cu_buf_view(&b)), CU_OK);
    cu_buf_reset(&b);
    for (int i = 0; i < 40; i++)
        cu_buf_byte(&b, '[');
    for (int i = 0; i < 40; i++)
        cu_buf_byte(&b, ']');
    assert_int_equal(parse(cu_buf_view(&b)), CU_DEPTH);
    cu_buf_reset(&b);
    for (unsigned i = 0; i <= CU_YAML_MAX_KEYS; i++)
        cu_buf_fmt(&b, "k%u: 1\n", i);
    assert_int_equal(parse(cu_buf_view(&b)), CU_TOO_BIG);
    assert_int_equal(fault.line, CU_YAML_MAX_KEYS + 1);
    cu_buf_reset(&b);
    while (b.n <= CU_YAML_MAX_BYTES)
        cu_buf_byte(&b, '\n');
    assert_int_equal(parse(cu_buf_view(&b)), CU_TOO_BIG);
}

static void every_truncation_gives_a_tree_or_a_line(void **state)
{
    (void)state;
    cu_bytes whole = CU_LIT("rules:\n  - id: a-b\n    text: ['x', \"y\\n\"]\n    more: |\n      block\n"
                            "    map: {k: v, l: [1, {m: n}]}\n");
    for (size_t n = 0; n <= whole.n; n++) {
        cu_err e = parse(cu_slice(whole, 0, n));
        if (e == CU_OK)
            assert_non_null(root);
        else
            assert_true(fault.line > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_knows_its_lines),
        cmocka_unit_test(an_empty_file_is_an_empty_map),
        cmocka_unit_test(surprises_are_refused_with_their_line),
        cmocka_unit_test(depth_and_size_have_ceilings),
        cmocka_unit_test(every_truncation_gives_a_tree_or_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
