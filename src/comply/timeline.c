#include "comply/timeline.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "reading.h"

#define DAY 86400ull
#define WEEK (7 * DAY)
#define WEEKS_MAX 120
#define PACE_MOST 300u /* percent */

/* --- the file --- */

static cu_err text_of(const reading *r, cu_arena *a, const cu_yaml *map, const char *key, const char **out)
{
    cu_bytes b = cu_yaml_text(map, key, CU_NONE);
    *out = b.n ? cu_arena_str(a, b) : NULL;
    return *out ? CU_OK : wrong_at(r, map, "%s is missing", key);
}

static cu_err weeks_of(const reading *r, const cu_yaml *map, const char *key, int32_t otherwise, int32_t *out)
{
    char text[8] = "", *end;
    const cu_yaml *n = cu_yaml_get(map, key);
    *out = otherwise;
    if (!n)
        return CU_OK;
    snprintf(text, sizeof text, "%.*s", n->text.n < sizeof text ? (int)n->text.n : 0, (const char *)n->text.p);
    long v = strtol(text, &end, 10);
    *out = (int32_t)v;
    return *text && !*end && v >= -WEEKS_MAX && v <= WEEKS_MAX ? CU_OK : wrong_at(r, n, "%s is a number of weeks", key);
}

static cu_err read_pace(const reading *r, const cu_yaml *root, const char *name, unsigned i, cu_timeline *t)
{
    int32_t prep, report;
    const cu_yaml *paces = cu_yaml_get(root, "paces"), *n = paces ? cu_yaml_get(paces, name) : NULL;
    if (!n)
        return wrong_at(r, root, "paces has standard and fast");
    CU_TRY(read_only_keys(r, n, "prep_weeks report_weeks for"));
    CU_TRY(weeks_of(r, n, "prep_weeks", 0, &prep));
    CU_TRY(weeks_of(r, n, "report_weeks", 0, &report));
    t->prep_weeks[i] = (uint32_t)prep;
    t->report_weeks[i] = (uint32_t)report;
    return prep > 0 && report > 0 ? CU_OK : wrong_at(r, n, "prep_weeks and report_weeks are at least 1");
}

static cu_err known_record(const reading *r, const cu_yaml *n, const cu_milestone_proof *p)
{
    const cu_register *reg = cu_register_find(r->events, cu_str(p->what));
    if (!reg)
        return wrong_at(r, n, "there is no register %.40s", p->what);
    if (p->state && !cu_register_state_find(reg, cu_str(p->state)))
        return wrong_at(r, n, "the register %.40s has no state %.40s", p->what, p->state);
    return CU_OK;
}

static const char *word_of(cu_arena *a, const cu_yaml *n, const char *key)
{
    return cu_yaml_get(n, key) ? cu_arena_str(a, cu_yaml_text(n, key, CU_NONE)) : NULL;
}

static cu_err read_proof(const reading *r, cu_arena *a, const cu_catalogue *c, const cu_yaml *n, cu_milestone_proof *p)
{
    static const char *const kinds[] = {"entries", "records", "none", "control"};
    unsigned k = 0;
    CU_TRY(read_only_keys(r, n, "entries records none control state field value in_window unless"));
    while (k < 4 && !cu_yaml_get(n, kinds[k]))
        k++;
    if (k == 4)
        return wrong_at(r, n, "a proof is entries, records, none or control");
    p->kind = (cu_proof_kind)k;
    p->in_window = cu_eq_str(cu_yaml_text(n, "in_window", CU_NONE), "true");
    CU_TRY(text_of(r, a, n, kinds[k], &p->what));
    p->state = word_of(a, n, "state");
    p->field = word_of(a, n, "field");
    p->value = word_of(a, n, "value");
    p->unless = word_of(a, n, "unless");
    if (!p->field != !p->value)
        return wrong_at(r, n, "field and value belong together");
    if (p->kind == CU_PROOF_ENTRIES && !cu_event_find(r->events, cu_str(p->what)))
        return wrong_at(r, n, "nobody writes entries of the type %.40s", p->what);
    if (p->kind == CU_PROOF_CONTROL && !cu_control_find(c, cu_str(p->what)))
        return wrong_at(r, n, "there is no control %.40s", p->what);
    if (p->unless && !cu_control_find(c, cu_str(p->unless)))
        return wrong_at(r, n, "there is no control %.40s", p->unless);
    return p->kind == CU_PROOF_RECORDS || p->kind == CU_PROOF_NONE ? known_record(r, n, p) : CU_OK;
}

static cu_err read_needs(const reading *r, const cu_yaml *n, const cu_timeline *t, cu_milestone *m)
{
    const cu_yaml *list = cu_yaml_get(n, "needs");
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next) {
        size_t i = 0;
        while (i < t->n && !cu_eq_str(k->text, t->v[i].id))
            i++;
        if (i == t->n || m->needs_n == CU_MILESTONE_NEEDS)
            return wrong_at(r, k, "needs names at most %u milestones above this one", CU_MILESTONE_NEEDS);
        m->needs[m->needs_n++] = (uint8_t)i;
    }
    return CU_OK;
}

