/* What the trust page says of criteria stands in the log first: an entry trustpage.stated, made when a page is published,
 * when a state changes, and once a day. The page shows the newest one, and whoever reads it can check that one. */
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "comply/status.h"
#include "trust.h"

#define DAY_MS 86400000u

/* Of controls that are met or partly met: when the newest and the oldest evidence of one was sealed; 0: none. */
static void evidence_of(app *a, uint64_t now_ms, uint64_t *newest, uint64_t *oldest)
{
    cu_control_status *all = calloc(a->catalogue->controls_n + 1, sizeof *all);
    *newest = *oldest = 0;
    if (!all)
        return;
    states_controls(a, now_ms, all);
    for (size_t i = 0; i < a->catalogue->controls_n; i++) {
        uint64_t ms = all[i].probe.seen.count ? all[i].probe.seen.last_ms : 0;
        for (size_t k = 0; k < all[i].control->sources_n; k++)
            if (all[i].sources[k].seen.count && all[i].sources[k].seen.last_ms > ms)
                ms = all[i].sources[k].seen.last_ms;
        if (!ms || (all[i].state != CU_STATE_MET && all[i].state != CU_STATE_PARTLY))
            continue;
        *newest = ms > *newest ? ms : *newest;
        *oldest = !*oldest || ms < *oldest ? ms : *oldest;
    }
    free(all);
}

static json_t *criteria_now(app *a, uint64_t now_ms)
{
    cu_state *v = calloc(a->catalogue->criteria_n + 1, sizeof *v);
    json_t *out = v ? json_array() : NULL;
    if (out) {
        states_criteria(a, now_ms, v);
        for (size_t i = 0; i < a->catalogue->criteria_n; i++)
            json_array_append_new(out, json_pack("{s:s%,s:s}", "id", a->catalogue->criteria[i].id.p, a->catalogue->criteria[i].id.n, "state", cu_state_name(v[i])));
    }
    free(v);
    return out;
}

json_t *trust_stated(app *a, const char *trustpage, uint64_t *index)
{
    char log[80];
    if (cu_store_last_of(a->store, "trustpage.stated", log, index) != CU_OK || strcmp(log, "org") != 0)
        return NULL;
    json_t *entry = desk_entry(a, *index);
    const char *of = json_string_value(json_object_get(json_object_get(entry, "body"), "trustpage"));
    if (of && strcmp(of, trustpage) == 0)
        return entry;
    json_decref(entry);
    return NULL;
}

static bool said_already(const json_t *entry, const json_t *criteria, uint64_t now_ms)
{
    uint64_t at;
    const char *ts = json_string_value(json_object_get(entry, "ts"));
    return ts && cu_status_time(cu_str(ts), &at) && now_ms < at + DAY_MS && json_equal(json_object_get(json_object_get(entry, "body"), "criteria"), criteria);
}

static void state(app *a, const char *trustpage, json_t *criteria, uint64_t now_ms)
{
    uint64_t newest, oldest;
    char at[CU_TIME_LEN];
    cu_buf body CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    json_t *v = json_pack("{s:O,s:s}", "criteria", criteria, "trustpage", trustpage);
    evidence_of(a, now_ms, &newest, &oldest);
    if (newest) {
        cu_time_text(newest * 1000000, at);
        json_object_set_new(v, "newest", json_string(at));
        cu_time_text(oldest * 1000000, at);
        json_object_set_new(v, "oldest", json_string(at));
    }
    char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
    cu_buf_str(&body, text ? text : "");
    free(text);
    json_decref(v);
    pthread_mutex_lock(&a->lock);
    if (cu_buf_err(&body) != CU_OK || record(a, "trustpage.stated", CU_TENANT_ORG, "daemon", &body) != CU_OK)
        cu_say(CU_LOG_ERROR, "the states for the trust page could not be recorded");
    pthread_mutex_unlock(&a->lock);
}

void trust_watch(app *a)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* two at a time would say the same twice */
    pthread_mutex_lock(&one);
    json_t *page = trust_in_force(a);
    const char *id = json_string_value(json_object_get(page, "id"));
    uint64_t now_ms = cu_now_ns() / 1000000, index;
    json_t *criteria = page ? criteria_now(a, now_ms) : NULL, *before = page ? trust_stated(a, id, &index) : NULL;
    if (criteria && !said_already(before, criteria, now_ms))
        state(a, id, criteria, now_ms);
    json_decref(before);
    json_decref(criteria);
    json_decref(page);
    pthread_mutex_unlock(&one);
}
