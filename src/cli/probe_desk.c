/* Attacks on what people decide: one who approves for herself, deployments that nobody reviewed, tested or approved, and
 * shortcomings that nobody is told of. In a second Custos, whose persons exist for the run. */
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "probe_talk.h"

#define TOLD_MS 100000u /* the daemon looks once a minute for what fell short */

static probe_person ada, bo;

/* Two persons; each run has its own second Custos, so that they are made once. */
bool probe_desk_setup(probe *p)
{
    if (!probe_lab_setup(p))
        return false;
    if (p->foreign || ada.session[0])
        return true;
    probe *in = probe_lab_inside(p);
    return (probe_join(in, "owner", &ada) && probe_join(in, "owner", &bo)) || (probe_say(p, PROBE_FAILED, "no persons could join the second Custos"), false);
}

/* The id of the record that a step answered with. */
static void id_of(json_t *answer, char out[128])
{
    const char *id = json_string_value(json_object_get(answer, "id"));
    snprintf(out, 128, "%s", id ? id : "any");
    json_decref(answer);
}

/* A step that must be possible, or the attack says nothing. */
static bool must_do(probe *p, const probe_person *who, const char *type, const char *fields, char id[128])
{
    json_t *answer = NULL;
    long status = probe_step(probe_lab_inside(p), who, type, fields, &answer);
    id_of(answer, id);
    return status == 201 || p->foreign || (probe_say(p, PROBE_FAILED, "%.40s was not possible (%ld)", type, status), false);
}

/* --- gov-self-approval-refused --- */

/* What she asked for herself must stay refused, and another person must be able to approve it. */
static probe_verdict own_request(probe *p, const probe_person *asks, const probe_person *approves)
{
    char id[128], fields[300];
    probe *in = probe_lab_inside(p);
    if (!must_do(p, asks, "key.requested", "\"for_tenant\":\"default\",\"holder\":\"probe\",\"purpose\":\"custos probe\"", id))
        return PROBE_FAILED;
    snprintf(fields, sizeof fields, "\"key_request\":\"%s\"", id);
    probe_verdict v = probe_must_refuse(p, probe_step(in, approves, "key.approved", fields, NULL));
    if (v == PROBE_HELD && probe_step(in, &bo, "key.approved", fields, NULL) != 201)
        return probe_say(p, PROBE_FAILED, "not even another person could approve it");
    return v;
}

static probe_verdict own_key(probe *p) { return own_request(p, &ada, &ada); }
static probe_verdict operators_key(probe *p) { return own_request(p, NULL, NULL); }
static probe_verdict operator_approves(probe *p) { return own_request(p, &ada, NULL); }

static probe_verdict own_policy(probe *p)
{
    char id[128];
    return must_do(p, &ada, "policy.drafted", "\"policy\":\"acceptable-use\"", id)
               ? probe_must_refuse(p, probe_step(probe_lab_inside(p), &ada, "policy.approved", "\"policy\":\"acceptable-use\"", NULL))
               : PROBE_FAILED;
}

const probe_attack probe_self_attacks[] = {
    {"own-key", "one person approves the key that she asked for", own_key, NULL},
    {"operators-key", "the operator approves what the operator asked for", operators_key, NULL},
    {"operator-approves", "the operator, who is nobody in particular, is the second person", operator_approves, NULL},
    {"own-policy", "one person approves the policy that she drafted", own_policy, NULL},
};
const size_t probe_self_n = sizeof probe_self_attacks / sizeof *probe_self_attacks;

/* --- gov-commitment-has-control --- */

#define PROMISE "\"promise\":\"custos probe\",\"to\":\"nobody\",\"topic\":\"other\",\"value\":\"\""

/* p->with: the list of controls that must not do; one of the catalogue must. */
static probe_verdict promised(probe *p)
{
    char fields[200], id[128];
    snprintf(fields, sizeof fields, PROMISE "%s", p->with);
    probe_verdict v = probe_must_refuse(p, probe_step(probe_lab_inside(p), &ada, "commitment.changed", fields, NULL));
    return v != PROBE_HELD || must_do(p, &ada, "commitment.changed", PROMISE ",\"controls\":[\"GOV-05\"]", id) ? v : PROBE_FAILED;
}

