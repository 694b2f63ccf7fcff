/* Exchanges and entries by what they are about. */
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

#define N 300u

static void put(const char *log, uint64_t index, uint64_t seq, const char *type, const char *id, const char *body)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_sha256 prev = {{0}};
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = cu_str(index % 2 ? "k_1" : "k_2"), .body = cu_str(body),
                           .ts_ns = 1795000000000000000ull + index * 1000000000ull};
    assert_int_equal(cu_leaf_encode(&in, id, "gw-0", 7, seq, &prev, &leaf), CU_OK);
    assert_int_equal(cu_store_take(s, cu_str(log), index, cu_buf_view(&leaf)), CU_OK);
}

static int make(void **state)
{
    if (make_store(state) != 0 || cu_store_begin(s) != CU_OK)
        return 1;
    for (uint64_t i = 0; i < N; i++) {
        char id[32], body[512];
        snprintf(id, sizeof id, "01AAAAAAAAAAAAAAAAAAAAA%03u", (unsigned)i);
        snprintf(body, sizeof body, "{\"access\":{\"act\":\"allow\",\"class\":\"%s\",\"rule\":\"r\"},\"client\":\"cli/%u.0\",\"decision\":\"%s\",\"findings\":{%s},"
                                    "\"key\":\"k_1\",\"model\":\"m-%u\",\"user\":\"u%u\",\"vendor\":\"v\"}",
                 i % 2 ? "public" : "internal", (unsigned)(i % 3), i % 10 ? "allow" : "vendor_expired",
                 i % 4 ? "" : i % 8 ? "\"EMAIL_ADDRESS\":1" : "\"EMAIL_ADDRESS\":2,\"IBAN\":1", (unsigned)(i % 5), (unsigned)(i % 7));
        put(i % 3 ? "t/acme" : "org", i, i, i % 10 ? "exchange.request" : "input.rejected", id, body);
    }
    put("t/acme", N, N, "exchange.response", "01BAAAAAAAAAAAAAAAAAAAAAAA", "{\"exchange\":\"01AAAAAAAAAAAAAAAAAAAAA001\",\"status\":200}");
    return cu_store_end(s) != CU_OK;
}

static uint64_t count(cu_store_exchange_filter w)
{
    uint64_t n = 0;
    assert_int_equal(cu_store_count_exchanges(s, &w, &n), CU_OK);
    return n;
}

static void each_condition_counts_what_it_says(void **state)
{
    assert_int_equal(count((cu_store_exchange_filter){0}), N);
    assert_int_equal(count((cu_store_exchange_filter){.user = "u3"}), 43);
    assert_int_equal(count((cu_store_exchange_filter){.decision = "refused"}), 30);
    assert_int_equal(count((cu_store_exchange_filter){.decision = "vendor_expired"}), 30);
    assert_int_equal(count((cu_store_exchange_filter){.found = "any"}), 75);
    assert_int_equal(count((cu_store_exchange_filter){.found = "none"}), 225);
    assert_int_equal(count((cu_store_exchange_filter){.found = "IBAN"}), 38);
    assert_int_equal(count((cu_store_exchange_filter){.found = "IBA"}), 0); /* a type, not its beginning */
    assert_int_equal(count((cu_store_exchange_filter){.client = "cli/2.*"}), 100);
    assert_int_equal(count((cu_store_exchange_filter){.model = "m-4", .class = "public"}), 30);
    assert_int_equal(count((cu_store_exchange_filter){.status = "200", .state = "answered"}), 1);
    assert_int_equal(count((cu_store_exchange_filter){.from = "2026-11-18T08:00:00.000Z", .to = "2026-11-18T08:00:00.000Z"}), 0);
    assert_int_equal(count((cu_store_exchange_filter){.user = "u3' OR 1=1 --"}), 0);
}

typedef struct {
    uint64_t rows[N], n;
} seen;

static void note(void *arg, const cu_store_exchange *x)
{
    seen *v = arg;
    v->rows[v->n++] = x->row;
}

static void pages_meet_each_exchange_once(void **state)
{
    static seen v;
    const cu_store_exchange_filter w = {.class = "public"};
    for (uint64_t before = 0, last = UINT64_MAX; last != v.n; before = v.n ? v.rows[v.n - 1] : 0) {
        last = v.n;
        assert_int_equal(cu_store_find_exchanges(s, &w, before, 13, note, &v), CU_OK);
    }
    assert_int_equal(v.n, count(w));
    for (uint64_t i = 1; i < v.n; i++)
        assert_true(v.rows[i] < v.rows[i - 1]);
    char id[CU_ID_LEN + 2];
    assert_int_equal(cu_store_exchange_beside(s, &w, v.rows[0], true, id), CU_NOT_FOUND);
    assert_int_equal(cu_store_exchange_beside(s, &w, v.rows[0], false, id), CU_OK);
    assert_string_equal(id, "01AAAAAAAAAAAAAAAAAAAAA297");
}

static void last_entry(void *arg, const cu_store_entry *x)
{
    char *text = arg;
    snprintf(text, 100, "%s %llu %s %llu", x->log, (unsigned long long)x->index, x->type, (unsigned long long)x->seq);
}

static void entries_by_log_type_and_chain(void **state)
{
    char text[100] = "";
    uint64_t total;
    assert_int_equal(cu_store_entries(s, &(cu_store_entry_filter){.log = "t/acme", .type = "exchange.*"}, 0, 1, last_entry, text, &total), CU_OK);
    assert_string_equal(text, "t/acme 300 exchange.response 300");
    assert_int_equal(total, 181);
    assert_int_equal(cu_store_entries(s, &(cu_store_entry_filter){.log = "org", .actor = "k_1"}, 4, 1, last_entry, text, &total), CU_OK);
    assert_string_equal(text, "org 3 exchange.request 3");
    const cu_store_entry of = {.writer = "gw-0", .epoch = 7, .seq = 3}; /* its neighbours stand in another log */
    assert_int_equal(cu_store_chain(s, &of, true, last_entry, text), CU_OK);
    assert_string_equal(text, "t/acme 4 exchange.request 4");
    text[0] = 0;
    assert_int_equal(cu_store_chain(s, &(cu_store_entry){.writer = "gw-0", .epoch = 8, .seq = 3}, true, last_entry, text), CU_OK);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_condition_counts_what_it_says),
        cmocka_unit_test(pages_meet_each_exchange_once),
        cmocka_unit_test(entries_by_log_type_and_chain),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
