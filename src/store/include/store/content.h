/* What the log says of bodies that are kept and of readings of them. Texts live during the call. */
#ifndef CUSTOS_STORE_CONTENT_H
#define CUSTOS_STORE_CONTENT_H

#include "store/store.h"

typedef struct {
    const char *exchange, *part, *tenant, *at, *log;
    const char *class, *key, *digest, *commitment; /* key to commitment: empty when it was not kept */
    const char *missing;        /* why it was not kept; empty: it was */
    uint64_t index, bytes;
    bool whole;                 /* the answer came to its end */
} cu_store_body;
typedef void (*cu_store_body_fn)(void *arg, const cu_store_body *b);
/* Of one exchange, the request first. */
cu_err cu_store_bodies(cu_store *s, const char *exchange, cu_store_body_fn each, void *arg) CU_MUST;

/* Those of which an entry should speak and none does, of requests and answers before `before` (RFC 3339): exchange,
 * part, tenant and class; the oldest first. */
cu_err cu_store_awaited_bodies(cu_store *s, const char *before, unsigned limit, cu_store_body_fn each, void *arg) CU_MUST;

typedef struct {
    uint64_t row;               /* for the cursor */
    const char *id, *exchange, *tenant, *class, *by, *purpose, *at, *log;
    uint64_t index;
    const char *decision;       /* approved, refused; empty: none yet */
    const char *decided_by, *decided, *last; /* last: when it was read last */
    uint64_t reads;
} cu_store_reading;
typedef void (*cu_store_reading_fn)(void *arg, const cu_store_reading *r);
/* Newest first, rows below `before` (0: from the newest); id, exchange NULL: any. */
cu_err cu_store_readings(cu_store *s, const char *id, const char *exchange, uint64_t before, unsigned limit, cu_store_reading_fn each, void *arg) CU_MUST;

#endif
