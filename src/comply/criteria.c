#include "comply/criteria.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "catalog/yaml.h"

#define MAX_LISTED 40u

typedef struct {
    cu_bytes id, title, automation;
    cu_bytes events[MAX_LISTED];
    size_t events_n;
    uint64_t fresh_ns; /* how old the newest entry of a kind may be; 0: no limit */
} control;

typedef struct {
    cu_bytes id, title, category, series, evidence_class, also_needs;
    const control *controls[MAX_LISTED];
    size_t controls_n;
} criterion;

struct cu_criteria {
    control *controls;
    size_t controls_n;
    criterion *criteria;
    size_t criteria_n;
};

static const char *const state_names[] = {
#define X(name, text) text,
    CU_STATES(X)
#undef X
};

static cu_err wrong(cu_fault *f, const char *file, const cu_yaml *n, const char *what)
{
    if (f)
        f->line = n->line;
    return cu_fail(f, CU_CONFIG, "%s:%u: %s", file, n->line, what);
}

static size_t count(const cu_yaml *list)
{
    size_t n = 0;
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next)
        n++;
    return n;
}

static const control *control_by_id(const cu_criteria *c, cu_bytes id)
{
    for (size_t i = 0; i < c->controls_n; i++)
        if (cu_eq(c->controls[i].id, id))
            return &c->controls[i];
    return NULL;
}

bool cu_criteria_has_control(const cu_criteria *c, cu_bytes id)
{
    return control_by_id(c, id) != NULL;
}

/* "24h", "380d"; false when it is neither. */
static bool duration(cu_bytes text, uint64_t *ns)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < text.n && i < 6 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        n = n * 10 + (text.p[i] - '0');
    bool hours = i + 1 == text.n && text.p[i] == 'h', days = i + 1 == text.n && text.p[i] == 'd';
    *ns = n * (hours ? 3600ull : 86400ull) * 1000000000ull;
    return i > 0 && (hours || days);
}

static cu_err load_controls(const char *path, cu_arena *a, cu_criteria *c, cu_fault *f)
{
    const cu_yaml *root, *list;
    CU_TRY(cu_yaml_load(path, a, &root, f));
    list = cu_yaml_get(root, "controls");
    if (!list || list->kind != CU_YAML_LIST)
        return wrong(f, path, root, "controls: a list is expected");
    c->controls = cu_arena_alloc(a, (count(list) + 1) * sizeof *c->controls);
    if (!c->controls)
        return CU_NOMEM;
    for (const cu_yaml *n = list->first; n; n = n->next) {
        control k = {.id = cu_yaml_text(n, "id", CU_NONE), .title = cu_yaml_text(n, "title", CU_NONE),
                     .automation = cu_yaml_text(n, "automation", CU_NONE)};
        const cu_yaml *evidence = cu_yaml_get(n, "evidence"), *events = evidence ? cu_yaml_get(evidence, "events") : NULL;
        if (!k.id.n || !k.title.n)
            return wrong(f, path, n, "a control needs id and title");
        if (control_by_id(c, k.id))
            return wrong(f, path, n, "this control is given twice");
        cu_bytes limit = evidence ? cu_yaml_text(evidence, "freshness_limit", CU_NONE) : CU_NONE;
        if (limit.n && !duration(limit, &k.fresh_ns))
            return wrong(f, path, cu_yaml_get(evidence, "freshness_limit"), "a limit like 24h or 380d is expected");
        for (const cu_yaml *e = events ? events->first : NULL; e && k.events_n < MAX_LISTED; e = e->next)
            k.events[k.events_n++] = e->text;
        c->controls[c->controls_n++] = k;
    }
    return CU_OK;
}

