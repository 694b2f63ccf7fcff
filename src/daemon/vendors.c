/* The vendor desk in the API: each vendor with what is known, decided, due and seen in traffic. */
#include <stdio.h>
#include "comply/vendors.h"
#include "vendor_desk.h"

#define DAYS 30u
#define DAY_NS (86400ull * 1000000000)
#define WARN_DAYS 60u

static json_t *text(cu_bytes b)
{
    return json_stringn(b.p ? (const char *)b.p : "", b.n);
}

static const char *word(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static const cu_config_vendor *configured(const app *a, const char *name)
{
    for (size_t i = 0; i < a->config->vendors_n; i++)
        if (strcmp(a->config->vendors[i].name, name) == 0)
            return &a->config->vendors[i];
    return NULL;
}

static void add_class(void *arg, const char *value, const char *second, uint64_t count, const char *last)
{
    json_t *classes = arg, *n = json_object_get(classes, value);
    if (*value)
        json_object_set_new(classes, value, json_integer(json_integer_value(n) + (json_int_t)count));
}

/* What the gateway saw in the last 30 days: never typed in. */
static json_t *traffic(call *c, const char *vendor)
{
    char from[CU_TIME_LEN];
    uint64_t n = 0;
    json_t *classes = json_object();
    cu_time_text(cu_now_ns() - DAYS * DAY_NS, from);
    const cu_store_exchange_filter w = {.from = strcmp(c->who.from, from) > 0 ? c->who.from : from, .vendor = vendor};
    if (cu_store_count_exchanges(c->a->store, &w, &n) != CU_OK || cu_store_exchange_groups(c->a->store, CU_GROUP_CLASS, &w, add_class, classes) != CU_OK)
        json_object_clear(classes);
    return json_pack("{s:i,s:I,s:o}", "days", (int)DAYS, "exchanges", (json_int_t)n, "classes", classes);
}

/* What the gateway does, and on whose word. */
static json_t *in_force(app *a, const char *vendor)
{
    vendor_ruling r;
    char until[CU_TIME_LEN] = "";
    const cu_config_vendor *v = configured(a, vendor);
    if (vendor_ruled(a, vendor, &r)) {
        if (r.until_ns)
            cu_time_text(r.until_ns, until);
        return json_pack("{s:s,s:s,s:s,s:s}", "decision", !r.approved ? "refused" : r.until_ns > cu_now_ns() ? "approved" : "expired", "by", "register", "profile",
                         r.strict ? "strict" : "standard", "until", until);
    }
    if (!v || !v->assessment.given)
        return json_pack("{s:s,s:s,s:s,s:s}", "decision", "unassessed", "by", "", "profile", "", "until", "");
    return json_pack("{s:s,s:s,s:s,s:s}", "decision", v->assessment.decision, "by", "custos.yaml", "profile", v->terms.strict ? "strict" : "standard", "until",
                     v->assessment.until ? v->assessment.until : "");
}

static void note(json_t *next, const char *what, json_t *detail)
{
    json_array_append_new(next, json_pack("{s:s,s:o}", "what", what, "detail", detail));
}

/* What somebody should do about this vendor, most urgent first. */
static json_t *next_of(const json_t *decision, const json_t *known, const json_t *report, size_t conflicts, size_t unmapped)
{
    json_t *next = json_array();
    uint64_t until = cu_day_ns(cu_str(word(decision, "until")));
    if (strcmp(word(decision, "decision"), "approved") != 0)
        note(next, "decide", json_string(word(decision, "decision")));
    else if (until && until < cu_now_ns() + WARN_DAYS * DAY_NS)
        note(next, "decide_again", json_integer((json_int_t)((until - (until > cu_now_ns() ? cu_now_ns() : until)) / DAY_NS)));
    if (conflicts)
        note(next, "resolve_conflicts", json_integer((json_int_t)conflicts));
    if (!report || !json_is_true(json_object_get(report, "fits")))
        note(next, "read_report", json_null());
    if (json_integer_value(json_object_get(known, "due")))
        note(next, "read_again", json_incref(json_object_get(known, "due")));
    if (json_integer_value(json_object_get(known, "hold_back")))
        note(next, "record_facts", json_incref(json_object_get(known, "hold_back")));
    if (unmapped)
        note(next, "map_expectations", json_integer((json_int_t)unmapped));
    return next;
}

static size_t count_about(app *a, const char *reg, const char *state, const char *vendor)
{
    json_t *all = desk_list(a, reg, state, false), *x;
    size_t i, n = 0;
    json_array_foreach(all, i, x)
        n += strcmp(desk_text(x, "vendor"), vendor) == 0;
    json_decref(all);
    return n;
}

static json_t *vendor_json(call *c, const char *name)
{
    app *a = c->a;
    unsigned unknown;
    const cu_config_vendor *v = configured(a, name);
    json_t *record = desk_find(a, "vendor", name, NULL), *known = vendor_known(a, name, &unknown), *report = vendor_report(a, name), *decision = in_force(a, name);
    size_t conflicts = count_about(a, "conflict", "open", name), unmapped = count_about(a, "cuec", "unmapped", name);
    desk_name_persons(a, report);
    return json_pack("{s:s,s:b,s:s,s:o,s:o,s:o,s:o,s:i,s:i,s:i,s:o,s:o}", "name", name, "configured", v != NULL, "api", v ? v->api : "", "record",
                     record ? record : json_null(), "decision", decision, "known", known, "report", report ? report : json_null(), "conflicts", (int)conflicts,
                     "expected_controls", (int)(unmapped + count_about(a, "cuec", "mapped", name)), "unmapped", (int)unmapped, "traffic", traffic(c, name),
                     "next", next_of(decision, known, report, conflicts, unmapped));
}

static bool listed(const json_t *items, const char *name)
{
    json_t *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)items, i, x)
        if (strcmp(word(x, "name"), name) == 0)
            return true;
    return false;
}

