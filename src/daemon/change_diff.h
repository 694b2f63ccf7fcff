/* Private to daemon/: what a change is in the repository, for who decides about it. Git's objects of it are kept here,
 * sealed, as long as the change can be approved, and shown with what is known of each line. The log holds their digest
 * and counts (docs/formats/change.md). */
#ifndef CUSTOS_DAEMON_CHANGE_DIFF_H
#define CUSTOS_DAEMON_CHANGE_DIFF_H

#include <jansson.h>
#include "app.h"
#include "scan/change.h"

#define CHANGE_KEPT_DAYS 90u
#define CHANGE_MEMORY ((size_t)64 << 20) /* of one look at a change */
#define CHANGE_LINES 20000u              /* that are shown */
#define CHANGE_KEPT_BYTES (CU_CHANGE_BYTES + 64)

/* change_kept.c. part: "" for the objects, else the word of a tool whose results stand beside. */
cu_err change_keep(app *a, const char *change, const char *part, cu_bytes what, cu_fault *f) CU_MUST;
cu_err change_find(app *a, const char *change, const char *part, cu_buf *out, cu_fault *f) CU_MUST; /* CU_NOT_FOUND */
void change_forget(app *a, const char *change);
/* Those of changes that nobody can approve any more, or that are older than CHANGE_KEPT_DAYS. */
void changes_forget_old(app *a);
/* The words of the parts of a change. */
typedef void (*change_part_fn)(void *arg, const char *part);
void change_parts(app *a, const char *change, change_part_fn each, void *arg);

/* change_scan.c: results of a scan's report (SARIF) by file and line. Not kept when they are too many. */
cu_err change_scan_keep(app *a, const char *change, const char *tool, cu_bytes sarif, cu_fault *f) CU_MUST;
json_t *change_scans(app *a, const char *change); /* [{tool, path, line, end_line, rule, severity, message}] */

/* change_view.c. opened: values that were found are shown. *hidden: how many there are. */
json_t *change_view(call *c, const cu_change *x, bool opened, size_t *values, cu_fault *f);

/* change_http.c: the API */
unsigned take_change_diff(call *c);
unsigned answer_change_diff(call *c);
unsigned open_change_diff(call *c);

#endif
