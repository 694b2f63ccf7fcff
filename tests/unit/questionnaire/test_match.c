/* The matching of questions, measured: wordings of the bank itself, labelled pairs, and three files of which no row was looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "questionnaire/bank.h"
#include "questionnaire/document.h"

static cu_arena arena;
static cu_bank *bank;
static cu_bank_index *idx;

static int setup(void **state)
{
    cu_fault f = {0};
    cu_events *events;
    cu_catalogue *c;
    cu_arena_init(&arena, CU_QARENA);
    if (cu_events_load(CATALOG_DIR, &arena, &events, &f) != CU_OK || cu_catalogue_load(CATALOG_DIR, events, &arena, &c, &f) != CU_OK ||
        cu_bank_load(CATALOG_DIR, c, events, &arena, &bank, &f) != CU_OK || cu_bank_index_new(bank, &idx, &f) != CU_OK) {
        fprintf(stderr, "%s\n", f.text);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    cu_bank_index_free(idx);
    cu_arena_free(&arena);
    return 0;
}

typedef struct {
    unsigned n, ours, drafted, right, wrong;
} measured;

/* Rows of id, question, expected; expected empty: nothing of the bank. */
static measured measure(const char *name)
{
    char path[400];
    measured m = {0};
    cu_fault f = {0};
    cu_qdocument *d = NULL;
    cu_buf file = CU_BUF(CU_QFILE_MAX);
    snprintf(path, sizeof path, "%s/%s.csv", DATA_DIR, name);
    assert_int_equal(cu_file_read(AT_FDCWD, path, &file), CU_OK);
    cu_err e = cu_qdocument_read(cu_buf_view(&file), &arena, &d, &f);
    if (e != CU_OK)
        fprintf(stderr, "%s\n", f.text);
    assert_int_equal(e, CU_OK);
    for (size_t i = 0; i < d->tables[0].n; i += 3) {
        const cu_qcell *row = &d->tables[0].cells[i];
        cu_bank_match hit;
        if (row[0].row == 0)
            continue;
        assert_int_equal(cu_bank_match_text(idx, row[1].text, CU_NONE, &hit), CU_OK);
        bool right = hit.question && cu_eq(hit.question->id, row[2].text);
        m.n++;
        m.ours += row[2].text.n > 0;
        m.drafted += hit.question != NULL;
        m.right += right;
        m.wrong += hit.question && !right;
        if (getenv("CUSTOS_SHOW") && !right && (hit.question || row[2].text.n))
            printf("# %s %.2f %-7.*s want %-7.*s next %-7.*s%s %.*s\n", hit.question ? "WRONG" : "none ", hit.sure, hit.nearest ? (int)hit.nearest->id.n : 0,
                   hit.nearest ? (const char *)hit.nearest->id.p : "", CU_FMT(row[2].text), hit.second ? (int)hit.second->id.n : 0, hit.second ? (const char *)hit.second->id.p : "",
                   hit.turned ? " turned" : "", CU_FMT(row[1].text));
    }
    printf("# %s: %u questions, %u of them the bank's, %u drafted, %u right, %u wrong\n", name, m.n, m.ours, m.drafted, m.right, m.wrong);
    cu_buf_free(&file);
    return m;
}

static void held_to(const measured *m, unsigned least)
{
    assert_true(m->right * 100 >= m->ours * 80);
    assert_true(m->right * 100 >= m->drafted * 98);
    assert_true(m->n >= least);
}

static void own_questions_are_found(void **state)
{
    unsigned right = 0;
    for (size_t i = 0; i < bank->n; i++) {
        cu_bank_match hit;
        assert_int_equal(cu_bank_match_text(idx, bank->v[i].text, CU_NONE, &hit), CU_OK);
        right += hit.question == &bank->v[i];
        if (hit.question && hit.question != &bank->v[i])
            fail_msg("%.*s was taken for %.*s", CU_FMT(bank->v[i].id), CU_FMT(hit.question->id));
        if (getenv("CUSTOS_SHOW") && !hit.question)
            printf("# own %.*s none, %.2f\n", CU_FMT(bank->v[i].id), hit.sure);
    }
    printf("# own: %u of %zu\n", right, bank->n);
    assert_true(bank->n >= 120 && right * 100 >= bank->n * 99);
}

/* Looked at while wordings were written. */
static void labelled_pairs(void **state)
{
    static const struct {
        const char *name;
        unsigned least;
    } files[] = {{"pairs", 300}, {"holdout", 120}, {"fresh", 48}, {"styles-dev", 160}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        measured m = measure(files[i].name);
        held_to(&m, files[i].least);
    }
}

/* Never looked at by row while matching was worked on: in the styles of long forms, of a bank and of a young company. It stays so:
 * a row that is not found is not mended by a wording of its own. */
static void hold_out(void **state)
{
    unsetenv("CUSTOS_SHOW");
    measured m = measure("styles");
    held_to(&m, 160);
}

/* unseen was written when an earlier matching was fitted, later before the bank grew by half. Rows of neither were looked at since; sums
 * were, and nothing was mended by a row. */
static void unseen(void **state)
{
    static const char *const files[] = {"unseen", "later"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        measured m = measure(files[i]);
        held_to(&m, 160);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(own_questions_are_found), cmocka_unit_test(labelled_pairs), cmocka_unit_test(hold_out), cmocka_unit_test(unseen)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
