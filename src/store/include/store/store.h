/* SQLite: projections of the log, which can be rebuilt from it, and the register of keys. Thread
 * safe: calls are serialised. docs/formats/store.md describes the tables. */
#ifndef CUSTOS_STORE_STORE_H
#define CUSTOS_STORE_STORE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "ledger/leaf.h"

typedef struct cu_store cu_store;
cu_err cu_store_open(const char *path, cu_store **out, cu_fault *f) CU_MUST;
void cu_store_close(cu_store *s);

/* --- projections --- */
uint64_t cu_store_delivered(cu_store *s, cu_bytes log);
/* Takes one sealed entry. Idempotent. */
cu_err cu_store_take(cu_store *s, cu_bytes log, uint64_t index, cu_bytes leaf) CU_MUST;
/* A round is one transaction. */
cu_err cu_store_begin(cu_store *s) CU_MUST;
cu_err cu_store_end(cu_store *s) CU_MUST;

typedef struct {
    uint64_t row;               /* for the cursor */
    const char *id, *tenant, *at, *request, *answer, *answer_type; /* leaf bodies; answer may be NULL */
    const char *log, *request_type;
    uint64_t request_index, answer_index;
} cu_store_exchange;
typedef void (*cu_store_exchange_fn)(void *arg, const cu_store_exchange *x);
/* Newest first, rows below `before` (0: from the newest); id not NULL: that one only. */
cu_err cu_store_exchanges(cu_store *s, const char *id, const char *tenant, uint64_t before, unsigned limit,
                          cu_store_exchange_fn each, void *arg) CU_MUST;
uint64_t cu_store_exchange_count(cu_store *s);

/* A recorded scan and what has changed since the one before of the same repository, mode and scope. */
typedef struct {
    uint64_t row;           /* for the cursor */
    const char *id, *log, *at, *repository, *mode;
    const char *body;       /* of the entry: store/recorded_scan.h */
    uint64_t index;
    const char *before;     /* id of the one before; NULL: none, and then the numbers below are 0 */
    const char *before_at;
    uint64_t before_index;  /* in the same log */
    uint64_t fresh, gone, still;
    bool estimated, other_rules; /* the two were made with different rules */
    uint64_t scans;         /* of this repository and mode; from cu_store_repositories() only */
    const char *first_at;
} cu_store_scan;
typedef void (*cu_store_scan_fn)(void *arg, const cu_store_scan *x);
/* NULL: any. */
typedef struct {
    const char *id, *log, *repository, *mode;
} cu_store_scan_filter;
/* Newest first, rows below `before` (0: from the newest). */
cu_err cu_store_scans(cu_store *s, const cu_store_scan_filter *w, uint64_t before, unsigned limit,
                      cu_store_scan_fn each, void *arg) CU_MUST;
uint64_t cu_store_scan_count(cu_store *s, const cu_store_scan_filter *w);
/* The latest scan of each log, repository and mode, newest first. */
cu_err cu_store_repositories(cu_store *s, uint64_t before, unsigned limit, cu_store_scan_fn each, void *arg) CU_MUST;

typedef struct {
    uint64_t count;
    char first[CU_TIME_LEN], last[CU_TIME_LEN];
} cu_store_events;
/* How many sealed entries of a type there are, and when. */
cu_err cu_store_events_of(cu_store *s, const char *type, cu_store_events *out) CU_MUST;

/* Where the newest sealed entry of a type is; CU_NOT_FOUND. */
cu_err cu_store_last_of(cu_store *s, const char *type, char log[80], uint64_t *index) CU_MUST;

/* --- keys --- */
typedef struct {
    cu_sha256 hash;
    char id[CU_ID_LEN + 2], tenant[64], user[129], name[129], created[CU_TIME_LEN];
    uint64_t expires_ns;
    bool revoked;
    char shown[16];             /* its first characters, to recognise it by; empty for keys of before */
    bool service;               /* user names a service, not a person */
    char vendors[1025], models[1025], repos[1025], classes[257], tools[1025]; /* scopes: names separated by commas, empty: all */
    uint64_t requests_per_minute, tokens_per_minute, tokens_per_day, spend_per_day, concurrent; /* 0: no limit; spend in millionths */
    char replaces[CU_ID_LEN + 2]; /* the key that this one was rotated from */
    char last_used[CU_TIME_LEN];  /* of a sealed request; filled by reading */
} cu_store_key;
cu_err cu_store_key_add(cu_store *s, const cu_store_key *k) CU_MUST;
/* CU_NOT_FOUND when there is none of that id. */
cu_err cu_store_key_revoke(cu_store *s, const char *id, cu_store_key *out) CU_MUST;
cu_err cu_store_key_get(cu_store *s, const char *id, cu_store_key *out) CU_MUST;
cu_err cu_store_key_expire(cu_store *s, const char *id, uint64_t expires_ns) CU_MUST;
/* The five limits of k, for k->id. */
cu_err cu_store_key_limit(cu_store *s, const cu_store_key *k) CU_MUST;
/* Array on the heap, to be freed. */
cu_err cu_store_keys(cu_store *s, cu_store_key **out, size_t *n) CU_MUST;

/* Remembers a text under a name; *changed = it was not the one remembered. */
cu_err cu_store_note(cu_store *s, const char *name, const char *text, bool *changed) CU_MUST;
/* A number that grows by one each time. */
cu_err cu_store_next(cu_store *s, const char *name, uint64_t *out) CU_MUST;

#endif
