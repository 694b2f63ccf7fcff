/* Limits on a clock of the test's own, scopes, terms and prices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "policy/decide.h"
#include "policy/limits.h"
#include "policy/terms.h"

#define S 1000000000ull
#define DAY (86400 * S)
#define T0 (20000 * DAY + 3600 * S) /* some day, one o'clock */

static cu_limit_kind ask(const cu_limits *l, cu_usage *u, uint64_t now, uint64_t *wait)
{
    cu_limit_kind k = cu_limit_request(l, u, 0, now, wait);
    if (k == CU_LIMIT_NONE)
        cu_usage_request(l, u, now);
    return k;
}

static void requests_a_minute(void **state)
{
    const cu_limits l = {.requests_per_minute = 6};
    cu_usage u = {0};
    uint64_t wait;
    for (int i = 0; i < 6; i++)
        assert_int_equal(ask(&l, &u, T0, &wait), CU_LIMIT_NONE);
    assert_int_equal(ask(&l, &u, T0, &wait), CU_LIMIT_REQUESTS);
    assert_int_equal(wait, 10 * S);
    assert_int_equal(ask(&l, &u, T0 + 10 * S - 1, &wait), CU_LIMIT_REQUESTS);
    assert_int_equal(ask(&l, &u, T0 + 10 * S, &wait), CU_LIMIT_NONE);
    assert_int_equal(ask(&l, &u, T0 + 10 * S, &wait), CU_LIMIT_REQUESTS);
    /* an hour later there is room for one minute's worth, not for sixty */
    for (int i = 0; i < 6; i++)
        assert_int_equal(ask(&l, &u, T0 + 3600 * S, &wait), CU_LIMIT_NONE);
    assert_int_equal(ask(&l, &u, T0 + 3600 * S, &wait), CU_LIMIT_REQUESTS);
}

/* Whatever the times: never more than the limit and a minute's drain in any minute. */
static void no_minute_has_more(void **state)
{
    const cu_limits l = {.requests_per_minute = 30};
    cu_usage u = {0};
    uint64_t now = T0, wait, granted[4000], n = 0, seed = 7;
    for (int i = 0; i < 4000; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        now += (seed >> 33) % (2 * S);
        if (ask(&l, &u, now, &wait) == CU_LIMIT_NONE)
            granted[n++] = now;
        else
            assert_true(wait > 0 && wait <= 2 * S);
    }
    for (uint64_t i = 60; i < n; i++)
        assert_true(granted[i] - granted[i - 60] >= 59 * S);
    assert_true(n > 1500);
}

static void running_requests(void **state)
{
    const cu_limits l = {.concurrent = 2};
    cu_usage u = {0};
    uint64_t wait;
    assert_int_equal(cu_limit_request(&l, &u, 1, T0, &wait), CU_LIMIT_NONE);
    assert_int_equal(cu_limit_request(&l, &u, 2, T0, &wait), CU_LIMIT_CONCURRENT);
    assert_true(wait > 0);
}

static void tokens_and_days(void **state)
{
    const cu_limits l = {.tokens_per_minute = 1000, .tokens_per_day = 2500, .spend_per_day = 1000000};
    cu_usage u = {0};
    uint64_t wait;
    cu_usage_tokens(&l, &u, 900, 10, T0);
    assert_int_equal(cu_limit_tokens(&l, &u, T0, &wait), CU_LIMIT_NONE);
    cu_usage_tokens(&l, &u, 600, 10, T0); /* over: the next one waits until there is room again */
    assert_int_equal(cu_limit_tokens(&l, &u, T0, &wait), CU_LIMIT_TOKENS);
    assert_true(wait >= 30 * S && wait < 31 * S);
    assert_int_equal(cu_limit_tokens(&l, &u, T0 + 31 * S, &wait), CU_LIMIT_NONE);
    cu_usage_tokens(&l, &u, 1000, 10, T0 + 3600 * S);
    assert_int_equal(cu_limit_tokens(&l, &u, T0 + 7200 * S, &wait), CU_LIMIT_TOKENS_DAY);
    assert_int_equal(wait, DAY - 3 * 3600 * S);
    assert_int_equal(cu_limit_tokens(&l, &u, T0 + 23 * 3600 * S, &wait), CU_LIMIT_NONE); /* midnight */
    cu_usage_tokens(&l, &u, 1, 1000000, T0 + 23 * 3600 * S);
    assert_int_equal(cu_limit_tokens(&l, &u, T0 + 23 * 3600 * S, &wait), CU_LIMIT_SPEND_DAY);
}

