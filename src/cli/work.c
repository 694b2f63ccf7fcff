/* custos gaps and custos calendar: what is not met, why and what next; what falls due. */
#include <stdlib.h>
#include <string.h>
#include "desk_answer.h"

static void put_gaps(const json_t *all)
{
    json_t *x, *k, *n;
    size_t i, j;
    const char *state;
    json_array_foreach(json_object_get(all, "items"), i, x) {
        if (json_array_size(json_object_get(x, "gaps")) == 0)
            continue;
        printf("%-8s %-9s %s\n", cu_desk_text(x, "id"), cu_desk_text(x, "state"), cu_desk_text(x, "title"));
        json_array_foreach(json_object_get(x, "gaps"), j, k)
            printf("  %-8s %s\n           next: %s\n", cu_desk_text(k, "id"), cu_desk_text(k, "cause"), cu_desk_text(k, "next"));
    }
    json_object_foreach(json_object_get(all, "counts"), state, n)
        printf("%lld %s  ", json_integer_value(n), state);
    putchar('\n');
}

static int gaps(const cu_run *r)
{
    char path[200] = "/api/v1/gaps";
    const char *at = cu_run_option(r, "as-of");
    json_t *all = NULL;
    bool record = cu_run_option(r, "record") != NULL;
    if (at && (record || strlen(at) > 40 || strspn(at, "0123456789-:.TZ") != strlen(at)))
        return cu_run_fail(r, CU_CONFIG, record ? "--record is for now, not for an earlier moment" : "--as-of is a time or a date in UTC");
    if (at)
        snprintf(path, sizeof path, "/api/v1/gaps?as_of=%s", at);
    int rc = cu_desk_answer(r, record ? "POST" : "GET", path, CU_NONE, &all);
    if (rc == 0 && !r->json)
        put_gaps(all);
    bool met = json_integer_value(json_object_get(json_object_get(all, "counts"), "not_met")) == 0;
    json_decref(all);
    return rc ? rc : met ? CU_EXIT_FINE : CU_EXIT_FOUND;
}

static int calendar(const cu_run *r)
{
    json_t *all = NULL, *x;
    size_t i;
    int rc = cu_desk_answer(r, "GET", "/api/v1/calendar", CU_NONE, &all);
    if (rc == 0 && !r->json)
        json_array_foreach(json_object_get(all, "items"), i, x)
            printf("%.10s %-8s %-16s %-14s %s\n", cu_desk_text(x, "due"), json_is_true(json_object_get(x, "overdue")) ? "overdue" : "", cu_desk_text(x, "what"), cu_desk_text(x, "id"), cu_desk_text(x, "title"));
    json_decref(all);
    return rc;
}

const cu_verb cu_verb_gaps = {
    .name = "gaps", .group = "prepare", .operands = "", .run = gaps, .formats = "text|json",
    .summary = "gap assessment: each criterion that is not met, with cause and next step",
    .details = "Exit status 0: no criterion is not met. 1: some are. 2: could not be done.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}, {"as-of", "TIME", "as it was then"},
                {"record", NULL, "write the assessment into the log, and open findings for what is short"}},
};
const cu_verb cu_verb_calendar = {
    .name = "calendar", .group = "prepare", .operands = "", .run = calendar, .formats = "text|json",
    .summary = "what falls due: occurrences of controls, findings, reviews, decisions, readings",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
