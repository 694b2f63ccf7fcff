/* Findings as text, JSON, JSON lines, SARIF 2.1.0, CSV and HTML. A writer renders one finding into
 * a buffer (any thread, no shared state but what begin() made); whoever runs the scan appends the
 * buffers in order. A value is never printed, unless `values` was asked for. */
#ifndef CUSTOS_SCAN_REPORT_H
#define CUSTOS_SCAN_REPORT_H

#include "base/buf.h"
#include "scan/finding.h"

typedef enum { CU_REPORT_TEXT, CU_REPORT_JSON, CU_REPORT_JSONL, CU_REPORT_SARIF, CU_REPORT_CSV,
               CU_REPORT_HTML, CU_REPORT_COUNT } cu_report_format;
/* CU_REPORT_COUNT when there is none of that name ("text", "json", ...). */
cu_report_format cu_report_format_by_name(const char *name);

typedef struct {
    cu_report_format format;
    const cu_rules *rules;   /* titles, severities, sources */
    bool explain;            /* with the reasons for the confidence */
    bool values;             /* print values: a person asked for it on a terminal */
    bool colour;             /* text only */
    bool accepted;           /* SARIF: accepted findings too, as suppressed */
    const char *root;        /* of SARIF's relative paths; NULL: paths as named */
} cu_report_options;

typedef struct cu_report cu_report;

cu_err cu_report_new(const cu_report_options *o, cu_report **out) CU_MUST;
void cu_report_free(cu_report *r);
/* What stands before the first finding. */
cu_err cu_report_begin(cu_report *r, cu_buf *out) CU_MUST;
/* One finding. The caller puts cu_report_between() between two. A writer that keeps counts or numbers
 * inside r says so with cu_report_serial(): then it is called by one thread at a time, in the order
 * of the report. */
cu_err cu_report_finding(cu_report *r, const cu_scan_finding *f, cu_buf *out) CU_MUST;
bool cu_report_serial(const cu_report *r);
const char *cu_report_between(const cu_report *r); /* ",\n" or "" */
cu_err cu_report_end(cu_report *r, const cu_scan_summary *s, cu_buf *out) CU_MUST;

/* A rule for code whose findings are no secret: the line is shown as it is. */
bool cu_report_shows(const cu_rule *r);

/* A path as a terminal may show it: control characters escaped as in JSON, no mark that turns the
 * direction of writing. */
void cu_report_name(const char *path, cu_buf *out);

#endif
