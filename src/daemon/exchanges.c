/* Exchanges as the console lists them: two leaves joined into one item. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "limited.h"

typedef struct {
    app *a;
    json_t *items;
    uint64_t last_row;
} listing;

static void copy(json_t *to, const json_t *from, const char *key)
{
    json_t *v = json_object_get(from, key);
    if (v)
        json_object_set(to, key, v);
}

/* The holder by name, and the pseudonym that the entry holds. */
static void put_user(app *a, json_t *item)
{
    char name[PERSON_NAME];
    const char *user = json_string_value(json_object_get(item, "user"));
    if (!user || !is_pseudonym(user))
        return;
    person_name(a, user, name);
    json_object_set_new(item, "person", json_string(user));
    json_object_set_new(item, "user", json_string(name));
}

/* Log names have a colon in the API, where a slash would be a path. */
static json_t *entry_of(const char *log, uint64_t index, const char *type)
{
    json_t *name = strncmp(log, "t/", 2) == 0 ? json_sprintf("t:%s", log + 2) : json_string(log);
    return json_pack("{s:o,s:I,s:s}", "log", name, "index", (json_int_t)index, "type", type);
}

static const char *state_of(const cu_store_exchange *x)
{
    if (x->request_type && strcmp(x->request_type, "input.rejected") == 0)
        return "refused";
    if (!x->answer_type)
        return "open";
    return strcmp(x->answer_type, "exchange.response") == 0 ? "answered" : "aborted";
}

static void add(void *arg, const cu_store_exchange *x)
{
    static const char *const from_request[] = {"user", "key", "model", "vendor", "vendor_state", "api", "stream", "decision", "findings",
                                               "replaced", "body_bytes", "scan_us", "path", "client", "reason", "status", "access", "marks",
                                               "plan", "profile", "rules", "bundle", "body_commit", "bytes", "scanned_bytes", "memo_bytes"};
    static const char *const from_answer[] = {"status", "restored", "answer_bytes", "input_tokens", "output_tokens", "ms_gate", "ms_total",
                                              "stop_reason", "tool_calls", "guard", "reason", "tries", "upstream", "spend", "usage", "events"};
    listing *l = arg;
    json_t *item = json_object(), *entries = json_array();
    json_t *request = x->request ? json_loads(x->request, 0, NULL) : NULL, *answer = x->answer ? json_loads(x->answer, 0, NULL) : NULL;
    json_object_set_new(item, "id", json_string(x->id));
    json_object_set_new(item, "at", json_string(x->at));
    json_object_set_new(item, "tenant", json_string(x->tenant));
    json_object_set_new(item, "state", json_string(state_of(x)));
    json_object_set_new(item, "findings", json_object());
    for (size_t i = 0; request && i < sizeof from_request / sizeof *from_request; i++)
        copy(item, request, from_request[i]);
    for (size_t i = 0; answer && i < sizeof from_answer / sizeof *from_answer; i++)
        copy(item, answer, from_answer[i]);
    put_user(l->a, item);
    if (x->request)
        json_array_append_new(entries, entry_of(x->log, x->request_index, x->request_type));
    if (x->answer)
        json_array_append_new(entries, entry_of(x->log, x->answer_index, x->answer_type));
    json_object_set_new(item, "entries", entries);
    json_array_append_new(l->items, item);
    json_decref(request);
    json_decref(answer);
    l->last_row = x->row;
}

unsigned answer_json(call *c, json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT);
    json_decref(v);
    if (!text)
        return problem(c, 500, "Out of memory", "The answer could not be made.");
    cu_buf_str(c->out, text);
    free(text);
    return 200;
}

static const char *given(const call *c, const char *name)
{
    const char *v = c->query(c->query_arg, name);
    return v ? v : "";
}

