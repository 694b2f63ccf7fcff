/* Private to daemon/: the vendor desk. What is known of a vendor (catalog/vendors.yaml), what was decided, what
 * the gateway makes of it. */
#ifndef CUSTOS_DAEMON_VENDOR_DESK_H
#define CUSTOS_DAEMON_VENDOR_DESK_H

#include "desk.h"

/* Rules of the registers' steps. */
cu_err vendor_name_fact(desk_step *s, const json_t *given, cu_fault *f) CU_MUST;
cu_err vendor_check_fact(desk_step *s, cu_fault *f) CU_MUST;
cu_err vendor_check_reading(desk_step *s, cu_fault *f) CU_MUST;
cu_err vendor_check_report(desk_step *s, cu_fault *f) CU_MUST;
cu_err vendor_check_known(desk_step *s, cu_fault *f) CU_MUST;
cu_err vendor_check_control(desk_step *s, cu_fault *f) CU_MUST;
cu_err vendor_check_proposal(desk_step *s, cu_fault *f) CU_MUST;
cu_err vendor_check_agreement(desk_step *s, cu_fault *f) CU_MUST;
void vendors_changed(app *a); /* looks for promises that a term contradicts */
void vendors_decided(app *a); /* older decisions are replaced, and the gateway is told */

/* What the register says for the gateway; false when it says nothing (custos.yaml counts then). */
typedef struct {
    bool approved, strict;
    uint64_t until_ns;
    char plan[257];
} vendor_ruling;
bool vendor_ruled(app *a, const char *vendor, vendor_ruling *out);
/* Every minute: approvals that have ended; vendors of custos.yaml that the register does not know. */
void vendors_watch(app *a);

/* What is known: {"confirmed":n,"total":n,"due":n,"unknown":[ids]} of one vendor; unknown_strict counts those that
 * hold the standard profile back. */
json_t *vendor_known(app *a, const char *vendor, unsigned *unknown_strict);
/* The report that covers now, or the newest one, with "fits" and "uncovered_days"; NULL: none. */
json_t *vendor_report(app *a, const char *vendor);
/* The facts of one vendor: a list of records. */
json_t *vendor_facts(app *a, const char *vendor);

unsigned answer_vendors(call *c);
unsigned answer_vendor(call *c);

#endif
