/* Changes and the gate in the API. */
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "comply/ci_report.h"
#include "change_diff.h"
#include "gate.h"
#include "paths.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static json_t *reasons_json(const gate_verdict *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->reasons_n; i++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "reason", v->reasons[i], "text", gate_reason_text(v->reasons[i])));
    return list;
}

/* The common members of both entries. */
static json_t *entry_of(const gate_verdict *v, const char *commit)
{
    json_t *b = json_pack("{s:I,s:s,s:s,s:s}", "approvals", (json_int_t)json_array_size(v->approvals), "change", v->change ? text_of(v->change, "id") : commit, "deploy",
                          text_of(v->deploy, "id"), "env", v->gate->env);
    if (*desk_text(v->deploy, "artifact"))
        json_object_set_new(b, "artifact", json_string(desk_text(v->deploy, "artifact")));
    return b;
}

static cu_err write_entry(call *c, const char *type, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(body);
    pthread_mutex_lock(&c->a->lock);
    cu_err e = text ? record_as(c->a, type, CU_TENANT_ORG, c->actor, cu_str(text), NULL) : CU_NOMEM;
    pthread_mutex_unlock(&c->a->lock);
    free(text);
    return e;
}

static cu_err record_refusal(call *c, const gate_verdict *v, const char *commit)
{
    json_t *words = json_array(), *body = entry_of(v, commit);
    for (size_t i = 0; i < v->reasons_n; i++)
        json_array_append_new(words, json_string(v->reasons[i]));
    json_object_set_new(body, "reasons", words);
    return write_entry(c, "deploy.refused", body);
}

static cu_err record_pass(call *c, const gate_verdict *v, const json_t *envelope)
{
    cu_sha256 d;
    char hex[2 * CU_SHA256_LEN + 1], *text = json_dumps(envelope, JSON_COMPACT | JSON_SORT_KEYS);
    json_t *body = entry_of(v, "");
    cu_sha256_of(cu_str(text ? text : ""), &d);
    free(text);
    cu_hex(hex, d.b, sizeof d.b);
    json_object_set_new(body, "emergency", json_boolean(v->emergency));
    json_object_set_new(body, "envelope", json_string(hex));
    return write_entry(c, "deploy.passed", body);
}

static json_t *verdict_json(app *a, const gate_verdict *v, const char *commit)
{
    json_t *out = json_pack("{s:b,s:b,s:s,s:s,s:s,s:o,s:O,s:O,s:O,s:O}", "pass", v->reasons_n == 0, "emergency", v->emergency, "env", v->gate->env, "change",
                            v->change ? text_of(v->change, "id") : commit, "deploy", text_of(v->deploy, "id"), "reasons", reasons_json(v), "approvals", v->approvals, "tests", v->tests, "scans",
                            v->scans, "reviews", v->reviews);
    json_t *named = json_deep_copy(out);
    json_decref(out);
    desk_name_persons(a, named);
    return named;
}

static unsigned answer_verdict(call *c, const gate_verdict *v, const char *commit)
{
    cu_fault f = {0};
    json_t *envelope = v->reasons_n ? NULL : gate_envelope(c->a, v, &f);
    if (!v->reasons_n && !envelope)
        return problem(c, 503, "Nothing was decided", "%s.", f.text);
    cu_err e = envelope ? record_pass(c, v, envelope) : record_refusal(c, v, commit);
    if (e != CU_OK) {
        json_decref(envelope);
        return problem(c, 503, "Nothing was decided", "The decision could not be recorded: %s.", cu_err_text(e));
    }
    json_t *out = verdict_json(c->a, v, commit);
    json_object_set_new(out, "envelope", envelope ? envelope : json_null());
    return answer_json(c, out);
}

/* {"env":…,"commit":…} or {"env":…,"artifact":…} */
unsigned answer_gate(call *c)
{
    gate_verdict v;
    cu_fault f = {0};
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *commit = text_of(in, "commit"), *artifact = text_of(in, "artifact");
    bool named = (*commit || *artifact) && strlen(commit) <= 64 && strspn(commit, "0123456789abcdef") == strlen(commit) && strlen(artifact) <= 64 &&
                 strspn(artifact, "0123456789abcdef") == strlen(artifact);
    if (!named || !*text_of(in, "env")) {
        json_decref(in);
        return problem(c, 400, "Malformed", "env and a commit or an artifact (a SHA-256), in lower-case hexadecimal digits, are needed.");
    }
    cu_err e = gate_judge(c->a, text_of(in, "env"), commit, artifact, &v, &f);
    unsigned status = e == CU_OK          ? answer_verdict(c, &v, *commit ? commit : artifact)
                      : e == CU_NOT_FOUND ? problem(c, 404, "Not found", "%s.", f.text)
                                          : problem(c, 503, "Nothing was decided", "%s", f.code ? f.text : cu_err_text(e));
    gate_verdict_free(&v);
    json_decref(in);
    return status;
}

