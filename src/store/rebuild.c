/* The projections made anew from the sealed logs, and held against the live ones: both are dumped in one
 * canonical form (each table's rows in the order of what they mean, without the numbers that SQLite gives)
 * and must be equal to the byte. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "ledger/log.h"
#include "sql.h"

#define BATCH 20000u /* entries of one transaction */
#define LOGS_MAX 4096u

/* Every projection: what is dumped, in which order. */
static const struct {
    const char *name, *live;
} dumps[] = {
    {"delivered", "SELECT log,size FROM delivered ORDER BY log"},
    {"event", "SELECT log,idx,type,ts,actor,writer,epoch,seq FROM event ORDER BY log,idx"},
    {"exchange", "SELECT id,tenant,at,log,request_type,request,request_index,answer_type,answer,answer_index FROM exchange ORDER BY id"},
    {"exchange_face", "SELECT e.id,f.at,f.tenant,f.user,f.key,f.vendor,f.model,f.decision,f.client,f.state,f.status,f.found,f.class,f.rule,f.act"
                      " FROM exchange_face f JOIN exchange e USING(row) ORDER BY e.id"},
    {"scan", "SELECT id,log,idx,at,repository,mode,scope,body,before,fresh,gone,still,estimated,other_rules FROM scan ORDER BY log,idx"},
    {"key_use", "SELECT id,last FROM key_use ORDER BY id"},
    {"account", cu_account_dump},
    {"provider_usage", "SELECT vendor,day,at,idx,form,source,ours,theirs,gap,permille,tokens FROM provider_usage ORDER BY vendor,day"},
    {"misfit", "SELECT log,idx,type,why FROM misfit ORDER BY log,idx"},
    {"record", "SELECT register,id,log,first,opened,opened_by FROM record ORDER BY log,first"},
    {"record_step", "SELECT register,id,log,idx,leaf,type,ts,actor,state,fields FROM record_step ORDER BY log,idx"},
    {"body", "SELECT exchange,part,tenant,at,log,idx,class,key,digest,commitment,bytes,whole,missing FROM body ORDER BY exchange,part"},
    {"reading", "SELECT id,exchange,tenant,class,by,purpose,at,log,idx,decision,decided_by,decided,reads,last,last_idx FROM reading ORDER BY id"},
    {"printed", "SELECT log,idx,exchange,tenant,first,prints FROM printed ORDER BY log,idx"},
    {"print", "SELECT w.log,w.idx,p.line FROM print p JOIN printed w USING(row) ORDER BY w.log,w.idx,p.line"},
    {"holder", "SELECT id,tenant,user,name,created,expires,revoked,service,vendors,models,repos,classes,tools,requests_per_minute,tokens_per_minute,"
               "tokens_per_day,spend_per_day,concurrent,replaces FROM holder ORDER BY id"},
};

typedef struct {
    cu_store *to;
    cu_bytes log;
    uint64_t in_batch, entries;
} rebuilding;

static cu_err take(void *arg, uint64_t index, cu_bytes leaf)
{
    rebuilding *r = arg;
    if (r->in_batch == BATCH) {
        CU_TRY(cu_store_end(r->to));
        CU_TRY(cu_store_begin(r->to));
        r->in_batch = 0;
    }
    r->in_batch++;
    r->entries++;
    return cu_store_take(r->to, r->log, index, leaf);
}

static cu_err take_log(rebuilding *r, const char *log_dir, const char *name, uint64_t size, cu_fault *f)
{
    char dir[4300];
    cu_log *l;
    snprintf(dir, sizeof dir, "%s/%s", log_dir, name);
    CU_TRY(cu_log_open(dir, &l, f));
    r->log = cu_str(name);
    cu_err e = cu_log_walk(l, 0, size, take, r, f);
    cu_log_close(l);
    return e;
}

/* --- which logs, and how far --- */

typedef struct {
    char name[80];
    uint64_t size;
} reach;

typedef struct {
    reach *v;
    size_t n;
} reaches;

static bool add(reaches *r, const char *name, uint64_t size)
{
    reach *v = r->n < LOGS_MAX ? realloc(r->v, (r->n + 1) * sizeof *v) : NULL;
    if (!v)
        return false;
    r->v = v;
    snprintf(v[r->n].name, sizeof v->name, "%s", name);
    v[r->n++].size = size;
    return true;
}

