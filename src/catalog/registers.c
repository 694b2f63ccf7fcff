/* Registers: what people keep (findings, risks, vendors, incidents …), as steps that entries of the log are.
 * The file says which states a record of each register may have and which step leads from where to where. */
#include "registry.h"

#define KEYS_REGISTER "name label plural area means prefix examination states columns"
#define KEYS_STATE "name label tone ends"
#define KEYS_RECORD "register to from roles act other_than"

static cu_err read_state(const registry *g, const cu_yaml *n, cu_register_state *s)
{
    unsigned tone = 0;
    CU_TRY(reading_only(&g->r, n, "a state", KEYS_STATE));
    CU_TRY(registry_text(g, n, "name", &s->name));
    CU_TRY(registry_text(g, n, "label", &s->label));
    CU_TRY(registry_text(g, n, "tone", &s->tone));
    CU_TRY(reading_word(&g->r, cu_yaml_get(n, "tone"), "tone", "met partly unmet nodata na", &tone));
    if (!registry_is_name(s->name) || cu_eq_str(s->name, "none"))
        return reading_wrong(&g->r, n, "a state is lower-case letters, digits and _, and not none");
    return registry_flag(g, n, "ends", false, &s->ends);
}

static cu_err read_states(const registry *g, const cu_yaml *n, cu_register *out)
{
    const cu_yaml *list = cu_yaml_get(n, "states");
    if (!list || list->kind != CU_YAML_LIST || !list->first || registry_count(list) > CU_REGISTER_STATES)
        return reading_wrong(&g->r, n, "states is a list of 1 to %u", CU_REGISTER_STATES);
    out->states = cu_arena_alloc(g->r.a, registry_count(list) * sizeof *out->states);
    if (!out->states)
        return CU_NOMEM;
    for (const cu_yaml *k = list->first; k; k = k->next) {
        cu_register_state *s = &out->states[out->states_n];
        CU_TRY(read_state(g, k, s));
        if (cu_register_state_find(out, s->name))
            return reading_wrong(&g->r, k, "this state is given twice");
        out->states_n++;
    }
    return CU_OK;
}

static cu_err read_register(const registry *g, const cu_yaml *n, cu_register *out)
{
    const cu_yaml *columns = cu_yaml_get(n, "columns");
    CU_TRY(reading_only(&g->r, n, "a register", KEYS_REGISTER));
    CU_TRY(registry_text(g, n, "name", &out->name));
    CU_TRY(registry_text(g, n, "label", &out->label));
    CU_TRY(registry_text(g, n, "plural", &out->plural));
    CU_TRY(registry_text(g, n, "area", &out->area));
    CU_TRY(registry_text(g, n, "means", &out->means));
    out->prefix = cu_arena_dup(g->r.a, cu_yaml_text(n, "prefix", CU_NONE));
    CU_TRY(registry_flag(g, n, "examination", false, &out->examination));
    if (!registry_is_name(out->name))
        return reading_wrong(&g->r, n, "a register's name is lower-case letters, digits and _");
    if (!columns || columns->kind != CU_YAML_LIST)
        return reading_wrong(&g->r, n, "columns is a list of fields that a listing shows");
    CU_TRY(registry_words(g, columns, &out->columns, &out->columns_n));
    return read_states(g, n, out);
}

cu_err registry_registers(const registry *g, const cu_yaml *root, cu_events *e)
{
    const cu_yaml *list = cu_yaml_get(root, "registers");
    if (!list)
        return CU_OK;
    if (list->kind != CU_YAML_LIST || registry_count(list) > CU_REGISTERS_MAX)
        return reading_wrong(&g->r, list, "registers is a list of at most %u", CU_REGISTERS_MAX);
    e->registers = cu_arena_alloc(g->r.a, (registry_count(list) + 1) * sizeof *e->registers);
    if (!e->registers)
        return CU_NOMEM;
    for (const cu_yaml *k = list->first; k; k = k->next) {
        cu_register *r = &e->registers[e->registers_n];
        CU_TRY(read_register(g, k, r));
        if (cu_register_find(e, r->name))
            return reading_wrong(&g->r, k, "this register is given twice");
        e->registers_n++;
    }
    return CU_OK;
}

