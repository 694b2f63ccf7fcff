/* The sealed log through the API: checkpoints, keys, entries, proofs; bytes as they are on disk. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "limited.h"
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

bool read_index(const char *s, uint64_t *out)
{
    char *end;
    if (!s || *s < '0' || *s > '9' || strlen(s) > 15)
        return false;
    *out = strtoull(s, &end, 10);
    return *end == 0;
}

unsigned log_folder(call *c, char out[80])
{
    const char *name = c->args[0];
    if (!known_log(c->a, name, strlen(name)) || !limit_log(c, name))
        return problem(c, 404, "Unknown log", "Known are org, anchor and t:TENANT.");
    bool tenant = strncmp(name, "t:", 2) == 0;
    snprintf(out, 80, "%s%.70s", tenant ? "t/" : "", name + (tenant ? 2 : 0));
    return 0;
}

static unsigned not_there(call *c, cu_err e, const cu_fault *f)
{
    return problem(c, e == CU_NOT_FOUND ? 404 : 500, "Not in the log", "%s", f->code ? f->text : cu_err_text(e));
}

/* The log itself, and its folder. */
static unsigned open_log(call *c, char dir[4300], cu_log **l)
{
    char folder[80];
    cu_fault f = {0};
    unsigned status = log_folder(c, folder);
    if (status)
        return status;
    snprintf(dir, 4300, "%s/%s", c->a->config->log_dir, folder);
    return cu_log_open(dir, l, &f) == CU_OK ? 0 : problem(c, 404, "Nothing is sealed yet", "%s", f.text);
}

unsigned answer_log_checkpoint(call *c)
{
    char dir[4300];
    cu_log *l;
    cu_fault f = {0};
    cu_checkpoint cp;
    unsigned status = open_log(c, dir, &l);
    if (status)
        return status;
    cu_err e = cu_log_checkpoint(l, &cp, c->out, &f);
    cu_log_close(l);
    c->type = "text/plain; charset=utf-8";
    return e == CU_OK ? 200 : not_there(c, e, &f);
}

unsigned answer_log_vkey(call *c)
{
    char folder[80], path[4400];
    const cu_fault none = {0};
    unsigned status = log_folder(c, folder);
    if (status)
        return status;
    snprintf(path, sizeof path, "%s/%s/vkey", c->a->config->log_dir, folder);
    cu_err e = cu_file_read(AT_FDCWD, path, c->out);
    c->type = "text/plain; charset=utf-8";
    return e == CU_OK ? 200 : not_there(c, e, &none);
}

static unsigned no_number(call *c)
{
    return problem(c, 404, "Not in the log", "An entry has a number from 0.");
}

/* Whether an entry is of the caller's window. */
static bool in_window(const call *c, cu_log *l, uint64_t index)
{
    char at[CU_TIME_LEN];
    cu_leaf leaf;
    cu_fault f;
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    if (!limited(c))
        return true;
    if (cu_log_entry(l, index, &b, &f) != CU_OK || cu_leaf_parse(cu_buf_view(&b), &leaf) != CU_OK)
        return false;
    snprintf(at, sizeof at, "%.*s", leaf.ts.n < sizeof at ? (int)leaf.ts.n : 0, (const char *)leaf.ts.p);
    return limit_time(c, at);
}

unsigned answer_log_entry(call *c)
{
    char dir[4300];
    cu_log *l;
    cu_fault f = {0};
    uint64_t index;
    unsigned status = open_log(c, dir, &l);
    if (status)
        return status;
    bool number = read_index(c->args[1], &index);
    cu_err e = number && in_window(c, l, index) ? cu_log_entry(l, index, c->out, &f) : CU_NOT_FOUND;
    cu_log_close(l);
    return e == CU_OK ? 200 : number ? not_there(c, e, &f) : no_number(c);
}

unsigned answer_log_proof(call *c)
{
    char dir[4300];
    cu_log *l;
    cu_fault f = {0};
    uint64_t index = 0;
    unsigned status = open_log(c, dir, &l);
    if (status)
        return status;
    bool number = read_index(c->query(c->query_arg, "index"), &index);
    cu_err e = number && in_window(c, l, index) ? cu_log_proof(l, index, c->out, &f) : CU_NOT_FOUND;
    cu_log_close(l);
    if (e != CU_OK)
        return number ? not_there(c, e, &f) : no_number(c);
    c->type = "text/plain; charset=utf-8";
    snprintf(c->disposition, sizeof c->disposition, "attachment; filename=\"entry-%llu.tlog-proof\"", (unsigned long long)index);
    return 200;
}
