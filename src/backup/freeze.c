#include "freeze.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/log.h"
#include "store/copy.h"

#define SMALL_MAX ((size_t)64 << 20) /* bytes of one file that is taken whole: cursors, a round being published, keys */

static frozen_file *more(frozen_file **v, size_t *n, const char *name)
{
    if (*n == FROZEN_FILES)
        return NULL;
    if ((*n & (*n - 1)) == 0) { /* at 0, 1, 2, 4, 8 … */
        frozen_file *p = realloc(*v, (*n ? 2 * *n : 1) * sizeof *p);
        if (!p)
            return NULL;
        *v = p;
    }
    frozen_file *x = &(*v)[(*n)++];
    *x = (frozen_file){.content = CU_BUF(CU_DATABASE_MAX)};
    snprintf(x->name, sizeof x->name, "%s", name);
    return x;
}

/* One file; one that is not there is no error. */
static cu_err take(const char *path, const char *name, frozen_file **v, size_t *n, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(SMALL_MAX);
    cu_err e = cu_file_read(AT_FDCWD, path, &b);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    frozen_file *x = e == CU_OK ? more(v, n, name) : NULL;
    if (e != CU_OK || !x)
        return cu_fail(f, e == CU_OK ? CU_TOO_BIG : e, "%.200s: %s%s", path, cu_err_text(e == CU_OK ? CU_TOO_BIG : e),
                       e == CU_DENIED ? "; a backup is made by the user that Custos runs as (root, where it was started by root)" : "");
    cu_buf_add(&x->content, cu_buf_view(&b));
    return cu_buf_err(&x->content);
}

static bool plain_name(const char *s)
{
    return s[0] != '.' && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(s) && !strstr(s, ".tmp");
}

/* The files of a folder of the state, not of what is below. */
static cu_err take_folder(const char *state, const char *folder, frozen_file **v, size_t *n, cu_fault *f)
{
    char dir[4300], path[4600], name[FROZEN_NAME];
    snprintf(dir, sizeof dir, "%.4200s/%s", state, folder);
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT ? CU_OK
                               : cu_fail(f, cu_errno_err(errno), "%.200s: %s; a backup is made by the user that Custos runs as (root, where it was started by root)",
                                         dir, strerror(errno));
    cu_err e = CU_OK;
    for (struct dirent *en; e == CU_OK && (en = readdir(d));) {
        if (en->d_type == DT_DIR || !plain_name(en->d_name))
            continue;
        if ((size_t)snprintf(name, sizeof name, "%s/%s", folder, en->d_name) >= sizeof name)
            e = cu_fail(f, CU_TOO_BIG, "%.200s: the name %.80s is too long", dir, en->d_name);
        snprintf(path, sizeof path, "%s/%s", dir, en->d_name);
        if (e == CU_OK)
            e = take(path, name, v, n, f);
    }
    closedir(d);
    return e;
}

/* --- spool --- */

static cu_err measure(int dirfd, const char *name, uint64_t *size, cu_fault *f)
{
    cu_spool_cursor at = {0};
    unsigned batches = 1;
    cu_buf b CU_CLEAN_BUF = CU_BUF(8 * CU_SPOOL_BATCH_MAX);
    while (batches) {
        cu_buf_reset(&b);
        CU_TRY(cu_spool_read(dirfd, name, &at, &b, &batches, f));
    }
    *size = at.at;
    return CU_OK;
}

static cu_err take_segment(frozen *z, int dirfd, const char *name, cu_fault *f)
{
    frozen_segment *s = &z->segments[z->segments_n];
    if (z->segments_n == FROZEN_SEGMENTS)
        return cu_fail(f, CU_TOO_BIG, "there are more than %u spool segments that are not sealed yet; see custos status", FROZEN_SEGMENTS);
    *s = (frozen_segment){.fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC)};
    if (s->fd < 0) /* sealed and given up meanwhile */
        return errno == ENOENT ? CU_OK : cu_fail(f, cu_errno_err(errno), "spool segment %.90s: %s", name, strerror(errno));
    z->segments_n++;
    snprintf(s->name, sizeof s->name, "spool/%.90s", name);
    return measure(dirfd, name, &s->size, f);
}

/* Names first: a writer begins a segment when the one before is finished. */
static cu_err take_spool(frozen *z, const char *state, cu_fault *f)
{
    char path[4300], (*names)[FROZEN_NAME] = calloc(FROZEN_SEGMENTS + 1, sizeof *names);
    size_t n = 0;
    snprintf(path, sizeof path, "%.4200s/spool", state);
    int fd CU_CLEAN_FD = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = names ? opendir(path) : NULL;
    z->segments = calloc(FROZEN_SEGMENTS, sizeof *z->segments);
    cu_err e = fd >= 0 && d ? CU_OK : cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    if (!z->segments)
        e = CU_NOMEM;
    for (struct dirent *en; e == CU_OK && n <= FROZEN_SEGMENTS && (en = readdir(d));) {
        size_t len = strlen(en->d_name);
        if (len > 4 && len < 90 && strcmp(en->d_name + len - 4, ".seg") == 0)
            snprintf(names[n++], FROZEN_NAME, "%.90s", en->d_name);
    }
    for (size_t i = 0; i < n && e == CU_OK; i++)
        e = take_segment(z, fd, names[i], f);
    if (d)
        closedir(d);
    free(names);
    return e;
}

