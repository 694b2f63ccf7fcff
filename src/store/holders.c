/* Who holds which key, on which terms: from the log alone. The register (keys.c) answers at once and holds
 * the hashes, which no log may hold; what it says beside them is what is worked out here. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "sql.h"

/* An erasure ends every key of the person or tenant. */
bool cu_store_ends_keys(cu_bytes type)
{
    return cu_eq_str(type, "erasure.begun");
}

bool cu_concerns_holders(cu_bytes type)
{
    return cu_store_ends_keys(type) || cu_eq_str(type, "key.issued") || cu_eq_str(type, "key.rotated") || cu_eq_str(type, "key.revoked") || cu_eq_str(type, "limit.changed");
}

static json_t *body_of(const cu_leaf *l)
{
    return json_loadb((const char *)l->body.p, l->body.n, JSON_REJECT_DUPLICATES, NULL);
}

static void take(char *to, size_t n, const json_t *map, const char *name)
{
    const char *s = json_string_value(json_object_get(map, name));
    snprintf(to, n, "%s", s ? s : "");
}

static uint64_t number(const json_t *map, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(map, name));
    return v > 0 ? (uint64_t)v : 0;
}

/* "12.5" in millionths. */
static uint64_t money(const json_t *map, const char *name)
{
    const char *s = json_string_value(json_object_get(map, name));
    uint64_t v = 0, digits = 6;
    bool point = false;
    for (; s && *s && v < UINT64_MAX / 100 && digits; s++) {
        if (*s == '.')
            point = true;
        else
            v = v * 10 + (uint64_t)(*s - '0'), digits -= point;
    }
    for (; s && digits; digits--)
        v *= 10;
    return v;
}

static void take_limits(cu_store_key *k, const json_t *limits)
{
    k->concurrent = number(limits, "concurrent");
    k->requests_per_minute = number(limits, "requests_per_minute");
    k->spend_per_day = money(limits, "spend_per_day");
    k->tokens_per_day = number(limits, "tokens_per_day");
    k->tokens_per_minute = number(limits, "tokens_per_minute");
}

static void names(char *to, size_t n, const json_t *scopes, const char *name)
{
    size_t i, at = 0;
    const json_t *v;
    to[0] = 0;
    json_array_foreach(json_object_get(scopes, name), i, v) {
        const char *s = json_string_value(v);
        if (s && at + strlen(s) + 2 < n)
            at += (size_t)snprintf(to + at, n - at, "%s%s", at ? "," : "", s);
    }
}

static void issued(cu_store_key *k, const cu_leaf *l, const json_t *body)
{
    const json_t *scopes = json_object_get(body, "scopes");
    const char *kind = json_string_value(json_object_get(body, "kind"));
    snprintf(k->tenant, sizeof k->tenant, "%.*s", l->tenant.n < sizeof k->tenant ? (int)l->tenant.n : 0, (const char *)l->tenant.p);
    take(k->user, sizeof k->user, body, "user");
    take(k->name, sizeof k->name, body, "name");
    take(k->created, sizeof k->created, body, "created");
    if (!k->created[0]) /* entries of before */
        snprintf(k->created, sizeof k->created, "%.*s", l->ts.n < sizeof k->created ? (int)l->ts.n : 0, (const char *)l->ts.p);
    k->expires_ns = number(body, "expires") * 1000000000;
    k->service = kind && strcmp(kind, "service") == 0;
    names(k->vendors, sizeof k->vendors, scopes, "vendors");
    names(k->models, sizeof k->models, scopes, "models");
    names(k->repos, sizeof k->repos, scopes, "repos");
    names(k->classes, sizeof k->classes, scopes, "classes");
    names(k->tools, sizeof k->tools, scopes, "tools");
    take_limits(k, json_object_get(body, "limits"));
}

static void rotated(cu_store_key *k, const json_t *body, const char *fresh)
{
    uint64_t until = number(body, "until") * 1000000000;
    if (strcmp(k->id, fresh) == 0)
        take(k->replaces, sizeof k->replaces, body, "replaces");
    else if (until)
        k->expires_ns = until;
}

static bool erased(const cu_store_key *k, const cu_leaf *l, const json_t *body)
{
    const char *subject = json_string_value(json_object_get(body, "subject"));
    return subject && cu_eq_str(l->tenant, k->tenant) && (strcmp(subject, "tenant") == 0 || strcmp(subject, k->user) == 0);
}

void cu_store_key_apply(cu_store_key *k, const cu_leaf *l)
{
    json_t *body = body_of(l);
    if (cu_store_ends_keys(l->type) && erased(k, l, body))
        k->revoked = true;
    const char *id = json_string_value(json_object_get(body, "key")), *old = json_string_value(json_object_get(body, "replaces"));
    bool mine = id && strcmp(id, k->id) == 0;
    if (mine && cu_eq_str(l->type, "key.issued"))
        issued(k, l, body);
    else if (id && cu_eq_str(l->type, "key.rotated") && (mine || (old && strcmp(old, k->id) == 0)))
        rotated(k, body, id);
    else if (mine && cu_eq_str(l->type, "key.revoked"))
        k->revoked = true;
    else if (mine && cu_eq_str(l->type, "limit.changed"))
        take_limits(k, json_object_get(body, "limits"));
    json_decref(body);
}

