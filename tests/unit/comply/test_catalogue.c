/* The catalogue as it is shipped, and each way to spoil it: refused with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include "base/file.h"
#include "comply/catalogue.h"

static cu_err load_from(const char *dir, cu_arena *a, cu_catalogue **c, cu_fault *f)
{
    cu_events *events;
    cu_arena_init(a, 64u << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, a, &events, f), CU_OK);
    return cu_catalogue_load(dir, events, a, c, f);
}

static void what_is_shipped_covers_every_criterion(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_catalogue *c;
    cu_fault f = {0};
    assert_int_equal(load_from(CATALOG_DIR, &a, &c, &f), CU_OK);
    assert_int_equal(c->criteria_n, 61);
    assert_true(c->controls_n >= 68);
    for (size_t i = 0; i < c->criteria_n; i++)
        assert_true(c->criteria[i].controls_n > 0);
    for (size_t i = 0; i < c->controls_n; i++)
        assert_true(c->controls[i].fresh_ns > 0 && c->controls[i].criteria_n > 0);
    const cu_control *iam = cu_control_find(c, CU_LIT("IAM-01"));
    assert_true(cu_control_probed_by(iam, CU_LIT("iam-anon-refused"), CU_NONE));
    assert_true(cu_control_probed_by(iam, CU_LIT("anything"), CU_LIT("IAM-01")));
    assert_false(cu_control_probed_by(iam, CU_LIT("iam-anon-refused"), CU_LIT("IAM-02")));
    assert_null(cu_control_find(c, CU_LIT("IAM-99")));
}

/* Copies a file of the catalogue with the first `from` replaced. */
static void spoil(const char *dir, const char *name, const char *from, const char *to)
{
    char path[300];
    cu_buf text CU_CLEAN_BUF = CU_BUF(1u << 22);
    snprintf(path, sizeof path, "%s/%s", CATALOG_DIR, name);
    assert_int_equal(cu_file_read(AT_FDCWD, path, &text), CU_OK);
    size_t at = from ? cu_find(cu_buf_view(&text), cu_str(from), 0) : 0;
    assert_true(at != (size_t)-1);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *out = fopen(path, "w");
    fwrite(text.p, 1, at, out);
    if (from)
        fputs(to, out);
    at += from ? strlen(from) : 0;
    fwrite(text.p + at, 1, text.n - at, out);
    fclose(out);
}

static void each_mistake_names_its_place(void **state)
{
    static const struct { const char *file, *from, *to, *says; } cases[] = {
        {"controls.yaml", "tsc: [CC1.1, CC2.2, CC5.3]", "tsc: [CC1.1, CC2.2, CC5.9]", "no criterion of this id"},
        {"controls.yaml", "tsc: [CC1.1, CC2.2, CC5.3]", "tsc: [CC1.1, CC2.2]", "its tsc does not"},
        {"controls.yaml", "tsc: [CC1.2]", "tsc: [CC1.2, CC1.1]", "does not name this control"},
        {"controls.yaml", "- {events: [policy.approved]}", "- {events: [policy.aproved]}", "no type of this name"},
        {"controls.yaml", "- {events: [policy.approved]}", "- {events: [daemon.started]}", "does not say how it comes about"},
        {"controls.yaml", "events: [policy.approved, policy.ack", "events: [policy.aproved, policy.ack", "no type of this name"},
        {"controls.yaml", "- id: GOV-02", "- id: GOV-01", "given twice"},
        {"controls.yaml", "frequency: annual", "frequency: yearly", "has no frequency yearly"},
        {"controls.yaml", "freshness_limit: 380d\n    test", "freshness_limit: soon\n    test", "a limit like 24h"},
        {"controls.yaml", "automation: workflow", "automation: magic", "automation is auto"},
        {"controls.yaml", "owner_role: CISO", "owner: CISO", "no key of this name"},
        {"controls.yaml", "feed: true", "feed: maybe", "true or false"},
        {"criteria.yaml", "controls: [GOV-02]", "controls: []", "no control serves this criterion"},
        {"criteria.yaml", "controls: [GOV-02]", "controls: [GOV-77]", "no control of this id"},
        {"criteria.yaml", "- id: CC1.2", "- id: CC1.1", "given twice"},
        {"criteria.yaml", "count: 61", "count: 60", "not the count"},
        {"criteria.yaml", "category: security", "category: safety", "categories has none"},
    };
    char dir[] = "/tmp/custos-catalogue-XXXXXX", command[80];
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_catalogue *c;
        cu_fault f = {0};
        spoil(dir, "controls.yaml", NULL, NULL);
        spoil(dir, "criteria.yaml", NULL, NULL);
        spoil(dir, cases[i].file, cases[i].from, cases[i].to);
        assert_int_equal(load_from(dir, &a, &c, &f), CU_CONFIG);
        if (!strstr(f.text, cases[i].says) || !strstr(f.text, cases[i].file))
            fail_msg("case %zu: %s", i, f.text);
        assert_true(f.line > 0);
    }
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_shipped_covers_every_criterion), cmocka_unit_test(each_mistake_names_its_place)};
    return cmocka_run_group_tests_name("comply/catalogue", tests, NULL, NULL);
}
