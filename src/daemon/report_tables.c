/* The tables of a report: records, states, entries by type, scans. Each row says which entry it rests on. */
#include <stdio.h>
#include <stdlib.h>
#include "comply/gaps.h"
#include "desk.h"
#include "report_desk.h"

#define PAGE 1000u

static json_t *text(cu_bytes b)
{
    json_t *v = json_stringn(b.p ? (const char *)b.p : "", b.n);
    return v ? v : json_string("");
}

static json_t *at_entry(const char *folder, uint64_t index)
{
    return json_pack("{s:s,s:o,s:I}", "kind", "entry", "log", report_log_name(folder), "index", (json_int_t)index);
}

static void add_row(json_t *rows, json_t *cells, json_t *source)
{
    json_array_append_new(rows, json_pack("{s:o,s:o}", "cells", cells, "source", source));
}

/* --- records --- */

typedef struct {
    const cu_bytes *states;
    size_t states_n;
    json_t *items;
    uint64_t row; /* of the last one seen, for the next page */
    unsigned seen;
} picking;

static void pick(void *arg, const cu_store_record *x)
{
    picking *p = arg;
    bool wanted = p->states_n == 0;
    p->row = x->row;
    p->seen++;
    for (size_t i = 0; i < p->states_n; i++)
        wanted |= cu_eq_str(p->states[i], x->state);
    if (wanted)
        json_array_append_new(p->items, desk_record_json(x));
}

json_t *report_records(report_making *m, cu_bytes reg, const cu_bytes *states, size_t states_n)
{
    char name[CU_EVENT_NAME];
    picking p = {states, states_n, json_array(), 0, 0};
    snprintf(name, sizeof name, "%.*s", CU_FMT(reg));
    const cu_store_record_filter w = {.reg = name, .as_of = m->as_of};
    do {
        p.seen = 0;
        if (cu_store_records(m->a->store, &w, p.row, PAGE, pick, &p) != CU_OK)
            m->failed = true;
    } while (p.seen == PAGE && !m->failed);
    return p.items;
}

static json_t *cell_of(const json_t *v)
{
    return json_is_string(v) ? json_incref((json_t *)(uintptr_t)v) : json_is_integer(v) ? json_sprintf("%lld", (long long)json_integer_value(v)) : json_string("");
}

static void records(report_making *m, const cu_report_table *t, json_t *rows)
{
    json_t *all = report_records(m, t->reg, t->states, t->states_n), *x;
    for (size_t i = json_array_size(all); i-- > 0;) { /* the oldest first */
        x = json_array_get(all, i);
        json_t *cells = json_array(), *entry = json_object_get(x, "entry");
        json_array_append(cells, json_object_get(x, "id"));
        for (size_t k = 0; k < t->columns_n; k++) {
            char name[CU_EVENT_NAME];
            snprintf(name, sizeof name, "%.*s", CU_FMT(t->columns[k]));
            json_array_append_new(cells, cell_of(json_object_get(json_object_get(x, "fields"), name)));
        }
        json_array_append(cells, json_object_get(x, "state"));
        add_row(rows, cells, json_pack("{s:s,s:O,s:O}", "kind", "entry", "log", json_object_get(entry, "log"), "index", json_object_get(entry, "index")));
    }
    if (!m->outside)
        desk_name_persons(m->a, rows);
    json_decref(all);
}

/* --- controls and criteria --- */

static json_t *of_state(const report_making *m, const char *of, cu_state state)
{
    return json_pack("{s:s,s:s,s:s,s:s}", "kind", "states", "of", of, "state", cu_state_name(state), "as_of", m->as_of);
}

/* The newest entry that a control's state rests on; when there is none, the state. */
static json_t *evidence_of(const report_making *m, const cu_control_status *st)
{
    const cu_seen *newest = st->probe.seen.count ? &st->probe.seen : NULL;
    for (size_t i = 0; i < st->control->sources_n; i++)
        if (st->sources[i].seen.count && (!newest || st->sources[i].seen.last_ms > newest->last_ms))
            newest = &st->sources[i].seen;
    if (st->broken)
        newest = &st->broken_by;
    return newest ? at_entry(newest->log, newest->index) : of_state(m, "controls", st->state);
}