static void what_was_reserved_is_given_back(void **state)
{
    const cu_limits l = {.tokens_per_minute = 1000, .tokens_per_day = 5000, .spend_per_day = 100};
    cu_usage u = {0};
    uint64_t wait;
    cu_usage_tokens(&l, &u, 1000, 100, T0);
    assert_int_equal(cu_limit_tokens(&l, &u, T0, &wait), CU_LIMIT_TOKENS);
    cu_usage_give_back(&l, &u, 1000, 100, T0, T0 + S);
    assert_int_equal(cu_limit_tokens(&l, &u, T0 + S, &wait), CU_LIMIT_NONE);
    assert_int_equal(u.day_tokens, 0);
    /* of yesterday's reservation nothing is given back today */
    cu_usage_tokens(&l, &u, 700, 30, T0 + 23 * 3600 * S);
    cu_usage_give_back(&l, &u, 500, 30, T0 + S, T0 + 23 * 3600 * S);
    assert_int_equal(u.day_tokens, 700);
    assert_int_equal(u.day_spend, 30);
}

/* A clock that goes back frees nothing, and one that is far ahead does not overflow. */
static void odd_clocks(void **state)
{
    const cu_limits l = {.requests_per_minute = 1, .tokens_per_minute = CU_PER_MINUTE_MAX, .tokens_per_day = 10};
    cu_usage u = {0};
    uint64_t wait;
    assert_int_equal(ask(&l, &u, T0, &wait), CU_LIMIT_NONE);
    cu_usage_tokens(&l, &u, 10, 0, T0);
    assert_int_equal(ask(&l, &u, T0 - DAY, &wait), CU_LIMIT_REQUESTS);
    assert_int_equal(cu_limit_tokens(&l, &u, T0 - DAY, &wait), CU_LIMIT_TOKENS_DAY);
    cu_usage_tokens(&l, &u, UINT64_MAX, UINT64_MAX, T0);
    assert_int_equal(cu_limit_tokens(&l, &u, T0 + 1, &wait), CU_LIMIT_TOKENS);
    assert_int_equal(ask(&l, &u, UINT64_MAX, &wait), CU_LIMIT_NONE);
}

static void no_limit_counts_nothing_that_blocks(void **state)
{
    const cu_limits none = {0};
    cu_usage u = {0};
    uint64_t wait;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(cu_limit_request(&none, &u, 1000, T0, &wait), CU_LIMIT_NONE);
        cu_usage_request(&none, &u, T0);
        cu_usage_tokens(&none, &u, 1u << 30, 1u << 30, T0);
        assert_int_equal(cu_limit_tokens(&none, &u, T0, &wait), CU_LIMIT_NONE);
    }
}

static void prices(void **state)
{
    cu_bundle_price p[] = {{.models = CU_LIT("m-big"), .input = 15000000, .output = 75000000},
                           {.models = CU_LIT("m-*"), .input = 3000000, .output = 15000000, .cache_read = 300000, .cache_write = 3750000}};
    const cu_bundle b = {.prices = p, .prices_n = 2};
    assert_ptr_equal(cu_price_of(&b, CU_LIT("m-big")), &p[0]);
    assert_ptr_equal(cu_price_of(&b, CU_LIT("m-small")), &p[1]);
    assert_null(cu_price_of(&b, CU_LIT("other")));
    /* 1000 in at 3, 100 out at 15, 10000 read at 0.3, 1000 written at 3.75, by the million */
    assert_int_equal(cu_price_cost(&p[1], 1000, 100, 10000, 1000), 3000 + 1500 + 3000 + 3750);
    assert_int_equal(cu_price_cost(&p[1], 0, 0, 1, 0), 1); /* rounded up: nothing is free */
    assert_int_equal(cu_price_cost(&p[1], UINT64_MAX, UINT64_MAX, 0, 0), 1ull << 50);
}