static cu_err load_criterion(const char *path, const cu_yaml *n, cu_criteria *c, cu_fault *f)
{
    criterion k = {.id = cu_yaml_text(n, "id", CU_NONE), .title = cu_yaml_text(n, "title", CU_NONE),
                   .category = cu_yaml_text(n, "category", CU_NONE), .series = cu_yaml_text(n, "series", CU_NONE),
                   .evidence_class = cu_yaml_text(n, "evidence_class", CU_NONE), .also_needs = cu_yaml_text(n, "also_needs", CU_NONE)};
    const cu_yaml *list = cu_yaml_get(n, "controls");
    if (!k.id.n || !k.title.n || !k.category.n || !k.series.n)
        return wrong(f, path, n, "a criterion needs id, title, category and series");
    for (size_t i = 0; i < c->criteria_n; i++)
        if (cu_eq(c->criteria[i].id, k.id))
            return wrong(f, path, n, "this criterion is given twice");
    for (const cu_yaml *e = list ? list->first : NULL; e; e = e->next) {
        const control *found = control_by_id(c, e->text);
        if (!found || k.controls_n == MAX_LISTED)
            return wrong(f, path, e, "there is no control of this id");
        k.controls[k.controls_n++] = found;
    }
    c->criteria[c->criteria_n++] = k;
    return CU_OK;
}

cu_err cu_criteria_load(const char *dir, cu_arena *a, cu_criteria **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root, *list, *set;
    cu_criteria *c = cu_arena_alloc(a, sizeof *c);
    if (!c)
        return CU_NOMEM;
    snprintf(path, sizeof path, "%s/controls.yaml", dir);
    CU_TRY(load_controls(path, a, c, f));
    snprintf(path, sizeof path, "%s/criteria.yaml", dir);
    CU_TRY(cu_yaml_load(path, a, &root, f));
    list = cu_yaml_get(root, "criteria");
    set = cu_yaml_get(root, "criteria_set");
    if (!list || list->kind != CU_YAML_LIST || !set)
        return wrong(f, path, root, "criteria and criteria_set are expected");
    c->criteria = cu_arena_alloc(a, (count(list) + 1) * sizeof *c->criteria);
    if (!c->criteria)
        return CU_NOMEM;
    for (const cu_yaml *n = list->first; n; n = n->next)
        CU_TRY(load_criterion(path, n, c, f));
    char stated[24];
    snprintf(stated, sizeof stated, "%zu", c->criteria_n);
    if (!cu_eq_str(cu_yaml_text(set, "count", CU_NONE), stated))
        return wrong(f, path, set, "the number of criteria is not the count stated here");
    *out = c;
    return CU_OK;
}

/* --- states --- */

typedef struct {
    cu_state state;
    size_t with_data;
    cu_store_events events[MAX_LISTED];
} control_state;

/* Entries alone show that something happened, not that the control works: until a test of the
 * control itself is recorded, entries for all of its events make it partly met at most. */
static cu_err judge_control(const control *k, cu_store *s, uint64_t now_ns, control_state *out)
{
    char type[80], oldest[CU_TIME_LEN] = "";
    if (k->fresh_ns && k->fresh_ns < now_ns)
        cu_time_text(now_ns - k->fresh_ns, oldest);
    *out = (control_state){.state = CU_STATE_NO_DATA};
    for (size_t i = 0; i < k->events_n; i++) {
        snprintf(type, sizeof type, "%.*s", k->events[i].n < sizeof type ? (int)k->events[i].n : 0, (const char *)k->events[i].p);
        CU_TRY(cu_store_events_of(s, type, &out->events[i]));
        out->with_data += out->events[i].count > 0 && strcmp(out->events[i].last, oldest) >= 0;
    }
    if (k->events_n && out->with_data == k->events_n)
        out->state = CU_STATE_PARTLY;
    return CU_OK;
}

static void kv_time(cu_buf *b, const char *key, const char *at)
{
    cu_buf_json_key(b, key);
    if (at[0])
        cu_buf_json_string(b, cu_str(at));
    else
        cu_buf_str(b, "null");
}

