/* The checkpoint signer: holds the Ed25519 key and its own memory of what it signed; refuses
 * anything smaller or inconsistent. Runs as its own process (and uid when root), with no network
 * and no database. Protocol on a stream socket: docs/formats/signer.md. */
#ifndef CUSTOS_LEDGER_SIGNER_H
#define CUSTOS_LEDGER_SIGNER_H

#include "ledger/log.h"

/* Serves one connected client at a time on listen_fd until it is closed or *stop becomes true.
 * state_dirfd holds the key (0600) and the last signed checkpoint of each log; both are created
 * at first use. */
cu_err cu_signer_run(int listen_fd, int state_dirfd, volatile int *stop, cu_fault *f) CU_MUST;

/* Client side. */
/* Verifier key line (signed-note vkey) for an origin; created on first use. */
cu_err cu_signer_vkey(int fd, const char *origin, cu_buf *out, cu_fault *f) CU_MUST;
/* Signs cp; proof: consistency hashes from the last size the signer knows (its answer to a first
 * try with none tells it: CU_STATE and *known_size). note receives the signed note. */
cu_err cu_signer_sign(int fd, const cu_checkpoint *cp, const cu_sha256 *proof, size_t proof_n,
                      uint64_t *known_size, cu_buf *note, cu_fault *f) CU_MUST;

#endif