size_t cu_store_key_ids(const cu_leaf *l, char ids[2][CU_ID_LEN + 2])
{
    json_t *body = cu_concerns_holders(l->type) && !cu_store_ends_keys(l->type) ? body_of(l) : NULL;
    const char *of[2] = {json_string_value(json_object_get(body, "key")),
                         cu_eq_str(l->type, "key.rotated") ? json_string_value(json_object_get(body, "replaces")) : NULL};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++)
        if (of[i] && of[i][0] && strlen(of[i]) < sizeof ids[0])
            snprintf(ids[n++], sizeof ids[0], "%s", of[i]);
    json_decref(body);
    return n;
}

static void column(char *to, size_t n, sqlite3_stmt *st, int i)
{
    snprintf(to, n, "%s", (const char *)sqlite3_column_text(st, i));
}

static void read_row(sqlite3_stmt *st, cu_store_key *k)
{
    column(k->tenant, sizeof k->tenant, st, 0);
    column(k->user, sizeof k->user, st, 1);
    column(k->name, sizeof k->name, st, 2);
    column(k->created, sizeof k->created, st, 3);
    k->expires_ns = (uint64_t)sqlite3_column_int64(st, 4);
    k->revoked = sqlite3_column_int(st, 5);
    k->service = sqlite3_column_int(st, 6);
    column(k->vendors, sizeof k->vendors, st, 7);
    column(k->models, sizeof k->models, st, 8);
    column(k->repos, sizeof k->repos, st, 9);
    column(k->classes, sizeof k->classes, st, 10);
    column(k->tools, sizeof k->tools, st, 11);
    k->requests_per_minute = (uint64_t)sqlite3_column_int64(st, 12);
    k->tokens_per_minute = (uint64_t)sqlite3_column_int64(st, 13);
    k->tokens_per_day = (uint64_t)sqlite3_column_int64(st, 14);
    k->spend_per_day = (uint64_t)sqlite3_column_int64(st, 15);
    k->concurrent = (uint64_t)sqlite3_column_int64(st, 16);
    column(k->replaces, sizeof k->replaces, st, 17);
}

static void read_holder(cu_store *s, cu_store_key *k)
{
    cu_bytes id = cu_str(k->id);
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = cu_sql_prepare(s->db, "SELECT tenant,user,name,created,expires,revoked,service,vendors,models,repos,classes,tools,requests_per_minute,"
                                             "tokens_per_minute,tokens_per_day,spend_per_day,concurrent,replaces FROM holder WHERE id=?", "t",
                                      (const void *[]){&id});
    if (st && sqlite3_step(st) == SQLITE_ROW)
        read_row(st, k);
    sqlite3_finalize(st);
    pthread_mutex_unlock(&s->lock);
}

static cu_err write_holder(cu_store *s, const cu_store_key *k)
{
    const cu_bytes t[] = {cu_str(k->id), cu_str(k->tenant), cu_str(k->user), cu_str(k->name), cu_str(k->created), cu_str(k->vendors), cu_str(k->models),
                          cu_str(k->repos), cu_str(k->classes), cu_str(k->tools), cu_str(k->replaces)};
    uint64_t revoked = k->revoked, service = k->service;
    return cu_sql_run(s, s->db, "INSERT OR REPLACE INTO holder(id,tenant,user,name,created,expires,revoked,service,vendors,models,repos,classes,tools,"
                                "requests_per_minute,tokens_per_minute,tokens_per_day,spend_per_day,concurrent,replaces) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                      "tttttiiitttttiiiiit",
                      (const void *[]){&t[0], &t[1], &t[2], &t[3], &t[4], &k->expires_ns, &revoked, &service, &t[5], &t[6], &t[7], &t[8], &t[9],
                                       &k->requests_per_minute, &k->tokens_per_minute, &k->tokens_per_day, &k->spend_per_day, &k->concurrent, &t[10]});
}

/* A daemon that died between the entry and the register: the log wins. */
static cu_err repair(cu_store *s, const char *id)
{
    cu_bytes i = cu_str(id);
    if (cu_sql_number(s, s->db, "SELECT count(*) FROM key WHERE id=? AND revoked=0", "t", (const void *[]){&i}) == 0)
        return CU_OK;
    s->repaired = true;
    return cu_sql_run(s, s->db, "UPDATE key SET revoked=1 WHERE id=?", "t", (const void *[]){&i});
}

bool cu_store_repaired(cu_store *s)
{
    bool was = s->repaired;
    s->repaired = false;
    return was;
}

static cu_err end_keys(cu_store *s, const cu_leaf *l)
{
    json_t *body = body_of(l);
    const char *text = json_string_value(json_object_get(body, "subject"));
    cu_bytes subject = cu_str(text ? text : "");
    cu_err e = cu_sql_run(s, s->db, "UPDATE holder SET revoked=1 WHERE tenant=?1 AND (?2='tenant' OR user=?2)", "tt",
                          (const void *[]){&l->tenant, &subject});
    json_decref(body);
    return e;
}

cu_err cu_project_holder(cu_store *s, const cu_leaf *l)
{
    if (cu_store_ends_keys(l->type))
        return end_keys(s, l);
    char ids[2][CU_ID_LEN + 2];
    size_t n = cu_store_key_ids(l, ids);
    for (size_t i = 0; i < n; i++) {
        cu_store_key k = {0};
        memcpy(k.id, ids[i], sizeof k.id);
        read_holder(s, &k);
        cu_store_key_apply(&k, l);
        CU_TRY(write_holder(s, &k));
    }
    return cu_eq_str(l->type, "key.revoked") && n ? repair(s, ids[0]) : CU_OK;
}
