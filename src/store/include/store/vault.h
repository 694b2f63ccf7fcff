/* What is secret and may have to go: who hides behind a pseudonym. SQLite in a file of its own,
 * with secure_delete: what is deleted is overwritten. Keys and names in it are sealed; this file never
 * sees one in clear. Thread safe. docs/formats/store.md describes the table. */
#ifndef CUSTOS_STORE_VAULT_H
#define CUSTOS_STORE_VAULT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

#define CU_PSEUDONYM_LEN 35 /* "p_", 32 hex digits, NUL */
#define CU_PERSON_SEALED_MAX 512u

typedef struct cu_vault cu_vault;
cu_err cu_vault_open(const char *path, cu_vault **out, cu_fault *f) CU_MUST;
void cu_vault_close(cu_vault *v);

/* --- persons --- */
typedef struct {
    char pseudonym[CU_PSEUDONYM_LEN], tenant[64];
    uint8_t sealed[CU_PERSON_SEALED_MAX]; /* the person's key and name, under the tenant's */
    size_t sealed_n;
} cu_vault_person;
cu_err cu_vault_person_add(cu_vault *v, const cu_vault_person *p, const cu_sha256 *lookup) CU_MUST;
/* By the keyed hash of the name, or by pseudonym; CU_NOT_FOUND. */
cu_err cu_vault_person_find(cu_vault *v, const char *tenant, const cu_sha256 *lookup, cu_vault_person *out) CU_MUST;
cu_err cu_vault_person_get(cu_vault *v, const char *pseudonym, cu_vault_person *out) CU_MUST;

/* --- what a person signs in with, sealed by the daemon --- */
#define CU_CREDENTIAL_SEALED_MAX 8192u
cu_err cu_vault_credential_put(cu_vault *v, const char *person, cu_bytes sealed) CU_MUST;
/* Into out; CU_NOT_FOUND. */
cu_err cu_vault_credential_get(cu_vault *v, const char *person, cu_buf *out) CU_MUST;

/* How many persons there are of a tenant, or whether there is this one (person NULL: all of the tenant's). */
cu_err cu_vault_count(cu_vault *v, const char *tenant, const char *person, uint64_t *persons) CU_MUST;
/* Overwrites and deletes their keys, names and credentials; person NULL: all of the tenant's. */
cu_err cu_vault_destroy(cu_vault *v, const char *tenant, const char *person) CU_MUST;

#endif