static bool has_control(const json_t *promise, const json_t *controls)
{
    json_t *of = json_object_get(json_object_get(promise, "fields"), "controls"), *c, *known;
    size_t i, k;
    bool every = json_array_size(of) > 0;
    json_array_foreach(of, i, c) {
        bool there = false;
        json_array_foreach(controls, k, known)
            there = there || json_equal(json_object_get(known, "id"), c);
        every = every && there;
    }
    return every;
}

/* What the running Custos holds; at --gateway what stands there says it holds. */
static probe_verdict in_force(probe *p)
{
    json_t *all = NULL, *controls = NULL, *x;
    size_t i, n = 0, without = 0;
    char first[60] = "";
    bool asked = probe_api(p, NULL, "GET", "/api/v1/records?register=commitment&state=active", NULL, &all) == 200 && probe_api(p, NULL, "GET", "/api/v1/controls", NULL, &controls) == 200 &&
                 json_is_array(json_object_get(all, "items")) && json_is_array(json_object_get(controls, "items"));
    json_array_foreach(json_object_get(all, "items"), i, x) {
        bool good = has_control(x, json_object_get(controls, "items"));
        n++;
        if (!good && without++ == 0)
            snprintf(first, sizeof first, "%.50s", json_string_value(json_object_get(x, "id")));
    }
    json_decref(all);
    json_decref(controls);
    return !asked    ? probe_say(p, PROBE_FAILED, "the promises could not be read")
           : without ? probe_say(p, PROBE_BROKEN, "%zu of %zu in force name no control, first %s", without, n, first)
                     : probe_say(p, PROBE_HELD, "%zu in force, each with its controls", n);
}

const probe_attack probe_promise_attacks[] = {
    {"no-control", "a promise to customers that names no control", promised, ""},
    {"unknown-control", "a promise that names a control which does not exist", promised, ",\"controls\":[\"NEV-99\"]"},
    {"in-force", "the promises in force, by the controls that keep them", in_force, NULL},
};
const size_t probe_promise_n = sizeof probe_promise_attacks / sizeof *probe_promise_attacks;

/* --- changes on their way to production --- */

static const char good_tests[] = "<testsuite name='unit' tests='1'><testcase name='a'/></testsuite>";
static const char bad_tests[] = "<testsuite name='unit' tests='1' failures='1'><testcase name='a'><failure message='no'/></testcase></testsuite>";
#define SARIF(results) "{\\\"version\\\":\\\"2.1.0\\\",\\\"runs\\\":[{\\\"tool\\\":{\\\"driver\\\":{\\\"name\\\":\\\"scanner\\\"}},\\\"results\\\":[" results "]}]}"
static const char good_scan[] = SARIF(""), bad_scan[] = SARIF("{\\\"ruleId\\\":\\\"r\\\",\\\"level\\\":\\\"error\\\",\\\"message\\\":{\\\"text\\\":\\\"x\\\"}}");

typedef struct {
    const char *tests, *scan;   /* NULL: none */
    bool reviewed, asked, approved;
} change_state;

static bool report(probe *p, const char *commit, const char *format, const char *content)
{
    char path[120], body[700];
    if (!content)
        return true;
    snprintf(path, sizeof path, "/api/v1/changes/%s/reports", commit);
    snprintf(body, sizeof body, "{\"format\":\"%s\",\"content\":\"%s\"}", format, content);
    return probe_api(probe_lab_inside(p), &ada, "POST", path, body, NULL) == 201 || p->foreign;
}

