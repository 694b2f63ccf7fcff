/* custos change, custos approve and custos gate: from a commit to what may be deployed. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "admin.h"
#include "base/digest.h"
#include "base/file.h"
#include "provenance.h"
#include "scan/change.h"

#define REPORT_MAX ((size_t)8 << 20)
#define ANSWER_MAX ((size_t)8 << 20)

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* Takes in. 0, or the exit status of what went wrong. */
static int post(const cu_run *r, const char *method, const char *path, json_t *in, json_t **out)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], *body = in ? json_dumps(in, JSON_COMPACT) : NULL;
    cu_fault f = {0};
    long status;
    cu_buf text CU_CLEAN_BUF = CU_BUF(ANSWER_MAX);
    json_decref(in);
    int rc = cu_open_config(r, &a, &c, run_dir);
    cu_err e = rc ? CU_OK : cu_admin_call(run_dir, method, path, body ? cu_str(body) : CU_NONE, &status, &text, &f);
    free(body);
    if (rc || e != CU_OK)
        return rc ? rc : cu_run_fault(r, e, &f);
    if (status != 200 && status != 201)
        return cu_admin_problem(r, status, &text);
    *out = json_loadb((const char *)text.p, text.n, 0, NULL);
    return *out ? 0 : cu_run_fail(r, CU_SYNTAX, "the answer is no JSON");
}

static int say_record(const cu_run *r, json_t *v)
{
    if (r->json) {
        json_dumpf(v, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        printf("%s %s is %s (%s, entry %lld)\n", text_of(v, "register"), text_of(v, "id"), text_of(v, "state"), text_of(json_object_get(v, "entry"), "log"),
               json_integer_value(json_object_get(json_object_get(v, "entry"), "index")));
    }
    json_decref(v);
    return CU_EXIT_FINE;
}

static int step(const cu_run *r, const char *type, json_t *fields)
{
    json_t *v = NULL;
    int rc = post(r, "POST", "/api/v1/records", json_pack("{s:s,s:o}", "type", type, "fields", fields), &v);
    return rc ? rc : say_record(r, v);
}

static void copy(json_t *fields, const cu_run *r, const char *option, const char *field)
{
    const char *v = cu_run_option(r, option);
    if (v)
        json_object_set_new(fields, field, json_string(v));
}

static bool is_hex(const char *s)
{
    return *s && strlen(s) <= 64 && strspn(s, "0123456789abcdef") == strlen(s);
}

/* --- change --- */

#define GATHER_MAX ((size_t)64 << 20)

static int gather(const cu_run *r, const char *repo, const char *rev, cu_change *what, json_t **in)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf objects CU_CLEAN_BUF = CU_BUF(CU_CHANGE_BYTES + 64), text CU_CLEAN_BUF = CU_BUF(2 * CU_CHANGE_BYTES);
    cu_fault f = {0};
    cu_arena_init(&a, GATHER_MAX);
    cu_err e = cu_change_gather(repo, rev, cu_run_option(r, "base"), &objects, what, &a, &f);
    what->files = NULL; /* of the arena */
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    cu_base64(&text, cu_buf_view(&objects));
    *in = json_pack("{s:s}", "objects", cu_buf_cstr(&text));
    return *in ? 0 : cu_run_fail(r, CU_NOMEM, "out of memory");
}

/* What the commit changes goes to the desk, so that who approves it reads it there. */
static int change_send(const cu_run *r, const char *repo, const char *rev, json_t **out)
{
    char path[200];
    cu_change what;
    json_t *in = NULL;
    int rc = gather(r, repo, rev, &what, &in);
    snprintf(path, sizeof path, "/api/v1/changes/%s/diff", rc ? "" : what.id);
    return rc ? rc : post(r, "POST", path, in, out);
}

static int change_diff(const cu_run *r)
{
    json_t *v = NULL;
    const char *repo = cu_run_option(r, "git");
    if (r->args_n != 1)
        return cu_run_fail(r, CU_CONFIG, "a commit is needed");
    int rc = change_send(r, repo ? repo : ".", r->args[0], &v);
    return rc ? rc : say_record(r, v);
}

