/* The data keys that bodies are sealed to: one a tenant, class of data and day. SQLite in a file of its own,
 * with secure_delete, which no backup takes: neither does one take what they open. The secret halves are
 * sealed under the tenant's key. Thread safe. docs/formats/bodies.md describes the table. */
#ifndef CUSTOS_STORE_BODY_KEYS_H
#define CUSTOS_STORE_BODY_KEYS_H

#include "base/agree.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/seal.h"
#include "ledger/body.h"

#define CU_BODY_KEY_HEX (2 * CU_BODY_KEY + 1)

typedef struct {
    char id[CU_BODY_KEY_HEX], tenant[64];
    uint8_t class;             /* cu_data_class */
    bool destroyed;            /* sealed is gone; the entry about it is perhaps not written yet */
    uint32_t day, keep_days;   /* since 1970-01-01, UTC; days behind it */
    uint8_t pk[CU_X25519_KEY], sealed[CU_X25519_KEY + CU_SEAL_EXTRA];
} cu_body_key;

typedef struct cu_body_keys cu_body_keys;
cu_err cu_body_keys_open(const char *path, cu_body_keys **out, cu_fault *f) CU_MUST;
void cu_body_keys_close(cu_body_keys *k);
cu_err cu_body_keys_add(cu_body_keys *k, const cu_body_key *key) CU_MUST;
/* CU_NOT_FOUND. */
cu_err cu_body_keys_find(cu_body_keys *k, const char *tenant, unsigned class, uint32_t day, cu_body_key *out) CU_MUST;
cu_err cu_body_keys_get(cu_body_keys *k, const char *id, cu_body_key *out) CU_MUST;
/* Those of a tenant (NULL: of all), oldest first; the array is on the heap. */
cu_err cu_body_keys_list(cu_body_keys *k, const char *tenant, cu_body_key **out, size_t *n) CU_MUST;
/* Overwrites the secret half, in every page and in the write-ahead log; the row stays and says so. */
cu_err cu_body_keys_destroy(cu_body_keys *k, const char *id) CU_MUST;
/* Removes the row of a destroyed one. */
cu_err cu_body_keys_drop(cu_body_keys *k, const char *id) CU_MUST;

#endif
