/* Listings of controls: the shipped catalogue, and what is wrong in one is named with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "comply/listing.h"
#include <fcntl.h>

static void shipped(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_control_listings *c;
    cu_fault f = {0};
    cu_population p = {0};
    uint64_t n;
    char why[CU_SAMPLE_WHY];
    cu_arena_init(&a, 64u << 20);
    assert_int_equal(cu_control_listings_load(CATALOG_DIR, &a, &c, &f), CU_OK);
    assert_int_equal(cu_control_listing(c, "TEN-02", &p), CU_OK);
    assert_true(cu_eq_str(p.types[0], "probe.completed"));
    assert_true(cu_eq_str(p.where[0].field, "probe") && cu_eq_str(p.where[0].value, "isolation"));
    assert_int_equal(cu_control_listing(c, "XX-01", &p), CU_NOT_FOUND);
    static const struct {
        const char *id;
        uint64_t count, size;
    } sizes[] = {{"IAM-02", 3, 3}, {"IAM-02", 40, 5}, {"IAM-02", 101, 11}, {"IAM-02", 1000000, 40}, {"GOV-01", 9, 1}, {"PIN-03", 1000, 30}, {"PIN-06", 1000, 45}, {"PIN-06", 0, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(cu_control_sample_size(c, cu_str(sizes[i].id), sizes[i].count, &n, why), CU_OK);
        assert_int_equal(n, sizes[i].size);
        assert_non_null(strstr(why, "house default"));
    }
}

static void mistakes(void **state)
{
    static const struct {
        const char *control;
        const char *why;
    } cases[] = {
        {"frequency: hourly\n    evidence: {events: [a.b]}", "no sampling rule"},
        {"frequency: daily\n    evidence: {events: [nonsense]}", "a type of entry"},
        {"frequency: daily\n    evidence: {events: [a.b, a.b]}", "given twice"},
        {"frequency: daily\n    evidence: {listing: {where: {a: b}}}", "needs events"},
        {"frequency: daily\n    evidence: {listing: {events: [a.b], where: {a: [b]}}}", "a member"},
    };
    char dir[] = "/tmp/custos-listing-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/controls.yaml", dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_buf text CU_CLEAN_BUF = CU_BUF(4096);
        cu_control_listings *c;
        cu_fault f = {0};
        cu_arena_init(&a, 1u << 20);
        cu_buf_fmt(&text, "sampling_rules:\n  daily: {min: 1, max: 2}\ncontrols:\n  - id: A-01\n    %s\n", cases[i].control);
        assert_int_equal(cu_file_replace(AT_FDCWD, path, cu_buf_view(&text), 0600), CU_OK);
        assert_int_equal(cu_control_listings_load(dir, &a, &c, &f), CU_CONFIG);
        assert_non_null(strstr(f.text, cases[i].why));
        assert_non_null(strstr(f.text, "controls.yaml:"));
    }
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shipped), cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
