/* Drafted answers: no data is never yes, nothing without a citation, and only what changed comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "questionnaire/rows.h"

#define NOW 1795740000000ull

static cu_arena arena;
static cu_catalogue *cat;
static cu_bank *bank;
static cu_bank_index *idx;
static cu_control_status *controls;
static cu_fact *facts;
static cu_draft_ground ground;

static int setup(void **state)
{
    cu_fault f = {0};
    cu_events *events;
    cu_arena_init(&arena, CU_QARENA);
    if (cu_events_load(CATALOG_DIR, &arena, &events, &f) != CU_OK || cu_catalogue_load(CATALOG_DIR, events, &arena, &cat, &f) != CU_OK ||
        cu_bank_load(CATALOG_DIR, cat, events, &arena, &bank, &f) != CU_OK || cu_bank_index_new(bank, &idx, &f) != CU_OK) {
        fprintf(stderr, "%s\n", f.text);
        return -1;
    }
    controls = cu_arena_alloc(&arena, cat->controls_n * sizeof *controls);
    facts = cu_arena_alloc(&arena, bank->facts_n * sizeof *facts);
    ground = (cu_draft_ground){bank, cat, controls, facts, NOW, NOW - 90ull * 86400000};
    return controls && facts ? 0 : -1;
}

static int teardown(void **state)
{
    cu_bank_index_free(idx);
    cu_arena_free(&arena);
    return 0;
}

/* Every control in one state, every fact unknown. */
static void all(cu_state s)
{
    for (size_t i = 0; i < cat->controls_n; i++)
        controls[i] = (cu_control_status){.control = &cat->controls[i], .state = s};
    for (size_t i = 0; i < bank->facts_n; i++)
        facts[i] = (cu_fact){.why = "nothing is known"};
}

static cu_fact *fact(const char *name)
{
    for (size_t i = 0; i < bank->facts_n; i++)
        if (cu_eq_str(bank->facts[i].name, name))
            return &facts[i];
    fail_msg("there is no fact %s", name);
    return NULL;
}

static void set(const char *name, uint64_t n)
{
    cu_fact *x = fact(name);
    *x = (cu_fact){.known = true, .number = n, .index = 7, .last_ms = NOW - 1000};
    snprintf(x->log, sizeof x->log, "t/acme");
}

static void state_of(const char *id, cu_state s)
{
    controls[cu_control_find(cat, cu_str(id)) - cat->controls].state = s;
}

static cu_draft draft(const char *text)
{
    cu_draft d;
    const cu_qasked q = {.text = cu_str(text)};
    assert_int_equal(cu_draft_answer(&ground, idx, &q, &arena, &d), CU_OK);
    if (d.answer.n)
        assert_true(d.citations.n > 0);
    return d;
}

static bool says(const cu_draft *d, const char *what)
{
    return cu_find(d->answer, cu_str(what), 0) != (size_t)-1;
}

#define LOGGED "Do you log every use of the assistant?"

static void a_good_one(void)
{
    all(CU_STATE_MET);
    set("exchanges", 12);
    set("orphans", 0);
    set("evidence_gaps", 0);
}

static void no_data_is_never_yes(void **state)
{
    static const cu_state states[] = {CU_STATE_NO_DATA, CU_STATE_NOT_MET, CU_STATE_PARTLY};
    for (size_t s = 0; s < 3; s++)
        for (size_t i = 0; i < bank->n; i++) {
            cu_qasked q = {.text = bank->v[i].text};
            cu_draft d;
            all(states[s]);
            assert_int_equal(cu_draft_answer(&ground, idx, &q, &arena, &d), CU_OK);
            assert_int_not_equal(d.verdict, CU_DRAFT_HOLDS);
            assert_true(d.answer.n && d.citations.n && d.gap.n);
            for (size_t k = 0; k < bank->v[i].says_n; k++) /* what is so by design is said of nothing that is not met */
                if (cu_find(d.answer, bank->v[i].says[k], 0) != (size_t)-1)
                    fail_msg("%.*s says: %.*s", CU_FMT(bank->v[i].id), CU_FMT(bank->v[i].says[k]));
        }
}

static void what_holds_is_yes_with_its_facts(void **state)
{
    a_good_one();
    cu_draft d = draft(LOGGED);
    assert_int_equal(d.verdict, CU_DRAFT_HOLDS);
    assert_true(says(&d, "Yes. ") && says(&d, "12 exchanges were sealed") && !says(&d, "last tie-out")); /* that one is not known */
    assert_true(cu_find(d.citations, CU_LIT("fact exchanges = 12 [exchange.request since"), 0) != (size_t)-1);
    assert_true(cu_find(d.citations, CU_LIT("newest t/acme#7 of"), 0) != (size_t)-1);
}

