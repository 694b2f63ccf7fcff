/* Fingerprints of generated code: each entry with its prints as they came, and of each line where it stands. */
#include <stdlib.h>
#include "sql.h"
#include "store/prints.h"

const char cu_print_schema[] =
    "CREATE TABLE IF NOT EXISTS printed(row INTEGER PRIMARY KEY, log TEXT NOT NULL, idx INTEGER NOT NULL, exchange TEXT NOT NULL, tenant TEXT NOT NULL,"
    " first INTEGER NOT NULL, prints BLOB NOT NULL, UNIQUE(log, idx)) STRICT;"
    "CREATE INDEX IF NOT EXISTS printed_exchange ON printed(exchange, first);"
    "CREATE TABLE IF NOT EXISTS print(line INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY(line, row)) STRICT, WITHOUT ROWID;";

/* A member of a body in canonical form: plain words, fixed order. */
static cu_bytes member(cu_bytes body, const char *key, const char *end)
{
    size_t at = cu_find(body, cu_str(key), 0), from = at == SIZE_MAX ? at : at + strlen(key), to = at == SIZE_MAX ? at : cu_find(body, cu_str(end), from);
    return to == SIZE_MAX ? CU_NONE : cu_slice(body, from, to);
}

static uint64_t number(cu_bytes text)
{
    uint64_t v = 0;
    for (size_t i = 0; i < text.n && i < 9 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    return v;
}

static uint64_t line_of(const uint8_t *p)
{
    return (uint64_t)p[0] << 32 | (uint64_t)p[1] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 8 | p[4];
}

/* An entry that is not as this version writes it counts as an event and as nothing else. */
cu_err cu_project_prints(cu_store *s, cu_bytes log, uint64_t index, const cu_leaf *l)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    cu_bytes exchange = member(l->body, "\"exchange\":\"", "\""), text = member(l->body, "\"prints\":\"", "\"");
    uint64_t first = number(member(l->body, "\"first\":", ","));
    if (exchange.n != CU_ID_LEN - 1 || cu_unbase64(&b, text) != CU_OK || b.n % CU_STORE_PRINT)
        return CU_OK;
    cu_bytes prints = cu_buf_view(&b);
    CU_TRY(cu_sql_run(s, s->db, "INSERT OR IGNORE INTO printed(log,idx,exchange,tenant,first,prints) VALUES(?,?,?,?,?,?)", "tittib",
                      (const void *[]){&log, &index, &exchange, &l->tenant, &first, &prints}));
    uint64_t row = cu_sql_number(s, s->db, "SELECT row FROM printed WHERE log=? AND idx=?", "ti", (const void *[]){&log, &index});
    for (size_t i = 0; i < b.n; i += CU_STORE_PRINT) {
        uint64_t line = line_of(b.p + i);
        CU_TRY(cu_sql_run(s, s->db, "INSERT OR IGNORE INTO print(line,row) VALUES(?,?)", "ii", (const void *[]){&line, &row}));
    }
    return CU_OK;
}

cu_err cu_store_print_find(cu_store *s, const char *tenant, const uint64_t *lines, size_t n, cu_store_print_fn each, void *arg)
{
    int rc = SQLITE_DONE;
    cu_bytes t = cu_str(tenant);
    uint64_t none = 0;
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT w.exchange FROM print p JOIN printed w USING(row) WHERE p.line=? AND w.tenant=? ORDER BY p.row LIMIT 64", "it",
                                      (const void *[]){&none, &t});
    for (size_t i = 0; st && rc == SQLITE_DONE && i < n; i++) {
        sqlite3_reset(st);
        sqlite3_bind_int64(st, 1, (sqlite3_int64)lines[i]);
        while ((rc = sqlite3_step(st)) == SQLITE_ROW)
            each(arg, i, (const char *)sqlite3_column_text(st, 0));
    }
    rc = st ? rc : SQLITE_ERROR;
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_prints_of(cu_store *s, const char *exchange, cu_buf *out)
{
    int rc = SQLITE_ERROR;
    cu_bytes x = cu_str(exchange);
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT prints FROM printed WHERE exchange=? ORDER BY first,row", "t", (const void *[]){&x});
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW)
        cu_buf_put(out, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? cu_buf_err(out) : cu_sql_err(rc);
}
