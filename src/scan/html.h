/* Private to report_html.c and html_*.c. */
#ifndef CUSTOS_SCAN_HTML_H
#define CUSTOS_SCAN_HTML_H

#include "report_form.h"

#define HTML_MAX_ROWS 5000u
#define HTML_MAX_FOLDERS 4096u  /* different ones that are counted; the rest is "elsewhere" */
#define HTML_SHOWN_FOLDERS 11u
#define HTML_FIRST_YEAR 1990
#define HTML_MONTHS (12 * 111)  /* to the end of 2100 */
#define SEVERITIES (CU_SEVERITY_CRITICAL + 1)

typedef struct {
    uint64_t n[SEVERITIES], all;
} tally;

typedef struct {
    char *name;
    tally t;
} folder;

typedef struct {
    uint64_t order;     /* as it came */
    uint8_t severity, confidence;
    uint8_t *text;      /* one row of the table, in memory of its own */
    size_t n;
} row;

typedef struct {
    cu_report_options o;
    tally all;
    tally types[CU_TYPE_COUNT + 1]; /* and weaknesses of code */
    folder *folders;    /* open addressing by name */
    size_t folders_n;
    tally elsewhere;
    tally months[HTML_MONTHS];
    uint64_t dated;     /* findings with the time of a commit */
    row *rows;          /* heap: the least severe on top */
    size_t rows_n;
} html;

void html_text(cu_buf *b, cu_bytes t); /* clean and escaped */
void html_str(cu_buf *b, const char *t);
void html_number(cu_buf *b, uint64_t n); /* 12,345 */
void html_severity(cu_buf *b, cu_severity s); /* shape and word */

cu_err html_keep_row(html *h, const cu_scan_finding *f, const cu_rule *r);
void html_put_rows(html *h, cu_buf *out);

void html_count(html *h, const cu_scan_finding *f, const cu_rule *r);
void html_put_severities(const html *h, cu_buf *out);
void html_put_types(const html *h, cu_buf *out);
void html_put_folders(const html *h, cu_buf *out);
void html_put_months(const html *h, cu_buf *out);

extern const char html_style[], html_script[];

#endif
