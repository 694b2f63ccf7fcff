/* The checklist as it is shipped: at most 30 questions, each with controls and a next step; every way to spoil it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "comply/checklist.h"

static cu_arena arena;
static cu_catalogue *cat;

static int load(void **state)
{
    cu_fault f = {0};
    cu_events *events;
    cu_arena_init(&arena, 64u << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, &arena, &events, &f), CU_OK);
    assert_int_equal(cu_catalogue_load(CATALOG_DIR, events, &arena, &cat, &f), CU_OK);
    return 0;
}

static int unload(void **state)
{
    cu_arena_free(&arena);
    return 0;
}

static void what_is_shipped_is_whole(void **state)
{
    cu_checklist *l;
    cu_fault f = {0};
    assert_int_equal(cu_checklist_load(CATALOG_DIR, cat, &arena, &l, &f), CU_OK);
    assert_true(l->n > 20 && l->n <= CU_QUESTIONS_MAX && l->sections_n == 9);
    for (size_t i = 0; i < l->n; i++)
        assert_true(l->v[i].controls_n && l->v[i].criteria_n && l->v[i].choices_n > 1 && (l->v[i].own || l->v[i].next_step.n));
    const cu_question *q = cu_question_find(l, CU_LIT("Q05")), *many = cu_question_find(l, CU_LIT("Q02"));
    const cu_bytes yes[] = {CU_LIT("yes"), CU_LIT("yes")}, na[] = {CU_LIT("na")}, none[] = {CU_LIT("never")}, two[] = {CU_LIT("privacy"), CU_LIT("available")};
    assert_int_equal(cu_question_check(q, yes, 1, CU_NONE, &f), CU_OK);
    assert_int_not_equal(cu_question_check(q, yes, 2, CU_NONE, &f), CU_OK);
    assert_int_not_equal(cu_question_check(q, yes, 0, CU_NONE, &f), CU_OK);
    assert_int_not_equal(cu_question_check(q, none, 1, CU_NONE, &f), CU_OK);
    assert_int_not_equal(cu_question_check(q, na, 1, CU_NONE, &f), CU_OK);
    assert_int_equal(cu_question_check(q, na, 1, CU_LIT("because"), &f), CU_OK);
    assert_int_not_equal(cu_question_check(q, na, 1, CU_LIT("\xff"), &f), CU_OK);
    assert_int_equal(cu_question_check(many, two, 2, CU_NONE, &f), CU_OK);
}

static void each_mistake_names_its_place(void **state)
{
    static const struct { const char *from, *to, *says; } cases[] = {
        {"- id: Q02", "- id: Q01", "given twice"},
        {"section: access", "section: axes", "no section"},
        {"controls: [GOV-05, VEN-01, NET-02]", "controls: [GOV-05, VEN-01, NET-99]", "no control"},
        {"criteria: [CC3.1, CC6.6, CC9.2]", "criteria: [CC3.1, CC6.6, CC9.9]", "no criterion"},
        {"controls: [GOV-05, VEN-01, NET-02]", "controls: []", "needs controls"},
        {"show_if_category: [availability]", "show_if_category: [ability]", "no category"},
        {"counts_as: gap", "counts_as: gab", "counts_as is"},
        {"    next_step:", "    nextstep:", "no key of this name"},
        {"{id: use, label", "{id: build, label", "given twice"},
    };
    char dir[] = "/tmp/custos-checklist-XXXXXX", path[300];
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_buf text CU_CLEAN_BUF = CU_BUF(1u << 20);
        cu_checklist *l;
        cu_fault f = {0};
        assert_int_equal(cu_file_read(AT_FDCWD, CATALOG_DIR "/checklist.yaml", &text), CU_OK);
        size_t at = cu_find(cu_buf_view(&text), cu_str(cases[i].from), 0);
        assert_true(at != (size_t)-1);
        snprintf(path, sizeof path, "%s/checklist.yaml", dir);
        FILE *out = fopen(path, "w");
        fwrite(text.p, 1, at, out);
        fputs(cases[i].to, out);
        at += strlen(cases[i].from);
        fwrite(text.p + at, 1, text.n - at, out);
        fclose(out);
        assert_int_equal(cu_checklist_load(dir, cat, &arena, &l, &f), CU_CONFIG);
        if (!strstr(f.text, cases[i].says) || !f.line)
            fail_msg("case %zu: %s", i, f.text);
    }
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_shipped_is_whole), cmocka_unit_test(each_mistake_names_its_place)};
    return cmocka_run_group_tests_name("comply/checklist", tests, load, unload);
}
