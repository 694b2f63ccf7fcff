/* The register of keys: what was issued, to whom, for what. The key itself is not here. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "sql.h"

/* First its terms, then the key: a key that is there has its limits. */
cu_err cu_store_key_add(cu_store *s, const cu_store_key *k)
{
    cu_bytes id = cu_str(k->id), hash = cu_bytes_of(&k->hash, sizeof k->hash), tenant = cu_str(k->tenant), user = cu_str(k->user);
    cu_bytes name = cu_str(k->name), created = cu_str(k->created), shown = cu_str(k->shown), replaces = cu_str(k->replaces);
    cu_bytes vendors = cu_str(k->vendors), models = cu_str(k->models), repos = cu_str(k->repos), classes = cu_str(k->classes);
    cu_bytes tools = cu_str(k->tools);
    uint64_t service = k->service;
    CU_TRY(cu_sql_run(s, s->reg, "INSERT OR REPLACE INTO key_terms VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)", "ttitttttiiiiit",
                     (const void *[]){&id, &shown, &service, &vendors, &models, &repos, &classes, &tools, &k->requests_per_minute,
                                      &k->tokens_per_minute, &k->tokens_per_day, &k->spend_per_day, &k->concurrent, &replaces}));
    return cu_sql_run(s, s->reg, "INSERT INTO key(id,hash,tenant,user,name,created,expires,revoked) VALUES(?,?,?,?,?,?,?,0)", "tbtttti",
                     (const void *[]){&id, &hash, &tenant, &user, &name, &created, &k->expires_ns});
}

static void text_into(char *to, size_t n, sqlite3_stmt *st, int column)
{
    const unsigned char *text = sqlite3_column_text(st, column);
    snprintf(to, n, "%s", text ? (const char *)text : "");
}

static void read_key(sqlite3_stmt *st, cu_store_key *k)
{
    *k = (cu_store_key){.expires_ns = (uint64_t)sqlite3_column_int64(st, 6), .revoked = sqlite3_column_int(st, 7)};
    text_into(k->id, sizeof k->id, st, 0);
    if (sqlite3_column_bytes(st, 1) == sizeof k->hash)
        memcpy(&k->hash, sqlite3_column_blob(st, 1), sizeof k->hash);
    text_into(k->tenant, sizeof k->tenant, st, 2);
    text_into(k->user, sizeof k->user, st, 3);
    text_into(k->name, sizeof k->name, st, 4);
    text_into(k->created, sizeof k->created, st, 5);
    text_into(k->shown, sizeof k->shown, st, 8);
    k->service = sqlite3_column_int(st, 9);
    text_into(k->vendors, sizeof k->vendors, st, 10);
    text_into(k->models, sizeof k->models, st, 11);
    text_into(k->repos, sizeof k->repos, st, 12);
    text_into(k->classes, sizeof k->classes, st, 13);
    text_into(k->tools, sizeof k->tools, st, 14);
    k->requests_per_minute = (uint64_t)sqlite3_column_int64(st, 15);
    k->tokens_per_minute = (uint64_t)sqlite3_column_int64(st, 16);
    k->tokens_per_day = (uint64_t)sqlite3_column_int64(st, 17);
    k->spend_per_day = (uint64_t)sqlite3_column_int64(st, 18);
    k->concurrent = (uint64_t)sqlite3_column_int64(st, 19);
    text_into(k->replaces, sizeof k->replaces, st, 20);
    text_into(k->last_used, sizeof k->last_used, st, 21);
}

/* Room for one more. */
static bool grow(cu_store_key **v, size_t n, size_t *cap)
{
    if (n < *cap)
        return true;
    size_t want = *cap ? *cap * 2 : 16;
    cu_store_key *p = realloc(*v, want * sizeof *p);
    if (!p)
        return false;
    *v = p;
    *cap = want;
    return true;
}

