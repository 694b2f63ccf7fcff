#include "erasures.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "ledger/log.h"
#include "store/store.h"
#include "store/vault.h"

typedef struct {
    const char *dir;
    cu_store *store;
    cu_vault *vault;   /* NULL: restored without secrets */
    uint64_t erased;
} repeating;

/* The value of "subject": a pseudonym or the word tenant; bodies were checked when they were written. */
static bool subject_of(cu_bytes body, char out[80])
{
    static const char key[] = "\"subject\":\"";
    size_t at = cu_find(body, cu_str(key), 0), from = at + strlen(key), end = at == (size_t)-1 ? at : cu_find(body, CU_LIT("\""), from);
    if (end == (size_t)-1 || end - from >= 80 || end == from)
        return false;
    memcpy(out, body.p + from, end - from);
    out[end - from] = 0;
    return true;
}

static cu_err destroy_keys(const char *dir, const char *tenant)
{
    static const char *const kinds[] = {"kek", "tenant"};
    char path[4400];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%.4200s/keystore/%s-%.63s", dir, kinds[i], tenant);
        if (unlink(path) != 0 && errno != ENOENT)
            return CU_IO;
    }
    return CU_OK;
}

static cu_err repeat_one(void *arg, uint64_t index, cu_bytes bytes, const cu_sha256 *hash)
{
    repeating *x = arg;
    cu_leaf leaf;
    char tenant[64], subject[80];
    if (cu_leaf_parse(bytes, &leaf) != CU_OK || !cu_eq_str(leaf.type, "content.erased"))
        return CU_OK;
    if (leaf.tenant.n >= sizeof tenant || !subject_of(leaf.body, subject))
        return CU_CORRUPT;
    memcpy(tenant, leaf.tenant.p, leaf.tenant.n);
    tenant[leaf.tenant.n] = 0;
    bool all = strcmp(subject, "tenant") == 0;
    x->erased++;
    CU_TRY(cu_store_keys_forget(x->store, tenant, all ? "" : subject));
    if (x->vault)
        CU_TRY(cu_vault_destroy(x->vault, tenant, all ? NULL : subject));
    return all && x->vault ? destroy_keys(x->dir, tenant) : CU_OK;
}

static cu_err head_of(const char *folder, const char *name, cu_log **l, cu_checkpoint *cp, cu_fault *f)
{
    char path[4400];
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    snprintf(path, sizeof path, "%.4200s/%s/checkpoint", folder, name);
    if (access(path, F_OK) != 0)
        return CU_NOT_FOUND;
    *strrchr(path, '/') = 0;
    CU_TRY(cu_log_open(path, l, f));
    cu_err e = cu_log_checkpoint(*l, cp, &note, f);
    if (e != CU_OK)
        cu_log_close(*l);
    return e;
}

/* A log that the backup does not know yet has nothing that was restored. */
static cu_err repeat_log(repeating *x, const char *newer, const char *name, cu_fault *f)
{
    char own[4300];
    cu_log *old, *fresh;
    cu_checkpoint was, is;
    snprintf(own, sizeof own, "%.4200s/log", x->dir);
    cu_err e = head_of(own, name, &old, &was, f);
    if (e != CU_OK)
        return e == CU_NOT_FOUND ? CU_OK : e;
    cu_log_close(old);
    e = head_of(newer, name, &fresh, &is, f);
    if (e == CU_NOT_FOUND)
        return cu_fail(f, CU_CONFIG, "%.200s has no log %s", newer, name);
    if (e != CU_OK)
        return e;
    if (strcmp(was.origin, is.origin) != 0 || is.size < was.size)
        e = cu_fail(f, CU_CONFIG, "log %s of %.180s is not the one of the backup, later", name, newer);
    if (e == CU_OK)
        e = cu_log_each(fresh, was.size, is.size, repeat_one, x, f);
    cu_log_close(fresh);
    return e;
}

static cu_err repeat_all(repeating *x, const char *newer, cu_fault *f)
{
    char path[4300], name[72];
    CU_TRY(repeat_log(x, newer, "org", f));
    snprintf(path, sizeof path, "%.4200s/log/t", x->dir);
    DIR *d = opendir(path);
    cu_err e = CU_OK;
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        if (en->d_name[0] == '.' || strlen(en->d_name) > 63)
            continue;
        snprintf(name, sizeof name, "t/%.63s", en->d_name);
        e = repeat_log(x, newer, name, f);
    }
    if (d)
        closedir(d);
    return e;
}

cu_err erasures_repeat(const char *dir, const char *newer, uint64_t *erased, cu_fault *f)
{
    char path[4300];
    repeating x = {.dir = dir};
    snprintf(path, sizeof path, "%.4200s/store.db", dir);
    CU_TRY(cu_store_open(path, &x.store, f));
    snprintf(path, sizeof path, "%.4200s/vault.db", dir);
    cu_err e = access(path, F_OK) == 0 ? cu_vault_open(path, &x.vault, f) : CU_OK;
    if (e == CU_OK)
        e = repeat_all(&x, newer, f);
    cu_store_close(x.store);
    cu_vault_close(x.vault);
    *erased = x.erased;
    return e == CU_OK || f->code ? e : cu_fail(f, e, "the erasures of %.200s could not be done again: %s", newer, cu_err_text(e));
}
