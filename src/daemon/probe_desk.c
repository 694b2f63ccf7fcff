#include "probe_desk.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "paths.h"

#define RUNS 64u              /* that are remembered; the oldest that has ended makes room */
#define WAITING 16u           /* for everybody */
#define WAITING_EACH 4u       /* for one person */
#define VALUE_MIN 4u
#define VALUE_MAX 256u
#define LIST_MAX ((size_t)256 << 10)
#define LOST_NS (900ull * 1000000000) /* the prober ends a run after ten minutes */

typedef enum { RUN_FREE, RUN_WAITING, RUN_AT_WORK, RUN_ENDED, RUN_LOST } run_state;
static const char *const state_names[] = {"free", "waiting", "running", "ended", "lost"};

typedef struct {
    run_state state;
    char id[CU_ID_LEN], probe[49], by[CU_STORE_ACTOR], asked[CU_TIME_LEN];
    uint64_t taken_ns;
    char *value;              /* NULL: none was given, or the prober has it */
    bool own_value;
    json_t *results;
} run;

static struct {
    pthread_mutex_t lock;
    run v[RUNS];
    json_t *probes;           /* as the prober listed them */
} desk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void forget_value(run *r)
{
    if (r->value)
        cu_wipe(r->value, strlen(r->value));
    free(r->value);
    r->value = NULL;
}

/* desk.lock held, here and below. */
static run *find(const char *id)
{
    for (size_t i = 0; i < RUNS; i++)
        if (desk.v[i].state != RUN_FREE && strcmp(desk.v[i].id, id) == 0)
            return &desk.v[i];
    return NULL;
}

static bool over(const run *r) { return r->state == RUN_ENDED || r->state == RUN_LOST; }

static run *room(void)
{
    run *oldest = NULL;
    for (size_t i = 0; i < RUNS; i++) {
        if (desk.v[i].state == RUN_FREE)
            return &desk.v[i];
        if (over(&desk.v[i]) && (!oldest || strcmp(desk.v[i].id, oldest->id) < 0))
            oldest = &desk.v[i];
    }
    if (oldest) {
        forget_value(oldest);
        json_decref(oldest->results);
        *oldest = (run){0};
    }
    return oldest;
}

static size_t waiting(const char *by)
{
    size_t n = 0;
    for (size_t i = 0; i < RUNS; i++)
        n += desk.v[i].state == RUN_WAITING && (!by || strcmp(desk.v[i].by, by) == 0);
    return n;
}

static void look_for_lost(void)
{
    for (size_t i = 0; i < RUNS; i++)
        if (desk.v[i].state == RUN_AT_WORK && cu_mono_ns() - desk.v[i].taken_ns > LOST_NS)
            desk.v[i].state = RUN_LOST;
}

static const json_t *listed(const char *name)
{
    const json_t *x;
    size_t i;
    json_array_foreach(desk.probes, i, x)
        if (strcmp(json_string_value(json_object_get(x, "name")), name) == 0)
            return x;
    return NULL;
}

static json_t *run_json(app *a, const run *r)
{
    char by[PERSON_NAME];
    if (is_pseudonym(r->by))
        person_name(a, r->by, by);
    else
        snprintf(by, sizeof by, "%s", r->by);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:o}", "id", r->id, "probe", r->probe, "state", state_names[r->state], "by", by, "asked", r->asked, "own_value", r->own_value,
                     "results", r->results ? json_incref(r->results) : json_array());
}

unsigned answer_probe_runs(call *c)
{
    json_t *runs = json_array();
    pthread_mutex_lock(&desk.lock);
    look_for_lost();
    for (size_t i = 0; i < RUNS; i++)
        if (desk.v[i].state != RUN_FREE)
            json_array_append_new(runs, run_json(c->a, &desk.v[i]));
    json_t *probes = desk.probes ? json_deep_copy(desk.probes) : json_array();
    pthread_mutex_unlock(&desk.lock);
    return answer_json(c, json_pack("{s:o,s:o}", "probes", probes, "runs", runs));
}

unsigned answer_probe_run(call *c)
{
    pthread_mutex_lock(&desk.lock);
    look_for_lost();
    const run *r = find(c->args[0]);
    json_t *out = r ? run_json(c->a, r) : NULL;
    pthread_mutex_unlock(&desk.lock);
    return out ? answer_json(c, out) : problem(c, 404, "Not found", "There is no run of this id that is remembered; the log has what came of it: probe.completed.");
}

/* --- asking --- */