cu_err cu_store_keys(cu_store *s, cu_store_key **out, size_t *n)
{
    size_t cap = 0;
    *out = NULL;
    *n = 0;
    pthread_mutex_lock(&s->reg_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->reg, "SELECT k.id,hash,tenant,user,name,created,expires,revoked,shown,service,vendors,models,repos,classes,"
                                             "tools,requests_per_minute,tokens_per_minute,tokens_per_day,spend_per_day,concurrent,replaces,u.last"
                                             " FROM key k LEFT JOIN key_terms t ON t.id=k.id LEFT JOIN key_use u ON u.id=k.id"
                                             " ORDER BY created, k.id", "", NULL);
    int rc = SQLITE_ERROR;
    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        if (!grow(out, *n, &cap)) {
            rc = SQLITE_NOMEM;
            break;
        }
        read_key(st, &(*out)[(*n)++]);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->reg_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}

cu_err cu_store_key_get(cu_store *s, const char *id, cu_store_key *out)
{
    cu_store_key *v;
    size_t n;
    cu_err e = cu_store_keys(s, &v, &n);
    bool found = false;
    for (size_t k = 0; e == CU_OK && k < n && !found; k++)
        if (strcmp(v[k].id, id) == 0) {
            *out = v[k];
            found = true;
        }
    free(v);
    return e != CU_OK ? e : found ? CU_OK : CU_NOT_FOUND;
}

cu_err cu_store_key_revoke(cu_store *s, const char *id, cu_store_key *out)
{
    cu_bytes i = cu_str(id);
    CU_TRY(cu_store_key_get(s, id, out));
    return cu_sql_run(s, s->reg, "UPDATE key SET revoked=1 WHERE id=?", "t", (const void *[]){&i});
}

cu_err cu_store_key_expire(cu_store *s, const char *id, uint64_t expires_ns)
{
    cu_bytes i = cu_str(id);
    return cu_sql_run(s, s->reg, "UPDATE key SET expires=? WHERE id=?", "it", (const void *[]){&expires_ns, &i});
}

cu_err cu_store_key_limit(cu_store *s, const cu_store_key *k)
{
    cu_bytes id = cu_str(k->id), none = CU_LIT("");
    CU_TRY(cu_sql_run(s, s->reg, "INSERT OR IGNORE INTO key_terms VALUES(?,?,0,?,?,?,?,?,0,0,0,0,0,?)", "tttttttt",
                     (const void *[]){&id, &none, &none, &none, &none, &none, &none, &none}));
    return cu_sql_run(s, s->reg, "UPDATE key_terms SET requests_per_minute=?,tokens_per_minute=?,tokens_per_day=?,spend_per_day=?,concurrent=?"
                                " WHERE id=?", "iiiiit",
                     (const void *[]){&k->requests_per_minute, &k->tokens_per_minute, &k->tokens_per_day, &k->spend_per_day, &k->concurrent, &id});
}

uint64_t cu_store_keys_live(cu_store *s, const char *tenant, const char *holder)
{
    cu_bytes t = cu_str(tenant), h = cu_str(holder);
    return cu_sql_number(s, s->reg, "SELECT count(*) FROM key WHERE tenant=?1 AND (?2='' OR user=?2) AND revoked=0", "tt", (const void *[]){&t, &h});
}

cu_err cu_store_keys_forget(cu_store *s, const char *tenant, const char *holder)
{
    cu_bytes t = cu_str(tenant), h = cu_str(holder);
    const void *const args[] = {&t, &h};
    CU_TRY(cu_sql_run(s, s->reg, "UPDATE key SET revoked=1,name='' WHERE tenant=?1 AND (?2='' OR user=?2)", "tt", args));
    /* a reader of the other connection may hold the log back for a moment */
    for (unsigned turn = 0; turn < 50; turn++) {
        int busy = 1;
        pthread_mutex_lock(&s->lock);
        pthread_mutex_lock(&s->reg_lock);
        int rc = sqlite3_wal_checkpoint_v2(s->reg, NULL, SQLITE_CHECKPOINT_TRUNCATE, &busy, NULL);
        pthread_mutex_unlock(&s->reg_lock);
        pthread_mutex_unlock(&s->lock);
        if (rc == SQLITE_OK)
            return CU_OK;
        usleep(50000);
    }
    return CU_TIMEOUT;
}
