/* What is missing is named, with how many; what is complete is not accused, in whatever order it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "comply/reconcile.h"
#include "ledger/leaf.h"

#define T0 1764140000ull /* seconds */

static void put(cu_reconciler *c, const char *writer, uint64_t epoch, uint64_t seq, const char *type, const char *body, uint64_t s)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_sha256 prev = {{0}};
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = CU_LIT("x"), .body = cu_str(body), .ts_ns = (T0 + s) * 1000000000};
    assert_int_equal(cu_leaf_encode(&in, "01J9ZK4V3T7Q8R5S6W2X1Y0ABC", writer, epoch, seq, &prev, &leaf), CU_OK);
    assert_int_equal(cu_reconciler_take(c, cu_buf_view(&leaf)), CU_OK);
}

static void beat(cu_reconciler *c, uint64_t seq, unsigned requests, unsigned forwarded, unsigned answered, unsigned refused, unsigned left_out, unsigned none,
                 const char *reason)
{
    char body[300];
    snprintf(body, sizeof body, "{\"answered\":%u,\"forwarded\":%u,\"left_out\":%u,\"reason\":\"%s\",\"refused\":%u,\"requests\":%u,\"void\":%u}", answered,
             forwarded, left_out, reason, refused, requests, none);
    put(c, "gw-0", 1, seq, "writer.heartbeat", body, seq);
}

static void complete_in_any_order(void **state)
{
    cu_reconciler *c = cu_reconciler_new();
    cu_reconciled r;
    put(c, "gw-0", 1, 5, "exchange.request", "{}", 5); /* behind the heartbeat: not counted there */
    beat(c, 4, 2, 1, 1, 3, 2, 1, "interval");
    put(c, "gw-0", 1, 2, "exchange.response", "{}", 2);
    put(c, "gw-0", 1, 0, "policy.bundle_loaded", "{}", 0);
    put(c, "gw-0", 1, 1, "exchange.request", "{}", 1);
    put(c, "gw-0", 1, 3, "input.rejected", "{}", 3);
    put(c, "daemon-0", 9, 0, "daemon.started", "{}", 0);
    cu_reconciler_end(c, (T0 + 60) * 1000000000, &r);
    assert_int_equal(r.missing_n, 0);
    assert_int_equal(r.entries, 7);
    assert_int_equal(r.writers, 2);
    assert_int_equal(r.requests, 2);
    assert_int_equal(r.heartbeats, 1);
}

