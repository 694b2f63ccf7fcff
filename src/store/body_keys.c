#include "store/body_keys.h"
#include <stdlib.h>
#include "apart.h"

#define KEYS_MAX 1000000u

struct cu_body_keys {
    cu_apart db;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS data_key(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, class INTEGER NOT NULL, day INTEGER NOT NULL,"
    " keep_days INTEGER NOT NULL, public BLOB NOT NULL, sealed BLOB NOT NULL, destroyed INTEGER NOT NULL, UNIQUE(tenant, class, day)) STRICT;";

#define COLUMNS "id,tenant,class,day,keep_days,public,sealed,destroyed"

cu_err cu_body_keys_open(const char *path, cu_body_keys **out, cu_fault *f)
{
    cu_body_keys *k = calloc(1, sizeof *k);
    if (!k)
        return CU_NOMEM;
    cu_err e = cu_apart_open(&k->db, path, schema, f);
    if (e != CU_OK)
        free(k);
    else
        *out = k;
    return e;
}

void cu_body_keys_close(cu_body_keys *k)
{
    if (!k)
        return;
    cu_apart_close(&k->db);
    free(k);
}

static bool take(sqlite3_stmt *st, void *to)
{
    cu_body_key *out = to;
    *out = (cu_body_key){.class = (uint8_t)sqlite3_column_int(st, 2), .day = (uint32_t)sqlite3_column_int64(st, 3),
                         .keep_days = (uint32_t)sqlite3_column_int64(st, 4), .destroyed = sqlite3_column_int(st, 7)};
    return cu_column_text(st, 0, out->id, sizeof out->id) && cu_column_text(st, 1, out->tenant, sizeof out->tenant) &&
           cu_column_blob(st, 5, out->pk, sizeof out->pk) && cu_column_blob(st, 6, out->sealed, sizeof out->sealed);
}

cu_err cu_body_keys_add(cu_body_keys *k, const cu_body_key *key)
{
    cu_bytes id = cu_str(key->id), tenant = cu_str(key->tenant), pk = cu_bytes_of(key->pk, sizeof key->pk);
    cu_bytes sealed = cu_bytes_of(key->sealed, sizeof key->sealed);
    uint64_t class = key->class, day = key->day, keep = key->keep_days;
    return cu_apart_run(&k->db, "INSERT INTO data_key(" COLUMNS ") VALUES(?,?,?,?,?,?,?,0)", "ttiiibb",
               (const void *[]){&id, &tenant, &class, &day, &keep, &pk, &sealed});
}

cu_err cu_body_keys_find(cu_body_keys *k, const char *tenant, unsigned class, uint32_t day, cu_body_key *out)
{
    cu_bytes t = cu_str(tenant);
    uint64_t c = class, d = day;
    return cu_apart_one(&k->db, "SELECT " COLUMNS " FROM data_key WHERE tenant=? AND class=? AND day=?", "tii", (const void *[]){&t, &c, &d}, take, out);
}

cu_err cu_body_keys_get(cu_body_keys *k, const char *id, cu_body_key *out)
{
    cu_bytes i = cu_str(id);
    return cu_apart_one(&k->db, "SELECT " COLUMNS " FROM data_key WHERE id=?", "t", (const void *[]){&i}, take, out);
}

cu_err cu_body_keys_list(cu_body_keys *k, const char *tenant, cu_body_key **out, size_t *n)
{
    cu_bytes t = cu_str(tenant ? tenant : "");
    int rc = SQLITE_ERROR;
    cu_err e = CU_OK;
    *out = NULL;
    *n = 0;
    pthread_mutex_lock(&k->db.lock);
    sqlite3_stmt *st = cu_sql_prepare(k->db.db, "SELECT " COLUMNS " FROM data_key WHERE ?1='' OR tenant=?1 ORDER BY day,tenant,class", "t", (const void *[]){&t});
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
    pthread_mutex_unlock(&k->db.lock);
    return e != CU_OK ? e : rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_body_keys_destroy(cu_body_keys *k, const char *id)
{
    cu_bytes i = cu_str(id);
    CU_TRY(cu_apart_run(&k->db, "UPDATE data_key SET sealed=zeroblob(length(sealed)),destroyed=1 WHERE id=?", "t", (const void *[]){&i}));
    return cu_apart_scrub(&k->db);
}

cu_err cu_body_keys_drop(cu_body_keys *k, const char *id)
{
    cu_bytes i = cu_str(id);
    return cu_apart_run(&k->db, "DELETE FROM data_key WHERE id=? AND destroyed=1", "t", (const void *[]){&i});
}
