/* Writers' chains: each leaf names its place in what its writer wrote, and the hash of the one
 * before. What was dropped between spool and log shows as a gap. */
#ifndef CUSTOS_LEDGER_CHAIN_H
#define CUSTOS_LEDGER_CHAIN_H

#include "ledger/log.h"

/* Leaves of one writer that follow each other in one log: what is in between was checked when they came. */
typedef struct {
    cu_sha256 writer, prev, own; /* hash of the writer's name; prev of the first leaf, hash of the last */
    uint64_t epoch, seq, last;   /* of the first and of the last leaf */
    uint64_t at;                 /* where the first stands */
    char log[24];                /* beginning of the log's name, for the message */
} chain_link;

typedef struct {
    chain_link *v;
    size_t n, cap;
    uint8_t name[40];    /* of the writer seen last, with its hash */
    size_t name_n;
    cu_sha256 name_hash;
} chain;

cu_err chain_add(chain *c, const cu_leaf *leaf, cu_bytes bytes, const char *log, uint64_t at) CU_MUST;
/* all_logs: a gap is a finding; with one log alone, other logs may hold what is missing. */
cu_err chain_check(chain *c, bool all_logs, bool *broken, cu_fault *f) CU_MUST;
void chain_free(chain *c);

#endif
