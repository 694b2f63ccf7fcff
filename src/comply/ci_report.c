#include "comply/ci_report.h"
#include <expat.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- JUnit --- */

typedef struct {
    cu_test_counts *out;
    XML_Parser parser;
    uint64_t said_failed, cases;
    unsigned depth;
    bool in_case, case_failed, case_skipped, root_seen, bad_root, declared;
} junit;

static const char *attribute(const char **a, const char *name)
{
    for (; a[0]; a += 2)
        if (strcmp(a[0], name) == 0)
            return a[1];
    return "";
}

static uint64_t number(const char *s)
{
    return *s && strlen(s) < 10 && strspn(s, "0123456789") == strlen(s) ? strtoull(s, NULL, 10) : 0;
}

static void begin(void *arg, const char *name, const char **a)
{
    junit *j = arg;
    if (!j->root_seen) {
        j->root_seen = true;
        j->bad_root = strcmp(name, "testsuites") != 0 && strcmp(name, "testsuite") != 0;
    }
    if (++j->depth > CU_CI_DEPTH || j->bad_root)
        XML_StopParser(j->parser, XML_FALSE);
    if (strcmp(name, "testsuite") == 0) {
        j->said_failed += number(attribute(a, "failures")) + number(attribute(a, "errors"));
        if (!j->out->suite[0])
            snprintf(j->out->suite, sizeof j->out->suite, "%.120s", attribute(a, "name"));
    } else if (strcmp(name, "testcase") == 0) {
        j->in_case = true;
        j->case_failed = j->case_skipped = false;
    } else if (j->in_case) {
        j->case_failed |= strcmp(name, "failure") == 0 || strcmp(name, "error") == 0;
        j->case_skipped |= strcmp(name, "skipped") == 0;
    }
}

static void end(void *arg, const char *name)
{
    junit *j = arg;
    j->depth--;
    if (strcmp(name, "testcase") != 0)
        return;
    j->in_case = false;
    j->cases++;
    if (j->case_failed)
        j->out->failed++;
    else if (j->case_skipped)
        j->out->skipped++;
    else
        j->out->passed++;
}

/* A document type could name entities that grow: no report needs one. */
static void doctype(void *arg, const char *name, const char *system, const char *public, int internal)
{
    junit *j = arg;
    j->declared = true;
    XML_StopParser(j->parser, XML_FALSE);
}

cu_err cu_junit_count(cu_bytes xml, cu_test_counts *out, cu_fault *f)
{
    junit j = {.out = out};
    *out = (cu_test_counts){0};
    if (xml.n > CU_CI_REPORT_MAX)
        return cu_fail(f, CU_TOO_BIG, "the report is larger than 8 MiB");
    XML_Parser p = XML_ParserCreate(NULL);
    if (!p)
        return CU_NOMEM;
    j.parser = p;
    XML_SetUserData(p, &j);
    XML_SetElementHandler(p, begin, end);
    XML_SetStartDoctypeDeclHandler(p, doctype);
    bool whole = XML_Parse(p, (const char *)xml.p, (int)xml.n, 1) == XML_STATUS_OK;
    unsigned long line = XML_GetCurrentLineNumber(p);
    const char *why = j.declared ? "a document type is not accepted" : j.bad_root ? "it is no JUnit report (testsuites or testsuite)"
                      : j.depth > CU_CI_DEPTH ? "it is nested too deeply" : XML_ErrorString(XML_GetErrorCode(p));
    cu_err e = whole ? CU_OK : cu_fail(f, CU_SYNTAX, "the JUnit report, line %lu: %.100s", line, why ? why : "malformed");
    XML_ParserFree(p);
    if (e != CU_OK)
        return e;
    if (!j.cases)
        return cu_fail(f, CU_SYNTAX, "the JUnit report has no test case");
    if (j.said_failed > out->failed)
        out->failed = j.said_failed;
    return CU_OK;
}

/* --- SARIF --- */

static void count_result(const json_t *r, cu_scan_counts *out)
{
    const char *level = json_string_value(json_object_get(r, "level")), *kind = json_string_value(json_object_get(r, "kind"));
    if (json_array_size(json_object_get(r, "suppressions")))
        return;
    if (kind && strcmp(kind, "fail") != 0)
        out->notes++;
    else if (level && strcmp(level, "error") == 0)
        out->errors++;
    else if (level && (strcmp(level, "note") == 0 || strcmp(level, "none") == 0))
        out->notes++;
    else
        out->warnings++;
}

cu_err cu_sarif_count(cu_bytes json, cu_scan_counts *out, cu_fault *f)
{
    json_error_t at;
    json_t *run, *r;
    size_t i, k;
    *out = (cu_scan_counts){0};
    if (json.n > CU_CI_REPORT_MAX)
        return cu_fail(f, CU_TOO_BIG, "the report is larger than 8 MiB");
    json_t *v = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &at);
    if (!v)
        return cu_fail(f, CU_SYNTAX, "the SARIF report, line %d: %.100s", at.line, at.text);
    const char *version = json_string_value(json_object_get(v, "version"));
    const json_t *runs = json_object_get(v, "runs");
    bool good = version && strncmp(version, "2.1.", 4) == 0 && json_array_size(runs) > 0;
    json_array_foreach(runs, i, run) {
        const char *tool = json_string_value(json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "name"));
        const json_t *results = json_object_get(run, "results");
        good = good && tool && (!results || json_is_array(results)); /* a run without results did not scan; null means the same */
        good = good && results;
        if (i == 0 && tool)
            snprintf(out->tool, sizeof out->tool, "%.120s", tool);
        json_array_foreach(results, k, r)
            count_result(r, out);
    }
    json_decref(v);
    return good ? CU_OK : cu_fail(f, CU_SYNTAX, "it is no SARIF 2.1 report with runs that have a tool and results");
}
