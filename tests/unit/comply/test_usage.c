/* Exports of providers: what each form says, what is refused, and what fits what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "comply/usage.h"

static void holds(const cu_billed *u, const char *day, const char *model, uint64_t input, uint64_t output, uint64_t read, uint64_t write)
{
    for (size_t i = 0; i < u->n; i++)
        if (strcmp(u->v[i].day, day) == 0 && strcmp(u->v[i].model, model) == 0) {
            assert_int_equal(u->v[i].n[CU_BILLED_INPUT], input);
            assert_int_equal(u->v[i].n[CU_BILLED_OUTPUT], output);
            assert_int_equal(u->v[i].n[CU_BILLED_CACHE_READ], read);
            assert_int_equal(u->v[i].n[CU_BILLED_CACHE_WRITE], write);
            return;
        }
    fail_msg("%s %s is not there", day, model);
}

static void parsed(const char *text, const char *form, cu_billed *u)
{
    cu_fault f = {0};
    if (cu_billed_parse(cu_str(text), u, &f) != CU_OK)
        fail_msg("%s", f.text);
    assert_string_equal(u->form, form);
}

static void refused(const char *text, cu_err want, const char *why)
{
    cu_billed u;
    cu_fault f = {0};
    cu_err e = cu_billed_parse(cu_str(text), &u, &f);
    if (e != want || !strstr(f.text, why))
        fail_msg("%d, \"%s\", for %.60s", e, f.text, text);
}

#define A_BUCKET(day, rows) "{\"starting_at\":\"" day "T00:00:00Z\",\"ending_at\":\"2026-03-23T00:00:00Z\",\"results\":[" rows "]}"
#define A_ROW(model, in, out) "{\"uncached_input_tokens\":" in ",\"output_tokens\":" out ",\"cache_read_input_tokens\":7,\"cache_creation\":{\"ephemeral_5m_input_tokens\":1,\"ephemeral_1h_input_tokens\":2},\"model\":" model "}"

static void test_anthropic(void **state)
{
    cu_billed u;
    parsed("[{\"data\":[" A_BUCKET("2026-03-22", A_ROW("\"claude-sonnet-4-20250514\"", "10", "20") "," A_ROW("\"Claude-Sonnet-4-0\"", "1", "2")) "],\"has_more\":true},"
           "{\"data\":[" A_BUCKET("2026-03-21", A_ROW("null", "5", "6")) "],\"has_more\":false}]", "anthropic-json", &u);
    holds(&u, "2026-03-22", "claude-sonnet-4", 11, 22, 14, 6);
    holds(&u, "2026-03-21", "", 5, 6, 7, 3);
    assert_string_equal(u.v[0].day, "2026-03-21");
    cu_billed_free(&u);
    parsed("\xef\xbb\xbfusage_date_utc,model_version,note,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
           "usage_output_tokens\r\n2026-03-22,claude-opus-4,\"a \"\"b\"\", c\",100000,1,2,3,5000\r\n2026-03-22,claude-opus-4,,1,,,,1\r\n\r\n", "anthropic-csv", &u);
    holds(&u, "2026-03-22", "claude-opus-4", 100001, 5001, 3, 3);
    assert_int_equal(u.lines, 2);
    cu_billed_free(&u);
}

static void test_openai(void **state)
{
    cu_billed u;
    parsed("{\"object\":\"page\",\"data\":[{\"object\":\"bucket\",\"start_time\":1774137600,\"end_time\":1774224000,\"results\":["
           "{\"input_tokens\":1000,\"output_tokens\":500,\"input_cached_tokens\":800,\"model\":\"gpt-4o-2024-08-06\"},{\"input_tokens\":1,\"output_tokens\":0,\"model\":\"gpt-4o-mini\"}]}],"
           "\"has_more\":false}", "openai-json", &u);
    holds(&u, "2026-03-22", "gpt-4o", 1000, 500, 800, 0);
    holds(&u, "2026-03-22", "gpt-4o-mini", 1, 0, 0, 0);
    cu_billed_free(&u);
    parsed("start_time,end_time,start_time_iso,end_time_iso,model,input_tokens,output_tokens,input_cached_tokens\n"
           "1,2,2026-03-22T00:00:00+00:00,x,gpt-4o,4212,1673,1280\n1,2,2026-03-22T00:01:00+00:00,x,gpt-4o,1.0,2.00,0.0\n", "openai-csv", &u);
    holds(&u, "2026-03-22", "gpt-4o", 4213, 1675, 1280, 0);
    cu_billed_free(&u);
}

static void test_google(void **state)
{
    cu_billed u;
    parsed("Invoice number,1\nDate,Service description,SKU description,SKU ID,Usage amount,Usage unit\n"
           "2026-03-22,Vertex AI,Gemini 2.5 Flash GA Text Input - Predictions,a,\"1,065,040\",count\n"
           "2026-03-22,Vertex AI,Gemini 2.5 Flash GA Thinking Text Output - Predictions,a,40,count\n"
           "2026-03-22,Vertex AI,Gemini 2.5 Flash GA Input Text Caching,a,60,count\n"
           "2026-03-22,Gemini API,Generate content output token count gemini 3 flash lite text,a,7,count\n"
           "2026-03-22,Gemini API,Gemini 2.5 Flash Text Input Caching Storage,a,3.25,hour\n"
           "2026-03-22,Compute Engine,N2 Core,a,3.25,hour\n,,,,,\n", "google-csv", &u);
    holds(&u, "2026-03-22", "gemini-2.5-flash", 1065100, 40, 60, 0);
    holds(&u, "2026-03-22", "gemini-3-flash-lite", 0, 7, 0, 0);
    assert_int_equal(u.passed, 2);
    cu_billed_free(&u);
}

static void test_refused(void **state)
{
    char deep[400];
    refused("", CU_UNSUPPORTED, "no export that is known");
    refused("hello, world\n1,2\n", CU_UNSUPPORTED, "no export that is known");
    refused("{\"data\":[]}", CU_UNSUPPORTED, "no bucket");
    refused("{\"items\":[]}", CU_UNSUPPORTED, "no list \"data\"");
    refused("{\"data\":[", CU_SYNTAX, "no JSON");
    refused("{\"data\":[],\"data\":[]}", CU_SYNTAX, "no JSON");
    refused("{\"data\":[" A_BUCKET("2026-03-22", A_ROW("null", "5", "6")) "],\"has_more\":true}", CU_SYNTAX, "has_more");
    refused("{\"data\":[" A_BUCKET("2026-13-22", A_ROW("null", "5", "6")) "]}", CU_SYNTAX, "starting_at");
    refused("{\"data\":[" A_BUCKET("2026-03-22", A_ROW("null", "-5", "6")) "]}", CU_SYNTAX, "whole number");
    refused("{\"data\":[" A_BUCKET("2026-03-22", A_ROW("null", "5.5", "6")) "]}", CU_SYNTAX, "whole number");
    refused("{\"data\":[" A_BUCKET("2026-03-22", A_ROW("\"a b\"", "5", "6")) "]}", CU_SYNTAX, "model's name");
    refused("{\"data\":[" A_BUCKET("2026-03-22", "{\"amount\":3}") "]}", CU_SYNTAX, "no counts of tokens"); /* the cost report */
    refused("{\"data\":[" A_BUCKET("2026-03-22", A_ROW("null", "5", "6")) ",{\"start_time\":1774137600,\"results\":[]}]}", CU_SYNTAX, "another provider");
    refused("{\"data\":[" A_BUCKET("2026-03-22", A_ROW("null", "1000000000000001", "6")) "]}", CU_SYNTAX, "whole number");
    snprintf(deep, sizeof deep, "start_time_iso,input_tokens,output_tokens\n2026-03-22,%s,1\n", "99999999999999999999");
    refused(deep, CU_SYNTAX, "line 2");
    refused("start_time_iso,input_tokens,output_tokens\n2026-03-22,1\n", CU_SYNTAX, "fewer cells");
    refused("start_time_iso,input_tokens,output_tokens\n", CU_UNSUPPORTED, "no rows");
    refused("start_time_iso,input_tokens,output_tokens\n2026-03-22,\"1,1\n", CU_SYNTAX, "not closed");
    refused("start_time_iso,input_tokens,output_tokens\n2026-02-28,1,1\n2026-02-30,1,1\n", CU_SYNTAX, "line 3");
    refused("Usage start date,Usage end date,SKU description,Usage amount,Usage unit\n2026-03-01,2026-03-31,Gemini 3 Pro Text Input,1,count\n", CU_SYNTAX, "more than one day");
}

