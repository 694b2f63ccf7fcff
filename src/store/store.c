#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "sql.h"

#define REG_WAIT_MS 30000 /* the longest a change of the register waits for the end of a round */
#define LET_IN_MS 2000

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
    "CREATE TABLE IF NOT EXISTS delivered(log TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS event(log TEXT NOT NULL, idx INTEGER NOT NULL, type TEXT NOT NULL, ts TEXT NOT NULL,"
    " actor TEXT NOT NULL, writer TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(log, idx)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS event_type ON event(type, ts);"
    "CREATE INDEX IF NOT EXISTS event_chain ON event(writer, epoch, seq);"
    "CREATE TABLE IF NOT EXISTS exchange(row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, tenant TEXT NOT NULL, at TEXT NOT NULL,"
    " log TEXT NOT NULL, request_type TEXT, request TEXT, request_index INTEGER, answer_type TEXT, answer TEXT, answer_index INTEGER) STRICT;"
    "CREATE INDEX IF NOT EXISTS exchange_open ON exchange(at) WHERE answer_type IS NULL AND request_type='exchange.request';"
    "CREATE TABLE IF NOT EXISTS scan(row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, log TEXT NOT NULL, idx INTEGER NOT NULL,"
    " at TEXT NOT NULL, repository TEXT NOT NULL, mode TEXT NOT NULL, scope TEXT NOT NULL, body TEXT NOT NULL, before TEXT,"
    " fresh INTEGER NOT NULL, gone INTEGER NOT NULL, still INTEGER NOT NULL, estimated INTEGER NOT NULL, other_rules INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS scan_series ON scan(log, repository, mode, idx);"
    "CREATE TABLE IF NOT EXISTS key(id TEXT PRIMARY KEY, hash BLOB UNIQUE NOT NULL, tenant TEXT NOT NULL, user TEXT NOT NULL,"
    " name TEXT NOT NULL, created TEXT NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS key_terms(id TEXT PRIMARY KEY, shown TEXT NOT NULL, service INTEGER NOT NULL, vendors TEXT NOT NULL,"
    " models TEXT NOT NULL, repos TEXT NOT NULL, classes TEXT NOT NULL, tools TEXT NOT NULL, requests_per_minute INTEGER NOT NULL,"
    " tokens_per_minute INTEGER NOT NULL, tokens_per_day INTEGER NOT NULL, spend_per_day INTEGER NOT NULL, concurrent INTEGER NOT NULL,"
    " replaces TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS key_use(id TEXT PRIMARY KEY, last TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS misfit(log TEXT NOT NULL, idx INTEGER NOT NULL, type TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY(log, idx))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS holder(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL, created TEXT NOT NULL,"
    " expires INTEGER NOT NULL, revoked INTEGER NOT NULL, service INTEGER NOT NULL, vendors TEXT NOT NULL, models TEXT NOT NULL, repos TEXT NOT NULL,"
    " classes TEXT NOT NULL, tools TEXT NOT NULL, requests_per_minute INTEGER NOT NULL, tokens_per_minute INTEGER NOT NULL,"
    " tokens_per_day INTEGER NOT NULL, spend_per_day INTEGER NOT NULL, concurrent INTEGER NOT NULL, replaces TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS body(exchange TEXT NOT NULL, part TEXT NOT NULL, tenant TEXT NOT NULL, at TEXT NOT NULL, log TEXT NOT NULL,"
    " idx INTEGER NOT NULL, class TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, commitment TEXT NOT NULL, bytes INTEGER NOT NULL,"
    " whole INTEGER NOT NULL, missing TEXT NOT NULL, PRIMARY KEY(exchange, part)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS body_awaited ON body(at) WHERE missing='awaited';"
    "CREATE TABLE IF NOT EXISTS reading(row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, exchange TEXT NOT NULL, tenant TEXT NOT NULL,"
    " class TEXT NOT NULL, by TEXT NOT NULL, purpose TEXT NOT NULL, at TEXT NOT NULL, log TEXT NOT NULL, idx INTEGER NOT NULL,"
    " decision TEXT NOT NULL, decided_by TEXT NOT NULL, decided TEXT NOT NULL, reads INTEGER NOT NULL, last TEXT NOT NULL, last_idx INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS reading_exchange ON reading(exchange);"
    "CREATE TABLE IF NOT EXISTS note(name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;";

