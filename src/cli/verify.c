/* custos verify: the same check as custos-verify, for those who have the whole program. */
#include "verb.h"
#include <fcntl.h>
#include "base/file.h"
#include "ledger/log.h"
#include "ledger/witness.h"

static int verify(const cu_run *r)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(16u << 20), json CU_CLEAN_BUF = CU_BUF(16u << 20);
    cu_buf vkey CU_CLEAN_BUF = CU_BUF(65536), policy CU_CLEAN_BUF = CU_BUF(CU_TRUST_MAX);
    const char *dir = cu_run_option(r, "dir"), *key = cu_run_option(r, "vkey"), *witnesses = cu_run_option(r, "witness-policy");
    cu_verify_report report;
    cu_fault f = {0};
    if (!dir)
        return cu_run_fail(r, CU_CONFIG, "--dir LOG_DIR is needed (custos status shows it as log_dir)");
    if (key) {
        cu_err e = cu_file_read(AT_FDCWD, key, &vkey);
        if (e != CU_OK)
            return cu_run_fail(r, e, "%s: %s", key, cu_err_text(e));
    }
    if (witnesses) {
        cu_err e = cu_file_read(AT_FDCWD, witnesses, &policy);
        if (e != CU_OK)
            return cu_run_fail(r, e, "%s: %s", witnesses, cu_err_text(e));
    }
    cu_err e = cu_verify_attested(dir, key ? cu_buf_cstr(&vkey) : NULL, witnesses ? cu_buf_cstr(&policy) : NULL, cu_run_option(r, "tsa-ca"), &text, &json, &report, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    fputs(r->json ? cu_buf_cstr(&json) : cu_buf_cstr(&text), stdout);
    if (!r->json && report.broken)
        printf("BROKEN: %s\n", f.text);
    else if (!r->json)
        printf("Intact: %llu entries in %llu logs.\n", (unsigned long long)report.entries,
               (unsigned long long)report.logs);
    return report.broken ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

const cu_verb cu_verb_verify = {
    .name = "verify",
    .group = "prove",
    .operands = "",
    .summary = "check a log: every entry, every checkpoint, every writer's chain",
    .details = "Hashes every entry again, recomputes each root, checks the signatures, holds each log "
               "against the anchor log and follows what each writer wrote.\n\n"
               "Exit status 0: intact. 1: broken, and where. 2: could not be read.",
    .formats = "text|json",
    .options = {
        {"dir", "LOG_DIR", "the folder of all logs, or one log"},
        {"vkey", "FILE", "verifier keys to trust, one a line for each log; otherwise those beside the logs are used"},
        {"witness-policy", "FILE", "who must have cosigned the anchor log; checks every cosigned checkpoint"},
        {"tsa-ca", "FILE", "PEM: who signs the time stamp authority's certificate; checks every time stamp, and each entry's time against them"},
    },
    .run = verify,
};
