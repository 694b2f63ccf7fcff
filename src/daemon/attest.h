/* Attestation of the anchor log from outside: witnesses and time stamps. A thread of its own; every wait
 * is bounded, and nothing that goes wrong here stops sealing or traffic, but proof that the log was set
 * back. */
#ifndef CUSTOS_DAEMON_ATTEST_H
#define CUSTOS_DAEMON_ATTEST_H

#include "app.h"
#include "ledger/witness.h"

#define ATTEST_FAILURES 3u /* in a row before it is an entry */

typedef struct {
    uint64_t size, time;     /* cosigned up to here, at this second */
    uint64_t failing_ns;     /* wall time since when it fails; 0: it does not */
    uint64_t due_ns;         /* monotonic: not to be asked before */
    unsigned failures;
    bool done;               /* with the checkpoint of this round */
    bool conflict;           /* it claims to have signed something else */
    char error[200];
} attest_witness;

struct attest {
    app *a;
    pthread_t thread;
    pthread_mutex_t lock;    /* for what follows; not held while somebody is asked */
    cu_trust *trust;         /* NULL: no witnesses */
    attest_witness w[CU_TRUST_WITNESSES];
    uint64_t quorum_size, quorum_time, quorum_entry_ns;
    cu_buf proof;            /* a checkpoint that shows what was signed, for the signer */
    uint64_t token_size, token_time, token_failing_ns, token_due_ns;
    unsigned token_failures;
    char token_error[200];
    bool asked;              /* every witness was asked once, or there is nothing to ask */
    /* of the thread alone */
    cu_buf note;             /* the checkpoint of this round */
    cu_checkpoint cp;
    uint64_t round_ns, kept_size, kept_hour;
};

/* attest_http.c: bounded time, no redirects, stops when the daemon does. CU_IO and why. */
cu_err attest_http(const app *a, const char *url, const char *type, cu_bytes body, size_t ceiling, long *status, cu_buf *out, char why[200]) CU_MUST;
/* attest_witness.c, attest_stamp.c: one step, when it is due. */
void attest_witnesses(struct attest *t);
void attest_stamp(struct attest *t);
void attest_recall_kept(struct attest *t); /* at start: what lies on disk */
void attest_record(struct attest *t, const char *type, const cu_buf *body);
void attest_anchor_path(const struct attest *t, const char *name, char out[4400]);
uint64_t attest_backoff_ns(unsigned failures, uint64_t most_s);

#endif