/* The same change once more, with what it changes and where its lines come from. */
static int change_trace(const cu_run *r)
{
    prov_answer p = {0};
    json_t *v = NULL;
    int rc = change_send(r, cu_run_option(r, "git"), cu_run_option(r, "commit"), &v);
    json_decref(v);
    if (rc == 0)
        rc = prov_ask(r, cu_run_option(r, "git"), cu_run_option(r, "commit"), cu_run_option(r, "base"), true, &p);
    if (rc == 0)
        rc = prov_say_text(&p, r->json);
    prov_answer_free(&p);
    return rc;
}

static int change_add(const cu_run *r)
{
    json_t *fields = json_pack("{s:s,s:b,s:s}", "branch", "main", "assistant", cu_run_option(r, "assistant") != NULL, "title", "");
    if (!cu_run_option(r, "commit") || !cu_run_option(r, "repo") || !cu_run_option(r, "author")) {
        json_decref(fields);
        return cu_run_fail(r, CU_CONFIG, "--commit, --repo and --author are needed");
    }
    copy(fields, r, "commit", "change");
    copy(fields, r, "repo", "repo");
    copy(fields, r, "branch", "branch");
    copy(fields, r, "author", "author");
    copy(fields, r, "title", "title");
    copy(fields, r, "artifact", "artifact");
    copy(fields, r, "prompted-by", "prompted_by");
    if (!cu_run_option(r, "git"))
        return step(r, "change.registered", fields);
    json_t *v = NULL;
    int rc = post(r, "POST", "/api/v1/records", json_pack("{s:s,s:o}", "type", "change.registered", "fields", fields), &v);
    json_decref(v);
    return rc ? rc : change_trace(r);
}

static int change_report(const cu_run *r)
{
    char path[200];
    cu_buf text CU_CLEAN_BUF = CU_BUF(REPORT_MAX);
    json_t *v = NULL;
    const char *junit = cu_run_option(r, "junit"), *sarif = cu_run_option(r, "sarif"), *file = junit ? junit : sarif;
    if (r->args_n != 1 || !is_hex(r->args[0]) || !file || (junit && sarif))
        return cu_run_fail(r, CU_CONFIG, "a commit, and --junit FILE or --sarif FILE, are needed");
    cu_err e = cu_file_read(AT_FDCWD, file, &text);
    if (e != CU_OK)
        return cu_run_fail(r, e, "%.200s: %s", file, cu_err_text(e));
    json_t *content = json_stringn((const char *)text.p, text.n);
    if (!content)
        return cu_run_fail(r, CU_UTF8, "%.200s is not valid UTF-8", file);
    json_t *in = json_pack("{s:s,s:o}", "format", junit ? "junit" : "sarif", "content", content);
    copy(in, r, "name", "name");
    snprintf(path, sizeof path, "/api/v1/changes/%s/reports", r->args[0]);
    int rc = post(r, "POST", path, in, &v);
    return rc ? rc : say_record(r, v);
}