/* Of the connection that takes what was sealed. A round's pages stay in memory until it ends: otherwise they are written,
 * and read again for the answer (KiB). What a power cut takes from the end is delivered again from the logs, so nobody waits for the
 * disk at each round, and what goes from the journal to the file goes in small steps (pages), as gateways write to the same disk. */
#define OF_ROUNDS "PRAGMA cache_size=-16384; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=256"

/* Nobody asks SQLite how much memory it uses; counting it takes a lock at each allocation. Too late is no harm. */
static void count_no_memory(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

cu_err cu_sql_err(int rc)
{
    return rc == SQLITE_FULL ? CU_NOSPC : rc == SQLITE_NOMEM ? CU_NOMEM : rc == SQLITE_CORRUPT ? CU_CORRUPT
           : rc == SQLITE_CONSTRAINT ? CU_EXISTS : CU_IO;
}

cu_err cu_store_schema(sqlite3 *db)
{
    bool ok = sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK && sqlite3_exec(db, cu_find_schema, NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_exec(db, cu_record_schema, NULL, NULL, NULL) == SQLITE_OK && sqlite3_exec(db, cu_usage_schema, NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_exec(db, cu_account_schema, NULL, NULL, NULL) == SQLITE_OK && sqlite3_exec(db, cu_print_schema, NULL, NULL, NULL) == SQLITE_OK;
    return ok ? CU_OK : CU_IO;
}

/* Projections of an older form go; the daemon fills them again from the logs. */
static bool renew(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(db, "SELECT (SELECT count(*) FROM pragma_table_info('event')) IN (0,8)", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW;
    bool same = ok && sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return ok && (same || sqlite3_exec(db, "BEGIN IMMEDIATE; DROP TABLE event; DROP TABLE IF EXISTS exchange; DROP TABLE IF EXISTS exchange_face;"
                                           "DROP TABLE IF EXISTS body; DROP TABLE IF EXISTS reading; DROP TABLE IF EXISTS print; DROP TABLE IF EXISTS printed; DROP TABLE IF EXISTS scan; DROP TABLE IF EXISTS key_use; DROP TABLE IF EXISTS delivered; COMMIT;",
                                       NULL, NULL, NULL) == SQLITE_OK);
}

/* Projections that an older version filled are filled again from entry 0. */
static const char refill[] = "BEGIN IMMEDIATE; DELETE FROM delivered; DELETE FROM event; DELETE FROM exchange; DELETE FROM exchange_face; DELETE FROM scan; DELETE FROM key_use;"
                             "DELETE FROM misfit; DELETE FROM holder; DELETE FROM account; DELETE FROM record; DELETE FROM record_step; DELETE FROM body; DELETE FROM reading; DELETE FROM print; DELETE FROM printed; PRAGMA user_version=3; COMMIT";

static bool bring_up_to_date(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW;
    bool old = ok && sqlite3_column_int(st, 0) < 3;
    sqlite3_finalize(st);
    return ok && (!old || sqlite3_exec(db, refill, NULL, NULL, NULL) == SQLITE_OK);
}

static bool open_one(const char *path, sqlite3 **db)
{
    return sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
           sqlite3_busy_timeout(*db, 10000) == SQLITE_OK && renew(*db) && cu_store_schema(*db) == CU_OK && bring_up_to_date(*db);
}

/* SQLite's own handler asks ten times a second in the end, and rounds that follow each other at once leave less than that. */
static int ask_again(void *arg, int times)
{
    return times < REG_WAIT_MS && usleep(1000) == 0;
}

cu_err cu_store_open(const char *path, cu_store **out, cu_fault *f)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, count_no_memory);
    cu_store *s = calloc(1, sizeof *s);
    if (!s)
        return CU_NOMEM;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->reg_lock, NULL);
    pthread_mutex_init(&s->look_lock, NULL);
    if (!open_one(path, &s->db) || sqlite3_exec(s->db, OF_ROUNDS, NULL, NULL, NULL) != SQLITE_OK || !open_one(path, &s->reg) ||
        sqlite3_busy_handler(s->reg, ask_again, NULL) != SQLITE_OK || !open_one(path, &s->look)) {
        sqlite3 *bad = s->look ? s->look : s->reg ? s->reg : s->db;
        cu_err e = cu_fail(f, CU_IO, "%.200s: %s", path, bad ? sqlite3_errmsg(bad) : "out of memory");
        cu_store_close(s);
        return e;
    }
    *out = s;
    return CU_OK;
}

void cu_store_close(cu_store *s)
{
    if (!s)
        return;
    sqlite3_finalize(s->face);
    sqlite3_finalize(s->ended);
    sqlite3_close(s->look);
    for (size_t i = 0; i < CU_SQL_KEPT; i++)
        sqlite3_finalize(s->kept[i].st);
    sqlite3_close(s->reg);
    sqlite3_close(s->db);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->reg_lock);
    pthread_mutex_destroy(&s->look_lock);
    free(s);
}

