#include "comply/reports.h"
#include <stdio.h>
#include "reading.h"

static cu_err words(const reading *r, const cu_yaml *map, const char *key, cu_bytes out[CU_REPORT_LIST], size_t *n)
{
    const cu_yaml *list = cu_yaml_get(map, key);
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next) {
        if (*n == CU_REPORT_LIST || !k->text.n)
            return wrong_at(r, k, "%s is a list of at most %u words", key, CU_REPORT_LIST);
        out[(*n)++] = k->text;
    }
    return CU_OK;
}

static cu_err check_states(const reading *r, const cu_yaml *n, cu_bytes reg, const cu_bytes *states, size_t states_n)
{
    const cu_register *x = cu_register_find(r->events, reg);
    if (!x)
        return wrong_at(r, n, "events.yaml has no register of this name");
    for (size_t i = 0; i < states_n; i++)
        if (!cu_register_state_find(x, states[i]))
            return wrong_at(r, n, "the register has no state %.*s", CU_FMT(states[i]));
    return CU_OK;
}

static cu_err check_types(const reading *r, const cu_yaml *n, const cu_bytes *types, size_t types_n)
{
    for (size_t i = 0; i < types_n; i++)
        if (!cu_event_find(r->events, types[i]))
            return wrong_at(r, n, "nobody writes entries %.*s", CU_FMT(types[i]));
    return CU_OK;
}

static cu_err read_fact(const reading *r, const cu_yaml *n, cu_report_fact *x)
{
    CU_TRY(read_only_keys(r, n, "name types register states means"));
    CU_TRY(read_needed(r, n, "name", &x->name));
    CU_TRY(read_needed(r, n, "means", &x->means));
    x->reg = cu_yaml_text(n, "register", CU_NONE);
    CU_TRY(words(r, n, x->reg.n ? "states" : "types", x->list, &x->list_n));
    if (!x->list_n)
        return wrong_at(r, n, "types, or register and states, say what is counted");
    if (x->reg.n)
        return check_states(r, n, x->reg, x->list, x->list_n);
    return check_types(r, n, x->list, x->list_n);
}

static cu_err read_table(const reading *r, const cu_yaml *n, cu_report_table *x)
{
    static const char *const kinds[] = {"controls", "criteria", "criteria_out", "gaps", "customer_controls", "types", "scans"};
    CU_TRY(read_only_keys(r, n, "name of register states types columns"));
    CU_TRY(read_needed(r, n, "name", &x->name));
    x->of = cu_yaml_text(n, "of", CU_NONE);
    x->reg = cu_yaml_text(n, "register", CU_NONE);
    CU_TRY(words(r, n, "states", x->states, &x->states_n));
    CU_TRY(words(r, n, "types", x->types, &x->types_n));
    CU_TRY(words(r, n, "columns", x->columns, &x->columns_n));
    CU_TRY(check_types(r, n, x->types, x->types_n));
    if (!x->columns_n || !x->of.n == !x->reg.n)
        return wrong_at(r, n, "a table has columns, and either of or register");
    if (x->reg.n)
        return check_states(r, n, x->reg, x->states, x->states_n);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (cu_eq_str(x->of, kinds[i]))
            return CU_OK;
    return wrong_at(r, cu_yaml_get(n, "of"), "of is one of controls, criteria, criteria_out, gaps, customer_controls, types, scans");
}

static cu_err read_customer(const reading *r, const cu_yaml *n, const cu_catalogue *c, cu_customer_control *x)
{
    const cu_yaml *list = cu_yaml_get(n, "controls");
    CU_TRY(read_only_keys(r, n, "id controls expected"));
    CU_TRY(read_needed(r, n, "id", &x->id));
    CU_TRY(read_needed(r, n, "expected", &x->expected));
    for (const cu_yaml *k = list ? list->first : NULL; k; k = k->next) {
        const cu_control *control = cu_control_find(c, k->text);
        if (!control || x->controls_n == sizeof x->controls / sizeof *x->controls)
            return wrong_at(r, k, "controls.yaml has no control of this id, or there are more than 8");
        x->controls[x->controls_n++] = control;
    }
    return x->controls_n ? CU_OK : wrong_at(r, n, "it names the controls that it serves");
}

const cu_report_fact *cu_report_fact_find(const cu_reports *r, cu_bytes name)
{
    for (size_t i = 0; i < r->facts_n; i++)
        if (cu_eq(r->facts[i].name, name))
            return &r->facts[i];
    return NULL;
}

size_t cu_report_fact_at(cu_bytes text, size_t at, cu_bytes *name)
{
    size_t i = at + 1;
    if (text.p[at] != '{')
        return 0;
    while (i < text.n && ((text.p[i] >= 'a' && text.p[i] <= 'z') || text.p[i] == '_'))
        i++;
    *name = cu_slice(text, at + 1, i);
    return i < text.n && text.p[i] == '}' && i > at + 1 ? i + 1 : 0;
}

static cu_err check_text(const reading *r, const cu_yaml *n, cu_bytes text, const cu_reports *all, cu_report_knows_fn knows)
{
    cu_bytes name;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '{')
            continue;
        if (!cu_report_fact_at(text, i, &name))
            return wrong_at(r, n, "a { begins a fact, such as {requests}");
        if (!cu_report_fact_find(all, name) && !knows(name))
            return wrong_at(r, n, "there is no fact {%.*s}", (int)(name.n < 40 ? name.n : 40), (const char *)name.p);
    }
    return CU_OK;
}

