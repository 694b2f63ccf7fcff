/* Lists of known secrets: what counts as a value, and what is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "catalog/known_list.h"

static cu_err each(void *arg, cu_bytes value)
{
    cu_buf *b = arg;
    cu_buf_add(b, value);
    cu_buf_byte(b, '|');
    return CU_OK;
}

static cu_err read_list(const char *text, cu_buf *values, unsigned *left_out, cu_fault *f)
{
    char path[] = "/tmp/custos-known-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
    cu_err e = cu_known_list_read(path, each, values, left_out, f);
    unlink(path);
    return e;
}

static void values_as_written(void **state)
{
    static const char *const cases[][2] = {
        {"A=plain-value-1\n", "plain-value-1|"},
        {"  export A.b-c = plain-value-1   # why\r\n\n# B=no-value-at-all\nC=no#comment#here", "plain-value-1|no#comment#here|"},
        {"A='single \\n # quoted'\nB=\"a \\\"b\\\" \\\\ c\"  # d\n", "single \\n # quoted|a \"b\" \\ c|"},
        {"K=\"first line of it\nsecond line of it\n\"\nL=\"one\\ntwo two two\"\n", "first line of it|second line of it|two two two|"},
        {"EMPTY=\nSHORT=1234567\nQ=''\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
        cu_fault f = {0};
        unsigned left_out;
        if (read_list(cases[i][0], &b, &left_out, &f) != CU_OK)
            fail_msg("%s", f.text);
        assert_string_equal(cu_buf_cstr(&b), cases[i][1]);
    }
}

static void refused_with_the_line(void **state)
{
    static const struct {
        const char *text, *why;
        uint32_t line;
    } cases[] = {{"A=long-enough\nnothing here\n", "NAME=VALUE", 2}, {"\n\nA=\"open\n\n", "inside quotes", 5}, {"A='value-of-a' more\n", "more text", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
        cu_fault f = {0};
        unsigned left_out;
        assert_int_equal(read_list(cases[i].text, &b, &left_out, &f), CU_CONFIG);
        assert_non_null(strstr(f.text, cases[i].why));
        assert_int_equal(f.line, cases[i].line);
    }
}

static void bounded(void **state)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(1 << 20), b CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_fault f = {0};
    unsigned left_out;
    for (unsigned i = 0; i <= CU_KNOWN_VALUES; i++)
        cu_buf_fmt(&text, "K=value-number-%u\n", i);
    assert_int_equal(read_list(cu_buf_cstr(&text), &b, &left_out, &f), CU_CONFIG);
    cu_buf_reset(&text);
    cu_buf_str(&text, "K=");
    for (unsigned i = 0; i <= CU_KNOWN_MAX; i++)
        cu_buf_byte(&text, 'x');
    assert_int_equal(read_list(cu_buf_cstr(&text), &b, &left_out, &f), CU_CONFIG);
    assert_int_equal(read_list("A=1\nB=22\nC=333\nD=long-enough\n", &b, &left_out, &f), CU_OK);
    assert_int_equal(left_out, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_as_written), cmocka_unit_test(refused_with_the_line), cmocka_unit_test(bounded)};
    return cmocka_run_group_tests_name("catalog/known_list", tests, NULL, NULL);
}
