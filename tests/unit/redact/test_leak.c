/* Fingerprints: another tenant's code in an answer is noticed, however the answer is cut and laid out;
 * what is common, short, one's own or a model's is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/buf.h"
#include "redact/leak.h"
#include "redact/pseudonym.h"

static cu_leaks *table(void)
{
    size_t n = 4u << 20;
    void *p = calloc(1, n);
    assert_non_null(p);
    return cu_leaks_init(p, n);
}

/* Code that nobody else has: names and numbers from a small generator. */
static void code(cu_buf *b, unsigned seed, unsigned lines)
{
    for (unsigned i = 0; i < lines; i++) {
        seed = seed * 1103515245u + 12345u;
        unsigned a = seed >> 8 & 0xfff, c = seed >> 4 & 0xff;
        cu_buf_fmt(b, "    int value_%u = fold_%u(state->slot_%u, \"key\", %u);\n", a, c, a ^ c, seed & 0xff);
    }
}

static bool alarm_for(cu_leaks *l, const char *tenant, cu_bytes answer, size_t cut)
{
    cu_leak_watch w;
    uint32_t owner, count;
    cu_leak_watch_begin(&w, l, cu_leak_owner(l, cu_str(tenant)));
    for (size_t i = 0; i < answer.n; i += cut)
        cu_leak_watch_feed(&w, cu_slice(answer, i, i + cut < answer.n ? i + cut : answer.n));
    bool alarm = cu_leak_watch_alarm(&w, &owner, &count);
    if (alarm)
        assert_int_equal(owner, cu_leak_owner(l, CU_LIT("a")));
    return alarm;
}

/* As deltas of `each` bytes; twice: tool arguments, JSON in JSON. */
static void stream(cu_bytes text, size_t each, bool twice, cu_buf *out)
{
    cu_buf inner CU_CLEAN_BUF = CU_BUF(1 << 20);
    if (twice) {
        cu_buf_str(&inner, "{\"content\":");
        cu_buf_json_string(&inner, text);
        text = cu_buf_view(&inner);
    }
    for (size_t i = 0; i < text.n; i += each) {
        cu_buf_fmt(out, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"%s\",\"%s\":",
                   twice ? "input_json_delta" : "text_delta", twice ? "partial_json" : "text");
        cu_buf_json_string(out, cu_slice(text, i, i + each < text.n ? i + each : text.n));
        cu_buf_str(out, "}}\n\n");
    }
}

static void learn(cu_leaks *l, const char *tenant, unsigned seed, unsigned lines)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    code(&b, seed, lines);
    cu_leaks_learn(l, cu_leak_owner(l, cu_str(tenant)), cu_buf_view(&b));
}

static bool answer_of(cu_leaks *l, const char *tenant, unsigned seed, unsigned lines, size_t each, bool twice, size_t cut)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20), s CU_CLEAN_BUF = CU_BUF(8 << 20);
    code(&b, seed, lines);
    stream(cu_buf_view(&b), each, twice, &s);
    return alarm_for(l, tenant, cu_buf_view(&s), cut);
}

static void another_tenants_code_is_noticed(void **state)
{
    for (size_t each = 1; each < 60; each += 7)
        for (int twice = 0; twice < 2; twice++) {
            cu_leaks *l = table();
            learn(l, "a", 1, 40);
            assert_true(answer_of(l, "b", 1, 40, each, twice, 1 + each % 5));
            free(l);
        }
    cu_leaks *l = table();
    learn(l, "a", 1, 400);
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20), s CU_CLEAN_BUF = CU_BUF(1 << 20);
    code(&b, 1, 400); /* a part from the middle */
    cu_buf_str(&s, "{\"content\":[{\"type\":\"text\",\"text\":");
    cu_buf_json_string(&s, cu_slice(cu_buf_view(&b), 3000, 5000));
    cu_buf_str(&s, "}]}");
    assert_true(alarm_for(l, "b", cu_buf_view(&s), 4096));
    free(l);
}

