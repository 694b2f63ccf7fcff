#include "store/vault.h"
#include <stdio.h>
#include <stdlib.h>
#include "sql.h"

struct cu_vault {
    sqlite3 *db;
    pthread_mutex_t lock;
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
    "CREATE TABLE IF NOT EXISTS person(pseudonym TEXT PRIMARY KEY, tenant TEXT NOT NULL, lookup BLOB NOT NULL, sealed BLOB NOT NULL,"
    " UNIQUE(tenant, lookup)) STRICT;"
    "CREATE TABLE IF NOT EXISTS credential(person TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;";

cu_err cu_vault_open(const char *path, cu_vault **out, cu_fault *f)
{
    cu_vault *v = calloc(1, sizeof *v);
    if (!v)
        return CU_NOMEM;
    pthread_mutex_init(&v->lock, NULL);
    if (sqlite3_open_v2(path, &v->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(v->db, 10000) != SQLITE_OK || sqlite3_exec(v->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        cu_err e = cu_fail(f, CU_IO, "%.200s: %s", path, v->db ? sqlite3_errmsg(v->db) : "out of memory");
        cu_vault_close(v);
        return e;
    }
    *out = v;
    return CU_OK;
}

void cu_vault_close(cu_vault *v)
{
    if (!v)
        return;
    sqlite3_close(v->db);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

static cu_err run(cu_vault *v, const char *sql, const char *kinds, const void *const *args)
{
    pthread_mutex_lock(&v->lock);
    sqlite3_stmt *st = cu_sql_prepare(v->db, sql, kinds, args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    sqlite3_finalize(st);
    pthread_mutex_unlock(&v->lock);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? CU_OK : cu_sql_err(rc);
}

static cu_err one(cu_vault *v, const char *sql, const char *kinds, const void *const *args, bool (*take)(sqlite3_stmt *st, void *to), void *to)
{
    pthread_mutex_lock(&v->lock);
    sqlite3_stmt *st = cu_sql_prepare(v->db, sql, kinds, args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    bool whole = rc != SQLITE_ROW || take(st, to);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&v->lock);
    return !whole ? CU_CORRUPT : rc == SQLITE_ROW ? CU_OK : rc == SQLITE_DONE ? CU_NOT_FOUND : cu_sql_err(rc);
}

static bool text_of(sqlite3_stmt *st, int column, char *to, size_t n)
{
    const char *s = (const char *)sqlite3_column_text(st, column);
    return s && (size_t)snprintf(to, n, "%s", s) < n;
}

static bool blob_of(sqlite3_stmt *st, int column, void *to, size_t n)
{
    if (sqlite3_column_bytes(st, column) != (int)n)
        return false;
    memcpy(to, sqlite3_column_blob(st, column), n);
    return true;
}

/* VACUUM writes a new file in the old one's place: pages that fell free while secure_delete could not
 * reach them (a rolled back insertion, an overflow chain) go as well. Then the log is cut to nothing. */
static cu_err scrub(cu_vault *v)
{
    int left = 1, moved = 0;
    pthread_mutex_lock(&v->lock);
    bool ok = sqlite3_exec(v->db, "VACUUM", NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_wal_checkpoint_v2(v->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, &moved) == SQLITE_OK && left == 0;
    pthread_mutex_unlock(&v->lock);
    return ok ? CU_OK : CU_IO;
}

/* --- persons --- */

cu_err cu_vault_person_add(cu_vault *v, const cu_vault_person *p, const cu_sha256 *lookup)
{
    cu_bytes pseudonym = cu_str(p->pseudonym), tenant = cu_str(p->tenant), hash = cu_bytes_of(lookup, sizeof *lookup);
    cu_bytes sealed = cu_bytes_of(p->sealed, p->sealed_n);
    return run(v, "INSERT INTO person(pseudonym,tenant,lookup,sealed) VALUES(?,?,?,?)", "ttbb",
                     (const void *[]){&pseudonym, &tenant, &hash, &sealed});
}

static bool take_person(sqlite3_stmt *st, void *to)
{
    cu_vault_person *p = to;
    int n = sqlite3_column_bytes(st, 2);
    p->sealed_n = (size_t)n;
    return n > 0 && (size_t)n <= sizeof p->sealed && blob_of(st, 2, p->sealed, p->sealed_n) &&
           text_of(st, 0, p->pseudonym, sizeof p->pseudonym) && text_of(st, 1, p->tenant, sizeof p->tenant);
}

cu_err cu_vault_person_find(cu_vault *v, const char *tenant, const cu_sha256 *lookup, cu_vault_person *out)
{
    cu_bytes t = cu_str(tenant), hash = cu_bytes_of(lookup, sizeof *lookup);
    return one(v, "SELECT pseudonym,tenant,sealed FROM person WHERE tenant=? AND lookup=?", "tb", (const void *[]){&t, &hash}, take_person, out);
}

cu_err cu_vault_person_get(cu_vault *v, const char *pseudonym, cu_vault_person *out)
{
    cu_bytes p = cu_str(pseudonym);
    return one(v, "SELECT pseudonym,tenant,sealed FROM person WHERE pseudonym=?", "t", (const void *[]){&p}, take_person, out);
}

/* --- credentials --- */

cu_err cu_vault_credential_put(cu_vault *v, const char *person, cu_bytes sealed)
{
    cu_bytes p = cu_str(person);
    if (sealed.n > CU_CREDENTIAL_SEALED_MAX)
        return CU_TOO_BIG;
    return run(v, "INSERT INTO credential(person,sealed) VALUES(?,?) ON CONFLICT(person) DO UPDATE SET sealed=excluded.sealed", "tb",
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
    return one(v, "SELECT sealed FROM credential WHERE person=?", "t", (const void *[]){&p}, take_sealed, out);
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
    return one(v, "SELECT count(*) FROM person" OF, "tt", (const void *[]){&t, &p}, take_number, persons);
}

/* Overwritten before it is deleted: the page that held it then does not hold it, whatever becomes of it. */
cu_err cu_vault_destroy(cu_vault *v, const char *tenant, const char *person)
{
    cu_bytes t = cu_str(tenant), p = cu_str(person ? person : "");
    const void *const args[] = {&t, &p};
    CU_TRY(run(v, "UPDATE credential SET sealed=zeroblob(length(sealed)) WHERE person IN (SELECT pseudonym FROM person" OF ")", "tt", args));
    CU_TRY(run(v, "DELETE FROM credential WHERE person IN (SELECT pseudonym FROM person" OF ")", "tt", args));
    CU_TRY(run(v, "UPDATE person SET sealed=zeroblob(length(sealed)),lookup=randomblob(32)" OF, "tt", args));
    CU_TRY(run(v, "DELETE FROM person" OF, "tt", args));
    return scrub(v);
}
