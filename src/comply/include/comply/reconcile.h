/* Is everything there? What writers counted themselves (writer.heartbeat) against the entries of their
 * chains, each at the place of the heartbeat in the chain, so that nothing is compared that is still on its
 * way; and the chains against themselves. A pure function of the sealed logs. */
#ifndef CUSTOS_COMPLY_RECONCILE_H
#define CUSTOS_COMPLY_RECONCILE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

#define CU_MISSING_MAX 50u       /* what one report names */
#define CU_SILENT_S 180u         /* a writer that was not heard of for so long, and did not say that it ends */

typedef struct {
    char writer[40];
    const char *kind;            /* sequence, requests, answers, refusals, forwarded, silent */
    uint64_t epoch, n;
} cu_missing;

typedef struct {
    uint64_t entries, writers, heartbeats, requests, answers, refusals;
    uint64_t cut_short;          /* ends and refusals that were counted and died with their process; nothing of them left unrecorded */
    cu_missing missing[CU_MISSING_MAX];
    size_t missing_n, more;      /* more: gaps that have no place in the list */
} cu_reconciled;

/* How far to read which log: one moment between two rounds of the sequencer, so that of each writer a
 * beginning of its chain is there and nothing behind a hole. */
typedef struct {
    char log[80];
    uint64_t size;
} cu_reach;
/* now_ns: for silence only. */
cu_err cu_reconcile(const char *log_dir, const cu_reach *reach, size_t n, uint64_t now_ns, cu_reconciled *out, cu_fault *f) CU_MUST;
/* The same of leaves that the caller has, in any order. */
typedef struct cu_reconciler cu_reconciler;
cu_reconciler *cu_reconciler_new(void);
cu_err cu_reconciler_take(cu_reconciler *c, cu_bytes leaf) CU_MUST;
void cu_reconciler_end(cu_reconciler *c, uint64_t now_ns, cu_reconciled *out); /* frees c */
/* "missing":[…] as in the body of evidence.gap. */
void cu_reconciled_missing(const cu_reconciled *r, cu_buf *out);

#endif