static void layout_does_not_hide_it(void **state)
{
    cu_leaks *l = table();
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20), laid CU_CLEAN_BUF = CU_BUF(1 << 20), s CU_CLEAN_BUF = CU_BUF(1 << 20);
    code(&b, 7, 40);
    unsigned line = 1;
    cu_buf_str(&laid, "     1\t");
    for (size_t i = 0; i < b.n; i++) { /* as a read tool prints it, with comments */
        if (b.p[i] == ' ' && i && b.p[i - 1] == ' ')
            continue;
        if (b.p[i] == ';')
            cu_buf_str(&laid, " /* step */ ");
        cu_buf_byte(&laid, b.p[i]);
        if (b.p[i] != '\n')
            continue;
        line++;
        cu_buf_fmt(&laid, "%s%6u\t", line % 5 == 0 ? "// more\n" : "", line);
    }
    cu_leaks_learn(l, cu_leak_owner(l, CU_LIT("a")), cu_buf_view(&laid));
    stream(cu_buf_view(&b), 9, false, &s);
    assert_true(alarm_for(l, "b", cu_buf_view(&s), 100));
    free(l);
}

static void what_is_not_anothers_raises_nothing(void **state)
{
    cu_leaks *l = table();
    learn(l, "a", 1, 40);
    assert_false(answer_of(l, "a", 1, 40, 9, false, 50));  /* one's own */
    assert_false(answer_of(l, "b", 2, 40, 9, false, 50));  /* something else */
    assert_false(answer_of(l, "b", 1, 4, 9, false, 50));   /* short */
    learn(l, "c", 1, 40);
    assert_false(answer_of(l, "b", 1, 40, 9, false, 50));  /* two have it */
    assert_false(answer_of(l, "b", 9, 40, 9, false, 50));
    learn(l, "a", 9, 40);
    assert_false(answer_of(l, "b", 9, 40, 9, false, 50));  /* a model wrote it first */
    free(l);
}

static void short_texts_are_not_learnt(void **state)
{
    cu_leaks *l = table();
    for (unsigned i = 0; i < 40; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
        code(&b, 1 + i, 4);
        cu_leaks_learn(l, cu_leak_owner(l, CU_LIT("a")), cu_buf_view(&b));
        cu_buf s CU_CLEAN_BUF = CU_BUF(65536);
        stream(cu_buf_view(&b), 9, false, &s);
        assert_false(alarm_for(l, "b", cu_buf_view(&s), 50));
    }
    free(l);
}

/* The same with tables of numbers, licence headers and a full table: no alarm, no crash. */
static void common_and_crowded(void **state)
{
    cu_leaks *l = table();
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20), s CU_CLEAN_BUF = CU_BUF(8 << 20);
    cu_buf_str(&b, "/* Permission is granted to anybody to use, copy and change this,\n * as long as these lines stay with it, and so on and so forth. */\n");
    for (unsigned i = 0; i < 500; i++)
        cu_buf_fmt(&b, "{%u, 0x%x}, %s", i % 7, i % 5, i % 8 ? "" : "\n");
    cu_leaks_learn(l, cu_leak_owner(l, CU_LIT("a")), cu_buf_view(&b));
    stream(cu_buf_view(&b), 30, false, &s);
    assert_false(alarm_for(l, "b", cu_buf_view(&s), 1000));
    for (unsigned i = 0; i < 600; i++)
        learn(l, i % 2 ? "a" : "d", 1000 + i, 300);
    cu_buf_reset(&s);
    cu_buf_reset(&b);
    code(&b, 1599, 300);
    stream(cu_buf_view(&b), 50, false, &s);
    assert_true(alarm_for(l, "b", cu_buf_view(&s), 1000)); /* the newest is still there */
    free(l);
}

static void pseudonyms_are_keyed(void **state)
{
    uint8_t one[CU_TENANT_KEY_LEN] = {1}, two[CU_TENANT_KEY_LEN] = {2};
    char a[CU_PSEUDONYM_LEN + 1], b[CU_PSEUDONYM_LEN + 1];
    cu_pseudonym(one, CU_LIT("user"), CU_LIT("x"), a);
    cu_pseudonym(one, CU_LIT("user"), CU_LIT("x"), b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), CU_PSEUDONYM_LEN);
    cu_pseudonym(two, CU_LIT("user"), CU_LIT("x"), b);
    assert_string_not_equal(a, b);
    cu_pseudonym(one, CU_LIT("user"), CU_LIT("y"), b);
    assert_string_not_equal(a, b);
    cu_pseudonym(one, CU_LIT("use"), CU_LIT("rx"), b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_tenants_code_is_noticed), cmocka_unit_test(layout_does_not_hide_it),
        cmocka_unit_test(what_is_not_anothers_raises_nothing), cmocka_unit_test(short_texts_are_not_learnt),
        cmocka_unit_test(common_and_crowded), cmocka_unit_test(pseudonyms_are_keyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
