/* Patterns of .gitignore; tests/scan compares with git itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/clock.h"
#include "ignore.h"

static void globs(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path;
        bool yes;
    } t[] = {{"a*c", "abbc", true}, {"a*c", "ab/c", false}, {"**/c", "c", true}, {"**/c", "a/b/c", true},
             {"a/**/c", "a/c", true}, {"a/**/c", "a/x/y/c", true}, {"a/**", "a/b/c", true},
             {"[]a]", "]", true}, {"[!a]", "b", true}, {"[!a]", "/", false}, {"[a", "[a", false},
             {"\\*", "*", true}, {"\\*", "x", false}, {"a\\", "a\\", false}, {"[[:alpha:]-]", "-", true},
             {"*/*/z", "a/b/z", true}, {"**/a*/z", "q/ab/z", true}, {"?", "", false}, {"*", "", true},
             {"a**b", "a/b", false}, {"**/*.c/**/x", "a/b.c/d/x", true}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (cu_glob(t[i].pattern, t[i].path) != t[i].yes)
            fail_msg("%s against %s", t[i].pattern, t[i].path);
}

static void hostile_patterns_end(void **state)
{
    (void)state;
    char *path = calloc(1, 4001), pattern[400];
    memset(path, 'a', 4000);
    for (size_t i = 0; i + 1 < sizeof pattern; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[sizeof pattern - 1] = 0;
    pattern[sizeof pattern - 2] = 'b';
    uint64_t begun = cu_mono_ns();
    assert_false(cu_glob(pattern, path));
    assert_true(cu_mono_ns() - begun < 1000000000u);
    free(path);
}

static void levels(void **state)
{
    (void)state;
    cu_ignore *top = NULL, *sub = NULL;
    assert_int_equal(cu_ignore_parse(CU_LIT("# x\n*.log\n/only\nd/\n!a.log\n"), 0, NULL, &top), CU_OK);
    assert_int_equal(cu_ignore_parse(CU_LIT("!b.log\r\n/z  \n"), 4, top, &sub), CU_OK);
    assert_true(cu_ignore_matches(sub, "sub/c.log", false));
    assert_false(cu_ignore_matches(sub, "sub/b.log", false));
    assert_false(cu_ignore_matches(sub, "sub/a.log", false));
    assert_true(cu_ignore_matches(sub, "sub/z", false));
    assert_false(cu_ignore_matches(sub, "sub/q/z", false));
    assert_true(cu_ignore_matches(top, "only", false));
    assert_false(cu_ignore_matches(top, "sub/only", false));
    assert_false(cu_ignore_matches(top, "d", false));
    assert_true(cu_ignore_matches(top, "d", true));
    cu_ignore_free_until(sub, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(globs), cmocka_unit_test(hostile_patterns_end),
                                       cmocka_unit_test(levels)};
    return cmocka_run_group_tests_name("scan/ignore", tests, NULL, NULL);
}
