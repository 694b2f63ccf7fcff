/* No data is never met, entries alone are partly at most, and old entries are no data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "comply/criteria.h"

static void states_follow_the_log_and_the_clock(void **state)
{
    static const char *const types[] = {"exchange.request", "exchange.response", "key.issued", "key.revoked", "vendor.assessed"};
    cu_arena a CU_CLEAN_ARENA;
    cu_criteria *c;
    cu_store *s;
    cu_fault f = {0};
    const cu_sha256 zeros = {{0}};
    uint64_t now = cu_now_ns();
    cu_arena_init(&a, 64u << 20);
    assert_int_equal(cu_criteria_load(CATALOG_DIR, &a, &c, &f), CU_OK);
    assert_int_equal(cu_store_open(":memory:", &s, &f), CU_OK);
    cu_buf empty CU_CLEAN_BUF = CU_BUF(1u << 22), full CU_CLEAN_BUF = CU_BUF(1u << 22), old CU_CLEAN_BUF = CU_BUF(1u << 22);
    assert_int_equal(cu_criteria_json(c, s, now, &empty), CU_OK);
    assert_true(cu_find(cu_buf_view(&empty), CU_LIT("\"counts\":{\"met\":0,\"partly\":0,\"not_met\":0,\"no_data\":61,"), 0) != (size_t)-1);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        cu_buf leaf CU_CLEAN_BUF = CU_BUF(4096);
        const cu_leaf_in in = {.type = cu_str(types[i]), .tenant = CU_LIT("acme"), .actor = CU_LIT("me"), .body = CU_LIT("{}")};
        assert_int_equal(cu_leaf_encode(&in, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "gw-0", 1, i, &zeros, &leaf), CU_OK);
        assert_int_equal(cu_store_take(s, CU_LIT("t/acme"), i, cu_buf_view(&leaf)), CU_OK);
    }
    assert_int_equal(cu_store_delivered(s, CU_LIT("t/acme")), 5);
    assert_int_equal(cu_criteria_json(c, s, now, &full), CU_OK);
    assert_true(cu_find(cu_buf_view(&full), CU_LIT("\"state\":\"partly\""), 0) != (size_t)-1);
    assert_true(cu_find(cu_buf_view(&full), CU_LIT("\"counts\":{\"met\":0,"), 0) != (size_t)-1);
    assert_int_equal(cu_criteria_json(c, s, now + 3000ull * 86400 * 1000000000, &old), CU_OK);
    assert_true(cu_find(cu_buf_view(&old), CU_LIT("\"no_data\":61,"), 0) != (size_t)-1);
    cu_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states_follow_the_log_and_the_clock)};
    return cmocka_run_group_tests_name("comply/criteria", tests, NULL, NULL);
}
