/* The gate: what a deployment to an environment needs, held against what the registers say now. */
#include "gate.h"
#include <stdio.h>
#include "comply/vendors.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static const struct {
    const char *word, *text;
} reasons[] = {
    {"unknown_commit", "this commit, or the commit of this artifact, is not registered"},
    {"pushed_over", "a newer commit stands on the branch"},
    {"other_artifact", "another artifact was built from this commit"},
    {"no_test_run", "no test run of this commit is recorded"},
    {"tests_failed", "a test failed"},
    {"no_scan", "no scan of this commit is recorded"},
    {"scan_failed", "a scan found something at or above the level of this environment"},
    {"not_reviewed", "nobody but the author has reviewed it"},
    {"changes_requested", "a reviewer asks for changes"},
    {"no_deployment_asked_for", "nobody has asked for this deployment"},
    {"too_few_approvals", "not enough people have approved it, or their approvals have ended"},
    {"emergency_not_possible", "nothing goes first to this environment"},
};

const char *gate_reason_text(const char *reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].word, reason) == 0)
            return reasons[i].text;
    return reason;
}

static void refuse(gate_verdict *v, const char *reason)
{
    if (v->reasons_n < GATE_REASONS)
        v->reasons[v->reasons_n++] = reason;
}

/* --- what was recorded of the change --- */

/* The fields of a change's steps are those of the record after each: the step's own stand in it. */
static json_t *own_fields(const cu_store_record *x, const char *const *names, size_t n)
{
    json_t *all = json_loads(x->fields, 0, NULL), *out = json_pack("{s:s,s:s,s:I}", "at", x->at, "by", x->by, "index", (json_int_t)x->last);
    for (size_t i = 0; i < n; i++)
        if (json_object_get(all, names[i]))
            json_object_set(out, names[i], json_object_get(all, names[i]));
    json_decref(all);
    return out;
}

/* The newest of each suite, tool and reviewer. */
static void keep(void *arg, const cu_store_record *x)
{
    static const char *const test[] = {"suite", "passed", "failed", "skipped", "report"}, *const scan[] = {"tool", "errors", "warnings", "notes", "report"},
                      *const review[] = {"reviewer", "verdict"};
    gate_verdict *v = arg;
    json_t *to = NULL, *one = NULL;
    if (strcmp(x->type, "ci.test_result") == 0)
        one = own_fields(x, test, 5), to = v->tests;
    else if (strcmp(x->type, "ci.scan_result") == 0)
        one = own_fields(x, scan, 5), to = v->scans;
    else if (strcmp(x->type, "change.reviewed") == 0)
        one = own_fields(x, review, 2), to = v->reviews;
    if (one)
        json_object_set_new(to, text_of(one, to == v->tests ? "suite" : to == v->scans ? "tool" : "reviewer"), one);
}

static json_int_t number_of(const json_t *v, const char *key)
{
    return json_integer_value(json_object_get(v, key));
}

static void judge_tests(gate_verdict *v)
{
    const char *name;
    json_t *x;
    bool failed = false;
    json_object_foreach(v->tests, name, x)
        failed |= number_of(x, "failed") > 0 || number_of(x, "passed") == 0;
    if (v->gate->tests && !json_object_size(v->tests))
        refuse(v, "no_test_run");
    else if (v->gate->tests && failed)
        refuse(v, "tests_failed");
}

static void judge_scans(gate_verdict *v)
{
    const char *name;
    json_t *x;
    bool failed = false;
    json_object_foreach(v->scans, name, x)
        failed |= number_of(x, "errors") > 0 || (v->gate->level >= CU_SCAN_WARNING && number_of(x, "warnings") > 0) || (v->gate->level >= CU_SCAN_NOTE && number_of(x, "notes") > 0);
    if (v->gate->scans && !json_object_size(v->scans))
        refuse(v, "no_scan");
    else if (v->gate->scans && failed)
        refuse(v, "scan_failed");
}

static void judge_reviews(gate_verdict *v)
{
    const char *name;
    json_t *x;
    bool approved = false, asks = false;
    json_object_foreach(v->reviews, name, x) {
        bool own = strcmp(name, desk_text(v->change, "author")) == 0;
        approved |= !own && strcmp(text_of(x, "verdict"), "approved") == 0;
        asks |= strcmp(text_of(x, "verdict"), "changes_requested") == 0;
    }
    if (v->gate->review && !approved)
        refuse(v, "not_reviewed");
    if (v->gate->review && asks)
        refuse(v, "changes_requested");
}

