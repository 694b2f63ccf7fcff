/* custos backup restore */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "backup.h"
#include "base/file.h"
#include "serve/serve.h"

static void print(const cu_run *r, const char *to, const cu_backup_report *b, bool verified)
{
    if (r->json) {
        printf("{\"entries\":%llu,\"erased\":%llu,\"made\":\"%s\",\"members\":%llu,\"secrets\":%s,\"verified\":%s}\n", (unsigned long long)b->entries,
               (unsigned long long)b->erased, b->made, (unsigned long long)b->members, b->secrets ? "true" : "false", verified ? "true" : "false");
        return;
    }
    printf("%s holds the %llu entries of %s%s.\n", to, (unsigned long long)b->entries, b->made, verified ? ", and they verify" : "");
    if (b->erased)
        printf("%llu erasures of the newer log were done again.\n", (unsigned long long)b->erased);
    if (b->secrets)
        printf("To go on from it, name it as state_dir in custos.yaml and start custos serve; the log will say that it was restored.\n"
               "What was sealed after the backup is not in it: a witness that saw more refuses to sign, and sealing halts.\n");
    else
        printf("Without the secrets it can be read and verified, and not continued.\n");
}

static int restore(const cu_run *r)
{
    cu_fault f = {0};
    cu_backup_report b;
    cu_buf secret CU_CLEAN_BUF = CU_BUF(8192);
    const char *to = cu_run_option(r, "to");
    bool verify = cu_run_option(r, "verify") != NULL;
    if (r->args_n != 1 || !to)
        return cu_run_fail(r, CU_CONFIG, "a backup and --to DIR are needed");
    int rc = cu_read_passphrase(r, &secret);
    if (rc)
        return rc;
    int fd CU_CLEAN_FD = open(r->args[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cu_run_fail(r, cu_errno_err(errno), "%s: %s", r->args[0], strerror(errno));
    const cu_restore_with with = {.passphrase = cu_buf_view(&secret), .without_secrets = cu_run_option(r, "without-secrets") != NULL, .erasures_from = cu_run_option(r, "erasures-from"),
                                  .signer_uid = CU_SIGNER_UID};
    cu_err e = cu_backup_restore(fd, to, &with, &b, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    e = verify ? cu_backup_check(to, &b, &f) : CU_OK;
    if (e == CU_CORRUPT) {
        fprintf(stderr, "BROKEN: %s\n", f.text);
        return CU_EXIT_FOUND;
    }
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    print(r, to, &b, verify);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_backup_restore = {
    .name = "backup restore", .group = "prove", .operands = "FILE", .run = restore, .formats = "text|json",
    .summary = "make a new state folder from a backup",
    .details = "Reads the file as something that may have been altered: nothing is left behind unless every member has the size and digest that its list says, and, "
               "with the passphrase, the list is the one that was written. With --verify the logs are verified, and the projections made from them.\n\n"
               "Exit status 0: restored. 1: restored, and what it holds is broken. 2: nothing was restored.",
    .options = {{"to", "DIR", "a new or an empty folder"}, {"passphrase-file", "FILE", "what the backup was made with"},
                {"without-secrets", NULL, "leave out what is sealed"}, {"erasures-from", "LOG_DIR", "do the erasures again that this newer folder of the same logs knows"}, {"verify", NULL, "verify the logs, and fill the projections"}},
};