static void a_condition_that_fails_is_named(void **state)
{
    a_good_one();
    set("orphans", 3);
    cu_draft d = draft(LOGGED);
    assert_int_equal(d.verdict, CU_DRAFT_PARTLY);
    assert_true(says(&d, "Partly. ") && says(&d, "requests without an end: 3 (needed: orphans == 0)"));
    a_good_one();
    state_of("GOV-06", CU_STATE_NOT_MET);
    d = draft(LOGGED);
    assert_int_equal(d.verdict, CU_DRAFT_PARTLY);
    assert_true(says(&d, "control GOV-06") && says(&d, "is not met"));
    a_good_one();
    *fact("orphans") = (cu_fact){.why = "no gateway was heard of"};
    d = draft(LOGGED);
    assert_int_equal(d.verdict, CU_DRAFT_PERSON);
    assert_true(says(&d, "no gateway was heard of"));
}

static void the_opposite_turns_the_word(void **state)
{
    all(CU_STATE_MET);
    set("flag_mismatch", 0);
    cu_draft d = draft("Is our data used to train models?");
    assert_string_equal(d.choice, "No");
    d = draft("Is customer content excluded from training?");
    assert_true(d.match.inverted && says(&d, "Yes. "));
    assert_string_equal(d.key, "AI-001-inverted");
}

static void a_person_decides_where_facts_do_not(void **state)
{
    all(CU_STATE_MET);
    cu_draft d = draft("Do outsiders test your security?");
    assert_int_equal(d.verdict, CU_DRAFT_PERSON);
    assert_true(says(&d, "[A person decides.]") && !d.choice);
    d = draft("What colour are your curtains?");
    assert_true(d.verdict == CU_DRAFT_PERSON && !d.answer.n && !d.citations.n && !d.match.question);
}

static void only_what_changed_comes_back(void **state)
{
    a_good_one();
    cu_draft was = draft(LOGGED);
    set("exchanges", 9999);
    cu_draft more = draft(LOGGED);
    assert_string_equal(was.facts, more.facts);
    set("evidence_gaps", 1);
    cu_draft gap = draft(LOGGED);
    assert_string_not_equal(was.facts, gap.facts);
    a_good_one();
    state_of("PIN-03", CU_STATE_PARTLY);
    cu_draft control = draft(LOGGED);
    assert_string_not_equal(was.facts, control.facts);
}

static cu_err entry(cu_qmemory *m, uint64_t index, const char *type, const char *id, const char *body)
{
    const cu_qentry e = {index, cu_str(type), CU_LIT("2026-11-27T00:00:00.000Z"), CU_LIT("operator"), cu_str(id), cu_str(body)};
    return cu_qmemory_take(m, &e);
}

static void row_of(const cu_qasked *q, const cu_qmemory *m, cu_qrow *row)
{
    assert_int_equal(cu_qrow_draft(&ground, idx, q, &arena, row), CU_OK);
    assert_int_equal(cu_qrows_recall(m, &arena, row, 1), CU_OK);
}

static void memory_follows_the_log(void **state)
{
    cu_qmemory *m;
    char body[400];
    a_good_one();
    cu_draft d = draft(LOGGED);
    const cu_qasked q = {.text = CU_LIT(LOGGED)};
    cu_qrow row;
    assert_int_equal(cu_qmemory_new(&m), CU_OK);
    assert_int_equal(entry(m, 1, "questionnaire.imported", "01KB2X3Y4Z5A6B7C8D9E0F1G2H", "{\"bytes\":1,\"digest\":\"x\",\"format\":\"csv\",\"name\":\"a\",\"questions\":1}"), CU_OK);
    row_of(&q, m, &row);
    assert_int_equal(row.status, CU_QSTATUS_DRAFTED);
    snprintf(body, sizeof body, "{\"answer\":\"We do.\",\"facts\":\"%s\",\"key\":\"SQ-015\",\"question\":\"q\",\"questionnaire\":\"01KB2X3Y4Z5A6B7C8D9E0F1G2H\",\"verdict\":\"yes\"}", d.facts);
    assert_int_equal(entry(m, 5, "questionnaire.approved", "", body), CU_OK);
    assert_int_equal(entry(m, 5, "questionnaire.approved", "", body), CU_OK); /* taken twice */
    assert_int_equal(entry(m, 6, "key.issued", "", "no JSON"), CU_OK);
    assert_int_equal(cu_qmemory_approved_count(m), 1);
    assert_int_equal(cu_qmemory_find(m, "01KB2X3Y4Z5A6B7C8D9E0F1G2H")->approved, 1);
    row_of(&q, m, &row);
    assert_true(row.status == CU_QSTATUS_APPROVED && cu_eq_str(row.answer, "We do."));
    assert_true(cu_find(row.citations, CU_LIT("org#5"), 0) != (size_t)-1);
    set("orphans", 1);
    row_of(&q, m, &row);
    assert_int_equal(row.status, CU_QSTATUS_CHANGED);
    assert_false(cu_eq_str(row.answer, "We do."));
    cu_qmemory_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_data_is_never_yes), cmocka_unit_test(what_holds_is_yes_with_its_facts), cmocka_unit_test(a_condition_that_fails_is_named),
                                       cmocka_unit_test(the_opposite_turns_the_word), cmocka_unit_test(a_person_decides_where_facts_do_not),
                                       cmocka_unit_test(only_what_changed_comes_back), cmocka_unit_test(memory_follows_the_log)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