/* A change of ada's that an assistant wrote with her key, as far along as asked. */
static bool make_change(probe *p, const change_state *s, char commit[41])
{
    char fields[400], id[128];
    uint8_t r[20];
    cu_random(r, sizeof r);
    cu_hex(commit, r, sizeof r);
    snprintf(fields, sizeof fields, "\"change\":\"%s\",\"repo\":\"probe/app\",\"branch\":\"b-%.8s\",\"title\":\"custos probe\",\"author\":\"%s\",\"assistant\":true", commit, commit, ada.name);
    bool ok = must_do(p, &ada, "change.registered", fields, id) && report(p, commit, "junit", s->tests) && report(p, commit, "sarif", s->scan);
    snprintf(fields, sizeof fields, "\"change\":\"%s\",\"verdict\":\"approved\",\"note\":\"\"", commit);
    ok = ok && (!s->reviewed || must_do(p, &bo, "change.reviewed", fields, id));
    snprintf(fields, sizeof fields, "\"change\":\"%s\",\"env\":\"production\",\"reason\":\"custos probe\"", commit);
    ok = ok && (!s->asked || must_do(p, &ada, "deploy.requested", fields, id));
    snprintf(fields, sizeof fields, "\"deploy\":\"%.80s\",\"note\":\"\"", id);
    return ok && (!s->approved || must_do(p, &bo, "deploy.approved", fields, id));
}

static bool has_reason(const json_t *verdict, const char *reason)
{
    const json_t *x;
    size_t i;
    json_array_foreach(json_object_get(verdict, "reasons"), i, x) {
        const char *its = json_string_value(json_object_get(x, "reason"));
        if (its && strcmp(its, reason) == 0)
            return true;
    }
    return false;
}

/* The gate must say no, and for this reason. */
static probe_verdict at_gate(probe *p, const change_state *s, const char *reason)
{
    char commit[41], body[200];
    json_t *v = NULL;
    if (!make_change(p, s, commit))
        return p->saw[0] ? PROBE_FAILED : probe_say(p, PROBE_FAILED, "the change could not be made");
    snprintf(body, sizeof body, "{\"env\":\"production\",\"commit\":\"%s\"}", commit);
    long status = probe_api(probe_lab_inside(p), &ada, "POST", "/api/v1/gate", body, &v);
    bool pass = json_is_true(json_object_get(v, "pass")), said = has_reason(v, reason);
    json_decref(v);
    return status != 200         ? probe_say(p, PROBE_FAILED, "the gate answered %ld", status)
           : pass || p->foreign  ? probe_say(p, PROBE_BROKEN, "the gate let it through")
           : said                ? probe_say(p, PROBE_HELD, "held back: %s", reason)
                                 : probe_say(p, PROBE_FAILED, "held back, but not as %s", reason);
}

/* One that has everything must pass, or a refusal says nothing. */
bool probe_gates_setup(probe *p)
{
    const change_state whole = {good_tests, good_scan, true, true, true};
    char commit[41], body[200];
    json_t *v = NULL;
    if (!probe_desk_setup(p))
        return false;
    if (p->foreign)
        return true;
    bool made = make_change(p, &whole, commit);
    snprintf(body, sizeof body, "{\"env\":\"production\",\"commit\":\"%s\"}", made ? commit : "0");
    long status = probe_api(probe_lab_inside(p), &ada, "POST", "/api/v1/gate", body, &v);
    bool pass = status == 200 && json_is_true(json_object_get(v, "pass"));
    json_decref(v);
    return (made && pass) || (probe_say(p, PROBE_FAILED, "not even a change that has everything passes the gate (%ld)", status), false);
}

static probe_verdict unreviewed(probe *p) { return at_gate(p, &(change_state){good_tests, good_scan, false, true, true}, "not_reviewed"); }
static probe_verdict failed_tests(probe *p) { return at_gate(p, &(change_state){bad_tests, good_scan, true, true, true}, "tests_failed"); }
static probe_verdict no_tests(probe *p) { return at_gate(p, &(change_state){NULL, good_scan, true, true, true}, "no_test_run"); }
static probe_verdict failed_scan(probe *p) { return at_gate(p, &(change_state){good_tests, bad_scan, true, true, true}, "scan_failed"); }
static probe_verdict no_scan(probe *p) { return at_gate(p, &(change_state){good_tests, NULL, true, true, true}, "no_scan"); }
static probe_verdict unasked(probe *p) { return at_gate(p, &(change_state){good_tests, good_scan, true, false, false}, "no_deployment_asked_for"); }
static probe_verdict unapproved(probe *p) { return at_gate(p, &(change_state){good_tests, good_scan, true, true, false}, "too_few_approvals"); }

