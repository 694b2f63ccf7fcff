/* Recorded scans: the one form that is read, what has changed between two, and the projection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "store/recorded_scan.h"
#include "store/store.h"

static const char hex64[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/* A scan of acme/shop whose prints are step, 2·step, … */
static cu_recorded_scan invented(uint64_t distinct, uint64_t first, uint64_t step)
{
    cu_recorded_scan s = {.repository = CU_LIT("acme/shop"), .mode = CU_LIT("tree"), .commit = CU_LIT(""), .rules = cu_str(hex64),
                          .scope = CU_LIT("0123456789abcdef"), .files = 7, .bytes = 4096, .findings = distinct, .distinct = distinct,
                          .binary = 1, .ignored = 2, .unreadable = 3, .accepted = 4, .below = 5};
    s.severity[3] = distinct;
    if (distinct)
        s.types[s.types_n++] = (cu_recorded_type){CU_LIT("SECRET"), distinct};
    for (uint64_t i = 0; i < distinct && s.prints_n < CU_RECORDED_PRINTS; i++)
        s.prints[s.prints_n++] = first + i * step;
    return s;
}

static void encode(const cu_recorded_scan *s, cu_buf *out)
{
    cu_buf_reset(out);
    assert_int_equal(cu_recorded_scan_encode(s, out), CU_OK);
}

static void what_is_written_is_read(void **state)
{
    static cu_recorded_scan back;
    cu_buf one CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), two CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    for (uint64_t n = 0; n <= 1200; n += 300) {
        cu_recorded_scan s = invented(n, 5, 1ull << 40);
        encode(&s, &one);
        assert_int_equal(cu_recorded_scan_parse(cu_buf_view(&one), &back, NULL), CU_OK);
        encode(&back, &two);
        assert_true(cu_eq(cu_buf_view(&one), cu_buf_view(&two)));
    }
}

static void every_truncation_and_anything_behind_the_end_is_refused(void **state)
{
    static cu_recorded_scan back;
    cu_fault f = {0};
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_recorded_scan s = invented(3, 1, 9);
    encode(&s, &b);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *exact = malloc(n ? n : 1); /* so that a read behind the end is seen */
        memcpy(exact, b.p, n);
        assert_int_equal(cu_recorded_scan_parse(cu_bytes_of(exact, n), &back, &f), CU_SYNTAX);
        assert_non_null(strstr(f.text, "at byte "));
        free(exact);
    }
    cu_buf_byte(&b, ' ');
    assert_int_equal(cu_recorded_scan_parse(cu_buf_view(&b), &back, &f), CU_SYNTAX);
}

/* Whatever is accepted after a change of one byte is the form of something: it is written the same. */
static void no_second_way_to_write_it(void **state)
{
    static cu_recorded_scan back;
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), again CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_recorded_scan s = invented(3, 1, 9);
    encode(&s, &b);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t was = b.p[i];
        for (int c = 0; c < 256; c++) {
            b.p[i] = (uint8_t)c;
            if (cu_recorded_scan_parse(cu_buf_view(&b), &back, NULL) != CU_OK)
                continue;
            encode(&back, &again);
            assert_true(cu_eq(cu_buf_view(&b), cu_buf_view(&again)));
        }
        b.p[i] = was;
    }
}

static cu_err read_with(const char *from, const char *to)
{
    static cu_recorded_scan back;
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), other CU_CLEAN_BUF = CU_BUF(4 * CU_LEAF_MAX);
    cu_recorded_scan s = invented(2, 1, 9);
    encode(&s, &b);
    size_t at = cu_find(cu_buf_view(&b), cu_str(from), 0);
    assert_true(at != (size_t)-1);
    cu_buf_put(&other, b.p, at);
    cu_buf_str(&other, to);
    cu_buf_put(&other, b.p + at + strlen(from), b.n - at - strlen(from));
    return cu_recorded_scan_parse(cu_buf_view(&other), &back, NULL);
}

