/* custos vendor …: what is known of each vendor, what was decided, and what is due. */
#include <string.h>
#include "desk_answer.h"

static long long number(const json_t *v, const char *key)
{
    return (long long)json_integer_value(json_object_get(v, key));
}

static void put_next(const json_t *v)
{
    static const char *const words[][2] = {
        {"decide", "a decision: custos register step vendor.decision_proposed"}, {"decide_again", "a new decision; the days left"},
        {"resolve_conflicts", "promises that a term contradicts"}, {"read_report", "a SOC 2 report that covers today"},
        {"read_again", "facts to read again"}, {"record_facts", "facts without which only the strict profile is possible"},
        {"map_expectations", "controls that it expects from us and nothing meets"}};
    json_t *x;
    size_t i;
    json_array_foreach(json_object_get(v, "next"), i, x)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (strcmp(cu_desk_text(x, "what"), words[k][0]) == 0) {
                printf("  needs   %s", words[k][1]);
                if (json_is_integer(json_object_get(x, "detail")))
                    printf(": %lld", number(x, "detail"));
                putchar('\n');
            }
}

static void put_vendor(const json_t *v)
{
    const json_t *d = json_object_get(v, "decision"), *k = json_object_get(v, "known"), *t = json_object_get(v, "traffic"), *r = json_object_get(v, "report");
    printf("%s: %s%s%s%s%s%.10s; %lld of %lld facts; %lld exchanges in %lld days\n", cu_desk_text(v, "name"), cu_desk_text(d, "decision"),
           *cu_desk_text(d, "by") ? " by " : "", cu_desk_text(d, "by"), *cu_desk_text(d, "profile") ? ", profile " : "", cu_desk_text(d, "profile"),
           "", number(k, "confirmed"), number(k, "total"), number(t, "exchanges"), number(t, "days"));
    if (*cu_desk_text(d, "until"))
        printf("  until   %.10s\n", cu_desk_text(d, "until"));
    if (json_is_object(r))
        printf("  report  %s to %.10s, %s, %lld days not covered\n", cu_desk_text(json_object_get(r, "fields"), "kind"), cu_desk_text(json_object_get(r, "fields"), "period_to"),
               json_is_true(json_object_get(r, "fits")) ? "covers today" : "does not fit", number(r, "uncovered_days"));
    put_next(v);
}

static int list(const cu_run *r)
{
    json_t *all = NULL, *x;
    size_t i;
    int rc = cu_desk_answer(r, "GET", "/api/v1/vendors", CU_NONE, &all);
    if (rc == 0 && !r->json)
        json_array_foreach(json_object_get(all, "items"), i, x)
            put_vendor(x);
    json_decref(all);
    return rc;
}

static int show(const cu_run *r)
{
    char path[200];
    json_t *v = NULL, *x;
    size_t i;
    if (r->args_n != 1 || strlen(r->args[0]) > 79 || strspn(r->args[0], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(r->args[0]))
        return cu_run_fail(r, CU_CONFIG, "the name of one vendor is needed");
    snprintf(path, sizeof path, "/api/v1/vendors/%s", r->args[0]);
    int rc = cu_desk_answer(r, "GET", path, CU_NONE, &v);
    if (rc == 0 && !r->json) {
        put_vendor(v);
        json_array_foreach(json_object_get(v, "vendor_fact"), i, x)
            printf("  %-24s %s (%s, read again by %.10s)\n", cu_desk_text(json_object_get(x, "fields"), "field"), cu_desk_text(json_object_get(x, "fields"), "value"),
                   cu_desk_text(json_object_get(x, "fields"), "source"), cu_desk_text(json_object_get(x, "fields"), "next_read"));
    }
    json_decref(v);
    return rc;
}

const cu_verb cu_verb_vendor_list = {
    .name = "vendor list", .group = "prepare", .operands = "", .run = list, .formats = "text|json",
    .summary = "each vendor: decision in force, what is known, what is due",
    .details = "What two persons decided stands above an assessment in custos.yaml. Steps are taken with custos register step, or in the console.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
const cu_verb cu_verb_vendor_show = {
    .name = "vendor show", .group = "prepare", .operands = "NAME", .run = show, .formats = "text|json",
    .summary = "one vendor with every recorded fact",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