static probe_verdict own_review(probe *p)
{
    const change_state s = {good_tests, good_scan, false, false, false};
    char commit[41], fields[200];
    if (!make_change(p, &s, commit))
        return PROBE_FAILED;
    snprintf(fields, sizeof fields, "\"change\":\"%s\",\"verdict\":\"approved\",\"note\":\"\"", commit);
    return probe_must_refuse(p, probe_step(probe_lab_inside(p), &ada, "change.reviewed", fields, NULL));
}

static probe_verdict own_approval(probe *p)
{
    const change_state s = {good_tests, good_scan, true, false, false};
    char commit[41], fields[300], id[128];
    if (!make_change(p, &s, commit))
        return PROBE_FAILED;
    snprintf(fields, sizeof fields, "\"change\":\"%s\",\"env\":\"production\",\"reason\":\"custos probe\"", commit);
    if (!must_do(p, &bo, "deploy.requested", fields, id))
        return PROBE_FAILED;
    snprintf(fields, sizeof fields, "\"deploy\":\"%.80s\",\"note\":\"\"", id);
    return probe_must_refuse(p, probe_step(probe_lab_inside(p), &ada, "deploy.approved", fields, NULL));
}

const probe_attack probe_unreviewed_attacks[] = {
    {"not-reviewed", "a change that an assistant wrote and nobody reviewed, at the gate", unreviewed, NULL},
    {"own-review", "the author reviews the change", own_review, NULL},
};
const size_t probe_unreviewed_n = sizeof probe_unreviewed_attacks / sizeof *probe_unreviewed_attacks;

const probe_attack probe_unapproved_attacks[] = {
    {"not-approved", "a deployment that nobody approved", unapproved, NULL},
    {"not-asked-for", "a change whose deployment nobody asked for", unasked, NULL},
    {"own-approval", "the author approves the deployment of the change", own_approval, NULL},
};
const size_t probe_unapproved_n = sizeof probe_unapproved_attacks / sizeof *probe_unapproved_attacks;

const probe_attack probe_checks_attacks[] = {
    {"tests-failed", "a change whose tests failed", failed_tests, NULL},
    {"tests-missing", "a change that was not tested", no_tests, NULL},
    {"scan-failed", "a change whose scan found something grave", failed_scan, NULL},
    {"scan-missing", "a change that was not scanned", no_scan, NULL},
};
const size_t probe_checks_n = sizeof probe_checks_attacks / sizeof *probe_checks_attacks;

/* --- rsk-stale-evidence-opens-finding --- */

static json_t *finding_about(probe *in, const char *control)
{
    json_t *all = NULL, *x, *found = NULL;
    size_t i;
    (void)probe_api(in, NULL, "GET", "/api/v1/records?register=finding", NULL, &all);
    json_array_foreach(json_object_get(all, "items"), i, x) {
        const char *its = json_string_value(json_object_get(json_object_get(x, "fields"), "control"));
        if (!found && its && strcmp(its, control) == 0)
            found = json_incref(x);
    }
    json_decref(all);
    return found;
}

/* A run that was broken through, told to the second Custos as its own probes do. */
static probe_verdict finding_opens(probe *p)
{
    static const char run[] = "{\"probe\":\"pin-malformed-rejected\",\"controls\":[\"PIN-02\"],\"results\":[{\"id\":\"told\",\"tried\":\"a run for custos probe\",\"saw\":\"told to be "
                              "broken\",\"verdict\":\"broken\",\"exchange\":\"\"}],\"started\":\"hand\"}";
    probe *in = probe_lab_inside(p);
    json_t *found = NULL;
    if (probe_api(in, NULL, "POST", "/api/v1/probes", run, NULL) / 100 != 2)
        return probe_say(p, PROBE_FAILED, "the second Custos did not take the run");
    for (uint64_t began = cu_mono_ns(); !found && (cu_mono_ns() - began) / 1000000 < (p->foreign ? 500 : TOLD_MS); usleep(500000))
        found = finding_about(in, "PIN-02");
    bool due = json_string_length(json_object_get(json_object_get(found, "fields"), "due")) > 0;
    json_decref(found);
    return !found ? probe_say(p, PROBE_BROKEN, "no finding was opened within %u s", TOLD_MS / 1000)
           : due  ? probe_say(p, PROBE_HELD, "a finding was opened, with a day by which it is due")
                  : probe_say(p, PROBE_BROKEN, "a finding was opened without a day");
}