static bool has_phase(const cu_timeline *t, const char *id)
{
    for (size_t i = 0; i < t->phases_n; i++)
        if (strcmp(t->phases[i].id, id) == 0)
            return true;
    return false;
}

static cu_err read_names(const reading *r, cu_arena *a, const cu_yaml *n, cu_milestone *m)
{
    CU_TRY(text_of(r, a, n, "id", &m->id));
    CU_TRY(text_of(r, a, n, "phase", &m->phase));
    CU_TRY(text_of(r, a, n, "title", &m->title));
    CU_TRY(text_of(r, a, n, "owner_role", &m->owner_role));
    return text_of(r, a, n, "deliverable", &m->deliverable);
}

static cu_err read_milestone(const reading *r, cu_arena *a, const cu_catalogue *c, const cu_yaml *n, const cu_timeline *t, cu_milestone *m)
{
    static const char *const points[] = {"decision", "window_start", "window_middle", "window_end"};
    const cu_yaml *proof = cu_yaml_get(n, "proof");
    cu_bytes at = cu_yaml_text(n, "at", CU_NONE);
    unsigned k = 0;
    CU_TRY(read_only_keys(r, n, "id phase title owner_role deliverable at week fast_week needs proof"));
    CU_TRY(read_names(r, a, n, m));
    while (k < 4 && !cu_eq_str(at, points[k]))
        k++;
    if (k == 4 || !has_phase(t, m->phase) || cu_milestone_find(t, m->id))
        return wrong_at(r, n, "at is decision, window_start, window_middle or window_end, phase one of phases, and no id is given twice");
    m->at = (cu_anchor_point)k;
    CU_TRY(weeks_of(r, n, "week", 0, &m->week));
    CU_TRY(weeks_of(r, n, "fast_week", m->week, &m->fast_week));
    CU_TRY(read_needs(r, n, t, m));
    for (const cu_yaml *x = proof ? proof->first : NULL; x; x = x->next) {
        if (m->proofs_n == CU_MILESTONE_PROOFS)
            return wrong_at(r, x, "at most %u proofs are possible", CU_MILESTONE_PROOFS);
        CU_TRY(read_proof(r, a, c, x, &m->proofs[m->proofs_n++]));
    }
    return m->proofs_n ? CU_OK : wrong_at(r, n, "a milestone is proven by something: proof is missing");
}

static cu_err read_phases(const reading *r, cu_arena *a, const cu_yaml *root, cu_timeline *t)
{
    const cu_yaml *list = cu_yaml_get(root, "phases");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        if (t->phases_n == CU_PHASES_MAX)
            return wrong_at(r, n, "at most %u phases are possible", CU_PHASES_MAX);
        cu_phase *p = &t->phases[t->phases_n++];
        CU_TRY(read_only_keys(r, n, "id title goal"));
        CU_TRY(text_of(r, a, n, "id", &p->id));
        CU_TRY(text_of(r, a, n, "title", &p->title));
        CU_TRY(text_of(r, a, n, "goal", &p->goal));
    }
    return CU_OK;
}

cu_err cu_timeline_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_arena *a, cu_timeline **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root;
    cu_timeline *t = cu_arena_alloc(a, sizeof *t);
    if (!t)
        return CU_NOMEM;
    snprintf(path, sizeof path, "%s/timeline.yaml", dir);
    const reading r = {path, e, f};
    CU_TRY(cu_yaml_load(path, a, &root, f));
    CU_TRY(read_only_keys(&r, root, "schema_version paces phases milestones"));
    CU_TRY(read_pace(&r, root, "standard", 0, t));
    CU_TRY(read_pace(&r, root, "fast", 1, t));
    CU_TRY(read_phases(&r, a, root, t));
    const cu_yaml *list = cu_yaml_get(root, "milestones");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        if (t->n == CU_MILESTONES_MAX)
            return wrong_at(&r, n, "at most %u milestones are possible", CU_MILESTONES_MAX);
        CU_TRY(read_milestone(&r, a, c, n, t, &t->v[t->n]));
        t->n++;
    }
    *out = t;
    return t->n ? CU_OK : wrong_at(&r, root, "milestones is a list");
}

const cu_milestone *cu_milestone_find(const cu_timeline *t, const char *id)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i].id, id) == 0)
            return &t->v[i];
    return NULL;
}

/* --- dates --- */

uint64_t cu_months_later(uint64_t at, int months)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct tm tm;
    time_t t = (time_t)at;
    gmtime_r(&t, &tm);
    int all = (tm.tm_year + 1900) * 12 + tm.tm_mon + months, year = all / 12, month = all % 12;
    int last = days[month] + (month == 1 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
    tm.tm_year = year - 1900;
    tm.tm_mon = month;
    tm.tm_mday = tm.tm_mday > last ? last : tm.tm_mday;
    return (uint64_t)timegm(&tm);
}

