/* Who has an account, in which role and within which limits: from the log alone. What people sign in with
 * is in the vault. */
#include <jansson.h>
#include <stdio.h>
#include "sql.h"

#define COLUMNS "person,active,role,tenants,controls,from_ts,to_ts,expires,added,joined,last,how"

const char cu_account_schema[] =
    "CREATE TABLE IF NOT EXISTS account(person TEXT PRIMARY KEY, active INTEGER NOT NULL, role TEXT NOT NULL, tenants TEXT NOT NULL,"
    " controls TEXT NOT NULL, from_ts TEXT NOT NULL, to_ts TEXT NOT NULL, expires INTEGER NOT NULL, added TEXT NOT NULL, joined TEXT NOT NULL,"
    " last TEXT NOT NULL, how TEXT NOT NULL) STRICT;";
const char cu_account_dump[] = "SELECT " COLUMNS " FROM account ORDER BY person";

static bool sets(cu_bytes type)
{
    return cu_eq_str(type, "person.added") || cu_eq_str(type, "person.changed");
}

bool cu_concerns_accounts(cu_bytes type)
{
    return sets(type) || cu_eq_str(type, "person.invited") || cu_eq_str(type, "person.joined") || cu_eq_str(type, "access.signed_in") || cu_eq_str(type, "erasure.begun");
}

static json_t *body_of(const cu_leaf *l)
{
    return json_loadb((const char *)l->body.p, l->body.n, JSON_REJECT_DUPLICATES, NULL);
}

static void take(char *to, size_t n, const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    snprintf(to, n, "%s", s && strlen(s) < n ? s : "");
}

static void take_names(char *to, const json_t *o, const char *name)
{
    size_t i, at = 0;
    const json_t *v;
    to[0] = 0;
    json_array_foreach(json_object_get(o, name), i, v) {
        const char *s = json_string_value(v);
        if (s && at + strlen(s) + 2 < CU_ACCOUNT_LIST)
            at += (size_t)snprintf(to + at, CU_ACCOUNT_LIST - at, "%s%s", at ? "," : "", s);
    }
}

bool cu_store_account_of(const cu_leaf *l, char person[36])
{
    if (!cu_eq_str(l->tenant, CU_TENANT_ORG) || !cu_concerns_accounts(l->type))
        return false;
    json_t *body = body_of(l);
    take(person, 36, body, cu_eq_str(l->type, "access.signed_in") ? "user" : cu_eq_str(l->type, "erasure.begun") ? "subject" : "person");
    json_decref(body);
    return strncmp(person, "p_", 2) == 0;
}

void cu_store_account_apply(cu_store_account *x, const cu_leaf *l)
{
    char at[CU_TIME_LEN];
    json_t *body = body_of(l);
    snprintf(at, sizeof at, "%.*s", l->ts.n < sizeof at ? (int)l->ts.n : 0, (const char *)l->ts.p);
    if (sets(l->type)) {
        json_int_t expires = json_integer_value(json_object_get(body, "expires"));
        x->active = json_is_true(json_object_get(body, "active"));
        take(x->role, sizeof x->role, body, "role");
        take_names(x->tenants, body, "tenants");
        take_names(x->controls, body, "controls");
        take(x->from, sizeof x->from, body, "from");
        take(x->to, sizeof x->to, body, "to");
        x->expires = expires > 0 ? (uint64_t)expires : 0;
        if (!x->added[0])
            memcpy(x->added, at, sizeof at);
    } else if (cu_eq_str(l->type, "person.joined")) {
        memcpy(x->joined, at, sizeof at);
        take(x->how, sizeof x->how, body, "how");
    } else if (cu_eq_str(l->type, "person.invited")) { /* she comes in anew */
        x->joined[0] = x->how[0] = 0;
    } else if (cu_eq_str(l->type, "access.signed_in")) {
        memcpy(x->last, at, sizeof at);
    } else {
        x->active = false;
    }
    json_decref(body);
}

static void read_row(sqlite3_stmt *st, cu_store_account *x)
{
    *x = (cu_store_account){.active = sqlite3_column_int(st, 1), .expires = (uint64_t)sqlite3_column_int64(st, 7)};
    char *const to[] = {x->person, NULL, x->role, x->tenants, x->controls, x->from, x->to, NULL, x->added, x->joined, x->last, x->how};
    const size_t n[] = {sizeof x->person, 0, sizeof x->role, sizeof x->tenants, sizeof x->controls, sizeof x->from, sizeof x->to, 0, sizeof x->added,
                        sizeof x->joined, sizeof x->last, sizeof x->how};
    for (int i = 0; i < 12; i++)
        if (to[i])
            snprintf(to[i], n[i], "%s", (const char *)sqlite3_column_text(st, i));
}

static bool read_account(cu_store *s, const char *person, cu_store_account *x)
{
    cu_bytes p = cu_str(person);
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT " COLUMNS " FROM account WHERE person=?", "t", (const void *[]){&p});
    bool found = st && sqlite3_step(st) == SQLITE_ROW;
    if (found)
        read_row(st, x);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
    return found;
}

cu_err cu_project_account(cu_store *s, const cu_leaf *l)
{
    char person[36];
    cu_store_account x = {0};
    if (!cu_store_account_of(l, person))
        return CU_OK;
    if (!read_account(s, person, &x) && !cu_eq_str(l->type, "person.added"))
        return CU_OK; /* somebody without an account */
    memcpy(x.person, person, sizeof x.person);
    cu_store_account_apply(&x, l);
    uint64_t active = x.active;
    const cu_bytes t[] = {cu_str(x.person), cu_str(x.role), cu_str(x.tenants), cu_str(x.controls), cu_str(x.from), cu_str(x.to), cu_str(x.added),
                          cu_str(x.joined), cu_str(x.last), cu_str(x.how)};
    return cu_sql_run(s, s->db, "INSERT OR REPLACE INTO account(" COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", "titttttitttt",
                      (const void *[]){&t[0], &active, &t[1], &t[2], &t[3], &t[4], &t[5], &x.expires, &t[6], &t[7], &t[8], &t[9]});
}

cu_err cu_store_accounts(cu_store *s, cu_store_account_fn each, void *arg)
{
    pthread_mutex_lock(&s->look_lock);
    sqlite3_stmt *st = cu_sql_prepare(s->look, "SELECT " COLUMNS " FROM account ORDER BY added, person", "", NULL);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    for (; rc == SQLITE_ROW; rc = sqlite3_step(st)) {
        cu_store_account x;
        read_row(st, &x);
        each(arg, &x);
    }
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->look_lock);
    return rc == SQLITE_DONE ? CU_OK : cu_sql_err(rc);
}
