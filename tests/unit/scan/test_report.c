/* Reports: what they hold, and what they never hold. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "scan/accept.h"
#include "scan/report.h"

static cu_rule rule = {.id = "rule-a", .type = CU_TYPE_SECRET, .title = "A, \"rule\"", .severity = CU_SEVERITY_HIGH,
                       .confidence = 90, .source = "somewhere"};
static const cu_rules rules = {&rule, 1};

static void render(cu_report_format format, const cu_scan_finding *f, size_t n, cu_buf *out)
{
    cu_report *r = NULL;
    cu_scan_summary s = {.files = 1, .bytes = 1, .findings = n};
    cu_report_options o = {.format = format, .rules = &rules, .root = "/repo/"};
    assert_int_equal(cu_report_new(&o, &r), CU_OK);
    assert_int_equal(cu_report_begin(r, out), CU_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(cu_report_finding(r, f, out), CU_OK);
    assert_int_equal(cu_report_end(r, &s, out), CU_OK);
    cu_report_free(r);
}

static cu_scan_finding finding(const cu_scan_source *s, const char *line, const char *value)
{
    cu_scan_finding f = {.source = s, .line = 3, .end_line = 3, .type = CU_TYPE_SECRET, .confidence = 90,
                         .line_text = cu_str(line), .value = cu_str(value), .fingerprint = "00"};
    f.in_line = cu_find(f.line_text, f.value, 0);
    f.in_line_end = f.in_line + f.value.n;
    f.column = f.in_line + 1;
    f.end_column = f.in_line_end + 1;
    f.end = f.value.n;
    return f;
}

static const json_int_t *region_of(cu_buf *out, json_int_t v[4])
{
    json_t *doc = json_loadb((const char *)out->p, out->n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    json_t *run = json_array_get(json_object_get(doc, "runs"), 0);
    json_t *result = json_array_get(json_object_get(run, "results"), 0);
    json_t *place = json_object_get(json_array_get(json_object_get(result, "locations"), 0), "physicalLocation");
    json_t *region = json_object_get(place, "region");
    static const char *const names[] = {"startLine", "startColumn", "endLine", "endColumn"};
    for (int i = 0; i < 4; i++)
        v[i] = json_integer_value(json_object_get(region, names[i]));
    json_decref(doc);
    return v;
}

static void columns_become_utf16_units(void **state)
{
    cu_scan_source s = {.path = "/repo/a.c"};
    json_int_t v[4];
    (void)state;
    /* é is one unit, the emoji two; an invalid byte is one */
    cu_scan_finding f = finding(&s, "\xc3\xa9\xf0\x9f\x98\x80\xff=SECRET\xc3\xa9Z", "SECRET\xc3\xa9Z");
    cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
    render(CU_REPORT_SARIF, &f, 1, &out);
    region_of(&out, v);
    assert_int_equal(v[1], 6);
    assert_int_equal(v[3], 14);
    /* several lines: the last line's part counts */
    cu_scan_finding g = finding(&s, "k=SEC", "SEC\n\xc3\xa9ND");
    g.in_line = 2, g.in_line_end = 5, g.column = 3, g.end_line = 4, g.end_column = 5;
    cu_buf_reset(&out);
    render(CU_REPORT_SARIF, &g, 1, &out);
    region_of(&out, v);
    assert_int_equal(v[1], 3);
    assert_int_equal(v[2], 4);
    assert_int_equal(v[3], 4);
    /* far into a long line: what is not at hand counts one unit a byte */
    f.column += 1000;
    cu_buf_reset(&out);
    render(CU_REPORT_SARIF, &f, 1, &out);
    region_of(&out, v);
    assert_int_equal(v[1], 1006);
}

static void no_value_is_in_any_report(void **state)
{
    cu_scan_source s = {.path = "/repo/a.c"};
    static const cu_report_format formats[] = {CU_REPORT_SARIF, CU_REPORT_CSV, CU_REPORT_HTML};
    (void)state;
    cu_scan_finding f = finding(&s, "visible = SECRETVALUE, once SECRETVALUE, other = HIDDENVALUE", "SECRETVALUE");
    const cu_scan_span others[] = {{f.in_line, f.in_line_end}, {f.line_text.n - 11, f.line_text.n}};
    for (size_t i = 0; i < 3; i++) {
        cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
        f.others = others, f.others_n = 2;
        render(formats[i], &f, 1, &out);
        assert_null(strstr(cu_buf_cstr(&out), "SECRETVALUE"));
        assert_null(strstr(cu_buf_cstr(&out), "HIDDENVALUE"));
        assert_non_null(strstr(cu_buf_cstr(&out), "visible = "));
        /* when nobody said what else is in the line, none of its words is shown */
        f.others = NULL, f.others_n = 0;
        cu_buf_reset(&out);
        render(formats[i], &f, 1, &out);
        assert_null(strstr(cu_buf_cstr(&out), "SECRETVALUE"));
        assert_null(strstr(cu_buf_cstr(&out), "HIDDENVALUE"));
        assert_null(strstr(cu_buf_cstr(&out), "visible = "));
    }
}

static void csv_cells_run_no_formula(void **state)
{
    static const char *const paths[] = {"=1+1", "+1", "-1", "@x", "a\"b,c\r\nd"};
    static const char *const cells[] = {"\"'=1+1\",", "\"'+1\",", "\"'-1\",", "\"'@x\",", ("\"a\"\"b,c\xef\xbf\xbd\xef\xbf\xbd" "d\",")};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        cu_scan_source s = {.path = paths[i]};
        cu_scan_finding f = finding(&s, "k=VALUE", "VALUE");
        cu_buf out CU_CLEAN_BUF = CU_BUF(1 << 20);
        render(CU_REPORT_CSV, &f, 1, &out);
        const char *second = strstr(cu_buf_cstr(&out), "\r\n") + 2;
        if (strncmp(second, cells[i], strlen(cells[i])) != 0)
            fail_msg("%s", second);
    }
}

static void accepted_findings_are_left_out_unless_asked_for(void **state)
{
    cu_scan_source s = {.path = "a.c"};
    (void)state;
    for (int format = CU_REPORT_SARIF; format <= CU_REPORT_HTML; format++) {
        cu_scan_finding f = finding(&s, "k=VALUE", "VALUE");
        cu_buf with CU_CLEAN_BUF = CU_BUF(1 << 20), without CU_CLEAN_BUF = CU_BUF(1 << 20);
        f.accepted = CU_ACCEPT_INLINE;
        render((cu_report_format)format, &f, 1, &without);
        assert_null(strstr(cu_buf_cstr(&without), "a.c"));
        f.accepted = CU_ACCEPT_EXPIRED;
        f.why = "reason <why>";
        render((cu_report_format)format, &f, 1, &with);
        assert_non_null(strstr(cu_buf_cstr(&with), "a.c"));
    }
}

static void names_of_formats(void **state)
{
    (void)state;
    assert_int_equal(cu_report_format_by_name("sarif"), CU_REPORT_SARIF);
    assert_int_equal(cu_report_format_by_name("html"), CU_REPORT_HTML);
    assert_int_equal(cu_report_format_by_name("xml"), CU_REPORT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_become_utf16_units),
        cmocka_unit_test(no_value_is_in_any_report),
        cmocka_unit_test(csv_cells_run_no_formula),
        cmocka_unit_test(accepted_findings_are_left_out_unless_asked_for),
        cmocka_unit_test(names_of_formats),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
