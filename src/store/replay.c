/* What a projection outside of the database is filled from when the daemon starts. */
#include "sql.h"

cu_err cu_store_replay(cu_store *s, cu_store_entry_fn each, void *arg)
{
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT log, type, ts, idx FROM event ORDER BY log, idx", "", NULL);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    for (; rc == SQLITE_ROW; rc = sqlite3_step(st)) {
        const cu_store_entry x = {.log = (const char *)sqlite3_column_text(st, 0), .type = (const char *)sqlite3_column_text(st, 1),
                                  .ts = (const char *)sqlite3_column_text(st, 2), .index = (uint64_t)sqlite3_column_int64(st, 3)};
        each(arg, &x);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}