/* In the reader's transaction: what is compared later has got exactly this far. */
static cu_err as_live(sqlite3 *live, reaches *r)
{
    sqlite3_stmt *st = cu_sql_prepare(live, "SELECT log,size FROM delivered ORDER BY log", "", NULL);
    cu_err e = st ? CU_OK : CU_IO;
    while (e == CU_OK && sqlite3_step(st) == SQLITE_ROW)
        e = add(r, (const char *)sqlite3_column_text(st, 0), (uint64_t)sqlite3_column_int64(st, 1)) ? CU_OK : CU_NOMEM;
    sqlite3_finalize(st);
    return e;
}

static cu_err as_sealed(const char *log_dir, reaches *r)
{
    static const char *const own[] = {"anchor", "org"};
    char path[4300], name[80];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s/checkpoint", log_dir, own[i]);
        if (access(path, R_OK) == 0 && !add(r, own[i], UINT64_MAX))
            return CU_NOMEM;
    }
    snprintf(path, sizeof path, "%s/t", log_dir);
    DIR *d = opendir(path);
    cu_err e = CU_OK;
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));)
        if (en->d_name[0] != '.') {
            snprintf(name, sizeof name, "t/%.70s", en->d_name);
            e = add(r, name, UINT64_MAX) ? CU_OK : CU_NOMEM;
        }
    if (d)
        closedir(d);
    return e;
}

static cu_err fill(const char *log_dir, const reaches *r, cu_store *to, cu_rebuilt *out, cu_fault *f)
{
    rebuilding b = {.to = to};
    CU_TRY(cu_store_begin(to));
    for (size_t i = 0; i < r->n; i++)
        CU_TRY(take_log(&b, log_dir, r->v[i].name, r->v[i].size, f));
    out->logs = r->n;
    out->entries = b.entries;
    return cu_store_end(to);
}

/* --- comparing --- */

/* One row, unmistakably: each value with its kind and length. */
static bool next_row(sqlite3_stmt *st, cu_buf *row)
{
    cu_buf_reset(row);
    if (sqlite3_step(st) != SQLITE_ROW)
        return false;
    for (int i = 0; i < sqlite3_column_count(st); i++) {
        const void *p = sqlite3_column_blob(st, i);
        int n = sqlite3_column_bytes(st, i);
        cu_buf_fmt(row, "%d:%d:", sqlite3_column_type(st, i), n);
        cu_buf_put(row, p, (size_t)n);
        cu_buf_byte(row, ';');
    }
    return true;
}

static void differ(cu_rebuilt *out, const char *table, uint64_t row, const char *how)
{
    if (out->differences++ == 0)
        snprintf(out->first, sizeof out->first, "%s, row %llu: %s", table, (unsigned long long)row, how);
}

static cu_err compare_table(sqlite3 *live, sqlite3 *fresh, size_t i, cu_hasher *h, cu_rebuilt *out)
{
    cu_buf a CU_CLEAN_BUF = CU_BUF(1 << 20), b CU_CLEAN_BUF = CU_BUF(1 << 20);
    sqlite3_stmt *x = live ? cu_sql_prepare(live, dumps[i].live, "", NULL) : NULL, *y = cu_sql_prepare(fresh, dumps[i].live, "", NULL);
    bool same = true, more_x = true, more_y = true;
    cu_err e = y && (x || !live) ? CU_OK : CU_IO;
    for (uint64_t row = 0; e == CU_OK && (more_x || more_y); row++) {
        more_y = more_y && next_row(y, &b);
        more_x = live && more_x && next_row(x, &a);
        if (more_y)
            cu_hasher_add(h, cu_buf_view(&b));
        if (live && same && (more_x != more_y || !cu_eq(cu_buf_view(&a), cu_buf_view(&b)))) {
            differ(out, dumps[i].name, row, !more_x ? "only in the log" : !more_y ? "not in the log" : "not as the log says");
            same = false;
        }
        e = a.err ? a.err : b.err;
    }
    sqlite3_finalize(x);
    sqlite3_finalize(y);
    return e;
}

/* What the register says of keys, beside their hashes and what somebody wrote to tell them apart (which may
 * name a person, and is in no log), against what the log says. A key that the log has
 * not sealed yet is not compared. */
