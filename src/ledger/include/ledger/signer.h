/* The checkpoint signer: holds the Ed25519 keys and its own memory of what it signed; refuses
 * anything smaller or inconsistent. Runs as its own process (and uid when root), with no network
 * and no database. Protocol on a stream socket: docs/formats/signer.md. */
#ifndef CUSTOS_LEDGER_SIGNER_H
#define CUSTOS_LEDGER_SIGNER_H

#include "ledger/log.h"

#define CU_SIGNER_OVERLAP_MAX (30u * 86400) /* seconds that an old key may sign beside the new one */

/* Serves up to four connected clients on listen_fd, one request after the other, until *stop becomes
 * true. A client has read its answer before it asks again.
 * state_dirfd holds the keys (0600) and the last signed checkpoint of each log; both are created
 * at first use. CU_DENIED when others than the owner could read the keys. */
cu_err cu_signer_run(int listen_fd, int state_dirfd, volatile int *stop, cu_fault *f) CU_MUST;

/* Client side. */
/* Verifier keys (signed-note vkey) for an origin, one a line, oldest first: those that sign now, and
 * with `all` those that once did. */
cu_err cu_signer_keys(int fd, const char *origin, bool all, cu_buf *out, cu_fault *f) CU_MUST;
/* Signs cp; proof: consistency hashes from the last size the signer knows (its answer to a first
 * try with none tells it: CU_STATE and *known_size). note receives the signed note. */
cu_err cu_signer_sign(int fd, const cu_checkpoint *cp, const cu_sha256 *proof, size_t proof_n,
                      uint64_t *known_size, cu_buf *note, cu_fault *f) CU_MUST;
/* Shows the signer a checkpoint that it signed. *had: the size it remembered, when that was smaller;
 * it then knows this one from now on. *had is the note's size or more otherwise. CU_CORRUPT: it
 * remembers another tree of this size, so both were signed: a fork. */
cu_err cu_signer_saw(int fd, cu_bytes note, uint64_t *had, cu_fault *f) CU_MUST;
/* A new key signs from now on, and the old one beside it for so many seconds. old_pk, new_pk: hex.
 * CU_STATE: a rotation is under way. */
cu_err cu_signer_rotate(int fd, uint64_t overlap_s, char old_pk[65], char new_pk[65], cu_fault *f) CU_MUST;

#endif
