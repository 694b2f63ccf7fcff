#include "oscal.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include "comply/gaps.h"
#include "desk.h"

#define NS "urn:custos:oscal"
#define UUID_LEN 37

static json_t *catalog(report_making *m), *components(report_making *m), *plan(report_making *m), *results(report_making *m), *poam(report_making *m);

static const struct {
    const char *kind, *root, *title, *means;
    json_t *(*make)(report_making *m);
} kinds[] = {
    {"oscal-catalog", "catalog", "Criteria and controls", "OSCAL catalog: criteria by id with our own titles, and our controls", catalog},
    {"oscal-component-definition", "component-definition", "Controls as this system carries them out", "OSCAL component definition: how each control is carried out, with its state",
     components},
    {"oscal-assessment-plan", "assessment-plan", "How the controls are tested", "OSCAL assessment plan: each control with its test", plan},
    {"oscal-assessment-results", "assessment-results", "What the tests showed", "OSCAL assessment results: probes and evidence with their places in the log", results},
    {"oscal-poam", "plan-of-action-and-milestones", "What is open", "OSCAL plan of action and milestones: open findings, risks and gaps", poam},
};
#define KINDS (sizeof kinds / sizeof *kinds)

bool oscal_known(const char *kind)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kind, kinds[i].kind) == 0)
            return true;
    return false;
}

void oscal_list(json_t *list)
{
    for (size_t i = 0; i < KINDS; i++)
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:i,s:[s]}", "id", kinds[i].kind, "title", kinds[i].title, "means", kinds[i].means, "max_days", 380, "formats", "json"));
}

/* --- parts --- */