void exchange_users(const call *c, const char *name, const char *tenant, char out[EXCHANGE_USERS])
{
    const cu_config *g = c->a->config;
    char person[CU_PSEUDONYM_LEN];
    cu_fault f;
    size_t n = (size_t)snprintf(out, EXCHANGE_USERS, "%.200s", name);
    for (size_t i = 0; *name && i < g->tenants_n && n + CU_PSEUDONYM_LEN + 1 < EXCHANGE_USERS; i++)
        if ((!*tenant || strcmp(tenant, g->tenants[i].name) == 0) && person_find(c->a, g->tenants[i].name, name, person, &f) == CU_OK)
            n += (size_t)snprintf(out + n, EXCHANGE_USERS - n, " %s", person);
}

static cu_store_exchange_filter filter_of(const call *c, char users[EXCHANGE_USERS])
{
    exchange_users(c, given(c, "user"), given(c, "tenant"), users);
    return (cu_store_exchange_filter){
        .from = given(c, "from"), .to = given(c, "to"), .tenant = given(c, "tenant"), .user = users, .key = given(c, "key"),
        .vendor = given(c, "vendor"), .model = given(c, "model"), .decision = given(c, "decision"), .found = given(c, "found"),
        .client = given(c, "client"), .status = given(c, "status"), .state = given(c, "state"), .class = given(c, "class"), .rule = given(c, "rule")};
}

bool read_page(const call *c, unsigned most, page_asked *out)
{
    const char *limit = given(c, "limit"), *cursor = given(c, "cursor");
    *out = (page_asked){.limit = 100};
    if ((*limit && (strlen(limit) > 5 || strspn(limit, "0123456789") != strlen(limit))) ||
        (*cursor && (strlen(cursor) > 15 || strspn(cursor, "0123456789") != strlen(cursor))))
        return false;
    if (*limit)
        out->limit = (unsigned)strtoul(limit, NULL, 10);
    out->before = strtoull(*cursor ? cursor : "0", NULL, 10);
    return out->limit >= 1 && out->limit <= most;
}

static void put_beside(call *c, const cu_store_exchange_filter *w, uint64_t row, json_t *one)
{
    static const char *const names[] = {"older", "newer"};
    json_t *beside = json_object();
    for (int newer = 0; newer < 2; newer++) {
        char id[CU_ID_LEN + 2];
        cu_err e = cu_store_exchange_beside(c->a->store, w, row, newer, id);
        json_object_set_new(beside, names[newer], e == CU_OK ? json_string(id) : json_null());
    }
    json_object_set_new(one, "neighbours", beside);
}

unsigned answer_exchange(call *c)
{
    const char *id = c->args[0];
    listing l = {.a = c->a, .items = json_array()};
    char users[EXCHANGE_USERS];
    cu_store_exchange_filter w = filter_of(c, users);
    cu_err e = cu_store_exchanges(c->a->store, id, NULL, 0, 1, add, &l);
    json_t *one = e == CU_OK ? json_incref(json_array_get(l.items, 0)) : NULL;
    json_decref(l.items);
    if (e != CU_OK)
        return problem(c, 500, "The exchange could not be read", "%s", cu_err_text(e));
    const char *tenant = json_string_value(json_object_get(one, "tenant")), *at = json_string_value(json_object_get(one, "at"));
    if (!one || !tenant || !at || !limit_tenant(c, tenant) || !limit_time(c, at)) {
        if (!one) /* asked for right after its answer */
            c->a->awaited = true;
        json_decref(one);
        return problem(c, 404, "Unknown exchange", "No exchange of this id is sealed yet.");
    }
    put_beside(c, &w, l.last_row, one);
    put_bodies(c, id, one);
    const char *vendor = json_string_value(json_object_get(one, "vendor")), *when = json_string_value(json_object_get(one, "at"));
    json_object_set_new(one, "assessment", vendor && when ? assessment_at(c, vendor, when) : json_null());
    return answer_json(c, one);
}

