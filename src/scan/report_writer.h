/* Private to the report*.c files: what a form of report is. */
#ifndef CUSTOS_SCAN_REPORT_WRITER_H
#define CUSTOS_SCAN_REPORT_WRITER_H

#include <stdatomic.h>
#include "scan/report.h"

struct cu_report {
    cu_report_options o;
    atomic_bool any[3];   /* by cu_class: a finding of this class was rendered */
    void *own;            /* of the writer; given back by its free */
};

typedef struct {
    const char *name;
    const char *between;
    bool serial;          /* finding() is called in order, by one thread at a time */
    cu_err (*begin)(cu_report *r, cu_buf *out);  /* NULL: nothing stands there */
    cu_err (*finding)(cu_report *r, const cu_scan_finding *f, cu_buf *out);
    cu_err (*end)(cu_report *r, const cu_scan_summary *s, cu_buf *out); /* NULL: nothing */
    void (*free)(cu_report *r);                  /* NULL: nothing */
} cu_report_writer;

extern const cu_report_writer cu_report_text, cu_report_json, cu_report_jsonl;

/* The finding's line with its value masked: the first two bytes at most, and only of long values.
 * Control characters, and what could turn the direction of a terminal's text, become `?`. */
void cu_report_line(const cu_report *r, const cu_scan_finding *f, cu_buf *out);
void cu_report_visible(cu_bytes text, cu_buf *out);
/* One JSON object, without anything behind it. */
void cu_report_json_object(const cu_report *r, const cu_scan_finding *f, cu_buf *out);
void cu_report_json_summary(const cu_scan_summary *s, cu_buf *out);

#endif
