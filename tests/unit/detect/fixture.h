/* What the tests of single finders share: the catalogue's engine, "is this found as that", hostile
 * input. Each program includes it once. */
#ifndef CUSTOS_TEST_DETECT_FIXTURE_H
#define CUSTOS_TEST_DETECT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "../shipped_rules.h"

static cu_findings found;

static int unload_all(void **state)
{
    cu_findings_free(&found);
    return unload(state);
}

/* The text with its value between [ and ]; finds exactly that value with that type. */
static void expect(cu_type type, const char *marked)
{
    char text[512];
    size_t n = 0, start = 0, end = 0;
    for (const char *p = marked; *p; p++) {
        if (*p == '[')
            start = n;
        else if (*p == ']')
            end = n;
        else
            text[n++] = *p;
    }
    assert_int_equal(cu_detect(engine, scratch, cu_bytes_of(text, n), &found), CU_OK);
    for (size_t i = 0; i < found.n; i++)
        if (found.v[i].type == type && found.v[i].start == start && found.v[i].end == end)
            return;
    fail_msg("not found as marked: %s", marked);
}

static void expect_none(cu_type type, const char *text)
{
    assert_int_equal(cu_detect(engine, scratch, cu_str(text), &found), CU_OK);
    for (size_t i = 0; i < found.n; i++)
        if (found.v[i].type == type)
            fail_msg("found in: %s", text);
}

/* Every cut of the text, at both ends, in memory of exactly its size. */
static void survives_cuts(const char *text)
{
    size_t n = strlen(text);
    for (size_t from = 0; from < n; from++)
        for (size_t to = from + 1; to <= n; to += from ? n - from : 1) {
            uint8_t *exact = malloc(to - from);
            assert_non_null(exact);
            memcpy(exact, text + from, to - from);
            assert_int_equal(cu_detect(engine, scratch, cu_bytes_of(exact, to - from), &found), CU_OK);
            free(exact);
        }
}

/* A run of 2 MB made of one piece takes no more than twelve times what one of 256 KB takes. */
static void linear_in(const char *piece)
{
    static const size_t sizes[] = {256u << 10, 2u << 20};
    double took[2];
    size_t n = strlen(piece);
    for (int k = 0; k < 2; k++) {
        uint8_t *text = malloc(sizes[k]);
        assert_non_null(text);
        for (size_t i = 0; i < sizes[k]; i++)
            text[i] = (uint8_t)piece[i % n];
        clock_t before = clock();
        cu_err e = cu_detect(engine, scratch, cu_bytes_of(text, sizes[k]), &found);
        took[k] = (double)(clock() - before) / CLOCKS_PER_SEC;
        assert_true(e == CU_OK || e == CU_TOO_BIG);
        free(text);
    }
    if (took[1] > 12 * took[0] + 0.2)
        fail_msg("\"%s\": %.3f s, then %.3f s", piece, took[0], took[1]);
}

#endif
