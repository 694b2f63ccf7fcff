/* Private: a form of report with a state of its own. report.c holds the table of these. */
#ifndef CUSTOS_SCAN_REPORT_FORM_H
#define CUSTOS_SCAN_REPORT_FORM_H

#include "scan/accept.h"
#include "scan/report.h"

typedef struct {
    /* finding() keeps counts: call it under a lock, in the order in which the findings leave. */
    bool serial;
    const char *between; /* what the caller puts between two findings; "" when the writer does it */
    cu_err (*open)(const cu_report_options *o, void **state);
    void (*close)(void *state); /* NULL is fine */
    cu_err (*begin)(void *state, cu_buf *out);
    cu_err (*finding)(void *state, const cu_scan_finding *f, cu_buf *out);
    cu_err (*end)(void *state, const cu_scan_summary *s, cu_buf *out);
} cu_report_form;

extern const cu_report_form cu_report_sarif, cu_report_csv, cu_report_html;

/* --- what they share --- */
/* The rule of a finding; one without texts when the number is unknown. */
const cu_rule *cu_report_rule(const cu_report_options *o, const cu_scan_finding *f);
/* Accepted, and the options do not ask for those. */
bool cu_report_hidden(const cu_report_options *o, const cu_scan_finding *f);
bool cu_report_suppressed(const cu_scan_finding *f);
/* What a person should do about it; one or two sentences, static. */
const char *cu_report_advice(const cu_rule *r);
/* The line with every value in it masked, as UTF-8 without control characters. */
void cu_report_masked(const cu_scan_finding *f, cu_buf *out);
/* Invalid bytes, control characters and marks that turn the direction of text become U+FFFD. */
void cu_report_clean(cu_bytes text, cu_buf *out);
/* UTF-16 code units of text; an invalid byte counts as the one unit of U+FFFD. */
uint64_t cu_report_utf16(cu_bytes text);
/* Length of the well-formed character at i, 0 when there is none. */
size_t cu_report_char(cu_bytes text, size_t i);
/* Path without ./ and without the root; still absolute when it lies elsewhere. */
const char *cu_report_path(const cu_report_options *o, const cu_scan_finding *f);

#endif
