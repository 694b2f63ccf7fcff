/* Bodies that were to be kept: an entry about each is awaited until one comes, in whichever order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ledger/leaf.h"
#include "scratch.h"
#include "store/content.h"

#define LATER "2026-11-27T01:00:00.000Z"

static uint64_t at;
static char seen[512];

static void take(const char *type, const char *id, const char *body)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_sha256 prev = {{0}};
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = CU_LIT("k_1"), .body = cu_str(body), .ts_ns = 1795737600000000000ull + ++at};
    assert_int_equal(cu_leaf_encode(&in, id, "gw-0", 7, at, &prev, &leaf), CU_OK);
    assert_int_equal(cu_store_begin(s), CU_OK);
    assert_int_equal(cu_store_take(s, CU_LIT("t/acme"), at, cu_buf_view(&leaf)), CU_OK);
    assert_int_equal(cu_store_end(s), CU_OK);
}

static void note(void *arg, const cu_store_body *b)
{
    size_t n = strlen(seen);
    snprintf(seen + n, sizeof seen - n, "%.1s:%s:%s ", b->exchange + strlen(b->exchange) - 1, b->part, b->class);
}

static const char *awaited(const char *before)
{
    *seen = 0;
    assert_int_equal(cu_store_awaited_bodies(s, before, 10, note, NULL), CU_OK);
    return seen;
}

#define A "01JDZ0V6N8QXW5T9C3B7M1K2RA"
#define B "01JDZ0V6N8QXW5T9C3B7M1K2RB"
#define C "01JDZ0V6N8QXW5T9C3B7M1K2RC"
#define D "01JDZ0V6N8QXW5T9C3B7M1K2RD"

static void an_entry_about_each_is_awaited(void **state)
{
    assert_string_equal(awaited(LATER), "");
    take("exchange.request", A, "{\"body_bytes\":9,\"capture\":\"internal\",\"key\":\"k_1\",\"memo_bytes\":0}");
    assert_string_equal(awaited(LATER), "A:request:internal ");
    assert_string_equal(awaited("2026-11-26T00:00:00.000Z"), "");
    take("content.captured", "01JDZ0V6N8QXW5T9C3B7M1K2R1", "{\"bytes\":9,\"class\":\"internal\",\"commitment\":\"c\",\"digest\":\"d\",\"exchange\":\"" A "\",\"key\":\"k\",\"part\":\"request\",\"whole\":true}");
    assert_string_equal(awaited(LATER), "");
    take("exchange.response", "01JDZ0V6N8QXW5T9C3B7M1K2R2", "{\"answer_bytes\":5,\"exchange\":\"" A "\",\"status\":200}");
    assert_string_equal(awaited(LATER), "A:answer:internal ");
    take("content.not_captured", "01JDZ0V6N8QXW5T9C3B7M1K2R3", "{\"class\":\"internal\",\"exchange\":\"" A "\",\"part\":\"answer\",\"reason\":\"disk\"}");
    assert_string_equal(awaited(LATER), "");
}

static void the_entry_may_come_first(void **state)
{
    take("content.captured", "01JDZ0V6N8QXW5T9C3B7M1K2R4", "{\"bytes\":9,\"class\":\"restricted\",\"commitment\":\"c\",\"digest\":\"d\",\"exchange\":\"" B "\",\"key\":\"k\",\"part\":\"request\",\"whole\":true}");
    take("exchange.request", B, "{\"body_bytes\":9,\"capture\":\"restricted\",\"key\":\"k_1\",\"memo_bytes\":0}");
    assert_string_equal(awaited(LATER), "");
    *seen = 0;
    assert_int_equal(cu_store_bodies(s, B, note, NULL), CU_OK);
    assert_string_equal(seen, "B:request:restricted ");
}

static void nothing_is_awaited_of_what_is_not_kept_and_of_nothing(void **state)
{
    take("exchange.request", C, "{\"body_bytes\":9,\"key\":\"k_1\",\"memo_bytes\":0}");
    take("exchange.response", "01JDZ0V6N8QXW5T9C3B7M1K2R5", "{\"answer_bytes\":5,\"exchange\":\"" C "\",\"status\":200}");
    take("exchange.request", D, "{\"body_bytes\":0,\"capture\":\"internal\",\"key\":\"k_1\",\"memo_bytes\":0}");
    take("exchange.aborted", "01JDZ0V6N8QXW5T9C3B7M1K2R6", "{\"answer_bytes\":0,\"exchange\":\"" D "\",\"status\":200}");
    assert_string_equal(awaited(LATER), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_about_each_is_awaited),
        cmocka_unit_test(the_entry_may_come_first),
        cmocka_unit_test(nothing_is_awaited_of_what_is_not_kept_and_of_nothing),
    };
    return cmocka_run_group_tests(tests, make_store, clean);
}