/* A finding that Custos opened is closed by a passing retest alone. */
static probe_verdict closed_by_word(probe *p)
{
    probe *in = probe_lab_inside(p);
    json_t *found = finding_about(in, "PIN-02");
    char fields[300];
    const char *id = json_string_value(json_object_get(found, "id"));
    snprintf(fields, sizeof fields, "\"finding\":\"%.80s\",\"retest\":\"because I say so\"", id ? id : "any");
    bool there = found || p->foreign;
    json_decref(found);
    return there ? probe_must_refuse(p, probe_step(in, &ada, "finding.retested", fields, NULL)) : probe_say(p, PROBE_FAILED, "there is no finding");
}

const probe_attack probe_findings_attacks[] = {
    {"broken-opens-finding", "a probe that got through, of which a finding must be opened", finding_opens, NULL},
    {"closed-by-word", "a person says that the retest passed, without one", closed_by_word, NULL},
};
const size_t probe_findings_n = sizeof probe_findings_attacks / sizeof *probe_findings_attacks;

/* --- iam-review-removal-enforced --- */

static probe_verdict removed_key(probe *p)
{
    probe *in = probe_lab_inside(p);
    char key[64], id[64], review[128], line[128], fields[400];
    probe_answer a;
    if (!probe_real_key(in, "probe-review", NULL, key, id))
        return probe_say(p, PROBE_FAILED, "a key could not be issued");
    usleep(500000); /* until the key's entry is sealed: a listing is of a moment */
    if (!must_do(p, &ada, "review.frozen", "\"scope\":\"default\",\"reviewer\":\"probe\",\"due\":\"2099-01-01\"", review))
        return PROBE_FAILED;
    snprintf(fields, sizeof fields, "\"access_review\":\"%.80s\",\"key\":\"%s\",\"decision\":\"remove\",\"note\":\"custos probe\"", review, id);
    if (!must_do(p, &ada, "review.removed", fields, line))
        return PROBE_FAILED;
    bool passed = true;
    for (int i = 0; i < 100 && passed; i++, usleep(100000)) {
        bool ok = probe_send(in, "sink", key, NULL, "hello", &a);
        passed = ok && a.status == 200;
        probe_answer_free(&a);
        if (p->foreign)
            break;
    }
    cu_wipe(key, sizeof key);
    return passed ? probe_say(p, PROBE_BROKEN, "the key works 10 s after it was removed") : probe_say(p, PROBE_HELD, "the key was refused after it was removed");
}

const probe_attack probe_review_attacks[] = {{"removed-key", "a key that an access review removed, used on", removed_key, NULL}};
const size_t probe_review_n = 1;

/* --- prv-withdrawn-dataset-denied --- */

static probe_verdict code_of(probe *p, bool must_pass)
{
    static const char *const headers[] = {"x-custos-repo: probe/consent", NULL};
    probe *in = probe_lab_inside(p);
    char marker[16];
    probe_answer a = {0};
    bool there = false, ok = false;
    for (int i = 0; i < 100; i++, usleep(100000)) { /* until the gateway has the new bundle */
        probe_word(marker, 12);
        ok = probe_send(in, "sink", p->foreign ? "any" : in->key_a, headers, marker, &a);
        there = ok && a.status == 200;
        probe_answer_free(&a);
        if (p->foreign || there == must_pass)
            break;
    }
    return there ? probe_say(p, PROBE_BROKEN, "it reached the provider") : ok ? probe_say(p, PROBE_HELD, "refused with %ld", a.status) : probe_say(p, PROBE_FAILED, "nothing answered");
}

