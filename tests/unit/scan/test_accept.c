/* Baseline, ignore file, inline marks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "scan/accept.h"

#define DAY ((uint64_t)86400 * 1000000000u)
static uint64_t now; /* 2026-11-24 */
static char dir[] = "/tmp/custos-accept-XXXXXX";
static char base_path[64], ignore_path[64];

static cu_scan_finding finding(const char *path, const char *value)
{
    static cu_scan_source s;
    s = (cu_scan_source){.path = path};
    return (cu_scan_finding){.source = &s, .line = 1, .column = 1, .end_line = 1, .type = CU_TYPE_SECRET,
                             .value = cu_str(value)};
}

static cu_scan_finding in_line(const char *line, const char *value, const char *before)
{
    cu_scan_finding f = finding("a.c", value);
    f.line_text = cu_str(line);
    f.line_before = cu_str(before);
    f.in_line = cu_find(f.line_text, f.value, 0);
    f.in_line_end = f.in_line + f.value.n;
    return f;
}

static void put(const char *path, const char *text)
{
    assert_int_equal(cu_file_replace(AT_FDCWD, path, cu_str(text), 0600), CU_OK);
}

static cu_accept *load(const char *baseline, const char *ignore, uint64_t at)
{
    cu_accept *a = NULL;
    cu_fault f = {0};
    if (cu_accept_load(baseline, ignore, at, &a, &f) != CU_OK)
        fail_msg("%s", f.text);
    return a;
}

static void baseline_of(const char *const *values, size_t n)
{
    cu_accept *a = NULL;
    cu_fault f = {0};
    assert_int_equal(cu_accept_create(base_path, NULL, now, &a, &f), CU_OK);
    cu_accept_collect(a);
    for (size_t i = 0; i < n; i++) {
        cu_scan_finding x = finding("src/a.c", values[i]);
        assert_int_equal(cu_accept_judge(a, &x, "rule-a"), CU_ACCEPT_BASELINE);
    }
    assert_int_equal(cu_accept_write(a, base_path, &f), CU_OK);
    cu_accept_free(a);
}

static void a_baseline_accepts_value_rule_and_path_together(void **state)
{
    const char *two[] = {"value-one", "value-two"};
    (void)state;
    baseline_of(two, 2);
    cu_accept *a = load(base_path, NULL, now);
    cu_scan_finding f = finding("src/a.c", "value-one");
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_BASELINE);
    assert_int_equal(cu_accept_judge(a, &f, "rule-b"), CU_ACCEPT_NO);
    f = finding("./src//b/../a.c", "value-one");
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_BASELINE);
    char absolute[200], real[PATH_MAX];
    assert_non_null(realpath(dir, real));
    snprintf(absolute, sizeof absolute, "%.150s/src/a.c", real);
    f = finding(absolute, "value-one");
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_BASELINE);
    f = finding("src/b.c", "value-one");
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_NO);
    f = finding("src/a.c", "value-three");
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_NO);
    f = finding("baseline", "anything");
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_FILE);
    cu_accept_free(a);
}

static void an_update_keeps_reviews_and_drops_what_vanished(void **state)
{
    const char *three[] = {"one", "two", "three"};
    cu_accept_entry e;
    cu_fault f = {0};
    (void)state;
    baseline_of(three, 3);
    cu_accept *a = load(base_path, NULL, now);
    assert_int_equal(cu_accept_count(a), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cu_accept_review(a, i, "ada", "invented values", "2027-01-31"), CU_OK);
    assert_int_equal(cu_accept_review(a, 0, "ada", "", "2027-02-30"), CU_SYNTAX);
    assert_int_equal(cu_accept_write(a, base_path, &f), CU_OK);
    cu_accept_free(a);
    a = load(base_path, NULL, now + 5 * DAY);
    cu_accept_collect(a);
    const char *next[] = {"two", "four"};
    for (size_t i = 0; i < 2; i++) {
        cu_scan_finding x = finding("src/a.c", next[i]);
        assert_int_equal(cu_accept_judge(a, &x, "rule-a"), CU_ACCEPT_BASELINE);
    }
    assert_int_equal(cu_accept_write(a, base_path, &f), CU_OK);
    cu_accept_free(a);
    a = load(base_path, NULL, now);
    assert_int_equal(cu_accept_count(a), 2);
    int reviewed = 0;
    for (size_t i = 0; i < 2; i++) {
        cu_accept_at(a, i, &e);
        if (*e.reviewed_by) {
            reviewed++;
            assert_string_equal(e.first_seen, "2026-11-24");
            assert_string_equal(e.expires, "2027-01-31");
        } else {
            assert_string_equal(e.first_seen, "2026-11-29");
        }
    }
    assert_int_equal(reviewed, 1);
    cu_accept_free(a);
}

