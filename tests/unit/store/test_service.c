/* Whose data went where, and how well exchanges went: counted from entries that this test makes. */
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
#include "store/service.h"

#define START_NS 1795000000000000000ull
static uint64_t seq;

static void put(const char *type, const char *id, uint64_t second, const char *body)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_sha256 prev = {{0}};
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = CU_LIT("k_1"), .body = cu_str(body), .ts_ns = START_NS + second * 1000000000ull};
    assert_int_equal(cu_leaf_encode(&in, id, "gw-0", 7, seq, &prev, &leaf), CU_OK);
    assert_int_equal(cu_store_take(s, CU_LIT("t/acme"), seq, cu_buf_view(&leaf)), CU_OK);
    seq++;
}

/* One exchange: of whom, what was found, and how it ended (NULL: not). */
static void exchange(unsigned n, const char *user, const char *found, const char *end, const char *rest)
{
    char id[32], other[32], body[400];
    snprintf(id, sizeof id, "01AAAAAAAAAAAAAAAAAAAAA%03u", n);
    snprintf(other, sizeof other, "01BAAAAAAAAAAAAAAAAAAAA%03u", n);
    snprintf(body, sizeof body, "{\"access\":{\"act\":\"allow\",\"class\":\"internal\",\"rule\":\"r\"},\"client\":\"c\",\"decision\":\"allow\",\"findings\":{%s},\"key\":\"k\",\"model\":\"m\",\"user\":\"%s\",\"vendor\":\"v\"}", found, user);
    put("exchange.request", id, n, body);
    snprintf(body, sizeof body, "{\"exchange\":\"%s\",%s}", id, rest ? rest : "");
    if (end)
        put(end, other, n, body);
}

static int make(void **state)
{
    if (make_store(state) != 0 || cu_store_begin(s) != CU_OK)
        return 1;
    for (unsigned i = 0; i < 20; i++) { /* 20 good ones, of 1 to 20 ms */
        char rest[64];
        snprintf(rest, sizeof rest, "\"ms_gate\":%u,\"status\":200", i + 1);
        exchange(i, i < 15 ? "ada" : "bo", i % 5 ? "" : "\"EMAIL_ADDRESS\":2,\"IBAN\":1", "exchange.response", rest);
    }
    exchange(20, "ada", "", "exchange.response", "\"ms_gate\":5,\"status\":503");
    exchange(21, "ada", "", "exchange.aborted", "\"reason\":\"upstream_reset\",\"status\":502");
    exchange(22, "ada", "", "exchange.aborted", "\"reason\":\"client_gone\",\"status\":499"); /* does not count */
    exchange(23, "ada", "", NULL, NULL);
    put("input.rejected", "01CAAAAAAAAAAAAAAAAAAAAAAA", 24, "{\"decision\":\"no_key\",\"reason\":\"no_key\",\"status\":401}"); /* never left */
    return cu_store_end(s) != CU_OK;
}

typedef struct {
    uint64_t counted, bad, lines;
} sums;

static void add_day(void *arg, const char *day, uint64_t counted, uint64_t bad)
{
    sums *x = arg;
    x->counted += counted;
    x->bad += bad;
    x->lines++;
}

static void at(uint64_t second, char out[CU_TIME_LEN])
{
    cu_time_text(START_NS + second * 1000000000ull, out);
}

static void availability_counts_what_it_says(void **state)
{
    char from[CU_TIME_LEN], to[CU_TIME_LEN], early[CU_TIME_LEN];
    sums x = {0};
    at(0, from);
    at(1000, to);
    at(0, early);
    assert_int_equal(cu_store_availability(s, from, to, early, add_day, &x), CU_OK);
    assert_int_equal(x.counted, 22); /* 21 answers and what the provider broke off */
    assert_int_equal(x.bad, 2);
    x = (sums){0};
    assert_int_equal(cu_store_availability(s, from, to, to, add_day, &x), CU_OK);
    assert_int_equal(x.counted, 23); /* what has no end should have one by now */
    assert_int_equal(x.bad, 3);
    x = (sums){0};
    assert_int_equal(cu_store_availability(s, to, to, to, add_day, &x), CU_OK);
    assert_int_equal(x.lines, 0);
}

static void percentiles_are_by_nearest_rank(void **state)
{
    char from[CU_TIME_LEN], to[CU_TIME_LEN];
    cu_store_gate g;
    at(0, from);
    at(20, to);
    assert_int_equal(cu_store_gate_ms(s, from, to, 95, 18, &g), CU_OK);
    assert_int_equal(g.counted, 20);
    assert_int_equal(g.ms, 19); /* the 19th of 20 */
    assert_int_equal(g.over, 2);
    assert_int_equal(cu_store_gate_ms(s, from, to, 99, 20, &g), CU_OK);
    assert_int_equal(g.ms, 20);
    assert_int_equal(g.over, 0);
    assert_int_equal(cu_store_gate_ms(s, to, to, 95, 1, &g), CU_OK);
    assert_int_equal(g.counted, 0);
}

static void check_line(void *arg, const cu_store_disclosure *d)
{
    sums *x = arg;
    x->lines++;
    x->counted += d->exchanges;
    if (strcmp(d->user, "bo") != 0)
        return;
    assert_string_equal(d->kinds, "{\"EMAIL_ADDRESS\":2,\"IBAN\":1}"); /* the 16th exchange only */
    assert_int_equal(d->exchanges, 5);
    assert_int_equal(d->with_findings, 1);
    assert_string_equal(d->class, "internal");
}

static void disclosures_add_up(void **state)
{
    sums x = {0};
    assert_int_equal(cu_store_disclosures(s, &(cu_store_exchange_filter){.vendor = "v"}, 100, check_line, &x), CU_OK);
    assert_int_equal(x.lines, 2);
    assert_int_equal(x.counted, 24); /* all that left; not what was refused */
    x = (sums){0};
    assert_int_equal(cu_store_disclosures(s, &(cu_store_exchange_filter){.user = "bo"}, 100, check_line, &x), CU_OK);
    assert_int_equal(x.counted, 5);
    x = (sums){0};
    assert_int_equal(cu_store_disclosures(s, &(cu_store_exchange_filter){.vendor = "w"}, 100, check_line, &x), CU_OK);
    assert_int_equal(x.lines, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(availability_counts_what_it_says), cmocka_unit_test(percentiles_are_by_nearest_rank), cmocka_unit_test(disclosures_add_up)};
    return cmocka_run_group_tests(tests, make, clean);
}