/* Version 5: SHA-1 of a namespace (of our own) and a name. */
static json_t *uuid(const report_making *m, const char *what, const char *id)
{
    static const uint8_t space[16] = {0x6f, 0x1c, 0x4b, 0x9a, 0x53, 0xd2, 0x4e, 0x70, 0x9b, 0x0e, 0x2d, 0x77, 0xa1, 0xc3, 0x58, 0x44};
    uint8_t d[EVP_MAX_MD_SIZE];
    char out[UUID_LEN], hex[33];
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_buf_put(&b, space, sizeof space);
    cu_buf_fmt(&b, "%s\n%s\n%s\n%s\n%s\n%s", m->a->origin, m->from, m->to, m->as_of, what, id);
    CU_ASSERT(cu_buf_err(&b) == CU_OK && EVP_Digest(b.p, b.n, d, NULL, EVP_sha1(), NULL) == 1);
    d[6] = (uint8_t)((d[6] & 0x0f) | 0x50);
    d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
    cu_hex(hex, d, 16);
    snprintf(out, sizeof out, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return json_string(out);
}

static json_t *text(cu_bytes b)
{
    return json_stringn(b.p ? (const char *)b.p : "", b.n);
}

static const char *name_of(cu_bytes b, char out[64])
{
    snprintf(out, 64, "%.*s", (int)(b.n < 63 ? b.n : 63), (const char *)b.p);
    return out;
}

static json_t *prop(const char *name, const char *value)
{
    return json_pack("{s:s,s:s,s:s}", "name", name, "ns", NS, "value", value);
}

static json_t *metadata(const report_making *m, const char *kind)
{
    const char *title = "";
    json_t *props = json_array(), *x;
    size_t i;
    for (size_t k = 0; k < KINDS; k++)
        if (strcmp(kinds[k].kind, kind) == 0)
            title = kinds[k].title;
    json_array_foreach(m->heads, i, x) {
        char value[240];
        snprintf(value, sizeof value, "%s %lld %s", json_string_value(json_object_get(x, "log")), (long long)json_integer_value(json_object_get(x, "size")),
                 json_string_value(json_object_get(x, "root")));
        json_array_append_new(props, prop("log-head", value));
    }
    json_t *v = json_pack("{s:s,s:s,s:s,s:s,s:s}", "title", title, "last-modified", m->as_of, "version", m->as_of, "oscal-version", "1.1.3", "remarks",
                          "Made from records of a log. Criteria are named by their ids; titles are our own, and no text of their owner is included. Nobody has signed this.");
    if (json_array_size(props))
        json_object_set(v, "props", props);
    json_decref(props);
    return v;
}

static json_t *resource(const report_making *m, const char *what, const char *title)
{
    return json_pack("{s:[{s:o,s:s}]}", "resources", "uuid", uuid(m, "resource", what), "title", title);
}

static json_t *anchor(const report_making *m, const char *what)
{
    json_t *id = uuid(m, "resource", what), *v = json_sprintf("#%s", json_string_value(id));
    json_decref(id);
    return v;
}

static json_t *selection(const report_making *m)
{
    json_t *in = json_array();
    for (size_t i = 0; i < m->a->catalogue->controls_n; i++)
        if (m->controls[i].state != CU_STATE_NOT_APPLICABLE)
            json_array_append_new(in, json_pack("{s:o}", "control-id", text(m->a->catalogue->controls[i].id)));
    json_t *one = json_array_size(in) ? json_pack("{s:O}", "include-controls", in) : json_pack("{s:{}}", "include-all");
    json_decref(in);
    return json_pack("{s:[o]}", "control-selections", one);
}

/* --- catalog --- */

static json_t *catalog(report_making *m)
{
    const cu_catalogue *c = m->a->catalogue;
    json_t *criteria = json_array(), *controls = json_array();
    for (size_t i = 0; i < c->criteria_n; i++)
        json_array_append_new(criteria, json_pack("{s:o,s:o,s:[o]}", "id", text(c->criteria[i].id), "title", text(c->criteria[i].title), "props",
                                                  json_pack("{s:s,s:s,s:o}", "name", "category", "ns", NS, "value", text(c->criteria[i].category))));
    for (size_t i = 0; i < c->controls_n; i++) {
        const cu_control *k = &c->controls[i];
        json_t *links = json_array();
        for (size_t n = 0; n < k->criteria_n; n++)
            json_array_append_new(links, json_pack("{s:o,s:s}", "href", json_sprintf("#%.*s", CU_FMT(k->criteria[n]->id)), "rel", "related"));
        json_array_append_new(controls, json_pack("{s:o,s:o,s:o,s:[{s:o,s:s,s:o}]}", "id", text(k->id), "title", text(k->title), "links", links, "parts", "id",
                                                  json_sprintf("%.*s_smt", CU_FMT(k->id)), "name", "statement", "prose", text(k->description)));
    }
    return json_pack("{s:o,s:o,s:[{s:s,s:s,s:o},{s:s,s:s,s:o}]}", "uuid", uuid(m, "catalog", ""), "metadata", metadata(m, "oscal-catalog"), "groups", "id", "criteria", "title",
                     "Criteria", "controls", criteria, "id", "controls", "title", "Controls", "controls", controls);
}

/* --- component definition --- */

static json_t *components(report_making *m)
{
    json_t *all = json_array();
    for (size_t i = 0; i < m->a->catalogue->controls_n; i++) {
        const cu_control *k = &m->a->catalogue->controls[i];
        char id[64];
        json_array_append_new(all, json_pack("{s:o,s:o,s:o,s:[o,o,o],s:s}", "uuid", uuid(m, "requirement", name_of(k->id, id)), "control-id", text(k->id), "description",
                                             text(k->description), "props", prop("state", cu_state_name(m->controls[i].state)),
                                             json_pack("{s:s,s:s,s:o}", "name", "automation", "ns", NS, "value", text(k->automation)),
                                             json_pack("{s:s,s:s,s:o}", "name", "frequency", "ns", NS, "value", text(k->frequency)), "remarks", m->controls[i].why));
    }
    json_t *implementation = json_pack("{s:o,s:o,s:s,s:o}", "uuid", uuid(m, "implementation", ""), "source", anchor(m, "catalog"), "description",
                                       "How the controls of the catalog are carried out, with the state that the log supports", "implemented-requirements", all);
    return json_pack("{s:o,s:o,s:[{s:o,s:s,s:s,s:s,s:[o]}],s:o}", "uuid", uuid(m, "component-definition", ""), "metadata", metadata(m, "oscal-component-definition"), "components",
                     "uuid", uuid(m, "component", ""), "type", "software", "title", "Custos", "description", "Gateway, log and console between coding assistants and model providers",
                     "control-implementations", implementation, "back-matter", resource(m, "catalog", "The catalog of criteria and controls: oscal-catalog"));
}

/* --- assessment plan --- */

static json_t *plan(report_making *m)
{
    json_t *tasks = json_array();
    for (size_t i = 0; i < m->a->catalogue->controls_n; i++) {
        const cu_control *k = &m->a->catalogue->controls[i];
        char id[64];
        if (m->controls[i].state == CU_STATE_NOT_APPLICABLE)
            continue;
        json_t *task = json_pack("{s:o,s:s,s:o,s:o}", "uuid", uuid(m, "task", name_of(k->id, id)), "type", "action", "title", json_sprintf("%.*s: %.*s", CU_FMT(k->id), CU_FMT(k->title)),
                                 "description", text(k->auditor_test));
        if (k->probes_n)
            json_object_set_new(task, "props", json_pack("[{s:s,s:s,s:o}]", "name", "probe", "ns", NS, "value", text(k->probes[0])));
        json_array_append_new(tasks, task);
    }
    json_t *v = json_pack("{s:o,s:o,s:{s:o},s:o,s:[{s:s,s:{}}],s:o}", "uuid", uuid(m, "assessment-plan", ""), "metadata", metadata(m, "oscal-assessment-plan"), "import-ssp", "href",
                          anchor(m, "system-description"), "reviewed-controls", selection(m), "assessment-subjects", "type", "component", "include-all", "back-matter",
                          resource(m, "system-description", "The system description: custos report make system-description"));
    if (json_array_size(tasks))
        json_object_set(v, "tasks", tasks);
    json_decref(tasks);
    return v;
}

/* --- results --- */

static void observe(const report_making *m, json_t *all, json_t *related, const cu_control *k, const char *what, const char *method, const char *says, const cu_seen *seen)
{
    char id[64], at[CU_TIME_LEN], key[160];
    snprintf(key, sizeof key, "%s %s", name_of(k->id, id), what);
    json_t *one = uuid(m, "observation", key);
    cu_time_text(seen->last_ms * 1000000, at);
    json_array_append_new(related, json_pack("{s:O}", "observation-uuid", one));
    json_array_append_new(all, json_pack("{s:o,s:o,s:s,s:[s],s:s,s:[{s:o,s:o}]}", "uuid", one, "title", json_sprintf("%s: %s", id, what), "description", says, "methods", method,
                                         "collected", at, "relevant-evidence", "href", json_sprintf("urn:custos:log:%s:%llu", seen->log, (unsigned long long)seen->index), "description",
                                         json_sprintf("Newest of %llu entries: log %s, index %llu", (unsigned long long)seen->count, seen->log, (unsigned long long)seen->index)));
}

static json_t *observations_of(const report_making *m, const cu_control_status *st, json_t *all)
{
    json_t *related = json_array();
    const cu_control *k = st->control;
    if (st->probe.seen.count)
        observe(m, all, related, k, "probe", "TEST", st->probe.outcome == CU_RUN_HELD ? "The probe ran and the control held" : st->probe.outcome == CU_RUN_BROKEN ? "The probe got through" : "The probe could not run", &st->probe.seen);
    for (size_t i = 0; i < k->sources_n; i++) {
        char what[40], says[300];
        snprintf(what, sizeof what, "evidence %zu", i + 1);
        snprintf(says, sizeof says, "Entries %.*s: %s", (int)(k->sources[i].events[0].n < 100 ? k->sources[i].events[0].n : 100), (const char *)k->sources[i].events[0].p,
                 st->sources[i].fresh ? "recent enough" : "the newest is too old");
        if (st->sources[i].seen.count)
            observe(m, all, related, k, what, "EXAMINE", says, &st->sources[i].seen);
    }
    if (st->broken)
        observe(m, all, related, k, "failure", "EXAMINE", "An entry says that the control does not work", &st->broken_by);
    return related;
}

static json_t *results(report_making *m)
{
    json_t *observations = json_array(), *findings = json_array();
    for (size_t i = 0; i < m->a->catalogue->controls_n; i++) {
        const cu_control_status *st = &m->controls[i];
        char id[64];
        if (st->state == CU_STATE_NOT_APPLICABLE)
            continue;
        (void)name_of(st->control->id, id);
        json_t *related = observations_of(m, st, observations);
        json_t *finding = json_pack("{s:o,s:o,s:s,s:{s:s,s:o,s:{s:s,s:s}},s:[o]}", "uuid", uuid(m, "control", id), "title", text(st->control->title),
                                    "description", st->why, "target", "type", "statement-id", "target-id", json_sprintf("%s_smt", id), "status", "state",
                                    st->state == CU_STATE_MET ? "satisfied" : "not-satisfied", "remarks", "As this system's own tests have it; nobody outside has looked at it.",
                                    "props", prop("state", cu_state_name(st->state)));
        if (json_array_size(related))
            json_object_set(finding, "related-observations", related);
        json_decref(related);
        json_array_append_new(findings, finding);
    }
    json_t *one = json_pack("{s:o,s:s,s:s,s:s,s:s,s:o}", "uuid", uuid(m, "result", ""), "title", "States of the controls", "description",
                            "States as the log supports them as of the end, from probes and entries", "start", m->from, "end", m->as_of, "reviewed-controls", selection(m));
    if (json_array_size(observations))
        json_object_set(one, "observations", observations);
    if (json_array_size(findings))
        json_object_set(one, "findings", findings);
    json_decref(observations);
    json_decref(findings);
    return json_pack("{s:o,s:o,s:{s:o},s:[o],s:o}", "uuid", uuid(m, "assessment-results", ""), "metadata", metadata(m, "oscal-assessment-results"), "import-ap", "href",
                     anchor(m, "assessment-plan"), "results", one, "back-matter", resource(m, "assessment-plan", "The assessment plan: oscal-assessment-plan"));
}

/* --- plan of action and milestones --- */

static json_t *item(const report_making *m, const char *what, const char *id, json_t *title, json_t *description)
{
    return json_pack("{s:o,s:o,s:o,s:[o]}", "uuid", uuid(m, what, id), "title", title, "description", description, "props", prop("kind", what));
}

static void of_findings(report_making *m, json_t *items)
{
    static const cu_bytes states[] = {{(const uint8_t *)"open", 4}, {(const uint8_t *)"fixed", 5}, {(const uint8_t *)"passed", 6}};
    json_t *all = report_records(m, cu_str("finding"), states, 3), *x;
    size_t i;
    json_array_foreach(all, i, x) {
        const char *id = json_string_value(json_object_get(x, "id"));
        json_array_append_new(items, item(m, "finding", id, json_sprintf("%s: %s", id, desk_text(x, "title")),
                                          json_sprintf("Control %s, severity %s, due %s. Cause: %s", desk_text(x, "control"), desk_text(x, "severity"), desk_text(x, "due"), desk_text(x, "cause"))));
    }
    json_decref(all);
}

static void of_risks(report_making *m, json_t *items, json_t *risks)
{
    static const cu_bytes states[] = {{(const uint8_t *)"assessed", 8}};
    json_t *all = report_records(m, cu_str("risk"), states, 1), *x;
    size_t i;
    json_array_foreach(all, i, x) {
        const char *id = json_string_value(json_object_get(x, "id"));
        json_t *risk = uuid(m, "risk", id);
        json_array_append_new(risks, json_pack("{s:O,s:s,s:s,s:s,s:s}", "uuid", risk, "title", desk_text(x, "title"), "description", desk_text(x, "title"), "statement",
                                               *desk_text(x, "treatment") ? desk_text(x, "treatment") : "No treatment is decided", "status", "open"));
        json_t *one = item(m, "risk-item", id, json_sprintf("%s: %s", id, desk_text(x, "title")), json_sprintf("Category %s", desk_text(x, "category")));
        json_object_set_new(one, "related-risks", json_pack("[{s:o}]", "risk-uuid", risk));
        json_array_append_new(items, one);
    }
    json_decref(all);
}

static json_t *poam(report_making *m)
{
    json_t *items = json_array(), *risks = json_array();
    of_findings(m, items);
    of_risks(m, items, risks);
    for (size_t i = 0; i < m->a->catalogue->controls_n; i++) {
        const cu_control_status *st = &m->controls[i];
        cu_gap g;
        char id[64];
        (void)name_of(st->control->id, id);
        if (cu_gap_of(st, &g))
            json_array_append_new(items, item(m, "gap", id, json_sprintf("%s: %.*s", id, CU_FMT(st->control->title)),
                                              json_sprintf("State %s. %s %s", cu_state_name(st->state), g.cause, g.next)));
    }
    json_t *v = json_array_size(items) ? json_pack("{s:o,s:o,s:{s:s},s:O}", "uuid", uuid(m, "poam", ""), "metadata", metadata(m, "oscal-poam"), "system-id", "id", m->a->origin,
                                                  "poam-items", items)
                                       : NULL;
    if (v && json_array_size(risks))
        json_object_set(v, "risks", risks);
    json_decref(items);
    json_decref(risks);
    return v;
}

json_t *oscal_document(report_making *m, const char *kind)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].kind, kind) == 0) {
            json_t *v = kinds[i].make(m);
            return v ? json_pack("{s:o}", kinds[i].root, v) : NULL;
        }
    return NULL;
}
