#include "comply/vendors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "reading.h"

#define DAY_NS (86400ull * 1000000000)
#define REPORT_DAYS 366u /* a report's period may have ended that long ago */
#define BRIDGE_DAYS 92u  /* three months */

/* --- the form --- */

static cu_err read_field(const reading *r, const cu_yaml *n, const cu_yaml *strict, const cu_catalogue *c, cu_vendor_field *f)
{
    static const char *const kinds[] = {"text", "file", "list", "choice", "duration", "period"};
    bool known = false;
    CU_TRY(read_only_keys(r, n, "id group label kind max_age controls where"));
    CU_TRY(read_needed(r, n, "id", &f->id));
    CU_TRY(read_needed(r, n, "group", &f->group));
    CU_TRY(read_needed(r, n, "label", &f->label));
    CU_TRY(read_needed(r, n, "kind", &f->kind));
    CU_TRY(read_needed(r, n, "where", &f->where));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known |= cu_eq_str(f->kind, kinds[i]);
    if (!known)
        return wrong_at(r, n, "kind is text, file, list, choice, duration or period");
    if (!cu_yaml_get(n, "max_age"))
        return wrong_at(r, n, "max_age is missing");
    CU_TRY(read_duration(r, cu_yaml_get(n, "max_age"), &f->max_age_ns));
    for (const cu_yaml *k = strict ? strict->first : NULL; k; k = k->next)
        f->strict_without |= cu_eq(k->text, f->group);
    for (const cu_yaml *k = cu_yaml_get(n, "controls") ? cu_yaml_get(n, "controls")->first : NULL; k; k = k->next) {
        const cu_control *control = cu_control_find(c, k->text);
        if (!control || f->controls_n == CU_VENDOR_FIELD_CONTROLS)
            return wrong_at(r, k, "controls.yaml has no control of this id, or there are more than %u", CU_VENDOR_FIELD_CONTROLS);
        f->controls[f->controls_n++] = control;
    }
    return f->controls_n ? CU_OK : wrong_at(r, n, "a field serves at least one control");
}

static cu_err read_profile(const reading *r, const cu_yaml *n, cu_arena *a, cu_vendor_profile *p)
{
    const cu_yaml *notes = cu_yaml_get(n, "notes");
    CU_TRY(read_only_keys(r, n, "id name what notes"));
    CU_TRY(read_needed(r, n, "id", &p->id));
    CU_TRY(read_needed(r, n, "name", &p->name));
    CU_TRY(read_needed(r, n, "what", &p->what));
    p->notes = cu_arena_alloc(a, (read_count(notes) + 1) * sizeof *p->notes);
    if (!p->notes)
        return CU_NOMEM;
    for (const cu_yaml *k = notes ? notes->first : NULL; k; k = k->next)
        p->notes[p->notes_n++] = k->text;
    return CU_OK;
}

const cu_vendor_field *cu_vendor_field_find(const cu_vendor_form *form, cu_bytes id)
{
    for (size_t i = 0; i < form->n; i++)
        if (cu_eq(form->v[i].id, id))
            return &form->v[i];
    return NULL;
}

cu_err cu_vendor_form_load(const char *dir, const cu_events *e, const cu_catalogue *c, cu_arena *a, cu_vendor_form **out, cu_fault *f)
{
    char path[4096];
    const cu_yaml *root;
    cu_vendor_form *form = cu_arena_alloc(a, sizeof *form);
    snprintf(path, sizeof path, "%s/vendors.yaml", dir);
    const reading r = {path, e, f};
    CU_TRY(cu_yaml_load(path, a, &root, f));
    CU_TRY(read_only_keys(&r, root, "schema_version strict_without fields profiles"));
    const cu_yaml *fields = cu_yaml_get(root, "fields"), *profiles = cu_yaml_get(root, "profiles");
    if (!fields || fields->kind != CU_YAML_LIST || read_count(fields) > CU_VENDOR_FIELDS)
        return wrong_at(&r, root, "fields is a list of at most %u", CU_VENDOR_FIELDS);
    if (form) {
        form->v = cu_arena_alloc(a, (read_count(fields) + 1) * sizeof *form->v);
        form->profiles = cu_arena_alloc(a, (read_count(profiles) + 1) * sizeof *form->profiles);
    }
    if (!form || !form->v || !form->profiles)
        return CU_NOMEM;
    for (const cu_yaml *n = fields->first; n; n = n->next, form->n++) {
        CU_TRY(read_field(&r, n, cu_yaml_get(root, "strict_without"), c, &form->v[form->n]));
        if (cu_vendor_field_find(form, form->v[form->n].id))
            return wrong_at(&r, n, "this field is given twice");
    }
    for (const cu_yaml *n = profiles ? profiles->first : NULL; n; n = n->next)
        CU_TRY(read_profile(&r, n, a, &form->profiles[form->profiles_n++]));
    *out = form;
    return CU_OK;
}

/* --- promises against terms --- */

typedef enum { NONE_ASKED, NO, AT_MOST, AT_LEAST, WITHIN } comparison;
static const struct {
    const char *topic, *field;
    comparison how;
} topics[] = {
    {"training", "training_default", NO},          {"human_review", "training_human_review", NO},
    {"retention_days", "retention_default", AT_MOST}, {"breach_notice_hours", "breach_notice", AT_MOST},
    {"subprocessor_notice_days", "subprocessor_notice", AT_LEAST}, {"residency", "regions", WITHIN},
};

