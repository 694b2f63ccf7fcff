/* custos log time */
#include <fcntl.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/file.h"
#include "ledger/log.h"
#include "ledger/witness.h"
#include "verb.h"

static int log_time(const cu_run *r)
{
    const char *dir = cu_run_option(r, "dir"), *name = cu_run_option(r, "log"), *entry = cu_run_option(r, "entry"),
               *policy = cu_run_option(r, "witness-policy"), *ca = cu_run_option(r, "tsa-ca");
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_TRUST_MAX);
    uint64_t before, after;
    char from[CU_TIME_LEN] = "", to[CU_TIME_LEN] = "", disk[72];
    cu_fault f = {0};
    if (!dir || !name || !entry || !*entry || strspn(entry, "0123456789") != strlen(entry) || strlen(entry) > 15 || (!policy && !ca))
        return cu_run_fail(r, CU_CONFIG, "--dir, --log, --entry NUMBER and one of --tsa-ca and --witness-policy are needed");
    if (policy && cu_file_read(AT_FDCWD, policy, &text) != CU_OK)
        return cu_run_fail(r, CU_NOT_FOUND, "%s cannot be read", policy);
    snprintf(disk, sizeof disk, "%s%.63s", strncmp(name, "t:", 2) == 0 ? "t/" : "", strncmp(name, "t:", 2) == 0 ? name + 2 : name);
    cu_err e = cu_log_time(dir, disk, strtoull(entry, NULL, 10), policy ? cu_buf_cstr(&text) : NULL, ca, &before, &after, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    if (before)
        cu_time_text(before * 1000000000ull, from);
    if (after != UINT64_MAX)
        cu_time_text(after * 1000000000ull, to);
    if (r->json)
        printf("{\"log\":\"%s\",\"entry\":%s,\"after\":\"%s\",\"before\":\"%s\"}\n", disk, entry, from, to);
    else
        printf("Entry %s of %s came into the log after %s and before %s.\n", entry, disk, *from ? from : "an unattested time",
               *to ? to : "an attestation that is still to come");
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_log_time = {
    .name = "log time", .group = "prove", .operands = "", .run = log_time, .formats = "text|json",
    .summary = "say between which attested times an entry came into its log",
    .details = "The last time stamp or cosignature whose checkpoint does not have the entry, and the first whose checkpoint has it.",
    .options = {{"dir", "LOG_DIR", "the folder of all logs"},
                {"log", "NAME", "org, anchor or t:TENANT"},
                {"entry", "NUMBER", "index of the entry, from 0"},
                {"tsa-ca", "FILE", "PEM: who signs the time stamp authority's certificate"},
                {"witness-policy", "FILE", "the witnesses to trust"}},
};
