/* custos policy list and custos policy show: written policies as running settings fill them. */
#include <jansson.h>
#include <string.h>
#include "admin.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static int ask(const cu_run *r, const char *path, json_t **out)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_fault f = {0};
    long status;
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)8 << 20);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    cu_err e = cu_admin_call(run_dir, "GET", path, CU_NONE, &status, &text, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 200)
        return cu_admin_problem(r, status, &text);
    if (r->json)
        printf("%s\n", cu_buf_cstr(&text));
    *out = json_loadb((const char *)text.p, text.n, 0, NULL);
    return *out ? 0 : cu_run_fail(r, CU_SYNTAX, "the answer is no JSON");
}

static int list(const cu_run *r)
{
    json_t *all = NULL, *x;
    size_t i;
    int rc = ask(r, "/api/v1/policies", &all);
    if (rc == 0 && !r->json)
        json_array_foreach(json_object_get(all, "items"), i, x)
            printf("%-26s %-9s version %lld  %s\n", text_of(x, "id"), text_of(x, "state"), json_integer_value(json_object_get(x, "version")), text_of(x, "title"));
    json_decref(all);
    return rc;
}

static int show(const cu_run *r)
{
    char path[120];
    json_t *v = NULL, *x;
    size_t i;
    if (r->args_n != 1 || strlen(r->args[0]) > 60 || strspn(r->args[0], "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "the id of one policy is needed; custos policy list names them");
    snprintf(path, sizeof path, "/api/v1/policies/%s", r->args[0]);
    int rc = ask(r, path, &v);
    if (rc == 0 && !r->json) {
        printf("%s\n%s, version %lld%s\n", text_of(v, "title"), text_of(v, "state"), json_integer_value(json_object_get(v, "version")),
               json_is_true(json_object_get(v, "as_approved")) ? ", as approved" : "");
        json_array_foreach(json_object_get(v, "sections"), i, x)
            printf("\n%s\n%s\n", text_of(x, "heading"), text_of(x, "text"));
    }
    json_decref(v);
    return rc;
}

const cu_verb cu_verb_policy_list = {
    .name = "policy list", .group = "prepare", .operands = "", .run = list, .formats = "text|json",
    .summary = "written policies: draft, approved, or stale because a setting changed",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
const cu_verb cu_verb_policy_show = {
    .name = "policy show", .group = "prepare", .operands = "ID", .run = show, .formats = "text|json",
    .summary = "one written policy as the settings of now fill it",
    .details = "Drafting, approving and acknowledging are steps: custos register step policy.drafted policy=ID, policy.approved, policy.acknowledged.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
