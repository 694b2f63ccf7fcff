#include "comply/runbooks.h"
#include <stdio.h>
#include <string.h>
#include "reading.h"

static const char *const clocks[CU_CLOCKS] = {"acknowledge", "contain", "notify", "close"};

const char *cu_clock_name(cu_clock c)
{
    return clocks[c];
}

static cu_err need_duration(const reading *r, const cu_yaml *map, const char *key, uint64_t *out)
{
    const cu_yaml *n = cu_yaml_get(map, key);
    return n ? read_duration(r, n, out) : wrong_at(r, map, "%s is missing", key);
}

/* A list under that key with room for its items. */
static cu_err room(const reading *r, const cu_yaml *map, const char *key, size_t size, cu_arena *a, const cu_yaml **list, void **out)
{
    *list = cu_yaml_get(map, key);
    if (!*list || (*list)->kind != CU_YAML_LIST)
        return wrong_at(r, map, "%s is a list", key);
    *out = cu_arena_alloc(a, (read_count(*list) + 1) * size);
    return *out ? CU_OK : CU_NOMEM;
}

const cu_incident_severity *cu_incident_severity_find(const cu_runbooks *r, cu_bytes id)
{
    for (size_t i = 0; i < r->severities_n; i++)
        if (cu_eq(r->severities[i].id, id))
            return &r->severities[i];
    return NULL;
}

const cu_runbook *cu_runbook_find(const cu_runbooks *r, cu_bytes id)
{
    for (size_t i = 0; i < r->n; i++)
        if (cu_eq(r->v[i].id, id))
            return &r->v[i];
    return NULL;
}

const cu_runbook_step *cu_runbook_step_find(const cu_runbook *r, cu_bytes id)
{
    for (size_t i = 0; r && i < r->steps_n; i++)
        if (cu_eq(r->steps[i].id, id))
            return &r->steps[i];
    return NULL;
}

const cu_person_request *cu_person_request_find(const cu_runbooks *r, cu_bytes id)
{
    for (size_t i = 0; i < r->requests_n; i++)
        if (cu_eq(r->requests[i].id, id))
            return &r->requests[i];
    return NULL;
}

static cu_err read_severity(const reading *r, const cu_yaml *n, cu_incident_severity *s)
{
    CU_TRY(read_only_keys(r, n, "id label means acknowledge contain notify close fix"));
    CU_TRY(read_needed(r, n, "id", &s->id));
    CU_TRY(read_needed(r, n, "label", &s->label));
    CU_TRY(read_needed(r, n, "means", &s->means));
    for (size_t i = 0; i < CU_CLOCKS; i++)
        CU_TRY(need_duration(r, n, clocks[i], &s->limit_ns[i]));
    CU_TRY(need_duration(r, n, "fix", &s->fix_ns));
    if (s->limit_ns[CU_CLOCK_ACKNOWLEDGE] > s->limit_ns[CU_CLOCK_CONTAIN] || s->limit_ns[CU_CLOCK_CONTAIN] > s->limit_ns[CU_CLOCK_CLOSE])
        return wrong_at(r, n, "acknowledge, contain and close follow each other: their limits must not shrink");
    return CU_OK;
}

static cu_err read_step(const reading *r, const cu_yaml *n, const cu_runbook *b, cu_runbook_step *s)
{
    static const char *const phases[] = {"contain", "look", "notify", "learn"};
    bool known = false;
    CU_TRY(read_only_keys(r, n, "id phase do proof"));
    CU_TRY(read_needed(r, n, "id", &s->id));
    CU_TRY(read_needed(r, n, "phase", &s->phase));
    CU_TRY(read_needed(r, n, "do", &s->text));
    CU_TRY(read_needed(r, n, "proof", &s->proof));
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        known |= cu_eq_str(s->phase, phases[i]);
    if (!known)
        return wrong_at(r, n, "phase is contain, look, notify or learn");
    return cu_runbook_step_find(b, s->id) ? wrong_at(r, n, "this step is given twice") : CU_OK;
}

static bool written(const cu_events *e, cu_bytes type)
{
    bool known = cu_event_find(e, type) != NULL;
    for (size_t i = 0; i < e->planned && !known; i++)
        known = cu_eq(e->planned_types[i], type);
    return known;
}

static cu_err read_runbook(const reading *r, const cu_yaml *n, const cu_runbooks *all, cu_arena *a, cu_runbook *b)
{
    const cu_yaml *list, *k;
    CU_TRY(read_only_keys(r, n, "id label when severity opens steps"));
    CU_TRY(read_needed(r, n, "id", &b->id));
    CU_TRY(read_needed(r, n, "label", &b->label));
    CU_TRY(read_needed(r, n, "when", &b->when));
    CU_TRY(read_needed(r, n, "severity", &b->severity));
    if (cu_runbook_find(all, b->id))
        return wrong_at(r, n, "this runbook is given twice");
    if (!cu_incident_severity_find(all, b->severity))
        return wrong_at(r, n, "there is no severity of this id");
    CU_TRY(room(r, n, "opens", sizeof *b->opens, a, &list, (void **)&b->opens));
    for (k = list->first; k; k = k->next) {
        if (!written(r->events, k->text))
            return wrong_at(r, k, "events.yaml has no type of this name, written or planned");
        b->opens[b->opens_n++] = k->text;
    }
    CU_TRY(room(r, n, "steps", sizeof *b->steps, a, &list, (void **)&b->steps));
    for (k = list->first; k; k = k->next) {
        CU_TRY(read_step(r, k, b, &b->steps[b->steps_n]));
        b->steps_n++;
    }
    return b->steps_n ? CU_OK : wrong_at(r, n, "a runbook has at least one step");
}

static cu_err read_request(const reading *r, const cu_yaml *n, cu_person_request *q)
{
    CU_TRY(read_only_keys(r, n, "id label answer means"));
    CU_TRY(read_needed(r, n, "id", &q->id));
    CU_TRY(read_needed(r, n, "label", &q->label));
    CU_TRY(read_needed(r, n, "means", &q->means));
    return need_duration(r, n, "answer", &q->answer_ns);
}

cu_err cu_runbooks_load(const char *dir, const cu_events *e, cu_arena *a, cu_runbooks **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root, *list, *k;
    cu_runbooks *all = cu_arena_alloc(a, sizeof *all);
    snprintf(path, sizeof path, "%s/runbooks.yaml", dir);
    const reading r = {path, e, f};
    if (!all)
        return CU_NOMEM;
    CU_TRY(cu_yaml_load(path, a, &root, f));
    CU_TRY(read_only_keys(&r, root, "schema_version severities runbooks requests"));
    CU_TRY(room(&r, root, "severities", sizeof *all->severities, a, &list, (void **)&all->severities));
    for (k = list->first; k; k = k->next, all->severities_n++)
        CU_TRY(read_severity(&r, k, &all->severities[all->severities_n]));
    CU_TRY(room(&r, root, "runbooks", sizeof *all->v, a, &list, (void **)&all->v));
    for (k = list->first; k; k = k->next, all->n++)
        CU_TRY(read_runbook(&r, k, all, a, &all->v[all->n]));
    CU_TRY(room(&r, root, "requests", sizeof *all->requests, a, &list, (void **)&all->requests));
    for (k = list->first; k; k = k->next, all->requests_n++)
        CU_TRY(read_request(&r, k, &all->requests[all->requests_n]));
    *out = all;
    return CU_OK;
}