/* --- heads of the logs --- */

static cu_err take_head(frozen *z, const char *log_dir, const char *log, cu_fault *f)
{
    static const char *const files[] = {"vkey", "vkeys", "checkpoint"};
    char path[4400], name[FROZEN_NAME];
    cu_log *l;
    cu_checkpoint cp;
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    if (z->logs_n == FROZEN_LOGS)
        return cu_fail(f, CU_TOO_BIG, "there are more than %u logs", FROZEN_LOGS);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%.4200s/%s/%s", log_dir, log, files[i]);
        snprintf(name, sizeof name, "log/%s/%s", log, files[i]);
        CU_TRY(take(path, name, &z->plain, &z->plain_n, f));
    }
    if (access(path, F_OK) != 0) /* nothing is published yet */
        return CU_OK;
    snprintf(path, sizeof path, "%.4200s/%s", log_dir, log);
    CU_TRY(cu_log_open(path, &l, f));
    cu_err e = cu_log_checkpoint(l, &cp, &note, f);
    cu_log_close(l);
    if (e != CU_OK)
        return e;
    snprintf(z->logs[z->logs_n].name, sizeof z->logs->name, "%s", log);
    z->logs[z->logs_n++].size = cp.size;
    z->entries += cp.size;
    return CU_OK;
}

static cu_err take_heads(frozen *z, const char *log_dir, cu_fault *f)
{
    static const char *const files[] = {"cursors", "stage"};
    char path[4400], name[FROZEN_NAME];
    z->logs = calloc(FROZEN_LOGS, sizeof *z->logs);
    if (!z->logs)
        return CU_NOMEM;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%.4200s/%s", log_dir, files[i]);
        snprintf(name, sizeof name, "log/%s", files[i]);
        CU_TRY(take(path, name, &z->plain, &z->plain_n, f));
    }
    CU_TRY(take_head(z, log_dir, "anchor", f));
    CU_TRY(take_head(z, log_dir, "org", f));
    snprintf(path, sizeof path, "%.4200s/t", log_dir);
    DIR *d = opendir(path);
    cu_err e = CU_OK;
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        if (!plain_name(en->d_name) || strlen(en->d_name) > 63)
            continue;
        snprintf(name, sizeof name, "t/%.63s", en->d_name);
        e = take_head(z, log_dir, name, f);
    }
    if (d)
        closedir(d);
    return e;
}

/* What must be from the moment in which nothing is being published and the register stands still. */
static cu_err take_moment(const cu_backup_with *with, frozen *z, cu_fault *f)
{
    char path[4300];
    CU_TRY(take_spool(z, with->state_dir, f));
    CU_TRY(take_heads(z, with->log_dir, f));
    snprintf(path, sizeof path, "%.4200s/origin", with->state_dir);
    CU_TRY(take(path, "origin", &z->plain, &z->plain_n, f));
    if (!with->passphrase.n)
        return CU_OK;
    CU_TRY(take_folder(with->state_dir, "keystore", &z->secret, &z->secret_n, f));
    if (!with->no_signer)
        CU_TRY(take_folder(with->state_dir, "signer", &z->secret, &z->secret_n, f));
    snprintf(path, sizeof path, "%.4200s/vault.db", with->state_dir);
    frozen_file *vault = more(&z->secret, &z->secret_n, "vault.db");
    cu_err e = vault ? cu_database_copy(path, &vault->content, f) : CU_NOMEM;
    if (e == CU_NOT_FOUND) {
        z->secret_n--;
        e = CU_OK;
    }
    return e;
}

cu_err freeze(const cu_backup_with *with, frozen *out, cu_fault *f)
{
    char path[4300];
    cu_store_hold *hold;
    *out = (frozen){0};
    snprintf(path, sizeof path, "%.4200s/store.db", with->state_dir);
    CU_TRY(cu_store_hold_begin(path, &hold, f));
    cu_err e = take_moment(with, out, f);
    cu_store_hold_release(hold);
    frozen_file *store = e == CU_OK ? more(&out->plain, &out->plain_n, "store.db") : NULL;
    if (e == CU_OK)
        e = store ? cu_store_hold_copy(hold, &store->content) : CU_NOMEM;
    cu_store_hold_free(hold);
    return e;
}

void frozen_free(frozen *z)
{
    for (size_t i = 0; i < z->plain_n; i++)
        cu_buf_free(&z->plain[i].content);
    for (size_t i = 0; i < z->secret_n; i++)
        cu_buf_free(&z->secret[i].content);
    for (size_t i = 0; i < z->segments_n; i++)
        cu_close_fd(&z->segments[i].fd);
    free(z->plain);
    free(z->secret);
    free(z->segments);
    free(z->logs);
    *z = (frozen){0};
}
