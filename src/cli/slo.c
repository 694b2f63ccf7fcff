/* custos slo …: service levels, measured from the log. */
#include <string.h>
#include "desk_answer.h"

static void put_value(const json_t *v, const char *measure)
{
    long long n = json_integer_value(v);
    if (!json_is_integer(v))
        printf("no data");
    else if (strcmp(measure, "availability") == 0)
        printf("%lld.%03lld %%", n / 1000, n % 1000);
    else
        printf("%lld ms", n);
}

/* Whether one is missed. */
static bool put_levels(const cu_run *r, const json_t *all)
{
    json_t *x;
    size_t i;
    bool missed = false;
    json_array_foreach(json_object_get(all, "items"), i, x) {
        const json_t *now = json_object_get(x, "now"), *fields = json_object_get(x, "fields");
        const char *measure = cu_desk_text(fields, "measure");
        missed |= strcmp(cu_desk_text(x, "state"), "missed") == 0;
        if (r->json)
            continue;
        printf("%-6s %-7s %-14s %s: ", cu_desk_text(x, "id"), cu_desk_text(x, "state"), measure, cu_desk_text(fields, "name"));
        put_value(json_object_get(now, "value"), measure);
        printf(", target ");
        put_value(json_object_get(fields, "target"), measure);
        printf("; %lld of %lld missed, %.10s to %.10s\n", (long long)json_integer_value(json_object_get(now, "bad")), (long long)json_integer_value(json_object_get(now, "counted")),
               cu_desk_text(now, "from"), cu_desk_text(now, "to"));
    }
    return missed;
}

static int ask(const cu_run *r, const char *method, const char *path)
{
    json_t *all = NULL;
    int rc = cu_desk_answer(r, method, path, CU_NONE, &all);
    bool missed = rc == 0 && put_levels(r, all);
    json_decref(all);
    return rc ? rc : missed ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

static int list(const cu_run *r)
{
    return ask(r, "GET", "/api/v1/service-levels");
}

static int sample(const cu_run *r)
{
    return ask(r, "POST", "/api/v1/service-levels/samples");
}

const cu_verb cu_verb_slo_list = {
    .name = "slo list", .group = "prepare", .operands = "", .run = list, .formats = "text|json",
    .summary = "service levels as they are now, counted from the log; exit status 1 while one is missed",
    .details = "A level is promised with custos register step slo.set name=… measure=availability target=99900 window_days=30 (99900 of 100,000 is 99.9 %). It is measured each day.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
const cu_verb cu_verb_slo_sample = {
    .name = "slo sample", .group = "prepare", .operands = "", .run = sample, .formats = "text|json",
    .summary = "measures each service level now and records it",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
