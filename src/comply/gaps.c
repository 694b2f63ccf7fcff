#include "comply/gaps.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "judge.h"

cu_shortcoming cu_short_of(const cu_control_status *st)
{
    if (st->state == CU_STATE_NOT_APPLICABLE)
        return CU_SHORT_NOT;
    if (st->probe.outcome == CU_RUN_BROKEN)
        return CU_SHORT_PROBE;
    if (st->broken)
        return CU_SHORT_ENTRY;
    for (size_t i = 0; i < st->control->sources_n; i++)
        if (st->sources[i].seen.count && !st->sources[i].fresh && !st->control->sources[i].or_nil)
            return CU_SHORT_EVIDENCE;
    return CU_SHORT_NOT;
}

#define NAMES_MAX 170u

/* "Key issued (key.issued) or …", as far as it fits. */
static void names_of(const cu_source *x, char out[NAMES_MAX])
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < x->events_n && n < NAMES_MAX / 2; i++)
        n += (size_t)snprintf(out + n, NAMES_MAX - n, x->known[i] ? "%s%.*s (%.*s)" : "%s%.*s%.*s", i ? " or " : "", CU_FMT(x->known[i] ? x->known[i]->label : CU_NONE), CU_FMT(x->events[i]));
}

/* What makes an entry of this source come about: a step that somebody takes, else what the registry says of it. */
static void how_it_comes(const cu_control *k, const cu_source *x, char out[200], cu_bytes *reg)
{
    const cu_event *e = x->known[0];
    for (size_t i = 0; i < x->events_n; i++)
        if (x->known[i] && (!e || (x->known[i]->roles && !e->roles)))
            e = x->known[i];
    out[0] = 0;
    if (e && cu_eq(e->type, CU_LIT("probe.completed")) && (x->member.n || k->probes_n))
        snprintf(out, 200, "custos probe %.*s", CU_FMT(x->member.n ? x->value : k->probes[0]));
    else if (e && e->roles && (*reg = e->reg->name).n)
        snprintf(out, 200, "\u201c%.*s\u201d in the register %.*s (custos register step %.*s)", CU_FMT(e->act), CU_FMT(e->reg->plural), CU_FMT(e->type));
    else if (e)
        snprintf(out, 200, "%.*s", CU_FMT(e->comes));
}

/* The first kind of entry that is not there or too old. */
static bool source_gap(const cu_control_status *st, cu_gap *out)
{
    char names[NAMES_MAX], how[200];
    for (size_t i = 0; i < st->control->sources_n; i++) {
        const cu_source *x = &st->control->sources[i];
        if (st->sources[i].fresh)
            continue;
        names_of(x, names);
        how_it_comes(st->control, x, how, &out->reg);
        snprintf(out->cause, sizeof out->cause, st->sources[i].seen.count ? "The newest of its kind is too old: %s." : "There is none yet: %s.", names);
        if (x->planned == x->events_n)
            snprintf(out->next, sizeof out->next, "This version writes no such entry; keep the evidence outside, and sign a statement (attestation.signed) until it does.");
        else if (x->or_nil)
            snprintf(out->next, sizeof out->next, "If nothing happened, say so: custos audit nil %.*s. Else: %s.", CU_FMT(st->control->id), how);
        else
            snprintf(out->next, sizeof out->next, "%s%s.", x->feed ? "From outside: " : "", how);
        return true;
    }
    return false;
}

bool cu_gap_of(const cu_control_status *st, cu_gap *out)
{
    cu_bytes probe = st->control->probes_n ? st->control->probes[0] : CU_NONE;
    *out = (cu_gap){.cause = ""};
    if (st->state == CU_STATE_MET || st->state == CU_STATE_NOT_APPLICABLE)
        return false;
    if (st->probe.outcome == CU_RUN_BROKEN) {
        snprintf(out->cause, sizeof out->cause, "The probe %.*s got through.", CU_FMT(probe));
        snprintf(out->next, sizeof out->next, "Mend what it names (the entry probe.completed), then: custos probe %.*s", CU_FMT(probe));
    } else if (st->broken) {
        snprintf(out->cause, sizeof out->cause, "An entry says that it does not work.");
        snprintf(out->next, sizeof out->next, "Open the entry, mend what it names, and see that it is told as mended.");
    } else if (source_gap(st, out)) {
        return true;
    } else if (probe.n && !st->probe.fresh) {
        snprintf(out->cause, sizeof out->cause, st->probe.outcome == CU_RUN_FAILED ? "The probe %.*s could not run." : "The probe %.*s has not run lately.", CU_FMT(probe));
        snprintf(out->next, sizeof out->next, "custos probe %.*s", CU_FMT(probe));
    } else {
        snprintf(out->cause, sizeof out->cause, "%.200s", st->why);
        snprintf(out->next, sizeof out->next, st->missed ? "Record the missed occurrences as exceptions, with cause and response." : "Connect what comes from outside.");
    }
    return true;
}

static json_t *text(cu_bytes b)
{
    return json_stringn(b.p ? (const char *)b.p : "", b.n);
}

static json_t *control_json(const cu_control_status *st)
{
    cu_gap g;
    if (!cu_gap_of(st, &g))
        return NULL;
    return json_pack("{s:o,s:o,s:s,s:s,s:s,s:o,s:o,s:I}", "id", text(st->control->id), "title", text(st->control->title), "state", cu_state_name(st->state), "cause", g.cause,
                     "next", g.next, "register", text(g.reg), "owner_role", text(st->control->owner_role), "missed", (json_int_t)st->missed);
}

static json_t *criterion_json(const cu_status *s, const cu_criterion *k, cu_state state, const cu_control_status *all)
{
    json_t *gaps = json_array();
    for (size_t i = 0; state != CU_STATE_NOT_APPLICABLE && i < k->controls_n; i++) {
        json_t *one = control_json(&all[k->controls[i] - s->c->controls]);
        if (one)
            json_array_append_new(gaps, one);
    }
    return json_pack("{s:o,s:o,s:o,s:s,s:o}", "id", text(k->id), "title", text(k->title), "category", text(k->category), "state", cu_state_name(state), "gaps", gaps);
}

cu_err cu_gaps_json(cu_status *s, uint64_t at_ms, cu_buf *out)
{
    char at[CU_TIME_LEN];
    json_int_t n[CU_STATE_COUNT] = {0};
    json_t *scope = scope_at(s, at_ms), *items = json_array(), *counts = json_object();
    cu_control_status *all = calloc(s->c->controls_n + 1, sizeof *all);
    for (size_t i = 0; all && i < s->c->controls_n; i++)
        judge(s, scope, &s->c->controls[i], at_ms, &all[i]);
    for (size_t i = 0; all && i < s->c->criteria_n; i++) {
        cu_state state = judge_criterion(s, scope, &s->c->criteria[i], all);
        n[state]++;
        json_array_append_new(items, criterion_json(s, &s->c->criteria[i], state, all));
    }
    for (unsigned i = 0; i < CU_STATE_COUNT; i++)
        json_object_set_new(counts, cu_state_name((cu_state)i), json_integer(n[i]));
    cu_time_text(at_ms * 1000000, at);
    json_t *v = json_pack("{s:s,s:o,s:o}", "as_of", at, "items", items, "counts", counts);
    char *textual = all ? json_dumps(v, JSON_COMPACT) : NULL;
    if (textual)
        cu_buf_str(out, textual);
    cu_err e = textual ? cu_buf_err(out) : CU_NOMEM;
    free(textual);
    json_decref(v);
    json_decref(scope);
    free(all);
    return e;
}
