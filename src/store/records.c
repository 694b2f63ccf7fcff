#include "store/records.h"
#include <stdio.h>
#include "sql.h"

/* One step. Its record's number is that of its first step; the state stays when the step names none. */
static const char step_sql[] =
    "INSERT OR IGNORE INTO record_step(register,id,log,idx,leaf,type,ts,actor,state,fields)"
    " SELECT ?1,n.id,?2,?3,?4,?5,?6,?7,coalesce(nullif(?8,''),p.state,'?'),json_patch(coalesce(p.fields,'{}'),?9)"
    " FROM (SELECT json_extract(?9,'$.'||?1) AS id) n LEFT JOIN (SELECT id,state,fields FROM record_step WHERE register=?1 AND log=?2"
    " AND id=json_extract(?9,'$.'||?1) AND idx<?3 ORDER BY idx DESC LIMIT 1) p ON true WHERE typeof(n.id)='text'";

static const char record_sql[] =
    "INSERT OR IGNORE INTO record(register,id,log,first,opened,opened_by) SELECT register,id,log,idx,ts,actor FROM record_step WHERE log=? AND idx=?";

const char cu_record_schema[] =
    "CREATE TABLE IF NOT EXISTS record(row INTEGER PRIMARY KEY, register TEXT NOT NULL, id TEXT NOT NULL, log TEXT NOT NULL, first INTEGER NOT NULL,"
    " opened TEXT NOT NULL, opened_by TEXT NOT NULL, UNIQUE(register, id, log)) STRICT;"
    "CREATE TABLE IF NOT EXISTS record_step(register TEXT NOT NULL, id TEXT NOT NULL, log TEXT NOT NULL, idx INTEGER NOT NULL, leaf TEXT NOT NULL,"
    " type TEXT NOT NULL, ts TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL, fields TEXT NOT NULL, PRIMARY KEY(log, idx)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS record_step_of ON record_step(register, id, log, idx);"
    "CREATE INDEX IF NOT EXISTS record_step_leaf ON record_step(leaf);";

cu_err cu_project_record(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    cu_bytes reg, state = CU_NONE;
    if (!s->rules.step || !s->rules.step(s->rules.arg, l->type, &reg, &state))
        return CU_OK;
    CU_TRY(cu_sql_run(s, s->db, step_sql, "ttitttttt", (const void *[]){&reg, &log, &index, &l->id, &l->type, &l->ts, &l->actor, &state, &l->body}));
    return cu_sql_run(s, s->db, record_sql, "ti", (const void *[]){&log, &index});
}

#define COLUMNS "r.row,r.register,r.id,r.log,r.opened,r.opened_by,s.state,s.ts,s.actor,s.type,s.fields,r.first,s.idx,s.leaf"

static void give(sqlite3_stmt *st, cu_store_record_fn each, void *arg)
{
    const char *t[10];
    for (int i = 0; i < 10; i++)
        t[i] = (const char *)sqlite3_column_text(st, i + 1);
    const cu_store_record x = {
        .row = (uint64_t)sqlite3_column_int64(st, 0), .reg = t[0], .id = t[1], .log = t[2], .opened = t[3], .opened_by = t[4], .state = t[5],
        .at = t[6], .by = t[7], .type = t[8], .fields = t[9], .first = (uint64_t)sqlite3_column_int64(st, 11),
        .last = (uint64_t)sqlite3_column_int64(st, 12), .leaf = (const char *)sqlite3_column_text(st, 13)};
    each(arg, &x);
}

static cu_err each_row(cu_store *s, const char *sql, const char *kinds, const void *const *args, cu_store_record_fn each, void *arg)
{
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, sql, kinds, args);
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW)
        give(st, each, arg);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

static cu_bytes or_empty(const char *text)
{
    return cu_str(text ? text : "");
}

cu_err cu_store_records(cu_store *s, const cu_store_record_filter *w, uint64_t before, unsigned limit, cu_store_record_fn each, void *arg)
{
    /* without INDEXED BY the newest step of each record is looked for backwards through all steps of its log */
    static const char sql[] =
        "SELECT " COLUMNS " FROM record r JOIN record_step s ON s.log=r.log AND s.idx=(SELECT max(t.idx) FROM record_step t INDEXED BY record_step_of"
        " WHERE t.register=r.register AND t.id=r.id AND t.log=r.log AND (?1='' OR t.ts<=?1))"
        " WHERE r.row<?2 AND (?3='' OR r.register=?3) AND (?4='' OR r.id=?4) AND (?5='' OR s.state=?5) AND (?6='' OR r.log=?6)"
        " AND (?7='' OR instr(?7,' '||s.state||' ')=0) ORDER BY r.row DESC LIMIT ?8";
    cu_bytes as_of = or_empty(w->as_of), reg = or_empty(w->reg), id = or_empty(w->id), state = or_empty(w->state), log = or_empty(w->log), ended = or_empty(w->ended);
    uint64_t from = before ? before : (uint64_t)INT64_MAX, n = limit;
    return each_row(s, sql, "tittttti", (const void *[]){&as_of, &from, &reg, &id, &state, &log, &ended, &n}, each, arg);
}

uint64_t cu_store_record_count(cu_store *s, const char *reg)
{
    cu_bytes r = cu_str(reg);
    return cu_sql_number(s, s->look, "SELECT count(*) FROM record WHERE register=?", "t", (const void *[]){&r});
}

cu_err cu_store_record_steps(cu_store *s, const char *reg, const char *id, const char *as_of, cu_store_record_fn each, void *arg)
{
    static const char sql[] = "SELECT " COLUMNS " FROM record_step s JOIN record r ON r.register=s.register AND r.id=s.id AND r.log=s.log"
                              " WHERE s.register=?1 AND s.id=?2 AND (?3='' OR s.ts<=?3) ORDER BY s.log,s.idx";
    cu_bytes r = cu_str(reg), i = cu_str(id), until = or_empty(as_of);
    return each_row(s, sql, "ttt", (const void *[]){&r, &i, &until}, each, arg);
}

/* The newest step into the state from another one. */
cu_err cu_store_record_actor(cu_store *s, const char *reg, const char *id, const char *state, char out[CU_STORE_ACTOR])
{
    cu_bytes r = cu_str(reg), i = cu_str(id), to = cu_str(state);
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look,
                                      "SELECT actor FROM (SELECT actor,state,idx,lag(state,1,'none') OVER (ORDER BY log,idx) AS was FROM record_step"
                                      " WHERE register=?1 AND id=?2) WHERE state=?3 AND was<>?3 ORDER BY idx DESC LIMIT 1",
                                      "ttt", (const void *[]){&r, &i, &to});
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    if (rc == SQLITE_ROW)
        snprintf(out, CU_STORE_ACTOR, "%s", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_ROW ? CU_OK : rc == SQLITE_DONE ? CU_NOT_FOUND : cu_sql_err(rc);
}

bool cu_store_record_has(cu_store *s, const char *leaf)
{
    cu_bytes l = cu_str(leaf);
    return cu_sql_number(s, s->look, "SELECT count(*) FROM record_step WHERE leaf=?", "t", (const void *[]){&l}) != 0;
}