static int change_review(const cu_run *r)
{
    if (r->args_n != 1 || !is_hex(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "a commit is needed");
    json_t *fields = json_pack("{s:s,s:s,s:s,s:s}", "change", r->args[0], "verdict", cu_run_option(r, "request-changes") ? "changes_requested" : "approved", "note", "", "reviewer", "");
    copy(fields, r, "by", "reviewer");
    copy(fields, r, "note", "note");
    return step(r, "change.reviewed", fields);
}

static void put_reasons(const json_t *v)
{
    json_t *x;
    size_t i;
    json_array_foreach(json_object_get(v, "reasons"), i, x)
        printf("  %s\n", text_of(x, "text"));
}

static int change_show(const cu_run *r)
{
    char path[200];
    json_t *v = NULL, *g;
    size_t i;
    if (r->args_n != 1 || !is_hex(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "a commit is needed");
    snprintf(path, sizeof path, "/api/v1/changes/%s", r->args[0]);
    int rc = post(r, "GET", path, NULL, &v);
    if (rc)
        return rc;
    if (r->json) {
        json_dumpf(v, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        printf("%s, %s\n", text_of(v, "id"), text_of(v, "state"));
        json_array_foreach(json_object_get(v, "gates"), i, g) {
            printf("%s: %s\n", text_of(g, "env"), json_is_true(json_object_get(g, "pass")) ? "may go" : "may not go");
            put_reasons(g);
        }
    }
    json_decref(v);
    return CU_EXIT_FINE;
}

/* --- deployments --- */

static int deploy_request(const cu_run *r)
{
    json_t *fields = json_pack("{s:s}", "reason", "");
    if (!cu_run_option(r, "env") || !cu_run_option(r, "commit")) {
        json_decref(fields);
        return cu_run_fail(r, CU_CONFIG, "--env and --commit are needed");
    }
    copy(fields, r, "env", "env");
    copy(fields, r, "commit", "change");
    copy(fields, r, "artifact", "artifact");
    copy(fields, r, "reason", "reason");
    return step(r, "deploy.requested", fields);
}

static int approve(const cu_run *r)
{
    if (r->args_n != 1)
        return cu_run_fail(r, CU_CONFIG, "the id of a deployment is needed, such as D-1");
    json_t *fields = json_pack("{s:s,s:s}", "deploy", r->args[0], "note", "");
    copy(fields, r, "note", "note");
    return step(r, "deploy.approved", fields);
}

static cu_err write_envelope(const char *file, const json_t *envelope)
{
    char *text = json_dumps(envelope, JSON_COMPACT);
    cu_err e = text ? cu_file_replace(AT_FDCWD, file, cu_str(text), 0644) : CU_NOMEM;
    free(text);
    return e;
}

static int gate(const cu_run *r)
{
    const char *commit = cu_run_option(r, "commit"), *artifact = cu_run_option(r, "artifact"), *env = cu_run_option(r, "env"), *out = cu_run_option(r, "out");
    json_t *v = NULL, *in;
    if (!env || (!commit && !artifact))
        return cu_run_fail(r, CU_CONFIG, "--env, and --commit or --artifact, are needed");
    in = json_pack("{s:s}", "env", env);
    copy(in, r, "commit", "commit");
    copy(in, r, "artifact", "artifact");
    int rc = post(r, "POST", "/api/v1/gate", in, &v);
    if (rc)
        return rc;
    bool pass = json_is_true(json_object_get(v, "pass"));
    cu_err e = pass && out ? write_envelope(out, json_object_get(v, "envelope")) : CU_OK;
    if (e != CU_OK) {
        json_decref(v);
        return cu_run_fail(r, e, "%.200s: %s", out, cu_err_text(e));
    }
    if (r->json) {
        json_dumpf(v, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        printf("%s: %s%s\n", env, pass ? "may go" : "refused", json_is_true(json_object_get(v, "emergency")) ? ", under the emergency rule" : "");
        put_reasons(v);
    }
    json_decref(v);
    return pass ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

static int gate_key(const cu_run *r)
{
    json_t *v = NULL;
    int rc = post(r, "GET", "/api/v1/gate-key", NULL, &v);
    if (rc)
        return rc;
    if (r->json) {
        json_dumpf(v, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        printf("%s", text_of(v, "pem"));
    }
    json_decref(v);
    return CU_EXIT_FINE;
}

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}
const cu_verb cu_verb_change_add = {
    .name = "change add", .group = "ship", .operands = "", .run = change_add, .formats = "text|json",
    .summary = "register a commit; an older one of the same branch is pushed over",
    .options = {CONFIG, {"commit", "SHA", "the commit"}, {"repo", "NAME", "the repository"}, {"branch", "NAME", "its branch; main otherwise"}, {"author", "NAME", "who wrote it"},
                {"title", "TEXT", "what it is about"}, {"artifact", "SHA256", "what was built from it"}, {"assistant", NULL, "an assistant had a part in it"},
                {"prompted-by", "NAME", "whose key the assistant worked with"}, {"git", "PATH", "repository on this machine: what the commit changes goes to the desk, and its lines are traced to their exchanges"},
                {"base", "REV", "with --git: what it is compared with, of several commits the one before the first; its first parent otherwise"}},
};
const cu_verb cu_verb_change_diff = {
    .name = "change diff", .group = "ship", .operands = "COMMIT", .run = change_diff, .formats = "text|json",
    .summary = "show the desk what a registered commit changes, for who approves it",
    .details = "Git's own objects of the change are sent, and Custos works the difference out from them, down from the commit's name: nobody has to be believed. "
               "They are kept sealed until a newer commit is pushed, 90 days at most; the log gets their digest and counts, never code. Files over 512 KiB, and what is "
               "beyond 4 MiB together, are named without their text.",
    .options = {CONFIG, {"git", "PATH", "the repository; the current folder otherwise"}, {"base", "REV", "what it is compared with; its first parent otherwise"}},
};
const cu_verb cu_verb_change_report = {
    .name = "change report", .group = "ship", .operands = "SHA", .run = change_report, .formats = "text|json",
    .summary = "record a test run or a scan of a commit, from the report that its tool wrote",
    .options = {CONFIG, {"junit", "FILE", "JUnit XML of a test run"}, {"sarif", "FILE", "SARIF 2.1 of a scan"}, {"name", "TEXT", "suite or tool; what the report says otherwise"}},
};
const cu_verb cu_verb_change_review = {
    .name = "change review", .group = "ship", .operands = "SHA", .run = change_review, .formats = "text|json",
    .summary = "record a review of a commit by somebody other than its author",
    .options = {CONFIG, {"by", "NAME", "who reviewed it; whoever is signed in otherwise"}, {"request-changes", NULL, "it is not good yet"}, {"note", "TEXT", "what was said"}},
};
const cu_verb cu_verb_change_show = {
    .name = "change show", .group = "ship", .operands = "SHA", .run = change_show, .formats = "text|json",
    .summary = "a commit, and what each gate would say of it now",
    .options = {CONFIG},
};
const cu_verb cu_verb_deploy_request = {
    .name = "deploy request", .group = "ship", .operands = "", .run = deploy_request, .formats = "text|json",
    .summary = "ask for the deployment of a commit",
    .options = {CONFIG, {"env", "NAME", "the environment"}, {"commit", "SHA", "the commit"}, {"artifact", "SHA256", "exactly this artifact"}, {"reason", "TEXT", "why now"}},
};
const cu_verb cu_verb_approve = {
    .name = "approve", .group = "ship", .operands = "DEPLOYMENT", .run = approve, .formats = "text|json",
    .summary = "approve a deployment as whoever is signed in (custos person signin)",
    .details = "Not by whoever wrote the change, asked for the deployment, or whose key an assistant worked with. The approval is bound to commit and "
               "artifact, ends after the time that the gate says, and is void when a newer commit is pushed.",
    .options = {CONFIG, {"note", "TEXT", "what was looked at"}},
};
const cu_verb cu_verb_gate = {
    .name = "gate", .group = "ship", .operands = "", .run = gate, .formats = "text|json",
    .summary = "whether a commit or an artifact may be deployed to an environment",
    .details = "What is asked stands in custos.yaml (gates): tests, scans, a review by another person, approvals. The decision is an entry of the log. "
               "A signed statement (DSSE, in-toto, SLSA verification summary) goes to --out.\n\n"
               "Exit status 0: it may go. 1: it may not, and why. 2: could not be decided, so it may not.",
    .options = {CONFIG, {"env", "NAME", "the environment"}, {"commit", "SHA", "the commit"}, {"artifact", "SHA256", "the artifact"}, {"out", "FILE", "where the signed statement goes"}},
};
const cu_verb cu_verb_gate_key = {
    .name = "gate key", .group = "ship", .operands = "", .run = gate_key, .formats = "text|json",
    .summary = "the public key that statements of the gate are signed with, as PEM",
    .options = {CONFIG},
};
