/* What outsiders attest about the anchor log, as it lies on disk. */
#ifndef CUSTOS_LEDGER_ATTEST_H
#define CUSTOS_LEDGER_ATTEST_H

#include "tiles.h"

/* One attested checkpoint. */
typedef struct {
    uint64_t size;
    uint64_t time;  /* seconds since 1970: of a token, or the oldest of the cosignatures that make the quorum */
    bool token;     /* else cosigned */
} attested;

typedef struct {
    attested *v;    /* by size */
    size_t n, cap;
    size_t tokens, cosigned, short_of; /* short_of: cosigned by too few */
} attestations;

/* Every file of anchor/cosigned and anchor/timestamps: signed by the log's keys, of the tree that the tiles
 * give at this size, and holding what is claimed. l: the anchor log, checked, with l->size its size.
 * policy, ca_file: what is to be checked; NULL passes over it. CU_CORRUPT, and the fault says which file. */
cu_err attest_load(cu_log *l, const char *anchor_dir, const char *policy, const char *ca_file, attestations *out, cu_fault *f) CU_MUST;
void attest_free(attestations *a);

#endif