unsigned answer_gate_key(call *c)
{
    cu_fault f = {0};
    cu_buf pem CU_CLEAN_BUF = CU_BUF(1024);
    cu_err e = gate_public_key(c->a, &pem, &f);
    if (e != CU_OK)
        return problem(c, 503, "The key could not be read", "%s", f.code ? f.text : cu_err_text(e));
    return answer_json(c, json_pack("{s:s}", "pem", cu_buf_cstr(&pem)));
}

static cu_err count_report(const char *format, cu_bytes text, const char *name, json_t *fields, const char **type, cu_fault *f)
{
    cu_test_counts t;
    cu_scan_counts s;
    if (strcmp(format, "junit") == 0) {
        CU_TRY(cu_junit_count(text, &t, f));
        *type = "ci.test_result";
        json_object_update_new(fields, json_pack("{s:I,s:I,s:I,s:s}", "failed", (json_int_t)t.failed, "passed", (json_int_t)t.passed, "skipped", (json_int_t)t.skipped, "suite",
                                                 *name ? name : t.suite[0] ? t.suite : "tests"));
        return CU_OK;
    }
    if (strcmp(format, "sarif") != 0)
        return cu_fail(f, CU_SYNTAX, "format is junit or sarif");
    CU_TRY(cu_sarif_count(text, &s, f));
    *type = "ci.scan_result";
    json_object_update_new(fields, json_pack("{s:I,s:I,s:I,s:s}", "errors", (json_int_t)s.errors, "notes", (json_int_t)s.notes, "warnings", (json_int_t)s.warnings, "tool",
                                             *name ? name : s.tool));
    return CU_OK;
}

/* The entry counts; where the results stand is for who decides, and may fail. */
static void keep_results(call *c, const char *tool, cu_bytes text)
{
    cu_fault f = {0};
    if (change_scan_keep(c->a, c->args[0], tool, text, &f) != CU_OK)
        cu_say(CU_LOG_WARN, "results of a scan are not shown beside the change: %s", f.text);
}

/* {"format":"junit","content":"<testsuites…","name":"unit"}: counted here, not believed. */
unsigned take_report(call *c)
{
    char hex[2 * CU_SHA256_LEN + 1];
    cu_sha256 d;
    cu_fault f = {0};
    const char *type = NULL;
    json_t *in = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL), *content = json_object_get(in, "content"), *record = NULL;
    json_t *fields = json_pack("{s:s}", "change", c->args[0]);
    const desk_actor who = {.actor = c->actor, .roles = c->role};
    const cu_bytes text = cu_bytes_of(json_string_value(content), json_string_length(content));
    cu_err e = json_is_string(content) ? count_report(text_of(in, "format"), text, text_of(in, "name"), fields, &type, &f)
                                       : cu_fail(&f, CU_SYNTAX, "format (junit or sarif) and content, a text, are needed");
    if (e == CU_OK) {
        cu_sha256_of(text, &d);
        cu_hex(hex, d.b, sizeof d.b);
        json_object_set_new(fields, "report", json_string(hex));
        e = desk_take(c->a, &who, type, NULL, fields, &record, &f);
    }
    if (e == CU_OK && strcmp(type, "ci.scan_result") == 0)
        keep_results(c, text_of(fields, "tool"), text);
    json_decref(in);
    json_decref(fields);
    if (e != CU_OK)
        return desk_refused(c, e, &f);
    desk_name_persons(c->a, record);
    unsigned status = answer_json(c, record);
    return status == 200 ? 201 : status;
}

/* A change with its steps, and what each environment's gate would say now; nothing is recorded. */
unsigned answer_change(call *c)
{
    json_t *change = desk_find(c->a, "change", c->args[0], NULL), *gates = json_array(), *deploys, *mine = json_array(), *x;
    size_t i;
    if (!change)
        return problem(c, 404, "Not found", "There is no change %.64s.", c->args[0]);
    for (size_t k = 0; k < c->a->config->gates.n; k++) {
        gate_verdict v;
        cu_fault f = {0};
        if (gate_judge(c->a, c->a->config->gates.v[k].env, c->args[0], "", &v, &f) == CU_OK)
            json_array_append_new(gates, verdict_json(c->a, &v, c->args[0]));
        gate_verdict_free(&v);
    }
    deploys = desk_list(c->a, "deploy", NULL, false);
    json_array_foreach(deploys, i, x)
        if (strcmp(desk_text(x, "change"), c->args[0]) == 0)
            json_array_append(mine, x);
    json_decref(deploys);
    desk_name_persons(c->a, mine);
    json_object_set_new(change, "gates", gates);
    json_object_set_new(change, "deployments", mine);
    return answer_json(c, change);
}
