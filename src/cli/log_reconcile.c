/* custos log reconcile: whether everything that was counted is in the log. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "desk_answer.h"

static long long figure(const json_t *v, const char *name)
{
    return (long long)json_integer_value(json_object_get(v, name));
}

static void show(const json_t *v)
{
    size_t i;
    const json_t *m;
    printf("%lld entries of %lld epochs of writers; %lld requests, %lld answers, %lld refusals, compared at %lld heartbeats.\n", figure(v, "entries"),
           figure(v, "writers"), figure(v, "requests"), figure(v, "answers"), figure(v, "refusals"), figure(v, "heartbeats"));
    if (figure(v, "cut_short"))
        printf("%lld ends and refusals died with a process that was killed, before they were durable.\n", figure(v, "cut_short"));
    if (figure(v, "orphans"))
        printf("%lld requests have no end; each has an entry exchange.orphan now.\n", figure(v, "orphans"));
    json_array_foreach(json_object_get(v, "missing"), i, m)
        printf("MISSING: %lld (%s) of %s, epoch %lld\n", figure(m, "n"), json_string_value(json_object_get(m, "kind")),
               json_string_value(json_object_get(m, "writer")), figure(m, "epoch"));
    if (i == 0)
        printf("Nothing is missing.\n");
}

static int reconcile(const cu_run *r)
{
    char path[100], *end;
    json_t *v;
    const char *older = cu_run_option(r, "older");
    unsigned long seconds = older ? strtoul(older, &end, 10) : 900;
    if (older && (*end || strlen(older) > 7 || *older < '0' || *older > '9'))
        return cu_run_fail(r, CU_CONFIG, "--older is a number of seconds");
    snprintf(path, sizeof path, "/api/v1/reconcile?older=%lu", seconds);
    int rc = cu_desk_answer(r, "POST", path, CU_LIT("{}"), &v);
    if (rc)
        return rc;
    bool gap = json_array_size(json_object_get(v, "missing")) > 0;
    if (!r->json)
        show(v);
    json_decref(v);
    return gap ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

const cu_verb cu_verb_log_reconcile = {
    .name = "log reconcile", .group = "prove", .operands = "", .run = reconcile, .formats = "text|json",
    .summary = "check that everything the writers counted is in the log",
    .details = "Holds what the gateway's workers counted themselves against the entries of their chains, and writes evidence.reconciled or "
               "evidence.gap. Custos does the same every hour.\n\nExit status 0: complete. 1: something is missing, and what. 2: could not be done.",
    .options = {{"config", "FILE", "custos.yaml"}, {"older", "SECONDS", "a request without an end is an orphan after so long; 900 by default"}},
};
