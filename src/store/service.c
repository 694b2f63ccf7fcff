/* How well exchanges went, counted from the log: availability by day, and what the gateway adds. */
#include "sql.h"
#include "store/service.h"

cu_err cu_store_availability(cu_store *s, const char *from, const char *to, const char *open_before, cu_store_day_fn each, void *arg)
{
    static const char sql[] =
        "SELECT substr(f.at,1,10) AS day,count(*),sum(CASE f.state WHEN 'answered' THEN f.status>=500 ELSE 1 END) FROM exchange_face f JOIN exchange e USING(row)"
        " WHERE f.at>=?1 AND f.at<?2 AND f.decision='allow' AND (f.state='answered' OR (f.state='open' AND f.at<?3)"
        " OR (f.state='aborted' AND e.answer->>'$.reason' IN ('upstream_failed','upstream_reset'))) GROUP BY day ORDER BY day";
    cu_bytes a = cu_str(from), b = cu_str(to), open = cu_str(open_before);
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, sql, "ttt", (const void *[]){&a, &b, &open});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW)
        each(arg, (const char *)sqlite3_column_text(st, 0), (uint64_t)sqlite3_column_int64(st, 1), (uint64_t)sqlite3_column_int64(st, 2));
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

static cu_err one_row(cu_store *s, const char *sql, const char *types, const void *const *args, uint64_t *a, uint64_t *b)
{
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, sql, types, args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    if (rc == SQLITE_ROW) {
        *a = (uint64_t)sqlite3_column_int64(st, 0);
        *b = (uint64_t)sqlite3_column_int64(st, 1);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_ROW ? CU_OK : rc == SQLITE_DONE ? CU_NOT_FOUND : cu_sql_err(rc);
}

#define GATE "FROM exchange_face f JOIN exchange e USING(row) WHERE f.at>=?1 AND f.at<?2 AND f.state='answered'"

cu_err cu_store_gate_ms(cu_store *s, const char *from, const char *to, unsigned percent, uint64_t target, cu_store_gate *out)
{
    cu_bytes a = cu_str(from), b = cu_str(to);
    uint64_t unused;
    *out = (cu_store_gate){.counted = 0};
    CU_TRY(one_row(s, "SELECT count(*),coalesce(sum(e.answer->>'$.ms_gate'>?3),0) " GATE, "tti", (const void *[]){&a, &b, &target}, &out->counted, &out->over));
    if (!out->counted)
        return CU_OK;
    uint64_t rank = (out->counted * percent + 99) / 100 - 1; /* nearest rank */
    return one_row(s, "SELECT e.answer->>'$.ms_gate',0 " GATE " ORDER BY 1 LIMIT 1 OFFSET ?3", "tti", (const void *[]){&a, &b, &rank}, &out->ms, &unused);
}
