#include "store/vault.h"
#include <stdlib.h>
#include "apart.h"

struct cu_vault {
    cu_apart db;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS person(pseudonym TEXT PRIMARY KEY, tenant TEXT NOT NULL, lookup BLOB NOT NULL, sealed BLOB NOT NULL,"
    " UNIQUE(tenant, lookup)) STRICT;"
    "CREATE TABLE IF NOT EXISTS credential(person TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;";

cu_err cu_vault_open(const char *path, cu_vault **out, cu_fault *f)
{
    cu_vault *v = calloc(1, sizeof *v);
    if (!v)
        return CU_NOMEM;
    cu_err e = cu_apart_open(&v->db, path, schema, f);
    if (e != CU_OK)
        free(v);
    else
        *out = v;
    return e;
}

void cu_vault_close(cu_vault *v)
{
    if (!v)
        return;
    cu_apart_close(&v->db);
    free(v);
}

/* --- persons --- */

cu_err cu_vault_person_add(cu_vault *v, const cu_vault_person *p, const cu_sha256 *lookup)
{
    cu_bytes pseudonym = cu_str(p->pseudonym), tenant = cu_str(p->tenant), hash = cu_bytes_of(lookup, sizeof *lookup);
    cu_bytes sealed = cu_bytes_of(p->sealed, p->sealed_n);
    return cu_apart_run(&v->db, "INSERT INTO person(pseudonym,tenant,lookup,sealed) VALUES(?,?,?,?)", "ttbb",
                     (const void *[]){&pseudonym, &tenant, &hash, &sealed});
}

static bool take_person(sqlite3_stmt *st, void *to)
{
    cu_vault_person *p = to;
    int n = sqlite3_column_bytes(st, 2);
    p->sealed_n = (size_t)n;
    return n > 0 && (size_t)n <= sizeof p->sealed && cu_column_blob(st, 2, p->sealed, p->sealed_n) &&
           cu_column_text(st, 0, p->pseudonym, sizeof p->pseudonym) && cu_column_text(st, 1, p->tenant, sizeof p->tenant);
}

cu_err cu_vault_person_find(cu_vault *v, const char *tenant, const cu_sha256 *lookup, cu_vault_person *out)
{
    cu_bytes t = cu_str(tenant), hash = cu_bytes_of(lookup, sizeof *lookup);
    return cu_apart_one(&v->db, "SELECT pseudonym,tenant,sealed FROM person WHERE tenant=? AND lookup=?", "tb", (const void *[]){&t, &hash}, take_person, out);
}

cu_err cu_vault_person_get(cu_vault *v, const char *pseudonym, cu_vault_person *out)
{
    cu_bytes p = cu_str(pseudonym);
    return cu_apart_one(&v->db, "SELECT pseudonym,tenant,sealed FROM person WHERE pseudonym=?", "t", (const void *[]){&p}, take_person, out);
}

/* --- credentials --- */

cu_err cu_vault_credential_put(cu_vault *v, const char *person, cu_bytes sealed)
{
    cu_bytes p = cu_str(person);
    if (sealed.n > CU_CREDENTIAL_SEALED_MAX)
        return CU_TOO_BIG;
    return cu_apart_run(&v->db, "INSERT INTO credential(person,sealed) VALUES(?,?) ON CONFLICT(person) DO UPDATE SET sealed=excluded.sealed", "tb",
               (const void *[]){&p, &sealed});
}

static bool take_sealed(sqlite3_stmt *st, void *to)
{
    cu_buf_put(to, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
    return cu_buf_err(to) == CU_OK;
}

cu_err cu_vault_credential_get(cu_vault *v, const char *person, cu_buf *out)
{
    cu_bytes p = cu_str(person);
    return cu_apart_one(&v->db, "SELECT sealed FROM credential WHERE person=?", "t", (const void *[]){&p}, take_sealed, out);
}

/* --- erasure --- */

static bool take_number(sqlite3_stmt *st, void *to)
{
    *(uint64_t *)to = (uint64_t)sqlite3_column_int64(st, 0);
    return true;
}

#define OF " WHERE tenant=?1 AND (?2='' OR pseudonym=?2)"

cu_err cu_vault_count(cu_vault *v, const char *tenant, const char *person, uint64_t *persons)
{
    cu_bytes t = cu_str(tenant), p = cu_str(person ? person : "");
    return cu_apart_one(&v->db, "SELECT count(*) FROM person" OF, "tt", (const void *[]){&t, &p}, take_number, persons);
}

/* Overwritten before it is deleted: the page that held it then does not hold it, whatever becomes of it. */
cu_err cu_vault_destroy(cu_vault *v, const char *tenant, const char *person)
{
    cu_bytes t = cu_str(tenant), p = cu_str(person ? person : "");
    const void *const args[] = {&t, &p};
    CU_TRY(cu_apart_run(&v->db, "UPDATE credential SET sealed=zeroblob(length(sealed)) WHERE person IN (SELECT pseudonym FROM person" OF ")", "tt", args));
    CU_TRY(cu_apart_run(&v->db, "DELETE FROM credential WHERE person IN (SELECT pseudonym FROM person" OF ")", "tt", args));
    CU_TRY(cu_apart_run(&v->db, "UPDATE person SET sealed=zeroblob(length(sealed)),lookup=randomblob(32)" OF, "tt", args));
    CU_TRY(cu_apart_run(&v->db, "DELETE FROM person" OF, "tt", args));
    return cu_apart_scrub(&v->db);
}
