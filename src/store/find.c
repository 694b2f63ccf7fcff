/* Exchanges and entries by what they are about. Each exchange has a narrow row of the columns that
 * people filter by: looking through a million of them takes a fraction of a second without an index
 * that every new one would have to be sorted into. What filters reads through a connection of its own,
 * so that nobody who looks makes the sequencer wait. */
#include <stdio.h>
#include "sql.h"

/* From what the log says of it; once for one that is new, once more when its answer is in. */
#define FACE \
    "INSERT OR REPLACE INTO exchange_face SELECT row,at,tenant,coalesce(json_extract(request,'$.user'),'')," \
    "coalesce(json_extract(request,'$.key'),''),coalesce(json_extract(request,'$.vendor'),''),coalesce(json_extract(request,'$.model'),'')," \
    "coalesce(json_extract(request,'$.decision'),''),coalesce(json_extract(request,'$.client'),'')," \
    "CASE WHEN request_type='input.rejected' THEN 'refused' WHEN answer_type IS NULL THEN 'open'" \
    " WHEN answer_type='exchange.response' THEN 'answered' ELSE 'aborted' END," \
    "coalesce(json_extract(answer,'$.status'),json_extract(request,'$.status'),0)," \
    "coalesce((SELECT ' '||group_concat(key,' ')||' ' FROM json_each(request,'$.findings')),'')," \
    "coalesce(json_extract(request,'$.access.class'),''),coalesce(json_extract(request,'$.access.rule'),'')," \
    "coalesce(json_extract(request,'$.access.act'),'') FROM exchange WHERE "

const char cu_find_schema[] =
    "CREATE TABLE IF NOT EXISTS exchange_face(row INTEGER PRIMARY KEY, at TEXT NOT NULL, tenant TEXT NOT NULL, user TEXT NOT NULL,"
    " key TEXT NOT NULL, vendor TEXT NOT NULL, model TEXT NOT NULL, decision TEXT NOT NULL, client TEXT NOT NULL, state TEXT NOT NULL,"
    " status INTEGER NOT NULL, found TEXT NOT NULL, class TEXT NOT NULL, rule TEXT NOT NULL, act TEXT NOT NULL) STRICT;"
    FACE "row>(SELECT coalesce(max(row),0) FROM exchange_face);";

/* The same for a row that stands there: nothing else of it comes from the answer. */
#define ENDED \
    "UPDATE exchange_face SET state=CASE WHEN state='refused' THEN state WHEN ?2='exchange.response' THEN 'answered' ELSE 'aborted' END," \
    "status=coalesce(json_extract(?3,'$.status'),status) WHERE row=(SELECT row FROM exchange WHERE id=?1)"