static void bind(sqlite3_stmt *st, const char *kinds, const void *const *args, sqlite3_destructor_type life)
{
    for (int i = 0; kinds[i]; i++) {
        const cu_bytes *b = args[i];
        if (kinds[i] == 'i')
            sqlite3_bind_int64(st, i + 1, (sqlite3_int64)*(const uint64_t *)args[i]);
        else if (kinds[i] == 't')
            sqlite3_bind_text(st, i + 1, b->p ? (const char *)b->p : "", (int)b->n, life);
        else
            sqlite3_bind_blob(st, i + 1, b->p, (int)b->n, life);
    }
}

sqlite3_stmt *cu_sql_prepare(sqlite3 *db, const char *sql, const char *kinds, const void *const *args)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        return NULL;
    bind(st, kinds, args, SQLITE_TRANSIENT);
    return st;
}

/* A statement of db that stays prepared; NULL when all places are taken. */
static sqlite3_stmt *keep(cu_store *s, const char *sql)
{
    size_t i = 0;
    while (i < CU_SQL_KEPT && s->kept[i].sql && s->kept[i].sql != sql)
        i++;
    if (i < CU_SQL_KEPT && !s->kept[i].st && sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->kept[i].st, NULL) == SQLITE_OK)
        s->kept[i].sql = sql;
    return i < CU_SQL_KEPT ? s->kept[i].st : NULL;
}

static int run_kept(sqlite3_stmt *st, const char *kinds, const void *const *args)
{
    bind(st, kinds, args, SQLITE_STATIC);
    int rc = sqlite3_step(st);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return rc;
}

static pthread_mutex_t *lock_of(cu_store *s, const sqlite3 *db)
{
    return db == s->reg ? &s->reg_lock : db == s->look ? &s->look_lock : &s->lock;
}

/* Who waits for the register is let in between two rounds. */
static void let_register_in(const cu_store *s)
{
    for (unsigned ms = 0; s->reg_waits && ms < LET_IN_MS; ms++)
        usleep(1000);
}

cu_err cu_sql_run(cu_store *s, sqlite3 *db, const char *sql, const char *kinds, const void *const *args)
{
    s->reg_waits += db == s->reg;
    pthread_mutex_lock(lock_of(s, db));
    sqlite3_stmt *kept = db == s->db ? keep(s, sql) : NULL, *st = kept ? NULL : cu_sql_prepare(db, sql, kinds, args);
    int rc = kept ? run_kept(kept, kinds, args) : st ? sqlite3_step(st) : SQLITE_ERROR;
    sqlite3_finalize(st);
    pthread_mutex_unlock(lock_of(s, db));
    s->reg_waits -= db == s->reg;
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? CU_OK : cu_sql_err(rc);
}

uint64_t cu_sql_number(cu_store *s, sqlite3 *db, const char *sql, const char *kinds, const void *const *args)
{
    pthread_mutex_lock(lock_of(s, db));
    sqlite3_stmt *st = cu_sql_prepare(db, sql, kinds, args);
    uint64_t v = st && sqlite3_step(st) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    pthread_mutex_unlock(lock_of(s, db));
    return v;
}

/* What every entry of a round would write again is written once, in the round's own transaction. */
static cu_err write_reach(cu_store *s, cu_bytes log, uint64_t size)
{
    return cu_sql_run(s, s->db, "INSERT INTO delivered(log,size) VALUES(?,?) ON CONFLICT(log) DO UPDATE SET size=max(size,excluded.size)", "ti",
                      (const void *[]){&log, &size});
}

static cu_err write_use(cu_store *s, cu_bytes key, cu_bytes ts)
{
    return cu_sql_run(s, s->db, "INSERT INTO key_use(id,last) VALUES(?,?) ON CONFLICT(id) DO UPDATE SET last=max(last,excluded.last)", "tt",
                      (const void *[]){&key, &ts});
}