static unsigned refuse(call *c, const char *probe, const json_t *value)
{
    const json_t *x = listed(probe);
    size_t n = json_string_length(value);
    if (!desk.probes)
        return problem(c, 503, "Nobody runs probes", "The prober has not said yet which probes there are, or custos.yaml says probes: {schedule: false}; see custos status.");
    if (!x)
        return problem(c, 404, "Not found", "There is no probe %.48s.", probe);
    if (value && !json_is_true(json_object_get(x, "takes_value")))
        return problem(c, 400, "No value", "%.48s plants no value.", probe);
    if (value && (!json_is_string(value) || n < VALUE_MIN || n > VALUE_MAX || memchr(json_string_value(value), 0, n)))
        return problem(c, 400, "Malformed", "value is a text of %u to %u bytes.", VALUE_MIN, VALUE_MAX);
    if (waiting(NULL) >= WAITING || waiting(c->actor) >= WAITING_EACH)
        return problem(c, 429, "Too many wait", "At most %u runs wait, %u of one person; ask again when one has ended.", WAITING, WAITING_EACH);
    return 0;
}

static unsigned enter(call *c, const char *probe, const json_t *value)
{
    run *r = room();
    if (!r)
        return problem(c, 429, "Too many wait", "%u runs wait or are at work; ask again when one has ended.", RUNS);
    *r = (run){.state = RUN_WAITING, .own_value = value != NULL, .value = value ? strdup(json_string_value(value)) : NULL};
    cu_id_new(r->id);
    cu_time_text(cu_now_ns(), r->asked);
    snprintf(r->probe, sizeof r->probe, "%s", probe);
    snprintf(r->by, sizeof r->by, "%s", c->actor);
    if (value && !r->value) {
        r->state = RUN_FREE;
        return problem(c, 503, "No memory", "The run was not taken down.");
    }
    unsigned status = answer_json(c, run_json(c->a, r));
    return status == 200 ? 202 : status;
}

unsigned ask_probe_run(call *c)
{
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *probe = json_string_value(json_object_get(in, "probe"));
    const json_t *value = json_object_get(in, "value");
    unsigned status = 0;
    if (!probe || strlen(probe) >= sizeof desk.v->probe)
        status = problem(c, 400, "Malformed", "probe, the name of one, is needed; GET /api/v1/probe-runs lists them.");
    pthread_mutex_lock(&desk.lock);
    look_for_lost();
    if (!status && !(status = refuse(c, probe, value)))
        status = enter(c, probe, value);
    pthread_mutex_unlock(&desk.lock);
    json_decref(in);
    return status;
}

/* --- the prober --- */

unsigned next_probe_run(call *c)
{
    run *oldest = NULL;
    pthread_mutex_lock(&desk.lock);
    for (size_t i = 0; i < RUNS; i++)
        if (desk.v[i].state == RUN_WAITING && (!oldest || strcmp(desk.v[i].id, oldest->id) < 0))
            oldest = &desk.v[i];
    unsigned status = desk.probes ? 204 : problem(c, 409, "No list", "Say first which probes there are: POST /api/v1/probe-list.");
    if (oldest) {
        status = answer_json(c, json_pack("{s:s,s:s,s:s?}", "id", oldest->id, "probe", oldest->probe, "value", oldest->value));
        oldest->state = RUN_AT_WORK;
        oldest->taken_ns = cu_mono_ns();
        forget_value(oldest);
    }
    pthread_mutex_unlock(&desk.lock);
    return status;
}

static bool is_listing(const json_t *list)
{
    const json_t *x;
    size_t i;
    json_array_foreach(list, i, x)
        if (!json_is_string(json_object_get(x, "name")) || !json_is_string(json_object_get(x, "attacks")) || !json_is_array(json_object_get(x, "controls")) ||
            !json_is_boolean(json_object_get(x, "takes_value")) || !json_is_integer(json_object_get(x, "every_seconds")))
            return false;
    return json_array_size(list) > 0;
}

unsigned take_probe_list(call *c)
{
    json_t *in = c->body.n <= LIST_MAX ? json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *list = json_incref(json_object_get(in, "probes"));
    json_decref(in);
    if (!is_listing(list)) {
        json_decref(list);
        return problem(c, 400, "Malformed", "probes is a list of {name, attacks, controls, every_seconds, takes_value}.");
    }
    pthread_mutex_lock(&desk.lock);
    json_decref(desk.probes);
    desk.probes = list;
    pthread_mutex_unlock(&desk.lock);
    return 204;
}

void probe_run_asker(app *a, const char *id, char out[CU_STORE_ACTOR])
{
    pthread_mutex_lock(&desk.lock);
    const run *r = find(id);
    snprintf(out, CU_STORE_ACTOR, "%s", r && r->state == RUN_AT_WORK ? r->by : "");
    pthread_mutex_unlock(&desk.lock);
}

void probe_run_ended(app *a, const char *id, const json_t *results)
{
    pthread_mutex_lock(&desk.lock);
    run *r = find(id);
    if (r && r->state == RUN_AT_WORK) {
        r->state = RUN_ENDED;
        r->results = json_deep_copy(results);
    }
    pthread_mutex_unlock(&desk.lock);
}
