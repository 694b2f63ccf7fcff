/* custos backup */
#include "backup.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "admin.h"
#include "base/file.h"

int cu_read_passphrase(const cu_run *r, cu_buf *out)
{
    const char *file = cu_run_option(r, "passphrase-file");
    cu_err e = file ? cu_file_read(AT_FDCWD, file, out) : CU_OK;
    if (e != CU_OK)
        return cu_run_fail(r, e, "%s: %s", file, cu_err_text(e));
    for (size_t i = 0; i < out->n; i++)
        if (out->p[i] == '\n' || out->p[i] == '\r')
            out->n = i;
    if (file && (out->n < CU_BACKUP_PASSPHRASE_MIN || out->n > CU_BACKUP_PASSPHRASE_MAX))
        return cu_run_fail(r, CU_CONFIG, "the first line of %s must have %u to %u bytes", file, CU_BACKUP_PASSPHRASE_MIN, CU_BACKUP_PASSPHRASE_MAX);
    return 0;
}

static void report_json(const cu_backup_report *b, cu_buf *out)
{
    char hex[65];
    cu_hex(hex, b->manifest.b, sizeof b->manifest.b);
    cu_buf_fmt(out, "{\"bytes\":%llu,\"entries\":%llu,\"manifest\":\"%s\",\"members\":%llu,\"secrets\":%s}", (unsigned long long)b->bytes,
               (unsigned long long)b->entries, hex, (unsigned long long)b->members, b->secrets ? "true" : "false");
}

/* The entry; false when nobody runs who could write it. */
static bool say_so(const char *run_dir, const cu_buf *body)
{
    long status = 0;
    cu_fault f;
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    return cu_admin_call(run_dir, "POST", "/api/v1/backups", cu_buf_view(body), &status, &out, &f) == CU_OK && status == 201;
}

static void print(const cu_run *r, const char *file, const cu_backup_report *b, cu_buf *json, bool noted)
{
    char hex[65];
    cu_hex(hex, b->manifest.b, sizeof b->manifest.b);
    if (r->json) {
        printf("%.*s,\"recorded\":%s}\n", (int)json->n - 1, cu_buf_cstr(json), noted ? "true" : "false");
        return;
    }
    printf("%s: %llu entries, %llu members, %llu bytes; SHA-256 of its manifest: %s\n", file, (unsigned long long)b->entries, (unsigned long long)b->members,
           (unsigned long long)b->bytes, hex);
    if (!b->secrets)
        printf("WITHOUT SECRETS: keystore, names and signing keys are not in it. The log restored from it can be read and verified, but not continued, and "
               "no name is shown. Give --passphrase-file for a backup to go on from.\n");
    else
        printf("Keystore, names and signing keys are in it, sealed under your passphrase: keep that elsewhere.\n");
    printf("Not in it: custos.yaml, your rules, and the credentials of providers (env: and file: are references).\n");
    if (!noted)
        printf("Custos does not run here, so no entry says that this backup was made.\n");
}

static cu_err write_file(const char *file, const cu_backup_with *with, cu_backup_report *b, cu_fault *f)
{
    char part[4200];
    snprintf(part, sizeof part, "%.4100s.part", file);
    if (access(file, F_OK) == 0)
        return cu_fail(f, CU_EXISTS, "%.200s exists already", file);
    int fd CU_CLEAN_FD = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", part, strerror(errno));
    cu_err e = cu_backup_make(with, fd, b, f);
    if (e == CU_OK && rename(part, file) != 0)
        e = cu_fail(f, cu_errno_err(errno), "%.200s: %s", file, strerror(errno));
    if (e != CU_OK)
        unlink(part);
    return e;
}

static int backup(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    cu_fault f = {0};
    cu_backup_report b;
    cu_buf secret CU_CLEAN_BUF = CU_BUF(8192), json CU_CLEAN_BUF = CU_BUF(4096);
    const char *file = cu_run_option(r, "out");
    if (!file)
        return cu_run_fail(r, CU_CONFIG, "--out FILE is needed");
    int rc = cu_open_config(r, &a, &c, run_dir);
    if (rc == 0)
        rc = cu_read_passphrase(r, &secret);
    if (rc)
        return rc;
    const cu_backup_with with = {.state_dir = c.state_dir, .log_dir = c.log_dir, .passphrase = cu_buf_view(&secret)};
    cu_err e = write_file(file, &with, &b, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    report_json(&b, &json);
    bool noted = say_so(run_dir, &json);
    print(r, file, &b, &json, noted);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_backup = {
    .name = "backup", .group = "prove", .operands = "", .run = backup, .formats = "text|json",
    .summary = "write everything that cannot be made again into one file",
    .details = "While Custos runs, or when it does not: logs, spool, register and keys are from one moment. With --passphrase-file keystore, names and signing keys "
               "are in it, sealed (scrypt, AES-256-GCM); without, they are left out. Projections are not in it: they are made again from the logs. "
               "A backup still holds whoever is erased after it was made: docs/formats/backup.md says how long to keep one.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"},
                {"out", "FILE", "the backup; must not exist"},
                {"passphrase-file", "FILE", "its first line, 12 bytes or more, seals the secrets"}},
};