static void names_numbers_and_sums_are_checked(void **state)
{
    static const char *const bad_names[] = {"", "/acme", "acme/", "a//b", "../etc", "a/.git", "a b", "a:b", "k\\u00e4se", "a@b", "\xc3\xa4"};
    char name[300];
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++)
        assert_int_equal(read_with("acme/shop", bad_names[i]), CU_SYNTAX);
    memset(name, 'x', sizeof name);
    name[129] = 0;
    assert_int_equal(read_with("acme/shop", name), CU_SYNTAX);
    name[128] = 0;
    assert_int_equal(read_with("acme/shop", name), CU_OK);
    assert_int_equal(read_with("\"mode\":\"tree\"", "\"mode\":\"all\""), CU_SYNTAX);
    assert_int_equal(read_with("\"commit\":\"\"", "\"commit\":\"abc\""), CU_SYNTAX);
    assert_int_equal(read_with("\"files\":7", "\"files\":07"), CU_SYNTAX);
    assert_int_equal(read_with("\"files\":7", "\"files\":-7"), CU_SYNTAX);
    assert_int_equal(read_with("\"files\":7", "\"files\":9007199254740992"), CU_SYNTAX);
    assert_int_equal(read_with("\"files\":7", "\"files\":9007199254740991"), CU_OK);
    assert_int_equal(read_with("\"findings\":2", "\"findings\":3"), CU_SYNTAX);
    assert_int_equal(read_with("\"distinct\":2", "\"distinct\":1"), CU_SYNTAX);
    assert_int_equal(read_with("{\"SECRET\":2}", "{\"SECRET\":1,\"A\":1}"), CU_SYNTAX);
    assert_int_equal(read_with("{\"SECRET\":2}", "{\"A\":1,\"A\":1}"), CU_SYNTAX);
    assert_int_equal(read_with("{\"SECRET\":2}", "{\"AB\":1,\"A\":1}"), CU_SYNTAX);
    assert_int_equal(read_with("{\"SECRET\":2}", "{\"A\":1,\"AB\":1}"), CU_OK);
    assert_int_equal(read_with("{\"SECRET\":2}", "{\"SECRET\":2,\"T\":0}"), CU_SYNTAX);
}

/* The largest that a scan can send still fits into an entry. */
static void the_largest_fits_into_an_entry(void **state)
{
    static cu_recorded_scan s, back;
    static char names[150][24];
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), leaf CU_CLEAN_BUF = CU_BUF(2 * CU_LEAF_MAX);
    char name[129], id[CU_ID_LEN];
    cu_sha256 none = {{0}};
    memset(name, 'n', 128);
    s = invented(150000000, 1ull << 63, 1);
    s.repository = cu_bytes_of(name, 128);
    s.commit = cu_str(hex64);
    s.bytes = s.binary = s.ignored = s.files = 1ull << 50;
    s.mode = CU_LIT("history");
    s.types_n = 150;
    for (int i = 0; i < 150; i++) {
        snprintf(names[i], sizeof names[i], "TYPE_NAME_%d", 100 + i);
        s.types[i] = (cu_recorded_type){cu_str(names[i]), 1000000};
    }
    encode(&s, &b);
    assert_int_equal(cu_recorded_scan_parse(cu_buf_view(&b), &back, NULL), CU_OK);
    cu_id_new(id);
    const cu_leaf_in in = {.type = CU_LIT("scan.completed"), .tenant = cu_bytes_of(name, 63), .actor = CU_LIT("operator"),
                           .body = cu_buf_view(&b)};
    assert_int_equal(cu_leaf_encode(&in, id, "daemon-0", 1ull << 50, 1ull << 50, &none, &leaf), CU_OK);
}

static void new_gone_and_still_there(void **state)
{
    cu_scan_change c;
    cu_recorded_scan a = invented(10, 100, 10), b = invented(10, 150, 10), none = invented(0, 0, 1);
    cu_recorded_scan_compare(&a, &b, &c);
    assert_int_equal(c.still, 5);
    assert_int_equal(c.gone, 5);
    assert_int_equal(c.fresh, 5);
    assert_false(c.estimated);
    cu_recorded_scan_compare(&a, &a, &c);
    assert_int_equal(c.still, 10);
    assert_int_equal(c.gone + c.fresh, 0);
    cu_recorded_scan_compare(&none, &a, &c);
    assert_int_equal(c.fresh, 10);
    cu_recorded_scan_compare(&a, &none, &c);
    assert_int_equal(c.gone, 10);
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x * 0x2545f4914f6cdd1dull;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* 50,000 values, a tenth of them exchanged: the samples say so within a few percent. */
static void samples_estimate(void **state)
{
    enum { N = 50000, OTHER = 5000 };
    uint64_t *v = malloc((N + OTHER) * sizeof *v), x = 88172645463325252ull, *w = malloc(N * sizeof *w);
    cu_scan_change c;
    for (int i = 0; i < N + OTHER; i++)
        v[i] = next_random(&x);
    cu_recorded_scan a = invented(N, 1, 1), b = a;
    memcpy(w, v, N * sizeof *w);
    qsort(w, N, sizeof *w, by_value);
    memcpy(a.prints, w, sizeof a.prints);
    memcpy(w, v + OTHER, N * sizeof *w);
    qsort(w, N, sizeof *w, by_value);
    memcpy(b.prints, w, sizeof b.prints);
    cu_recorded_scan_compare(&a, &b, &c);
    assert_true(c.estimated);
    assert_in_range(c.still, 42000, 48000);
    assert_in_range(c.fresh, 3500, 6500);
    assert_in_range(c.gone, 3500, 6500);
    free(v);
    free(w);
}

/* --- the projection --- */

static void put_leaf(cu_buf *out, uint64_t n, const char *type, cu_bytes body)
{
    cu_sha256 prev = {{0}};
    char id[CU_ID_LEN];
    snprintf(id, sizeof id, "01JD000000000000000000%04llu", (unsigned long long)n);
    const cu_leaf_in in = {.type = cu_str(type), .tenant = CU_LIT("acme"), .actor = CU_LIT("operator"), .body = body, .ts_ns = (n + 1) * 1000000000};
    cu_buf_reset(out);
    assert_int_equal(cu_leaf_encode(&in, id, "daemon-0", 1, n, &prev, out), CU_OK);
}

static void take(cu_store *s, uint64_t index, const cu_recorded_scan *scan)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    encode(scan, &body);
    put_leaf(&leaf, index, "scan.completed", cu_buf_view(&body));
    assert_int_equal(cu_store_take(s, CU_LIT("t/acme"), index, cu_buf_view(&leaf)), CU_OK);
}

