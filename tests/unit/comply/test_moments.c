/* When entries were, packed: whatever the order in which they come, what is asked is what a plain sorted list says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "moments.h"

#define MOST 40000u
#define ASKED 60u

static uint64_t seed = 88172645463325252ull;
static uint64_t next_random(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static struct moment plain[MOST], sorted[MOST];

typedef struct {
    uint64_t sum, n, before;
} heard;

/* The same for the same gaps in the same order. */
static void hear(void *arg, uint64_t from, uint64_t to)
{
    heard *h = arg;
    assert_true(from >= h->before);
    h->before = from;
    h->n++;
    h->sum = h->sum * 31 + from * 7 + to;
}

static void expect_gaps(size_t n, uint64_t at, uint64_t limit, uint64_t from, heard *h)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t to = i + 1 < n ? sorted[i + 1].ms : at;
        if (to - sorted[i].ms > limit && to >= from)
            hear(h, sorted[i].ms, to);
    }
}

typedef struct {
    heard h;
    uint64_t from;
} limited;

static void hear_from(void *arg, uint64_t from, uint64_t to)
{
    limited *l = arg;
    if (to >= l->from)
        hear(&l->h, from, to);
}

static void ask(struct moments *m, size_t n, uint64_t at, uint64_t limit, uint64_t from)
{
    struct moment first = {0}, last = {0};
    size_t until = 0;
    limited got = {.from = from};
    heard want = {0};
    while (until < n && sorted[until].ms <= at)
        until++;
    assert_int_equal(moments_until(m, at, &first, &last), until);
    if (until) {
        assert_memory_equal(&first, &sorted[0], sizeof first);
        assert_memory_equal(&last, &sorted[until - 1], sizeof last);
    }
    moments_gaps(m, at, limit, from, hear_from, &got);
    expect_gaps(until, at, limit, from, &want);
    assert_int_equal(got.h.n, want.n);
    assert_int_equal(got.h.sum, want.sum);
}

static void check(struct moments *m, size_t n)
{
    memcpy(sorted, plain, n * sizeof *plain);
    qsort(sorted, n, sizeof *sorted, moment_order);
    ask(m, n, 0, 0, 0);
    ask(m, n, UINT64_MAX >> 2, 0, 0);
    for (unsigned i = 0; n && i < ASKED; i++) {
        uint64_t at = sorted[next_random(n)].ms + next_random(3) - (i % 2);
        ask(m, n, at, next_random(4000), i % 3 ? sorted[next_random(n)].ms : 0);
    }
}

/* In the order of plain; asked often, so that questions fall between any two states of the tail. */
static void take_all(size_t n, size_t step)
{
    struct moments m = {0};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(moments_add(&m, plain[i].ms, plain[i].place), CU_OK);
        if (i % step == step - 1 || i < 20)
            check(&m, i + 1);
    }
    check(&m, n);
    moments_free(&m);
    assert_null(m.blocks);
}

static uint64_t place(uint64_t log, uint64_t index)
{
    return log << MOMENT_INDEX_BITS | index;
}

static void in_order_over_several_logs(void **state)
{
    uint64_t index[20] = {0}, ms = 1700000000000;
    for (size_t i = 0; i < MOST; i++) {
        uint64_t log = i % 1000 < 700 ? 3 : next_random(20); /* more logs at once than are remembered */
        ms += next_random(50) ? next_random(9) : next_random(5000);
        index[log] += 1 + next_random(3);
        plain[i] = (struct moment){ms, place(log, index[log])};
    }
    take_all(MOST, 777);
    for (size_t n = 500; n < 530; n++) /* the tail is full, packed, and begins again */
        take_all(n, n);
}

static void log_after_log(void **state)
{
    for (size_t i = 0; i < MOST; i++)
        plain[i] = (struct moment){1700000000000 + i % 4000 * 100 + next_random(90), place(i / 4000, i % 4000)};
    take_all(MOST, 1999);
}

static void some_late(void **state)
{
    for (size_t i = 0; i < MOST; i++)
        plain[i] = (struct moment){1700000000000 + i * 10 - (next_random(40) ? next_random(30) : next_random(i * 10 + 1)), place(1, i)};
    take_all(MOST, 1777);
}

static void in_any_order_with_equal_times_and_the_largest_numbers(void **state)
{
    const uint64_t most = ((uint64_t)1 << MOMENT_INDEX_BITS) - 1;
    for (size_t i = 0; i < MOST; i++)
        plain[i] = (struct moment){next_random(3000), place(next_random(2), i)};
    take_all(MOST, 2999);
    for (size_t i = 0; i < 3000; i++)
        plain[i] = (struct moment){i % 2 ? UINT64_MAX >> 2 : i, place(i % 2 ? 4095 : 0, most - i * 5)};
    take_all(3000, 333);
}

static void none(void **state)
{
    struct moments m = {0};
    check(&m, 0);
    moments_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),
        cmocka_unit_test(in_order_over_several_logs),
        cmocka_unit_test(log_after_log),
        cmocka_unit_test(some_late),
        cmocka_unit_test(in_any_order_with_equal_times_and_the_largest_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
