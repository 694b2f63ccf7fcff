/* Drafts and reports (catalog/reports.yaml): text with {facts}, and tables of records and states. Pure. A made report
 * is a JSON document in which every figure says where it comes from; docs/formats/reports.md. */
#ifndef CUSTOS_COMPLY_REPORTS_H
#define CUSTOS_COMPLY_REPORTS_H

#include "base/buf.h"
#include "comply/catalogue.h"

#define CU_REPORTS_MAX 64u
#define CU_REPORT_SECTIONS 24u
#define CU_REPORT_PARTS 16u
#define CU_REPORT_FACTS 128u
#define CU_REPORT_TABLES 64u
#define CU_REPORT_LIST 24u       /* types or states of a fact, columns of a table */
#define CU_CUSTOMER_CONTROLS 64u

/* A figure: entries of these types in the period, or records of a register in these states as of the moment. */
typedef struct {
    cu_bytes name, means, reg;   /* reg empty: entries */
    cu_bytes list[CU_REPORT_LIST];
    size_t list_n;
} cu_report_fact;

typedef struct {
    cu_bytes name, of;           /* of: what is listed; empty: records of reg */
    cu_bytes reg;
    cu_bytes types[CU_REPORT_LIST]; /* of entries; none: all */
    size_t types_n;
    cu_bytes states[CU_REPORT_LIST], columns[CU_REPORT_LIST];
    size_t states_n, columns_n;
} cu_report_table;

typedef struct {
    cu_bytes text, empty;        /* text, or a table and what stands there when it has no row */
    const cu_report_table *table;
} cu_report_part;

typedef struct {
    cu_bytes number, heading;
    cu_report_part parts[CU_REPORT_PARTS];
    size_t parts_n;
} cu_report_section;

typedef struct {
    cu_bytes id, title, means;
    uint64_t max_days;           /* of its period */
    cu_report_section sections[CU_REPORT_SECTIONS];
    size_t sections_n;
} cu_report_form;

/* What customers have to do, and which of our controls it serves. */
typedef struct {
    cu_bytes id, expected;
    const cu_control *controls[8];
    size_t controls_n;
} cu_customer_control;

typedef struct {
    cu_report_fact facts[CU_REPORT_FACTS];
    size_t facts_n;
    cu_report_table tables[CU_REPORT_TABLES];
    size_t tables_n;
    cu_customer_control customer[CU_CUSTOMER_CONTROLS];
    size_t customer_n;
    cu_report_form v[CU_REPORTS_MAX];
    size_t n;
} cu_reports;

/* knows: further facts that a text may speak of, such as {from}. Lives in the arena. Unknown types, registers, states,
 * controls, facts and tables are refused with file and line. */
typedef bool (*cu_report_knows_fn)(cu_bytes name);
cu_err cu_reports_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_report_knows_fn knows, cu_arena *a, cu_reports **out, cu_fault *f) CU_MUST;
const cu_report_form *cu_report_find(const cu_reports *r, cu_bytes id);              /* NULL: none */
const cu_report_fact *cu_report_fact_find(const cu_reports *r, cu_bytes name); /* NULL: none */

/* The name between { and }, from at on; the place behind it, or 0 when no fact stands there. */
size_t cu_report_fact_at(cu_bytes text, size_t at, cu_bytes *name);

/* A made report (JSON) for people: one page for printing without script or anything from elsewhere, or plain text.
 * digest: of the document, in hex. mark: who has this copy; "" for none. CU_SYNTAX: not such a document. */
struct json_t;
cu_err cu_paper_html(const struct json_t *doc, const char *digest, const char *mark, cu_buf *out) CU_MUST;
void cu_paper_escape(cu_buf *b, const char *s); /* text for HTML, also within quotes */
void cu_paper_source(const struct json_t *source, cu_buf *b); /* where a figure or a row comes from, in a sentence */
cu_err cu_paper_text(const struct json_t *doc, const char *digest, cu_buf *out) CU_MUST;

#endif
