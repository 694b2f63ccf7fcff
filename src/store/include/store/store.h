/* SQLite: projections of the log, which can be rebuilt from it, and the register of keys. Thread
 * safe: calls are serialised. docs/formats/store.md describes the tables. */
#ifndef CUSTOS_STORE_STORE_H
#define CUSTOS_STORE_STORE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "ledger/leaf.h"

#define CU_STORE_ACTOR 129u

typedef struct cu_store cu_store;
cu_err cu_store_open(const char *path, cu_store **out, cu_fault *f) CU_MUST;
void cu_store_close(cu_store *s);

/* --- projections --- */
uint64_t cu_store_delivered(cu_store *s, cu_bytes log); /* asked by who takes entries */
/* Takes one sealed entry. Idempotent. */
cu_err cu_store_take(cu_store *s, cu_bytes log, uint64_t index, cu_bytes leaf) CU_MUST;
cu_err cu_store_take_leaf(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l) CU_MUST;
/* How far every log has got, at one moment between two rounds. */
typedef bool (*cu_store_reach_fn)(void *arg, const char *log, uint64_t size);
cu_err cu_store_reaches(cu_store *s, cu_store_reach_fn each, void *arg) CU_MUST;
/* A round is one transaction. */
cu_err cu_store_begin(cu_store *s) CU_MUST;
cu_err cu_store_end(cu_store *s) CU_MUST;

/* What the registry of events says of an entry. judge: whether it is one that may be written; what it refuses
 * is taken all the same, and counted. step: whether it is a step of a record (store/records.h), of which
 * register and into which state (empty: the state stays). */
typedef struct {
    cu_err (*judge)(void *arg, const cu_leaf *l, cu_fault *f);
    bool (*step)(void *arg, cu_bytes type, cu_bytes *reg, cu_bytes *state);
    void *arg;
} cu_store_rules;
void cu_store_judge(cu_store *s, const cu_store_rules *rules); /* copied */
/* How many sealed entries do not fit; last: LOG INDEX: why, of the latest. */
uint64_t cu_store_misfits(cu_store *s, char last[400]);

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
/* Requests before that time (RFC 3339) whose end is not there: id, tenant and at, oldest first. */
cu_err cu_store_open_exchanges(cu_store *s, const char *before, unsigned limit, cu_store_exchange_fn each, void *arg) CU_MUST;
uint64_t cu_store_exchange_count(cu_store *s);

/* Conditions; NULL or empty: none. */
typedef struct {
    const char *from, *to;   /* RFC 3339, UTC: from <= at < to */
    const char *tenant, *user, *key, *vendor; /* user: one of these words */
    const char *model, *client; /* a name, or a pattern with * */
    const char *decision;    /* as in the entry, or "refused": all but allow */
    const char *found;       /* a type of finding, "any" or "none" */
    const char *status, *state; /* HTTP status; open, answered, aborted or refused */
    const char *class, *rule;   /* of the code */
} cu_store_exchange_filter;
cu_err cu_store_find_exchanges(cu_store *s, const cu_store_exchange_filter *w, uint64_t before, unsigned limit,
                               cu_store_exchange_fn each, void *arg) CU_MUST;
cu_err cu_store_count_exchanges(cu_store *s, const cu_store_exchange_filter *w, uint64_t *out) CU_MUST;
/* The next newer or older one that meets the conditions; CU_NOT_FOUND. */
cu_err cu_store_exchange_beside(cu_store *s, const cu_store_exchange_filter *w, uint64_t row, bool newer, char id[CU_ID_LEN + 2]) CU_MUST;
/* How many there are of each value, most first, at most 500. */
typedef enum {
    CU_GROUP_TENANT, CU_GROUP_USER, CU_GROUP_KEY /* and its user */, CU_GROUP_VENDOR, CU_GROUP_MODEL, CU_GROUP_DECISION, CU_GROUP_CLIENT,
    CU_GROUP_STATUS, CU_GROUP_FOUND /* types in one text, apart by spaces */, CU_GROUP_CLASS /* and act */, CU_GROUP_RULE /* and act */,
    CU_GROUP_VENDOR_DECISION
} cu_store_group;
typedef void (*cu_store_group_fn)(void *arg, const char *value, const char *second, uint64_t count, const char *last);
cu_err cu_store_exchange_groups(cu_store *s, cu_store_group by, const cu_store_exchange_filter *w, cu_store_group_fn each, void *arg) CU_MUST;

