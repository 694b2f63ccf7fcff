/* Tokens that exchanges used by day and model, and what came of holding them against a provider's export. */
#include <stdio.h>
#include "sql.h"

const char cu_usage_schema[] =
    "CREATE TABLE IF NOT EXISTS provider_usage(vendor TEXT NOT NULL, day TEXT NOT NULL, at TEXT NOT NULL, idx INTEGER NOT NULL, form TEXT NOT NULL,"
    " source TEXT NOT NULL, ours INTEGER NOT NULL, theirs INTEGER NOT NULL, gap INTEGER NOT NULL, permille INTEGER NOT NULL, tokens INTEGER NOT NULL,"
    " PRIMARY KEY(vendor, day)) STRICT, WITHOUT ROWID;";

bool cu_concerns_usage(const cu_leaf *l)
{
    return (cu_eq_str(l->type, "evidence.reconciled") || cu_eq_str(l->type, "evidence.gap")) &&
           cu_find(l->body, CU_LIT("\"against\":\"provider_usage\""), 0) != (size_t)-1;
}

/* The newest import of a day counts. */
cu_err cu_project_usage(cu_store *s, uint64_t index, const cu_leaf *l)
{
    static const char sql[] =
        "INSERT INTO provider_usage(vendor,day,at,idx,form,source,ours,theirs,gap,permille,tokens) SELECT b->>'$.vendor',b->>'$.day',?2,?3,b->>'$.form',"
        "b->>'$.source',b->>'$.ours',b->>'$.theirs',?4,b->>'$.tolerance_permille',b->>'$.tolerance_tokens' FROM (SELECT ?1 AS b) WHERE json_valid(b) AND"
        " b->>'$.vendor' IS NOT NULL AND b->>'$.day' IS NOT NULL AND typeof(b->>'$.ours')='integer' AND typeof(b->>'$.theirs')='integer'"
        " AND typeof(b->>'$.tolerance_permille')='integer' AND typeof(b->>'$.tolerance_tokens')='integer' AND b->>'$.form' IS NOT NULL AND b->>'$.source' IS NOT NULL"
        " ON CONFLICT(vendor,day) DO UPDATE SET at=excluded.at,idx=excluded.idx,form=excluded.form,source=excluded.source,ours=excluded.ours,theirs=excluded.theirs,"
        "gap=excluded.gap,permille=excluded.permille,tokens=excluded.tokens WHERE excluded.idx>idx";
    uint64_t gap = cu_eq_str(l->type, "evidence.gap");
    return cu_sql_run(s, s->db, sql, "ttii", (const void *[]){&l->body, &l->ts, &index, &gap});
}

cu_err cu_store_usage_of(cu_store *s, const char *vendor, const char *from, const char *to, cu_store_usage_fn each, void *arg)
{
    static const char sql[] =
        "SELECT substr(f.at,1,10) AS day,f.model,coalesce(sum(e.answer->>'$.input_tokens'),0),coalesce(sum(e.answer->>'$.output_tokens'),0),"
        "coalesce(sum(e.answer->>'$.cache_read_tokens'),0),coalesce(sum(e.answer->>'$.cache_creation_tokens'),0) FROM exchange_face f JOIN exchange e USING(row)"
        " WHERE f.vendor=?1 AND f.at>=?2 AND f.at<?3||'U' AND f.state='answered' GROUP BY day,f.model"; /* a time goes on with T */
    cu_bytes v = cu_str(vendor), a = cu_str(from), b = cu_str(to);
    int rc = SQLITE_ERROR;
    cu_err e = CU_OK;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, sql, "ttt", (const void *[]){&v, &a, &b});
    while (st && e == CU_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const uint64_t n[4] = {(uint64_t)sqlite3_column_int64(st, 2), (uint64_t)sqlite3_column_int64(st, 3), (uint64_t)sqlite3_column_int64(st, 4),
                               (uint64_t)sqlite3_column_int64(st, 5)};
        e = each(arg, (const char *)sqlite3_column_text(st, 0), (const char *)sqlite3_column_text(st, 1), n);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return e != CU_OK ? e : rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_usage_days(cu_store *s, const char *vendor, uint64_t before, unsigned limit, cu_store_usage_day_fn each, void *arg)
{
    static const char sql[] = "SELECT vendor,day,at,idx,form,source,ours,theirs,gap,permille,tokens FROM provider_usage WHERE idx<?1 AND (?2='' OR vendor=?2)"
                              " ORDER BY idx DESC LIMIT ?3";
    cu_bytes v = cu_str(vendor ? vendor : "");
    uint64_t from = before ? before : (uint64_t)INT64_MAX, n = limit;
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, sql, "iti", (const void *[]){&from, &v, &n});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const cu_store_usage_day d = {
            .vendor = (const char *)sqlite3_column_text(st, 0), .day = (const char *)sqlite3_column_text(st, 1), .at = (const char *)sqlite3_column_text(st, 2),
            .index = (uint64_t)sqlite3_column_int64(st, 3), .form = (const char *)sqlite3_column_text(st, 4), .source = (const char *)sqlite3_column_text(st, 5),
            .ours = (uint64_t)sqlite3_column_int64(st, 6), .theirs = (uint64_t)sqlite3_column_int64(st, 7), .gap = sqlite3_column_int(st, 8) != 0,
            .permille = (unsigned)sqlite3_column_int(st, 9), .tokens = (uint64_t)sqlite3_column_int64(st, 10)};
        each(arg, &d);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}
