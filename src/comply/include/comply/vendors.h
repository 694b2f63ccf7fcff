/* What is to be known of a vendor (catalog/vendors.yaml), when it is known, and what contradicts a promise. Pure. */
#ifndef CUSTOS_COMPLY_VENDORS_H
#define CUSTOS_COMPLY_VENDORS_H

#include "comply/catalogue.h"

#define CU_VENDOR_FIELDS 128u
#define CU_VENDOR_FIELD_CONTROLS 4u

typedef struct {
    cu_bytes id, group, label, kind, where; /* where its answer is found */
    uint64_t max_age_ns;                    /* how long a reading counts */
    bool strict_without;                    /* while it is unknown, only the strict profile can be approved */
    const cu_control *controls[CU_VENDOR_FIELD_CONTROLS];
    size_t controls_n;
} cu_vendor_field;

typedef struct {
    cu_bytes id, name, what;
    cu_bytes *notes;
    size_t notes_n;
} cu_vendor_profile;

typedef struct {
    cu_vendor_field *v;
    size_t n;
    cu_vendor_profile *profiles;
    size_t profiles_n;
} cu_vendor_form;

/* Lives in the arena. A field twice, an unknown control or kind: refused with file and line. */
cu_err cu_vendor_form_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_arena *a, cu_vendor_form **out, cu_fault *f) CU_MUST;
const cu_vendor_field *cu_vendor_field_find(const cu_vendor_form *form, cu_bytes id); /* NULL: none */

/* The fact that a promise of this topic is held against; empty: none. */
cu_bytes cu_promise_field(cu_bytes topic);
typedef enum { CU_TERM_AGREES, CU_TERM_CONTRADICTS, CU_TERM_UNCLEAR } cu_term_verdict;
/* A promise (topic and value) against what the vendor's fact says. Unclear: one of them cannot be read as
 * what the topic asks for; a person has to look. */
cu_term_verdict cu_promise_against(cu_bytes topic, cu_bytes promised, cu_bytes says);

/* Whether a report is good at a moment: a SOC 2 report of type 2 without an adverse or disclaimed opinion whose
 * period ended no more than twelve months before, or before the end of its bridge letter, which counts for
 * three months after the period at most. Times: RFC 3339, as in the register. uncovered: days since the last
 * day that is covered. */
bool cu_report_fits(cu_bytes kind, cu_bytes opinion, cu_bytes period_to, cu_bytes bridge_until, uint64_t now_ns, uint64_t *uncovered_days);
/* 2026-09-30T00:00:00.000Z in nanoseconds since 1970; 0 when it is none. */
uint64_t cu_day_ns(cu_bytes time);

#endif
