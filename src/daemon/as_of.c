/* What was so at an earlier moment, from the log alone. An entry counts from its own time on. A moment is a
 * time or the number of an entry of the anchor log, which stands for that entry's time. */
#include "as_of.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KEYS_MAX 100000u

static bool number_of(const char *s, uint64_t *out)
{
    char *end;
    if (*s < '0' || *s > '9' || strlen(s) > 15)
        return false;
    *out = strtoull(s, &end, 10);
    return *end == 0;
}

/* RFC 3339 in UTC, to the second or with milliseconds. */
static bool time_of(const char *s, uint64_t *ns)
{
    struct tm tm = {0};
    uint64_t ms = 0;
    const char *end = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    int day = tm.tm_mday;
    if (end && *end == '.' && strspn(end + 1, "0123456789") == 3) {
        ms = strtoull(end + 1, NULL, 10);
        end += 4;
    }
    time_t t = end && strcmp(end, "Z") == 0 ? timegm(&tm) : -1;
    if (t < 0 || tm.tm_mday != day)
        return false;
    *ns = ((uint64_t)t * 1000 + ms) * 1000000;
    return true;
}

static cu_err keep_time(void *arg, uint64_t index, cu_bytes leaf)
{
    cu_leaf l;
    char text[CU_TIME_LEN];
    CU_TRY(cu_leaf_parse(leaf, &l));
    snprintf(text, sizeof text, "%.*s", l.ts.n < sizeof text ? (int)l.ts.n : 0, (const char *)l.ts.p);
    return time_of(text, arg) ? CU_OK : CU_SYNTAX;
}

static bool time_of_anchor(const app *a, uint64_t index, uint64_t *ns)
{
    char dir[4300];
    cu_log *l;
    cu_fault f;
    snprintf(dir, sizeof dir, "%s/anchor", a->config->log_dir);
    *ns = 0;
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return false;
    cu_err e = cu_log_walk(l, index, index + 1, keep_time, ns, &f);
    cu_log_close(l);
    return e == CU_OK && *ns;
}

unsigned as_of(call *c, moment *m)
{
    const char *s = c->query(c->query_arg, "as_of");
    uint64_t index;
    *m = (moment){.ns = cu_now_ns(), .given = s && *s};
    if (m->given && !(number_of(s, &index) ? time_of_anchor(c->a, index, &m->ns) : time_of(s, &m->ns)))
        return problem(c, 400, "Malformed", "as_of is a time like 2026-11-26T09:00:00Z or the number of an entry of the log anchor.");
    cu_time_text(m->ns, m->text);
    return 0;
}

/* --- keys --- */

typedef struct {
    cu_store_key *v;
    size_t n;
    const char *until;
} keys_then;

static cu_store_key *key_of(keys_then *k, const char id[CU_ID_LEN + 2])
{
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(k->v[i].id, id) == 0)
            return &k->v[i];
    cu_store_key *v = k->n < KEYS_MAX ? realloc(k->v, (k->n + 1) * sizeof *v) : NULL;
    if (!v)
        return NULL;
    k->v = v;
    v[k->n] = (cu_store_key){0};
    memcpy(v[k->n].id, id, sizeof v->id);
    return &v[k->n++];
}

static cu_err take_key(void *arg, uint64_t index, cu_bytes leaf)
{
    keys_then *k = arg;
    cu_leaf l;
    char ids[2][CU_ID_LEN + 2];
    CU_TRY(cu_leaf_parse(leaf, &l));
    bool then = cu_cmp(l.ts, cu_str(k->until)) <= 0;
    for (size_t i = 0; then && cu_store_ends_keys(l.type) && i < k->n; i++)
        cu_store_key_apply(&k->v[i], &l);
    size_t n = then ? cu_store_key_ids(&l, ids) : 0;
    for (size_t i = 0; i < n; i++) {
        cu_store_key *one = key_of(k, ids[i]);
        if (!one)
            return CU_NOMEM;
        cu_store_key_apply(one, &l);
    }
    return CU_OK;
}

