/* What steps of changes, deployments and approvals ask beyond the registry. Separation of duties stands here: whoever
 * wrote a change, asked for its deployment, or whose key an assistant worked with, does not approve it. */
#include <stdio.h>
#include "accounts.h"
#include "comply/vendors.h"
#include "change_diff.h"
#include "gate.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

/* A git commit: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits. */
static bool is_commit(const char *s)
{
    size_t n = strlen(s);
    return (n == 40 || n == 64) && strspn(s, "0123456789abcdef") == n;
}

cu_err change_check(desk_step *s, cu_fault *f)
{
    if (!is_commit(s->id))
        return cu_fail(f, CU_SYNTAX, "change is a commit: 40 or 64 hexadecimal digits in lower case");
    return CU_OK;
}

cu_err change_check_review(desk_step *s, cu_fault *f)
{
    const char *reviewer = text_of(s->fields, "reviewer");
    if (!*reviewer)
        json_object_set_new(s->fields, "reviewer", json_string(s->who->actor));
    if (strcmp(text_of(s->fields, "reviewer"), desk_text(s->now, "author")) == 0)
        return cu_fail(f, CU_DENIED, "whoever wrote a change does not review it");
    return CU_OK;
}

/* --- a new push --- */

static void void_approvals(app *a, const char *change)
{
    json_t *all = desk_list(a, "approval", "given", false), *x;
    size_t i;
    json_array_foreach(all, i, x)
        if (strcmp(desk_text(x, "change"), change) == 0)
            desk_note(a, "deploy.approval_void", json_pack("{s:s,s:s}", "approval", text_of(x, "id"), "why", "new_push"));
    json_decref(all);
}

/* Of each repository and branch only the newest commit stands. The listing is newest first. */
void changes_pushed(app *a)
{
    json_t *all = desk_list(a, "change", "registered", false), *newest = json_object(), *x;
    size_t i;
    json_array_foreach(all, i, x) {
        char branch[600];
        snprintf(branch, sizeof branch, "%.256s\n%.256s", desk_text(x, "repo"), desk_text(x, "branch"));
        const char *by = json_string_value(json_object_get(newest, branch));
        if (by) {
            desk_note(a, "change.superseded", json_pack("{s:s,s:s}", "by", by, "change", text_of(x, "id")));
            void_approvals(a, text_of(x, "id"));
        } else {
            json_object_set(newest, branch, json_object_get(x, "id"));
        }
    }
    json_decref(all);
    json_decref(newest);
    changes_forget_old(a);
}

/* --- deployments --- */

cu_err deploy_check(desk_step *s, cu_fault *f)
{
    const char *env = text_of(s->fields, "env"), *artifact = text_of(s->fields, "artifact");
    json_t *change = desk_raw(s->a, "change", text_of(s->fields, "change"));
    bool registered = change && strcmp(text_of(change, "state"), "registered") == 0;
    bool same = !*artifact || !*desk_text(change, "artifact") || strcmp(artifact, desk_text(change, "artifact")) == 0;
    if (registered && !*artifact && *desk_text(change, "artifact"))
        json_object_set_new(s->fields, "artifact", json_string(desk_text(change, "artifact")));
    json_decref(change);
    if (!cu_gate_find(&s->a->config->gates, env))
        return cu_fail(f, CU_NOT_FOUND, "env: custos.yaml has no gate for %.60s", env);
    if (!registered)
        return cu_fail(f, CU_NOT_FOUND, "change: there is no change %.64s that stands", text_of(s->fields, "change"));
    return same ? CU_OK : cu_fail(f, CU_STATE, "artifact: another one was built from this change");
}

cu_err deploy_check_emergency(desk_step *s, cu_fault *f)
{
    const cu_config_gate *g = cu_gate_find(&s->a->config->gates, desk_text(s->now, "env"));
    return g && g->break_glass ? CU_OK : cu_fail(f, CU_DENIED, "nothing goes first to %.60s", desk_text(s->now, "env"));
}

/* --- approvals --- */

cu_err approval_name(desk_step *s, const json_t *given, cu_fault *f)
{
    if (!*text_of(given, "deploy"))
        return cu_fail(f, CU_SYNTAX, "deploy, the id of the deployment, is missing");
    snprintf(s->id, sizeof s->id, "%.40s:%.80s", text_of(given, "deploy"), s->who->actor);
    return CU_OK;
}

static cu_err apart(const desk_step *s, const json_t *deploy, const json_t *change, cu_fault *f)
{
    const struct {
        const char *who, *text;
    } not[] = {{text_of(deploy, "opened_by"), "whoever asked for a deployment does not approve it"},
               {desk_text(change, "author"), "whoever wrote a change does not approve its deployment"},
               {desk_text(change, "prompted_by"), "whose key an assistant worked with does not approve the deployment"}};
    for (size_t i = 0; i < sizeof not / sizeof *not; i++)
        if (second_person(s->a, s->who->actor, s->who->roles, not[i].who, f) != CU_OK)
            return cu_fail(f, CU_DENIED, "%s", not[i].text);
    return CU_OK;
}

cu_err approval_check(desk_step *s, cu_fault *f)
{
    char until[CU_TIME_LEN], id[129];
    json_t *deploy = desk_raw(s->a, "deploy", text_of(s->fields, "deploy")), *change = desk_raw(s->a, "change", desk_text(deploy, "change"));
    const cu_config_gate *g = cu_gate_find(&s->a->config->gates, desk_text(deploy, "env"));
    snprintf(id, sizeof id, "%.40s:%.80s", text_of(s->fields, "deploy"), s->who->actor);
    cu_err e = second_person(s->a, s->who->actor, s->who->roles, "", f);
    if (e == CU_OK)
        e = !deploy || strcmp(text_of(deploy, "state"), "requested") != 0 ? cu_fail(f, CU_STATE, "there is no deployment %.40s that waits", text_of(s->fields, "deploy"))
               : strcmp(id, s->id) != 0 ? cu_fail(f, CU_DENIED, "everybody approves for himself")
               : !g ? cu_fail(f, CU_STATE, "custos.yaml has no gate for %.60s any more", desk_text(deploy, "env"))
               : !change || strcmp(text_of(change, "state"), "registered") != 0 ? cu_fail(f, CU_STATE, "the change was pushed over") : apart(s, deploy, change, f);
    if (e == CU_OK) {
        cu_time_text(cu_now_ns() + g->approval_s * 1000000000ull, until);
        json_object_set_new(s->fields, "until", json_string(until));
        json_object_set_new(s->fields, "change", json_string(desk_text(deploy, "change")));
        if (*desk_text(deploy, "artifact"))
            json_object_set_new(s->fields, "artifact", json_string(desk_text(deploy, "artifact")));
    }
    json_decref(deploy);
    json_decref(change);
    return e;
}

cu_err approval_check_void(desk_step *s, cu_fault *f)
{
    bool own = strcmp(text_of(s->now, "by"), s->who->actor) == 0;
    return s->who->system || own ? CU_OK : cu_fail(f, CU_DENIED, "everybody takes back his own approval only");
}
