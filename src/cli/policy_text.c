/* custos policy list and custos policy show: written policies as running settings fill them. */
#include <string.h>
#include "desk_answer.h"

static int list(const cu_run *r)
{
    json_t *all = NULL, *x;
    size_t i;
    int rc = cu_desk_answer(r, "GET", "/api/v1/policies", CU_NONE, &all);
    if (rc == 0 && !r->json)
        json_array_foreach(json_object_get(all, "items"), i, x)
            printf("%-26s %-9s version %lld  %s\n", cu_desk_text(x, "id"), cu_desk_text(x, "state"), json_integer_value(json_object_get(x, "version")), cu_desk_text(x, "title"));
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
    int rc = cu_desk_answer(r, "GET", path, CU_NONE, &v);
    if (rc == 0 && !r->json) {
        printf("%s\n%s, version %lld%s\n", cu_desk_text(v, "title"), cu_desk_text(v, "state"), json_integer_value(json_object_get(v, "version")),
               json_is_true(json_object_get(v, "as_approved")) ? ", as approved" : "");
        json_array_foreach(json_object_get(v, "sections"), i, x)
            printf("\n%s\n%s\n", cu_desk_text(x, "heading"), cu_desk_text(x, "text"));
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
