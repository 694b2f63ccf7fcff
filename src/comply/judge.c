/* What a control and a criterion come to at a moment. Only what is kept of the log, the catalogue and the moment count. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include "judge.h"

#define YEAR_MS (366ull * 86400000)

static const char *const state_names[] = {
#define X(name, text) text,
    CU_STATES(X)
#undef X
};

const char *cu_state_name(cu_state s)
{
    return s < CU_STATE_COUNT ? state_names[s] : "unknown";
}

/* --- scope --- */

json_t *scope_at(const cu_status *s, uint64_t at_ms)
{
    size_t i = s->decisions_n;
    while (i && (s->decisions[i - 1].answer || s->decisions[i - 1].ms > at_ms))
        i--;
    return i ? json_loads(s->decisions[i - 1].body, 0, NULL) : NULL;
}

static bool is(cu_bytes b, const json_t *text)
{
    return json_is_string(text) && cu_eq_str(b, json_string_value(text));
}

bool scope_has(const json_t *scope, const cu_catalogue *c, cu_bytes category)
{
    const json_t *list = json_object_get(scope, "categories"), *x;
    size_t i;
    if (!scope || cu_eq(c->categories[0], category)) /* nothing decided: all of it; security is always in it */
        return true;
    json_array_foreach(list, i, x)
        if (is(category, x))
            return true;
    return false;
}

const char *scope_excludes(const json_t *scope, cu_bytes control)
{
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(scope, "excluded"), i, x)
        if (is(control, json_object_get(x, "control")))
            return json_string_value(json_object_get(x, "reason"));
    return NULL;
}

static bool serves_scope(const json_t *scope, const cu_catalogue *c, const cu_control *k)
{
    for (size_t i = 0; i < k->criteria_n; i++)
        if (scope_has(scope, c, k->criteria[i]->category))
            return true;
    return false;
}

/* --- evidence --- */

static void seen_of(cu_status *s, const cu_bytes *types, size_t n, const cu_source *where, uint64_t at, cu_seen *out)
{
    for (size_t i = 0; i < n; i++) {
        unsigned t = kept_stream(s, types[i], where ? where->member : CU_NONE, where ? where->value : CU_NONE);
        if (t != NONE)
            kept_seen_in(s, &s->streams[t].v, at, out);
    }
}

static bool fresh(const cu_seen *seen, uint64_t at, uint64_t within_ns)
{
    return seen->count && at - seen->last_ms <= within_ns / 1000000;
}

static void judge_sources(cu_status *s, const cu_control *k, uint64_t at, cu_control_status *out)
{
    struct times *nils = &s->nils[k - s->c->controls];
    kept_seen(s, nils, kept_until(nils, at), 0, &out->nils);
    for (size_t i = 0; i < k->sources_n; i++) {
        const cu_source *x = &k->sources[i];
        seen_of(s, x->events, x->events_n, x, at, &out->sources[i].seen);
        out->sources[i].fresh = fresh(&out->sources[i].seen, at, x->within_ns);
        out->sources[i].nil = !out->sources[i].fresh && x->or_nil && fresh(&out->nils, at, k->nil_ns);
        out->sources[i].fresh |= out->sources[i].nil;
    }
}

static uint64_t run_at(const struct times *runs, size_t i)
{
    return runs->v[i].ms >> 2;
}

static cu_run_outcome outcome_of(const struct times *runs, size_t i)
{
    return (cu_run_outcome)(runs->v[i].ms & 3);
}

/* Of one probe the newest run that could run decides. */
typedef struct {
    cu_run_outcome outcome;
    uint64_t ms, place;
} last_run;

static last_run last_of(struct times *runs, uint64_t at)
{
    size_t n = kept_until(runs, at << 2 | 3);
    last_run r = {.outcome = n ? CU_RUN_FAILED : CU_RUN_NONE};
    while (n && outcome_of(runs, n - 1) == CU_RUN_FAILED)
        n--;
    if (n)
        r = (last_run){outcome_of(runs, n - 1), run_at(runs, n - 1), runs->v[n - 1].place};
    return r;
}

/* Of several: one that got through, then one that held, then one that could not run; of equal ones the newest. */
static bool decides(const last_run *a, const last_run *b)
{
    static const unsigned weight[] = {[CU_RUN_NONE] = 0, [CU_RUN_FAILED] = 1, [CU_RUN_HELD] = 2, [CU_RUN_BROKEN] = 3};
    return weight[a->outcome] != weight[b->outcome] ? weight[a->outcome] > weight[b->outcome] : a->ms > b->ms;
}