typedef struct {
    unsigned n;
    char text[4096];
} seen;

static void note(void *arg, const cu_store_scan *x)
{
    seen *s = arg;
    size_t at = strlen(s->text);
    s->n++;
    snprintf(s->text + at, sizeof s->text - at, "%llu %s %s<%lld +%llu -%llu =%llu%s%s;", (unsigned long long)x->index, x->mode, x->repository,
             x->before ? (long long)x->before_index : -1, (unsigned long long)x->fresh, (unsigned long long)x->gone,
             (unsigned long long)x->still, x->estimated ? " about" : "", x->other_rules ? " rules" : "");
}

static void fill(cu_store *s)
{
    cu_recorded_scan a = invented(10, 100, 10), b = invented(10, 150, 10), other = a, staged = a, scoped = a, ruled = b;
    other.repository = CU_LIT("acme/tools");
    staged.mode = CU_LIT("staged");
    scoped.scope = CU_LIT("ffffffffffffffff");
    ruled.rules = cu_slice(CU_LIT("f00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"), 0, 64);
    const cu_recorded_scan *all[] = {&a, &other, &staged, &b, &staged, &scoped, &ruled};
    for (size_t i = 0; i < 7; i++)
        take(s, i, all[i]);
}

static void each_is_compared_with_the_one_before_of_its_series(void **state)
{
    char path[] = "/tmp/custos-scans-XXXXXX", side[64];
    cu_store *s;
    cu_fault f;
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    close(mkstemp(path));
    for (int again = 0; again < 2; again++) { /* emptied, and filled from the log once more: the same */
        seen x = {0}, y = {0}, z = {0};
        unlink(path);
        assert_int_equal(cu_store_open(path, &s, &f), CU_OK);
        fill(s);
        fill(s); /* entries may come twice */
        put_leaf(&leaf, 7, "scan.completed", CU_LIT("{\"of\":\"another version\"}"));
        assert_int_equal(cu_store_take(s, CU_LIT("t/acme"), 7, cu_buf_view(&leaf)), CU_OK);
        assert_int_equal(cu_store_scans(s, &(cu_store_scan_filter){0}, 0, 100, note, &x), CU_OK);
        assert_string_equal(x.text, "6 tree acme/shop<3 +0 -0 =10 rules;5 tree acme/shop<-1 +0 -0 =0;4 staged acme/shop<-1 +0 -0 =0;"
                            "3 tree acme/shop<0 +5 -5 =5;2 staged acme/shop<-1 +0 -0 =0;1 tree acme/tools<-1 +0 -0 =0;"
                            "0 tree acme/shop<-1 +0 -0 =0;");
        const cu_store_scan_filter shop = {.log = "t/acme", .repository = "acme/shop", .mode = "tree"};
        assert_int_equal(cu_store_scan_count(s, &shop), 4);
        assert_int_equal(cu_store_scans(s, &shop, 6, 2, note, &y), CU_OK); /* a page */
        assert_string_equal(y.text, "3 tree acme/shop<0 +5 -5 =5;0 tree acme/shop<-1 +0 -0 =0;");
        assert_int_equal(cu_store_repositories(s, 0, 100, note, &z), CU_OK);
        assert_int_equal(z.n, 3);
        assert_memory_equal(z.text, "6 tree", 6);
        cu_store_close(s);
        for (int i = 0; i < 2; i++) {
            snprintf(side, sizeof side, "%s%s", path, i ? "-wal" : "-shm");
            unlink(side);
        }
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(every_truncation_and_anything_behind_the_end_is_refused),
        cmocka_unit_test(no_second_way_to_write_it),
        cmocka_unit_test(names_numbers_and_sums_are_checked),
        cmocka_unit_test(the_largest_fits_into_an_entry),
        cmocka_unit_test(new_gone_and_still_there),
        cmocka_unit_test(samples_estimate),
        cmocka_unit_test(each_is_compared_with_the_one_before_of_its_series),
    };
    return cmocka_run_group_tests_name("scans", tests, NULL, NULL);
}
