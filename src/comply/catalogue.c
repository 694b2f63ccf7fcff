#include "comply/catalogue.h"
#include <stdio.h>
#include "reading.h"

#define KEYS_CONTROL "id title description type automation frequency owner_role applies_to tsc mappings evidence test probe auditor_test external_feed"

const cu_control *cu_control_find(const cu_catalogue *c, cu_bytes id)
{
    for (size_t i = 0; i < c->controls_n; i++)
        if (cu_eq(c->controls[i].id, id))
            return &c->controls[i];
    return NULL;
}

const cu_criterion *cu_criterion_find(const cu_catalogue *c, cu_bytes id)
{
    for (size_t i = 0; i < c->criteria_n; i++)
        if (cu_eq(c->criteria[i].id, id))
            return &c->criteria[i];
    return NULL;
}

/* --- controls --- */

static cu_err read_frequency(const reading *r, const cu_yaml *root, const cu_yaml *n, cu_control *k)
{
    char name[24];
    const cu_yaml *rules = cu_yaml_get(root, "frequency_rules"), *rule, *nil;
    CU_TRY(read_needed(r, n, "frequency", &k->frequency));
    snprintf(name, sizeof name, "%.*s", k->frequency.n < sizeof name ? (int)k->frequency.n : 0, (const char *)k->frequency.p);
    rule = cu_yaml_get(rules, name);
    if (!rule || !cu_yaml_get(rule, "freshness_limit"))
        return wrong_at(r, cu_yaml_get(n, "frequency"), "frequency_rules has no frequency %s with a freshness_limit", name[0] ? name : "of this name");
    CU_TRY(read_duration(r, cu_yaml_get(rule, "freshness_limit"), &k->fresh_ns));
    nil = cu_yaml_get(rule, "nil_return_every");
    k->by_event = nil != NULL;
    k->nil_ns = 35 * 86400ull * 1000000000ull;
    if (nil)
        CU_TRY(read_duration(r, nil, &k->nil_ns));
    k->scheduled = !nil && strcmp(name, "continuous") != 0;
    return CU_OK;
}

static cu_err read_evidence(const reading *r, const cu_yaml *n, cu_control *k)
{
    const cu_yaml *e = cu_yaml_get(n, "evidence"), *limit = cu_yaml_get(e, "freshness_limit");
    const cu_yaml *feed = cu_yaml_get(n, "external_feed");
    if (!e || e->kind != CU_YAML_MAP)
        return wrong_at(r, n, "evidence is missing");
    k->evidence_source = cu_yaml_text(e, "source", CU_NONE);
    k->population = cu_yaml_text(e, "population", CU_NONE);
    if (limit)
        CU_TRY(read_duration(r, limit, &k->fresh_ns));
    for (const cu_yaml *t = cu_yaml_get(e, "events") ? cu_yaml_get(e, "events")->first : NULL; t; t = t->next) {
        bool known = cu_event_find(r->events, t->text) != NULL;
        for (size_t i = 0; i < r->events->planned && !known; i++)
            known = cu_eq(r->events->planned_types[i], t->text);
        if (!known)
            return wrong_at(r, t, "events.yaml has no type of this name, written or planned");
    }
    if (feed && feed->kind == CU_YAML_MAP) {
        CU_TRY(read_needed(r, feed, "from", &k->feed_from));
        CU_TRY(read_needed(r, feed, "covers", &k->feed_covers));
    }
    return CU_OK;
}

static cu_err read_control(const reading *r, const cu_yaml *root, const cu_yaml *n, cu_arena *a, const cu_catalogue *c, cu_control *k)
{
    static const char *const automations[] = {"auto", "workflow", "attest"};
    bool known = false;
    CU_TRY(read_only_keys(r, n, KEYS_CONTROL));
    k->line = n->line;
    CU_TRY(read_needed(r, n, "id", &k->id));
    CU_TRY(read_needed(r, n, "title", &k->title));
    CU_TRY(read_needed(r, n, "description", &k->description));
    CU_TRY(read_needed(r, n, "type", &k->type));
    CU_TRY(read_needed(r, n, "automation", &k->automation));
    CU_TRY(read_needed(r, n, "owner_role", &k->owner_role));
    k->auditor_test = cu_yaml_text(n, "auditor_test", CU_NONE);
    for (size_t i = 0; i < 3; i++)
        known |= cu_eq_str(k->automation, automations[i]);
    if (!known)
        return wrong_at(r, cu_yaml_get(n, "automation"), "automation is auto, workflow or attest");
    if (cu_control_find(c, k->id))
        return wrong_at(r, n, "this control is given twice, first in line %u", cu_control_find(c, k->id)->line);
    CU_TRY(read_frequency(r, root, n, k));
    CU_TRY(read_evidence(r, n, k));
    CU_TRY(read_mappings(r, root, n, a, k));
    return read_control_test(r, n, k);
}

static cu_err read_controls(const reading *r, const cu_yaml *root, cu_arena *a, cu_catalogue *c)
{
    const cu_yaml *list = cu_yaml_get(root, "controls");
    if (!list || list->kind != CU_YAML_LIST || read_count(list) > CU_CONTROLS_MAX)
        return wrong_at(r, root, "controls: a list of at most %u is expected", CU_CONTROLS_MAX);
    c->controls = cu_arena_alloc(a, (read_count(list) + 1) * sizeof *c->controls);
    if (!c->controls)
        return CU_NOMEM;
    for (const cu_yaml *n = list->first; n; n = n->next, c->controls_n++)
        CU_TRY(read_control(r, root, n, a, c, &c->controls[c->controls_n]));
    return CU_OK;
}

/* --- criteria --- */