/* Whose data went where: exchanges that left, by tenant, user, vendor and class of the code, most first. kinds: a JSON
 * object, how many values of each kind were found in them (and replaced before they left, unless a rule let them pass). */
typedef struct {
    const char *tenant, *user, *vendor, *class, *kinds, *first, *last;
    uint64_t exchanges, with_findings;
} cu_store_disclosure;
typedef void (*cu_store_disclosure_fn)(void *arg, const cu_store_disclosure *d);
cu_err cu_store_disclosures(cu_store *s, const cu_store_exchange_filter *w, unsigned limit, cu_store_disclosure_fn each, void *arg) CU_MUST;

/* Sealed entries, newest first, below index `before` (0: from the newest). */
typedef struct {
    const char *log, *type, *ts, *actor, *writer;
    uint64_t index, epoch, seq;
} cu_store_entry;
typedef struct {
    const char *log;                       /* as a folder: "t/acme" */
    const char *type, *actor, *from, *to;  /* type: a name, or a beginning and * */
} cu_store_entry_filter;
typedef void (*cu_store_entry_fn)(void *arg, const cu_store_entry *x);
cu_err cu_store_entries(cu_store *s, const cu_store_entry_filter *w, uint64_t before, unsigned limit, cu_store_entry_fn each, void *arg,
                        uint64_t *total) CU_MUST;
/* What the same writer wrote just before or after, in whatever log; each is not called when it is not there. */
cu_err cu_store_chain(cu_store *s, const cu_store_entry *of, bool after, cu_store_entry_fn each, void *arg) CU_MUST;
/* Every sealed entry there is, log after log, each in its order; actor and writer are not given. */
cu_err cu_store_replay(cu_store *s, cu_store_entry_fn each, void *arg) CU_MUST;
cu_err cu_store_entry_types(cu_store *s, const char *log, cu_store_group_fn each, void *arg) CU_MUST;

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

/* Entries of a type since a moment, those of probes left out; log, index, last: the newest one. */
typedef struct {
    uint64_t count, index;
    char log[80], last[CU_TIME_LEN];
} cu_store_fact;
cu_err cu_store_fact_events(cu_store *s, const char *type, const char *from, cu_store_fact *out) CU_MUST;
/* Values of exchanges that left since then, most first, at most 500; of findings one line with how many held some. */
typedef enum { CU_FACT_OF_USER, CU_FACT_OF_VENDOR, CU_FACT_OF_MODEL, CU_FACT_OF_CLIENT, CU_FACT_OF_FINDING } cu_store_fact_of;
cu_err cu_store_fact_values(cu_store *s, cu_store_fact_of of, const char *from, cu_store_group_fn each, void *arg) CU_MUST;

/* Whether the register had to be put right by a sealed entry since it was asked last. */
bool cu_store_repaired(cu_store *s);

/* --- rebuilding --- */
typedef struct {
    uint64_t logs, entries, misfits;
    uint64_t differences;                /* tables that are not the same */
    char first[160];                     /* the first difference */
    char digest[65];                     /* of the canonical dump of what was rebuilt */
} cu_rebuilt;
/* Makes the projections anew in the file `fresh`, which must not exist, from the sealed logs in log_dir, as
 * far as the ones in `live` have got, and holds both against each other. live NULL: all there is, and
 * nothing to compare. */
