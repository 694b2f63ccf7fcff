/* Populations and samples have one form each; a proof in a log of a million entries reads five tiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "ledger/listing.h"
#include "merkle.h"
#include "tiles.h"

static const char body[] =
    "{\"control\":\"TEN-02\",\"count\":3,\"digest\":\"77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc\",\"from\":\"2026-10-01T00:00:00.000Z\","
    "\"logs\":[{\"count\":1,\"first\":4,\"last\":4,\"name\":\"org\",\"root\":\"77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc\",\"size\":9},"
    "{\"count\":2,\"first\":0,\"last\":7,\"name\":\"t/acme\",\"root\":\"77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc77aa01bc\",\"size\":12}],"
    "\"tenant\":\"\",\"to\":\"2027-01-01T00:00:00.000Z\",\"types\":[\"probe.completed\",\"probe.failed\"],\"v\":1,\"where\":[{\"field\":\"probe\",\"value\":\"isolation\"}]}";

static void population_form(void **state)
{
    cu_population p;
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    assert_int_equal(cu_population_parse(cu_str(body), &p), CU_OK);
    assert_int_equal(p.logs_n, 2);
    assert_int_equal(p.where_n, 1);
    assert_int_equal(cu_population_encode(&p, &out), CU_OK);
    assert_true(cu_eq_str(cu_buf_view(&out), body));
    for (size_t n = 0; n < sizeof body - 1; n++)
        assert_int_equal(cu_population_parse(cu_bytes_of(body, n), &p), CU_SYNTAX);
    for (size_t i = 0; i < sizeof body - 1; i++) { /* one form: another byte is another question, or none */
        char other[sizeof body];
        memcpy(other, body, sizeof body);
        other[i] ^= 2;
        cu_buf_reset(&out);
        if (cu_population_parse(cu_str(other), &p) == CU_OK) {
            assert_int_equal(cu_population_encode(&p, &out), CU_OK);
            assert_true(cu_eq_str(cu_buf_view(&out), other));
        }
    }
}

static void population_wants(void **state)
{
    cu_population p;
    cu_leaf leaf = {.type = CU_LIT("probe.completed"), .ts = CU_LIT("2026-10-01T00:00:00.000Z"),
                    .body = CU_LIT("{\"a\":{\"probe\":\"x\"},\"held\":4,\"probe\":\"isolation\",\"z\":[\"probe\"]}")};
    assert_int_equal(cu_population_parse(cu_str(body), &p), CU_OK);
    assert_true(cu_population_wants(&p, &leaf));
    leaf.ts = CU_LIT("2026-09-30T23:59:59.999Z");
    assert_false(cu_population_wants(&p, &leaf));
    leaf.ts = CU_LIT("2027-01-01T00:00:00.000Z");
    assert_false(cu_population_wants(&p, &leaf));
    leaf.ts = CU_LIT("2026-12-31T23:59:59.999Z");
    assert_true(cu_population_wants(&p, &leaf));
    leaf.body = CU_LIT("{\"a\":{\"probe\":\"isolation\"},\"probe\":\"other\"}");
    assert_false(cu_population_wants(&p, &leaf));
    leaf.body = CU_LIT("{\"a\":\"\\\"probe\\\":\\\"isolation\\\"\"}");
    assert_false(cu_population_wants(&p, &leaf));
    leaf.body = CU_LIT("{}");
    assert_false(cu_population_wants(&p, &leaf));
    leaf.type = CU_LIT("probe.started");
    assert_false(cu_population_wants(&p, &leaf));
}

static void sample_draw(void **state)
{
    cu_sample s = {.population = CU_LIT("01J9ZK4V3T7Q8R5S6W2X1Y0ABC"), .count = 1000000, .seed = CU_LIT("1"), .why = CU_LIT("w")}, again;
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    assert_int_equal(cu_sample_draw(&s, 1000), CU_OK);
    for (size_t i = 0; i < s.rows_n; i++) {
        assert_true(s.rows[i] < s.count);
        for (size_t k = 0; k < i; k++)
            assert_true(s.rows[i] != s.rows[k]);
    }
    assert_int_equal(cu_sample_encode(&s, &out), CU_OK);
    assert_int_equal(cu_sample_parse(cu_buf_view(&out), &again), CU_OK);
    assert_int_equal(again.rows_n, 1000);
    uint8_t *digit = out.p + cu_find(cu_buf_view(&out), CU_LIT("\"rows\":\""), 0) + 8; /* a row that the seed does not draw */
    *digit = *digit == '1' ? '2' : '1';
    assert_int_equal(cu_sample_parse(cu_buf_view(&out), &again), CU_SYNTAX);
    s.count = 5;
    assert_int_equal(cu_sample_draw(&s, 9), CU_OK);
    assert_int_equal(s.rows_n, 5);
    assert_int_equal(s.rows[4], 4);
    s.count = 1001;
    assert_int_equal(cu_sample_draw(&s, 1001), CU_TOO_BIG);
    assert_int_equal(cu_sample_draw(&s, 1000), CU_OK);
    s.count = 0;
    assert_int_equal(cu_sample_draw(&s, 3), CU_OK);
    assert_int_equal(s.rows_n, 0);
}

static void times(void **state)
{
    char out[CU_TIME_LEN];
    assert_int_equal(cu_listing_time(CU_LIT("2026-10-01"), out), CU_OK);
    assert_string_equal(out, "2026-10-01T00:00:00.000Z");
    assert_int_equal(cu_listing_time(CU_LIT("2026-10-01T01:02:03Z"), out), CU_OK);
    assert_string_equal(out, "2026-10-01T01:02:03.000Z");
    static const char *const wrong[] = {"", "today", "2026-13-01", "2026-00-01", "2026-10-32", "2026-10-01T24:00:00Z", "2026-10-01T01:02:03+01:00", "2026-10-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cu_listing_time(cu_str(wrong[i]), out), CU_SYNTAX);
}

/* Which tiles a proof touches, with the log's own memory of one tile a level. */
typedef struct {
    uint64_t at[TILE_SLOTS];
    unsigned reads;
} reader;

static cu_err node(void *arg, unsigned level, uint64_t index, cu_sha256 *out)
{
    reader *r = arg;
    uint64_t tile = (index << level % 8) / TILE_WIDTH;
    if (r->at[level / 8] != tile)
        r->reads++;
    r->at[level / 8] = tile;
    memset(out, 0, sizeof *out);
    return CU_OK;
}

static void proof_reads(void **state)
{
    static const uint64_t at[] = {0, 1, 255, 256, 65535, 65536, 300000, 524287, 524288, 777777, 983039, 983040, 999000, 999999};
    merkle_proof p;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        reader r = {.reads = 0};
        memset(r.at, 255, sizeof r.at);
        assert_int_equal(merkle_inclusion(node, &r, at[i], 1000000, &p), CU_OK);
        assert_true(r.reads <= 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(population_form), cmocka_unit_test(population_wants), cmocka_unit_test(sample_draw),
                                       cmocka_unit_test(times), cmocka_unit_test(proof_reads)};
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
