/* What to do about an incident, and until when (catalog/runbooks.yaml); and how long requests of persons may take. Pure. */
#ifndef CUSTOS_COMPLY_RUNBOOKS_H
#define CUSTOS_COMPLY_RUNBOOKS_H

#include "catalog/events.h"

typedef enum { CU_CLOCK_ACKNOWLEDGE, CU_CLOCK_CONTAIN, CU_CLOCK_NOTIFY, CU_CLOCK_CLOSE, CU_CLOCKS } cu_clock;
const char *cu_clock_name(cu_clock c);

typedef struct {
    cu_bytes id, label, means;
    uint64_t limit_ns[CU_CLOCKS]; /* from when it was detected */
    uint64_t fix_ns;              /* of a vulnerability, from when it was detected */
} cu_incident_severity;

typedef struct {
    cu_bytes id, phase, text, proof; /* phase: contain, look, notify or learn */
} cu_runbook_step;

typedef struct {
    cu_bytes id, label, when, severity;
    cu_bytes *opens; /* types of entries by which it begins */
    size_t opens_n;
    cu_runbook_step *steps;
    size_t steps_n;
} cu_runbook;

typedef struct {
    cu_bytes id, label, means;
    uint64_t answer_ns; /* from when it was received */
} cu_person_request;

typedef struct {
    cu_incident_severity *severities;
    size_t severities_n;
    cu_runbook *v;
    size_t n;
    cu_person_request *requests;
    size_t requests_n;
} cu_runbooks;

/* Lives in the arena. An unknown severity, phase or type of entry, an id twice, limits that do not grow in their
 * order: refused with file and line. */
cu_err cu_runbooks_load(const char *dir, const cu_events *e, cu_arena *a, cu_runbooks **out, cu_fault *f) CU_MUST;
const cu_runbook *cu_runbook_find(const cu_runbooks *r, cu_bytes id);          /* NULL: none */
const cu_runbook_step *cu_runbook_step_find(const cu_runbook *r, cu_bytes id); /* NULL: none; r may be NULL */
const cu_incident_severity *cu_incident_severity_find(const cu_runbooks *r, cu_bytes id);        /* NULL: none */
const cu_person_request *cu_person_request_find(const cu_runbooks *r, cu_bytes id); /* NULL: none */

#endif
