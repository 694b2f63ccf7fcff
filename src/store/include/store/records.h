/* Records that entries of the log open and move on: findings, vendors, incidents … (catalog/events.h says
 * which entry is a step of which register). Each step is kept with the fields as they are after it, merged
 * as RFC 7396 says, so that what was so at an earlier moment needs no replay. */
#ifndef CUSTOS_STORE_RECORDS_H
#define CUSTOS_STORE_RECORDS_H

#include "store/store.h"

typedef struct {
    uint64_t row;                          /* for the cursor */
    const char *reg, *id, *log;            /* log as a folder: "org", "t/acme" */
    const char *opened, *opened_by;        /* time and actor of the first step */
    const char *state, *at, *by, *type;    /* after the last step asked for, and that step's */
    const char *fields;                    /* JSON object: the newest value of each */
    uint64_t first, last;                  /* index of these steps in the log */
    const char *leaf;                      /* id of the last step's entry */
} cu_store_record;
typedef void (*cu_store_record_fn)(void *arg, const cu_store_record *x);

/* NULL: any. as_of: only steps until then (RFC 3339). open: without records in a state of `ended`
 * (names between blanks: " closed void "). */
typedef struct {
    const char *reg, *id, *state, *log, *as_of, *ended;
} cu_store_record_filter;

/* Newest first, rows below `before` (0: from the newest). */
cu_err cu_store_records(cu_store *s, const cu_store_record_filter *w, uint64_t before, unsigned limit, cu_store_record_fn each, void *arg) CU_MUST;
/* How many records of a register there are, whatever their state. */
uint64_t cu_store_record_count(cu_store *s, const char *reg);
/* Each step of one record in its order; fields are those of the record after it. */
cu_err cu_store_record_steps(cu_store *s, const char *reg, const char *id, const char *as_of, cu_store_record_fn each, void *arg) CU_MUST;
/* Who brought the record into that state last; CU_NOT_FOUND. */
cu_err cu_store_record_actor(cu_store *s, const char *reg, const char *id, const char *state, char out[CU_STORE_ACTOR]) CU_MUST;
/* Whether the entry of that id is among the steps. */
bool cu_store_record_has(cu_store *s, const char *leaf);

#endif