static void each_kind_of_gap(void **state)
{
    static const struct {
        unsigned requests, forwarded, answered, refused;
        const char *kind;
        unsigned n;
    } cases[] = {{3, 1, 1, 1, "requests", 2}, {1, 2, 1, 1, "forwarded", 1}, {1, 1, 4, 1, "answers", 3}, {1, 1, 1, 2, "refusals", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_reconciler *c = cu_reconciler_new();
        cu_reconciled r;
        cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
        put(c, "gw-0", 1, 0, "exchange.request", "{}", 0);
        put(c, "gw-0", 1, 1, "exchange.aborted", "{}", 1);
        put(c, "gw-0", 1, 2, "input.rejected", "{}", 2);
        beat(c, 3, cases[i].requests, cases[i].forwarded, cases[i].answered, cases[i].refused, 0, 0, "end");
        cu_reconciler_end(c, (T0 + 9999) * 1000000000, &r);
        assert_int_equal(r.missing_n, 1);
        assert_string_equal(r.missing[0].kind, cases[i].kind);
        assert_int_equal(r.missing[0].n, cases[i].n);
        assert_string_equal(r.missing[0].writer, "gw-0");
        cu_buf_byte(&b, '{');
        cu_reconciled_missing(&r, &b);
        assert_non_null(strstr(cu_buf_cstr(&b), cases[i].kind));
    }
}

static void holes_and_silence(void **state)
{
    cu_reconciler *c = cu_reconciler_new();
    cu_reconciled r;
    put(c, "gw-0", 1, 0, "exchange.request", "{}", 0);
    put(c, "gw-0", 1, 4, "exchange.response", "{}", 1);
    cu_reconciler_end(c, T0 * 1000000000, &r);
    assert_int_equal(r.missing_n, 1);
    assert_string_equal(r.missing[0].kind, "sequence");
    assert_int_equal(r.missing[0].n, 3);
    for (int newer = 0; newer < 2; newer++) {
        c = cu_reconciler_new();
        put(c, "gw-0", 1, 0, "exchange.request", "{}", 0);
        beat(c, 1, 1, 1, 0, 0, 0, 0, "interval");
        if (newer)
            put(c, "gw-0", 2, 0, "policy.bundle_loaded", "{}", 400);
        cu_reconciler_end(c, (T0 + 1 + CU_SILENT_S + 7) * 1000000000, &r);
        assert_int_equal(r.missing_n, newer ? 0 : 1);
        assert_true(newer || (strcmp(r.missing[0].kind, "silent") == 0 && r.missing[0].n == CU_SILENT_S + 7));
    }
}

/* The epoch of a process that was killed: its successor says what it had counted. */
static void counted_before_the_kill(void **state)
{
    static const struct {
        unsigned forwarded, answered, refused;
        uint64_t missing, cut;
    } cases[] = {{2, 1, 1, 0, 0}, {1, 1, 1, 0, 0}, {3, 1, 1, 1, 0}, {2, 2, 1, 0, 1}, {2, 1, 4, 0, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[500];
        cu_reconciler *c = cu_reconciler_new();
        cu_reconciled r;
        snprintf(body, sizeof body, "{\"answered\":0,\"before\":{\"answered\":%u,\"epoch\":1,\"forwarded\":%u,\"left_out\":0,\"refused\":%u,\"requests\":9,\"void\":0},"
                                    "\"forwarded\":1,\"left_out\":0,\"reason\":\"start\",\"refused\":0,\"requests\":1,\"void\":0}",
                 cases[i].answered, cases[i].forwarded, cases[i].refused);
        put(c, "gw-0", 2, 0, "exchange.request", "{}", 9);
        put(c, "gw-0", 2, 1, "writer.heartbeat", body, 9);
        put(c, "gw-0", 1, 0, "exchange.request", "{}", 0);
        put(c, "gw-0", 1, 1, "exchange.request", "{}", 1);
        put(c, "gw-0", 1, 2, "exchange.response", "{}", 2);
        put(c, "gw-0", 1, 3, "input.rejected", "{}", 3);
        put(c, "gw-1", 1, 0, "exchange.request", "{}", 3); /* another's, of the same epoch */
        cu_reconciler_end(c, (T0 + 10) * 1000000000, &r);
        assert_int_equal(r.missing_n, cases[i].missing);
        assert_int_equal(r.cut_short, cases[i].cut);
        if (r.missing_n) {
            assert_string_equal(r.missing[0].kind, "forwarded");
            assert_int_equal(r.missing[0].epoch, 1);
        }
    }
    cu_reconciler *c = cu_reconciler_new(); /* nothing of that epoch is there at all */
    cu_reconciled r;
    put(c, "gw-0", 2, 0, "writer.heartbeat", "{\"answered\":0,\"before\":{\"answered\":0,\"epoch\":1,\"forwarded\":5,\"left_out\":0,\"refused\":0,\"requests\":5,\"void\":0},"
                                             "\"forwarded\":0,\"left_out\":0,\"reason\":\"start\",\"refused\":0,\"requests\":0,\"void\":0}", 9);
    cu_reconciler_end(c, (T0 + 10) * 1000000000, &r);
    assert_int_equal(r.missing[0].n, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(complete_in_any_order), cmocka_unit_test(each_kind_of_gap), cmocka_unit_test(holes_and_silence),
                                       cmocka_unit_test(counted_before_the_kill)};
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
