/* custos-verify: checks a bundle, a log, or one entry with its proof, without any other part of Custos. */
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include "base/file.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bundle.h"
#include "ledger/log.h"

enum { INTACT, BROKEN, UNREADABLE };

static const char usage[] =
    "usage: custos-verify BUNDLE [--vkey FILE] [--policy FILE] [--tsa-ca FILE] [--format text|json]\n"
    "       custos-verify DIR [--vkey FILE] [--policy FILE] [--tsa-ca FILE] [--format text|json]\n"
    "       custos-verify --proof FILE --leaf FILE --vkey FILE\n"
    "BUNDLE is what custos export wrote; it is read, not unpacked.\n"
    "DIR is one log, or the folder that holds all logs of an installation.\n"
    "--vkey: the verifier keys to trust, one a line; without it those beside the logs are used.\n"
    "--policy (or --witness-policy): who must have cosigned the anchor log; --tsa-ca: PEM of who signs its time stamps.\n"
    "exit status: 0 intact, 1 broken (and where), 2 could not be read\n";

typedef struct {
    const char *dir, *vkey, *proof, *leaf, *format, *policy, *tsa_ca;
} options;

static bool parse(int argc, char **argv, options *o)
{
    const struct {
        const char *name;
        const char **to;
    } known[] = {{"--vkey", &o->vkey}, {"--proof", &o->proof}, {"--leaf", &o->leaf}, {"--format", &o->format},
                 {"--witness-policy", &o->policy}, {"--policy", &o->policy}, {"--tsa-ca", &o->tsa_ca}};
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < sizeof known / sizeof *known && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k < sizeof known / sizeof *known && i + 1 < argc)
            *known[k].to = argv[++i];
        else if (k < sizeof known / sizeof *known || argv[i][0] == '-' || o->dir)
            return false;
        else
            o->dir = argv[i];
    }
    bool format = !o->format || strcmp(o->format, "text") == 0 || strcmp(o->format, "json") == 0;
    bool proof = o->proof && o->leaf && o->vkey && !o->dir;
    return format && (proof || (o->dir && !o->proof && !o->leaf));
}

static bool load(const char *path, cu_buf *b)
{
    cu_err e = cu_file_read(AT_FDCWD, path, b);
    if (e != CU_OK)
        fprintf(stderr, "custos-verify: %s: %s\n", path, cu_err_text(e));
    return e == CU_OK;
}

static int verify_proof(const options *o)
{
    cu_buf proof CU_CLEAN_BUF = CU_BUF(65536), leaf CU_CLEAN_BUF = CU_BUF(65536), vkey CU_CLEAN_BUF = CU_BUF(65536);
    cu_fault f = {0};
    if (!load(o->proof, &proof) || !load(o->leaf, &leaf) || !load(o->vkey, &vkey))
        return UNREADABLE;
    if (cu_log_proof_verify(cu_buf_view(&proof), cu_buf_view(&leaf), cu_buf_view(&vkey), &f) != CU_OK) {
        printf("BROKEN: %s\n", f.text);
        return BROKEN;
    }
    puts("The entry is in the log that this key signed.");
    return INTACT;
}

static int verify_dir(const options *o)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(16u << 20), json CU_CLEAN_BUF = CU_BUF(16u << 20);
    cu_buf vkey CU_CLEAN_BUF = CU_BUF(65536), policy CU_CLEAN_BUF = CU_BUF(65536);
    cu_verify_report r;
    cu_fault f = {0};
    bool as_json = o->format && strcmp(o->format, "json") == 0;
    if ((o->vkey && !load(o->vkey, &vkey)) || (o->policy && !load(o->policy, &policy)))
        return UNREADABLE;
    cu_err e = cu_verify_attested(o->dir, o->vkey ? cu_buf_cstr(&vkey) : NULL, o->policy ? cu_buf_cstr(&policy) : NULL, o->tsa_ca, &text, &json, &r, &f);
    if (e != CU_OK) {
        fprintf(stderr, "custos-verify: %s\n", f.text);
        return UNREADABLE;
    }
    fputs(as_json ? cu_buf_cstr(&json) : cu_buf_cstr(&text), stdout);
    if (!as_json && r.broken)
        printf("BROKEN: %s\n", f.text);
    else if (!as_json)
        printf("Intact: %llu entries in %llu logs.\n", (unsigned long long)r.entries, (unsigned long long)r.logs);
    return r.broken ? BROKEN : INTACT;
}

static bool no_verdict(cu_err e)
{
    return e == CU_IO || e == CU_NOMEM || e == CU_DENIED || e == CU_UNSUPPORTED || e == CU_CONFIG;
}

static int verify_bundle(const options *o)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(16u << 20), json CU_CLEAN_BUF = CU_BUF(16u << 20), vkey CU_CLEAN_BUF = CU_BUF(65536);
    cu_buf policy CU_CLEAN_BUF = CU_BUF(65536), ca CU_CLEAN_BUF = CU_BUF(1u << 20);
    cu_fault f = {0};
    bool as_json = o->format && strcmp(o->format, "json") == 0;
    if ((o->vkey && !load(o->vkey, &vkey)) || (o->policy && !load(o->policy, &policy)) || (o->tsa_ca && !load(o->tsa_ca, &ca)))
        return UNREADABLE;
    const bundle_trust with = {.vkeys = o->vkey ? cu_buf_cstr(&vkey) : NULL, .policy = o->policy ? cu_buf_cstr(&policy) : NULL,
                               .tsa_ca = cu_buf_view(&ca)};
    int fd CU_CLEAN_FD = open(o->dir, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "custos-verify: %s: %s\n", o->dir, strerror(errno));
        return UNREADABLE;
    }
    cu_err e = bundle_verify(fd, CU_NONE, &with, &text, &json, &f);
    if (no_verdict(e)) {
        fprintf(stderr, "custos-verify: %s\n", f.text);
        return UNREADABLE;
    }
    fputs(as_json ? cu_buf_cstr(&json) : cu_buf_cstr(&text), stdout);
    if (!as_json)
        printf("%s%s\n", e == CU_OK ? "\nIntact." : "BROKEN: ", e == CU_OK ? "" : f.text);
    return e == CU_OK ? INTACT : BROKEN;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int main(int argc, char **argv)
{
    options o = {0};
    if (!parse(argc, argv, &o)) {
        fputs(usage, stderr);
        return UNREADABLE;
    }
    return o.proof ? verify_proof(&o) : is_file(o.dir) ? verify_bundle(&o) : verify_dir(&o);
}
