#include "node.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "comply/status.h"
#include "release.h"

#define HOUR_S 3600u
#define DAY_S 86400u

bool older_than(app *a, const char *type, uint64_t seconds)
{
    cu_store_events e = {0};
    uint64_t last, now = cu_now_ns() / 1000000;
    if (cu_store_events_of(a->store, type, &e) != CU_OK || !e.count || !cu_status_time(cu_str(e.last), &last))
        return true;
    return last > now || now - last >= seconds * 1000;
}

bool told_after(app *a, const char *bad, const char *good)
{
    cu_store_events x = {0}, y = {0};
    (void)!cu_store_events_of(a->store, bad, &x);
    (void)!cu_store_events_of(a->store, good, &y);
    return x.count && (!y.count || strcmp(x.last, y.last) > 0);
}

bool node_tell(app *a, const char *type, const cu_buf *body)
{
    pthread_mutex_lock(&a->lock);
    cu_err e = record(a, type, CU_TENANT_ORG, "daemon", body);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "%s is not recorded: %s", type, cu_err_text(e));
    return e == CU_OK;
}

/* Both of a kind, because either says that it was looked. */
static bool due(app *a, const char *good, const char *bad)
{
    return older_than(a, good, DAY_S) && older_than(a, bad, DAY_S);
}

void node_watch(app *a)
{
    capacity_look(a, older_than(a, "capacity.sample", HOUR_S));
    if (due(a, "baseline.checked", "baseline.drift") || told_after(a, "baseline.drift", "baseline.checked"))
        (void)baseline_check(a, NULL);
    if (due(a, "store.verified", "store.failed"))
        (void)store_check(a);
    if (older_than(a, "tls.observed", DAY_S))
        links_check(a);
}

unsigned answer_node_check(call *c)
{
    json_t *items = json_array(), *parts = json_array();
    bool baseline = baseline_check(c->a, items), store = store_check(c->a), release = release_check(c->a, parts);
    char *text = json_dumps(items, JSON_COMPACT), *altered = json_dumps(parts, JSON_COMPACT);
    capacity_look(c->a, true);
    links_check(c->a);
    cu_buf_fmt(c->out, "{\"altered\":%s,\"baseline\":%s,\"items\":%s,\"release\":%s,\"store\":%s,\"capacity\":", altered ? altered : "[]", baseline ? "true" : "false",
               text ? text : "[]", release ? "true" : "false", store ? "true" : "false");
    capacity_json(c->a, c->out);
    cu_buf_byte(c->out, '}');
    free(text);
    free(altered);
    json_decref(items);
    json_decref(parts);
    return 201;
}
