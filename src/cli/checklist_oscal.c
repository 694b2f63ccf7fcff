/* The checklist as OSCAL assessment results: each question that is asked an observation, each gap a finding. */
#include "checklist_oscal.h"
#include <stdio.h>
#include <string.h>
#include "base/ids.h"

#define NS "urn:custos:oscal"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static json_t *uuid(void)
{
    char id[CU_UUID_LEN];
    cu_uuid_new(id);
    return json_string(id);
}

static json_t *prop(const char *name, const char *value)
{
    return json_pack("{s:s,s:s,s:s}", "name", name, "ns", NS, "value", value);
}

static json_t *observation(const json_t *q, const char *as_of)
{
    const json_t *answer = json_object_get(q, "answer");
    const char *note = text_of(answer, "note"), *at = text_of(answer, "at");
    size_t i;
    json_t *x, *props = json_pack("[o,o]", prop("question", text_of(q, "id")), prop("standing", text_of(q, "standing")));
    json_array_foreach(json_object_get(answer, "ids"), i, x)
        json_array_append_new(props, prop("answer", json_string_value(x)));
    json_t *v = json_pack("{s:o,s:s,s:[s],s:o,s:s}", "uuid", uuid(), "description", text_of(q, "question"), "methods", "INTERVIEW", "props", props, "collected", *at ? at : as_of);
    if (*note)
        json_object_set_new(v, "remarks", json_string(note));
    return v;
}

static json_t *finding(const json_t *q, const json_t *observed)
{
    return json_pack("{s:o,s:s,s:s,s:{s:s,s:s,s:{s:s}},s:[{s:O}]}", "uuid", uuid(), "title", text_of(q, "question"), "description", text_of(q, "next_step"), "target", "type",
                     "objective-id", "target-id", text_of(q, "id"), "status", "state", "not-satisfied", "related-observations", "observation-uuid", json_object_get(observed, "uuid"));
}

json_t *checklist_oscal(const json_t *all)
{
    const char *as_of = text_of(all, "as_of");
    json_t *observations = json_array(), *findings = json_array(), *q, *plan = uuid();
    size_t i;
    json_array_foreach(json_object_get(all, "questions"), i, q) {
        if (!json_is_true(json_object_get(q, "shown")))
            continue;
        json_t *o = observation(q, as_of);
        if (strcmp(text_of(q, "standing"), "gap") == 0)
            json_array_append_new(findings, finding(q, o));
        json_array_append_new(observations, o);
    }
    json_t *one = json_pack("{s:o,s:s,s:s,s:s,s:{s:[{s:{}}]},s:o}", "uuid", uuid(), "title", "Readiness checklist", "description",
                            "Answers are claims of who gave them; only evidence makes a criterion met", "start", as_of, "reviewed-controls", "control-selections", "include-all",
                            "observations", observations);
    if (json_array_size(findings))
        json_object_set(one, "findings", findings);
    json_decref(findings);
    json_t *v = json_pack("{s:{s:o,s:{s:s,s:s,s:s,s:s},s:{s:o},s:[o],s:{s:[{s:O,s:s}]}}}", "assessment-results", "uuid", uuid(), "metadata", "title", "Readiness checklist", "last-modified", as_of,
                          "version", as_of, "oscal-version", "1.1.3", "import-ap", "href", json_sprintf("#%s", json_string_value(plan)), "results", one, "back-matter", "resources", "uuid", plan,
                          "title", "The questions of the checklist");
    json_decref(plan);
    return v;
}
