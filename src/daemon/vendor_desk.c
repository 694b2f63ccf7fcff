#include "vendor_desk.h"
#include <stdio.h>
#include "base/log.h"
#include "comply/vendors.h"

#define DAY_NS (86400ull * 1000000000)
#define YEAR_DAYS 366u
#define BRIDGE_DAYS 92u

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static uint64_t day_of(const json_t *fields, const char *key)
{
    return cu_day_ns(cu_str(text_of(fields, key)));
}

/* Records of a register that are about one vendor. */
static json_t *about(app *a, const char *reg, const char *vendor)
{
    json_t *all = desk_list(a, reg, NULL, false), *mine = json_array(), *x;
    size_t i;
    json_array_foreach(all, i, x)
        if (strcmp(desk_text(x, "vendor"), vendor) == 0)
            json_array_append(mine, x);
    json_decref(all);
    return mine;
}

json_t *vendor_facts(app *a, const char *vendor)
{
    return about(a, "vendor_fact", vendor);
}

static const json_t *fact_of(const json_t *facts, cu_bytes field)
{
    json_t *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)facts, i, x)
        if (cu_eq_str(field, desk_text(x, "field")))
            return x;
    return NULL;
}

static bool counts(const json_t *fact, uint64_t now)
{
    return fact && strcmp(text_of(fact, "state"), "confirmed") == 0 && cu_day_ns(cu_str(desk_text(fact, "next_read"))) > now;
}

json_t *vendor_known(app *a, const char *vendor, unsigned *unknown_strict)
{
    const cu_vendor_form *form = a->vendor_form;
    uint64_t now = cu_now_ns();
    json_t *facts = vendor_facts(a, vendor), *unknown = json_array();
    unsigned confirmed = 0, due = 0;
    *unknown_strict = 0;
    for (size_t i = 0; i < form->n; i++) {
        const json_t *fact = fact_of(facts, form->v[i].id);
        if (counts(fact, now)) {
            confirmed++;
            continue;
        }
        due += fact && strcmp(text_of(fact, "state"), "confirmed") == 0;
        *unknown_strict += form->v[i].strict_without;
        json_array_append_new(unknown, json_stringn((const char *)form->v[i].id.p, form->v[i].id.n));
    }
    json_decref(facts);
    return json_pack("{s:i,s:i,s:i,s:i,s:o}", "confirmed", (int)confirmed, "total", (int)form->n, "due", (int)due, "hold_back", (int)*unknown_strict, "unknown", unknown);
}

json_t *vendor_report(app *a, const char *vendor)
{
    json_t *all = about(a, "vendor_report", vendor), *best = NULL, *x;
    size_t i;
    json_array_foreach(all, i, x) {
        uint64_t uncovered;
        bool fits = cu_report_fits(cu_str(desk_text(x, "kind")), cu_str(desk_text(x, "opinion")), cu_str(desk_text(x, "period_to")),
                                   cu_str(desk_text(x, "bridge_until")), cu_now_ns(), &uncovered);
        if (strcmp(text_of(x, "state"), "reviewed") != 0 || (best && (json_is_true(json_object_get(best, "fits")) || !fits)))
            continue;
        json_decref(best);
        best = json_deep_copy(x);
        json_object_set_new(best, "fits", json_boolean(fits));
        json_object_set_new(best, "uncovered_days", json_integer((json_int_t)uncovered));
    }
    json_decref(all);
    return best;
}

/* --- steps --- */

cu_err vendor_name_fact(desk_step *s, const json_t *given, cu_fault *f)
{
    const char *vendor = text_of(given, "vendor"), *field = text_of(given, "field");
    if (!*vendor || !*field || strlen(vendor) > 63 || strlen(field) > 63)
        return cu_fail(f, CU_SYNTAX, "vendor and field are needed");
    snprintf(s->id, sizeof s->id, "%.63s:%.63s", vendor, field);
    return CU_OK;
}

cu_err vendor_check_known(desk_step *s, cu_fault *f)
{
    const char *vendor = text_of(s->fields, "vendor");
    json_t *v = desk_raw(s->a, "vendor", vendor);
    cu_err e = v && strcmp(text_of(v, "state"), "registered") == 0 ? CU_OK : cu_fail(f, CU_NOT_FOUND, "the register has no vendor %.60s in use", vendor);
    json_decref(v);
    return e;
}

/* Read on a day that has come, and to be read again within the time that the field allows. */
static cu_err check_days(const json_t *fields, const cu_vendor_field *k, cu_fault *f)
{
    uint64_t read = day_of(fields, "read_on"), next = day_of(fields, "next_read");
    if (read > cu_now_ns())
        return cu_fail(f, CU_SYNTAX, "read_on lies in the future");
    if (next <= read || next > read + k->max_age_ns)
        return cu_fail(f, CU_SYNTAX, "next_read: %.*s is read again within %llu days", CU_FMT(k->id), (unsigned long long)(k->max_age_ns / DAY_NS));
    return CU_OK;
}

