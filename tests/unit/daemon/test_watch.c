/* When a moved clock is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

bool clock_stepped(int64_t before_ns, int64_t now_ns, int64_t *ms);
bool watch_due(uint64_t *next_ns, uint64_t now_ns, uint64_t every_ns);

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

static void a_look_is_due_by_the_wall_clock(void **state)
{
    const uint64_t minute = 60000000000, now = 1764140000000000000;
    uint64_t next = now + 10000000000;
    assert_false(watch_due(&next, now, minute));
    assert_true(watch_due(&next, now + 10000000000, minute));
    assert_false(watch_due(&next, now + 69999999999, minute));
    assert_true(watch_due(&next, now + 400 * minute, minute)); /* the machine slept: once, not 400 times */
    assert_false(watch_due(&next, now + 400 * minute + 1, minute));
    assert_true(watch_due(&next, now, minute)); /* set back: not put off for hours */
    assert_false(watch_due(&next, now + 1, minute));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(half_a_second_either_way), cmocka_unit_test(a_look_is_due_by_the_wall_clock)};
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
