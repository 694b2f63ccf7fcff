/* Recorded scans, each with what has changed since the one before of the same question: repository, mode
 * and scope. Computed where the entry is taken, from nothing but the log, so that it can be computed
 * again. */
#include <stdlib.h>
#include "sql.h"
#include "store/recorded_scan.h"

typedef struct {
    char *id, *body;
    cu_recorded_scan scan;
} earlier;

static void forget(earlier *e)
{
    free(e->id);
    free(e->body);
    free(e);
}

/* What was added, or is staged, has no earlier state. */
static bool has_series(const cu_recorded_scan *now)
{
    return cu_eq_str(now->mode, "tree") || cu_eq_str(now->mode, "history");
}

static bool read_earlier(cu_store *s, cu_bytes log, uint64_t index, const cu_recorded_scan *now, earlier *out)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT id,body FROM scan WHERE log=? AND repository=? AND mode=? AND scope=? AND idx<?"
                                      " ORDER BY idx DESC LIMIT 1",
                                      "tttti", (const void *[]){&log, &now->repository, &now->mode, &now->scope, &index});
    if (st && sqlite3_step(st) == SQLITE_ROW) {
        out->id = strdup((const char *)sqlite3_column_text(st, 0));
        out->body = strdup((const char *)sqlite3_column_text(st, 1));
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return out->id && out->body && cu_recorded_scan_parse(cu_str(out->body), &out->scan, NULL) == CU_OK;
}

static cu_err insert(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l, const cu_recorded_scan *now, const earlier *before)
{
    cu_scan_change c = {0};
    cu_bytes id = cu_str(before ? before->id : "");
    uint64_t estimated, rules = before && !cu_eq(before->scan.rules, now->rules);
    if (before)
        cu_recorded_scan_compare(&before->scan, now, &c);
    estimated = c.estimated;
    return cu_sql_run(s, s->db, "INSERT OR IGNORE INTO scan(id,log,idx,at,repository,mode,scope,body,before,fresh,gone,still,estimated,other_rules)"
                      " VALUES(?,?,?,?,?,?,?,?,nullif(?,''),?,?,?,?,?)",
                      "ttitttttt" "iiiii", (const void *[]){&l->id, &log, &index, &l->ts, &now->repository, &now->mode, &now->scope, &l->body,
                      &id, &c.fresh, &c.gone, &c.still, &estimated, &rules});
}

/* An entry that is no recorded scan of this version counts as an event and as nothing else. */
cu_err cu_project_scan(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    cu_recorded_scan *now = calloc(1, sizeof *now);
    earlier *before = calloc(1, sizeof *before);
    cu_err e = now && before ? CU_OK : CU_NOMEM;
    if (e == CU_OK && cu_recorded_scan_parse(l->body, now, NULL) == CU_OK) {
        bool compared = has_series(now) && read_earlier(s, log, index, now, before);
        e = insert(s, log, index, l, now, compared ? before : NULL);
    }
    free(now);
    if (before)
        forget(before);
    return e;
}

#define COLUMNS "s.row,s.id,s.log,s.idx,s.at,s.repository,s.mode,s.body,s.before,s.fresh,s.gone,s.still,s.estimated,s.other_rules,b.at,b.idx"

static const char *text_at(sqlite3_stmt *st, int column)
{
    return (const char *)sqlite3_column_text(st, column);
}

static void take_row(sqlite3_stmt *st, cu_store_scan *x)
{
    *x = (cu_store_scan){.row = (uint64_t)sqlite3_column_int64(st, 0), .id = text_at(st, 1), .log = text_at(st, 2),
                         .index = (uint64_t)sqlite3_column_int64(st, 3), .at = text_at(st, 4), .repository = text_at(st, 5),
                         .mode = text_at(st, 6), .body = text_at(st, 7), .before = text_at(st, 8),
                         .fresh = (uint64_t)sqlite3_column_int64(st, 9), .gone = (uint64_t)sqlite3_column_int64(st, 10),
                         .still = (uint64_t)sqlite3_column_int64(st, 11), .estimated = sqlite3_column_int(st, 12),
                         .other_rules = sqlite3_column_int(st, 13), .before_at = text_at(st, 14),
                         .before_index = (uint64_t)sqlite3_column_int64(st, 15)};
}

cu_err cu_store_scans(cu_store *s, const cu_store_scan_filter *w, uint64_t before, unsigned limit, cu_store_scan_fn each, void *arg)
{
    cu_bytes id = cu_str(w->id ? w->id : ""), log = cu_str(w->log ? w->log : "");
    cu_bytes repository = cu_str(w->repository ? w->repository : ""), mode = cu_str(w->mode ? w->mode : "");
    uint64_t from = before ? before : (uint64_t)INT64_MAX, n = limit;
    cu_store_scan x;
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT " COLUMNS " FROM scan s LEFT JOIN scan b ON b.id=s.before"
                                      " WHERE s.row<?1 AND (?2='' OR s.id=?2) AND (?3='' OR s.log=?3) AND (?4='' OR s.repository=?4)"
                                      " AND (?5='' OR s.mode=?5) ORDER BY s.row DESC LIMIT ?6",
                                      "itttti", (const void *[]){&from, &id, &log, &repository, &mode, &n});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        take_row(st, &x);
        each(arg, &x);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_repositories(cu_store *s, uint64_t before, unsigned limit, cu_store_scan_fn each, void *arg)
{
    uint64_t from = before ? before : (uint64_t)INT64_MAX, n = limit;
    cu_store_scan x;
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT " COLUMNS ",g.n,g.first FROM"
                                      " (SELECT max(row) AS last,count(*) AS n,min(at) AS first FROM scan GROUP BY log,repository,mode) g"
                                      " JOIN scan s ON s.row=g.last LEFT JOIN scan b ON b.id=s.before"
                                      " WHERE g.last<?1 ORDER BY g.last DESC LIMIT ?2",
                                      "ii", (const void *[]){&from, &n});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        take_row(st, &x);
        x.scans = (uint64_t)sqlite3_column_int64(st, 16);
        x.first_at = text_at(st, 17);
        each(arg, &x);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

uint64_t cu_store_scan_count(cu_store *s, const cu_store_scan_filter *w)
{
    cu_bytes log = cu_str(w->log ? w->log : ""), repository = cu_str(w->repository ? w->repository : ""), mode = cu_str(w->mode ? w->mode : "");
    return cu_sql_number(s, s->db, "SELECT count(*) FROM scan WHERE (?1='' OR log=?1) AND (?2='' OR repository=?2) AND (?3='' OR mode=?3)", "ttt",
                         (const void *[]){&log, &repository, &mode});
}