static void model_is(const char *name, const char *want)
{
    char out[CU_BILLED_MODEL + 1];
    assert_int_equal(cu_billed_model(cu_str(name), out), CU_OK);
    assert_string_equal(out, want);
}

static void test_models(void **state)
{
    char out[CU_BILLED_MODEL + 1];
    model_is("gpt-4o", "gpt-4o");
    model_is("gpt-4o-2024-08-06", "gpt-4o");
    model_is("claude-3-7-sonnet-latest", "claude-3-7-sonnet");
    model_is("claude-3-7-sonnet-20250219", "claude-3-7-sonnet");
    model_is("gpt-4o-mini-2024-07-18", "gpt-4o-mini");
    model_is("-20250514", "-20250514");
    assert_int_equal(cu_billed_model(cu_str("a\"b"), out), CU_SYNTAX);
}

static bool gap(const char *ours, const char *theirs, unsigned permille, uint64_t tokens, cu_buf *rows)
{
    cu_billed a, b;
    cu_billed_tie t;
    parsed(ours, "openai-csv", &a);
    parsed(theirs, "openai-csv", &b);
    cu_buf_reset(rows);
    cu_billed_compare(&b, b.v, b.n, a.v, a.n, (cu_billed_tolerance){permille, tokens}, rows, &t);
    cu_billed_free(&a);
    cu_billed_free(&b);
    return t.gap;
}

