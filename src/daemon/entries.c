/* Sealed entries as the log explorer lists them, and what stands beside one. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "app.h"

static json_t *log_name(const char *folder)
{
    return strncmp(folder, "t/", 2) == 0 ? json_sprintf("t:%s", folder + 2) : json_string(folder);
}

static json_t *entry_json(const cu_store_entry *x)
{
    return json_pack("{s:o,s:I,s:s,s:s,s:s,s:s,s:I,s:I}", "log", log_name(x->log), "index", (json_int_t)x->index, "type", x->type, "at", x->ts, "actor",
                     x->actor, "writer", x->writer, "epoch", (json_int_t)x->epoch, "seq", (json_int_t)x->seq);
}

static void add(void *arg, const cu_store_entry *x)
{
    json_array_append_new(arg, entry_json(x));
}

static unsigned unreadable(call *c, cu_err e)
{
    return problem(c, 500, "The entries could not be read", "%s", cu_err_text(e));
}

/* With the bodies, where they were asked for. */
static void add_bodies(const call *c, const char *folder, json_t *items)
{
    char dir[4300];
    cu_log *l;
    cu_fault f;
    json_t *item;
    size_t i;
    snprintf(dir, sizeof dir, "%s/%s", c->a->config->log_dir, folder);
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return;
    json_array_foreach(items, i, item) {
        cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
        if (cu_log_entry(l, (uint64_t)json_integer_value(json_object_get(item, "index")), &leaf, &f) != CU_OK)
            continue;
        json_t *e = json_loadb((const char *)leaf.p, leaf.n, 0, NULL);
        json_object_set(item, "body", json_object_get(e, "body"));
        json_object_set(item, "id", json_object_get(e, "id"));
        json_decref(e);
    }
    cu_log_close(l);
}

static unsigned list(call *c, const char *folder)
{
    page_asked p;
    uint64_t total = 0;
    const cu_store_entry_filter w = {.log = folder, .type = c->query(c->query_arg, "type"), .actor = c->query(c->query_arg, "actor"),
                                     .from = c->query(c->query_arg, "from"), .to = c->query(c->query_arg, "to")};
    if (!read_page(c, 1000, &p))
        return problem(c, 400, "Malformed", "limit is a number from 1 to 1000, cursor the next_cursor of an answer.");
    if (c->query(c->query_arg, "cursor") && p.before == 0) /* below entry 0 there is nothing; 0 would mean from the newest */
        p.before = 1;
    json_t *items = json_array();
    cu_err e = cu_store_entries(c->a->store, &w, p.before, p.limit, add, items, &total);
    if (e != CU_OK) {
        json_decref(items);
        return unreadable(c, e);
    }
    const char *bodies = c->query(c->query_arg, "bodies");
    if (bodies && strcmp(bodies, "yes") == 0)
        add_bodies(c, folder, items);
    size_t n = json_array_size(items);
    json_int_t last = n ? json_integer_value(json_object_get(json_array_get(items, n - 1), "index")) : 0;
    json_t *next = n == p.limit && last > 0 ? json_sprintf("%lld", (long long)last) : json_null();
    return answer_json(c, json_pack("{s:o,s:o,s:I}", "items", items, "next_cursor", next, "total", (json_int_t)total));
}

static void add_type(void *arg, const char *value, const char *second, uint64_t count, const char *last)
{
    json_array_append_new(arg, json_pack("{s:s,s:I,s:s}", "value", value, "count", (json_int_t)count, "last", last));
}

static unsigned types(call *c, const char *folder)
{
    json_t *items = json_array();
    cu_err e = cu_store_entry_types(c->a->store, folder, add_type, items);
    if (e == CU_OK)
        return answer_json(c, json_pack("{s:o}", "items", items));
    json_decref(items);
    return unreadable(c, e);
}

/* The names live as long as the row that they came from: they are kept. */
typedef struct {
    char writer[128];
    cu_store_entry x;
    bool found;
} kept;

static void keep(void *arg, const cu_store_entry *x)
{
    kept *k = arg;
    snprintf(k->writer, sizeof k->writer, "%s", x->writer);
    k->x = *x;
    k->x.writer = k->writer;
    k->found = true;
}

/* The entry at one index, as a list of none or one. */
static cu_err at(call *c, const char *folder, uint64_t index, cu_store_entry_fn each, void *arg)
{
    uint64_t total;
    const cu_store_entry_filter w = {.log = folder};
    json_t *probe = json_array();
    cu_err e = cu_store_entries(c->a->store, &w, index + 1, 1, add, probe, &total);
    bool there = e == CU_OK && json_integer_value(json_object_get(json_array_get(probe, 0), "index")) == (json_int_t)index && json_array_size(probe) == 1;
    json_decref(probe);
    return e != CU_OK || !there ? e : cu_store_entries(c->a->store, &w, index + 1, 1, each, arg, &total);
}

static json_t *first(json_t *list)
{
    json_t *one = json_array_size(list) ? json_incref(json_array_get(list, 0)) : json_null();
    json_decref(list);
    return one;
}

static unsigned neighbours(call *c, const char *folder, uint64_t index)
{
    kept k = {0};
    json_t *before = json_array(), *after = json_array(), *chain_before = json_array(), *chain_after = json_array();
    cu_err e = at(c, folder, index, keep, &k);
    if (e == CU_OK && index > 0)
        e = at(c, folder, index - 1, add, before);
    if (e == CU_OK)
        e = at(c, folder, index + 1, add, after);
    if (e == CU_OK && k.found && k.x.seq > 0)
        e = cu_store_chain(c->a->store, &k.x, false, add, chain_before);
    if (e == CU_OK && k.found)
        e = cu_store_chain(c->a->store, &k.x, true, add, chain_after);
    json_t *out = json_pack("{s:o,s:o,s:o,s:o}", "before", first(before), "after", first(after), "chain_before", first(chain_before), "chain_after",
                            first(chain_after));
    if (e == CU_OK && k.found)
        return answer_json(c, out);
    json_decref(out);
    return e == CU_OK ? problem(c, 404, "Not in the log", "There is no entry %llu yet.", (unsigned long long)index) : unreadable(c, e);
}

unsigned answer_entries(call *c)
{
    char folder[80];
    unsigned status = log_folder(c, folder);
    return status ? status : list(c, folder);
}

unsigned answer_entry_types(call *c)
{
    char folder[80];
    unsigned status = log_folder(c, folder);
    return status ? status : types(c, folder);
}

unsigned answer_neighbours(call *c)
{
    char folder[80];
    uint64_t index;
    unsigned status = log_folder(c, folder);
    if (status)
        return status;
    if (!read_index(c->args[1], &index))
        return problem(c, 404, "Not in the log", "An entry has a number from 0.");
    return neighbours(c, folder, index);
}
