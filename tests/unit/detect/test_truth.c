/* The engine against PCRE2 alone, on real text: wherever a rule's own expression matches, the engine
 * reports an end. The library that loses matches shows here, whatever the cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include "base/file.h"
#include "engine.h"

typedef struct {
    uint8_t *ends; /* per byte: rule `rule` was reported to end here */
    unsigned rule;
} seen;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
    seen *s = arg;
    (void)from, (void)flags;
    if (id == s->rule)
        s->ends[to] = 1;
    return 0;
}

/* Real text: the rules themselves, the program's sources, and every example. */
static void read_text(const cu_rules *rules, cu_buf *text)
{
    static const char *const files[] = {ROOT "/src/detect/tokenize.c", ROOT "/src/catalog/config.c",
        ROOT "/src/daemon/api.c", ROOT "/tests/package-lock.json", ROOT "/web/package-lock.json",
        ROOT "/catalog/controls.yaml", ROOT "/catalog/rules/secrets/cloud.yaml", ROOT "/README.md"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        assert_int_equal(cu_file_read(AT_FDCWD, files[i], text), CU_OK);
    for (size_t i = 0; i < rules->n; i++)
        for (size_t k = 0; k < rules->v[i].examples_n; k++) {
            cu_buf_add(text, rules->v[i].examples[k].text);
            cu_buf_byte(text, '\n');
        }
    assert_int_equal(cu_buf_err(text), CU_OK);
}

/* PCRE2 finds the leftmost longest way the expression allows; the engine reports every end of every
 * match, so the end that PCRE2 found must be among them. */
static unsigned missed(const cu_engine *e, cu_scratch *s, unsigned rule, cu_bytes text, uint8_t *ends)
{
    const cu_confirmer *c;
    seen on = {ends, rule};
    unsigned lost = 0;
    PCRE2_SIZE at = 0;
    static const int db_of[] = {[CU_GROUP_TOKEN] = CU_DB_TOKEN, [CU_GROUP_BARE] = CU_DB_BARE, [CU_GROUP_LITERAL] = CU_DB_LITERAL,
                                [CU_GROUP_REST] = CU_DB_REST};
    int db = db_of[e->rules[rule].group];
    memset(ends, 0, text.n + 1);
    assert_int_equal(hs_scan(e->db[db], (const char *)text.p, (unsigned)text.n, 0, s->hs, on_match, &on), HS_SUCCESS);
    assert_int_equal(cu_confirmer_of(e, (uint16_t)rule, &c), CU_OK);
    while (at < text.n && pcre2_match(c->code, text.p, text.n, at, 0, s->match, NULL) > 0) {
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->match);
        if (!ends[v[1]] && !lost++)
            print_error("rule %s: PCRE2 matches %zu to %zu, the engine reports no end there\n",
                        e->rules[rule].rule->id, (size_t)v[0], (size_t)v[1]);
        at = v[1] > at ? v[1] : at + 1;
    }
    return lost;
}

static void the_engine_reports_what_pcre2_finds(void **state)
{
    (void)state;
    cu_arena arena CU_CLEAN_ARENA;
    cu_rules rules;
    cu_fault f = {0};
    cu_engine *e = NULL;
    cu_scratch *s = NULL;
    unsigned lost = 0;
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    cu_arena_init(&arena, 64u << 20);
    assert_int_equal(cu_rules_load(ROOT "/catalog/rules", &arena, &rules, &f), CU_OK);
    assert_int_equal(cu_engine_open(ROOT "/catalog", NULL, NULL, &e, &f), CU_OK);
    assert_int_equal(cu_scratch_new(e, &s), CU_OK);
    read_text(&rules, &text);
    uint8_t *ends = malloc(text.n + 1);
    assert_non_null(ends);
    for (unsigned i = 0; i < rules.n; i++)
        if (rules.v[i].pattern)
            lost += missed(e, s, i, cu_buf_view(&text), ends);
    free(ends);
    cu_scratch_free(s);
    cu_engine_free(e);
    assert_int_equal(lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_engine_reports_what_pcre2_finds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