static cu_err known_states(const registry *g, const cu_yaml *n, const cu_register *r, cu_bytes **out, size_t *out_n, bool *none)
{
    if (!n)
        return CU_OK;
    if (n->kind != CU_YAML_LIST)
        return reading_wrong(&g->r, n, "a list of states is expected");
    CU_TRY(registry_words(g, n, out, out_n));
    for (const cu_yaml *k = n->first; k; k = k->next)
        if (none && cu_eq_str(k->text, "none"))
            *none = true;
        else if (!cu_register_state_find(r, k->text))
            return reading_wrong(&g->r, k, "the register %.*s has no state of this name", CU_FMT(r->name));
    return CU_OK;
}

static cu_err read_roles(const registry *g, const cu_yaml *n, unsigned *out)
{
    if (!n)
        return CU_OK;
    if (n->kind != CU_YAML_LIST || !n->first)
        return reading_wrong(&g->r, n, "roles is a list of %s", CU_ROLE_WORDS);
    for (const cu_yaml *k = n->first; k; k = k->next) {
        unsigned role;
        CU_TRY(reading_word(&g->r, k, "a role", CU_ROLE_WORDS, &role));
        *out |= 1u << role;
    }
    return CU_OK;
}

/* The record's id is the field that is named like the register. */
static bool names_record(const cu_event *e, cu_bytes reg)
{
    for (size_t i = 0; i < e->fields_n; i++)
        if (cu_eq(e->fields[i].name, reg) && e->fields[i].type == CU_FIELD_WORD && !e->fields[i].optional && !e->fields[i].may_be_empty)
            return true;
    return false;
}

cu_err registry_record(const registry *g, const cu_yaml *n, const cu_events *all, cu_event *e)
{
    const cu_yaml *map = cu_yaml_get(n, "record"), *to;
    cu_bytes reg;
    if (!map)
        return CU_OK;
    CU_TRY(reading_only(&g->r, map, "record", KEYS_RECORD));
    CU_TRY(registry_text(g, map, "register", &reg));
    e->reg = cu_register_find(all, reg);
    if (!e->reg)
        return reading_wrong(&g->r, map, "there is no register of this name at the top of the file");
    if (!names_record(e, reg))
        return reading_wrong(&g->r, n, "the event needs a field %.*s of type word, always there: the record's id", CU_FMT(reg));
    to = cu_yaml_get(map, "to");
    if (to && !cu_register_state_find(e->reg, to->text))
        return reading_wrong(&g->r, to, "the register %.*s has no state of this name", CU_FMT(reg));
    e->to = to ? cu_arena_dup(g->r.a, to->text) : CU_NONE;
    CU_TRY(known_states(g, cu_yaml_get(map, "from"), e->reg, &e->from, &e->from_n, &e->opens));
    CU_TRY(known_states(g, cu_yaml_get(map, "other_than"), e->reg, &e->other_than, &e->other_than_n, NULL));
    if (e->opens && !e->to.n)
        return reading_wrong(&g->r, map, "an event that opens a record says in which state it is (to)");
    CU_TRY(read_roles(g, cu_yaml_get(map, "roles"), &e->roles));
    return e->roles ? registry_text(g, map, "act", &e->act) : CU_OK;
}

const cu_register *cu_register_find(const cu_events *e, cu_bytes name)
{
    for (size_t i = 0; i < e->registers_n; i++)
        if (cu_eq(e->registers[i].name, name))
            return &e->registers[i];
    return NULL;
}

const cu_register_state *cu_register_state_find(const cu_register *r, cu_bytes name)
{
    for (size_t i = 0; i < r->states_n; i++)
        if (cu_eq(r->states[i].name, name))
            return &r->states[i];
    return NULL;
}

bool cu_event_may_follow(const cu_event *e, cu_bytes state)
{
    for (size_t i = 0; i < e->from_n; i++)
        if (cu_eq(e->from[i], state))
            return true;
    return e->from_n == 0 && !cu_eq_str(state, "none");
}

bool cu_events_step(const cu_events *e, cu_bytes type, cu_bytes *reg, cu_bytes *state)
{
    const cu_event *v = cu_event_find(e, type);
    if (!v || !v->reg)
        return false;
    *reg = v->reg->name;
    *state = v->to;
    return true;
}
