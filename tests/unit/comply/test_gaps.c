/* What is missing is named by its label and its type, and what to do next is something that one can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "comply/gaps.h"

#define DAY 86400000ull
#define T0 (20600ull * DAY)

static cu_arena arena;
static cu_catalogue *cat;
static cu_events *events;

static int load(void **state)
{
    cu_fault f = {0};
    cu_arena_init(&arena, 64u << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, &arena, &events, &f), CU_OK);
    assert_int_equal(cu_catalogue_load(CATALOG_DIR, events, &arena, &cat, &f), CU_OK);
    return 0;
}

static int unload(void **state)
{
    cu_arena_free(&arena);
    return 0;
}

static void gap_of(cu_status *s, const char *id, uint64_t at, cu_gap *g)
{
    cu_control_status st;
    cu_status_control(s, cu_control_find(cat, cu_str(id)), at, &st);
    assert_true(cu_gap_of(&st, g));
}

static void put(cu_status *s, uint64_t index, cu_bytes type, uint64_t ms)
{
    char ts[CU_TIME_LEN];
    cu_time_text(ms * 1000000, ts);
    const cu_status_entry e = {CU_LIT("org"), index, type, cu_str(ts), CU_LIT("{}")};
    assert_int_equal(cu_status_take(s, &e), CU_OK);
}

static void every_control_without_evidence_says_what_it_lacks_and_how_it_comes(void **state)
{
    cu_status *s;
    assert_int_equal(cu_status_new(cat, &s), CU_OK);
    for (size_t i = 0; i < cat->controls_n; i++) {
        const cu_source *x = &cat->controls[i].sources[0];
        cu_control_status st;
        cu_gap g;
        cu_status_control(s, &cat->controls[i], T0, &st);
        assert_true(cu_gap_of(&st, &g));
        if (x->known[0] && (!strstr(g.cause, cu_arena_str(&arena, x->known[0]->label)) || !strstr(g.cause, cu_arena_str(&arena, x->events[0]))))
            fail_msg("%.*s: %s", CU_FMT(cat->controls[i].id), g.cause);
        if (g.cause[strlen(g.cause) - 1] != '.' || g.next[strlen(g.next) - 1] != '.' || strlen(g.next) < 15) /* whole, and something */
            fail_msg("%.*s: %s %s", CU_FMT(cat->controls[i].id), g.cause, g.next);
    }
    cu_status_free(s);
}

static void the_next_step_is_the_first_that_is_missing(void **state)
{
    cu_status *s;
    cu_gap g;
    assert_int_equal(cu_status_new(cat, &s), CU_OK);
    gap_of(s, "GOV-01", T0, &g);
    assert_string_equal(g.cause, "There is none yet: Policy approved (policy.approved).");
    assert_non_null(strstr(g.next, "(custos register step policy.approved)."));
    assert_true(cu_eq(g.reg, CU_LIT("policy")));
    put(s, 0, CU_LIT("policy.approved"), T0);
    gap_of(s, "GOV-01", T0, &g);
    assert_non_null(strstr(g.cause, "(policy.acknowledged)"));
    put(s, 1, CU_LIT("policy.acknowledged"), T0);
    gap_of(s, "GOV-01", T0, &g);
    assert_string_equal(g.next, "Issue a key: custos key issue --user NAME.");
    gap_of(s, "GOV-01", T0 + 2000 * DAY, &g);
    assert_string_equal(g.cause, "The newest of its kind is too old: Policy approved (policy.approved).");
    gap_of(s, "DAT-03", T0, &g); /* a probe is run by its name */
    assert_non_null(strstr(g.next, "custos probe dat-"));
    gap_of(s, "OPS-06", T0, &g);
    assert_non_null(strstr(g.next, "custos audit nil OPS-06. Else: "));
    cu_status_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_control_without_evidence_says_what_it_lacks_and_how_it_comes),
        cmocka_unit_test(the_next_step_is_the_first_that_is_missing),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
