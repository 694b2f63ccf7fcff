/* What answers to questionnaires count: entries and exchanges since a moment, without those of probes. */
#include "sql.h"
#include <stdio.h>

cu_err cu_store_fact_events(cu_store *s, const char *type, const char *from, cu_store_fact *out)
{
    cu_bytes t = cu_str(type), f = cu_str(from);
    const void *const args[] = {&t, &f};
    *out = (cu_store_fact){0};
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT count(*) FROM event WHERE type=? AND ts>=? AND log NOT GLOB 't/probe-?'", "tt", args);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    out->count = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    st = rc == SQLITE_ROW ? cu_sql_prepare(s->look, "SELECT log,idx,ts FROM event WHERE type=? AND ts>=? AND log NOT GLOB 't/probe-?' ORDER BY ts DESC LIMIT 1", "tt", args) : NULL;
    rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    if (rc == SQLITE_ROW) {
        snprintf(out->log, sizeof out->log, "%s", (const char *)sqlite3_column_text(st, 0));
        out->index = (uint64_t)sqlite3_column_int64(st, 1);
        snprintf(out->last, sizeof out->last, "%s", (const char *)sqlite3_column_text(st, 2));
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_fact_values(cu_store *s, cu_store_fact_of of, const char *from, cu_store_group_fn each, void *arg)
{
    static const char *const sql[] = {
#define VALUES(column) "SELECT " column ",count(*),max(at) FROM exchange_face WHERE at>=? AND tenant NOT GLOB 'probe-?' AND decision='allow' AND " column "<>'' GROUP BY 1 ORDER BY 2 DESC,1 LIMIT 500"
        [CU_FACT_OF_USER] = VALUES("user"), [CU_FACT_OF_VENDOR] = VALUES("vendor"), [CU_FACT_OF_MODEL] = VALUES("model"), [CU_FACT_OF_CLIENT] = VALUES("client"),
#undef VALUES
        [CU_FACT_OF_FINDING] = "SELECT 'found',count(*),max(at) FROM exchange_face WHERE at>=? AND tenant NOT GLOB 'probe-?' AND decision='allow' AND found<>''"};
    cu_bytes f = cu_str(from);
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, sql[of], "t", (const void *[]){&f});
    int rc = SQLITE_ERROR;
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *last = (const char *)sqlite3_column_text(st, 2);
        each(arg, (const char *)sqlite3_column_text(st, 0), "", (uint64_t)sqlite3_column_int64(st, 1), last ? last : "");
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}
