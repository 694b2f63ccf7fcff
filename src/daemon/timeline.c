/* The plan and the map of operation in the API. */
#include <stdio.h>
#include <stdlib.h>
#include "comply/status.h"
#include "findings.h"
#include "limited.h"
#include "timeline_desk.h"

#define DAY 86400ull
#define DAYS_MAX 400u
#define MAP_DAYS 30u /* when there is no window */

static const char *query(const call *c, const char *name)
{
    const char *v = c->query(c->query_arg, name);
    return v ? v : "";
}

static json_t *day_json(uint64_t at)
{
    char text[CU_TIME_LEN];
    if (!at)
        return json_null();
    cu_time_text(at * 1000000000, text);
    return json_string(text);
}

static json_t *needs_json(const cu_timeline *t, const cu_milestone *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->needs_n; i++)
        json_array_append_new(list, json_string(t->v[m->needs[i]].id));
    return list;
}

static json_t *milestone_json(const cu_timeline *t, const timeline_state *s, size_t i)
{
    const cu_milestone *m = &t->v[i];
    const cu_plan_point *p = &s->plan.v[i];
    uint64_t late = p->forecast > p->date ? (p->forecast - p->date) / DAY : 0;
    json_t *proof = json_array_get(s->proofs, i);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:b,s:I,s:O}", "id", m->id, "phase", m->phase, "title", m->title, "owner_role", m->owner_role, "deliverable",
                     m->deliverable, "needs", needs_json(t, m), "planned", day_json(p->planned), "date", day_json(p->date), "forecast", day_json(p->forecast), "reached",
                     day_json(s->asked.reached[i]), "recorded", s->noted[i] != 0, "late_days", (json_int_t)late, "proof", proof ? proof : json_null());
}

static json_t *phase_json(const cu_timeline *t, const timeline_state *s, const cu_phase *ph)
{
    uint64_t from = UINT64_MAX, to = 0;
    unsigned n = 0, reached = 0;
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i].phase, ph->id) == 0) {
            from = s->plan.v[i].date < from ? s->plan.v[i].date : from;
            to = s->plan.v[i].date > to ? s->plan.v[i].date : to;
            n++;
            reached += s->asked.reached[i] != 0;
        }
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:i,s:i}", "id", ph->id, "title", ph->title, "goal", ph->goal, "from", day_json(n ? from : 0), "to", day_json(to), "milestones", (int)n,
                     "reached", (int)reached);
}

static json_t *plan_json(const app *a, const timeline_state *s, json_t *record)
{
    const cu_timeline *t = a->timeline;
    json_t *phases = json_array(), *milestones = json_array();
    for (size_t i = 0; i < t->phases_n; i++)
        json_array_append_new(phases, phase_json(t, s, &t->phases[i]));
    for (size_t i = 0; i < t->n; i++)
        json_array_append_new(milestones, milestone_json(t, s, i));
    uint64_t late = s->plan.forecast_report > s->plan.report ? (s->plan.forecast_report - s->plan.report) / DAY : 0;
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:i,s:o,s:o}", "engagement", record ? record : json_null(), "now", day_json(s->asked.now), "start", day_json(s->plan.start),
                     "from", day_json(s->plan.from), "to", day_json(s->plan.to), "report", day_json(s->plan.report), "forecast_report", day_json(s->plan.forecast_report),
                     "late_days", (json_int_t)late, "pace_percent", (int)s->plan.pace_percent, "phases", phases, "milestones", milestones);
}

static bool time_asked(const call *c, const char *name, uint64_t *out)
{
    uint64_t ms = 0;
    const char *s = query(c, name);
    bool ok = !*s || cu_status_time(cu_str(s), &ms);
    *out = ms / 1000;
    return ok;
}

/* A plan that nobody took yet. */
static bool read_draft(const call *c, cu_plan_asked *in)
{
    const char *months = query(c, "months"), *pace = query(c, "pace");
    char *end;
    unsigned long n = strtoul(*months ? months : "6", &end, 10);
    in->months = n <= CU_WINDOW_MONTHS ? (unsigned)n : CU_WINDOW_MONTHS + 1;
    in->fast = strcmp(pace, "fast") == 0;
    return !*end && (!*pace || in->fast || strcmp(pace, "standard") == 0) && time_asked(c, "start", &in->start) && time_asked(c, "report_by", &in->report_by) &&
           !in->start != !in->report_by;
}

