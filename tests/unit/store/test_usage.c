/* What exchanges used, by day and model; and days that were held against an export. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "scratch.h"

#define DAY_NS 86400000000000ull
#define T0 (20534ull * DAY_NS) /* 2026-03-22 */
static uint64_t taken;

static void put(const char *type, const char *id, uint64_t ns, const char *body)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_sha256 prev = {{0}};
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = CU_LIT("k_1"), .body = cu_str(body), .ts_ns = ns};
    assert_int_equal(cu_leaf_encode(&in, id, "gw-0", 7, taken, &prev, &leaf), CU_OK);
    assert_int_equal(cu_store_take(s, CU_LIT("t/acme"), taken++, cu_buf_view(&leaf)), CU_OK);
}

static void exchange(unsigned n, uint64_t ns, const char *vendor, const char *model, unsigned in, unsigned out, const char *how)
{
    char id[32], answer[32], body[300];
    snprintf(id, sizeof id, "01AAAAAAAAAAAAAAAAAAAAA%03u", n);
    snprintf(answer, sizeof answer, "01BAAAAAAAAAAAAAAAAAAAA%03u", n);
    snprintf(body, sizeof body, "{\"decision\":\"allow\",\"model\":\"%s\",\"vendor\":\"%s\"}", model, vendor);
    put("exchange.request", id, ns, body);
    snprintf(body, sizeof body, "{\"cache_creation_tokens\":4,\"cache_read_tokens\":3,\"exchange\":\"%s\",\"input_tokens\":%u,\"output_tokens\":%u,\"status\":200}", id, in, out);
    if (*how)
        put(how, answer, ns + DAY_NS / 2, body); /* an answer that ends the next day is of its request's day */
}

static int make(void **state)
{
    if (make_store(state) != 0 || cu_store_begin(s) != CU_OK)
        return 1;
    exchange(0, T0 - 1000000, "anthropic", "m", 9000, 9000, "exchange.response");
    exchange(1, T0, "anthropic", "m", 100, 10, "exchange.response");
    exchange(2, T0 + DAY_NS - 1000000, "anthropic", "m", 200, 20, "exchange.response");
    exchange(3, T0 + 1000, "anthropic", "n", 5, 6, "exchange.response");
    exchange(4, T0 + 1000, "openai", "m", 7000, 7000, "exchange.response");
    exchange(5, T0 + 1000, "anthropic", "m", 8000, 8000, "exchange.aborted");
    exchange(6, T0 + 1000, "anthropic", "m", 8000, 8000, "");
    exchange(7, T0 + 2 * DAY_NS, "anthropic", "m", 1, 2, "exchange.response");
    exchange(8, T0 + 3 * DAY_NS, "anthropic", "m", 9000, 9000, "exchange.response");
    return cu_store_end(s) != CU_OK;
}

static cu_err note(void *arg, const char *day, const char *model, const uint64_t n[4])
{
    cu_buf_fmt(arg, "%s %s %llu %llu %llu %llu\n", day, model, (unsigned long long)n[0], (unsigned long long)n[1], (unsigned long long)n[2], (unsigned long long)n[3]);
    return CU_OK;
}

static void answered_exchanges_of_the_days_and_the_vendor(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    assert_int_equal(cu_store_usage_of(s, "anthropic", "2026-03-22", "2026-03-24", note, &b), CU_OK);
    assert_string_equal(cu_buf_cstr(&b), "2026-03-22 m 300 30 6 8\n2026-03-22 n 5 6 3 4\n2026-03-24 m 1 2 3 4\n");
}

static void tie(const char *type, const char *day, unsigned theirs)
{
    char body[500], id[32];
    snprintf(id, sizeof id, "01CAAAAAAAAAAAAAAAAAAAA%03u", (unsigned)taken);
    snprintf(body, sizeof body, "{\"against\":\"provider_usage\",\"day\":\"%s\",\"form\":\"openai-csv\",\"ours\":300,\"rows\":[],\"source\":\"aa\",\"theirs\":%u,"
                                "\"tolerance_permille\":10,\"tolerance_tokens\":1000,\"vendor\":\"anthropic\"}", day, theirs);
    put(type, id, T0 + 9 * DAY_NS, body);
}

static void note_day(void *arg, const cu_store_usage_day *d)
{
    cu_buf_fmt(arg, "%s %llu %llu %s %u %llu\n", d->day, (unsigned long long)d->ours, (unsigned long long)d->theirs, d->gap ? "gap" : "tied", d->permille,
               (unsigned long long)d->tokens);
}

static void the_newest_import_of_a_day_counts(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    assert_int_equal(cu_store_begin(s), CU_OK);
    tie("evidence.gap", "2026-03-22", 9000);
    tie("evidence.reconciled", "2026-03-24", 300);
    tie("evidence.reconciled", "2026-03-22", 310);
    put("evidence.reconciled", "01DAAAAAAAAAAAAAAAAAAAAAAA", T0 + 9 * DAY_NS, "{\"against\":\"counters\",\"answers\":3}");
    put("evidence.gap", "01DAAAAAAAAAAAAAAAAAAAAAAB", T0 + 9 * DAY_NS, "{\"against\":\"provider_usage\",\"day\":7}"); /* no figures: nothing to show */
    assert_int_equal(cu_store_end(s), CU_OK);
    assert_int_equal(cu_store_usage_days(s, NULL, 0, 10, note_day, &b), CU_OK);
    assert_string_equal(cu_buf_cstr(&b), "2026-03-22 300 310 tied 10 1000\n2026-03-24 300 300 tied 10 1000\n");
    cu_buf_reset(&b);
    assert_int_equal(cu_store_usage_days(s, "openai", 0, 10, note_day, &b), CU_OK);
    assert_int_equal(b.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answered_exchanges_of_the_days_and_the_vendor), cmocka_unit_test(the_newest_import_of_a_day_counts)};
    return cmocka_run_group_tests(tests, make, clean);
}
