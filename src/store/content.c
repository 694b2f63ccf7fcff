/* Bodies that are kept, and who asked for, approved and read them: from the log alone. */
#include <jansson.h>
#include <stdio.h>
#include "sql.h"
#include "store/content.h"

static json_t *body_of(const cu_leaf *l)
{
    return json_loadb((const char *)l->body.p, l->body.n, JSON_REJECT_DUPLICATES, NULL);
}

static const char *column(sqlite3_stmt *st, int i)
{
    const char *s = (const char *)sqlite3_column_text(st, i);
    return s ? s : "";
}

static cu_bytes text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return cu_str(s ? s : "");
}

static uint64_t number(const json_t *o, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(o, name));
    return v > 0 ? (uint64_t)v : 0;
}

bool cu_concerns_content(cu_bytes type)
{
    return cu_starts(type, CU_LIT("content.")) && !cu_eq_str(type, "content.erased");
}

static cu_err captured(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l, const json_t *o)
{
    cu_bytes exchange = text(o, "exchange"), part = text(o, "part"), class = text(o, "class"), key = text(o, "key"), digest = text(o, "digest");
    cu_bytes commitment = text(o, "commitment"), why = text(o, "reason");
    uint64_t bytes = number(o, "bytes"), whole = !json_is_false(json_object_get(o, "whole"));
    return cu_sql_run(s, s->db, "INSERT OR REPLACE INTO body(exchange,part,tenant,at,log,idx,class,key,digest,commitment,bytes,whole,missing)"
                                " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)", "tttttittttiit",
                      (const void *[]){&exchange, &part, &l->tenant, &l->ts, &log, &index, &class, &key, &digest, &commitment, &bytes, &whole, &why});
}

/* The value of a member of a leaf's body up to its end: fixed order, plain words. */
static cu_bytes after(cu_bytes body, const char *member, char end)
{
    size_t at = cu_find(body, cu_str(member), 0), from = at + strlen(member);
    const uint8_t *to = at == (size_t)-1 ? NULL : memchr(body.p + from, end, body.n - from);
    return to ? cu_slice(body, from, (size_t)(to - body.p)) : CU_NONE;
}

static bool no_bytes(cu_bytes body, const char *member)
{
    cu_bytes n = after(body, member, ',');
    return n.n == 0 || cu_eq_str(n, "0");
}

/* The entry may have come before: a request that waits for its file does. */
static cu_err await(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l, cu_bytes exchange, cu_bytes class, const char *of)
{
    cu_bytes part = cu_str(of);
    return cu_sql_run(s, s->db, "INSERT OR IGNORE INTO body(exchange,part,tenant,at,log,idx,class,key,digest,commitment,bytes,whole,missing)"
                                " VALUES(?,?,?,?,?,?,?,'','','',0,1,'awaited')", "tttttit",
                      (const void *[]){&exchange, &part, &l->tenant, &l->ts, &log, &index, &class});
}

cu_err cu_project_awaited_request(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    cu_bytes class = cu_eq_str(l->type, "exchange.request") ? after(l->body, "\"capture\":\"", '"') : CU_NONE;
    return class.n && !no_bytes(l->body, "\"body_bytes\":") ? await(s, log, index, l, l->id, class, "request") : CU_OK;
}

cu_err cu_project_awaited_answer(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l, cu_bytes exchange)
{
    if (no_bytes(l->body, "\"answer_bytes\":"))
        return CU_OK;
    return cu_sql_run(s, s->db, "INSERT OR IGNORE INTO body(exchange,part,tenant,at,log,idx,class,key,digest,commitment,bytes,whole,missing)"
                                " SELECT exchange,'answer',tenant,?,?,?,class,'','','',0,1,'awaited' FROM body WHERE exchange=? AND part='request'", "ttit",
                      (const void *[]){&l->ts, &log, &index, &exchange});
}

static cu_err asked(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l, const json_t *o)
{
    cu_bytes exchange = text(o, "exchange"), class = text(o, "class"), by = text(o, "by"), purpose = text(o, "purpose");
    return cu_sql_run(s, s->db, "INSERT OR IGNORE INTO reading(id,exchange,tenant,class,by,purpose,at,log,idx,decision,decided_by,decided,reads,last,last_idx)"
                                " VALUES(?,?,?,?,?,?,?,?,?,'','','',0,'',0)", "ttttttt" "ti",
                      (const void *[]){&l->id, &exchange, &l->tenant, &class, &by, &purpose, &l->ts, &log, &index});
}

