/* custos export: the bundle for an auditor, made by the daemon and fetched into a file. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin.h"
#include "verb.h"

static json_t *make(const cu_run *r, const char *run_dir, int *rc)
{
    long status;
    cu_fault f = {0};
    cu_buf problem CU_CLEAN_BUF = CU_BUF(1u << 20);
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    const char *tenant = cu_run_option(r, "tenant");
    json_t *in = json_pack("{s:s,s:s,s:s}", "from", cu_run_option(r, "from"), "to", cu_run_option(r, "to"), "tenant", tenant ? tenant : "");
    char *body = in ? json_dumps(in, JSON_COMPACT) : NULL;
    json_decref(in);
    cu_err e = to && body ? cu_admin_stream(run_dir, "POST", "/api/v1/exports", cu_str(body), to, &status, &problem, &f) : CU_NOMEM;
    if (to)
        fclose(to);
    json_t *out = e == CU_OK && status == 201 ? json_loadb(text, n, 0, NULL) : NULL;
    if (!out)
        *rc = e != CU_OK ? cu_run_fault(r, e, &f) : cu_admin_problem(r, status, &problem);
    free(text);
    free(body);
    return out;
}

/* Beside its name first: a file of that name is always whole. */
static int fetch(const cu_run *r, const char *run_dir, const char *id, const char *file)
{
    char path[120], part[4200];
    long status = 0;
    cu_fault f = {0};
    cu_buf problem CU_CLEAN_BUF = CU_BUF(1u << 20);
    snprintf(part, sizeof part, "%.4100s.part", file);
    snprintf(path, sizeof path, "/api/v1/exports/%.60s/bundle", id);
    FILE *to = fopen(part, "wb");
    if (!to)
        return cu_run_fail(r, CU_IO, "%s: %s", part, strerror(errno));
    cu_err e = cu_admin_stream(run_dir, "GET", path, CU_NONE, to, &status, &problem, &f);
    bool written = fflush(to) == 0 && fsync(fileno(to)) == 0;
    fclose(to);
    if (e == CU_OK && status == 200 && written && rename(part, file) == 0)
        return CU_EXIT_FINE;
    int was = errno;
    unlink(part);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    return status == 200 ? cu_run_fail(r, CU_IO, "%s: %s", file, strerror(was)) : cu_admin_problem(r, status, &problem);
}

static int run(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    const char *file = cu_run_option(r, "out");
    if (!file || !cu_run_option(r, "from") || !cu_run_option(r, "to"))
        return cu_run_fail(r, CU_CONFIG, "--from, --to and --out are needed; see `custos help export`");
    int rc = cu_open_config(r, &a, &c, run_dir);
    json_t *out = rc == 0 ? make(r, run_dir, &rc) : NULL;
    if (!out)
        return rc;
    const json_t *d = json_object_get(out, "document");
    rc = fetch(r, run_dir, json_string_value(json_object_get(out, "id")), file);
    if (rc == 0 && r->json)
        json_dumpf(out, stdout, JSON_COMPACT);
    if (rc == 0 && r->json)
        putchar('\n');
    else if (rc == 0)
        printf("%s: %lld entries of the period, %lld bytes; SHA-256 of its manifest: %s\nCheck it: custos-verify %s\n", file,
               (long long)json_integer_value(json_object_get(d, "entries")), (long long)json_integer_value(json_object_get(d, "bytes")),
               json_string_value(json_object_get(d, "manifest")), file);
    json_decref(out);
    return rc;
}

const cu_verb cu_verb_export = {
    .name = "export", .group = "prove", .operands = "", .run = run, .formats = "text|json",
    .summary = "write the bundle that an auditor checks without us",
    .details = "One file (tar and zstd) with the entries of the period, the signed checkpoints and hashes of the whole log, proofs, the populations and samples of "
               "the period, time stamps and counts. custos-verify checks it; docs/auditor.md shows how to do it without any program of ours. A tenant's bundle "
               "holds nothing of another tenant. An entry records that it was made.",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"},
                {"from", "TIME", "beginning of the period: 2026-10-01 or 2026-10-01T00:00:00Z"}, {"to", "TIME", "its end, which is not part of it"},
                {"tenant", "NAME", "one tenant's log, or org; the organisation and all tenants otherwise"}, {"out", "FILE", "the bundle"}},
};
