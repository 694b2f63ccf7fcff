/* Rules for planted instructions: their examples, and which texts of a request are looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "catalog/rules.h"
#include "inspect/injected.h"

static void tell(void *arg, const cu_injected_rule *r, cu_bytes example, const char *why)
{
    fprintf(stderr, "%s:%u: %s %s: %.*s\n", r->file, r->line, r->id, why, (int)example.n, (const char *)example.p);
}

static cu_injected *opened(const char *catalog, const char *image)
{
    cu_injected *j;
    cu_fault f = {0};
    if (cu_injected_open(catalog, image, &j, &f) != CU_OK)
        fail_msg("%s", f.text);
    return j;
}

/* At least so many rules, and the examples of each hold. */
static void proven(const cu_injected *j, size_t rules)
{
    size_t wrong = 1;
    assert_true(cu_injected_rules_of(j)->n >= rules);
    assert_int_equal(cu_injected_prove(j, tell, NULL, &wrong), CU_OK);
    assert_int_equal(wrong, 0);
}

/* Whatever is compiled is kept at `path`, and found again there. */
static void kept(const char *catalog, const char *path, size_t rules)
{
    cu_injected *j = opened(catalog, path);
    assert_false(cu_injected_from_image(j));
    proven(j, rules);
    assert_int_equal(cu_injected_write_image(j, path), CU_OK);
    cu_injected_free(j);
    j = opened(catalog, path);
    assert_true(cu_injected_from_image(j));
    proven(j, rules);
    cu_injected_free(j);
}

static void put_file(const char *path, const void *p, size_t n)
{
    FILE *to = fopen(path, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(p, 1, n, to), n);
    assert_int_equal(fclose(to), 0);
}

static void examples_hold_compiled_and_from_an_image(void **state)
{
    char path[] = "/tmp/custos-injected-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    kept(cu_catalog_dir(), path, 35);
    unlink(path);
}

/* An image that is spoilt or short is passed over; of one rule, which compiles at once. */
static void a_spoilt_image_is_passed_over(void **state)
{
    static const char rule[] = "rules:\n  - {id: a, title: t, family: f, pattern: 'x y', examples: [x y, a x y, x y b], counter_examples: [d, e, f]}\n";
    char top[] = "/tmp/custos-injected-XXXXXX", path[200], file[200], rules[200], folder[200];
    static uint8_t image[4u << 20];
    assert_non_null(mkdtemp(top));
    snprintf(path, sizeof path, "%s/image", top);
    snprintf(rules, sizeof rules, "%s/rules", top);
    snprintf(folder, sizeof folder, "%s/rules/injected", top);
    snprintf(file, sizeof file, "%s/rules/injected/a.yaml", top);
    assert_int_equal(mkdir(rules, 0700) | mkdir(folder, 0700), 0);
    put_file(file, rule, sizeof rule - 1);
    kept(top, path, 1);
    FILE *from = fopen(path, "rb");
    assert_non_null(from);
    size_t n = fread(image, 1, sizeof image, from);
    fclose(from);
    assert_true(n > 1000 && n < sizeof image);
    const size_t flipped[] = {3, 20, 50, 80, n - 1}, cut[] = {0, 7, 71, 72, n - 1};
    for (size_t i = 0; i < 10; i++) {
        if (i < 5)
            image[flipped[i]] ^= 1;
        put_file(path, image, i < 5 ? n : cut[i - 5]);
        if (i < 5)
            image[flipped[i]] ^= 1;
        cu_injected *j = opened(top, path);
        assert_false(cu_injected_from_image(j));
        cu_injected_free(j);
    }
    remove(path);
    remove(file);
    remove(folder);
    remove(rules);
    remove(top);
}

/* A file of rules that a test writes: what is wrong with it is said with its line. */
static void refused(const char *text, const char *why)
{
    char dir[] = "/tmp/custos-injected-XXXXXX", path[200];
    cu_arena a CU_CLEAN_ARENA;
    cu_injected_rules rules;
    cu_fault f = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.yaml", dir);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
    cu_arena_init(&a, 4u << 20);
    assert_int_not_equal(cu_injected_rules_load(dir, &a, &rules, &f), CU_OK);
    if (!strstr(f.text, why) || !strstr(f.text, "a.yaml:"))
        fail_msg("%s", f.text);
    remove(path);
    remove(dir);
}

#define RULE(id) "  - {id: " id ", title: t, family: f, pattern: 'x y', examples: [a, b, c], counter_examples: [d, e, f]}\n"

static void wrong_rules_are_refused(void **state)
{
    refused("rules:\n  - {id: a, title: t, family: f, pattern: x, examples: [a], counter_examples: [d, e, f]}\n", "at least 3");
    refused("rules:\n  - {id: A b, title: t, family: f, pattern: x, examples: [a, b, c], counter_examples: [d, e, f]}\n", "an id has");
    refused("rules:\n" RULE("a") RULE("a"), "twice");
    refused("rules:\n  - {id: a, titel: t}\n", "titel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples_hold_compiled_and_from_an_image), cmocka_unit_test(a_spoilt_image_is_passed_over), cmocka_unit_test(wrong_rules_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