static void what_expired_is_found_again_with_its_reason(void **state)
{
    const char *one[] = {"one"};
    char why[200];
    cu_fault fault = {0};
    uint64_t end;
    (void)state;
    baseline_of(one, 1);
    cu_accept *a = load(base_path, NULL, now);
    assert_int_equal(cu_accept_review(a, 0, "ada", "until the move", "2027-01-31"), CU_OK);
    assert_int_equal(cu_accept_write(a, base_path, &fault), CU_OK);
    cu_accept_free(a);
    assert_true(cu_accept_day(CU_LIT("2027-01-31"), &end));
    cu_scan_finding f = finding("src/a.c", "one");
    a = load(base_path, NULL, end);
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_BASELINE);
    cu_accept_free(a);
    a = load(base_path, NULL, end + 1);
    assert_int_equal(cu_accept_explain(a, &f, "rule-a", why, sizeof why), CU_ACCEPT_EXPIRED);
    assert_string_equal(why, "until the move (ada, expired after 2027-01-31)");
    cu_accept_free(a);
}

static void a_baseline_is_read_strictly(void **state)
{
    cu_buf good CU_CLEAN_BUF = CU_BUF(1 << 20);
    const char *one[] = {"one"};
    cu_accept *a = NULL;
    cu_fault f = {0};
    (void)state;
    baseline_of(one, 1);
    assert_int_equal(cu_file_read(AT_FDCWD, base_path, &good), CU_OK);
    assert_true(cu_accept_own_file(cu_buf_view(&good)));
    assert_false(cu_accept_own_file(CU_LIT("{\"custos\":\"baseline\"}")));
    cu_buf_str(&good, "token = 1\n");
    assert_false(cu_accept_own_file(cu_buf_view(&good)));
    put(base_path, cu_buf_cstr(&good));
    assert_int_equal(cu_accept_load(base_path, NULL, now, &a, &f), CU_SYNTAX);
    assert_null(a);
    assert_non_null(strstr(f.text, "baseline:3: "));
    /* every truncation is an error or a baseline of fewer whole lines; none crashes */
    for (size_t n = 0; n < good.n - 10; n++) {
        assert_int_equal(cu_file_replace(AT_FDCWD, base_path, cu_slice(cu_buf_view(&good), 0, n), 0600), CU_OK);
        cu_err e = cu_accept_load(base_path, NULL, now, &a, &f);
        assert_true(e == CU_OK || e == CU_SYNTAX);
        cu_accept_free(a);
    }
    assert_int_equal(cu_accept_load("/nowhere/at-all", NULL, now, &a, &f), CU_NOT_FOUND);
}

