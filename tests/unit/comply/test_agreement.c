/* The form of the trust page: strict, with ceilings, and nothing that was not agreed to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "comply/agreement.h"

#define WHOLE "report=control-matrix&name=Jo+D%c3%b6e&mail=jo%40example.org&purpose=audit&agree=yes"

static cu_err parse(const char *form, cu_agreement *a, cu_fault *f)
{
    char *copy = malloc(strlen(form) + 1); /* so that a sanitizer sees the end */
    memcpy(copy, form, strlen(form));
    cu_err e = cu_agreement_parse(cu_bytes_of(copy, strlen(form)), a, f);
    free(copy);
    return e;
}

static void a_whole_form_is_read(void **state)
{
    cu_agreement a;
    cu_fault f = {0};
    assert_int_equal(parse(WHOLE, &a, &f), CU_OK);
    assert_string_equal(a.report, "control-matrix");
    assert_string_equal(a.name, "Jo D\xc3\xb6" "e");
    assert_string_equal(a.mail, "jo@example.org");
    assert_string_equal(a.purpose, "audit");
    assert_true(a.agreed);
}

static void anything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "report", "report=&", "=x", "report=a&report=b", "colour=red", "report=a%2", "report=a%zz", "report=%00", "name=%0d%0aX", "name=%ff", "name=%c0%80",
        "report=a&name=b&mail=c%40d&purpose=audit", "report=a&name=b&mail=c%40d&purpose=audit&agree=no", "report=a&name=b&mail=c&purpose=audit&agree=yes",
        "report=a&name=b&mail=%40d&purpose=audit&agree=yes", "report=a&name=b&mail=c%40d%40e&purpose=audit&agree=yes", "report=a&name=b&mail=c%40d&purpose=fun&agree=yes",
        "report=../x&name=b&mail=c%40d&purpose=audit&agree=yes", "report=a&name=b&mail=c%40d%3e&purpose=audit&agree=yes", "name=b&mail=c%40d&purpose=audit&agree=yes",
        "report=a&mail=c%40d&purpose=audit&agree=yes"};
    cu_agreement a;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cu_fault f = {0};
        if (parse(bad[i], &a, &f) == CU_OK || !f.text[0])
            fail_msg("taken: %s", bad[i]);
    }
    for (size_t n = 0; n < strlen(WHOLE); n++) { /* every beginning of a whole one */
        char form[200];
        cu_fault f = {0};
        memcpy(form, WHOLE, n);
        form[n] = 0;
        assert_int_not_equal(parse(form, &a, &f), CU_OK);
    }
}

static void everything_has_a_ceiling(void **state)
{
    cu_agreement a;
    char form[CU_AGREEMENT_FORM_MAX + 2];
    cu_fault f = {0};
    memset(form, 'a', sizeof form);
    form[sizeof form - 1] = 0;
    assert_int_equal(parse(form, &a, &f), CU_TOO_BIG);
    memcpy(form, "name=", 5);
    form[5 + sizeof a.name] = 0;
    assert_int_equal(parse(form, &a, &f), CU_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_form_is_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(everything_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