static void scopes(void **state)
{
    const cu_bundle_key all = {0}, some = {.scopes = {.vendors = CU_LIT("one,two"), .models = CU_LIT("m-*,x")}};
    assert_int_equal(cu_decide_scope(&all, CU_LIT("any"), CU_LIT("any")), CU_DECISION_ALLOW);
    assert_int_equal(cu_decide_scope(&some, CU_LIT("two"), CU_LIT("m-1")), CU_DECISION_ALLOW);
    assert_int_equal(cu_decide_scope(&some, CU_LIT("three"), CU_LIT("m-1")), CU_DECISION_VENDOR_SCOPE);
    assert_int_equal(cu_decide_scope(&some, CU_LIT("on"), CU_LIT("m-1")), CU_DECISION_VENDOR_SCOPE);
    assert_int_equal(cu_decide_scope(&some, CU_LIT("one"), CU_LIT("xx")), CU_DECISION_MODEL_SCOPE);
    assert_int_equal(cu_decide_scope(&some, CU_LIT("one"), CU_NONE), CU_DECISION_ALLOW); /* models list */
}

static void unassessed_vendors(void **state)
{
    cu_vendor_state s;
    cu_bundle_vendor v = {0};
    assert_int_equal(cu_decide_vendor_state(&v, 1, &s), CU_DECISION_VENDOR_UNASSESSED);
    v.allow_unassessed = true;
    assert_int_equal(cu_decide_vendor_state(&v, 1, &s), CU_DECISION_ALLOW);
    assert_int_equal(s, CU_VENDOR_UNASSESSED);
    v.decision = CU_VENDOR_REFUSED;
    assert_int_equal(cu_decide_vendor_state(&v, 1, &s), CU_DECISION_VENDOR_REFUSED);
}

static void terms(void **state)
{
    const cu_bundle_vendor none = {0}, strict = {.no_training = true, .no_retention = true};
    const cu_request_flags stores = {.store = CU_FLAG_TRUE}, says_no = {.store = CU_FLAG_FALSE, .keeps_by_default = true},
                           silent = {0}, responses = {.keeps_by_default = true}, odd = {.store = CU_FLAG_OTHER},
                           background = {.background = CU_FLAG_TRUE, .store = CU_FLAG_FALSE}, collects = {.collect = CU_FLAG_TRUE}, joins = {.conversation = true, .store = CU_FLAG_FALSE};
    bool settable;
    assert_null(cu_terms_mismatch(&none, &stores, &settable));
    assert_string_equal(cu_terms_mismatch(&strict, &stores, &settable), "store");
    assert_true(settable);
    assert_null(cu_terms_mismatch(&strict, &says_no, &settable));
    assert_null(cu_terms_mismatch(&strict, &silent, &settable));
    assert_string_equal(cu_terms_mismatch(&strict, &responses, &settable), "store");
    assert_string_equal(cu_terms_mismatch(&strict, &odd, &settable), "store");
    assert_string_equal(cu_terms_mismatch(&strict, &background, &settable), "background");
    assert_false(settable);
    assert_string_equal(cu_terms_mismatch(&strict, &joins, &settable), "conversation");
    assert_false(settable);
    assert_null(cu_terms_mismatch(&none, &joins, &settable));
    assert_string_equal(cu_terms_mismatch(&strict, &collects, &settable), "provider.data_collection");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_a_minute), cmocka_unit_test(no_minute_has_more), cmocka_unit_test(running_requests),
        cmocka_unit_test(tokens_and_days), cmocka_unit_test(what_was_reserved_is_given_back), cmocka_unit_test(odd_clocks),
        cmocka_unit_test(no_limit_counts_nothing_that_blocks), cmocka_unit_test(prices), cmocka_unit_test(scopes),
        cmocka_unit_test(unassessed_vendors), cmocka_unit_test(terms),
    };
    return cmocka_run_group_tests_name("policy/limits", tests, NULL, NULL);
}
