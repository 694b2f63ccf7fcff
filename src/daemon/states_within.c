/* States of controls for who is limited. A state is one of the organisation as a whole; the evidence behind it is shown
 * as far as it is of her tenants and her window: what was counted before the window is taken off. */
#include <jansson.h>
#include "limited.h"

static const char *word(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static void clear(json_t *seen)
{
    json_object_set_new(seen, "count", json_integer(0));
    json_object_set_new(seen, "first", json_null());
    json_object_set_new(seen, "last", json_null());
    json_object_del(seen, "log");
    json_object_del(seen, "index");
}

/* An object with count, first, last, log and index; then: the same as it was when her window began. */
static void keep_seen(const call *c, json_t *seen, const json_t *then)
{
    json_int_t before = json_integer_value(json_object_get(then, "count")), n = json_integer_value(json_object_get(seen, "count"));
    const char *last = word(seen, "last"), *log = word(seen, "log");
    if (n <= before || (*last && !limit_time(c, last)) || (c->who.tenants[0] && *log && !limit_log(c, log))) {
        clear(seen);
        return;
    }
    if (before) {
        json_object_set_new(seen, "count", json_integer(n - before));
        json_object_set_new(seen, "first", json_null());
    }
    if (c->who.tenants[0]) { /* the number is one of all tenants */
        json_object_set_new(seen, "count", json_integer(1));
        json_object_set(seen, "first", json_object_get(seen, "last"));
    }
}

static void keep_evidence(const call *c, json_t *v, const json_t *then)
{
    const char *key;
    json_t *x;
    size_t i;
    if (json_is_object(v) && json_object_get(v, "count") && json_object_get(v, "last"))
        keep_seen(c, v, then);
    if (json_is_object(v))
        json_object_foreach(v, key, x)
            keep_evidence(c, x, json_object_get(then, key));
    json_array_foreach(v, i, x)
        keep_evidence(c, x, json_array_get(then, i));
}

/* Takes out controls that are not hers; how many are left. */
static size_t keep_controls(const call *c, json_t *list)
{
    for (size_t i = json_array_size(list); i-- > 0;)
        if (!limit_control(c, word(json_array_get(list, i), "id")))
            json_array_remove(list, i);
    return json_array_size(list);
}

static void count_again(json_t *all)
{
    json_t *counts = json_object_get(all, "counts"), *x;
    size_t i;
    const char *state;
    json_object_foreach(counts, state, x)
        json_object_set_new(counts, state, json_integer(0));
    json_array_foreach(json_object_get(all, "items"), i, x) {
        state = word(x, "state");
        json_object_set_new(counts, state, json_integer(json_integer_value(json_object_get(counts, state)) + 1));
    }
}

void states_keep(const call *c, json_t *all, const json_t *then)
{
    static const char *const nested[] = {"controls", "gaps"};
    json_t *items = json_object_get(all, "items");
    keep_evidence(c, items, json_object_get(then, "items"));
    if (!c->who.controls[0])
        return;
    for (size_t i = json_array_size(items); i-- > 0;) {
        json_t *x = json_array_get(items, i);
        bool criterion = false, left = false;
        for (size_t k = 0; k < sizeof nested / sizeof *nested; k++) {
            json_t *list = json_object_get(x, nested[k]);
            criterion |= list != NULL;
            left |= keep_controls(c, list) > 0;
        }
        if (criterion ? !left : !limit_control(c, word(x, "id")))
            json_array_remove(items, i);
    }
    count_again(all);
}
