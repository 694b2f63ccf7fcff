/* The states with the evidence behind them, as the API gives them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "judge.h"

static void put_time(cu_buf *b, const char *key, uint64_t ms, bool there)
{
    char at[CU_TIME_LEN];
    cu_buf_json_key(b, key);
    if (!there) {
        cu_buf_str(b, "null");
        return;
    }
    cu_time_text(ms * 1000000, at);
    cu_buf_json_string(b, cu_str(at));
}

static void put_seen(cu_buf *b, const cu_seen *s)
{
    cu_buf_json_kv_u64(b, "count", s->count);
    put_time(b, "first", s->first_ms, s->count > 0);
    put_time(b, "last", s->last_ms, s->count > 0);
    if (s->count) { /* the newest entry, for its proof */
        cu_buf_json_kv_str(b, "log", s->log);
        cu_buf_json_kv_u64(b, "index", s->index);
    }
}

static void put_query(cu_buf *b, const cu_source *x)
{
    cu_buf_json_key(b, "query");
    cu_buf_byte(b, '"');
    for (size_t i = 0; i < x->events_n; i++)
        cu_buf_fmt(b, "%s%.*s", i ? " or type = " : "type = ", CU_FMT(x->events[i]));
    if (x->member.n) {
        cu_buf_str(b, ", ");
        cu_buf_json_escape(b, x->member);
        cu_buf_str(b, " = ");
        cu_buf_json_escape(b, x->value);
    }
    cu_buf_byte(b, '"');
    cu_buf_json_key(b, "types");
    for (size_t i = 0; i < x->events_n; i++) {
        cu_buf_byte(b, i ? ',' : '[');
        cu_buf_json_string(b, x->events[i]);
    }
    cu_buf_byte(b, ']');
}

static void put_evidence(cu_buf *b, const cu_control_status *st)
{
    const cu_control *k = st->control;
    cu_buf_json_key(b, "evidence");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < k->sources_n; i++) {
        const cu_source *x = &k->sources[i];
        cu_buf_str(b, i ? ",{" : "{");
        put_query(b, x);
        put_seen(b, &st->sources[i].seen);
        cu_buf_json_kv_u64(b, "within_hours", x->within_ns / 3600000000000ull);
        cu_buf_json_kv_bool(b, "fresh", st->sources[i].fresh);
        cu_buf_json_kv_bool(b, "nil", st->sources[i].nil);
        cu_buf_json_kv_bool(b, "feed", x->feed);
        cu_buf_json_kv_bool(b, "planned", x->planned == x->events_n);
        cu_buf_byte(b, '}');
    }
    cu_buf_byte(b, ']');
}

static void put_probe(cu_buf *b, const cu_control_status *st)
{
    static const char *const outcomes[] = {"none", "held", "broken", "failed"};
    cu_buf_json_key(b, "probe");
    if (!st->control->probes_n) {
        cu_buf_str(b, "null");
        return;
    }
    cu_buf_byte(b, '{');
    cu_buf_json_kv(b, "name", st->control->probes[0]);
    cu_buf_json_kv_str(b, "outcome", outcomes[st->probe.outcome]);
    cu_buf_json_kv_bool(b, "fresh", st->probe.fresh);
    put_seen(b, &st->probe.seen);
    cu_buf_byte(b, '}');
}

static void put_control(cu_buf *b, const cu_control_status *st)
{
    const cu_control *k = st->control;
    cu_buf_byte(b, '{');
    cu_buf_json_kv(b, "id", k->id);
    cu_buf_json_kv(b, "title", k->title);
    cu_buf_json_kv_str(b, "state", cu_state_name(st->state));
    cu_buf_json_kv_str(b, "why", st->why);
    cu_buf_json_kv(b, "automation", k->automation);
    cu_buf_json_kv(b, "frequency", k->frequency);
    put_evidence(b, st);
    put_probe(b, st);
    cu_buf_json_kv_u64(b, "missed", st->missed);
    cu_buf_json_key(b, "broken_by");
    if (st->broken) {
        cu_buf_byte(b, '{');
        put_seen(b, &st->broken_by);
        cu_buf_byte(b, '}');
    } else {
        cu_buf_str(b, "null");
    }
}

/* What only the list of controls says. */
static void put_more(cu_buf *b, const cu_control *k)
{
    cu_mappings_json(k, b);
    cu_buf_json_kv(b, "description", k->description);
    cu_buf_json_kv(b, "owner_role", k->owner_role);
    cu_buf_json_kv(b, "auditor_test", k->auditor_test);
    cu_buf_json_kv(b, "external_feed", k->feed_from);
    cu_buf_json_key(b, "criteria");
    for (size_t i = 0; i < k->criteria_n; i++) {
        cu_buf_byte(b, i ? ',' : '[');
        cu_buf_json_string(b, k->criteria[i]->id);
    }
    cu_buf_byte(b, ']');
}

