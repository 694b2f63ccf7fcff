/* A bundle being checked (docs/formats/export.md). One pass: what later members must be is computed from
 * signed members that came before, so nothing is believed because the bundle says it. */
#ifndef CUSTOS_VERIFY_BUNDLE_H
#define CUSTOS_VERIFY_BUNDLE_H

#include "base/arena.h"
#include "ledger/listing.h"
#include "note.h"
#include "merkle.h"
#include "stream.h"

#define BUNDLE_DOCUMENTS 1000u
#define BUNDLE_WRITERS 4096u

/* Root of a growing tree: one hash for each complete subtree. */
typedef struct {
    cu_sha256 v[64];
    unsigned n;
    uint64_t size;
} range;
void range_add(range *r, const cu_sha256 *node, unsigned level); /* a complete subtree of 2^level; size is a multiple of it */
void range_root(const range *r, cu_sha256 *out);

/* What is said elsewhere about a log: its root at a size. */
typedef struct {
    uint64_t size;
    cu_sha256 root;
} stated;

typedef struct {
    cu_bytes name;
    cu_bytes key_text;      /* verifier key, in the arena */
    note_key key;
    cu_checkpoint cp;
    stated *said;
    size_t said_n, said_cap;
    uint64_t anchored;      /* largest size that the newest anchor checkpoint proves */
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
    const char *trusted;    /* verifier keys, one a line; NULL: those of the bundle */
    stream *in;
    char name[EXPORT_NAME_MAX + 1];
    uint64_t size;
    bool begun, ended;      /* ended: no member is left */
    export_head head;
    cu_arena arena;
    known_log logs[CU_LISTING_LOGS];
    document *populations, *samples;
    size_t populations_n, samples_n;
    note_key anchor_key;
    writer_seen *writers;
    size_t writers_n;
    bool writers_full;
    export_tally tally;
    cu_buf destroyed, rows;
    uint64_t entries, in_period, hashes, views, cosigned, stamped, chained, proofs;
    cu_fault *f;
} bundle;

/* bundle.c: the member at hand. */
bool bundle_at(const bundle *b, const char *name);
bool bundle_under(const bundle *b, const char *prefix);
cu_err bundle_take(bundle *b, cu_buf *out) CU_MUST; /* reads it whole and moves on */
cu_err bundle_take_named(bundle *b, const char *name, cu_buf *out) CU_MUST;
cu_err bundle_pass(bundle *b, cu_sha256 *digest) CU_MUST;
cu_err bundle_wrong(bundle *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The key for a log of this name: of the trusted ones, or of the member `text`. */
cu_err bundle_key(bundle *b, const char *what, cu_bytes text, note_key *out) CU_MUST;
/* The member vkeys beside vkey (whose text is given): well formed, of this log, and with that key in it. */
cu_err bundle_take_keys(bundle *b, const char *member, cu_bytes vkey) CU_MUST;

/* documents.c */
cu_err documents_read(bundle *b) CU_MUST;
cu_err documents_entry(bundle *b, size_t log, uint64_t index, const cu_leaf *leaf, const cu_sha256 *hash) CU_MUST;
cu_err documents_settle(bundle *b) CU_MUST;
/* anchor_views.c */
cu_err anchor_read(bundle *b) CU_MUST;
/* logs.c */
cu_err logs_state(bundle *b, cu_bytes log, uint64_t size, const cu_sha256 *root) CU_MUST;
cu_err logs_read(bundle *b) CU_MUST;

/* The whole. CU_OK: all that is in the bundle holds; the report says what that was, and what could not
 * be checked. CU_IO, CU_NOMEM, CU_DENIED, CU_NOT_FOUND: no verdict. CU_UNSUPPORTED: no bundle at all.
 * Anything else: broken. Either report may be NULL. */
cu_err bundle_verify(int fd, cu_bytes memory, const char *trusted, cu_buf *text, cu_buf *json, cu_fault *f) CU_MUST;

#endif