static json_t *ids(const cu_criterion *const *v, size_t n)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    for (size_t i = 0; i < n; i++)
        cu_buf_fmt(&b, "%s%.*s", i ? ", " : "", CU_FMT(v[i]->id));
    return json_string(cu_buf_cstr(&b));
}

static json_t *control_ids(const cu_control *const *v, size_t n)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    for (size_t i = 0; i < n; i++)
        cu_buf_fmt(&b, "%s%.*s", i ? ", " : "", CU_FMT(v[i]->id));
    return json_string(cu_buf_cstr(&b));
}

static json_t *control_cell(const cu_control_status *st, cu_bytes column)
{
    const cu_control *k = st->control;
    cu_gap g = {.cause = ""};
    if (cu_eq_str(column, "cause") || cu_eq_str(column, "next")) {
        (void)cu_gap_of(st, &g);
        return json_string(cu_eq_str(column, "cause") ? g.cause : g.next);
    }
    return cu_eq_str(column, "id")             ? text(k->id)
           : cu_eq_str(column, "title")        ? text(k->title)
           : cu_eq_str(column, "description")  ? text(k->description)
           : cu_eq_str(column, "criteria")     ? ids(k->criteria, k->criteria_n)
           : cu_eq_str(column, "state")        ? json_string(cu_state_name(st->state))
           : cu_eq_str(column, "frequency")    ? text(k->frequency)
           : cu_eq_str(column, "owner_role")   ? text(k->owner_role)
           : cu_eq_str(column, "auditor_test") ? text(k->auditor_test)
           : cu_eq_str(column, "evidence")     ? json_string(st->why)
                                               : json_string("");
}

static void controls(report_making *m, const cu_report_table *t, json_t *rows, bool short_only)
{
    for (size_t i = 0; i < m->a->catalogue->controls_n; i++) {
        cu_gap g;
        json_t *cells = json_array();
        if (!short_only || cu_gap_of(&m->controls[i], &g)) {
            for (size_t k = 0; k < t->columns_n; k++)
                json_array_append_new(cells, control_cell(&m->controls[i], t->columns[k]));
            add_row(rows, json_incref(cells), evidence_of(m, &m->controls[i]));
        }
        json_decref(cells);
    }
}

static void criteria(report_making *m, const cu_report_table *t, json_t *rows, bool out_only)
{
    for (size_t i = 0; i < m->a->catalogue->criteria_n; i++) {
        const cu_criterion *k = &m->a->catalogue->criteria[i];
        if (out_only && m->criteria[i] != CU_STATE_NOT_APPLICABLE)
            continue;
        json_t *cells = json_array();
        for (size_t c = 0; c < t->columns_n; c++) {
            cu_bytes col = t->columns[c];
            json_array_append_new(cells, cu_eq_str(col, "id")         ? text(k->id)
                                         : cu_eq_str(col, "title")    ? text(k->title)
                                         : cu_eq_str(col, "category") ? text(k->category)
                                         : cu_eq_str(col, "state")    ? json_string(cu_state_name(m->criteria[i]))
                                                                      : control_ids(k->controls, k->controls_n));
        }
        add_row(rows, cells, of_state(m, "criteria", m->criteria[i]));
    }
}

