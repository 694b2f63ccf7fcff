/* A bundle being checked (docs/formats/export.md). One pass: what later members must be is computed from
 * signed members that came before, so nothing is believed because the bundle says it. */
#ifndef CUSTOS_VERIFY_BUNDLE_H
#define CUSTOS_VERIFY_BUNDLE_H

#include "base/arena.h"
#include "ledger/listing.h"
#include "ledger/witness.h"
#include "note.h"
#include "merkle.h"
#include "stream.h"

#define BUNDLE_DOCUMENTS 1000u
#define BUNDLE_WRITERS 4096u

/* Whom the reader trusts, from another source than the bundle; NULL: nobody yet, what the bundle holds is
 * used and the report says so. */
typedef struct {
    const char *vkeys;      /* verifier keys, one a line (VKEY, or VKEY FROM TO): each log must find its own */
    const char *policy;     /* C2SP tlog-policy: who must have cosigned; its log lines, if any, are keys as well */
    cu_bytes tsa_ca;        /* PEM: who signs the certificates of time stamp authorities; may be empty */
} bundle_trust;

/* Root of a growing tree: one hash for each complete subtree. */
typedef struct {
    cu_sha256 v[64];
    unsigned n;
    uint64_t size;
} range;
void range_add(range *r, const cu_sha256 *node, unsigned level); /* a complete subtree of 2^level; size is a multiple of it */
void range_root(const range *r, cu_sha256 *out);

/* A moment at which a witness or an authority vouches for the anchor log: so much of a log was in it. */
typedef struct {
    uint64_t size, time;    /* time: seconds since 1970 */
    uint64_t latest;        /* of the times up to this one: what came later cannot be older */
    uint64_t earliest;      /* of the times from this one on: what was there cannot be newer */
} moment;

/* What is said elsewhere about a log: its root at a size. */
typedef struct {
    uint64_t size;
    cu_sha256 root;
} stated;

typedef struct {
    cu_bytes name;
    note_keys keys;         /* that it may be signed by */
    cu_bytes key_text;      /* the same as lines, in the arena */
    bool own_key;           /* taken from the bundle */
    cu_checkpoint cp;
    stated *said;
    size_t said_n, said_cap;
    uint64_t anchored;      /* largest size that the newest anchor checkpoint proves */
    moment *moments;        /* ascending */
    size_t moments_n, moments_cap;
    uint64_t first, shown;  /* entries that the bundle holds: from first, this many */
} known_log;

typedef struct {
    uint64_t row, index;
    size_t log;
    cu_sha256 hash;         /* of the entry that stands in this row */
} sampled;

typedef struct {
    char id[CU_ID_LEN];
    cu_bytes leaf, proof;   /* in the arena */
    cu_population *p;       /* a population: its document, and the listing asked for again */
    cu_population again;
    cu_hasher *digest;
    uint64_t bytes;
    cu_sample *s;           /* a sample */
    size_t of;              /* of populations */
    sampled *rows;          /* ascending by row */
    size_t seen;            /* rows whose entry was met */
} document;

typedef struct {
    cu_bytes writer;
    uint64_t epoch, seq;
    cu_sha256 own;          /* hash of its last leaf */
} writer_seen;

typedef struct {
    bundle_trust with;
    cu_trust *witnesses;    /* of the policy given, else of the bundle's; NULL: there is none */
    cu_bytes tsa_ca;        /* as given, else the bundle's; empty: there is none */
    stream *in;
    char name[EXPORT_NAME_MAX + 1];
    uint64_t size;
    bool begun, ended;      /* ended: no member is left */
    export_head head;
    cu_arena arena;
    known_log logs[CU_LISTING_LOGS];
    document *populations, *samples;
    size_t populations_n, samples_n;
    note_keys anchor_keys;
    cu_bytes anchor_key_text;
    bool anchor_own_key;
    writer_seen *writers;
    size_t writers_n;
    bool writers_full;
    export_tally tally;
    cu_buf destroyed, rows;
    uint64_t entries, in_period, hashes, views, chained, proofs;
    uint64_t cosigned, quorum, short_of; /* checkpoints with cosignatures; with enough of them; with too few */
    uint64_t stamped, tokens;            /* checkpoints with a time stamp; of which the stamp holds */
    uint64_t newest;                     /* of the attested times */
    cu_fault *f;
} bundle;

/* bundle.c: the member at hand. */
bool bundle_at(const bundle *b, const char *name);
bool bundle_under(const bundle *b, const char *prefix);
cu_err bundle_take(bundle *b, cu_buf *out) CU_MUST; /* reads it whole and moves on */
cu_err bundle_take_named(bundle *b, const char *name, cu_buf *out) CU_MUST;
cu_err bundle_pass(bundle *b, cu_sha256 *digest) CU_MUST;
cu_err bundle_wrong(bundle *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The members DIR/vkey and DIR/vkeys: well formed, of one log, the first among the second. out: the keys that
 * this log may be signed by, of the trusted ones, else (own) of the bundle; text: the same, in the arena. */
cu_err bundle_take_keys(bundle *b, const char *dir, note_keys *out, cu_bytes *text, bool *own) CU_MUST;

/* documents.c */
cu_err documents_read(bundle *b) CU_MUST;
cu_err documents_entry(bundle *b, size_t log, uint64_t index, const cu_leaf *leaf, const cu_sha256 *hash) CU_MUST;
cu_err documents_settle(bundle *b) CU_MUST;
/* attested.c: what outsiders say about the checkpoints of the anchor log */
cu_err attested_begin(bundle *b) CU_MUST;  /* before reading. CU_CONFIG: what was given is malformed */
cu_err attested_members(bundle *b) CU_MUST;
/* A cosigned note, a time stamp over stamped: *time is when, 0 when nobody that is known says so. */
cu_err attested_cosigned(bundle *b, const char *name, cu_bytes note, uint64_t *time) CU_MUST;
cu_err attested_token(bundle *b, const char *name, cu_bytes token, cu_bytes stamped, uint64_t *time) CU_MUST;
cu_err attested_at(bundle *b, uint64_t time) CU_MUST; /* all logs as far as the anchor log had them then */
void attested_order(known_log *l);
cu_err attested_settle(bundle *b) CU_MUST;
void attested_report(const bundle *b, bool checked, cu_buf *t);
void attested_json(const bundle *b, cu_buf *j);
void attested_end(bundle *b);
/* anchor_views.c */
cu_err anchor_read(bundle *b) CU_MUST;
/* logs.c */
cu_err logs_state(bundle *b, cu_bytes log, uint64_t size, const cu_sha256 *root) CU_MUST;
cu_err logs_read(bundle *b) CU_MUST;

/* The whole. CU_OK: all that is in the bundle holds; the report says what that was, and what could not
 * be checked. CU_IO, CU_NOMEM, CU_DENIED, CU_NOT_FOUND: no verdict. CU_UNSUPPORTED: no bundle at all.
 * CU_CONFIG: what is to be trusted is malformed.
 * Anything else: broken. Either report may be NULL. */
cu_err bundle_verify(int fd, cu_bytes memory, const bundle_trust *with, cu_buf *text, cu_buf *json, cu_fault *f) CU_MUST;

#endif
