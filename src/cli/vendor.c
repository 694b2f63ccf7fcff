/* custos vendor …: what is known of each vendor, what was decided, and what is due. */
#include <jansson.h>
#include <string.h>
#include "admin.h"

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static long long number(const json_t *v, const char *key)
{
    return (long long)json_integer_value(json_object_get(v, key));
}

static int ask(const cu_run *r, const char *path, json_t **out)
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
    cu_err e = cu_admin_call(run_dir, "GET", path, CU_NONE, &status, &text, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (status != 200)
        return cu_admin_problem(r, status, &text);
    if (r->json)
        printf("%s\n", cu_buf_cstr(&text));
    *out = json_loadb((const char *)text.p, text.n, 0, NULL);
    return *out ? 0 : cu_run_fail(r, CU_SYNTAX, "the answer is no JSON");
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
            if (strcmp(text_of(x, "what"), words[k][0]) == 0) {
                printf("  needs   %s", words[k][1]);
                if (json_is_integer(json_object_get(x, "detail")))
                    printf(": %lld", number(x, "detail"));
                putchar('\n');
            }
}

static void put_vendor(const json_t *v)
{
    const json_t *d = json_object_get(v, "decision"), *k = json_object_get(v, "known"), *t = json_object_get(v, "traffic"), *r = json_object_get(v, "report");
    printf("%s: %s%s%s%s%s%.10s; %lld of %lld facts; %lld exchanges in %lld days\n", text_of(v, "name"), text_of(d, "decision"),
           *text_of(d, "by") ? " by " : "", text_of(d, "by"), *text_of(d, "profile") ? ", profile " : "", text_of(d, "profile"),
           "", number(k, "confirmed"), number(k, "total"), number(t, "exchanges"), number(t, "days"));
    if (*text_of(d, "until"))
        printf("  until   %.10s\n", text_of(d, "until"));
    if (json_is_object(r))
        printf("  report  %s to %.10s, %s, %lld days not covered\n", text_of(json_object_get(r, "fields"), "kind"), text_of(json_object_get(r, "fields"), "period_to"),
               json_is_true(json_object_get(r, "fits")) ? "covers today" : "does not fit", number(r, "uncovered_days"));
    put_next(v);
}

static int list(const cu_run *r)
{
    json_t *all = NULL, *x;
    size_t i;
    int rc = ask(r, "/api/v1/vendors", &all);
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
    int rc = ask(r, path, &v);
    if (rc == 0 && !r->json) {
        put_vendor(v);
        json_array_foreach(json_object_get(v, "vendor_fact"), i, x)
            printf("  %-24s %s (%s, read again by %.10s)\n", text_of(json_object_get(x, "fields"), "field"), text_of(json_object_get(x, "fields"), "value"),
                   text_of(json_object_get(x, "fields"), "source"), text_of(json_object_get(x, "fields"), "next_read"));
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
