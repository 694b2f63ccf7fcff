/* The criteria, the controls behind them and each control's test: catalog/criteria.yaml and controls.yaml,
 * read strictly and held against each other and against the registry of events. docs/formats/controls.md. */
#ifndef CUSTOS_COMPLY_CATALOGUE_H
#define CUSTOS_COMPLY_CATALOGUE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "catalog/events.h"

#define CU_SOURCE_EVENTS 8u
#define CU_CONTROL_SOURCES 6u
#define CU_CONTROL_BREAKERS 4u
#define CU_CONTROL_PROBES 4u
#define CU_CONTROLS_MAX 500u
#define CU_CRITERIA_MAX 200u
#define CU_LINKS_MAX 40u /* controls of a criterion, criteria of a control */

/* Entries of any of these types; value.n: whose body has this member with this value ("*": any that says something). A
 * run of a probe counts only when it could run, on this installation, with invented values. */
typedef struct {
    cu_bytes events[CU_SOURCE_EVENTS];
    const cu_event *known[CU_SOURCE_EVENTS]; /* NULL: planned */
    size_t events_n;
    cu_bytes member, value;
    bool feed;         /* depends on what the customer connects */
    bool or_nil;       /* a nil return does as well */
    uint64_t within_ns;
    unsigned planned;  /* how many of the events nobody writes yet */
} cu_source;

/* Entries that say that a control does not work, until one of `until` or a probe that held. */
typedef struct {
    cu_bytes events[CU_SOURCE_EVENTS], until[CU_SOURCE_EVENTS];
    size_t events_n, until_n;
    cu_bytes member, value;  /* of both; empty: any */
} cu_breaker;

typedef struct cu_criterion cu_criterion;

#define CU_MAPPINGS 16u     /* frameworks that one control is mapped to */
#define CU_MAPPING_IDS 64u  /* ids of one framework at one control */
#define CU_OFFICIAL_MAX 16384u /* bytes of a criterion's wording that a customer brought */

/* Where another framework asks for something like this. A judgement, not an equivalence. */
typedef struct {
    cu_bytes framework, title; /* id and name, of `frameworks` in controls.yaml */
    cu_bytes *ids;
    size_t ids_n;
} cu_mapping;

typedef struct {
    cu_bytes id, title, description, type, automation, frequency, owner_role, auditor_test, evidence_source, population;
    cu_bytes feed_from, feed_covers;         /* empty: nothing from outside is needed */
    cu_bytes probes[CU_CONTROL_PROBES];      /* names of runs that test it; the first is its own */
    size_t probes_n;
    cu_source sources[CU_CONTROL_SOURCES];
    size_t sources_n;
    cu_breaker breakers[CU_CONTROL_BREAKERS];
    size_t breakers_n;
    const cu_criterion *criteria[CU_LINKS_MAX];
    size_t criteria_n;
    uint64_t fresh_ns;                       /* how old the newest probe, or entry, may be */
    uint64_t nil_ns;                         /* how long a nil return holds */
    bool by_event;                           /* of frequency event */
    bool scheduled;                          /* an occurrence that did not take place is an exception */
    cu_mapping *mappings;                    /* those that name something */
    size_t mappings_n;
    uint32_t line;
} cu_control;

struct cu_criterion {
    cu_bytes id, title, category, series, evidence_class, also_needs;
    cu_bytes official;                       /* wording that a customer with a licence brought; empty: none. Nothing of it is shipped */
    const cu_control *controls[CU_LINKS_MAX];
    size_t controls_n;
};

typedef struct {
    cu_control *controls;
    size_t controls_n;
    cu_criterion *criteria;
    size_t criteria_n;
    cu_bytes categories[8];                  /* the first is required */
    size_t categories_n;
} cu_catalogue;

/* Everything lives in the arena. Wrong criterion, unknown event, an uncovered criterion, an id given twice,
 * an unknown frequency, a control and a criterion that do not name each other: refused with file and line. */
cu_err cu_catalogue_load(const char *dir, const cu_events *events, cu_arena *a, cu_catalogue **out, cu_fault *f) CU_MUST;
const cu_control *cu_control_find(const cu_catalogue *c, cu_bytes id);
const cu_criterion *cu_criterion_find(const cu_catalogue *c, cu_bytes id);
void cu_mappings_json(const cu_control *k, cu_buf *b); /* the member "mappings" */
/* The control that a run of a probe tests: by the control it names, or by its own name; NULL: none. */
bool cu_control_probed_by(const cu_control *k, cu_bytes probe, cu_bytes control);

#endif