static cu_err decided(cu_store *s, const cu_leaf *l, const json_t *o, const char *decision)
{
    cu_bytes reading = text(o, "reading"), by = text(o, "by"), word = cu_str(decision);
    return cu_sql_run(s, s->db, "UPDATE reading SET decision=?,decided_by=?,decided=? WHERE id=? AND decision=''", "tttt",
                      (const void *[]){&word, &by, &l->ts, &reading});
}

/* Entries of one log come in order: an entry that comes again counts once. */
static cu_err read_again(cu_store *s, uint64_t index, const cu_leaf *l, const json_t *o)
{
    cu_bytes reading = text(o, "reading");
    return cu_sql_run(s, s->db, "UPDATE reading SET reads=reads+1,last=?1,last_idx=?2 WHERE id=?3 AND last_idx<?2", "tit",
                      (const void *[]){&l->ts, &index, &reading});
}

cu_err cu_project_content(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    json_t *o = body_of(l);
    cu_err e = CU_OK;
    if (!o)
        return CU_OK; /* counted as one that does not fit */
    if (cu_eq_str(l->type, "content.captured") || cu_eq_str(l->type, "content.not_captured"))
        e = captured(s, log, index, l, o);
    else if (cu_eq_str(l->type, "content.read_requested"))
        e = asked(s, log, index, l, o);
    else if (cu_eq_str(l->type, "content.read_approved"))
        e = decided(s, l, o, "approved");
    else if (cu_eq_str(l->type, "content.read_refused"))
        e = decided(s, l, o, "refused");
    else if (cu_eq_str(l->type, "content.read"))
        e = read_again(s, index, l, o);
    json_decref(o);
    return e;
}

cu_err cu_store_bodies(cu_store *s, const char *exchange, cu_store_body_fn each, void *arg)
{
    cu_bytes x = cu_str(exchange);
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT part,tenant,at,log,idx,class,key,digest,commitment,bytes,whole,missing FROM body WHERE exchange=?"
                                               " AND missing<>'awaited' ORDER BY part DESC", "t", (const void *[]){&x});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const cu_store_body b = {.exchange = exchange, .part = column(st, 0), .tenant = column(st, 1), .at = column(st, 2), .log = column(st, 3),
                                 .index = (uint64_t)sqlite3_column_int64(st, 4), .class = column(st, 5), .key = column(st, 6), .digest = column(st, 7),
                                 .commitment = column(st, 8), .bytes = (uint64_t)sqlite3_column_int64(st, 9), .whole = sqlite3_column_int(st, 10),
                                 .missing = column(st, 11)};
        each(arg, &b);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_awaited_bodies(cu_store *s, const char *before, unsigned limit, cu_store_body_fn each, void *arg)
{
    cu_bytes at = cu_str(before);
    uint64_t n = limit;
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT exchange,part,tenant,class FROM body WHERE missing='awaited' AND at<? ORDER BY at LIMIT ?", "ti",
                                      (const void *[]){&at, &n});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const cu_store_body b = {.exchange = column(st, 0), .part = column(st, 1), .tenant = column(st, 2), .class = column(st, 3)};
        each(arg, &b);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_readings(cu_store *s, const char *id, const char *exchange, uint64_t before, unsigned limit, cu_store_reading_fn each, void *arg)
{
    cu_bytes i = cu_str(id ? id : ""), x = cu_str(exchange ? exchange : "");
    uint64_t from = before ? before : (uint64_t)INT64_MAX, n = limit;
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT row,id,exchange,tenant,class,by,purpose,at,log,idx,decision,decided_by,decided,reads,last FROM reading"
                                               " WHERE row<?1 AND (?2='' OR id=?2) AND (?3='' OR exchange=?3) ORDER BY row DESC LIMIT ?4", "itti",
                                      (const void *[]){&from, &i, &x, &n});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const cu_store_reading r = {.row = (uint64_t)sqlite3_column_int64(st, 0), .id = column(st, 1), .exchange = column(st, 2), .tenant = column(st, 3),
                                    .class = column(st, 4), .by = column(st, 5), .purpose = column(st, 6), .at = column(st, 7), .log = column(st, 8),
                                    .index = (uint64_t)sqlite3_column_int64(st, 9), .decision = column(st, 10), .decided_by = column(st, 11),
                                    .decided = column(st, 12), .reads = (uint64_t)sqlite3_column_int64(st, 13), .last = column(st, 14)};
        each(arg, &r);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}
