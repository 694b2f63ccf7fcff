/* custos log rebuild: the projections made anew from the sealed logs, held against the live ones. */
#include <stdio.h>
#include <string.h>
#include "admin.h"
#include "catalog/events.h"
#include "catalog/rules.h"
#include "store/store.h"

static cu_err judge(void *arg, const cu_leaf *l, cu_fault *f)
{
    return cu_events_check(arg, l->type, l->tenant, l->body, f);
}

static bool step_of(void *arg, cu_bytes type, cu_bytes *reg, cu_bytes *state)
{
    return cu_events_step(arg, type, reg, state);
}

static void show(const cu_run *r, const cu_rebuilt *b, const char *fresh, bool compared)
{
    if (r->json) {
        printf("{\"file\":\"%s\",\"logs\":%llu,\"entries\":%llu,\"misfits\":%llu,\"digest\":\"%s\",\"compared\":%s,\"differences\":%llu,\"first\":\"%s\"}\n", fresh,
               (unsigned long long)b->logs, (unsigned long long)b->entries, (unsigned long long)b->misfits, b->digest, compared ? "true" : "false",
               (unsigned long long)b->differences, b->first);
        return;
    }
    printf("%llu entries of %llu logs are projected anew into %s (%s).\n", (unsigned long long)b->entries, (unsigned long long)b->logs, fresh, b->digest);
    if (b->misfits)
        printf("%llu of them are not as the registry of events describes them.\n", (unsigned long long)b->misfits);
    if (b->differences)
        printf("The live ones differ in %llu tables, first in %s.\n", (unsigned long long)b->differences, b->first);
    else if (compared)
        printf("The live ones are the same to the byte.\n");
}

static int rebuild(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0}, catalog CU_CLEAN_ARENA;
    cu_config c;
    cu_events *events;
    cu_rebuilt b;
    cu_fault f = {0};
    char run_dir[4096], live[4300];
    const char *fresh = cu_run_option(r, "out"), *dir = cu_catalog_dir();
    bool alone = cu_run_option(r, "dir") != NULL;
    cu_arena_init(&catalog, (size_t)64 << 20);
    if (!fresh || !dir)
        return cu_run_fail(r, CU_CONFIG, fresh ? "the catalogue is not beside the program; set CUSTOS_CATALOG" : "--out FILE is needed: where to build");
    int rc = alone ? 0 : cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    const char *db = cu_run_option(r, "db");
    snprintf(live, sizeof live, "%s%s", alone ? db ? db : "" : c.state_dir, alone ? "" : "/store.db");
    cu_err e = cu_events_load(dir, &catalog, &events, &f);
    if (e == CU_OK)
        e = cu_store_rebuild(alone ? cu_run_option(r, "dir") : c.log_dir, live[0] ? live : NULL, fresh, &(cu_store_rules){judge, step_of, events}, &b, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    show(r, &b, fresh, live[0] != 0);
    return b.differences ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

const cu_verb cu_verb_log_rebuild = {
    .name = "log rebuild", .group = "prove", .operands = "", .run = rebuild, .formats = "text|json",
    .summary = "make the projections anew from the log, and compare them with the live ones",
    .details = "Works beside a running Custos: it compares as far as the live ones have got when it begins.\n\n"
               "Exit status 0: equal to the byte. 1: they differ, and where. 2: could not be done.",
    .options = {{"config", "FILE", "custos.yaml"}, {"dir", "LOG_DIR", "these logs, without a configuration; compared with --db alone"},
                {"db", "FILE", "with --dir: the live database"},
                {"out", "FILE", "the new database; must not exist"}},
};