cu_err vendor_check_fact(desk_step *s, cu_fault *f)
{
    const char *field = text_of(s->fields, "field");
    char id[sizeof s->id];
    const cu_vendor_field *k = cu_vendor_field_find(s->a->vendor_form, cu_str(field));
    CU_TRY(vendor_check_known(s, f));
    if (!k)
        return cu_fail(f, CU_SYNTAX, "field: catalog/vendors.yaml has no field %.60s", field);
    snprintf(id, sizeof id, "%.63s:%.63s", text_of(s->fields, "vendor"), field);
    if (strcmp(id, s->id) != 0)
        return cu_fail(f, CU_SYNTAX, "vendor_fact is %.100s", id);
    return check_days(s->fields, k, f);
}

cu_err vendor_check_reading(desk_step *s, cu_fault *f)
{
    const cu_vendor_field *k = cu_vendor_field_find(s->a->vendor_form, cu_str(desk_text(s->now, "field")));
    return k ? check_days(s->fields, k, f) : cu_fail(f, CU_STATE, "catalog/vendors.yaml no longer has this field");
}

cu_err vendor_check_report(desk_step *s, cu_fault *f)
{
    uint64_t from = day_of(s->fields, "period_from"), to = day_of(s->fields, "period_to"), bridge = day_of(s->fields, "bridge_until");
    CU_TRY(vendor_check_known(s, f));
    if (from >= to || to > cu_now_ns())
        return cu_fail(f, CU_SYNTAX, "period_to comes after period_from, and not in the future");
    if (bridge && (bridge <= to || bridge > to + BRIDGE_DAYS * DAY_NS))
        return cu_fail(f, CU_SYNTAX, "bridge_until: a letter covers three months after the period at most");
    return CU_OK;
}

cu_err vendor_check_control(desk_step *s, cu_fault *f)
{
    const char *id = text_of(s->fields, "control");
    return cu_control_find(s->a->catalogue, cu_str(id)) ? CU_OK : cu_fail(f, CU_SYNTAX, "control: there is none of the id %.40s", id);
}

/* The standard profile asks for a report that covers now and for the facts that matter most. */
static cu_err check_standard(desk_step *s, cu_fault *f)
{
    unsigned unknown;
    const char *vendor = text_of(s->fields, "vendor");
    json_t *report = vendor_report(s->a, vendor), *known = vendor_known(s->a, vendor, &unknown);
    bool fits = json_is_true(json_object_get(report, "fits"));
    json_decref(report);
    json_decref(known);
    if (fits && unknown == 0)
        return CU_OK;
    return cu_fail(f, CU_STATE, "profile: only strict is possible while %s%s%u facts about training, retention and isolation are unknown",
                   fits ? "" : "no SOC 2 report covers today", fits ? "" : " and ", unknown);
}

cu_err vendor_check_proposal(desk_step *s, cu_fault *f)
{
    uint64_t until = day_of(s->fields, "until"), now = cu_now_ns();
    CU_TRY(vendor_check_known(s, f));
    if (until <= now || until > now + YEAR_DAYS * DAY_NS)
        return cu_fail(f, CU_SYNTAX, "until lies in the next twelve months");
    bool standard = strcmp(text_of(s->fields, "profile"), "standard") == 0 && strcmp(text_of(s->fields, "decision"), "approved") == 0;
    return standard ? check_standard(s, f) : CU_OK;
}

/* Whoever agrees, agrees to what was proposed: the entry says it again. */
cu_err vendor_check_agreement(desk_step *s, cu_fault *f)
{
    static const char *const copied[] = {"plan", "profile", "until", "vendor"};
    bool approve = cu_eq_str(s->event->type, "assessment.approved");
    if ((strcmp(desk_text(s->now, "decision"), "approved") == 0) != approve)
        return cu_fail(f, CU_STATE, "%.40s proposes to %s", s->id, approve ? "refuse" : "approve");
    if (approve && cu_day_ns(cu_str(desk_text(s->now, "until"))) <= cu_now_ns())
        return cu_fail(f, CU_STATE, "the day until which it was proposed has passed");
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        json_object_set(s->fields, copied[i], json_object_get(json_object_get(s->now, "fields"), copied[i]));
    return CU_OK;
}

/* --- what follows --- */

