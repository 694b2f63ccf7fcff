/* custos node check: this node against its baseline, its release, its store and its capacity, now. */
#include <jansson.h>
#include <stdio.h>
#include "desk_answer.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static void show(const json_t *v)
{
    const json_t *m = json_object_get(v, "capacity"), *x;
    size_t i;
    json_array_foreach(json_object_get(v, "items"), i, x)
        printf("differs   %s: %s expected, %s found\n", text_of(x, "what"), text_of(x, "expected"), text_of(x, "found"));
    json_array_foreach(json_object_get(v, "altered"), i, x)
        printf("altered   %s: not what was approved\n", json_string_value(x));
    printf("baseline  %s\nrelease   %s\nstore     %s\ncapacity ", json_is_true(json_object_get(v, "baseline")) ? "as it has to be" : "departed from",
           json_is_true(json_object_get(v, "release")) ? "the program files are those that were approved" : "not in order: custos register list release",
           json_is_true(json_object_get(v, "store")) ? "every kept body has its form and its key" : "not in order: custos log list --type store.failed");
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)m, name, x)
        printf(" %s %lld", name, (long long)json_integer_value(x));
    putchar('\n');
}

static int check(const cu_run *r)
{
    json_t *v;
    int rc = cu_desk_answer(r, "POST", "/api/v1/node-checks", CU_LIT("{}"), &v);
    if (rc)
        return rc;
    bool good = json_is_true(json_object_get(v, "baseline")) && json_is_true(json_object_get(v, "release")) && json_is_true(json_object_get(v, "store"));
    if (!r->json)
        show(v);
    json_decref(v);
    return good ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

const cu_verb cu_verb_node_check = {
    .name = "node check", .group = "guard", .operands = "", .run = check, .formats = "text|json",
    .summary = "compare this node with its baseline and its release, look at what is stored, measure its capacity",
    .details = "Custos does the same every day (capacity: every hour) and writes baseline.checked or baseline.drift, release.verified or release.mismatch, store.verified or store.failed, "
               "capacity.sample.\n\nExit status 0: as it has to be. 1: something differs, and what. 2: could not be done.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
