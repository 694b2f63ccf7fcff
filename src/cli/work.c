/* custos gaps and custos calendar: what is not met, why and what next; what falls due. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "admin.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static int ask(const cu_run *r, const char *method, const char *path, json_t **out)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_fault f = {0};
    long status;
    cu_buf text CU_CLEAN_BUF = CU_BUF((size_t)32 << 20);
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    cu_err e = cu_admin_call(run_dir, method, path, CU_NONE, &status, &text, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 200 && status != 201)
        return cu_admin_problem(r, status, &text);
    if (r->json)
        printf("%s\n", cu_buf_cstr(&text));
    *out = json_loadb((const char *)text.p, text.n, 0, NULL);
    return *out ? 0 : cu_run_fail(r, CU_SYNTAX, "the answer is no JSON");
}

static void put_gaps(const json_t *all)
{
    json_t *x, *k, *n;
    size_t i, j;
    const char *state;
    json_array_foreach(json_object_get(all, "items"), i, x) {
        if (json_array_size(json_object_get(x, "gaps")) == 0)
            continue;
        printf("%-8s %-9s %s\n", text_of(x, "id"), text_of(x, "state"), text_of(x, "title"));
        json_array_foreach(json_object_get(x, "gaps"), j, k)
            printf("  %-8s %s\n           next: %s\n", text_of(k, "id"), text_of(k, "cause"), text_of(k, "next"));
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
    int rc = ask(r, record ? "POST" : "GET", path, &all);
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
    int rc = ask(r, "GET", "/api/v1/calendar", &all);
    if (rc == 0 && !r->json)
        json_array_foreach(json_object_get(all, "items"), i, x)
            printf("%.10s %-8s %-16s %-14s %s\n", text_of(x, "due"), json_is_true(json_object_get(x, "overdue")) ? "overdue" : "", text_of(x, "what"), text_of(x, "id"), text_of(x, "title"));
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