static void customer_controls(report_making *m, const cu_report_table *t, json_t *rows)
{
    for (size_t i = 0; i < m->a->reports->customer_n; i++) {
        const cu_customer_control *x = &m->a->reports->customer[i];
        json_t *cells = json_array();
        cu_buf states CU_CLEAN_BUF = CU_BUF(2048);
        for (size_t k = 0; k < x->controls_n; k++)
            cu_buf_fmt(&states, "%s%.*s %s", k ? ", " : "", CU_FMT(x->controls[k]->id), cu_state_name(m->controls[x->controls[k] - m->a->catalogue->controls].state));
        for (size_t c = 0; c < t->columns_n; c++) {
            cu_bytes col = t->columns[c];
            json_array_append_new(cells, cu_eq_str(col, "id")         ? text(x->id)
                                         : cu_eq_str(col, "expected") ? text(x->expected)
                                         : cu_eq_str(col, "controls") ? control_ids(x->controls, x->controls_n)
                                                                      : json_string(cu_buf_cstr(&states)));
        }
        add_row(rows, cells, evidence_of(m, &m->controls[x->controls[0] - m->a->catalogue->controls]));
    }
}

/* --- the log --- */

static void entries(report_making *m, const cu_report_table *t, json_t *rows)
{
    size_t n = t->types_n ? t->types_n : m->a->events->n;
    for (size_t i = 0; i < n; i++) {
        uint64_t count;
        const cu_event *e = t->types_n ? cu_event_find(m->a->events, t->types[i]) : &m->a->events->v[i];
        json_t *source = report_count(m, &e->type, 1, &count);
        if (count)
            add_row(rows, json_pack("[o,o,o]", text(e->type), text(e->means), json_sprintf("%llu", (unsigned long long)count)), json_incref(source));
        json_decref(source);
    }
}

typedef struct {
    report_making *m;
    const cu_report_table *t;
    json_t *rows;
    uint64_t row;
    unsigned seen;
} scanning;

static void one_scan(void *arg, const cu_store_scan *x)
{
    scanning *s = arg;
    char name[CU_EVENT_NAME];
    s->row = x->row;
    s->seen++;
    if (strcmp(x->at, s->m->from) < 0 || strcmp(x->at, s->m->to) >= 0 || (strncmp(x->log, "t/", 2) == 0 && cu_bundle_is_probe(cu_str(x->log + 2))))
        return;
    json_t *body = json_loads(x->body, 0, NULL), *cells = json_array();
    for (size_t i = 0; i < s->t->columns_n; i++) {
        snprintf(name, sizeof name, "%.*s", CU_FMT(s->t->columns[i]));
        json_array_append_new(cells, strcmp(name, "at") == 0 ? json_string(x->at) : cell_of(json_object_get(body, name)));
    }
    json_decref(body);
    add_row(s->rows, cells, at_entry(x->log, x->index));
}

json_t *report_table(report_making *m, const cu_report_table *t)
{
    json_t *rows = json_array(), *columns = json_array();
    if (t->reg.n)
        json_array_append_new(columns, json_string("id"));
    for (size_t i = 0; i < t->columns_n; i++)
        json_array_append_new(columns, text(t->columns[i]));
    if (t->reg.n) {
        json_array_append_new(columns, json_string("state"));
        records(m, t, rows);
    } else if (cu_eq_str(t->of, "controls") || cu_eq_str(t->of, "gaps")) {
        controls(m, t, rows, cu_eq_str(t->of, "gaps"));
    } else if (cu_eq_str(t->of, "criteria") || cu_eq_str(t->of, "criteria_out")) {
        criteria(m, t, rows, cu_eq_str(t->of, "criteria_out"));
    } else if (cu_eq_str(t->of, "customer_controls")) {
        customer_controls(m, t, rows);
    } else if (cu_eq_str(t->of, "types")) {
        entries(m, t, rows);
    } else {
        scanning s = {m, t, rows, 0, 0};
        const cu_store_scan_filter any = {.id = NULL};
        do {
            s.seen = 0;
            if (cu_store_scans(m->a->store, &any, s.row, PAGE, one_scan, &s) != CU_OK)
                m->failed = true;
        } while (s.seen == PAGE && !m->failed);
    }
    return json_pack("{s:o,s:o,s:o}", "name", text(t->name), "columns", columns, "rows", rows);
}
