#include "apart.h"
#include <stdio.h>
#include <string.h>

static const char careful[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;";

cu_err cu_apart_open(cu_apart *k, const char *path, const char *schema, cu_fault *f)
{
    *k = (cu_apart){0};
    pthread_mutex_init(&k->lock, NULL);
    if (sqlite3_open_v2(path, &k->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(k->db, 10000) == SQLITE_OK && sqlite3_exec(k->db, careful, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(k->db, schema, NULL, NULL, NULL) == SQLITE_OK)
        return CU_OK;
    cu_err e = cu_fail(f, CU_IO, "%.200s: %s", path, k->db ? sqlite3_errmsg(k->db) : "out of memory");
    cu_apart_close(k);
    return e;
}

void cu_apart_close(cu_apart *k)
{
    sqlite3_close(k->db);
    pthread_mutex_destroy(&k->lock);
}

cu_err cu_apart_run(cu_apart *k, const char *sql, const char *kinds, const void *const *args)
{
    pthread_mutex_lock(&k->lock);
    sqlite3_stmt *st = cu_sql_prepare(k->db, sql, kinds, args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    sqlite3_finalize(st);
    pthread_mutex_unlock(&k->lock);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? CU_OK : cu_sql_err(rc);
}

cu_err cu_apart_one(cu_apart *k, const char *sql, const char *kinds, const void *const *args, cu_apart_take take, void *to)
{
    pthread_mutex_lock(&k->lock);
    sqlite3_stmt *st = cu_sql_prepare(k->db, sql, kinds, args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    bool whole = rc != SQLITE_ROW || take(st, to);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&k->lock);
    return !whole ? CU_CORRUPT : rc == SQLITE_ROW ? CU_OK : rc == SQLITE_DONE ? CU_NOT_FOUND : cu_sql_err(rc);
}

bool cu_column_text(sqlite3_stmt *st, int column, char *to, size_t n)
{
    const char *s = (const char *)sqlite3_column_text(st, column);
    return s && (size_t)snprintf(to, n, "%s", s) < n;
}

bool cu_column_blob(sqlite3_stmt *st, int column, void *to, size_t n)
{
    if (sqlite3_column_bytes(st, column) != (int)n)
        return false;
    memcpy(to, sqlite3_column_blob(st, column), n);
    return true;
}

cu_err cu_apart_scrub(cu_apart *k)
{
    int left = 1, moved = 0;
    pthread_mutex_lock(&k->lock);
    bool ok = sqlite3_exec(k->db, "VACUUM", NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_wal_checkpoint_v2(k->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, &moved) == SQLITE_OK && left == 0;
    pthread_mutex_unlock(&k->lock);
    return ok ? CU_OK : CU_IO;
}
