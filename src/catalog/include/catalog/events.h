/* The registry of events: catalog/events.yaml says which types of entry there are, with which fields.
 * Entries are held against it before they are written and after they are sealed. */
#ifndef CUSTOS_CATALOG_EVENTS_H
#define CUSTOS_CATALOG_EVENTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_EVENT_FIELDS 64u  /* of one object */
#define CU_EVENT_DEPTH 4u    /* objects in objects */
#define CU_EVENTS_MAX 1000u
#define CU_EVENT_NAME 64u

/* Types of fields, as the file names them. */
#define CU_FIELD_TYPES(X) \
    X(TEXT, "text")       \
    X(WORD, "word")       \
    X(NUMBER, "number")   \
    X(BOOL, "bool")       \
    X(DIGEST, "digest")   \
    X(HEX, "hex")         \
    X(ID, "id")           \
    X(TIME, "time")       \
    X(ONE_OF, "one_of")   \
    X(WORDS, "words")     \
    X(COUNTS, "counts")   \
    X(OBJECT, "object")   \
    X(LIST, "list")

typedef enum {
#define X(name, text) CU_FIELD_##name,
    CU_FIELD_TYPES(X)
#undef X
    CU_FIELD_TYPE_COUNT
} cu_field_type;

typedef struct cu_event_field {
    cu_bytes name, means, sensitivity;
    uint8_t type;
    bool optional, may_be_empty;
    bool dated;                    /* when something took place, or of which period it speaks */
    uint32_t max;                  /* bytes of a text or word */
    cu_bytes *words;               /* of one_of */
    size_t words_n;
    struct cu_event_field *fields; /* of object and list; ascending by name */
    size_t fields_n;
} cu_event_field;

/* What a person may be; a set of them is a mask of 1 << index. */
#define CU_ROLE_WORDS "owner compliance security developer approver auditor"
#define CU_REGISTERS_MAX 64u
#define CU_REGISTER_STATES 16u

typedef struct {
    cu_bytes name, label, tone;    /* tone: met partly unmet nodata na, as it is drawn */
    bool ends;                     /* nothing is left to do */
} cu_register_state;

/* A register: records with a state each, which entries of the log open and move on. The store keeps them
 * (store/records.h), and the newest value of each field. */
typedef struct {
    cu_bytes name, label, plural, means;
    cu_bytes area;                 /* a heading that registers of one kind of work stand under */
    cu_bytes prefix;               /* ids are PREFIX-1, PREFIX-2 …; empty: whoever opens a record names it */
    cu_bytes *columns;             /* fields that a listing shows */
    size_t columns_n;
    cu_register_state *states;
    size_t states_n;
    bool examination;              /* the work of an examination: seen whatever the window that is examined */
} cu_register;

typedef enum { CU_EVENT_TENANT, CU_EVENT_ORG, CU_EVENT_EITHER, CU_EVENT_ANCHOR } cu_event_log;

typedef struct {
    cu_bytes type, label, means, by, retention, example;
    cu_bytes comes;                /* what makes such an entry come about, for who lacks one; empty: not said */
    cu_event_log log;
    uint64_t retention_days;       /* 0: as long as the log */
    cu_bytes *controls;
    size_t controls_n;
    cu_event_field *fields;
    size_t fields_n;
    /* a step of a record; reg NULL: it is none. The field named like the register holds the record's id. */
    const cu_register *reg;
    cu_bytes to;                   /* its state afterwards; empty: as before */
    cu_bytes *from, *other_than;   /* from: states in which it may be taken ("none": opens; nothing: any) */
    size_t from_n, other_than_n;   /* other_than: not by who brought the record into one of these */
    bool opens;
    unsigned roles;                /* who may take it by hand; 0: only the system does */
    cu_bytes act;                  /* what the button says, when somebody may */
} cu_event;

typedef struct {
    cu_event *v;                   /* in the order of the file */
    size_t n, planned;             /* planned: named, written by nobody */
    cu_bytes *planned_types;
    const cu_event **by_type;      /* ascending */
    cu_register *registers;
    size_t registers_n;
} cu_events;

/* Reads events.yaml of dir and the ids of controls.yaml beside it. A type given twice, a field of an
 * unknown type, a control that is none, an example that does not fit: refused with file and line. */
cu_err cu_events_load(const char *dir, cu_arena *a, cu_events **out, cu_fault *f) CU_MUST;
/* NULL: nobody writes such an entry. */
const cu_event *cu_event_find(const cu_events *e, cu_bytes type);
const cu_register *cu_register_find(const cu_events *e, cu_bytes name);             /* NULL: none */
const cu_register_state *cu_register_state_find(const cu_register *r, cu_bytes name); /* NULL: none */
/* Whether a record in that state ("none": there is none yet) may take this step. */
bool cu_event_may_follow(const cu_event *e, cu_bytes state);
const char *cu_field_type_name(unsigned type);
const char *cu_event_log_name(unsigned log);

/* Whether body is an object of exactly these fields: canonical JSON (keys ascending, no white space,
 * no floats), each value of its type. The fault names the member. */
cu_err cu_event_check(const cu_event *e, cu_bytes body, cu_fault *f) CU_MUST;
/* Type, log and body of an entry: known, where it belongs, and fitting. */
cu_err cu_events_check(const cu_events *e, cu_bytes type, cu_bytes tenant, cu_bytes body, cu_fault *f) CU_MUST;

/* Whether an entry of that type is a step of a record: of which register, and into which state ("": as before). */
bool cu_events_step(const cu_events *e, cu_bytes type, cu_bytes *reg, cu_bytes *state);

/* The table of docs/formats/leaf.md, and {"type":{"label":…,…},…} for the console. */
void cu_events_markdown(const cu_events *e, cu_buf *out);
void cu_events_labels(const cu_events *e, cu_buf *out);

#endif
