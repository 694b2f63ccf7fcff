/* custos usage: a provider's export of what was used, held against the log. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "comply/usage.h"
#include "desk_answer.h"
#include "verb.h"

static long long figure(const json_t *v, const char *name)
{
    return (long long)json_integer_value(json_object_get(v, name));
}

static const char *word(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));
    return s ? s : "";
}

/* A percentage with at most one digit behind the point, as permille; -1: it is none. */
static int permille(const char *text)
{
    char *end;
    unsigned long whole = strtoul(text, &end, 10), tenth = 0;
    if (*text < '0' || *text > '9' || whole > 100)
        return -1;
    if (*end == '.' && end[1] >= '0' && end[1] <= '9') {
        tenth = (unsigned long)(end[1] - '0');
        end += 2;
    }
    return *end || whole * 10 + tenth > 1000 ? -1 : (int)(whole * 10 + tenth);
}

static void print_days(const json_t *days, bool vendor)
{
    size_t i;
    const json_t *d;
    printf("%-10s  %s%16s %16s %16s  %s\n", "day", vendor ? "vendor        " : "", "in the log", "provider says", "difference", "state");
    json_array_foreach(days, i, d) {
        printf("%-10s  ", word(d, "day"));
        if (vendor)
            printf("%-14s", word(d, "vendor"));
        printf("%16lld %16lld %+16lld  %s\n", figure(d, "ours"), figure(d, "theirs"), figure(d, "theirs") - figure(d, "ours"), word(d, "state"));
    }
}

static size_t gaps(const json_t *days)
{
    size_t i, n = 0;
    const json_t *d;
    json_array_foreach(days, i, d)
        n += strcmp(word(d, "state"), "gap") == 0;
    return n;
}

static void show(const json_t *v)
{
    const json_t *days = json_object_get(v, "days");
    print_days(days, false);
    printf("\n%lld rows of %s; %lld of them count no tokens of a model; %lld days are not over and were left out.\n", figure(v, "lines"), word(v, "form"),
           figure(v, "passed_over"), figure(v, "not_over"));
    printf("Tolerance: %lld.%lld percent or %lld tokens of each model and class. ", figure(v, "tolerance_permille") / 10, figure(v, "tolerance_permille") % 10,
           figure(v, "tolerance_tokens"));
    if (gaps(days))
        printf("%zu days do not fit: evidence.gap in the log org names model and class.\n", gaps(days));
    else
        printf("All days fit: evidence.reconciled in the log org.\n");
}

static bool good_name(const char *s)
{
    return *s && strlen(s) <= 63 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(s);
}

static int send(const cu_run *r, const char *vendor, int may, cu_bytes file)
{
    char path[160];
    json_t *v;
    snprintf(path, sizeof path, may >= 0 ? "/api/v1/usage?vendor=%s&permille=%d" : "/api/v1/usage?vendor=%s", vendor, may);
    int rc = cu_desk_answer(r, "POST", path, file, &v);
    if (rc)
        return rc;
    bool gap = gaps(json_object_get(v, "days")) > 0;
    if (!r->json)
        show(v);
    json_decref(v);
    return gap ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

static int import(const cu_run *r)
{
    cu_buf file CU_CLEAN_BUF = CU_BUF(CU_BILLED_FILE_MAX);
    const char *vendor = cu_run_option(r, "vendor"), *tolerance = cu_run_option(r, "tolerance");
    int may = tolerance ? permille(tolerance) : -1;
    if (r->args_n != 1 || !vendor || !good_name(vendor))
        return cu_run_fail(r, CU_CONFIG, "a FILE and --vendor NAME are needed; see `custos help usage import`");
    if (tolerance && may < 0)
        return cu_run_fail(r, CU_CONFIG, "--tolerance is a percentage from 0 to 100, such as 1 or 0.5");
    cu_err e = cu_file_read(AT_FDCWD, r->args[0], &file);
    if (e != CU_OK)
        return cu_run_fail(r, e, "%s: %s%s", r->args[0], cu_err_text(e), e == CU_TOO_BIG ? " of 8 MiB; split the export by time" : "");
    return send(r, vendor, may, cu_buf_view(&file));
}

static int list(const cu_run *r)
{
    char path[160];
    json_t *v;
    const char *vendor = cu_run_option(r, "vendor");
    if (vendor && !good_name(vendor))
        return cu_run_fail(r, CU_CONFIG, "--vendor is the name of one in custos.yaml");
    snprintf(path, sizeof path, "/api/v1/usage?limit=400%s%s", vendor ? "&vendor=" : "", vendor ? vendor : "");
    int rc = cu_desk_answer(r, "GET", path, CU_NONE, &v);
    if (rc)
        return rc;
    if (!r->json && json_array_size(json_object_get(v, "items")))
        print_days(json_object_get(v, "items"), true);
    else if (!r->json)
        printf("No data: no export was imported yet.\n");
    json_decref(v);
    return CU_EXIT_FINE;
}

#define CONFIG {"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}

const cu_verb cu_verb_usage_import = {
    .name = "usage import", .group = "prove", .operands = "FILE", .run = import, .formats = "text|json",
    .summary = "hold a provider's usage export against the log, day by day",
    .details = "FILE is what Anthropic (usage report API or console CSV), OpenAI (usage API or dashboard CSV) or Google (billing report CSV by day and SKU) "
               "gives out; which one is found by its content. Tokens are compared by day, model and class; each day is recorded as evidence.reconciled or "
               "evidence.gap. What the provider counted and the log does not have went past the gateway.\n\nExit status 0: all days fit. 1: some do not. 2: "
               "could not be done.",
    .options = {CONFIG, {"vendor", "NAME", "the vendor in custos.yaml whose account the export is of"},
                {"tolerance", "PERCENT", "how far figures of a model and class may differ, beside 1000 tokens; 1 by default"}},
};

const cu_verb cu_verb_usage_list = {
    .name = "usage list", .group = "prove", .operands = "", .run = list, .formats = "text|json",
    .summary = "days that were held against a provider's usage export",
    .options = {CONFIG, {"vendor", "NAME", "of this vendor only"}},
};