static void judge_probe(cu_status *s, const cu_control *k, uint64_t at, cu_control_status *out)
{
    last_run best = {0};
    for (size_t j = 0; j < k->probes_n; j++) {
        struct times *runs = &s->runs[(size_t)(k - s->c->controls) * CU_CONTROL_PROBES + j];
        kept_seen(s, runs, kept_until(runs, at << 2 | 3), 2, &out->probe.seen);
        last_run r = last_of(runs, at);
        if (decides(&r, &best))
            best = r;
    }
    out->probe.outcome = best.outcome;
    if (best.outcome != CU_RUN_HELD && best.outcome != CU_RUN_BROKEN)
        return;
    out->probe.seen.last_ms = best.ms;
    out->probe.seen.log = s->logs[best.place >> MOMENT_INDEX_BITS].name;
    out->probe.seen.index = best.place & (((uint64_t)1 << MOMENT_INDEX_BITS) - 1);
    out->probe.fresh = best.outcome == CU_RUN_HELD && at - best.ms <= k->fresh_ns / 1000000;
}

/* Entries that say it does not work stand until others, or a probe that held, came after them; with neither, until they are old. */
static void judge_breakers(cu_status *s, const cu_control *k, uint64_t at, cu_control_status *out)
{
    for (size_t i = 0; i < k->breakers_n; i++) {
        cu_seen bad = {0}, good = {0};
        const cu_source where = {.member = k->breakers[i].member, .value = k->breakers[i].value};
        seen_of(s, k->breakers[i].events, k->breakers[i].events_n, &where, at, &bad);
        seen_of(s, k->breakers[i].until, k->breakers[i].until_n, &where, at, &good);
        bool over = good.count && good.last_ms >= bad.last_ms;
        over |= out->probe.outcome == CU_RUN_HELD && out->probe.seen.last_ms > bad.last_ms;
        over |= !k->breakers[i].until_n && !k->probes_n && !fresh(&bad, at, k->fresh_ns);
        if (!bad.count || over)
            continue;
        out->broken_by = bad;
        out->broken = true;
    }
}

/* --- occurrences that did not take place --- */

typedef struct {
    uint64_t limit, from, missed, last_ms;
} gaps;

static void gap(void *arg, uint64_t from, uint64_t to)
{
    gaps *g = arg;
    if (to < g->from || to - from <= g->limit)
        return;
    uint64_t begin = from > g->from ? from : g->from;
    g->missed += to - begin > g->limit ? (to - begin - 1) / g->limit : 1;
    g->last_ms = to;
}

static void gaps_of_runs(const struct times *runs, size_t n, uint64_t at, gaps *g)
{
    uint64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        if (outcome_of(runs, i) == CU_RUN_FAILED)
            continue;
        if (before)
            gap(g, before, run_at(runs, i));
        before = run_at(runs, i);
    }
    if (before)
        gap(g, before, at);
}

/* Of the probe that ran most often. */
static struct times *most_runs(cu_status *s, const cu_control *k)
{
    struct times *v = &s->runs[(size_t)(k - s->c->controls) * CU_CONTROL_PROBES], *most = v;
    for (size_t j = 1; j < k->probes_n; j++)
        if (v[j].n > most->n)
            most = &v[j];
    return most;
}

/* Of an automatic control whose probe ever ran here an occurrence is a run of it, else an entry of the first source. */
static void judge_occurrences(cu_status *s, const cu_control *k, uint64_t at, cu_control_status *out)
{
    gaps g = {.limit = k->fresh_ns / 1000000, .from = at > YEAR_MS ? at - YEAR_MS : 0};
    struct times *runs = most_runs(s, k);
    size_t n = kept_until(runs, at << 2 | 3);
    if (!k->scheduled)
        return;
    if (n && cu_eq_str(k->automation, "auto")) {
        gaps_of_runs(runs, n, at, &g);
    } else if (k->sources_n && k->sources[0].events_n == 1) {
        unsigned t = kept_stream(s, k->sources[0].events[0], k->sources[0].member, k->sources[0].value);
        if (t != NONE)
            moments_gaps(&s->streams[t].v, at, g.limit, g.from, gap, &g);
    }
    out->missed = g.missed;
    out->missed_ms = g.last_ms;
}

