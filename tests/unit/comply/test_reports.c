/* Templates of reports, and pages made of a document whose every text is hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "comply/reports.h"

static bool knows(cu_bytes name)
{
    static const char *const words[] = {"from", "to", "as_of", "days", "organisation"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (cu_eq_str(name, words[i]))
            return true;
    return cu_starts(name, CU_LIT("criteria_")) || cu_starts(name, CU_LIT("controls_"));
}

static bool knows_settings(cu_bytes name)
{
    static const char settings[] = " tenants vendors listen client_certificates upstreams isolation actions repositories access_rules retention probes witnesses session_idle ";
    char word[80];
    snprintf(word, sizeof word, " %.*s ", CU_FMT(name));
    return knows(name) || strstr(settings, word);
}

static cu_err load(const char *dir, cu_report_knows_fn fn, cu_arena *a, cu_reports **out, cu_fault *f)
{
    cu_events *events;
    cu_catalogue *c;
    cu_arena_init(a, (size_t)64 << 20);
    assert_int_equal(cu_events_load(CATALOG_DIR, a, &events, f), CU_OK);
    assert_int_equal(cu_catalogue_load(CATALOG_DIR, events, a, &c, f), CU_OK);
    return cu_reports_load(dir, events, c, fn, a, out, f);
}

static void the_shipped_reports_load(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    cu_reports *r;
    if (load(CATALOG_DIR, knows_settings, &a, &r, &f) != CU_OK)
        fail_msg("%s", f.text);
    static const char *const kinds[] = {"assertion", "system-description", "control-matrix", "customer-controls", "vendor-controls", "bridge-letter", "readiness", "board", "exposure"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_non_null(cu_report_find(r, cu_str(kinds[i])));
    assert_true(cu_report_find(r, CU_LIT("bridge-letter"))->max_days <= 92);
    const cu_report_form *d = cu_report_find(r, CU_LIT("system-description"));
    assert_int_equal(d->sections_n, 9);
    for (size_t i = 0; i < 9; i++) {
        char number[8];
        snprintf(number, sizeof number, "DC %zu", i + 1);
        assert_true(cu_eq_str(d->sections[i].number, number));
    }
    assert_null(cu_report_find(r, CU_LIT("nothing")));
}

static void mistakes_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *yaml, *says;
    } bad[] = {
        {"facts:\n  - {name: a, types: [no.such], means: x}\n", "reports.yaml:2: nobody writes entries no.such"},
        {"facts:\n  - {name: a, register: nothing, states: [x], means: x}\n", "reports.yaml:2: events.yaml has no register"},
        {"facts:\n  - {name: a, register: finding, states: [odd], means: x}\n", "reports.yaml:2: the register has no state odd"},
        {"facts:\n  - {name: a, types: [key.issued], means: x}\n  - {name: a, types: [key.issued], means: x}\n", "reports.yaml:3: this fact is given twice"},
        {"tables:\n  - {name: t, of: moons, columns: [a]}\n", "of is one of"},
        {"customer_controls:\n  - {id: c, expected: x, controls: [NOP-9]}\n", "no control of this id"},
        {"reports:\n  - {id: a, title: t, means: m, max_days: 9, sections: [{heading: h, parts: [{text: 'so {many}'}]}]}\n", "there is no fact {many}"},
        {"reports:\n  - {id: a, title: t, means: m, max_days: 9, sections: [{heading: h, parts: [{text: 'so {'}]}]}\n", "a { begins a fact"},
        {"reports:\n  - {id: a, title: t, means: m, max_days: 9, sections: [{heading: h, parts: [{table: none, empty: e}]}]}\n", "a table that is described above"},
        {"reports:\n  - {id: a, title: t, means: m, max_days: no, sections: [{heading: h, parts: [{text: x}]}]}\n", "max_days is a number"},
        {"reports: []\n", "reports is a list"},
    };
    char dir[] = "/tmp/custos-unit-reports-XXXXXX", path[80];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/reports.yaml", dir);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_fault f = {0};
        cu_reports *r;
        FILE *file = fopen(path, "w");
        fputs(bad[i].yaml, file);
        fclose(file);
        assert_int_not_equal(load(dir, knows, &a, &r, &f), CU_OK);
        if (!strstr(f.text, bad[i].says))
            fail_msg("%s\nbut: %s", bad[i].says, f.text);
    }
    unlink(path);
    rmdir(dir);
}

static json_t *hostile_document(void)
{
    const char *x = "<script>alert(1)</script>\" onload='x' &amp; \x1b[31m";
    json_t *source = json_pack("{s:s,s:[s],s:s,s:s,s:[{s:s,s:i,s:i,s:i}]}", "kind", "entries", "types", "key.issued", "from", x, "to", x, "logs", "log", x, "count", 2, "last", 7, "size", 9);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:[{s:s,s:i,s:s}],s:[{s:s,s:s,s:[{s:[{s:s},{s:s,s:s,s:i,s:O}]},{s:{s:s,s:[s],s:s,s:[{s:[s],s:o}]}},{s:{s:s,s:[s],s:s,s:[]}}]}]}", "title", x,
                     "means", x, "organisation", x, "from", "2026-01-01T00:00:00.000Z", "to", "2026-02-01T00:00:00.000Z", "as_of", "2026-02-01T00:00:00.000Z", "heads", "log", x, "size",
                     9, "root", "abcd", "sections", "number", x, "heading", x, "parts", "text", "t", x, "t", "2", "fact", "f", "value", 2, "source", source, "table", "name", x, "columns",
                     "a_b", "empty", x, "rows", "cells", x, "source", source, "table", "name", x, "columns", "a", "empty", x, "rows");
}

static void hostile_text_stays_text(void **state)
{
    json_t *doc = hostile_document();
    assert_non_null(doc);
    cu_buf html CU_CLEAN_BUF = CU_BUF(1u << 20), text CU_CLEAN_BUF = CU_BUF(1u << 20);
    assert_int_equal(cu_paper_html(doc, "00", "<b>mark</b>", &html), CU_OK);
    const char *h = cu_buf_cstr(&html);
    assert_null(strstr(h, "<script"));
    assert_null(strstr(h, "<b>mark"));
    assert_null(strstr(h, "onload='"));
    assert_non_null(strstr(h, "&lt;script&gt;"));
    assert_non_null(strstr(h, "a b"));
    assert_int_equal(cu_paper_text(doc, "00", &text), CU_OK);
    assert_null(strchr(cu_buf_cstr(&text), 0x1b));
    assert_non_null(strstr(cu_buf_cstr(&text), "Where each figure comes from"));
    json_decref(doc);
    doc = json_pack("{}");
    assert_int_equal(cu_paper_html(doc, "00", "", &html), CU_SYNTAX);
    assert_int_equal(cu_paper_text(doc, "00", &text), CU_SYNTAX);
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_reports_load),
        cmocka_unit_test(mistakes_are_refused_with_their_line),
        cmocka_unit_test(hostile_text_stays_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