/* The caller holds the lock. */
static int run(cu_store *s, sqlite3_stmt **st, const char *sql, const cu_bytes *args, int n)
{
    int rc = *st ? SQLITE_OK : sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    for (int i = 0; i < n && rc == SQLITE_OK; i++)
        rc = sqlite3_bind_text(*st, i + 1, (const char *)args[i].p, (int)args[i].n, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(*st);
    sqlite3_reset(*st);
    return rc;
}

cu_err cu_project_face(cu_store *s, cu_bytes id)
{
    pthread_mutex_lock(&s->lock);
    int rc = run(s, &s->face, FACE "id=?", &id, 1);
    pthread_mutex_unlock(&s->lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_project_face_answer(cu_store *s, cu_bytes id, const cu_leaf *answer)
{
    pthread_mutex_lock(&s->lock);
    int rc = run(s, &s->ended, ENDED, (const cu_bytes[]){id, answer->type, answer->body}, 3);
    if (rc == SQLITE_DONE && sqlite3_changes(s->db) == 0) /* it came before its request */
        rc = run(s, &s->face, FACE "id=?", &id, 1);
    pthread_mutex_unlock(&s->lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

/* Parameters ?1 to ?14 of every question about exchanges; an empty text is no condition. */
#define WHERE \
    " WHERE (?1='' OR f.at>=?1) AND (?2='' OR f.at<?2) AND (?3='' OR f.tenant=?3) AND (?4='' OR (f.user<>'' AND instr(' '||?4||' ',' '||f.user||' ')>0)) AND (?5='' OR f.key=?5)" \
    " AND (?6='' OR f.vendor=?6) AND (?7='' OR f.model GLOB ?7) AND (?8='' OR f.decision=?8 OR (?8='refused' AND f.decision<>'allow'))" \
    " AND (?9='' OR instr(f.found,' '||?9||' ')>0 OR (?9='any' AND f.found<>'') OR (?9='none' AND f.found=''))" \
    " AND (?10='' OR f.client GLOB ?10) AND (?11='' OR f.status=CAST(?11 AS INTEGER)) AND (?12='' OR f.state=?12)" \
    " AND (?13='' OR f.class=?13) AND (?14='' OR f.rule=?14)"
#define CONDITIONS 14

static sqlite3_stmt *ask(cu_store *s, const char *sql, const cu_store_exchange_filter *w)
{
    const char *const v[CONDITIONS] = {w->from, w->to, w->tenant, w->user, w->key, w->vendor, w->model, w->decision, w->found, w->client,
                                       w->status, w->state, w->class, w->rule};
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(s->look, sql, -1, &st, NULL) != SQLITE_OK)
        return NULL;
    for (int i = 0; i < CONDITIONS; i++)
        sqlite3_bind_text(st, i + 1, v[i] ? v[i] : "", -1, SQLITE_STATIC);
    return st;
}

static void give(sqlite3_stmt *st, cu_store_exchange_fn each, void *arg)
{
    const cu_store_exchange x = {
        .row = (uint64_t)sqlite3_column_int64(st, 0), .id = (const char *)sqlite3_column_text(st, 1),
        .tenant = (const char *)sqlite3_column_text(st, 2), .at = (const char *)sqlite3_column_text(st, 3),
        .log = (const char *)sqlite3_column_text(st, 4), .request_type = (const char *)sqlite3_column_text(st, 5),
        .request = (const char *)sqlite3_column_text(st, 6), .request_index = (uint64_t)sqlite3_column_int64(st, 7),
        .answer_type = (const char *)sqlite3_column_text(st, 8), .answer = (const char *)sqlite3_column_text(st, 9),
        .answer_index = (uint64_t)sqlite3_column_int64(st, 10)};
    each(arg, &x);
}

cu_err cu_store_exchanges(cu_store *s, const char *id, const char *tenant, uint64_t before, unsigned limit,
                          cu_store_exchange_fn each, void *arg)
{
    cu_bytes i = cu_str(id ? id : ""), t = cu_str(tenant ? tenant : "");
    uint64_t from = before ? before : (uint64_t)INT64_MAX, n = limit;
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT row,id,tenant,at,log,request_type,request,request_index,answer_type,answer,answer_index FROM exchange"
                                  " WHERE row<?1 AND (?2='' OR id=?2) AND (?3='' OR tenant=?3) ORDER BY row DESC LIMIT ?4",
                               "itti", (const void *[]){&from, &i, &t, &n});
    int rc = SQLITE_ERROR;
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW)
        give(st, each, arg);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_find_exchanges(cu_store *s, const cu_store_exchange_filter *w, uint64_t before, unsigned limit, cu_store_exchange_fn each, void *arg)
{
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = ask(s, "SELECT e.row,e.id,e.tenant,e.at,e.log,e.request_type,e.request,e.request_index,e.answer_type,e.answer,e.answer_index"
                              " FROM exchange_face f JOIN exchange e ON e.row=f.row" WHERE " AND f.row<?15 ORDER BY f.row DESC LIMIT ?16", w);
    int rc = SQLITE_ERROR;
    if (st) {
        sqlite3_bind_int64(st, 15, before ? (sqlite3_int64)before : INT64_MAX);
        sqlite3_bind_int64(st, 16, limit);
    }
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW)
        give(st, each, arg);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_count_exchanges(cu_store *s, const cu_store_exchange_filter *w, uint64_t *out)
{
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = ask(s, "SELECT count(*) FROM exchange_face f" WHERE, w);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    *out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_ROW ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_exchange_beside(cu_store *s, const cu_store_exchange_filter *w, uint64_t row, bool newer, char id[CU_ID_LEN + 2])
{
    const char *older_sql = "SELECT e.id FROM exchange_face f JOIN exchange e ON e.row=f.row" WHERE " AND f.row<?15 ORDER BY f.row DESC LIMIT 1";
    const char *newer_sql = "SELECT e.id FROM exchange_face f JOIN exchange e ON e.row=f.row" WHERE " AND f.row>?15 ORDER BY f.row LIMIT 1";
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = ask(s, newer ? newer_sql : older_sql, w);
    if (st)
        sqlite3_bind_int64(st, 15, (sqlite3_int64)row);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    if (rc == SQLITE_ROW)
        snprintf(id, CU_ID_LEN + 2, "%s", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_ROW ? CU_OK : rc == SQLITE_DONE ? CU_NOT_FOUND : cu_sql_err(rc);
}

cu_err cu_store_exchange_groups(cu_store *s, cu_store_group by, const cu_store_exchange_filter *w, cu_store_group_fn each, void *arg)
{
    static const char *const columns[] = {
        [CU_GROUP_TENANT] = "f.tenant,''", [CU_GROUP_USER] = "f.user,''", [CU_GROUP_KEY] = "f.key,f.user", [CU_GROUP_VENDOR] = "f.vendor,''",
        [CU_GROUP_MODEL] = "f.model,''", [CU_GROUP_DECISION] = "f.decision,''", [CU_GROUP_CLIENT] = "f.client,''",
        [CU_GROUP_STATUS] = "CAST(f.status AS TEXT),''", [CU_GROUP_FOUND] = "f.found,''", [CU_GROUP_CLASS] = "f.class,f.act",
        [CU_GROUP_RULE] = "f.rule,f.act", [CU_GROUP_VENDOR_DECISION] = "f.vendor,f.decision"};
    char sql[1400];
    pthread_mutex_lock(&s->look_lock);
    snprintf(sql, sizeof sql, "SELECT %s,count(*),max(f.at) FROM exchange_face f" WHERE " GROUP BY 1,2 ORDER BY 3 DESC LIMIT 500", columns[by]);
    sqlite3_stmt *st = ask(s, sql, w);
    int rc = SQLITE_ERROR;
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW)
        each(arg, (const char *)sqlite3_column_text(st, 0), (const char *)sqlite3_column_text(st, 1), (uint64_t)sqlite3_column_int64(st, 2),
             (const char *)sqlite3_column_text(st, 3));
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_disclosures(cu_store *s, const cu_store_exchange_filter *w, unsigned limit, cu_store_disclosure_fn each, void *arg)
{
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = ask(s, "WITH g AS MATERIALIZED (SELECT f.* FROM exchange_face f" WHERE " AND f.decision='allow'),"
                              " k AS (SELECT g.tenant t,g.user u,g.vendor v,g.class c,j.key kind,sum(j.value) n FROM g JOIN exchange e ON e.row=g.row,"
                              " json_each(e.request,'$.findings') j WHERE g.found<>'' GROUP BY 1,2,3,4,5),"
                              " o AS (SELECT t,u,v,c,json_group_object(kind,n) kinds FROM k GROUP BY 1,2,3,4)"
                              " SELECT l.tenant,l.user,l.vendor,l.class,coalesce(o.kinds,'{}'),l.first,l.last,l.n,l.hits FROM"
                              " (SELECT tenant,user,vendor,class,count(*) n,sum(found<>'') hits,min(at) first,max(at) last FROM g GROUP BY 1,2,3,4) l"
                              " LEFT JOIN o ON o.t=l.tenant AND o.u=l.user AND o.v=l.vendor AND o.c=l.class ORDER BY l.n DESC,1,2,3,4 LIMIT ?15", w);
    int rc = st ? sqlite3_bind_int64(st, 15, limit) : SQLITE_ERROR;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        if (rc != SQLITE_ROW)
            break;
        const char *t[7];
        for (int i = 0; i < 7; i++)
            t[i] = (const char *)sqlite3_column_text(st, i);
        const cu_store_disclosure d = {t[0], t[1], t[2], t[3], t[4], t[5], t[6], (uint64_t)sqlite3_column_int64(st, 7), (uint64_t)sqlite3_column_int64(st, 8)};
        each(arg, &d);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

/* --- entries --- */

#define ENTRY "SELECT log,idx,type,ts,actor,writer,epoch,seq FROM event"
#define ENTRY_WHERE \
    " WHERE log=?1 AND (?2='' OR type=?2 OR (substr(?2,-1)='*' AND type GLOB ?2)) AND (?3='' OR actor=?3) AND (?4='' OR ts>=?4) AND (?5='' OR ts<?5)"

static cu_err entries(cu_store *s, sqlite3_stmt *st, cu_store_entry_fn each, void *arg)
{
    int rc = SQLITE_ERROR;
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const cu_store_entry x = {
            .log = (const char *)sqlite3_column_text(st, 0), .index = (uint64_t)sqlite3_column_int64(st, 1),
            .type = (const char *)sqlite3_column_text(st, 2), .ts = (const char *)sqlite3_column_text(st, 3),
            .actor = (const char *)sqlite3_column_text(st, 4), .writer = (const char *)sqlite3_column_text(st, 5),
            .epoch = (uint64_t)sqlite3_column_int64(st, 6), .seq = (uint64_t)sqlite3_column_int64(st, 7)};
        each(arg, &x);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_entries(cu_store *s, const cu_store_entry_filter *w, uint64_t before, unsigned limit, cu_store_entry_fn each, void *arg, uint64_t *total)
{
    cu_bytes log = cu_str(w->log), type = cu_str(w->type ? w->type : ""), actor = cu_str(w->actor ? w->actor : "");
    cu_bytes from = cu_str(w->from ? w->from : ""), to = cu_str(w->to ? w->to : "");
    uint64_t n = limit, top = before ? before : (uint64_t)INT64_MAX;
    const void *const args[] = {&log, &type, &actor, &from, &to, &top, &n};
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *all = cu_sql_prepare(s->look, "SELECT count(*) FROM event" ENTRY_WHERE, "ttttt", args);
    *total = all && sqlite3_step(all) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(all, 0) : 0;
    sqlite3_finalize(all);
    cu_err e = entries(s, cu_sql_prepare(s->look, ENTRY ENTRY_WHERE " AND idx<?6 ORDER BY idx DESC LIMIT ?7", "tttttii", args), each, arg);
    pthread_mutex_unlock(&s->look_lock);
    return e;
}

cu_err cu_store_chain(cu_store *s, const cu_store_entry *of, bool after, cu_store_entry_fn each, void *arg)
{
    cu_bytes writer = cu_str(of->writer);
    const void *const args[] = {&writer, &of->epoch, &of->seq};
    pthread_mutex_lock(&s->look_lock);
    cu_err e = entries(s, cu_sql_prepare(s->look, after ? ENTRY " WHERE writer=? AND epoch=? AND seq=?+1" : ENTRY " WHERE writer=? AND epoch=? AND seq=?-1",
                                         "tii", args), each, arg);
    pthread_mutex_unlock(&s->look_lock);
    return e;
}

cu_err cu_store_entry_types(cu_store *s, const char *log, cu_store_group_fn each, void *arg)
{
    cu_bytes l = cu_str(log);
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT type,'',count(*),max(ts) FROM event WHERE log=? GROUP BY type ORDER BY 1 LIMIT 500", "t",
                                      (const void *[]){&l});
    int rc = SQLITE_ERROR;
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW)
        each(arg, (const char *)sqlite3_column_text(st, 0), "", (uint64_t)sqlite3_column_int64(st, 2), (const char *)sqlite3_column_text(st, 3));
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}
