/* Merkle tree hashing and proofs (RFC 6962, RFC 9162 section 2.1) over any source of node hashes. */
#ifndef CUSTOS_LEDGER_MERKLE_H
#define CUSTOS_LEDGER_MERKLE_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

#define MERKLE_PROOF_MAX 128u

/* Hash of the complete subtree `index` at `level` (level 0: leaves). */
typedef cu_err (*merkle_node_fn)(void *arg, unsigned level, uint64_t index, cu_sha256 *out);
typedef struct {
    cu_sha256 v[MERKLE_PROOF_MAX];
    size_t n;
} merkle_proof;

void merkle_leaf(cu_bytes leaf, cu_sha256 *out);
void merkle_pair(const cu_sha256 *left, const cu_sha256 *right, cu_sha256 *out);
cu_err merkle_root(merkle_node_fn node, void *arg, uint64_t size, cu_sha256 *out) CU_MUST;
cu_err merkle_inclusion(merkle_node_fn node, void *arg, uint64_t index, uint64_t size, merkle_proof *out) CU_MUST;
cu_err merkle_consistency(merkle_node_fn node, void *arg, uint64_t old_size, uint64_t size,
                          merkle_proof *out) CU_MUST;
bool merkle_inclusion_holds(const merkle_proof *p, const cu_sha256 *leaf, uint64_t index, uint64_t size,
                            const cu_sha256 *root);
/* False for old_size 0: an empty tree proves nothing. */
bool merkle_consistency_holds(const cu_sha256 *proof, size_t n, uint64_t old_size, const cu_sha256 *old_root,
                              uint64_t size, const cu_sha256 *root);

#endif
