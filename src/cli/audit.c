/* custos audit status: the state of each control, as the log shows it at a moment. */
#include <stdlib.h>
#include <string.h>
#include "desk_answer.h"

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

static int ask(const cu_run *r, const char *what, const char *as_of, json_t **out)
{
    char path[200];
    snprintf(path, sizeof path, "/api/v1/%s%s%.60s", what, as_of ? "?as_of=" : "", as_of ? as_of : "");
    return cu_desk_ask(r, "GET", path, CU_NONE, out);
}

static int run_status(const cu_run *r)
{
    const char *as_of = cu_run_option(r, "as-of");
    json_t *controls = NULL, *criteria = NULL;
    int rc = 0;
    if (as_of && (strlen(as_of) > 40 || strspn(as_of, "0123456789-:.TZ") != strlen(as_of)))
        rc = cu_run_fail(r, CU_SYNTAX, "--as-of is a moment like 2026-11-26T22:00:00Z, or a date");
    if (!rc)
        rc = ask(r, "controls", as_of, &controls);
    if (!rc)
        rc = ask(r, "criteria", as_of, &criteria);
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