cu_err cu_store_rebuild(const char *log_dir, const char *live, const char *fresh, const cu_store_rules *rules, cu_rebuilt *out, cu_fault *f) CU_MUST;

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
/* Keys of a holder ("": all of the tenant's) that are not revoked. */
uint64_t cu_store_keys_live(cu_store *s, const char *tenant, const char *holder);
/* Revokes them and forgets what they are called, also in pages that fell free. */
cu_err cu_store_keys_forget(cu_store *s, const char *tenant, const char *holder) CU_MUST;
/* The five limits of k, for k->id. */
cu_err cu_store_key_limit(cu_store *s, const cu_store_key *k) CU_MUST;
/* Array on the heap, to be freed. */
cu_err cu_store_keys(cu_store *s, cu_store_key **out, size_t *n) CU_MUST;

/* The same from the log alone: a key's holder and terms after one entry more. Entries of other keys, and of
 * other types, change nothing. */
void cu_store_key_apply(cu_store_key *k, const cu_leaf *l);
/* An entry that ends keys by whose they are: it concerns all of its tenant. */
bool cu_store_ends_keys(cu_bytes type);
/* The ids that such an entry concerns: its key and, of a rotation, the one before; 0 to 2. */
size_t cu_store_key_ids(const cu_leaf *l, char ids[2][CU_ID_LEN + 2]);

/* --- accounts of people, from the log alone --- */
#define CU_ACCOUNT_LIST 1025 /* names separated by commas, empty: all; with NUL */
typedef struct {
    char person[36];              /* pseudonym in the organisation */
    bool active;
    char role[16];
    char tenants[CU_ACCOUNT_LIST], controls[CU_ACCOUNT_LIST]; /* what she is limited to */
    char from[CU_TIME_LEN], to[CU_TIME_LEN]; /* the window of an auditor; empty: none */
    uint64_t expires;             /* Unix seconds; 0: never */
    char added[CU_TIME_LEN], joined[CU_TIME_LEN], last[CU_TIME_LEN]; /* last: signed in */
    char how[16];                 /* she joined by: password, oidc */
} cu_store_account;
typedef void (*cu_store_account_fn)(void *arg, const cu_store_account *x);
/* By when they were added. */
cu_err cu_store_accounts(cu_store *s, cu_store_account_fn each, void *arg) CU_MUST;
/* Whose account an entry concerns; false: nobody's. */
bool cu_store_account_of(const cu_leaf *l, char person[36]);
/* The account after that entry, which concerns it. */
void cu_store_account_apply(cu_store_account *x, const cu_leaf *l);

bool cu_store_noted(cu_store *s, const char *name); /* whether a text was ever remembered under it */
/* Remembers a text under a name; *changed = it was not the one remembered. */
cu_err cu_store_note(cu_store *s, const char *name, const char *text, bool *changed) CU_MUST;
/* A number that grows by one each time. */
cu_err cu_store_next(cu_store *s, const char *name, uint64_t *out) CU_MUST;

/* --- usage.c: what exchanges used, and provider exports held against it --- */
/* n: input, output, cache read, cache write tokens, as the answers count them. */
typedef cu_err (*cu_store_usage_fn)(void *arg, const char *day, const char *model, const uint64_t n[4]);
/* Answered exchanges with this vendor, by day (UTC, from and to included) and model. */
cu_err cu_store_usage_of(cu_store *s, const char *vendor, const char *from, const char *to, cu_store_usage_fn each, void *arg) CU_MUST;
typedef struct {
    const char *vendor, *day, *at, *form, *source;
    uint64_t index, ours, theirs, tokens; /* index: of its entry in the log org; tokens, permille: the tolerance */
    unsigned permille;
    bool gap;
} cu_store_usage_day;
typedef void (*cu_store_usage_day_fn)(void *arg, const cu_store_usage_day *d);
/* Days that were compared, by the newest import of each, newest first; before: index of the last one seen, 0: from the top. */
cu_err cu_store_usage_days(cu_store *s, const char *vendor, uint64_t before, unsigned limit, cu_store_usage_day_fn each, void *arg) CU_MUST;

#endif
