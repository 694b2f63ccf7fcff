#include "store/copy.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "sql.h"

struct cu_store_hold {
    sqlite3 *db; /* in memory; the live one is attached */
    bool held;
};

#define WAIT_MS 30000

static cu_err take_rows(cu_store_hold *h, const char *path)
{
    const cu_bytes p = cu_str(path);
    sqlite3_stmt *st = cu_sql_prepare(h->db, "ATTACH ? AS live", "t", (const void *[]){&p});
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    sqlite3_finalize(st);
    if (rc != SQLITE_DONE)
        return cu_sql_err(rc);
    rc = sqlite3_exec(h->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    h->held = rc == SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(h->db, "INSERT INTO main.key SELECT * FROM live.key; INSERT INTO main.key_terms SELECT * FROM live.key_terms;"
                                 "INSERT INTO main.note SELECT * FROM live.note;", NULL, NULL, NULL);
    return rc == SQLITE_OK ? CU_OK : rc == SQLITE_BUSY ? CU_TIMEOUT : cu_sql_err(rc);
}

cu_err cu_store_hold_begin(const char *path, cu_store_hold **out, cu_fault *f)
{
    cu_store_hold *h = calloc(1, sizeof *h);
    *out = NULL;
    if (!h)
        return CU_NOMEM;
    if (access(path, R_OK | W_OK) != 0) { /* ATTACH would make one */
        free(h);
        return cu_fail(f, CU_NOT_FOUND, "%.200s cannot be opened: there is no installation of Custos here, or it belongs to another user", path);
    }
    cu_err e = sqlite3_open(":memory:", &h->db) == SQLITE_OK && sqlite3_busy_timeout(h->db, WAIT_MS) == SQLITE_OK ? cu_store_schema(h->db) : CU_NOMEM;
    if (e == CU_OK)
        e = take_rows(h, path);
    if (e != CU_OK) {
        e = cu_fail(f, e, "%.200s: %s", path, h->db ? sqlite3_errmsg(h->db) : "out of memory");
        cu_store_hold_free(h);
        return e;
    }
    *out = h;
    return CU_OK;
}

void cu_store_hold_release(cu_store_hold *h)
{
    if (h && h->held)
        sqlite3_exec(h->db, "COMMIT", NULL, NULL, NULL);
    if (h)
        h->held = false;
}

static cu_err serialize(sqlite3 *db, cu_buf *out)
{
    sqlite3_int64 n = 0;
    unsigned char *p = sqlite3_serialize(db, "main", &n, 0);
    if (!p)
        return CU_NOMEM;
    if (n > 0 && (uint64_t)n <= CU_DATABASE_MAX)
        cu_buf_put(out, p, (size_t)n);
    memset(p, 0, (size_t)n);
    sqlite3_free(p);
    return n <= 0 || (uint64_t)n > CU_DATABASE_MAX ? CU_TOO_BIG : cu_buf_err(out);
}

cu_err cu_store_hold_copy(cu_store_hold *h, cu_buf *out)
{
    CU_ASSERT(!h->held);
    return serialize(h->db, out);
}

void cu_store_hold_free(cu_store_hold *h)
{
    if (!h)
        return;
    cu_store_hold_release(h);
    sqlite3_close(h->db);
    free(h);
}

cu_err cu_database_copy(const char *path, cu_buf *out, cu_fault *f)
{
    sqlite3 *db = NULL;
    if (access(path, F_OK) != 0)
        return CU_NOT_FOUND;
    cu_err e = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK && sqlite3_busy_timeout(db, WAIT_MS) == SQLITE_OK ? serialize(db, out) : CU_IO;
    if (e != CU_OK)
        e = cu_fail(f, e, "%.200s cannot be copied: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
    sqlite3_close(db);
    return e;
}
