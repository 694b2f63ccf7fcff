/* What is to be known of a vendor, and promises against terms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "comply/vendors.h"

static void the_shipped_form_loads(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_events *events;
    cu_catalogue *c;
    cu_vendor_form *form;
    unsigned strict = 0;
    cu_arena_init(&a, (size_t)64 << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, &a, &events, &f), CU_OK);
    assert_int_equal(cu_catalogue_load(CATALOG_DIR, events, &a, &c, &f), CU_OK);
    if (cu_vendor_form_load(CATALOG_DIR, events, c, &a, &form, &f) != CU_OK)
        fail_msg("%s", f.text);
    for (size_t i = 0; i < form->n; i++)
        strict += form->v[i].strict_without;
    assert_true(form->n >= 40 && strict >= 10 && form->profiles_n >= 6);
    assert_non_null(cu_vendor_field_find(form, cu_promise_field(CU_LIT("retention_days"))));
    assert_non_null(cu_vendor_field_find(form, cu_promise_field(CU_LIT("residency"))));
    assert_null(cu_vendor_field_find(form, CU_LIT("colour")));
}

static void promises_are_held_against_terms(void **state)
{
    static const struct {
        const char *topic, *promised, *says;
        cu_term_verdict want;
    } t[] = {
        {"training", "no", "No, by the commercial terms", CU_TERM_AGREES},
        {"training", "no", "yes, unless opted out", CU_TERM_CONTRADICTS},
        {"training", "no", "by request", CU_TERM_UNCLEAR},
        {"training", "no", "normally", CU_TERM_UNCLEAR},
        {"retention_days", "30", "30 days", CU_TERM_AGREES},
        {"retention_days", "30", "P55D", CU_TERM_CONTRADICTS},
        {"retention_days", "7", "1 week", CU_TERM_AGREES},
        {"retention_days", "30", "2 months", CU_TERM_CONTRADICTS},
        {"retention_days", "30", "as long as needed", CU_TERM_UNCLEAR},
        {"retention_days", "30", "", CU_TERM_UNCLEAR},
        {"breach_notice_hours", "72", "48 hours", CU_TERM_AGREES},
        {"breach_notice_hours", "72", "5 days", CU_TERM_CONTRADICTS},
        {"subprocessor_notice_days", "30", "14 days", CU_TERM_CONTRADICTS},
        {"residency", "eu-west-1, eu-central-1", "EU-Central-1", CU_TERM_AGREES},
        {"residency", "eu-west-1", "eu-west-1, us-east-1", CU_TERM_CONTRADICTS},
        {"residency", "eu-west-1", "eu-west", CU_TERM_CONTRADICTS},
        {"other", "x", "y", CU_TERM_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (cu_promise_against(cu_str(t[i].topic), cu_str(t[i].promised), cu_str(t[i].says)) != t[i].want)
            fail_msg("%s: promised %s, says %s", t[i].topic, t[i].promised, t[i].says);
}

static void a_report_is_good_for_a_year_and_a_bridge_for_three_months(void **state)
{
    static const struct {
        const char *kind, *opinion, *to, *bridge, *now;
        bool fits;
        unsigned uncovered;
    } t[] = {
        {"soc2_type2", "unqualified", "2026-09-30T00:00:00.000Z", "", "2026-10-10T00:00:00.000Z", true, 10},
        {"soc2_type2", "unqualified", "2026-09-30T00:00:00.000Z", "2026-12-15T00:00:00.000Z", "2026-11-27T00:00:00.000Z", true, 0},
        {"soc2_type2", "unqualified", "2026-09-30T00:00:00.000Z", "2027-09-30T00:00:00.000Z", "2027-01-31T00:00:00.000Z", true, 31},
        {"soc2_type2", "unqualified", "2025-09-30T00:00:00.000Z", "", "2026-11-27T00:00:00.000Z", false, 423},
        {"soc2_type1", "unqualified", "2026-09-30T00:00:00.000Z", "", "2026-10-01T00:00:00.000Z", false, 1},
        {"soc2_type2", "adverse", "2026-09-30T00:00:00.000Z", "", "2026-10-01T00:00:00.000Z", false, 1},
        {"soc2_type2", "unqualified", "soon", "", "2026-10-01T00:00:00.000Z", false, 0},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        uint64_t days;
        bool fits = cu_report_fits(cu_str(t[i].kind), cu_str(t[i].opinion), cu_str(t[i].to), cu_str(t[i].bridge), cu_day_ns(cu_str(t[i].now)), &days);
        if (fits != t[i].fits || days != t[i].uncovered)
            fail_msg("row %zu: %d, %llu days uncovered", i, fits, (unsigned long long)days);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_form_loads),
        cmocka_unit_test(promises_are_held_against_terms),
        cmocka_unit_test(a_report_is_good_for_a_year_and_a_bridge_for_three_months),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
