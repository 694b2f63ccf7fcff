/* What is in force: routes to vendors, classes of code and the rules about them, from the bundle that
 * the gateway has; what they did, from the log; and which bundles there were. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "app.h"
#include "base/file.h"
#include "policy/decide.h"

#define DAYS 7u
#define DAY_NS (86400ull * 1000000000)

/* The bundle in force, decoded; one request holds it. */
typedef struct {
    cu_arena arena;
    cu_buf file;
    cu_bundle b;
    char digest[65], from[CU_TIME_LEN];
    cu_store_exchange_filter period;
} in_force;

static void drop(in_force *x)
{
    cu_wipe(x->file.p, x->file.n); /* it holds keys */
    cu_buf_free(&x->file);
    cu_arena_free(&x->arena);
}

static unsigned take(call *c, in_force *x)
{
    const char *days = c->query(c->query_arg, "days");
    cu_fault f = {0};
    unsigned long n = days && strlen(days) <= 3 ? strtoul(days, NULL, 10) : DAYS;
    *x = (in_force){.file = CU_BUF(CU_BUNDLE_MAX)};
    cu_arena_init(&x->arena, CU_BUNDLE_MAX);
    if (n < 1 || n > 366)
        return problem(c, 400, "Malformed", "days is a number from 1 to 366.");
    pthread_mutex_lock(&c->a->lock);
    memcpy(x->digest, c->a->bundle_digest, sizeof x->digest);
    pthread_mutex_unlock(&c->a->lock);
    cu_time_text(cu_now_ns() - n * DAY_NS, x->from);
    x->period.from = x->from;
    cu_err e = archive_open(c->a, x->digest, &x->file, &x->arena, &x->b, &f);
    return e == CU_OK ? 0 : problem(c, 503, "The bundle in force cannot be read", "%s", f.code ? f.text : cu_err_text(e));
}

static json_t *text(cu_bytes b)
{
    json_t *v = json_stringn(b.p ? (const char *)b.p : "", b.n);
    return v ? v : json_string("");
}

static json_t *when(uint64_t ns)
{
    char at[CU_TIME_LEN];
    cu_time_text(ns, at);
    return ns ? json_string(at) : json_null();
}

static json_t *bundle_json(const in_force *x)
{
    return json_pack("{s:s,s:I,s:o,s:s}", "digest", x->digest, "version", (json_int_t)x->b.version, "made", when(x->b.made_ns), "from", x->from);
}

/* --- routes --- */

static const cu_config_vendor *configured(const app *a, cu_bytes name)
{
    for (size_t i = 0; i < a->config->vendors_n; i++)
        if (cu_eq_str(name, a->config->vendors[i].name))
            return &a->config->vendors[i];
    return NULL;
}

