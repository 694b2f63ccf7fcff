/* custos audit status: the state of each control, as the log shows it at a moment. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "admin.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static const char *word(const char *state)
{
    static const char *const words[][2] = {{"met", "met"}, {"partly", "partly"}, {"not_met", "NOT MET"}, {"no_data", "no data"}, {"not_applicable", "n/a"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], state) == 0)
            return words[i][1];
    return state;
}

static void print_counts(const char *what, const json_t *all)
{
    static const char *const states[] = {"met", "partly", "not_met", "no_data", "not_applicable"};
    const json_t *counts = json_object_get(all, "counts");
    printf("%s ", what);
    for (size_t i = 0; i < 5; i++)
        printf("%s%lld %s", i ? ", " : "", (long long)json_integer_value(json_object_get(counts, states[i])), word(states[i]));
    printf("; as of %s\n", text_of(all, "as_of"));
}

static void print_text(const json_t *controls, const json_t *criteria)
{
    size_t i;
    json_t *k;
    json_array_foreach(json_object_get(controls, "items"), i, k)
        printf("%-7s %-8s %-52.52s %s\n", text_of(k, "id"), word(text_of(k, "state")), text_of(k, "title"), text_of(k, "why"));
    print_counts("controls:", controls);
    print_counts("criteria:", criteria);
}

static int ask(const cu_run *r, const char *run_dir, const char *what, const char *as_of, json_t **out)
{
    char path[200];
    long status;
    cu_fault f = {0};
    cu_buf body CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    snprintf(path, sizeof path, "/api/v1/%s%s%.60s", what, as_of ? "?as_of=" : "", as_of ? as_of : "");
    cu_err e = cu_admin_call(run_dir, "GET", path, CU_NONE, &status, &body, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 200)
        return cu_admin_problem(r, status, &body);
    *out = json_loadb((const char *)body.p, body.n, 0, NULL);
    return *out ? 0 : cu_run_fail(r, CU_SYNTAX, "the daemon's answer is no JSON");
}

static int run_status(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    const char *as_of = cu_run_option(r, "as-of");
    json_t *controls = NULL, *criteria = NULL;
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (!rc && as_of && (strlen(as_of) > 40 || strspn(as_of, "0123456789-:.TZ") != strlen(as_of)))
        rc = cu_run_fail(r, CU_SYNTAX, "--as-of is a moment like 2026-11-26T22:00:00Z, or a date");
    if (!rc)
        rc = ask(r, run_dir, "controls", as_of, &controls);
    if (!rc)
        rc = ask(r, run_dir, "criteria", as_of, &criteria);
    if (!rc && r->json) {
        json_t *both = json_pack("{s:O, s:O}", "controls", controls, "criteria", criteria);
        json_dumpf(both, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(both);
    } else if (!rc) {
        print_text(controls, criteria);
    }
    if (!rc && json_integer_value(json_object_get(json_object_get(criteria, "counts"), "not_met")))
        rc = CU_EXIT_FOUND;
    json_decref(controls);
    json_decref(criteria);
    return rc;
}

const cu_verb cu_verb_audit_status = {
    .name = "audit status", .group = "prepare", .operands = "", .run = run_status, .formats = "text|json",
    .summary = "where every control and criterion stands, as the log shows it",
    .details = "Only sealed entries count, and how old they are. A control without fresh evidence is no data, whatever anyone believes. Exit status 1: a "
               "criterion is not met.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"},
                {"as-of", "TIME", "as it stood then: 2026-11-26T22:00:00Z or 2026-11-26, UTC"}},
};