static int topic_at(cu_bytes topic)
{
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (cu_eq_str(topic, topics[i].topic))
            return (int)i;
    return -1;
}

cu_bytes cu_promise_field(cu_bytes topic)
{
    int i = topic_at(topic);
    return i < 0 ? CU_NONE : cu_str(topics[i].field);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool begins_with(cu_bytes b, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++)
        if (i >= b.n || lower(b.p[i]) != (uint8_t)word[i])
            return false;
    return b.n == n || !((lower(b.p[n]) >= 'a' && lower(b.p[n]) <= 'z'));
}

/* "30 days", "72 hours", "1 year", P30D, or a bare number, which counts in the topic's own unit; in hours. */
static bool span_hours(cu_bytes b, bool bare_is_days, uint64_t *hours)
{
    size_t i = 0, digits = 0;
    uint64_t v = 0;
    if (i < b.n && (b.p[i] == 'P' || b.p[i] == 'p'))
        i++;
    if (i < b.n && i && (b.p[i] == 'T' || b.p[i] == 't'))
        i++;
    for (; i < b.n && b.p[i] >= '0' && b.p[i] <= '9' && digits < 6; i++, digits++)
        v = v * 10 + (uint64_t)(b.p[i] - '0');
    while (i < b.n && b.p[i] == ' ')
        i++;
    uint8_t unit = i < b.n ? lower(b.p[i]) : bare_is_days ? 'd' : 'h';
    uint64_t each = unit == 'h' ? 1 : unit == 'd' ? 24 : unit == 'w' ? 168 : unit == 'm' ? 730 : unit == 'y' ? 8760 : 0;
    *hours = v * each;
    return digits > 0 && each > 0;
}

/* Each of says' words (between commas) is one of allowed's. */
static bool within(cu_bytes allowed, cu_bytes says)
{
    for (size_t i = 0; i < says.n;) {
        while (i < says.n && (says.p[i] == ' ' || says.p[i] == ','))
            i++;
        size_t from = i;
        while (i < says.n && says.p[i] != ',')
            i++;
        size_t to = i;
        while (to > from && says.p[to - 1] == ' ')
            to--;
        bool found = to == from;
        for (size_t k = 0; k < allowed.n && !found; k++) {
            bool at_start = k == 0 || allowed.p[k - 1] == ',' || allowed.p[k - 1] == ' ';
            size_t n = to - from, j = 0;
            while (at_start && j < n && k + j < allowed.n && lower(allowed.p[k + j]) == lower(says.p[from + j]))
                j++;
            found = at_start && j == n && (k + n == allowed.n || allowed.p[k + n] == ',' || allowed.p[k + n] == ' ');
        }
        if (!found)
            return false;
    }
    return true;
}

cu_term_verdict cu_promise_against(cu_bytes topic, cu_bytes promised, cu_bytes says)
{
    int i = topic_at(topic);
    uint64_t ours, theirs;
    if (i < 0 || !says.n || !promised.n)
        return CU_TERM_UNCLEAR;
    if (topics[i].how == NO)
        return !begins_with(promised, "no") ? CU_TERM_UNCLEAR : begins_with(says, "no") || begins_with(says, "never") ? CU_TERM_AGREES
               : begins_with(says, "yes") ? CU_TERM_CONTRADICTS : CU_TERM_UNCLEAR;
    if (topics[i].how == WITHIN)
        return within(promised, says) ? CU_TERM_AGREES : CU_TERM_CONTRADICTS;
    bool days = strstr(topics[i].topic, "_days") != NULL;
    if (!span_hours(promised, days, &ours) || !span_hours(says, days, &theirs))
        return CU_TERM_UNCLEAR;
    return (topics[i].how == AT_MOST ? theirs <= ours : theirs >= ours) ? CU_TERM_AGREES : CU_TERM_CONTRADICTS;
}

/* --- reports --- */

uint64_t cu_day_ns(cu_bytes time)
{
    char text[32];
    struct tm tm = {0};
    snprintf(text, sizeof text, "%.*s", time.n < sizeof text ? (int)time.n : 0, (const char *)time.p);
    return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? (uint64_t)timegm(&tm) * 1000000000ull : 0;
}

bool cu_report_fits(cu_bytes kind, cu_bytes opinion, cu_bytes period_to, cu_bytes bridge_until, uint64_t now_ns, uint64_t *uncovered_days)
{
    uint64_t end = cu_day_ns(period_to), bridge = cu_day_ns(bridge_until), covered = end;
    if (bridge > end)
        covered = bridge < end + BRIDGE_DAYS * DAY_NS ? bridge : end + BRIDGE_DAYS * DAY_NS;
    *uncovered_days = covered && now_ns > covered ? (now_ns - covered) / DAY_NS : 0;
    bool good = cu_eq_str(kind, "soc2_type2") && (cu_eq_str(opinion, "unqualified") || cu_eq_str(opinion, "qualified"));
    return good && end && now_ns <= (covered > end + REPORT_DAYS * DAY_NS ? covered : end + REPORT_DAYS * DAY_NS);
}
