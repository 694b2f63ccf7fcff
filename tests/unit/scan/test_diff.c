/* The parser of unified diffs, fed in pieces of every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/buf.h"
#include "diff.h"

static cu_buf seen;
static cu_bytes input;

static cu_err note(void *arg, const cu_diff_piece *p)
{
    (void)arg;
    for (size_t i = 0; i < p->runs_n; i++) {
        size_t end = i + 1 < p->runs_n ? p->runs[i + 1].text : p->text.n;
        cu_bytes text = cu_slice(p->text, p->runs[i].text, end);
        if (text.n && text.p[text.n - 1] == 0)
            text.n--;
        size_t first = text.n && memchr(text.p, '\n', text.n)
            ? (size_t)((const uint8_t *)memchr(text.p, '\n', text.n) - text.p) + 1 : text.n;
        cu_buf_fmt(&seen, "%s %llu%s:%.*s", p->path, (unsigned long long)p->runs[i].line,
                   p->runs[i].added ? "+" : "", CU_FMT(text));
        assert_true(p->runs[i].raw + first <= input.n);
        assert_memory_equal(input.p + p->runs[i].raw, text.p, first);
    }
    return CU_OK;
}

static cu_err parse(const char *diff, size_t step, cu_fault *f)
{
    cu_diff *d;
    input = cu_str(diff);
    assert_int_equal(cu_diff_new(note, NULL, &d), CU_OK);
    cu_err e = CU_OK;
    seen = CU_BUF(65536);
    for (size_t i = 0; i < input.n && e == CU_OK; i += step)
        e = cu_diff_feed(d, cu_slice(input, i, i + step < input.n ? i + step : input.n), f);
    if (e == CU_OK)
        e = cu_diff_end(d, f);
    cu_diff_free(d);
    return e;
}

static void gives(const char *diff, const char *expected)
{
    for (size_t step = 1; step <= strlen(diff) + 1; step++) {
        cu_fault f = {0};
        cu_err e = parse(diff, step, &f);
        if (e != CU_OK)
            print_error("%s\n", f.text);
        assert_int_equal(e, CU_OK);
        assert_string_equal(cu_buf_cstr(&seen), expected);
        cu_buf_free(&seen);
    }
}

static void refused(const char *diff, cu_err code, uint32_t line)
{
    for (size_t step = 1; step <= strlen(diff); step++) {
        cu_fault f = {0};
        assert_int_equal(parse(diff, step, &f), code);
        assert_int_equal(f.line, line);
        cu_buf_free(&seen);
    }
}

static void plain(void **state)
{
    (void)state;
    gives("--- a/x\n+++ b/x\n@@ -1,2 +1,4 @@ f()\n a\n+b\n+c\n d\n", "x 1:a\nx 2+:b\nc\nx 4:d\n");
    gives("--- x\t2024\n+++ x\t2024\n@@ -1 +1 @@\n-a\n+b\n", "x 1+:b\n");
    gives("diff --git a/x b/x\nindex 1..2\n--- a/x\n+++ b/x\n@@ -3,0 +4 @@\n+q\n@@ -9,2 +11 @@\n-r\n-s\n+t\n",
          "x 4+:q\nx 11+:t\n");
    gives("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n", "x 1+:b\n");
    gives("--- a/x\n+++ b/x\n@@ -5,2 +4,0 @@\n-a\n-b\n@@ -8,0 +7 @@\n+z", "x 7+:z");
    gives("--- a/x\r\n+++ b/x\r\n@@ -1 +1,2 @@\r\n a\r\n+b\r\n", "x 1:a\r\nx 2+:b\r\n");
    gives("--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n\n+b\n c\n", "x 1:\nx 2+:b\nx 3:c\n");
}

static void names(void **state)
{
    (void)state;
    gives("--- /dev/null\n+++ \"b/n\\303\\244\\\"m\\n\"\n@@ -0,0 +1 @@\n+a\n", "b/n\xc3\xa4\"m\n 1+:a\n");
    gives("diff --git a/s b/s\n--- /dev/null\n+++ \"b/n\\tm\"\t\n@@ -0,0 +1 @@\n+a\n", "n\tm 1+:a\n");
    gives("--- a b\n+++ a b\n@@ -0,0 +1 @@\n+a\n", "a b 1+:a\n");
    gives("--- i/x\n+++ w/x\n@@ -0,0 +1 @@\n+a\n", "x 1+:a\n");
    gives("--- src/x\n+++ src/x\n@@ -0,0 +1 @@\n+a\n", "src/x 1+:a\n");
    gives("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "");
    gives("--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n--- a/y\n+++ b/y\n@@ -0,0 +1 @@\n+b\n", "x 1+:a\ny 1+:b\n");
}

static void around(void **state)
{
    (void)state;
    gives("", "");
    gives("From: x\nSubject: y\n\n--- not a name\ntext\n---\n x | 2 +\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n"
          "@@ -0,0 +1 @@\n+a\n-- \n2.39\n", "x 1+:a\n");
    gives("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "");
    gives("diff --git a/x b/x\nGIT binary patch\nliteral 3\nKc$x\n\nliteral 0\nHcmV?d00001\n\n", "");
    gives("diff --git a/x b/x\nBinary files a/x and b/x differ\n", "");
}

static void hostile(void **state)
{
    (void)state;
    const char *head = "--- a/x\n+++ b/x\n";
    char diff[256];
    static const struct {
        const char *hunk;
        uint32_t line;
    } wrong[] = {{"@@ -1,2 +1 @@\n-a\n", 5}, {"@@ -1 +1 @@\n-a\n+b\n+c\n", 6}, {"@@ -1 +1 @@\n-a\nx\n", 5},
                 {"@@ -1 +1 @@\n+a\n+b\n", 5}, {"@@ -x +1 @@\n", 3}, {"@@ -1 +1\n", 3},
                 {"@@ -1 +99999999999999 @@\n", 3}, {"@@ -1,, +1 @@\n", 3}, {"text\n", 3},
                 {"@@ -9 +9 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b\n", 6}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(diff, sizeof diff, "%s%s", head, wrong[i].hunk);
        refused(diff, CU_SYNTAX, wrong[i].line);
    }
    refused("diff --cc x\n", CU_UNSUPPORTED, 1);
    refused("--- a/x\n+++ b/x\n@@@ -1 -1 +1 @@@\n", CU_UNSUPPORTED, 3);
    refused("--- a/x\n+++ \"b/x\\000\"\n", CU_SYNTAX, 2);
    refused("--- a/x\n+++ \"b/x\n", CU_SYNTAX, 2);
    refused("--- a/x\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", CU_SYNTAX, 3);
    refused("@@ -1 +1 @@\n", CU_SYNTAX, 1);
    refused("nothing of the kind\n", CU_SYNTAX, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain), cmocka_unit_test(names),
                                       cmocka_unit_test(around), cmocka_unit_test(hostile)};
    return cmocka_run_group_tests_name("scan/diff", tests, NULL, NULL);
}
