/* Whether what was restored is whole. */
#include <stdio.h>
#include <unistd.h>
#include <dirent.h>
#include <errno.h>
#include "backup/backup.h"
#include "ledger/log.h"
#include "store/store.h"

typedef struct {
    cu_store *store;
    cu_bytes log;
} taking;

static cu_err take(void *arg, uint64_t index, cu_bytes leaf, const cu_sha256 *hash)
{
    taking *t = arg;
    return cu_store_take(t->store, t->log, index, leaf);
}

/* One log into the projections, from its beginning. */
static cu_err project(cu_store *s, const char *log_dir, const char *name, uint64_t *entries, cu_fault *f)
{
    char path[4400];
    cu_log *l;
    cu_checkpoint cp;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    taking t = {s, cu_str(name)};
    snprintf(path, sizeof path, "%.4200s/%s/checkpoint", log_dir, name);
    if (access(path, F_OK) != 0)
        return CU_OK;
    *strrchr(path, '/') = 0;
    CU_TRY(cu_log_open(path, &l, f));
    cu_err e = cu_log_checkpoint(l, &cp, &note, f);
    if (e == CU_OK)
        e = cu_log_each(l, 0, cp.size, take, &t, f);
    cu_log_close(l);
    if (e == CU_OK && cu_store_delivered(s, t.log) != cp.size)
        e = cu_fail(f, CU_CORRUPT, "the projections have %llu entries of log %s, which has %llu", (unsigned long long)cu_store_delivered(s, t.log), name,
                    (unsigned long long)cp.size);
    *entries += cp.size;
    return e;
}

static cu_err project_all(cu_store *s, const char *log_dir, uint64_t *entries, cu_fault *f)
{
    char path[4300], name[72];
    CU_TRY(project(s, log_dir, "anchor", entries, f));
    CU_TRY(project(s, log_dir, "org", entries, f));
    snprintf(path, sizeof path, "%.4200s/t", log_dir);
    DIR *d = opendir(path);
    cu_err e = CU_OK;
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        if (en->d_name[0] == '.' || strlen(en->d_name) > 63)
            continue;
        snprintf(name, sizeof name, "t/%.63s", en->d_name);
        e = project(s, log_dir, name, entries, f);
    }
    if (d)
        closedir(d);
    return e;
}

static cu_err verify(const char *log_dir, cu_fault *f)
{
    cu_verify_report report;
    cu_buf text CU_CLEAN_BUF = CU_BUF(16u << 20), json CU_CLEAN_BUF = CU_BUF(16u << 20);
    CU_TRY(cu_verify_dir(log_dir, NULL, &text, &json, &report, f));
    return report.broken ? CU_CORRUPT : CU_OK;
}

cu_err cu_backup_check(const char *dir, const cu_backup_report *of, cu_fault *f)
{
    char log_dir[4300], path[4300];
    uint64_t entries = 0;
    cu_store *s;
    snprintf(log_dir, sizeof log_dir, "%.4200s/log", dir);
    snprintf(path, sizeof path, "%.4200s/store.db", dir);
    CU_TRY(verify(log_dir, f));
    CU_TRY(cu_store_open(path, &s, f));
    cu_err e = cu_store_begin(s);
    if (e == CU_OK)
        e = project_all(s, log_dir, &entries, f);
    cu_err end = cu_store_end(s);
    cu_store_close(s);
    if (e != CU_OK || end != CU_OK)
        return e != CU_OK ? e : end;
    if (entries != of->entries)
        return cu_fail(f, CU_CORRUPT, "the logs have %llu entries, and the backup says %llu", (unsigned long long)entries, (unsigned long long)of->entries);
    return CU_OK;
}