static cu_err settle_reach(cu_store *s)
{
    uint64_t size = s->reach.size;
    s->reach.size = 0;
    return size ? write_reach(s, cu_bytes_of(s->reach.log, s->reach.log_n), size) : CU_OK;
}

static cu_err settle_uses(cu_store *s)
{
    size_t n = s->uses_n;
    s->uses_n = 0;
    for (size_t i = 0; i < n; i++)
        CU_TRY(write_use(s, cu_bytes_of(s->uses[i].id, s->uses[i].id_n), cu_bytes_of(s->uses[i].last, s->uses[i].last_n)));
    return CU_OK;
}

static cu_err reached(cu_store *s, cu_bytes log, uint64_t size)
{
    if (!s->in_round || log.n > sizeof s->reach.log)
        return write_reach(s, log, size);
    bool same = cu_eq(log, cu_bytes_of(s->reach.log, s->reach.log_n));
    if (!same)
        CU_TRY(settle_reach(s));
    s->reach.log_n = log.n;
    memcpy(s->reach.log, log.p, log.n);
    s->reach.size = size > s->reach.size ? size : s->reach.size;
    return CU_OK;
}

/* Times are of one form: their bytes are in their order. */
static cu_err used(cu_store *s, cu_bytes key, cu_bytes ts)
{
    if (key.n == 0)
        return CU_OK;
    if (!s->in_round || key.n > sizeof s->uses->id || ts.n > sizeof s->uses->last)
        return write_use(s, key, ts);
    size_t i = 0;
    while (i < s->uses_n && !cu_eq(key, cu_bytes_of(s->uses[i].id, s->uses[i].id_n)))
        i++;
    if (i < s->uses_n && cu_cmp(ts, cu_bytes_of(s->uses[i].last, s->uses[i].last_n)) <= 0)
        return CU_OK;
    if (i == CU_SQL_USES) {
        CU_TRY(settle_uses(s));
        i = 0;
    }
    s->uses_n = i == s->uses_n ? i + 1 : s->uses_n;
    s->uses[i].id_n = key.n;
    memcpy(s->uses[i].id, key.p, key.n);
    s->uses[i].last_n = ts.n;
    memcpy(s->uses[i].last, ts.p, ts.n);
    return CU_OK;
}

cu_err cu_store_begin(cu_store *s)
{
    let_register_in(s);
    CU_TRY(cu_sql_run(s, s->db, "BEGIN IMMEDIATE", "", NULL));
    s->in_round = true;
    return CU_OK;
}

cu_err cu_store_end(cu_store *s)
{
    cu_err reach = settle_reach(s), uses = settle_uses(s);
    s->in_round = false;
    CU_TRY(cu_sql_run(s, s->db, "COMMIT", "", NULL));
    return reach == CU_OK ? uses : reach;
}

uint64_t cu_store_delivered(cu_store *s, cu_bytes log)
{
    uint64_t size = cu_sql_number(s, s->db, "SELECT size FROM delivered WHERE log=?", "t", (const void *[]){&log});
    return s->reach.size > size && cu_eq(log, cu_bytes_of(s->reach.log, s->reach.log_n)) ? s->reach.size : size;
}

/* Through the other connection: it sees no round that is under way. */
cu_err cu_store_reaches(cu_store *s, cu_store_reach_fn each, void *arg)
{
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->reg_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->reg, "SELECT log,size FROM delivered ORDER BY log", "", NULL);
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW && each(arg, (const char *)sqlite3_column_text(st, 0), (uint64_t)sqlite3_column_int64(st, 1)))
        ;
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->reg_lock);
    return rc == SQLITE_DONE ? CU_OK : rc == SQLITE_ROW ? CU_NOMEM : cu_sql_err(rc);
}

/* The value of "exchange" in an answer's body: fixed order, plain words. */
static cu_bytes exchange_of(cu_bytes body)
{
    size_t at = cu_find(body, CU_LIT("\"exchange\":\""), 0);
    if (at == (size_t)-1 || body.n < at + 12 + CU_ID_LEN - 1)
        return CU_NONE;
    return cu_slice(body, at + 12, at + 12 + CU_ID_LEN - 1);
}

/* The value of "key" in a request's body. */
static cu_bytes key_of(cu_bytes body)
{
    size_t at = cu_find(body, CU_LIT("\"key\":\""), 0), end = at == (size_t)-1 ? at : cu_find(body, CU_LIT("\""), at + 7);
    return end == (size_t)-1 ? CU_NONE : cu_slice(body, at + 7, end);
}