/* The line of one upstream in RUN/upstreams: until when it rests. -1: there is none. */
static long long rests(const char *lines, const char *vendor, const char *which)
{
    char name[64], number[8];
    long long until;
    for (const char *p = lines; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
        if (sscanf(p, "%63s %7s %lld", name, number, &until) == 3 && strcmp(name, vendor) == 0 && strcmp(number, which) == 0)
            return until;
    return -1;
}

static json_t *upstreams(const cu_config_vendor *v, const char *lines)
{
    json_t *list = json_array();
    long long now = (long long)(cu_now_ns() / 1000000000);
    for (size_t i = 0; v && i < v->upstreams_n; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        long long until = rests(lines, v->name, number);
        json_array_append_new(list, json_pack("{s:I,s:s,s:I,s:s,s:o}", "number", (json_int_t)i, "host", v->upstreams[i].host, "port",
                                              (json_int_t)v->upstreams[i].port, "health", until < 0 ? "unknown" : until > now ? "resting" : "ready",
                                              "until", until > now ? when((uint64_t)until * 1000000000) : json_null()));
    }
    return list;
}

typedef struct {
    json_t *list;
    const char *vendor;
} used;

static void add_used(void *arg, const char *vendor, const char *decision, uint64_t count, const char *last)
{
    used *u = arg;
    if (strcmp(vendor, u->vendor) == 0)
        json_array_append_new(u->list, json_pack("{s:s,s:I,s:s}", "decision", decision, "count", (json_int_t)count, "last", last));
}

static json_t *use_of(call *c, const in_force *x, const char *vendor)
{
    used u = {json_array(), vendor};
    return cu_store_exchange_groups(c->a->store, CU_GROUP_VENDOR_DECISION, &x->period, add_used, &u) == CU_OK ? u.list : (json_decref(u.list), json_null());
}

static void add_index(void *arg, const cu_store_entry *e)
{
    json_array_append_new(arg, json_integer((json_int_t)e->index));
}

/* Who decided, by name. */
static void put_by(app *a, json_t *body)
{
    char name[PERSON_NAME];
    const char *by = json_string_value(json_object_get(body, "by"));
    if (!by || !is_pseudonym(by))
        return;
    person_name(a, by, name);
    json_object_set_new(body, "by", json_string(name));
}

/* Newest first. */
json_t *org_entries(call *c, const char *type, const char *to, uint64_t before, unsigned limit, uint64_t *total)
{
    json_t *indexes = json_array(), *out = json_array(), *v;
    char dir[4300];
    size_t i;
    cu_log *l;
    cu_fault f;
    const cu_store_entry_filter w = {.log = "org", .type = type, .to = to};
    snprintf(dir, sizeof dir, "%s/org", c->a->config->log_dir);
    if (cu_store_entries(c->a->store, &w, before, limit, add_index, indexes, total) == CU_OK && cu_log_open(dir, &l, &f) == CU_OK) {
        json_array_foreach(indexes, i, v) {
            cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
            if (cu_log_entry(l, (uint64_t)json_integer_value(v), &leaf, &f) != CU_OK)
                continue;
            json_t *e = json_loadb((const char *)leaf.p, leaf.n, 0, NULL), *body = json_object_get(e, "body");
            put_by(c->a, body);
            if (body)
                json_array_append_new(out, json_pack("{s:s,s:O,s:O,s:O}", "log", "org", "index", v, "at", json_object_get(e, "ts"), "body", body));
            json_decref(e);
        }
        cu_log_close(l);
    }
    json_decref(indexes);
    return out;
}

static json_t *assessed(const json_t *entries, const char *vendor)
{
    json_t *e;
    size_t i;
    json_array_foreach(entries, i, e) {
        const char *name = json_string_value(json_object_get(json_object_get(e, "body"), "vendor"));
        if (name && strcmp(name, vendor) == 0)
            return json_incref(e);
    }
    return json_null();
}

json_t *assessment_at(call *c, const char *vendor, const char *at)
{
    uint64_t total;
    json_t *entries = org_entries(c, "vendor.assessed", at, 0, 200, &total), *out = assessed(entries, vendor);
    json_decref(entries);
    return out;
}

static json_t *own_credentials(const in_force *x, size_t vendor)
{
    json_t *list = json_array();
    for (size_t i = 0; i < x->b.credentials_n; i++)
        if (x->b.credentials[i].vendor == vendor)
            json_array_append_new(list, text(x->b.tenants[x->b.credentials[i].tenant].name));
    return list;
}

static json_t *route_json(call *c, const in_force *x, size_t i, const char *lines, const json_t *assessments)
{
    static const char *const mismatch[] = {"refuse", "set", "record"};
    const cu_bundle_vendor *v = &x->b.vendors[i];
    const cu_config_vendor *set = configured(c->a, v->name);
    char name[80];
    cu_vendor_state state;
    snprintf(name, sizeof name, "%.*s", (int)v->name.n, (const char *)v->name.p);
    cu_decision d = cu_decide_vendor_state(v, cu_now_ns(), &state);
    json_t *out = json_pack("{s:s,s:o,s:o,s:s,s:s,s:b,s:b,s:o,s:b,s:s}", "name", name, "api", text(v->api), "models", text(v->models), "state",
                            cu_vendor_state_name(state), "decision", cu_decision_name(d), "open", d == CU_DECISION_ALLOW, "unassessed_allowed",
                            v->allow_unassessed, "until", when(v->until_ns), "builtin", set == NULL, "profile", v->strict ? "strict" : "standard");
    json_object_set_new(out, "base_url", set ? json_string(set->base_url) : json_null());
    json_object_set_new(out, "balance", json_string(set && set->terms.spread ? "session" : "order"));
    json_object_set_new(out, "upstreams", upstreams(set, lines));
    json_object_set_new(out, "assessment", assessed(assessments, name));
    json_object_set_new(out, "plan", text(v->plan));
    json_object_set_new(out, "terms", v->plan.n ? json_pack("{s:s,s:s,s:s}", "training", v->no_training ? "none" : "allowed", "retention",
                                                            v->no_retention ? "none" : "allowed", "mismatch", mismatch[v->mismatch % 3])
                                                : json_null());
    json_object_set_new(out, "pins", json_integer((json_int_t)(v->pins.n / 32)));
    json_object_set_new(out, "own_credentials", own_credentials(x, i));
    json_object_set_new(out, "used", use_of(c, x, name));
    return out;
}

unsigned answer_routes(call *c)
{
    in_force x;
    char path[4300];
    uint64_t total;
    cu_buf lines CU_CLEAN_BUF = CU_BUF(1 << 20);
    unsigned status = take(c, &x);
    if (status) {
        drop(&x);
        return status;
    }
    snprintf(path, sizeof path, "%s/upstreams", c->a->run_dir);
    bool have = cu_file_read(AT_FDCWD, path, &lines) == CU_OK;
    json_t *items = json_array(), *assessments = org_entries(c, "vendor.assessed", NULL, 0, 200, &total);
    for (size_t i = 0; i < x.b.vendors_n; i++)
        if (!cu_eq_str(x.b.vendors[i].models, "-")) /* the built-in one, when it answers nothing */
            json_array_append_new(items, route_json(c, &x, i, have ? cu_buf_cstr(&lines) : "", assessments));
    json_decref(assessments);
    json_t *out = json_pack("{s:o,s:o}", "bundle", bundle_json(&x), "items", items);
    drop(&x);
    return answer_json(c, out);
}

/* --- classes --- */

static json_t *words(const cu_words *w)
{
    json_t *list = json_array();
    for (size_t i = 0; i < w->n; i++)
        json_array_append_new(list, text(w->v[i]));
    return list;
}

/* Of persons the names, each once: the bundle holds a pseudonym for each of their tenants. */
static json_t *who_words(app *a, const cu_words *w)
{
    json_t *list = json_array();
    for (size_t i = 0; i < w->n; i++) {
        bool user = cu_starts(w->v[i], CU_LIT("user:")), there = false;
        char word[PERSON_NAME], name[PERSON_NAME];
        cu_bytes b = user ? cu_slice(w->v[i], 5, w->v[i].n) : w->v[i];
        snprintf(word, sizeof word, "%.*s", b.n < sizeof word ? (int)b.n : (int)sizeof word - 1, (const char *)b.p);
        person_name(a, word, name);
        json_t *one = json_sprintf("%s%s", user ? "user:" : "", name), *v;
        size_t k;
        json_array_foreach(list, k, v)
            there |= json_equal(v, one);
        if (there)
            json_decref(one);
        else
            json_array_append_new(list, one);
    }
    return list;
}

static json_t *repo_json(const cu_access_repo *r)
{
    json_t *paths = json_array();
    for (size_t i = 0; i < r->paths_n; i++)
        json_array_append_new(paths, json_pack("{s:o,s:s}", "path", text(r->paths[i].glob), "class", cu_data_class_name(r->paths[i].class)));
    return json_pack("{s:o,s:o,s:s,s:o,s:o}", "name", text(r->name), "tenant", text(r->tenant), "class", cu_data_class_name(r->class), "directories",
                     words(&r->directories), "paths", paths);
}

static json_t *rule_json(app *a, const cu_access_rule *r)
{
    json_t *classes = json_array();
    for (unsigned i = 0; i < CU_DATA_CLASSES; i++)
        if (r->classes & 1u << i)
            json_array_append_new(classes, json_string(cu_data_class_name(i)));
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "id", text(r->id), "who", who_words(a, &r->who), "classes", classes, "vendors", words(&r->vendors), "plans",
                     words(&r->plans), "repositories", words(&r->repositories), "act", cu_access_act_name(r->act));
}