static void set_frame(const cu_timeline *t, const cu_plan_asked *in, cu_plan *p)
{
    uint64_t prep = t->prep_weeks[in->fast] * WEEK, report = t->report_weeks[in->fast] * WEEK, end = in->report_by - report;
    p->start = in->start;
    if (!p->start)
        p->start = (in->months ? cu_months_later(end, -(int)in->months) : end - DAY) - prep;
    p->from = in->from ? in->from : p->start + prep;
    p->to = in->to ? in->to : in->months ? cu_months_later(p->from, (int)in->months) : p->from + DAY;
    p->report = p->to + report;
}

static uint64_t anchor_of(const cu_plan *p, cu_anchor_point at)
{
    switch (at) {
    case CU_AT_WINDOW_START: return p->from;
    case CU_AT_WINDOW_MIDDLE: return p->from + (p->to - p->from) / 2 / DAY * DAY;
    case CU_AT_WINDOW_END: return p->to;
    default: return p->start;
    }
}

/* What belongs into the window stays in it, be it a day long. */
static uint64_t planned_of(const cu_plan *p, const cu_milestone *m, int64_t week)
{
    uint64_t at = (uint64_t)((int64_t)anchor_of(p, m->at) + week * (int64_t)WEEK);
    bool within = m->at == CU_AT_WINDOW_START || m->at == CU_AT_WINDOW_MIDDLE || (m->at == CU_AT_WINDOW_END && week < 0);
    return !within ? at : at < p->from ? p->from : at > p->to ? p->to : at;
}

/* A moved one takes what needs it along, by as much as the latest of what that needs. */
static void set_dates(const cu_timeline *t, const cu_plan_asked *in, cu_plan *p)
{
    for (size_t i = 0; i < t->n; i++) {
        const cu_milestone *m = &t->v[i];
        int64_t shift = m->needs_n ? INT64_MIN : 0, week = in->fast ? m->fast_week : m->week;
        p->v[i].planned = planned_of(p, m, week);
        for (size_t k = 0; k < m->needs_n; k++) {
            const cu_plan_point *x = &p->v[m->needs[k]];
            int64_t by = (int64_t)x->date - (int64_t)x->planned;
            shift = by > shift ? by : shift;
        }
        p->v[i].date = in->moved[i] ? in->moved[i] : (uint64_t)((int64_t)p->v[i].planned + shift);
    }
}

/* How long what is reached took, of what was planned for it, in percent. A good pace is no promise: never below 100. */
static uint32_t pace_of(const cu_timeline *t, const cu_plan_asked *in, const cu_plan *p)
{
    uint64_t planned = 0, took = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].at == CU_AT_DECISION && in->reached[i]) {
            planned += p->v[i].date > p->start ? p->v[i].date - p->start : 0;
            took += in->reached[i] > p->start ? in->reached[i] - p->start : 0;
        }
    uint64_t percent = planned ? 100 * took / planned : 100;
    return percent < 100 ? 100 : percent > PACE_MOST ? PACE_MOST : (uint32_t)percent;
}

static void forecast_one(const cu_milestone *m, const cu_plan_asked *in, const cu_plan *p, cu_plan_point *x)
{
    if (m->at == CU_AT_DECISION && x->date > p->start)
        x->forecast = p->start + (x->date - p->start) / 100 * p->pace_percent;
    if (x->forecast < x->date)
        x->forecast = x->date; /* of hundredths */
    for (size_t k = 0; k < m->needs_n; k++) {
        const cu_plan_point *need = &p->v[m->needs[k]];
        uint64_t gap = x->date > need->date ? x->date - need->date : 0;
        if (need->forecast > need->date && need->forecast + gap > x->forecast)
            x->forecast = need->forecast + gap;
    }
    if (x->forecast < in->now)
        x->forecast = in->now;
}

cu_err cu_timeline_plan(const cu_timeline *t, const cu_plan_asked *in, cu_plan *p)
{
    *p = (cu_plan){0};
    if (in->months > CU_WINDOW_MONTHS || in->months % 3 != 0 || (!in->start && in->report_by < 3 * 365 * DAY))
        return CU_SYNTAX;
    set_frame(t, in, p);
    set_dates(t, in, p);
    p->pace_percent = pace_of(t, in, p);
    for (size_t i = 0; i < t->n; i++) {
        p->v[i].forecast = in->reached[i];
        if (!in->reached[i])
            forecast_one(&t->v[i], in, p, &p->v[i]);
        if (p->v[i].forecast > p->forecast_report)
            p->forecast_report = p->v[i].forecast;
        if (p->v[i].date > p->report)
            p->report = p->v[i].date;
    }
    return CU_OK;
}