static void put_control(cu_buf *b, const control *k, const control_state *st)
{
    char why[160];
    cu_buf_byte(b, '{');
    cu_buf_json_kv(b, "id", k->id);
    cu_buf_json_kv(b, "title", k->title);
    cu_buf_json_kv_str(b, "state", state_names[st->state]);
    if (k->events_n == 0)
        snprintf(why, sizeof why, "No entry of the log can show this; it needs a document or a statement.");
    else if (st->state == CU_STATE_PARTLY)
        snprintf(why, sizeof why, "Entries of every kind exist; no test of the control itself is recorded.");
    else
        snprintf(why, sizeof why, "%zu of %zu kinds of entry are in the log and fresh enough.", st->with_data, k->events_n);
    cu_buf_json_kv_str(b, "why", why);
    cu_buf_json_key(b, "evidence");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < k->events_n; i++) {
        cu_buf_str(b, i ? ",{" : "{");
        cu_buf_json_key(b, "query");
        cu_buf_fmt(b, "\"type = %.*s\"", CU_FMT(k->events[i]));
        cu_buf_json_kv_u64(b, "count", st->events[i].count);
        kv_time(b, "first", st->events[i].first);
        kv_time(b, "last", st->events[i].last);
        cu_buf_byte(b, '}');
    }
    cu_buf_str(b, "]}");
}

static cu_state judge_criterion(const criterion *k, const control_state *st)
{
    bool any = false;
    for (size_t i = 0; i < k->controls_n; i++)
        any |= st[i].state != CU_STATE_NO_DATA;
    return any ? CU_STATE_PARTLY : CU_STATE_NO_DATA;
}

static cu_err put_criterion(cu_buf *b, const criterion *k, cu_store *s, uint64_t now_ns, size_t counts[CU_STATE_COUNT])
{
    control_state *st = calloc(k->controls_n + 1, sizeof *st);
    cu_err e = st ? CU_OK : CU_NOMEM;
    for (size_t i = 0; i < k->controls_n && e == CU_OK; i++)
        e = judge_control(k->controls[i], s, now_ns, &st[i]);
    if (e != CU_OK) {
        free(st);
        return e;
    }
    cu_state state = judge_criterion(k, st);
    counts[state]++;
    cu_buf_byte(b, '{');
    cu_buf_json_kv(b, "id", k->id);
    cu_buf_json_kv(b, "series", k->series);
    cu_buf_json_kv(b, "category", k->category);
    cu_buf_json_kv(b, "title", k->title);
    cu_buf_json_kv_str(b, "state", state_names[state]);
    cu_buf_json_kv_str(b, "why", state == CU_STATE_PARTLY ? "Some of its controls have evidence in the log."
                                 : k->controls_n          ? "None of its controls has all of its evidence in the log."
                                                          : "It is shown by documents and statements from outside this system.");
    cu_buf_json_kv(b, "also_needs", k->also_needs);
    cu_buf_json_kv(b, "evidence_class", k->evidence_class);
    cu_buf_json_key(b, "controls");
    cu_buf_byte(b, '[');
    for (size_t i = 0; i < k->controls_n; i++) {
        if (i)
            cu_buf_byte(b, ',');
        put_control(b, k->controls[i], &st[i]);
    }
    cu_buf_str(b, "]}");
    free(st);
    return cu_buf_err(b);
}

cu_err cu_criteria_json(const cu_criteria *c, cu_store *s, uint64_t now_ns, cu_buf *out)
{
    size_t counts[CU_STATE_COUNT] = {0};
    char now[CU_TIME_LEN];
    cu_time_text(now_ns, now);
    cu_buf_byte(out, '{');
    cu_buf_json_kv_str(out, "as_of", now);
    cu_buf_json_key(out, "items");
    cu_buf_byte(out, '[');
    for (size_t i = 0; i < c->criteria_n; i++) {
        if (i)
            cu_buf_byte(out, ',');
        CU_TRY(put_criterion(out, &c->criteria[i], s, now_ns, counts));
    }
    cu_buf_byte(out, ']');
    cu_buf_json_key(out, "counts");
    cu_buf_byte(out, '{');
    for (int i = 0; i < CU_STATE_COUNT; i++)
        cu_buf_json_kv_u64(out, state_names[i], counts[i]);
    cu_buf_str(out, "}}");
    return cu_buf_err(out);
}