static int by_age(const void *a, const void *b)
{
    const cu_store_key *x = a, *y = b;
    int c = strcmp(x->created, y->created);
    return c ? c : strcmp(x->id, y->id);
}

/* What no log holds: the words by which somebody tells keys apart. */
static cu_err take_names(const app *a, keys_then *k)
{
    cu_store_key *all;
    size_t n;
    cu_err e = cu_store_keys(a->store, &all, &n);
    for (size_t i = 0; e == CU_OK && i < n; i++)
        for (size_t j = 0; j < k->n; j++)
            if (strcmp(all[i].id, k->v[j].id) == 0)
                memcpy(k->v[j].name, all[i].name, sizeof all[i].name);
    free(all);
    return e;
}

cu_err keys_as_of(const app *a, const moment *m, cu_store_key **out, size_t *n, cu_fault *f)
{
    keys_then k = {.until = m->text};
    cu_err e = CU_OK;
    for (size_t i = 0; e == CU_OK && i < a->config->tenants_n; i++) {
        char dir[4300];
        cu_log *l;
        snprintf(dir, sizeof dir, "%s/t/%s", a->config->log_dir, a->config->tenants[i].name);
        if (cu_log_open(dir, &l, f) != CU_OK) {
            *f = (cu_fault){0}; /* nothing is sealed in it yet */
            continue;
        }
        e = cu_log_walk(l, 0, UINT64_MAX, take_key, &k, f);
        cu_log_close(l);
    }
    if (e == CU_OK)
        e = take_names(a, &k);
    if (k.n)
        qsort(k.v, k.n, sizeof *k.v, by_age);
    *out = k.v;
    *n = k.n;
    return e;
}

/* --- heads of the logs ---
 * The anchor log's entry of a round has its time from when the round was staged, a moment before its checkpoints are
 * published: at a time in between these heads are one round ahead of what the live system answered. */

typedef struct {
    json_t *heads;
    const char *until;
} heads_then;

static cu_err take_head(void *arg, uint64_t index, cu_bytes leaf)
{
    heads_then *h = arg;
    cu_leaf l;
    CU_TRY(cu_leaf_parse(leaf, &l));
    if (cu_cmp(l.ts, cu_str(h->until)) > 0)
        return CU_OK;
    json_t *body = json_loadb((const char *)l.body.p, l.body.n, 0, NULL);
    const char *log = json_string_value(json_object_get(body, "log"));
    if (log) {
        json_object_set_new(body, "at", json_stringn((const char *)l.ts.p, l.ts.n));
        json_object_set_new(body, "anchor", json_integer((json_int_t)index));
        json_object_set(h->heads, log, body);
    }
    json_decref(body);
    return log ? CU_OK : CU_SYNTAX;
}

unsigned answer_heads(call *c, const moment *m)
{
    heads_then h = {json_object(), m->text};
    char dir[4300];
    cu_log *l;
    cu_fault f = {0};
    const char *log;
    json_t *v;
    snprintf(dir, sizeof dir, "%s/anchor", c->a->config->log_dir);
    cu_err e = cu_log_open(dir, &l, &f);
    if (e == CU_OK) {
        e = cu_log_walk(l, 0, UINT64_MAX, take_head, &h, &f);
        cu_log_close(l);
    }
    json_t *all = json_pack("{s:s,s:[]}", "as_of", m->text, "logs");
    json_object_foreach(h.heads, log, v) {
        json_object_set_new(v, "name", strncmp(log, "t/", 2) == 0 ? json_sprintf("t:%s", log + 2) : json_string(log));
        json_object_del(v, "log");
        json_array_append(json_object_get(all, "logs"), v);
    }
    json_decref(h.heads);
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    if (text)
        cu_buf_str(c->out, text);
    free(text);
    return e == CU_OK && text ? 200 : problem(c, 404, "Nothing is sealed yet", "%s", f.text);
}