static void the_ignore_file_is_strict_and_says_where(void **state)
{
    static const struct { const char *text; int line; } wrong[] = {
        {"a.c\n", 1}, {"# ok\n\na.c *\n", 3}, {"a.c * never\n", 1}, {"a.c * never x\n", 1},
        {"a.c * 2027-02-30 some reason\n", 1}, {"a.c Rule! never some reason\n", 1},
        {"a[.c * never some reason\n", 1}, {"a**b * never some reason\n", 1}, {"\xff * never reason\n", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cu_accept *a = NULL;
        cu_fault f = {0};
        put(ignore_path, wrong[i].text);
        assert_int_equal(cu_accept_load(NULL, ignore_path, now, &a, &f), CU_SYNTAX);
        assert_int_equal(f.line, wrong[i].line);
    }
    put(ignore_path, "# why\ntests/** rule-a 2026-11-24 invented values\r\n\nwith\\ blank.c * never some reason\n"
                     "old/ * 2026-11-23 was allowed\n");
    cu_accept *a = load(NULL, ignore_path, now);
    cu_scan_finding f = finding("tests/x/y.c", "v");
    char why[100];
    assert_int_equal(cu_accept_judge(a, &f, "rule-a"), CU_ACCEPT_FILE);
    assert_int_equal(cu_accept_judge(a, &f, "rule-b"), CU_ACCEPT_NO);
    f = finding("with blank.c", "v");
    assert_int_equal(cu_accept_judge(a, &f, "rule-b"), CU_ACCEPT_FILE);
    f = finding("old/a/b", "v");
    assert_int_equal(cu_accept_explain(a, &f, "rule-b", why, sizeof why), CU_ACCEPT_EXPIRED);
    assert_string_equal(why, "was allowed (expired after 2026-11-23)");
    cu_accept_free(a);
}

static void patterns(void **state)
{
    static const struct { const char *glob, *path; bool fits; } t[] = {
        {"a.c", "a.c", true}, {"a.c", "x/y/a.c", true}, {"a.c", "x/a.cc", false}, {"/a.c", "x/a.c", false},
        {"x/*.c", "x/a.c", true}, {"x/*.c", "x/y/a.c", false}, {"x/**", "x/y/a.c", true}, {"x/**", "x", false},
        {"**/a", "a", true}, {"**/a", "b/c/a", true}, {"**/a", "ba", false}, {"x/**/a", "x/a", true},
        {"x/**/a", "x/y/z/a", true}, {"x/**/a", "x/ya", false}, {"t/", "t/a", true}, {"t/", "s/t/a/b", true},
        {"t/", "t", false}, {"a?c", "abc", true}, {"a?c", "a/c", false}, {"[a-c]x", "bx", true}, {"[!a-c]x", "bx", false},
        {"[!a-c]x", "dx", true}, {"a\\*", "a*", true}, {"a\\*", "ab", false}, {"*", "x/y", true}, {"**", "x/y", true},
        {"**/b/**/d", "a/b/c/b/e/d", true}, {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (cu_accept_glob(t[i].glob, t[i].path) != t[i].fits)
            fail_msg("%s on %s", t[i].glob, t[i].path);
}

static int warnings;
static void count_warning(void *arg, const char *path, uint64_t line, const char *what)
{
    (void)arg, (void)path, (void)line, (void)what;
    warnings++;
}

static void inline_marks(void **state)
{
    static const struct { const char *line, *before; bool accepted, warned; } t[] = {
        {"k = VALUE # custos:allow rule-a invented for the test", "", true, false},
        {"k = VALUE # custos:allow * invented for the test", "", true, false},
        {"k = VALUE # custos:allow rule-b invented for the test", "", false, true},
        {"k = VALUE # custos:allow rule-a", "", false, true},
        {"k = VALUE # custos:allow rule-a -- 1", "", false, true},
        {"k = VALUE /* custos:allow rule-a */ more words here", "", false, true},
        {"/* custos:allow rule-a invented */ k = VALUE", "", true, false},
        {"# custos:allow rule-a VALUE", "", false, true},
        {"# custos:allowed rule-a some reason VALUE", "", false, false},
        {"k = VALUE", "  // custos:allow rule-a invented", true, false},
        {"k = VALUE", "  <!-- custos:allow rule-a invented -->", true, false},
        {"k = VALUE", "other = 1 // custos:allow rule-a invented", false, false},
        {"k = VALUE", "// custos:allow rule-a", false, true},
        {"k = VALUE", "", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        cu_accept *a = load(NULL, NULL, now);
        warnings = 0;
        cu_accept_on_warning(a, count_warning, NULL);
        cu_scan_finding f = in_line(t[i].line, "VALUE", t[i].before);
        for (int twice = 0; twice < 2; twice++)
            if ((cu_accept_judge(a, &f, "rule-a") == CU_ACCEPT_INLINE) != t[i].accepted)
                fail_msg("case %zu", i);
        assert_int_equal(warnings, t[i].warned);
        cu_accept_free(a);
    }
}

static int before_all(void **state)
{
    (void)state;
    uint64_t end;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    snprintf(base_path, sizeof base_path, "%s/baseline", dir);
    snprintf(ignore_path, sizeof ignore_path, "%s/.custosignore", dir);
    assert_true(cu_accept_day(CU_LIT("2026-11-24"), &end));
    now = end - DAY / 2;
    return 0;
}

static int after_all(void **state)
{
    (void)state;
    unlink(base_path);
    unlink(ignore_path);
    return chdir("/") != 0 || rmdir(dir) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_baseline_accepts_value_rule_and_path_together),
        cmocka_unit_test(an_update_keeps_reviews_and_drops_what_vanished),
        cmocka_unit_test(what_expired_is_found_again_with_its_reason),
        cmocka_unit_test(a_baseline_is_read_strictly),
        cmocka_unit_test(the_ignore_file_is_strict_and_says_where),
        cmocka_unit_test(patterns),
        cmocka_unit_test(inline_marks),
    };
    return cmocka_run_group_tests_name("accept", tests, before_all, after_all);
}
