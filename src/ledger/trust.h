/* A policy as it was read. */
#ifndef CUSTOS_LEDGER_TRUST_H
#define CUSTOS_LEDGER_TRUST_H

#include "ledger/witness.h"
#include "note.h"

#define TRUST_MEMBERS 64u

typedef struct {
    cu_bytes name, url;
    note_key key;
} trust_witness;

typedef struct {
    cu_bytes name;
    unsigned k;
    unsigned members[TRUST_MEMBERS]; /* below CU_TRUST_WITNESSES: a witness; else a group */
    size_t n;
} trust_group;

struct cu_trust {
    char *text; /* what all views lie in; names and URLs end with NUL */
    note_keys logs;
    trust_witness witnesses[CU_TRUST_WITNESSES];
    size_t witnesses_n;
    trust_group groups[CU_TRUST_GROUPS];
    size_t groups_n;
    bool has_quorum;
    unsigned quorum; /* as a member; TRUST_NONE: none is needed */
};

#define TRUST_NONE (CU_TRUST_WITNESSES + CU_TRUST_GROUPS)

/* Appends the cosignature line of text. */
cu_err cosign(cu_bytes text, cu_bytes name, const uint8_t seed[32], uint64_t time, cu_buf *out) CU_MUST;

#endif
