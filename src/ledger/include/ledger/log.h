/* The Merkle log on plain files: RFC 6962 hashing, C2SP tlog-tiles, tlog-checkpoint, signed-note
 * (Ed25519), tlog-proof. One directory per log:
 *   LOG_DIR/org/, LOG_DIR/t/<tenant>/, LOG_DIR/anchor/   each: checkpoint, vkey, tile/…
 * Layout, leaf and publishing order: docs/formats/log.md. */
#ifndef CUSTOS_LEDGER_LOG_H
#define CUSTOS_LEDGER_LOG_H

#include "ledger/leaf.h"
#include "ledger/spool.h"

#define CU_LOG_ORIGIN_MAX 200u
#define CU_NOTE_MAX 8192u

typedef struct {
    char origin[CU_LOG_ORIGIN_MAX];
    uint64_t size;        /* entries */
    cu_sha256 root;
} cu_checkpoint;

/* --- reading: what a verifier, the API and the auditor need --- */
typedef struct cu_log cu_log;
cu_err cu_log_open(const char *dir, cu_log **out, cu_fault *f) CU_MUST;
void cu_log_close(cu_log *l);
/* Reads the published checkpoint and checks its signatures against the directory's keys (vkeys, vkey). */
cu_err cu_log_checkpoint(cu_log *l, cu_checkpoint *out, cu_buf *note, cu_fault *f) CU_MUST;
/* The root that the tree had when it was of this size, at most that of the checkpoint read last. */
cu_err cu_log_root(cu_log *l, uint64_t size, cu_sha256 *out) CU_MUST;
/* One leaf, appended to out. */
cu_err cu_log_entry(cu_log *l, uint64_t index, cu_buf *out, cu_fault *f) CU_MUST;
/* Entries from .. to - 1 of the checkpoint read last, in order, each held against its hash in the tiles
 * before it is handed over; memory is bounded. What `each` returns ends the walk unless it is CU_OK. */
typedef cu_err (*cu_log_each_fn)(void *arg, uint64_t index, cu_bytes leaf, const cu_sha256 *hash);
cu_err cu_log_each(cu_log *l, uint64_t from, uint64_t to, cu_log_each_fn each, void *arg, cu_fault *f) CU_MUST;
/* The same without hashing, for readers of what the system itself sealed: entries from..to (to excluded, and
 * at most the published size) in order. Every bundle is read once. */
typedef cu_err (*cu_log_walk_fn)(void *arg, uint64_t index, cu_bytes leaf);
cu_err cu_log_walk(cu_log *l, uint64_t from, uint64_t to, cu_log_walk_fn each, void *arg, cu_fault *f) CU_MUST;
/* A C2SP tlog-proof of entry `index` in the published checkpoint: text, appended to out. */
cu_err cu_log_proof(cu_log *l, uint64_t index, cu_buf *out, cu_fault *f) CU_MUST;
/* The same in a checkpoint that was read before; note: its text with signatures. */
cu_err cu_log_proof_in(cu_log *l, uint64_t index, const cu_checkpoint *cp, cu_bytes note, cu_buf *out, cu_fault *f) CU_MUST;
/* Checks a tlog-proof against a leaf and verifier keys, one a line: "VKEY", or "VKEY FROM TO" with the
 * sizes that it is good for; offline. */
cu_err cu_log_proof_verify(cu_bytes proof, cu_bytes leaf, cu_bytes vkeys, cu_fault *f) CU_MUST;

/* --- verifying a directory --- */
typedef struct {
    uint64_t logs, entries, checkpoints;
    bool broken;          /* exit 1; f says what and where */
} cu_verify_report;
/* dir: one log, or a directory of logs (then anchor leaves are held against each checkpoint).
 * trusted_vkey: verifier keys, one a line (VKEY, or VKEY FROM TO), of which each log must find its
 * own; NULL takes those beside each log (and the report says so).
 * CU_OK with report->broken false: intact. CU_OK with broken true: tampered. Else: unreadable. */
cu_err cu_verify_dir(const char *dir, const char *trusted_vkey, cu_buf *text_report,
                     cu_buf *json_report, cu_verify_report *out, cu_fault *f) CU_MUST;

#define CU_VERIFY_SLACK 300u /* seconds that clocks may differ */
/* As cu_verify_dir, of a directory of logs, and what outsiders attest of the anchor log. policy: text of a witness
 * policy, NULL: no witnesses; at least one cosigned checkpoint must have its quorum. ca_file: PEM of who signs the
 * time stamp authority's certificate, NULL: no time stamps; there must be one. Each attested checkpoint is one that
 * the log had, and each entry's own time lies between the attested ones around it. */
cu_err cu_verify_attested(const char *dir, const char *trusted_vkey, const char *policy, const char *ca_file, cu_buf *text_report,
                          cu_buf *json_report, cu_verify_report *out, cu_fault *f) CU_MUST;
/* Between which attested times entry `index` of the log ("org", "t/acme", "anchor") came into it: seconds since
 * 1970; *before 0 and *after UINT64_MAX when nothing attests it. policy, ca_file: as above. */
cu_err cu_log_time(const char *dir, const char *log, uint64_t index, const char *policy, const char *ca_file, uint64_t *before,
                   uint64_t *after, cu_fault *f) CU_MUST;

/* --- sequencing: spool -> logs; run by the daemon, one at a time (a lock file) --- */
typedef struct cu_sequencer cu_sequencer;
/* Called for every entry once it is in a published checkpoint, in log order. Return value other
 * than CU_OK stops delivery; it is repeated at the next start (at-least-once). */
typedef cu_err (*cu_sequenced_fn)(void *arg, cu_bytes log_name, uint64_t index, cu_bytes leaf);
/* signer_fd: connected stream socket to the signer process (ledger/signer.h). from: per log, the
 * sizes already delivered are kept by the caller and asked through `delivered`. */
typedef struct {
    const char *spool_dir, *log_dir;
    const char *origin_base;   /* "custos.local/3f9a…": origins are base/org, base/t/acme, … */
    int signer_fd;
    /* The signer had forgotten, or was set back, and was shown what it had signed (may be NULL). */
    void (*on_recalled)(void *arg, const char *log, uint64_t had, uint64_t now);
    void (*on_publish)(void *arg); /* readers of the logs see the round's entries from here on, before on_entry has them (may be NULL) */
    cu_sequenced_fn on_entry;
    uint64_t (*delivered)(void *arg, cu_bytes log_name); /* entries already delivered */
    void *arg;
} cu_sequencer_with;
cu_err cu_sequencer_open(const cu_sequencer_with *with, cu_sequencer **out, cu_fault *f) CU_MUST;
/* One round: collect, stage, sign, swap the head, tiles, publish, release spool. *took = entries
 * that were sequenced. CU_CORRUPT: halt and alarm, a person must look. */
cu_err cu_sequencer_round(cu_sequencer *s, uint64_t *took, cu_fault *f) CU_MUST;
/* The last round took as much as one may: more is likely to wait, and the next should begin at once. */
bool cu_sequencer_behind(const cu_sequencer *s);
void cu_sequencer_close(cu_sequencer *s);

#endif