unsigned answer_vendors(call *c)
{
    json_t *items = json_array(), *all = desk_list(c->a, "vendor", NULL, false), *x;
    size_t i;
    for (size_t k = 0; k < c->a->config->vendors_n; k++)
        json_array_append_new(items, vendor_json(c, c->a->config->vendors[k].name));
    json_array_foreach(all, i, x)
        if (!listed(items, word(x, "id")))
            json_array_append_new(items, vendor_json(c, word(x, "id")));
    json_decref(all);
    return answer_json(c, json_pack("{s:o}", "items", items));
}

static json_t *form_json(const cu_vendor_form *form)
{
    json_t *fields = json_array();
    for (size_t i = 0; i < form->n; i++) {
        const cu_vendor_field *f = &form->v[i];
        json_t *controls = json_array();
        for (size_t k = 0; k < f->controls_n; k++)
            json_array_append_new(controls, text(f->controls[k]->id));
        json_array_append_new(fields, json_pack("{s:o,s:o,s:o,s:o,s:o,s:I,s:b,s:o}", "id", text(f->id), "group", text(f->group), "label", text(f->label), "kind",
                                                text(f->kind), "where", text(f->where), "max_age_days", (json_int_t)(f->max_age_ns / DAY_NS), "strict_without",
                                                f->strict_without, "controls", controls));
    }
    return fields;
}

static json_t *records_about(app *a, const char *reg, const char *vendor)
{
    json_t *all = desk_list(a, reg, NULL, false), *mine = json_array(), *x;
    size_t i;
    json_array_foreach(all, i, x)
        if (strcmp(desk_text(x, "vendor"), vendor) == 0)
            json_array_append(mine, x);
    json_decref(all);
    desk_name_persons(a, mine);
    return mine;
}

unsigned answer_vendor(call *c)
{
    static const char *const registers[] = {"vendor_fact", "vendor_report", "cuec", "vendor_decision", "conflict"};
    const char *name = c->args[0];
    json_t *record = desk_raw(c->a, "vendor", name);
    bool known = record || configured(c->a, name);
    json_decref(record);
    if (!known)
        return problem(c, 404, "Not found", "There is no vendor %.60s in the register or in custos.yaml.", name);
    json_t *v = vendor_json(c, name);
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        json_object_set_new(v, registers[i], records_about(c->a, registers[i], name));
    json_object_set_new(v, "fields", form_json(c->a->vendor_form));
    return answer_json(c, v);
}