static void add_decided(void *arg, const char *value, const char *act, uint64_t count, const char *last)
{
    if (*value)
        json_array_append_new(arg, json_pack("{s:s,s:s,s:I,s:s}", "value", value, "act", act, "count", (json_int_t)count, "last", last));
}

static json_t *decided(call *c, const in_force *x, cu_store_group by)
{
    json_t *list = json_array();
    return cu_store_exchange_groups(c->a->store, by, &x->period, add_decided, list) == CU_OK ? list : (json_decref(list), json_null());
}

unsigned answer_classes(call *c)
{
    in_force x;
    unsigned status = take(c, &x);
    if (status) {
        drop(&x);
        return status;
    }
    json_t *repos = json_array(), *rules = json_array(), *groups = json_array();
    for (size_t i = 0; i < x.b.access.repos_n; i++)
        json_array_append_new(repos, repo_json(&x.b.access.repos[i]));
    for (size_t i = 0; i < x.b.access.rules_n; i++)
        json_array_append_new(rules, rule_json(c->a, &x.b.access.rules[i]));
    for (size_t i = 0; i < x.b.access.groups_n; i++)
        json_array_append_new(groups, json_pack("{s:o,s:o}", "name", text(x.b.access.groups[i].name), "members", who_words(c->a, &x.b.access.groups[i].members)));
    json_t *out = json_pack("{s:o,s:o,s:o,s:o,s:s,s:o,s:o}", "bundle", bundle_json(&x), "repositories", repos, "rules", rules, "groups", groups, "unknown",
                            cu_data_class_name(CU_DATA_UNKNOWN), "by_class", decided(c, &x, CU_GROUP_CLASS), "by_rule", decided(c, &x, CU_GROUP_RULE));
    drop(&x);
    return answer_json(c, out);
}

/* --- bundles --- */

unsigned answer_bundles(call *c)
{
    page_asked p;
    uint64_t total = 0, other = 0;
    if (!read_page(c, 200, &p))
        return problem(c, 400, "Malformed", "limit is a number from 1 to 200, cursor the next_cursor of an answer.");
    json_t *items = org_entries(c, "bundle.published", NULL, p.before, p.limit, &total);
    size_t n = json_array_size(items);
    json_int_t last = n ? json_integer_value(json_object_get(json_array_get(items, n - 1), "index")) : 0;
    pthread_mutex_lock(&c->a->lock);
    json_t *now = json_pack("{s:I,s:s}", "version", (json_int_t)c->a->bundle_version, "digest", c->a->bundle_digest);
    pthread_mutex_unlock(&c->a->lock);
    return answer_json(c, json_pack("{s:o,s:o,s:o,s:I,s:o}", "in_force", now, "items", items, "next_cursor",
                                 n == p.limit && last > 0 ? json_sprintf("%lld", (long long)last) : json_null(), "total", (json_int_t)total, "refused",
                                 org_entries(c, "policy.bundle_refused", NULL, 0, 20, &other)));
}