#define HEADS "start_time_iso,model,input_tokens,output_tokens\n"
static void test_compare(void **state)
{
    cu_buf rows CU_CLEAN_BUF = CU_BUF(65536);
    assert_false(gap(HEADS "2026-03-22,a,1000,10\n", HEADS "2026-03-22,a,1000,10\n", 0, 0, &rows));
    assert_string_equal(cu_buf_cstr(&rows), "[{\"class\":\"input\",\"model\":\"a\",\"ours\":1000,\"theirs\":1000},{\"class\":\"output\",\"model\":\"a\",\"ours\":10,\"theirs\":10}]");
    assert_true(gap(HEADS "2026-03-22,a,1000,10\n", HEADS "2026-03-22,a,1001,10\n", 0, 0, &rows));
    assert_false(gap(HEADS "2026-03-22,a,1000,10\n", HEADS "2026-03-22,a,1010,10\n", 10, 0, &rows));
    assert_true(gap(HEADS "2026-03-22,a,1000,10\n", HEADS "2026-03-22,a,1012,10\n", 10, 0, &rows));
    assert_false(gap(HEADS "2026-03-22,a,1000,10\n", HEADS "2026-03-22,a,1012,10\n", 10, 12, &rows));
    /* the sums are the same, the models are not: somebody used one past the gateway */
    assert_true(gap(HEADS "2026-03-22,a,1000,10\n", HEADS "2026-03-22,b,1000,10\n", 10, 12, &rows));
    assert_non_null(strstr(cu_buf_cstr(&rows), "{\"class\":\"input\",\"model\":\"b\",\"ours\":0,\"theirs\":1000}"));
    assert_false(gap(HEADS "2026-03-22,a,400,10\n2026-03-22,b,600,0\n", HEADS "2026-03-22,,1000,10\n", 0, 0, &rows));
}

static void test_many_models(void **state)
{
    cu_billed a = {.form = "openai-csv", .classes = 7};
    cu_billed_tie t;
    cu_buf rows CU_CLEAN_BUF = CU_BUF(14000);
    for (unsigned i = 0; i < 200; i++) {
        char model[CU_BILLED_MODEL + 1];
        snprintf(model, sizeof model, "model-%03u-%050u", i, i);
        assert_int_equal(cu_billed_add(&a, "2026-03-22", model, (const uint64_t[]){CU_BILLED_TOKENS_MAX / 1000, 2, 3, 4}), CU_OK);
    }
    cu_billed_compare(&a, a.v, 200, a.v, 200, (cu_billed_tolerance){0, 0}, &rows, &t);
    assert_int_equal(rows.err, CU_OK);
    assert_false(t.gap);
    rows.n = 0;
    cu_billed_compare(&a, a.v, CU_BILLED_MODELS, a.v, CU_BILLED_MODELS, (cu_billed_tolerance){0, 0}, &rows, &t);
    assert_int_equal(rows.err, CU_OK); /* with the longest names there are, a day fits into an entry */
    assert_int_equal(cu_billed_add(&a, "2026-03-22", a.v[0].model, (const uint64_t[]){CU_BILLED_TOKENS_MAX, 0, 0, 0}), CU_TOO_BIG);
    cu_billed_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anthropic), cmocka_unit_test(test_openai), cmocka_unit_test(test_google), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_models),    cmocka_unit_test(test_compare), cmocka_unit_test(test_many_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