static const char *why_of(cu_state s)
{
    switch (s) {
    case CU_STATE_MET: return "All of its controls are met, for what this system covers.";
    case CU_STATE_PARTLY: return "Some of its controls have evidence in the log.";
    case CU_STATE_NOT_MET: return "One of its controls does not work.";
    case CU_STATE_NOT_APPLICABLE: return "It was decided that this is out of scope.";
    default: return "None of its controls has evidence that is fresh enough.";
    }
}

static void put_criterion(cu_buf *b, const cu_status *s, const cu_criterion *k, cu_state state, const cu_control_status *all)
{
    cu_buf_byte(b, '{');
    cu_buf_json_kv(b, "id", k->id);
    cu_buf_json_kv(b, "series", k->series);
    cu_buf_json_kv(b, "category", k->category);
    cu_buf_json_kv(b, "title", k->title);
    cu_buf_json_kv_str(b, "state", cu_state_name(state));
    cu_buf_json_kv_str(b, "why", why_of(state));
    cu_buf_json_kv(b, "also_needs", k->also_needs);
    cu_buf_json_kv(b, "official", k->official);
    cu_buf_json_kv(b, "evidence_class", k->evidence_class);
    cu_buf_json_key(b, "controls");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < k->controls_n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        put_control(b, &all[k->controls[i] - s->c->controls]);
        cu_buf_byte(b, '}');
    }
    cu_buf_str(b, "]}");
}

static void put_head(cu_buf *b, uint64_t at_ms)
{
    cu_buf_byte(b, '{');
    put_time(b, "as_of", at_ms, true);
    cu_buf_json_key(b, "items");
    cu_buf_byte(b, '[');
}

static cu_err put_counts(cu_buf *b, const size_t counts[CU_STATE_COUNT])
{
    cu_buf_byte(b, ']');
    cu_buf_json_key(b, "counts");
    cu_buf_byte(b, '{');
    for (unsigned i = 0; i < CU_STATE_COUNT; i++)
        cu_buf_json_kv_u64(b, cu_state_name((cu_state)i), counts[i]);
    cu_buf_byte(b, '}');
    return cu_buf_err(b);
}

/* Every control once; to be freed. */
static cu_control_status *judge_all(cu_status *s, const json_t *scope, uint64_t at_ms)
{
    cu_control_status *all = calloc(s->c->controls_n + 1, sizeof *all);
    for (size_t i = 0; all && i < s->c->controls_n; i++)
        judge(s, scope, &s->c->controls[i], at_ms, &all[i]);
    return all;
}

static void put_scope(cu_buf *b, const json_t *scope)
{
    char *text = scope ? json_dumps(scope, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    cu_buf_json_key(b, "scope");
    cu_buf_str(b, text ? text : "null");
    free(text);
    cu_buf_byte(b, '}');
}

cu_err cu_status_criteria_json(cu_status *s, uint64_t at_ms, cu_buf *out)
{
    size_t counts[CU_STATE_COUNT] = {0};
    json_t *scope = scope_at(s, at_ms);
    cu_control_status *all = judge_all(s, scope, at_ms);
    put_head(out, at_ms);
    for (size_t i = 0; all && i < s->c->criteria_n; i++) {
        cu_state state = judge_criterion(s, scope, &s->c->criteria[i], all);
        counts[state]++;
        if (i)
            cu_buf_byte(out, ',');
        put_criterion(out, s, &s->c->criteria[i], state, all);
    }
    cu_err e = all ? put_counts(out, counts) : CU_NOMEM;
    put_scope(out, scope);
    json_decref(scope);
    free(all);
    return e == CU_OK ? cu_buf_err(out) : e;
}

cu_err cu_status_controls_json(cu_status *s, uint64_t at_ms, cu_buf *out)
{
    size_t counts[CU_STATE_COUNT] = {0};
    json_t *scope = scope_at(s, at_ms);
    cu_control_status *all = judge_all(s, scope, at_ms);
    put_head(out, at_ms);
    for (size_t i = 0; all && i < s->c->controls_n; i++) {
        counts[all[i].state]++;
        if (i)
            cu_buf_byte(out, ',');
        put_control(out, &all[i]);
        put_more(out, all[i].control);
        cu_buf_byte(out, '}');
    }
    cu_err e = all ? put_counts(out, counts) : CU_NOMEM;
    put_scope(out, scope);
    json_decref(scope);
    free(all);
    return e == CU_OK ? cu_buf_err(out) : e;
}

cu_state cu_status_criterion(cu_status *s, const cu_criterion *k, uint64_t at_ms)
{
    json_t *scope = scope_at(s, at_ms);
    cu_control_status *all = judge_all(s, scope, at_ms);
    cu_state state = all ? judge_criterion(s, scope, k, all) : CU_STATE_NO_DATA;
    json_decref(scope);
    free(all);
    return state;
}