/* --- the deployment and its approvals --- */

static void find_deploy(app *a, const char *env, const char *commit, const char *artifact, gate_verdict *v)
{
    json_t *all = desk_list(a, "deploy", NULL, false), *x;
    size_t i;
    json_array_foreach(all, i, x) /* newest first */
        if (!v->deploy && strcmp(desk_text(x, "env"), env) == 0 && strcmp(desk_text(x, "change"), commit) == 0 &&
            (!*artifact || strcmp(desk_text(x, "artifact"), artifact) == 0) && strcmp(text_of(x, "state"), "withdrawn") != 0)
            v->deploy = json_incref(x);
    json_decref(all);
}

static bool counts(const gate_verdict *v, const json_t *approval)
{
    const char *by = text_of(approval, "by");
    return strcmp(desk_text(approval, "deploy"), text_of(v->deploy, "id")) == 0 && cu_day_ns(cu_str(desk_text(approval, "until"))) > cu_now_ns() &&
           strcmp(desk_text(approval, "change"), desk_text(v->deploy, "change")) == 0 && strcmp(desk_text(approval, "artifact"), desk_text(v->deploy, "artifact")) == 0 &&
           strcmp(by, text_of(v->deploy, "opened_by")) != 0 && strcmp(by, desk_text(v->change, "author")) != 0 && strcmp(by, desk_text(v->change, "prompted_by")) != 0;
}

static void judge_approvals(app *a, gate_verdict *v)
{
    json_t *all = desk_list(a, "approval", "given", false), *x;
    size_t i;
    const char *state = text_of(v->deploy, "state");
    json_array_foreach(all, i, x)
        if (v->deploy && counts(v, x))
            json_array_append_new(v->approvals, json_pack("{s:s,s:s,s:s}", "by", text_of(x, "by"), "at", text_of(x, "at"), "until", desk_text(x, "until")));
    json_decref(all);
    v->emergency = strcmp(state, "emergency") == 0 || strcmp(state, "reviewed") == 0;
    if (!v->deploy && v->gate->approvals)
        refuse(v, "no_deployment_asked_for");
    else if (v->emergency && !v->gate->break_glass)
        refuse(v, "emergency_not_possible");
    else if (!v->emergency && json_array_size(v->approvals) < v->gate->approvals)
        refuse(v, "too_few_approvals");
}

/* The change of a commit, or the newest from which this artifact was built. */
static json_t *find_change(app *a, const char *commit, const char *artifact)
{
    json_t *found = *commit ? desk_raw(a, "change", commit) : NULL, *all, *x;
    size_t i;
    if (*commit || !*artifact)
        return found;
    all = desk_list(a, "change", NULL, false);
    json_array_foreach(all, i, x)
        if (!found && strcmp(desk_text(x, "artifact"), artifact) == 0)
            found = json_incref(x);
    json_decref(all);
    return found;
}

cu_err gate_judge(app *a, const char *env, const char *commit, const char *artifact, gate_verdict *v, cu_fault *f)
{
    *v = (gate_verdict){.gate = cu_gate_find(&a->config->gates, env), .approvals = json_array(), .tests = json_object(), .scans = json_object(), .reviews = json_object()};
    if (!v->gate)
        return cu_fail(f, CU_NOT_FOUND, "custos.yaml has no gate for %.60s", env);
    v->change = find_change(a, commit, artifact);
    if (!v->change) {
        refuse(v, "unknown_commit");
        return CU_OK;
    }
    const char *id = text_of(v->change, "id"), *built = desk_text(v->change, "artifact");
    if (strcmp(text_of(v->change, "state"), "registered") != 0)
        refuse(v, "pushed_over");
    if (*artifact && *built && strcmp(artifact, built) != 0)
        refuse(v, "other_artifact");
    CU_TRY(cu_store_record_steps(a->store, "change", id, NULL, keep, v));
    find_deploy(a, env, id, artifact, v);
    judge_approvals(a, v);
    if (v->emergency)
        return CU_OK; /* it goes first, and is looked at afterwards: the rest is not asked */
    judge_tests(v);
    judge_scans(v);
    judge_reviews(v);
    return CU_OK;
}

void gate_verdict_free(gate_verdict *v)
{
    json_decref(v->change);
    json_decref(v->deploy);
    json_decref(v->approvals);
    json_decref(v->tests);
    json_decref(v->scans);
    json_decref(v->reviews);
}
