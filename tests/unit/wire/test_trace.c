/* traceparent, W3C Trace Context. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/trace.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define GOOD "00-" TRACE "-" SPAN "-01"

static void taken(void **state)
{
    cu_trace t;
    char out[CU_TRACE_LEN];
    assert_true(cu_trace_read(CU_LIT(GOOD), &t));
    assert_string_equal(t.trace, TRACE);
    assert_string_equal(t.parent, SPAN);
    assert_true(t.sampled);
    cu_trace_write(&t, "1111111111111111", out);
    assert_string_equal(out, "00-" TRACE "-1111111111111111-01");
    assert_true(cu_trace_read(CU_LIT("00-" TRACE "-" SPAN "-02"), &t));
    assert_false(t.sampled);
    cu_trace_write(&t, SPAN, out);
    assert_string_equal(out, "00-" TRACE "-" SPAN "-00");
    assert_true(cu_trace_read(CU_LIT("01-" TRACE "-" SPAN "-01-more"), &t));
}

static void refused(void **state)
{
    static const char *const bad[] = {
        "", "00", GOOD "-more", GOOD "x", "01-" TRACE "-" SPAN "-01x", "ff-" TRACE "-" SPAN "-01", "0G-" TRACE "-" SPAN "-01",
        "00-00000000000000000000000000000000-" SPAN "-01", "00-" TRACE "-0000000000000000-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
        "00-" TRACE "-" SPAN "-0x", "00_" TRACE "-" SPAN "-01", "00-" TRACE "_" SPAN "-01", "00-" TRACE "-" SPAN "_01",
    };
    cu_trace t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cu_trace_read(cu_str(bad[i]), &t));
    for (size_t n = 0; n < strlen(GOOD); n++)
        assert_false(cu_trace_read(cu_bytes_of(GOOD, n), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(taken), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
