/* Witnesses: who must have cosigned a checkpoint (C2SP tlog-policy), what they signed
 * (tlog-cosignature, cosignature/v1), and both ends of tlog-witness. docs/formats/witness.md. */
#ifndef CUSTOS_LEDGER_WITNESS_H
#define CUSTOS_LEDGER_WITNESS_H

#include "ledger/log.h"

#define CU_TRUST_MAX ((size_t)65536) /* bytes of a policy */
#define CU_TRUST_WITNESSES 32u
#define CU_TRUST_GROUPS 32u
#define CU_TRUST_LOGS 32u
#define CU_WITNESS_REQUEST_MAX 16384u /* bytes of an add-checkpoint */

typedef struct cu_trust cu_trust;

/* Strict; a fault names line and remedy. quorum: a quorum line must be there (a witness's own list of
 * logs needs none). */
cu_err cu_trust_parse(cu_bytes text, bool quorum, cu_trust **out, cu_fault *f) CU_MUST;
void cu_trust_free(cu_trust *t); /* NULL is fine */
size_t cu_trust_witnesses(const cu_trust *t);
const char *cu_trust_name(const cu_trust *t, size_t witness);
const char *cu_trust_url(const cu_trust *t, size_t witness); /* "" when the policy gives none */
/* Whether these witnesses are enough. */
bool cu_trust_holds(const cu_trust *t, const bool cosigned[CU_TRUST_WITNESSES]);
/* "2 of w1, w2, w3" */
void cu_trust_describe(const cu_trust *t, cu_buf *out);
/* Looks for this witness's cosignature on a note. CU_OK and its time (seconds since 1970);
 * CU_NOT_FOUND; CU_SIGNATURE: there is one and it is false. line (may be NULL) gets the line. */
cu_err cu_trust_cosigned(const cu_trust *t, size_t witness, cu_bytes note, uint64_t *time, cu_buf *line) CU_MUST;
/* Whether those who cosigned this note are enough. oldest: of their times (seconds since 1970), 0 when nobody
 * did. CU_SIGNATURE: a cosignature by one of the witnesses is false. */
cu_err cu_trust_quorum(const cu_trust *t, cu_bytes note, bool *enough, uint64_t *oldest) CU_MUST;

/* --- asking --- */
/* Appends the body of an add-checkpoint for a checkpoint that was read from this log, as its note.
 * CU_STATE: old_size is larger than that. */
cu_err cu_witness_request(cu_log *l, uint64_t old_size, const cu_checkpoint *cp, cu_bytes note, cu_buf *out, cu_fault *f) CU_MUST;

/* --- answering --- */
typedef struct cu_witness cu_witness;
/* key: "PRIVATE+KEY+NAME+HEXID+BASE64". logs: a policy with log lines. State: what was cosigned last of each
 * log, in state_dirfd; locked while open. */
cu_err cu_witness_open(int state_dirfd, cu_bytes key, const cu_trust *logs, cu_witness **out, cu_fault *f) CU_MUST;
void cu_witness_close(cu_witness *w); /* NULL is fine */
/* A fresh key for that name. */
cu_err cu_witness_key_new(const char *name, cu_buf *out) CU_MUST;
/* The verifier key, for others' policies. */
void cu_witness_vkey(const cu_witness *w, cu_buf *out);
/* One add-checkpoint: the status of the answer; out gets its body. What is cosigned is on disk before
 * this returns. One call at a time. now: seconds since 1970. */
unsigned cu_witness_add(cu_witness *w, cu_bytes request, uint64_t now, cu_buf *out);
/* The checkpoint that was cosigned last, with signatures and cosignature; origin by its SHA-256 in hex. */
unsigned cu_witness_last(const cu_witness *w, cu_bytes origin_hex, cu_buf *out);

#endif
