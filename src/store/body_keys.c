#include "store/body_keys.h"
#include <stdio.h>
#include <stdlib.h>
#include "sql.h"

#define KEYS_MAX 1000000u

struct cu_body_keys {
    sqlite3 *db;
    pthread_mutex_t lock;
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
    "CREATE TABLE IF NOT EXISTS data_key(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, class INTEGER NOT NULL, day INTEGER NOT NULL,"
    " keep_days INTEGER NOT NULL, public BLOB NOT NULL, sealed BLOB NOT NULL, destroyed INTEGER NOT NULL, UNIQUE(tenant, class, day)) STRICT;";

#define COLUMNS "id,tenant,class,day,keep_days,public,sealed,destroyed"

cu_err cu_body_keys_open(const char *path, cu_body_keys **out, cu_fault *f)
{
    cu_body_keys *k = calloc(1, sizeof *k);
    if (!k)
        return CU_NOMEM;
    pthread_mutex_init(&k->lock, NULL);
    if (sqlite3_open_v2(path, &k->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(k->db, 10000) != SQLITE_OK || sqlite3_exec(k->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        cu_err e = cu_fail(f, CU_IO, "%.200s: %s", path, k->db ? sqlite3_errmsg(k->db) : "out of memory");
        cu_body_keys_close(k);
        return e;
    }
    *out = k;
    return CU_OK;
}

void cu_body_keys_close(cu_body_keys *k)
{
    if (!k)
        return;
    sqlite3_close(k->db);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

static cu_err run(cu_body_keys *k, const char *sql, const char *kinds, const void *const *args)
{
    pthread_mutex_lock(&k->lock);
    sqlite3_stmt *st = cu_sql_prepare(k->db, sql, kinds, args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    sqlite3_finalize(st);
    pthread_mutex_unlock(&k->lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
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

static bool take(sqlite3_stmt *st, cu_body_key *out)
{
    *out = (cu_body_key){.class = (uint8_t)sqlite3_column_int(st, 2), .day = (uint32_t)sqlite3_column_int64(st, 3),
                         .keep_days = (uint32_t)sqlite3_column_int64(st, 4), .destroyed = sqlite3_column_int(st, 7)};
    return text_of(st, 0, out->id, sizeof out->id) && text_of(st, 1, out->tenant, sizeof out->tenant) &&
           blob_of(st, 5, out->pk, sizeof out->pk) && blob_of(st, 6, out->sealed, sizeof out->sealed);
}

static cu_err one(cu_body_keys *k, const char *sql, const char *kinds, const void *const *args, cu_body_key *out)
{
    pthread_mutex_lock(&k->lock);
    sqlite3_stmt *st = cu_sql_prepare(k->db, sql, kinds, args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    bool whole = rc != SQLITE_ROW || take(st, out);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&k->lock);
    return !whole ? CU_CORRUPT : rc == SQLITE_ROW ? CU_OK : rc == SQLITE_DONE ? CU_NOT_FOUND : cu_sql_err(rc);
}

cu_err cu_body_keys_add(cu_body_keys *k, const cu_body_key *key)
{
    cu_bytes id = cu_str(key->id), tenant = cu_str(key->tenant), pk = cu_bytes_of(key->pk, sizeof key->pk);
    cu_bytes sealed = cu_bytes_of(key->sealed, sizeof key->sealed);
    uint64_t class = key->class, day = key->day, keep = key->keep_days;
    return run(k, "INSERT INTO data_key(" COLUMNS ") VALUES(?,?,?,?,?,?,?,0)", "ttiiibb",
               (const void *[]){&id, &tenant, &class, &day, &keep, &pk, &sealed});
}

cu_err cu_body_keys_find(cu_body_keys *k, const char *tenant, unsigned class, uint32_t day, cu_body_key *out)
{
    cu_bytes t = cu_str(tenant);
    uint64_t c = class, d = day;
    return one(k, "SELECT " COLUMNS " FROM data_key WHERE tenant=? AND class=? AND day=?", "tii", (const void *[]){&t, &c, &d}, out);
}

cu_err cu_body_keys_get(cu_body_keys *k, const char *id, cu_body_key *out)
{
    cu_bytes i = cu_str(id);
    return one(k, "SELECT " COLUMNS " FROM data_key WHERE id=?", "t", (const void *[]){&i}, out);
}

cu_err cu_body_keys_list(cu_body_keys *k, const char *tenant, cu_body_key **out, size_t *n)
{
    cu_bytes t = cu_str(tenant ? tenant : "");
    int rc = SQLITE_ERROR;
    cu_err e = CU_OK;
    *out = NULL;
    *n = 0;
    pthread_mutex_lock(&k->lock);
    sqlite3_stmt *st = cu_sql_prepare(k->db, "SELECT " COLUMNS " FROM data_key WHERE ?1='' OR tenant=?1 ORDER BY day,tenant,class", "t", (const void *[]){&t});
    while (st && e == CU_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        cu_body_key *v = *n < KEYS_MAX ? realloc(*out, (*n + 1) * sizeof *v) : NULL;
        if (!v) {
            e = CU_NOMEM;
            break;
        }
        *out = v;
        e = take(st, &v[(*n)++]) ? CU_OK : CU_CORRUPT;
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&k->lock);
    return e != CU_OK ? e : rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

/* VACUUM writes a new file in the old one's place: pages that fell free go as well. */
static cu_err scrub(cu_body_keys *k)
{
    int left = 1, moved = 0;
    pthread_mutex_lock(&k->lock);
    bool ok = sqlite3_exec(k->db, "VACUUM", NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_wal_checkpoint_v2(k->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, &moved) == SQLITE_OK && left == 0;
    pthread_mutex_unlock(&k->lock);
    return ok ? CU_OK : CU_IO;
}

cu_err cu_body_keys_destroy(cu_body_keys *k, const char *id)
{
    cu_bytes i = cu_str(id);
    CU_TRY(run(k, "UPDATE data_key SET sealed=zeroblob(length(sealed)),destroyed=1 WHERE id=?", "t", (const void *[]){&i}));
    return scrub(k);
}

cu_err cu_body_keys_drop(cu_body_keys *k, const char *id)
{
    cu_bytes i = cu_str(id);
    return run(k, "DELETE FROM data_key WHERE id=? AND destroyed=1", "t", (const void *[]){&i});
}
