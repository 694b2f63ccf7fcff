/* The sealed log through the API: checkpoints, keys, entries, proofs; bytes as they are on disk. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "app.h"
#include "base/file.h"

static bool known_log(const app *a, const char *name, size_t n)
{
    if ((n == 3 && strncmp(name, "org", 3) == 0) || (n == 6 && strncmp(name, "anchor", 6) == 0))
        return true;
    for (size_t i = 0; i < a->config->tenants_n + CU_PROBE_TENANTS; i++)
        if (n == strlen(a->config->tenants[i].name) + 2 && strncmp(name, "t:", 2) == 0 &&
            strncmp(name + 2, a->config->tenants[i].name, n - 2) == 0)
            return true;
    return false;
}

static bool to_index(const char *s, uint64_t *out)
{
    char *end;
    if (!s || *s < '0' || *s > '9' || strlen(s) > 15)
        return false;
    *out = strtoull(s, &end, 10);
    return *end == 0;
}

static unsigned one_log(call *c, cu_log *l, const char *dir, const char *what)
{
    cu_fault f = {0};
    cu_checkpoint cp;
    char path[4400];
    uint64_t index;
    cu_err e = CU_NOT_FOUND;
    c->type = "text/plain; charset=utf-8";
    if (strcmp(what, "checkpoint") == 0) {
        e = cu_log_checkpoint(l, &cp, c->out, &f);
    } else if (strcmp(what, "vkey") == 0) {
        snprintf(path, sizeof path, "%s/vkey", dir);
        e = cu_file_read(AT_FDCWD, path, c->out);
    } else if (strncmp(what, "entries/", 8) == 0 && to_index(what + 8, &index)) {
        c->type = "application/json";
        e = cu_log_entry(l, index, c->out, &f);
    } else if (strcmp(what, "proof") == 0 && to_index(c->query(c->query_arg, "index"), &index)) {
        e = cu_log_proof(l, index, c->out, &f);
        snprintf(c->disposition, sizeof c->disposition, "attachment; filename=\"entry-%llu.tlog-proof\"", (unsigned long long)index);
    }
    if (e == CU_OK)
        return 200;
    c->disposition[0] = 0;
    return problem(c, e == CU_NOT_FOUND ? 404 : 500, "Not in the log", "%s", f.code ? f.text : cu_err_text(e));
}

unsigned answer_log(call *c)
{
    const char *name = c->path + strlen("/api/v1/logs");
    char dir[4300];
    cu_log *l;
    cu_fault f = {0};
    unsigned status;
    if (*name == 0)
        return answer_status(c);
    const char *slash = strchr(++name, '/');
    if (!slash || !known_log(c->a, name, (size_t)(slash - name)))
        return problem(c, 404, "Unknown log", "Known are org, anchor and t:TENANT.");
    bool tenant = strncmp(name, "t:", 2) == 0;
    snprintf(dir, sizeof dir, "%s/%s%.*s", c->a->config->log_dir, tenant ? "t/" : "", (int)(slash - name) - (tenant ? 2 : 0),
             name + (tenant ? 2 : 0));
    if (answer_entries(c, dir + strlen(c->a->config->log_dir) + 1, slash + 1, &status))
        return status;
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return problem(c, 404, "Nothing is sealed yet", "%s", f.text);
    status = one_log(c, l, dir, slash + 1);
    cu_log_close(l);
    return status;
}
