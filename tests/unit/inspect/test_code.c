/* Rules for code: the shipped pack says what its examples say, each language is judged, ceilings hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include "base/buf.h"
#include "inspect/code.h"

static cu_code *code;

static int setup(void **state)
{
    cu_fault f = {0};
    if (cu_code_open(getenv("CUSTOS_CATALOG"), &code, &f) == CU_OK)
        return 0;
    fprintf(stderr, "%s\n", f.text);
    return 1;
}

static int teardown(void **state)
{
    cu_code_close(code);
    return 0;
}

static size_t judge(cu_code_lang l, const char *text, const char **first, uint32_t *line)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_code_verdict v;
    cu_arena_init(&a, 1 << 20);
    assert_int_equal(cu_code_judge(code, l, CU_NONE, cu_str(text), &a, &v), CU_OK);
    assert_true(v.judged);
    *first = v.n ? v.v[0].rule->id : "";
    *line = v.n ? v.v[0].line : 0;
    return v.n;
}

static void flows(void **state)
{
    static const struct { cu_code_lang lang; const char *text, *rule; uint32_t line; } cases[] = {
        {CU_CODE_python, "import os\ndef f(h):\n    c = 'ping ' + h\n    os.system(c)\n", "py-os-command", 4},
        {CU_CODE_python, "import os\nH = 'a'\ndef f():\n    os.system('ping ' + H)\n", "py-os-command-fixed", 4},
        {CU_CODE_python, "from flask import request\ndef f():\n    p = request.args.get('p')\n    q = '/srv/' + p\n    return open(q)\n", "py-path", 5},
        {CU_CODE_python, "from flask import request\ndef f():\n    p = request.args.get('p')\n    p = 'fixed'\n    return open(p)\n", "", 0},
        {CU_CODE_python, "from flask import request\ndef f():\n    n = int(request.args.get('p'))\n    c.execute('SELECT a FROM b WHERE c = %d' % n)\n", "", 0},
        {CU_CODE_python, "        return eval(x)\n    else:\n  foo(", "py-eval", 1}, /* a piece of a file */
        {CU_CODE_python, "r\"\"\"What this module does.\"\"\"\ndef f(x):\n    \"\"\"It does.\"\"\"\n    return eval(x)\n", "py-eval", 4}, /* no piece of a string */
        {CU_CODE_python, "of what may be given.\"\"\"\ndef f(x):\n    return eval(x)\n", "py-eval", 3}, /* one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *rule;
        uint32_t line;
        judge(cases[i].lang, cases[i].text, &rule, &line);
        if (strcmp(rule, cases[i].rule) != 0 || line != cases[i].line)
            fail_msg("%s: %s at %u, not %s at %u", cases[i].text, rule, line, cases[i].rule, cases[i].line);
    }
}

static void ceilings(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_code_verdict v;
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    cu_arena_init(&a, 1 << 20);
    for (size_t i = 0; i <= CU_CODE_MAX_TEXT; i++)
        cu_buf_byte(&b, ' ');
    assert_int_equal(cu_code_judge(code, CU_CODE_python, CU_NONE, cu_buf_view(&b), &a, &v), CU_OK);
    assert_false(v.judged);
    cu_buf_reset(&b);
    for (size_t i = 0; i < 400; i++)
        cu_buf_str(&b, "eval(");
    for (size_t i = 0; i < 400; i++)
        cu_buf_str(&b, ")");
    assert_int_equal(cu_code_judge(code, CU_CODE_python, CU_NONE, cu_buf_view(&b), &a, &v), CU_OK);
    assert_false(v.judged);
    assert_non_null(v.why);
    assert_int_equal(cu_code_judge(code, CU_CODE_LANG_COUNT, CU_NONE, CU_LIT("x"), &a, &v), CU_OK);
    assert_false(v.judged);
}

static void languages(void **state)
{
    assert_int_equal(cu_code_lang_of(CU_LIT("python title=a"), CU_NONE, CU_NONE), CU_CODE_python);
    assert_int_equal(cu_code_lang_of(CU_NONE, CU_LIT("a/b/c.tsx"), CU_NONE), CU_CODE_tsx);
    assert_int_equal(cu_code_lang_of(CU_NONE, CU_LIT("x/Dockerfile.dev"), CU_NONE), CU_CODE_dockerfile);
    assert_int_equal(cu_code_lang_of(CU_NONE, CU_LIT("x/run"), CU_LIT("#!/usr/bin/env bash\nls")), CU_CODE_shell);
    assert_int_equal(cu_code_lang_of(CU_NONE, CU_LIT("x/readme.md"), CU_LIT("hello")), CU_CODE_LANG_COUNT);
}

static void *many(void *arg)
{
    for (int i = 0; i < 200; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_code_verdict v;
        cu_arena_init(&a, 1 << 20);
        if (cu_code_judge(code, CU_CODE_python, CU_NONE, CU_LIT("import os\nos.system('a ' + b)\n"), &a, &v) != CU_OK || v.n != 1)
            return code;
    }
    return NULL;
}

static void threads(void **state)
{
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        pthread_join(t[i], &bad);
        assert_null(bad);
    }
}

static void refused(void **state)
{
    static const struct { const char *text, *says; } cases[] = {
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [ab], call: [f], match: ['f()', 'f()']}\n", "examples"},
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [ab], call: [f], match: ['ab()', 'f()'], not_match: ['g()', 'h()']}\n", "does not match"},
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [f], call: [f], match: ['f()', 'f()'], not_match: ['g()', 'h()']}\n", "2 to 64"},
        {"languages: [klingon]\nrules: []\n", "none"},
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [fn], query: '(call) @x', match: ['fn()', 'fn()'], not_match: ['g()', 'h()']}\n", "@at"},
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [fn], query: '(call) @at (#eq? @at \"fn()\")', match: ['fn()', 'fn()'], not_match: ['g()', 'h()']}\n", "outside"},
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [fn], within: true, query: '((call) @at (#eq? @at \"g()\"))', match: ['fn()\ng()', 'g() # fn'], not_match: ['fn()', 'h()']}\n", "does not match"},
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [fn], query: '((call) @at (#match? @at \"x\"))', match: ['fn()', 'fn()'], not_match: ['g()', 'h()']}\n", "predicate"},
        {"languages: [python]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [fn], query: '(nothing) @at', match: ['fn()', 'fn()'], not_match: ['g()', 'h()']}\n", "wrong at its byte"},
        {"languages: [sql]\nrules:\n  - {id: a, title: t, cwe: [1], severity: low, message: m, fix: x, anchors: [fn], call: [fn], match: ['fn()', 'fn()'], not_match: ['g()', 'h()']}\n", "statement"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_fault f = {0};
        cu_code *c = NULL;
        cu_code_part *part;
        cu_arena_init(&a, 4 << 20);
        part = cu_arena_alloc(&a, sizeof *part);
        cu_err e = cu_code_part_read("/x/t.yaml", cu_str(cases[i].text), &a, part, &f);
        cu_code_pack pack = {.parts = part, .parts_n = 1, .rules_n = part->rules_n};
        if (e == CU_OK)
            e = cu_code_open_pack(&pack, &c, &f);
        cu_code_close(c);
        assert_int_not_equal(e, CU_OK);
        if (!strstr(f.text, cases[i].says))
            fail_msg("case %zu says: %s", i, f.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows), cmocka_unit_test(ceilings), cmocka_unit_test(languages), cmocka_unit_test(threads), cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("inspect/code", tests, setup, teardown);
}
