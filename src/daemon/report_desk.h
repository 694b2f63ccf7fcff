/* Private to daemon/: reports made from templates (catalog/reports.yaml), registers, states and the log. */
#ifndef CUSTOS_DAEMON_REPORT_DESK_H
#define CUSTOS_DAEMON_REPORT_DESK_H

#include <jansson.h>
#include "app.h"
#include "comply/status.h"
#include "policy_facts.h"

#define REPORT_LOGS 1024u

/* One report in the making. All that it says is so at one moment. */
typedef struct {
    app *a;
    char from[CU_TIME_LEN], to[CU_TIME_LEN], as_of[CU_TIME_LEN]; /* to is as_of at most */
    uint64_t as_of_ms;
    const char *organisation;
    bool outside;                    /* for readers outside: persons stay pseudonyms */
    char logs[REPORT_LOGS][80];      /* as folders; "org" first, then tenants, without those of probes */
    uint64_t sizes[REPORT_LOGS];     /* entries before as_of */
    size_t logs_n;
    cu_control_status *controls;     /* as in the catalogue */
    cu_state *criteria;
    cu_arena arena;
    cu_policy_fact settings[POLICY_FACTS];
    json_t *heads;
    bool failed;                     /* something could not be read: nothing is made of the rest */
} report_making;

/* Fills all but from, to, as_of and organisation, which are given. */
cu_err report_prepare(report_making *m, cu_fault *f) CU_MUST;
void report_drop(report_making *m);

/* report_facts.c */
bool report_fact_known(cu_bytes name);
/* A figure or a setting: {"t":…,"fact":…,"source":{…}}; NULL: there is none of that name. */
json_t *report_fact(report_making *m, cu_bytes name);
/* Entries of these types in the period: the source, *count. */
json_t *report_count(report_making *m, const cu_bytes *types, size_t types_n, uint64_t *count);
json_t *report_log_name(const char *folder); /* "t:acme" of t/acme */
/* report_tables.c: columns and rows, each with its source. */
json_t *report_table(report_making *m, const cu_report_table *t);
/* Records of a register in these states as of the moment (persons by their names). */
json_t *report_records(report_making *m, cu_bytes reg, const cu_bytes *states, size_t states_n);

/* The report of the last 90 days for a reader outside, as HTML or PDF with a mark; digest: of the document, in hex. */
cu_err report_public(app *a, const char *kind, const char *organisation, const char *mark, bool pdf, cu_buf *out, char digest[2 * CU_SHA256_LEN + 1], cu_fault *f) CU_MUST;

/* print.c: report is the document as JSON. One at a time. */
cu_err report_print(const char *report, const char *digest, const char *mark, cu_buf *out, cu_fault *f) CU_MUST;

unsigned answer_reports(call *c);
unsigned make_report(call *c);

#endif
