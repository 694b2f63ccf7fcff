/* custos policy explain */
#include <jansson.h>
#include <stdlib.h>
#include "desk_answer.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void print_verdict(const json_t *v)
{
    json_int_t count = json_integer_value(json_object_get(v, "count"));
    if (count)
        printf("  %lld file%s", (long long)count, count == 1 ? "" : "s");
    else
        printf("  conversation");
    printf(" of class %s (%s%s): %s by rule %s", text_of(v, "class"), *text_of(v, "entry") ? "repositories entry " : "nobody described it",
           text_of(v, "entry"), text_of(v, "act"), text_of(v, "rule"));
    if (json_is_true(json_object_get(v, "agrees")))
        printf("; worked out again: the same\n");
    else
        printf("; worked out again: %s, %s by rule %s: NOT the same\n", text_of(v, "class_now"), text_of(v, "act_now"), text_of(v, "rule_now"));
}

static int explain(const cu_run *r)
{
    char path[200];
    size_t i;
    json_t *v, *x;
    if (r->args_n != 1 || strspn(r->args[0], "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != strlen(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "one id of an exchange is needed: the request-id of its answer");
    snprintf(path, sizeof path, "/api/v1/verdicts/%.60s", r->args[0]);
    int rc = cu_desk_answer(r, "GET", path, CU_NONE, &x);
    if (rc)
        return rc;
    bool agrees = json_is_true(json_object_get(x, "agrees"));
    if (!r->json) {
        printf("%s %s: tenant %s, user %s, vendor %s%s%s\n", text_of(x, "exchange"), text_of(x, "decision"), text_of(x, "tenant"), text_of(x, "user"),
               text_of(x, "vendor"), *text_of(x, "repository") ? ", repository " : "", text_of(x, "repository"));
        json_array_foreach(json_object_get(x, "verdicts"), i, v)
            print_verdict(v);
        printf("Policy bundle %lld, %.16s…\n", (long long)json_integer_value(json_object_get(x, "version")), text_of(x, "bundle"));
    }
    json_decref(x);
    return agrees ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

const cu_verb cu_verb_policy_explain = {
    .name = "policy explain", .group = "guard", .operands = "EXCHANGE", .run = explain, .formats = "text|json",
    .summary = "say which rule decided about the code in a request, and work the verdict out again",
    .details = "Reads the record of the exchange and the policy bundle that was in force then, which is kept sealed in STATE/bundles, and "
               "decides anew. Exit 1 when the verdict is not the one on record.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