static cu_err read_part(const reading *r, const cu_yaml *n, const cu_reports *all, cu_report_knows_fn knows, cu_report_part *x)
{
    cu_bytes table = cu_yaml_text(n, "table", CU_NONE);
    CU_TRY(read_only_keys(r, n, "text table empty"));
    x->text = cu_yaml_text(n, "text", CU_NONE);
    if (x->text.n && !table.n)
        return check_text(r, n, x->text, all, knows);
    for (size_t i = 0; !x->text.n && i < all->tables_n; i++)
        if (cu_eq(all->tables[i].name, table))
            x->table = &all->tables[i];
    return x->table ? read_needed(r, n, "empty", &x->empty) : wrong_at(r, n, "a part is text, or a table that is described above");
}

static cu_err read_section(const reading *r, const cu_yaml *n, const cu_reports *all, cu_report_knows_fn knows, cu_report_section *x)
{
    const cu_yaml *parts = cu_yaml_get(n, "parts");
    CU_TRY(read_only_keys(r, n, "number heading parts"));
    CU_TRY(read_needed(r, n, "heading", &x->heading));
    x->number = cu_yaml_text(n, "number", CU_NONE);
    for (const cu_yaml *k = parts ? parts->first : NULL; k; k = k->next) {
        if (x->parts_n == CU_REPORT_PARTS)
            return wrong_at(r, k, "at most %u parts are possible", CU_REPORT_PARTS);
        CU_TRY(read_part(r, k, all, knows, &x->parts[x->parts_n++]));
    }
    return x->parts_n ? CU_OK : wrong_at(r, n, "parts is a list");
}

static cu_err read_report(const reading *r, const cu_yaml *n, const cu_reports *all, cu_report_knows_fn knows, cu_report_form *x)
{
    const cu_yaml *sections = cu_yaml_get(n, "sections");
    CU_TRY(read_only_keys(r, n, "id title means max_days sections"));
    CU_TRY(read_needed(r, n, "id", &x->id));
    CU_TRY(read_needed(r, n, "title", &x->title));
    CU_TRY(read_needed(r, n, "means", &x->means));
    CU_TRY(read_days(r, n, "max_days", &x->max_days));
    for (const cu_yaml *k = sections ? sections->first : NULL; k; k = k->next) {
        if (x->sections_n == CU_REPORT_SECTIONS)
            return wrong_at(r, k, "at most %u sections are possible", CU_REPORT_SECTIONS);
        CU_TRY(read_section(r, k, all, knows, &x->sections[x->sections_n++]));
    }
    return x->sections_n ? CU_OK : wrong_at(r, n, "sections is a list");
}

const cu_report_form *cu_report_find(const cu_reports *r, cu_bytes id)
{
    for (size_t i = 0; i < r->n; i++)
        if (cu_eq(r->v[i].id, id))
            return &r->v[i];
    return NULL;
}

static cu_err full(const reading *r, const cu_yaml *n, size_t have, size_t most)
{
    return have < most ? CU_OK : wrong_at(r, n, "at most %zu are possible", most);
}

static cu_err read_shared(const reading *r, const cu_yaml *root, const cu_catalogue *c, cu_reports *x)
{
    const cu_yaml *list = cu_yaml_get(root, "facts");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        CU_TRY(full(r, n, x->facts_n, CU_REPORT_FACTS));
        CU_TRY(read_fact(r, n, &x->facts[x->facts_n]));
        if (cu_report_fact_find(x, x->facts[x->facts_n].name))
            return wrong_at(r, n, "this fact is given twice");
        x->facts_n++;
    }
    list = cu_yaml_get(root, "tables");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        CU_TRY(full(r, n, x->tables_n, CU_REPORT_TABLES));
        CU_TRY(read_table(r, n, &x->tables[x->tables_n++]));
    }
    list = cu_yaml_get(root, "customer_controls");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        CU_TRY(full(r, n, x->customer_n, CU_CUSTOMER_CONTROLS));
        CU_TRY(read_customer(r, n, c, &x->customer[x->customer_n++]));
    }
    return CU_OK;
}

cu_err cu_reports_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_report_knows_fn knows, cu_arena *a, cu_reports **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root;
    cu_reports *x = cu_arena_alloc(a, sizeof *x);
    snprintf(path, sizeof path, "%s/reports.yaml", dir);
    const reading r = {path, e, f};
    if (!x)
        return CU_NOMEM;
    CU_TRY(cu_yaml_load(path, a, &root, f));
    CU_TRY(read_only_keys(&r, root, "schema_version facts tables customer_controls reports"));
    CU_TRY(read_shared(&r, root, c, x));
    const cu_yaml *list = cu_yaml_get(root, "reports");
    for (const cu_yaml *n = list ? list->first : NULL; n; n = n->next) {
        CU_TRY(full(&r, n, x->n, CU_REPORTS_MAX));
        CU_TRY(read_report(&r, n, x, knows, &x->v[x->n]));
        if (cu_report_find(x, x->v[x->n].id))
            return wrong_at(&r, n, "this report is given twice");
        x->n++;
    }
    *out = x;
    return x->n ? CU_OK : wrong_at(&r, root, "reports is a list");
}