/* An exchange is one row: its request or refusal, and its answer, in whichever order they come. */
static cu_err project(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    cu_bytes of = exchange_of(l->body);
    if (cu_eq_str(l->type, "exchange.request"))
        CU_TRY(used(s, key_of(l->body), l->ts));
    if (cu_eq_str(l->type, "exchange.request") || cu_eq_str(l->type, "input.rejected")) {
        CU_TRY(cu_sql_run(s, s->db, "INSERT INTO exchange(id,tenant,at,log,request_type,request,request_index) VALUES(?,?,?,?,?,?,?)"
                      " ON CONFLICT(id) DO UPDATE SET at=excluded.at,request_type=excluded.request_type,request=excluded.request,"
                      "request_index=excluded.request_index",
                   "tttttti", (const void *[]){&l->id, &l->tenant, &l->ts, &log, &l->type, &l->body, &index}));
        CU_TRY(cu_project_awaited_request(s, log, index, l));
        return cu_project_face(s, l->id);
    }
    if (of.n && (cu_eq_str(l->type, "exchange.response") || cu_eq_str(l->type, "exchange.aborted"))) {
        CU_TRY(cu_sql_run(s, s->db, "INSERT INTO exchange(id,tenant,at,log,answer_type,answer,answer_index) VALUES(?,?,?,?,?,?,?)"
                      " ON CONFLICT(id) DO UPDATE SET answer_type=excluded.answer_type,answer=excluded.answer,"
                      "answer_index=excluded.answer_index",
                   "tttttti", (const void *[]){&of, &l->tenant, &l->ts, &log, &l->type, &l->body, &index}));
        CU_TRY(cu_project_awaited_answer(s, log, index, l, of));
        return cu_project_face_answer(s, of, l);
    }
    if (of.n && cu_eq_str(l->type, "exchange.orphan")) /* an end that comes later counts */
        return cu_sql_run(s, s->db, "UPDATE exchange SET answer_type=?,answer=?,answer_index=? WHERE id=? AND answer_type IS NULL", "ttit",
                          (const void *[]){&l->type, &l->body, &index, &of});
    if (cu_concerns_accounts(l->type))
        CU_TRY(cu_project_account(s, l));
    if (cu_concerns_usage(l))
        return cu_project_usage(s, index, l);
    if (cu_concerns_content(l->type))
        return cu_project_content(s, log, index, l);
    if (cu_concerns_holders(l->type))
        return cu_project_holder(s, l);
    if (cu_eq_str(l->type, "output.printed"))
        return cu_project_prints(s, log, index, l);
    return cu_eq_str(l->type, "scan.completed") ? cu_project_scan(s, log, index, l) : CU_OK;
}

void cu_store_judge(cu_store *s, const cu_store_rules *rules)
{
    s->rules = *rules;
}

static cu_err judge(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    cu_fault f = {0};
    if (!s->rules.judge || s->rules.judge(s->rules.arg, l, &f) == CU_OK)
        return CU_OK;
    cu_bytes why = cu_str(f.text);
    return cu_sql_run(s, s->db, "INSERT OR IGNORE INTO misfit(log,idx,type,why) VALUES(?,?,?,?)", "titt",
                      (const void *[]){&log, &index, &l->type, &why});
}

uint64_t cu_store_misfits(cu_store *s, char last[400])
{
    last[0] = 0;
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT m.log,m.idx,m.why FROM misfit m JOIN event e USING(log,idx) ORDER BY e.ts DESC,m.idx DESC LIMIT 1", "", NULL);
    if (st && sqlite3_step(st) == SQLITE_ROW)
        snprintf(last, 400, "%s %lld: %s", (const char *)sqlite3_column_text(st, 0), (long long)sqlite3_column_int64(st, 1),
                 (const char *)sqlite3_column_text(st, 2));
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return last[0] ? cu_sql_number(s, s->db, "SELECT count(*) FROM misfit", "", NULL) : 0;
}

cu_err cu_store_take(cu_store *s, cu_bytes log, uint64_t index, cu_bytes leaf)
{
    cu_leaf l;
    CU_TRY(cu_leaf_parse(leaf, &l));
    return cu_store_take_leaf(s, log, index, &l);
}