static probe_verdict withdrawn(probe *p)
{
    char id[128];
    if (!must_do(p, &ada, "consent.recorded", "\"consent\":\"probe/consent\",\"basis\":\"consent\",\"decided_on\":\"2026-01-01\",\"source\":\"custos probe\"", id))
        return PROBE_FAILED;
    if (!p->foreign && code_of(p, true) != PROBE_BROKEN)
        return probe_say(p, PROBE_FAILED, "not even code whose consent is given passes");
    return must_do(p, &ada, "consent.withdrawn", "\"consent\":\"probe/consent\",\"decided_on\":\"2026-01-02\",\"source\":\"custos probe\"", id) ? code_of(p, false) : PROBE_FAILED;
}

const probe_attack probe_consent_attacks[] = {{"withdrawn", "code of a repository whose consent was withdrawn", withdrawn, NULL}};
const size_t probe_consent_n = 1;

/* --- ops-sla-clock-breach-escalates --- */

/* A record that is long past its time when it is opened: its register's entry `overdue` must follow. */
static probe_verdict told_overdue(probe *p, const char *type, const char *fields, const char *overdue, const char *reg, const char *what)
{
    char id[128];
    if (!must_do(p, &ada, type, fields, id))
        return PROBE_FAILED;
    json_t *e = probe_entry(probe_lab_inside(p), "org", overdue, reg, id, p->foreign ? 500 : TOLD_MS);
    json_decref(e);
    return e ? probe_say(p, PROBE_HELD, "that %s was told", what) : probe_say(p, PROBE_BROKEN, "%u s later nobody was told that %s", TOLD_MS / 1000, what);
}

static probe_verdict clock_runs_out(probe *p)
{
    return told_overdue(p, "incident.opened", "\"title\":\"custos probe\",\"kind\":\"other\",\"severity\":\"critical\",\"detected\":\"2026-01-01T00:00:00.000Z\"",
                        "incident.overdue", "incident", "its clock ran out");
}

const probe_attack probe_clocks_attacks[] = {{"clock-runs-out", "an incident that nobody acknowledges in time", clock_runs_out, NULL}};
const size_t probe_clocks_n = 1;

/* --- ops-synthetic-alert-delivered --- */

static probe_verdict alert_arrives(probe *p)
{
    char id[128];
    upstreams *u = probe_lab_upstreams(p);
    unsigned before = upstreams_asked(u, UPSTREAM_HOOK);
    if (!must_do(p, &ada, "incident.opened", "\"title\":\"custos probe\",\"kind\":\"other\",\"severity\":\"high\"", id))
        return PROBE_FAILED;
    for (uint64_t began = cu_mono_ns(); upstreams_asked(u, UPSTREAM_HOOK) == before && (cu_mono_ns() - began) / 1000000 < (p->foreign ? 500 : TOLD_MS); usleep(200000))
        ;
    return upstreams_asked(u, UPSTREAM_HOOK) > before ? probe_say(p, PROBE_HELD, "its channel was told of an incident") : probe_say(p, PROBE_BROKEN, "nothing arrived within %u s", TOLD_MS / 1000);
}

const probe_attack probe_alert_attacks[] = {{"incident-told", "an incident, of which the channel of its kind must be told", alert_arrives, NULL}};
const size_t probe_alert_n = 1;

/* --- ops-vuln-sla-clock --- */

static probe_verdict fix_overdue(probe *p)
{
    return told_overdue(p, "vuln.detected", "\"advisory\":\"CVE-2020-0001\",\"component\":\"custos probe\",\"severity\":\"critical\",\"detected\":\"2026-01-01\"",
                        "vuln.overdue", "vulnerability", "its fix is overdue");
}

const probe_attack probe_vuln_attacks[] = {{"fix-overdue", "a critical vulnerability that nobody fixes in time", fix_overdue, NULL}};
const size_t probe_vuln_n = 1;
