/* A control's test as data: which entries must be fresh, which say that it does not work, which probe attacks it. */
#include <stdio.h>
#include "reading.h"

static bool is_planned(const cu_events *e, cu_bytes type)
{
    for (size_t i = 0; i < e->planned; i++)
        if (cu_eq(e->planned_types[i], type))
            return true;
    return false;
}

static cu_err read_types(const reading *r, const cu_yaml *list, const cu_yaml *within, cu_bytes *out, size_t *n, unsigned *planned)
{
    if (!list || list->kind != CU_YAML_LIST || !list->first)
        return wrong_at(r, list ? list : within, "a list of types of entry is expected");
    for (const cu_yaml *e = list->first; e; e = e->next) {
        bool later = e->kind == CU_YAML_SCALAR && is_planned(r->events, e->text);
        if (e->kind != CU_YAML_SCALAR || *n == CU_SOURCE_EVENTS)
            return wrong_at(r, e, "at most %u types of entry are expected", CU_SOURCE_EVENTS);
        if (!later && !cu_event_find(r->events, e->text))
            return wrong_at(r, e, "events.yaml has no type of this name, written or planned");
        *planned += later;
        out[(*n)++] = e->text;
    }
    return CU_OK;
}

static cu_err read_flag(const reading *r, const cu_yaml *map, const char *key, bool *out)
{
    const cu_yaml *n = cu_yaml_get(map, key);
    if (n && !cu_eq_str(n->text, "true") && !cu_eq_str(n->text, "false"))
        return wrong_at(r, n, "true or false is expected");
    *out = n && cu_eq_str(n->text, "true");
    return CU_OK;
}

static cu_err read_where(const reading *r, const cu_yaml *where, cu_bytes *member, cu_bytes *value)
{
    if (where->kind != CU_YAML_MAP || !where->first || where->first->next || where->first->kind != CU_YAML_SCALAR)
        return wrong_at(r, where, "one member of the entry's body and its value are expected");
    *member = where->first->key;
    *value = where->first->text;
    return CU_OK;
}

/* Of what a control lacks, somebody must be able to say how it comes about. */
static cu_err know_events(const reading *r, const cu_yaml *n, cu_source *s)
{
    for (size_t i = 0; i < s->events_n; i++) {
        s->known[i] = cu_event_find(r->events, s->events[i]);
        if (s->known[i] && !s->known[i]->roles && !s->known[i]->comes.n)
            return wrong_at(r, n, "%.*s is evidence, but events.yaml does not say how it comes about (comes), and it is no step that a person takes", CU_FMT(s->events[i]));
    }
    return CU_OK;
}

static cu_err read_source(const reading *r, const cu_yaml *n, cu_control *k)
{
    cu_source s = {.within_ns = k->by_event ? k->nil_ns : k->fresh_ns};
    const cu_yaml *within, *where;
    CU_TRY(read_only_keys(r, n, "events where within feed or_nil"));
    within = cu_yaml_get(n, "within");
    where = cu_yaml_get(n, "where");
    CU_TRY(read_types(r, cu_yaml_get(n, "events"), n, s.events, &s.events_n, &s.planned));
    CU_TRY(know_events(r, n, &s));
    if (within)
        CU_TRY(read_duration(r, within, &s.within_ns));
    if (where)
        CU_TRY(read_where(r, where, &s.member, &s.value));
    CU_TRY(read_flag(r, n, "feed", &s.feed));
    CU_TRY(read_flag(r, n, "or_nil", &s.or_nil));
    s.or_nil |= k->by_event;
    if (s.feed && !k->feed_from.n)
        return wrong_at(r, n, "a source that is a feed needs external_feed");
    if (k->sources_n == CU_CONTROL_SOURCES)
        return wrong_at(r, n, "at most %u sources are possible", CU_CONTROL_SOURCES);
    k->sources[k->sources_n++] = s;
    return CU_OK;
}

static cu_err read_breaker(const reading *r, const cu_yaml *n, cu_control *k)
{
    cu_breaker b = {0};
    unsigned planned = 0;
    CU_TRY(read_only_keys(r, n, "events where until"));
    CU_TRY(read_types(r, cu_yaml_get(n, "events"), n, b.events, &b.events_n, &planned));
    if (cu_yaml_get(n, "where"))
        CU_TRY(read_where(r, cu_yaml_get(n, "where"), &b.member, &b.value));
    if (cu_yaml_get(n, "until"))
        CU_TRY(read_types(r, cu_yaml_get(n, "until"), n, b.until, &b.until_n, &planned));
    if (k->breakers_n == CU_CONTROL_BREAKERS)
        return wrong_at(r, n, "at most %u are possible", CU_CONTROL_BREAKERS);
    k->breakers[k->breakers_n++] = b;
    return CU_OK;
}

static cu_err read_probes(const reading *r, const cu_yaml *n, const cu_yaml *test, cu_control *k)
{
    const cu_yaml *own = cu_yaml_get(n, "probe"), *more = cu_yaml_get(test, "probes");
    if (own && own->kind == CU_YAML_SCALAR && !cu_eq_str(own->text, "null"))
        k->probes[k->probes_n++] = own->text;
    for (const cu_yaml *p = more ? more->first : NULL; p; p = p->next) {
        if (p->kind != CU_YAML_SCALAR || k->probes_n == CU_CONTROL_PROBES)
            return wrong_at(r, p, "at most %u names of probes are expected", CU_CONTROL_PROBES);
        k->probes[k->probes_n++] = p->text;
    }
    return CU_OK;
}

cu_err read_control_test(const reading *r, const cu_yaml *n, cu_control *k)
{
    const cu_yaml *test = cu_yaml_get(n, "test"), *list;
    if (!test)
        return wrong_at(r, n, "test is missing");
    CU_TRY(read_only_keys(r, test, "sources broken_by probes"));
    CU_TRY(read_probes(r, n, test, k));
    list = cu_yaml_get(test, "sources");
    for (const cu_yaml *s = list ? list->first : NULL; s; s = s->next)
        CU_TRY(read_source(r, s, k));
    list = cu_yaml_get(test, "broken_by");
    for (const cu_yaml *b = list ? list->first : NULL; b; b = b->next)
        CU_TRY(read_breaker(r, b, k));
    if (!k->sources_n && !k->probes_n)
        return wrong_at(r, test, "a test needs sources or a probe: without either nothing could ever show it");
    return CU_OK;
}

bool cu_control_probed_by(const cu_control *k, cu_bytes probe, cu_bytes control)
{
    if (control.n)
        return cu_eq(k->id, control);
    for (size_t i = 0; i < k->probes_n; i++)
        if (cu_eq(k->probes[i], probe))
            return true;
    return false;
}