cu_err cu_store_take_leaf(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    /* what a probe's tenants did is kept apart: it is nobody's business, and counts as nothing */
    bool probe = cu_starts(log, CU_LIT("t/probe-"));
    CU_TRY(cu_sql_run(s, s->db, probe ? "INSERT OR IGNORE INTO event VALUES(?,?,'probe:'||?,?,?,?,?,?)" : "INSERT OR IGNORE INTO event VALUES(?,?,?,?,?,?,?,?)",
               "tittttii", (const void *[]){&log, &index, &l->type, &l->ts, &l->actor, &l->writer, &l->epoch, &l->seq}));
    CU_TRY(judge(s, log, index, l));
    if (!probe)
        CU_TRY(project(s, log, index, l));
    if (!probe)
        CU_TRY(cu_project_record(s, log, index, l));
    return reached(s, log, index + 1);
}

cu_err cu_store_open_exchanges(cu_store *s, const char *before, unsigned limit, cu_store_exchange_fn each, void *arg)
{
    cu_bytes at = cu_str(before);
    uint64_t n = limit;
    int rc = SQLITE_ERROR;
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT id,tenant,at FROM exchange WHERE answer_type IS NULL AND request_type='exchange.request' AND at<?"
                                             " ORDER BY row LIMIT ?", "ti", (const void *[]){&at, &n});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const cu_store_exchange x = {.id = (const char *)sqlite3_column_text(st, 0), .tenant = (const char *)sqlite3_column_text(st, 1),
                                     .at = (const char *)sqlite3_column_text(st, 2)};
        each(arg, &x);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

uint64_t cu_store_exchange_count(cu_store *s)
{
    return cu_sql_number(s, s->db, "SELECT count(*) FROM exchange", "", NULL);
}

cu_err cu_store_last_of(cu_store *s, const char *type, char log[80], uint64_t *index)
{
    cu_bytes t = cu_str(type);
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT log,idx FROM event WHERE type=? ORDER BY ts DESC, idx DESC LIMIT 1", "t", (const void *[]){&t});
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    if (rc == SQLITE_ROW) {
        snprintf(log, 80, "%s", (const char *)sqlite3_column_text(st, 0));
        *index = (uint64_t)sqlite3_column_int64(st, 1);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return rc == SQLITE_ROW ? CU_OK : rc == SQLITE_DONE ? CU_NOT_FOUND : cu_sql_err(rc);
}

cu_err cu_store_events_of(cu_store *s, const char *type, cu_store_events *out)
{
    cu_bytes t = cu_str(type);
    *out = (cu_store_events){0};
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT count(*),coalesce(min(ts),''),coalesce(max(ts),'') FROM event WHERE type=?", "t", (const void *[]){&t});
    bool ok = st && sqlite3_step(st) == SQLITE_ROW;
    if (ok) {
        out->count = (uint64_t)sqlite3_column_int64(st, 0);
        snprintf(out->first, sizeof out->first, "%s", (const char *)sqlite3_column_text(st, 1));
        snprintf(out->last, sizeof out->last, "%s", (const char *)sqlite3_column_text(st, 2));
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return ok ? CU_OK : CU_IO;
}

cu_err cu_store_note(cu_store *s, const char *name, const char *text, bool *changed)
{
    cu_bytes n = cu_str(name), t = cu_str(text);
    *changed = cu_sql_number(s, s->reg, "SELECT count(*) FROM note WHERE name=? AND text=?", "tt", (const void *[]){&n, &t}) == 0;
    return !*changed ? CU_OK
                     : cu_sql_run(s, s->reg, "INSERT INTO note(name,text) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET text=excluded.text", "tt",
                           (const void *[]){&n, &t});
}

bool cu_store_noted(cu_store *s, const char *name)
{
    cu_bytes n = cu_str(name);
    return cu_sql_number(s, s->reg, "SELECT count(*) FROM note WHERE name=?", "t", (const void *[]){&n}) != 0;
}

cu_err cu_store_next(cu_store *s, const char *name, uint64_t *out)
{
    cu_bytes n = cu_str(name);
    CU_TRY(cu_sql_run(s, s->reg, "INSERT INTO note(name,text) VALUES(?,'1') ON CONFLICT(name) DO UPDATE SET text=CAST(CAST(text AS INTEGER)+1 AS TEXT)",
               "t", (const void *[]){&n}));
    *out = cu_sql_number(s, s->reg, "SELECT CAST(text AS INTEGER) FROM note WHERE name=?", "t", (const void *[]){&n});
    return *out ? CU_OK : CU_IO;
}