unsigned answer_exchanges(call *c)
{
    page_asked p;
    uint64_t total = 0;
    listing l = {.a = c->a};
    char users[EXCHANGE_USERS];
    cu_store_exchange_filter w = filter_of(c, users);
    if (!read_page(c, 1000, &p))
        return problem(c, 400, "Malformed", "limit is a number from 1 to 1000, cursor the next_cursor of an answer.");
    l.items = json_array();
    cu_err e = cu_store_find_exchanges(c->a->store, &w, p.before, p.limit, add, &l);
    if (e == CU_OK)
        e = cu_store_count_exchanges(c->a->store, &w, &total);
    if (e != CU_OK) {
        json_decref(l.items);
        return problem(c, 500, "The exchanges could not be read", "%s", cu_err_text(e));
    }
    json_t *next = json_array_size(l.items) == p.limit && l.last_row > 1 ? json_sprintf("%llu", (unsigned long long)l.last_row) : json_null();
    return answer_json(c, json_pack("{s:o,s:o,s:I,s:I}", "items", l.items, "next_cursor", next, "total", (json_int_t)total, "all",
                                 (json_int_t)(limited(c) ? total : cu_store_exchange_count(c->a->store))));
}

/* --- which values there are to filter by --- */

static void add_value(void *arg, const char *value, const char *second, uint64_t count, const char *last)
{
    json_t *one = json_pack("{s:s,s:I,s:s}", "value", value, "count", (json_int_t)count, "last", last);
    if (*second)
        json_object_set_new(one, "of", json_string(second));
    if (*value)
        json_array_append_new(arg, one);
    else
        json_decref(one);
}

/* A person by name; one who was erased by pseudonym. */
static void name_users(app *a, json_t *list)
{
    char name[PERSON_NAME];
    json_t *one;
    size_t i;
    json_array_foreach(list, i, one) {
        const char *user = json_string_value(json_object_get(one, "value"));
        if (!user || !is_pseudonym(user))
            continue;
        person_name(a, user, name);
        json_object_set_new(one, "person", json_string(user));
        if (strcmp(name, "erased") != 0)
            json_object_set_new(one, "value", json_string(name));
    }
}

/* Several types stand in one text; an exchange counts for each of them. */
static void add_types(void *arg, const char *value, const char *second, uint64_t count, const char *last)
{
    char text[4096];
    snprintf(text, sizeof text, "%s", value);
    for (char *save = NULL, *t = strtok_r(text, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
        json_int_t before = json_integer_value(json_object_get(arg, t));
        json_object_set_new(arg, t, json_integer(before + (json_int_t)count));
    }
}

unsigned answer_exchange_values(call *c)
{
    static const struct {
        const char *name;
        cu_store_group by;
    } groups[] = {{"tenant", CU_GROUP_TENANT}, {"user", CU_GROUP_USER}, {"key", CU_GROUP_KEY}, {"vendor", CU_GROUP_VENDOR}, {"model", CU_GROUP_MODEL},
                  {"decision", CU_GROUP_DECISION}, {"client", CU_GROUP_CLIENT}, {"status", CU_GROUP_STATUS}};
    char users[EXCHANGE_USERS];
    cu_store_exchange_filter w = filter_of(c, users);
    json_t *out = json_object(), *types = json_object();
    cu_err e = CU_OK;
    for (size_t i = 0; e == CU_OK && i < sizeof groups / sizeof *groups; i++) {
        json_t *list = json_array();
        e = cu_store_exchange_groups(c->a->store, groups[i].by, &w, add_value, list);
        if (groups[i].by == CU_GROUP_USER)
            name_users(c->a, list);
        json_object_set_new(out, groups[i].name, list);
    }
    if (e == CU_OK)
        e = cu_store_exchange_groups(c->a->store, CU_GROUP_FOUND, &w, add_types, types);
    json_object_set_new(out, "found", types);
    if (e != CU_OK) {
        json_decref(out);
        return problem(c, 500, "The exchanges could not be read", "%s", cu_err_text(e));
    }
    return answer_json(c, out);
}