static cu_err compare_register(sqlite3 *live, cu_rebuilt *out)
{
    static const char sql[] =
        "SELECT count(*),min(k.id) FROM holder h LEFT JOIN key k ON k.id=h.id LEFT JOIN key_terms t ON t.id=h.id WHERE k.id IS NOT NULL AND"
        " (k.tenant,k.user,k.created,k.expires,k.revoked,coalesce(t.requests_per_minute,0),coalesce(t.tokens_per_minute,0),"
        "coalesce(t.tokens_per_day,0),coalesce(t.spend_per_day,0),coalesce(t.concurrent,0),coalesce(t.service,0),coalesce(t.vendors,''),coalesce(t.models,''),coalesce(t.repos,''),"
        "coalesce(t.classes,''),coalesce(t.tools,''),coalesce(t.replaces,''))"
        "<>(h.tenant,h.user,h.created,h.expires,h.revoked,h.requests_per_minute,h.tokens_per_minute,h.tokens_per_day,h.spend_per_day,"
        "h.concurrent,h.service,h.vendors,h.models,h.repos,h.classes,h.tools,h.replaces)";
    sqlite3_stmt *st = cu_sql_prepare(live, sql, "", NULL);
    cu_err e = st && sqlite3_step(st) == SQLITE_ROW ? CU_OK : CU_IO;
    if (e == CU_OK && sqlite3_column_int64(st, 0))
        differ(out, "key", (uint64_t)sqlite3_column_int64(st, 0), (const char *)sqlite3_column_text(st, 1));
    sqlite3_finalize(st);
    return e;
}

static cu_err compare(sqlite3 *live, cu_store *fresh, cu_rebuilt *out)
{
    cu_sha256 digest;
    cu_hasher *h = cu_hasher_new(CU_LIT("custos projections"));
    cu_err e = h ? CU_OK : CU_NOMEM;
    for (size_t i = 0; e == CU_OK && i < sizeof dumps / sizeof *dumps; i++)
        e = compare_table(live, fresh->db, i, h, out);
    if (e == CU_OK && live)
        e = compare_register(live, out);
    if (h)
        cu_hasher_end(h, &digest);
    if (e == CU_OK)
        cu_hex(out->digest, digest.b, sizeof digest.b);
    return e;
}

/* A reader's transaction: one moment of the live ones, however long the rebuilding takes. */
static cu_err open_live(const char *path, sqlite3 **out, cu_fault *f)
{
    if (sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK && sqlite3_busy_timeout(*out, 10000) == SQLITE_OK &&
        sqlite3_exec(*out, "PRAGMA query_only=ON; BEGIN; SELECT count(*) FROM delivered", NULL, NULL, NULL) == SQLITE_OK)
        return CU_OK;
    return cu_fail(f, CU_IO, "%.200s: %s", path, *out ? sqlite3_errmsg(*out) : "out of memory");
}

cu_err cu_store_rebuild(const char *log_dir, const char *live, const char *fresh, const cu_store_rules *rules, cu_rebuilt *out, cu_fault *f)
{
    reaches r = {0};
    sqlite3 *db = NULL;
    cu_store *to = NULL;
    *out = (cu_rebuilt){0};
    if (access(fresh, F_OK) == 0)
        return cu_fail(f, CU_EXISTS, "%.200s exists already", fresh);
    cu_err e = live ? open_live(live, &db, f) : CU_OK;
    if (e == CU_OK)
        e = live ? as_live(db, &r) : as_sealed(log_dir, &r);
    if (e == CU_OK)
        e = cu_store_open(fresh, &to, f);
    if (e == CU_OK && sqlite3_exec(to->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK) /* made anew if it is lost */
        e = CU_IO;
    if (e == CU_OK) {
        cu_store_judge(to, rules);
        e = fill(log_dir, &r, to, out, f);
    }
    if (e == CU_OK)
        e = compare(db, to, out);
    if (e == CU_OK)
        out->misfits = cu_sql_number(to, to->db, "SELECT count(*) FROM misfit", "", NULL);
    cu_store_close(to);
    sqlite3_close(db);
    free(r.v);
    return e == CU_OK || (f && f->code) ? e : cu_fail(f, e, "the projections could not be made anew: %s", cu_err_text(e));
}
