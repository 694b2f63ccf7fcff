/* Exchanges as the console lists them: two leaves joined into one item. */
#include <jansson.h>
#include <stdlib.h>
#include "app.h"

typedef struct {
    json_t *items;
    uint64_t last_row;
} listing;

static void copy(json_t *to, const json_t *from, const char *key)
{
    json_t *v = json_object_get(from, key);
    if (v)
        json_object_set(to, key, v);
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
                                               "replaced", "body_bytes", "scan_us", "path", "client", "reason", "status", "access"};
    static const char *const from_answer[] = {"status", "restored", "answer_bytes", "input_tokens", "output_tokens", "ms_gate", "ms_total",
                                              "stop_reason", "tool_calls", "reason"};
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

static unsigned put_json(call *c, json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT);
    json_decref(v);
    if (!text)
        return problem(c, 500, "Out of memory", "The answer could not be made.");
    cu_buf_str(c->out, text);
    free(text);
    return 200;
}

unsigned answer_exchanges(call *c, const char *id)
{
    const char *limit = c->query(c->query_arg, "limit"), *cursor = c->query(c->query_arg, "cursor"), *tenant = c->query(c->query_arg, "tenant");
    unsigned long n = limit ? strtoul(limit, NULL, 10) : 100;
    listing l = {.items = json_array()};
    if (n < 1 || n > 1000)
        n = 100;
    cu_err e = cu_store_exchanges(c->a->store, id, tenant, cursor ? strtoull(cursor, NULL, 10) : 0, id ? 1 : (unsigned)n, add, &l);
    if (e != CU_OK) {
        json_decref(l.items);
        return problem(c, 500, "The exchanges could not be read", "%s", cu_err_text(e));
    }
    if (id && json_array_size(l.items) == 0) {
        json_decref(l.items);
        return problem(c, 404, "Unknown exchange", "No exchange of this id is sealed yet.");
    }
    if (id) {
        json_t *one = json_incref(json_array_get(l.items, 0));
        json_decref(l.items);
        return put_json(c, one);
    }
    json_t *next = json_array_size(l.items) == n && l.last_row > 1 ? json_sprintf("%llu", (unsigned long long)l.last_row) : json_null();
    return put_json(c, json_pack("{s:o,s:o,s:I}", "items", l.items, "next_cursor", next, "total",
                                 (json_int_t)cu_store_exchange_count(c->a->store)));
}
