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
    uint32_t max;                  /* bytes of a text or word */
    cu_bytes *words;               /* of one_of */
    size_t words_n;
    struct cu_event_field *fields; /* of object and list; ascending by name */
    size_t fields_n;
} cu_event_field;

typedef enum { CU_EVENT_TENANT, CU_EVENT_ORG, CU_EVENT_EITHER, CU_EVENT_ANCHOR } cu_event_log;

typedef struct {
    cu_bytes type, label, means, by, retention, example;
    cu_event_log log;
    uint64_t retention_days;       /* 0: as long as the log */
    cu_bytes *controls;
    size_t controls_n;
    cu_event_field *fields;
    size_t fields_n;
} cu_event;

typedef struct {
    cu_event *v;                   /* in the order of the file */
    size_t n, planned;             /* planned: named, written by nobody */
    cu_bytes *planned_types;
    const cu_event **by_type;      /* ascending */
} cu_events;

/* Reads events.yaml of dir and the ids of controls.yaml beside it. A type given twice, a field of an
 * unknown type, a control that is none, an example that does not fit: refused with file and line. */
cu_err cu_events_load(const char *dir, cu_arena *a, cu_events **out, cu_fault *f) CU_MUST;
/* NULL: nobody writes such an entry. */
const cu_event *cu_event_find(const cu_events *e, cu_bytes type);
const char *cu_field_type_name(unsigned type);
const char *cu_event_log_name(unsigned log);

/* Whether body is an object of exactly these fields: canonical JSON (keys ascending, no white space,
 * no floats), each value of its type. The fault names the member. */
cu_err cu_event_check(const cu_event *e, cu_bytes body, cu_fault *f) CU_MUST;
/* Type, log and body of an entry: known, where it belongs, and fitting. */
cu_err cu_events_check(const cu_events *e, cu_bytes type, cu_bytes tenant, cu_bytes body, cu_fault *f) CU_MUST;

/* The table of docs/formats/leaf.md, and {"type":{"label":…,…},…} for the console. */
void cu_events_markdown(const cu_events *e, cu_buf *out);
void cu_events_labels(const cu_events *e, cu_buf *out);

#endif
