/* Plans: dates from a start and back from a report, moves that take what depends on them along, forecasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "comply/timeline.h"

#define DAY 86400ull
#define START 1796083200ull /* 2026-12-01 */

static cu_arena arena;
static cu_timeline *t;

static int open_it(void **state)
{
    cu_fault f = {0};
    cu_events *e;
    cu_catalogue *c;
    cu_arena_init(&arena, 64u << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, &arena, &e, &f), CU_OK);
    assert_int_equal(cu_catalogue_load(CATALOG_DIR, e, &arena, &c, &f), CU_OK);
    cu_err err = cu_timeline_load(CATALOG_DIR, e, c, &arena, &t, &f);
    if (err != CU_OK)
        print_error("%s\n", f.text);
    return err == CU_OK ? 0 : -1;
}

static int close_it(void **state)
{
    cu_arena_free(&arena);
    return 0;
}

static size_t at(const char *id)
{
    const cu_milestone *m = cu_milestone_find(t, id);
    assert_non_null(m);
    return (size_t)(m - t->v);
}

static void months_end_where_the_month_ends(void **state)
{
    static const struct {
        uint64_t from;
        int months;
        uint64_t to;
    } rows[] = {
        {1819670400, 6, 1835395200}, /* 2027-8-31 -> 2028-2-29 */
        {1788134400, 6, 1803772800}, /* 2026-8-31 -> 2027-2-28 */
        {1797292800, 3, 1805068800}, /* 2026-12-15 -> 2027-3-15 */
        {1801353600, -3, 1793404800}, /* 2027-1-31 -> 2026-10-31 */
        {1806451200, -1, 1803772800}, /* 2027-3-31 -> 2027-2-28 */
        {1796083200, 12, 1827619200}, /* 2026-12-1 -> 2027-12-1 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(cu_months_later(rows[i].from, rows[i].months), rows[i].to);
}

static void every_window_from_a_start_and_back_from_its_report(void **state)
{
    static const unsigned months[] = {0, 3, 6, 9, 12};
    for (size_t k = 0; k < 5; k++)
        for (int fast = 0; fast < 2; fast++) {
            cu_plan p, back;
            cu_plan_asked in = {.months = months[k], .fast = fast, .start = START, .now = START};
            assert_int_equal(cu_timeline_plan(t, &in, &p), CU_OK);
            assert_int_equal(p.from, START + (fast ? 8 : 20) * 7 * DAY);
            assert_int_equal(p.to, months[k] ? cu_months_later(p.from, (int)months[k]) : p.from + DAY);
            assert_int_equal(p.report, p.to + (fast ? 5 : 6) * 7 * DAY);
            assert_int_equal(p.forecast_report, p.report);
            for (size_t i = 0; i < t->n; i++) {
                assert_int_equal(p.v[i].planned, p.v[i].date);
                for (size_t n = 0; n < t->v[i].needs_n; n++)
                    assert_true(p.v[t->v[i].needs[n]].date <= p.v[i].date); /* nothing before what it needs */
            }
            cu_plan_asked from_end = {.months = months[k], .fast = fast, .report_by = p.report, .now = START};
            assert_int_equal(cu_timeline_plan(t, &from_end, &back), CU_OK);
            int64_t off = (int64_t)back.start - (int64_t)START; /* months have ends of their own */
            assert_true(off >= -3 * (int64_t)DAY && off <= 3 * (int64_t)DAY);
            assert_true(back.report <= p.report + 3 * DAY);
        }
}

static void a_move_takes_what_needs_it_along_and_nothing_else(void **state)
{
    cu_plan before, after;
    cu_plan_asked in = {.months = 6, .start = START, .now = START};
    assert_int_equal(cu_timeline_plan(t, &in, &before), CU_OK);
    size_t moved = at("M20");
    in.moved[moved] = before.v[moved].date + 30 * DAY;
    assert_int_equal(cu_timeline_plan(t, &in, &after), CU_OK);
    static const char *const along[] = {"M21", "M22", "M24", "M26", "M28", "M30", "M31"}, *const stay[] = {"M01", "M06", "M15", "M19"};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(after.v[at(along[i])].date, before.v[at(along[i])].date + 30 * DAY);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(after.v[at(stay[i])].date, before.v[at(stay[i])].date);
    assert_int_equal(after.report, before.report + 30 * DAY);
}

static void what_is_late_makes_the_rest_late(void **state)
{
    cu_plan p;
    cu_plan_asked in = {.months = 6, .start = START, .now = START + 60 * DAY};
    in.reached[at("M01")] = START + 14 * DAY; /* planned for a week */
    in.reached[at("M02")] = START + 14 * DAY;
    assert_int_equal(cu_timeline_plan(t, &in, &p), CU_OK);
    assert_int_equal(p.pace_percent, 200);
    assert_int_equal(p.v[at("M03")].forecast, in.now); /* was due long ago */
    assert_true(p.v[at("M15")].forecast >= START + 2 * 17 * 7 * DAY);
    assert_true(p.forecast_report > p.report);
    assert_int_equal(p.v[at("M01")].forecast, START + 14 * DAY);
}

static void a_good_pace_promises_nothing(void **state)
{
    cu_plan p;
    cu_plan_asked in = {.months = 3, .start = START, .now = START + DAY};
    in.reached[at("M01")] = in.reached[at("M02")] = START + DAY;
    assert_int_equal(cu_timeline_plan(t, &in, &p), CU_OK);
    assert_int_equal(p.pace_percent, 100);
    assert_int_equal(p.forecast_report, p.report);
}

static void what_is_no_window_is_refused(void **state)
{
    cu_plan p;
    const cu_plan_asked wrong[] = {{.months = 5, .start = START}, {.months = 15, .start = START}, {.months = 6}, {.months = 6, .report_by = DAY}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(cu_timeline_plan(t, &wrong[i], &p), CU_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_end_where_the_month_ends),
        cmocka_unit_test(every_window_from_a_start_and_back_from_its_report),
        cmocka_unit_test(a_move_takes_what_needs_it_along_and_nothing_else),
        cmocka_unit_test(what_is_late_makes_the_rest_late),
        cmocka_unit_test(a_good_pace_promises_nothing),
        cmocka_unit_test(what_is_no_window_is_refused),
    };
    return cmocka_run_group_tests(tests, open_it, close_it);
}