/* --- the state --- */

static void say(cu_control_status *out, cu_state state, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(cu_control_status *out, cu_state state, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out->state = state;
    vsnprintf(out->why, sizeof out->why, fmt, ap);
    va_end(ap);
}

static void conclude(const cu_control *k, uint64_t at, cu_control_status *out)
{
    unsigned own = 0, own_fresh = 0, feeds = 0, feeds_fresh = 0, planned = 0;
    for (size_t i = 0; i < k->sources_n; i++) {
        bool feed = k->sources[i].feed, is_fresh = out->sources[i].fresh;
        planned += !is_fresh && !feed && k->sources[i].planned == k->sources[i].events_n;
        own += !feed;
        own_fresh += !feed && is_fresh;
        feeds += feed;
        feeds_fresh += feed && is_fresh;
    }
    bool recent = out->missed && at - out->missed_ms <= k->fresh_ns / 1000000;
    if (out->broken)
        say(out, CU_STATE_NOT_MET, "An entry says that it does not work, and nothing since shows that it does.");
    else if (out->probe.outcome == CU_RUN_BROKEN)
        say(out, CU_STATE_NOT_MET, "Its probe got through, and has not held since.");
    else if (!own_fresh && !feeds_fresh && !out->probe.fresh)
        say(out, CU_STATE_NO_DATA, out->probe.outcome == CU_RUN_FAILED ? "Its probe could not run, and no entry is fresh enough." : "No evidence is fresh enough.");
    else if (own_fresh < own)
        say(out, CU_STATE_PARTLY, planned ? "%u of %u kinds of entry are there and fresh; %u of the others this version does not write." : "%u of %u kinds of entry are there and fresh enough.",
            own_fresh, own, planned);
    else if (k->probes_n && !out->probe.fresh)
        say(out, CU_STATE_PARTLY, out->probe.seen.count ? "Entries are there; its probe last held too long ago, or could not run." : "Entries are there; its probe has not run.");
    else if (feeds_fresh < feeds)
        say(out, CU_STATE_PARTLY, "What this system sees is in order; %.*s is not connected (%.*s).", CU_FMT(k->feed_from), CU_FMT(k->feed_covers));
    else if (recent)
        say(out, CU_STATE_PARTLY, "It is in order again; %llu occurrences did not take place in the last year.", (unsigned long long)out->missed);
    else
        say(out, CU_STATE_MET, "All of its evidence is there and fresh%s.", k->probes_n ? ", and its probe held" : "");
}

void judge(cu_status *s, const json_t *scope, const cu_control *k, uint64_t at, cu_control_status *out)
{
    *out = (cu_control_status){.control = k};
    judge_sources(s, k, at, out);
    judge_probe(s, k, at, out);
    judge_breakers(s, k, at, out);
    judge_occurrences(s, k, at, out);
    const char *reason = scope_excludes(scope, k->id);
    if (reason)
        say(out, CU_STATE_NOT_APPLICABLE, "Not applicable: %.180s", reason);
    else if (!serves_scope(scope, s->c, k))
        say(out, CU_STATE_NOT_APPLICABLE, "None of the categories that it serves is in scope.");
    else
        conclude(k, at, out);
}

void cu_status_control(cu_status *s, const cu_control *k, uint64_t at_ms, cu_control_status *out)
{
    json_t *scope = scope_at(s, at_ms);
    judge(s, scope, k, at_ms, out);
    json_decref(scope);
}

cu_state judge_criterion(const cu_status *s, const json_t *scope, const cu_criterion *k, const cu_control_status *all)
{
    unsigned n[CU_STATE_COUNT] = {0}, counted = 0;
    if (!scope_has(scope, s->c, k->category))
        return CU_STATE_NOT_APPLICABLE;
    for (size_t i = 0; i < k->controls_n; i++)
        n[all[k->controls[i] - s->c->controls].state]++;
    counted = (unsigned)k->controls_n - n[CU_STATE_NOT_APPLICABLE];
    if (!counted)
        return CU_STATE_NOT_APPLICABLE;
    return n[CU_STATE_NOT_MET] ? CU_STATE_NOT_MET : n[CU_STATE_MET] == counted ? CU_STATE_MET : n[CU_STATE_NO_DATA] == counted ? CU_STATE_NO_DATA : CU_STATE_PARTLY;
}
