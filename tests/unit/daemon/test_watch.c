/* When a moved clock is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

bool clock_stepped(int64_t before_ns, int64_t now_ns, int64_t *ms);

static void half_a_second_either_way(void **state)
{
    static const struct {
        int64_t moved_ns, ms;
        bool told;
    } cases[] = {{0, 0, false}, {500000000, 500, false}, {501000000, 501, true}, {-500000000, -500, false}, {-501000000, -501, true},
                 {-86400000000000, -86400000, true}};
    int64_t ms;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(clock_stepped(1764140000000000000, 1764140000000000000 + cases[i].moved_ns, &ms), cases[i].told);
        assert_int_equal(ms, cases[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(half_a_second_either_way)};
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