/* Whether this contradiction was told: it is open, or was resolved as it stands. */
static bool told(const json_t *conflicts, const char *vendor, const char *commitment, const char *promised, const char *says)
{
    json_t *x;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)conflicts, i, x)
        if (strcmp(desk_text(x, "vendor"), vendor) == 0 && strcmp(desk_text(x, "commitment"), commitment) == 0 &&
            (strcmp(text_of(x, "state"), "open") == 0 || (strcmp(desk_text(x, "promised"), promised) == 0 && strcmp(desk_text(x, "says"), says) == 0)))
            return true;
    return false;
}

static void hold_against(app *a, const json_t *promise, const json_t *fact, const json_t *conflicts)
{
    const char *topic = desk_text(promise, "topic"), *promised = desk_text(promise, "value"), *says = desk_text(fact, "value");
    const char *vendor = desk_text(fact, "vendor"), *id = text_of(promise, "id");
    if (cu_eq_str(cu_promise_field(cu_str(topic)), desk_text(fact, "field")) && cu_promise_against(cu_str(topic), cu_str(promised), cu_str(says)) == CU_TERM_CONTRADICTS &&
        !told(conflicts, vendor, id, promised, says))
        desk_note(a, "conflict.found", json_pack("{s:s,s:s,s:s,s:s,s:s}", "commitment", id, "field", desk_text(fact, "field"), "promised", promised, "says", says, "vendor", vendor));
}

void vendors_changed(app *a)
{
    json_t *promises = desk_list(a, "commitment", "active", false), *facts = desk_list(a, "vendor_fact", "confirmed", false);
    json_t *conflicts = desk_list(a, "conflict", NULL, false), *p, *x;
    size_t i, k;
    json_array_foreach(promises, i, p)
        json_array_foreach(facts, k, x)
            hold_against(a, p, x, conflicts);
    json_decref(promises);
    json_decref(facts);
    json_decref(conflicts);
}

/* The newest decision that counts of each vendor stays; older ones are replaced. */
static void supersede(app *a)
{
    json_t *all = desk_list(a, "vendor_decision", NULL, true), *newest = json_object(), *x;
    size_t i;
    json_array_foreach(all, i, x) {
        const char *state = text_of(x, "state"), *vendor = desk_text(x, "vendor"), *by = json_string_value(json_object_get(newest, vendor));
        if (strcmp(state, "approved") != 0 && strcmp(state, "refused") != 0)
            continue;
        if (by)
            desk_note(a, "vendor.decision_superseded", json_pack("{s:s,s:s}", "by", by, "vendor_decision", text_of(x, "id")));
        else
            json_object_set(newest, vendor, json_object_get(x, "id"));
    }
    json_decref(all);
    json_decref(newest);
}

void vendors_decided(app *a)
{
    cu_fault f = {0};
    supersede(a);
    pthread_mutex_lock(&a->lock);
    cu_err e = publish_bundle(a, &f);
    pthread_mutex_unlock(&a->lock);
    if (e != CU_OK)
        cu_say(CU_LOG_ERROR, "the decision is recorded, but the gateway was not told: %s", f.text);
}

bool vendor_ruled(app *a, const char *vendor, vendor_ruling *out)
{
    json_t *all = about(a, "vendor_decision", vendor), *v = desk_raw(a, "vendor", vendor), *x;
    bool retired = strcmp(text_of(v, "state"), "retired") == 0, found = retired;
    size_t i;
    *out = (vendor_ruling){.approved = false};
    json_array_foreach(all, i, x) {
        const char *state = text_of(x, "state");
        bool approved = strcmp(state, "approved") == 0 || strcmp(state, "expired") == 0;
        if (found || (!approved && strcmp(state, "refused") != 0))
            continue;
        found = true;
        *out = (vendor_ruling){.approved = approved, .strict = strcmp(desk_text(x, "profile"), "strict") == 0, .until_ns = cu_day_ns(cu_str(desk_text(x, "until")))};
        snprintf(out->plan, sizeof out->plan, "%s", desk_text(x, "plan"));
    }
    json_decref(all);
    json_decref(v);
    return found;
}

void vendors_watch(app *a)
{
    json_t *all = desk_list(a, "vendor_decision", "approved", false), *x;
    size_t i;
    json_array_foreach(all, i, x)
        if (cu_day_ns(cu_str(desk_text(x, "until"))) <= cu_now_ns())
            desk_note(a, "assessment.expired", json_pack("{s:s,s:s,s:s}", "until", desk_text(x, "until"), "vendor", desk_text(x, "vendor"), "vendor_decision", text_of(x, "id")));
    json_decref(all);
    for (size_t k = 0; k < a->config->vendors_n; k++) {
        const cu_config_vendor *v = &a->config->vendors[k];
        json_t *known = desk_raw(a, "vendor", v->name);
        if (!known)
            desk_note(a, "vendor.registered", json_pack("{s:s,s:s,s:s,s:s}", "criticality", "high", "owner", "", "service", v->api, "vendor", v->name));
        json_decref(known);
    }
}
