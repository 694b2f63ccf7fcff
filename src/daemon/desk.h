/* Private to daemon/: registers (catalog/events.yaml) as desks: a person or the daemon takes a step, the step
 * is checked against the registry and the record's state, becomes an entry, and is read back from the log.
 * One step at a time, each sealed and projected before the next, so that two who race see each other. */
#ifndef CUSTOS_DAEMON_DESK_H
#define CUSTOS_DAEMON_DESK_H

#include <jansson.h>
#include "app.h"
#include "store/records.h"

#define DESK_STATES (CU_REGISTER_STATES * CU_EVENT_NAME)

typedef struct {
    const char *actor;
    unsigned roles;        /* ROLE_ bits of paths.h; ROLE_SOCKET may take what any role may */
    bool system;           /* the daemon itself: also steps that nobody takes by hand */
} desk_actor;

/* One step on its way. */
typedef struct {
    app *a;
    const desk_actor *who;
    const cu_event *event;
    const char *tenant;    /* of the entry, or CU_TENANT_ORG */
    char id[129];          /* of the record */
    json_t *fields;        /* of the entry; complete after the check */
    json_t *now;           /* the record as it is; NULL: it is being opened */
    unsigned ahead;        /* records of its register that steps before it open and that are not sealed yet */
} desk_step;

/* What one type of step asks beyond the registry. Each may be NULL; desk_rules.c lists them. */
typedef struct {
    const char *type;
    cu_err (*name)(desk_step *s, const json_t *given, cu_fault *f); /* sets id where its register does not count and it was not given */
    cu_err (*check)(desk_step *s, cu_fault *f); /* last before it is recorded; may complete the fields */
    void (*after)(app *a); /* when it is sealed; no lock is held */
} desk_rule;
const desk_rule *desk_rule_of(cu_bytes type); /* NULL: none */

/* Takes a step. fields: its members (borrowed; texts where numbers, lists or times are expected are read as
 * such; a person's name becomes a pseudonym). tenant NULL: where the record is, else the organisation.
 * CU_NOT_FOUND no such type or record, CU_DENIED the role or the two-person rule, CU_STATE not from this
 * state, CU_SYNTAX the fields, CU_TIMEOUT recorded but not sealed yet. *record: as it is now; to be released. */
cu_err desk_take(app *a, const desk_actor *who, const char *type, const char *tenant, json_t *fields, json_t **record, cu_fault *f) CU_MUST;

/* Takes a step as the daemon itself; fields is released. What fails is said in the program's log: false. */
bool desk_note(app *a, const char *type, json_t *fields);

/* Several such steps, each of another record: written one after the other, and waited for together. */
typedef struct {
    const char *type;
    json_t *fields;        /* released by desk_note_all() */
    bool taken;            /* set there */
} desk_noted;
void desk_note_all(app *a, desk_noted *v, size_t n);

/* A record as the API shows it, persons by their names; NULL when there is none. as_of NULL: now. */
json_t *desk_find(app *a, const char *reg, const char *id, const char *as_of);
/* The same with pseudonyms as they stand in the log. */
json_t *desk_raw(app *a, const char *reg, const char *id);
json_t *desk_raw_at(app *a, const char *reg, const char *id, const char *as_of); /* NULL: now */
/* Records of a register, newest first, at most 1000 (persons by pseudonym); open: only those with something left to do. */
json_t *desk_list(app *a, const char *reg, const char *state, bool open);
const char *desk_text(const json_t *record, const char *field); /* "" when it has none */
/* Names of the register's states that end, between blanks. */
void desk_ended_states(const app *a, const char *reg, char out[DESK_STATES]);
json_t *desk_record_json(const cu_store_record *x); /* with pseudonyms */
/* Puts names in the place of pseudonyms, at any depth. */
void desk_name_persons(app *a, json_t *v);

/* An entry of the organisation's log, NULL when it is not there; to be released. */
json_t *desk_entry(app *a, uint64_t index);

/* What desk_take() came to, as a problem of the API. */
unsigned desk_refused(call *c, cu_err e, const cu_fault *f);
/* The API. */
unsigned answer_registers(call *c);
unsigned answer_records(call *c);
unsigned answer_record(call *c);
unsigned take_record_step(call *c);

#endif