unsigned answer_timeline(call *c)
{
    timeline_state s = {0};
    const char *id = query(c, "engagement");
    bool draft = *query(c, "start") || *query(c, "report_by");
    json_t *record = draft ? NULL : *id ? desk_raw(c->a, "engagement", id) : timeline_current(c->a);
    if (!record && !draft)
        return problem(c, 404, "No plan", "There is no %s: take the step timeline.planned, or ask with start or report_by for a draft.", *id ? id : "plan that is not over");
    if (draft && !read_draft(c, &s.asked))
        return problem(c, 400, "Malformed", "months is 0, 3, 6, 9 or 12, pace standard or fast, and one of start and report_by a date.");
    cu_err e = timeline_read(c->a, record, &s);
    desk_name_persons(c->a, record);
    json_t *v = e == CU_OK ? plan_json(c->a, &s, record) : NULL;
    json_decref(s.proofs);
    if (v)
        return answer_json(c, v);
    json_decref(record);
    return e == CU_SYNTAX ? problem(c, 400, "Malformed", "months is 0, 3, 6, 9 or 12, and the report lies in the future.") : problem(c, 500, "The plan could not be read", "%s", cu_err_text(e));
}

/* --- the map: the state of each control at the end of each day --- */

typedef struct {
    char *v;
    size_t days, day, at;
} map;

static void keep(void *arg, const cu_control_status *st)
{
    static const char letters[CU_STATE_COUNT] = {[CU_STATE_MET] = 'm', [CU_STATE_PARTLY] = 'p', [CU_STATE_NOT_MET] = 'n', [CU_STATE_NO_DATA] = 'd', [CU_STATE_NOT_APPLICABLE] = 'a'};
    map *m = arg;
    m->v[m->at++ * (m->days + 1) + m->day] = letters[st->state];
}

static json_t *rows_json(call *c, const map *m)
{
    json_t *items = json_array();
    char id[32];
    for (size_t i = 0; i < c->a->catalogue->controls_n; i++) {
        const cu_control *k = &c->a->catalogue->controls[i];
        snprintf(id, sizeof id, "%.*s", CU_FMT(k->id));
        if (limit_control(c, id))
            json_array_append_new(items, json_pack("{s:s,s:o,s:s}", "id", id, "title", json_stringn((const char *)k->title.p, k->title.n), "days", m->v + i * (m->days + 1)));
    }
    return items;
}

/* The window of the engagement when nothing is asked for; never a day to come. */
static bool days_of(call *c, uint64_t now, uint64_t *from, uint64_t *to)
{
    json_t *record = timeline_current(c->a);
    timeline_state s = {0};
    bool planned = record && timeline_read(c->a, record, &s) == CU_OK && s.plan.from < now;
    bool ok = time_asked(c, "from", from) && time_asked(c, "to", to);
    if (!*from)
        *from = planned ? s.plan.from : now - (MAP_DAYS - 1) * DAY;
    if (!*to)
        *to = planned && s.plan.to < now ? s.plan.to : now;
    json_decref(s.proofs);
    json_decref(record);
    *from = *from / DAY * DAY;
    *to = *to > now ? now : *to;
    return ok;
}

unsigned answer_heat_map(call *c)
{
    uint64_t now = cu_now_ns() / 1000000000, from = 0, to = 0;
    if (!days_of(c, now, &from, &to) || from >= to || (to - from + DAY - 1) / DAY > DAYS_MAX)
        return problem(c, 400, "Malformed", "from and to are dates, from before to and not in the future, at most %u days apart.", DAYS_MAX);
    map m = {.days = (to - from + DAY - 1) / DAY};
    m.v = calloc(c->a->catalogue->controls_n + 1, m.days + 1);
    if (!m.v)
        return problem(c, 503, "No memory", "Ask for fewer days.");
    for (; m.day < m.days; m.day++) {
        uint64_t end = from + (m.day + 1) * DAY;
        m.at = 0;
        states_each(c->a, (end < to ? end : to) * 1000 - 1, keep, &m);
    }
    json_t *items = rows_json(c, &m);
    free(m.v);
    return answer_json(c, json_pack("{s:o,s:o,s:I,s:{s:s,s:s,s:s,s:s,s:s},s:o}", "from", day_json(from), "to", day_json(to), "days", (json_int_t)m.days, "letters", "m", "met", "p",
                                    "partly", "n", "not_met", "d", "no_data", "a", "not_applicable", "items", items));
}
