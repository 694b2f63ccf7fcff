/* Every rule proves itself: its examples are found, exactly, and its counter-examples are not; and
 * the known-answer sweep moves each example through positions and alignments. */
#include <stdio.h>
#include <stdlib.h>
#include "../shipped_rules.h"

/* Every alignment; a sanitized run, which is slow, takes some. */
#if defined(__SANITIZE_ADDRESS__)
#define ALIGN_STEP 13
#else
#define ALIGN_STEP 1
#endif

static cu_findings found;

/* What is proven here is what the compiler makes of the rules, not what an image holds. */
static int compile(void **state)
{
    cu_fault f = {0};
    if (load(state) != 0)
        return -1;
    cu_scratch_free(scratch);
    cu_engine_free(engine);
    if (cu_engine_compile(&rules, &engine, &f) == CU_OK && cu_scratch_new(engine, &scratch) == CU_OK)
        return 0;
    print_error("%s\n", f.text);
    return -1;
}

static int unload_all(void **state)
{
    cu_findings_free(&found);
    return unload(state);
}

static bool has(size_t start, size_t end)
{
    for (size_t i = 0; i < found.n; i++)
        if (found.v[i].start == start && found.v[i].end == end)
            return true;
    return false;
}

static unsigned misses(const cu_rule *r, const cu_rule_example *x, const uint8_t *at, size_t n,
                       size_t shift)
{
    unsigned missed = 0;
    assert_int_equal(cu_detect(engine, scratch, cu_bytes_of(at, n), &found), CU_OK);
    for (size_t v = 0; v < x->values_n; v++)
        if (!has(x->value[v].start + shift, x->value[v].end + shift)) {
            if (!missed++ && shift == 0)
                print_error("rule %s missed %.*s (shift %zu)\n", r->id, CU_FMT(x->text), shift);
        }
    return missed;
}

static void examples_are_found_exactly(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t i = 0; i < rules.n; i++)
        for (size_t k = 0; k < rules.v[i].examples_n; k++) {
            const cu_rule_example *x = &rules.v[i].examples[k];
            missed += misses(&rules.v[i], x, x->text.p, x->text.n, 0);
        }
    assert_int_equal(missed, 0);
}

static void counter_examples_are_not_found(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < rules.n; i++)
        for (size_t k = 0; k < rules.v[i].counter_examples_n; k++) {
            cu_bytes t = rules.v[i].counter_examples[k].text;
            assert_int_equal(cu_detect(engine, scratch, t, &found), CU_OK);
            for (size_t v = 0; v < found.n; v++)
                if (found.v[v].rule == i && ++wrong)
                    print_error("rule %s fired on %.*s\n", rules.v[i].id, CU_FMT(t));
        }
    assert_int_equal(wrong, 0);
}

/* Lengths around the engine's blocks, each alignment of the buffer. */
static void sweep_misses_nothing(void **state)
{
    (void)state;
    static const size_t before[] = {0, 1, 15, 31, 32, 63, 64, 65, 127, 255, 1023, 2047, 4095};
    uint8_t *memory = aligned_alloc(64, 32768);
    unsigned missed = 0;
    assert_non_null(memory);
    for (size_t i = 0; i < rules.n; i++)
        for (size_t k = 0; k < rules.v[i].examples_n; k++)
            for (size_t b = 0; b < sizeof before / sizeof *before; b++)
                for (size_t align = 0; align < 64; align += ALIGN_STEP) {
                    const cu_rule_example *x = &rules.v[i].examples[k];
                    size_t pad = before[b], n = pad + x->text.n + (align * 7) % 40;
                    memset(memory + align, '\n', n); /* some rules begin where a line begins */
                    memcpy(memory + align + pad, x->text.p, x->text.n);
                    missed += misses(&rules.v[i], x, memory + align, n, pad);
                }
    free(memory);
    assert_int_equal(missed, 0);
}

static void nothing_crosses_a_separator(void **state)
{
    (void)state;
    for (size_t i = 0; i < rules.n; i++) {
        const cu_rule_example *x = &rules.v[i].examples[0];
        if (x->value[0].end - x->value[0].start < 12)
            continue;
        uint8_t cut[CU_RULE_MAX_VALUES * 1024];
        size_t at = x->value[0].start + 6;
        memcpy(cut, x->text.p, at);
        cut[at] = CU_DETECT_SEPARATOR;
        memcpy(cut + at + 1, x->text.p + at, x->text.n - at);
        assert_int_equal(cu_detect(engine, scratch, cu_bytes_of(cut, x->text.n + 1), &found), CU_OK);
        for (size_t v = 0; v < found.n; v++)
            assert_false(found.v[v].start < at && found.v[v].end > at + 1);
    }
}

/* By a measure that needs no clock: no rule is too dear, and one that is gets refused by name. */
static void no_rule_is_too_dear(void **state)
{
    (void)state;
    size_t dear_n = 0;
    for (size_t i = 0; i < rules.n; i++) {
        char why[CU_DEAR_MAX];
        bool dear;
        assert_int_equal(cu_rule_dear(engine, i, why, &dear), CU_OK);
        if (dear)
            print_error("rule %s %s\n", rules.v[i].id, why);
        dear_n += dear;
    }
    assert_int_equal(dear_n, 0);
}

static bool is_dear(cu_rule r)
{
    cu_rules one = {&r, 1};
    cu_engine *e = NULL;
    cu_fault f = {0};
    char why[CU_DEAR_MAX] = "";
    bool dear;
    assert_int_equal(cu_engine_compile(&one, &e, &f), CU_OK);
    assert_int_equal(cu_rule_dear(e, 0, why, &dear), CU_OK);
    cu_engine_free(e);
    assert_int_equal(dear, why[0] != 0);
    return dear;
}

static void dear_rules_are_refused(void **state)
{
    (void)state;
    const char *often[] = {"name", "value"}, *seldom[] = {"fennimarsh"};
    cu_rule r = {.id = "x", .type = CU_TYPE_SECRET, .title = "x", .confidence = 50, .severity = 3};
    r.pattern = "[a-z]{3}[0-9]{2}";
    assert_true(is_dear(r));
    r.pattern = "name[0-9]{2}";
    assert_true(is_dear(r));
    r.pattern = "fennimarsh[0-9]{2}";
    assert_false(is_dear(r));
    r.pattern = "name_[A-Za-z0-9]{32}"; /* tried beside tokens only */
    assert_false(is_dear(r));
    r.pattern = NULL;
    r.value = "[0-9]{2}";
    r.reach = 40;
    r.anchors = often;
    r.anchors_n = 2;
    assert_true(is_dear(r));
    r.anchors = seldom;
    r.anchors_n = 1;
    assert_false(is_dear(r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_found_exactly),
        cmocka_unit_test(counter_examples_are_not_found),
        cmocka_unit_test(sweep_misses_nothing),
        cmocka_unit_test(nothing_crosses_a_separator),
        cmocka_unit_test(no_rule_is_too_dear),
        cmocka_unit_test(dear_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, compile, unload_all);
}