static cu_err read_criterion(const reading *r, const cu_yaml *n, cu_catalogue *c, cu_criterion *k)
{
    const cu_yaml *list = cu_yaml_get(n, "controls");
    bool known = false;
    CU_TRY(read_needed(r, n, "id", &k->id));
    CU_TRY(read_needed(r, n, "title", &k->title));
    CU_TRY(read_needed(r, n, "category", &k->category));
    CU_TRY(read_needed(r, n, "series", &k->series));
    k->evidence_class = cu_yaml_text(n, "evidence_class", CU_NONE);
    k->also_needs = cu_yaml_text(n, "also_needs", CU_NONE);
    k->official = cu_yaml_text(n, "official", CU_NONE);
    if (k->official.n > CU_OFFICIAL_MAX)
        return wrong_at(r, cu_yaml_get(n, "official"), "a wording has at most %u bytes", CU_OFFICIAL_MAX);
    for (size_t i = 0; i < c->categories_n; i++)
        known |= cu_eq(c->categories[i], k->category);
    if (!known)
        return wrong_at(r, cu_yaml_get(n, "category"), "categories has none of this id");
    if (cu_criterion_find(c, k->id))
        return wrong_at(r, n, "this criterion is given twice");
    for (const cu_yaml *e = list ? list->first : NULL; e; e = e->next) {
        const cu_control *found = cu_control_find(c, e->text);
        if (!found || k->controls_n == CU_LINKS_MAX)
            return wrong_at(r, e, "controls.yaml has no control of this id");
        k->controls[k->controls_n++] = found;
    }
    return k->controls_n ? CU_OK : wrong_at(r, n, "no control serves this criterion");
}

static cu_err read_categories(const reading *r, const cu_yaml *root, cu_catalogue *c)
{
    const cu_yaml *list = cu_yaml_get(root, "categories");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        if (c->categories_n == sizeof c->categories / sizeof *c->categories)
            return wrong_at(r, n, "too many categories");
        CU_TRY(read_needed(r, n, "id", &c->categories[c->categories_n++]));
    }
    return c->categories_n ? CU_OK : wrong_at(r, root, "categories is missing");
}

static cu_err read_criteria(const reading *r, const cu_yaml *root, cu_arena *a, cu_catalogue *c)
{
    char stated[24];
    const cu_yaml *list = cu_yaml_get(root, "criteria"), *set = cu_yaml_get(root, "criteria_set");
    if (!list || list->kind != CU_YAML_LIST || !set || read_count(list) > CU_CRITERIA_MAX)
        return wrong_at(r, root, "criteria_set and criteria, a list of at most %u, are expected", CU_CRITERIA_MAX);
    CU_TRY(read_categories(r, root, c));
    c->criteria = cu_arena_alloc(a, (read_count(list) + 1) * sizeof *c->criteria);
    if (!c->criteria)
        return CU_NOMEM;
    for (const cu_yaml *n = list->first; n; n = n->next, c->criteria_n++)
        CU_TRY(read_criterion(r, n, c, &c->criteria[c->criteria_n]));
    snprintf(stated, sizeof stated, "%zu", c->criteria_n);
    return cu_eq_str(cu_yaml_text(set, "count", CU_NONE), stated) ? CU_OK : wrong_at(r, set, "the number of criteria is not the count stated here");
}

/* --- both ways --- */

static bool names_back(const cu_criterion *x, const cu_control *k)
{
    for (size_t i = 0; i < x->controls_n; i++)
        if (x->controls[i] == k)
            return true;
    return false;
}

static cu_err link_control(const reading *r, const cu_yaml *n, const cu_catalogue *c, cu_control *k)
{
    const cu_yaml *tsc = cu_yaml_get(n, "tsc");
    for (const cu_yaml *e = tsc ? tsc->first : NULL; e; e = e->next) {
        const cu_criterion *x = cu_criterion_find(c, e->text);
        if (!x || k->criteria_n == CU_LINKS_MAX)
            return wrong_at(r, e, "criteria.yaml has no criterion of this id");
        if (!names_back(x, k))
            return wrong_at(r, e, "criteria.yaml does not name this control there");
        k->criteria[k->criteria_n++] = x;
    }
    for (size_t i = 0; i < c->criteria_n; i++) {
        bool named = !names_back(&c->criteria[i], k);
        for (size_t j = 0; j < k->criteria_n; j++)
            named |= k->criteria[j] == &c->criteria[i];
        if (!named)
            return wrong_at(r, n, "criteria.yaml names this control where its tsc does not");
    }
    return k->criteria_n ? CU_OK : wrong_at(r, n, "tsc is missing: this control serves no criterion");
}

cu_err cu_catalogue_load(const char *dir, const cu_events *events, cu_arena *a, cu_catalogue **out, cu_fault *f)
{
    char controls[4096], criteria[4096];
    const cu_yaml *one, *two;
    cu_catalogue *c = cu_arena_alloc(a, sizeof *c);
    if (!c)
        return CU_NOMEM;
    snprintf(controls, sizeof controls, "%s/controls.yaml", dir);
    snprintf(criteria, sizeof criteria, "%s/criteria.yaml", dir);
    const reading rc = {controls, events, f}, rx = {criteria, events, f};
    CU_TRY(cu_yaml_load(controls, a, &one, f));
    CU_TRY(cu_yaml_load(criteria, a, &two, f));
    CU_TRY(read_controls(&rc, one, a, c));
    CU_TRY(read_criteria(&rx, two, a, c));
    const cu_yaml *n = cu_yaml_get(one, "controls")->first;
    for (size_t i = 0; i < c->controls_n; i++, n = n->next)
        CU_TRY(link_control(&rc, n, c, &c->controls[i]));
    *out = c;
    return CU_OK;
}
