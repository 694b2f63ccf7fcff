/* Writes a backup: what was frozen, then what only grows (tiles up to the frozen sizes, attestations,
 * evidence, bundles), then the list of it all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "archive.h"
#include "base/file.h"
#include "form.h"
#include "freeze.h"
#include "tiles.h"

static cu_err put_segment(archive *a, const frozen_segment *s, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(s->size + 1);
    uint8_t piece[65536];
    while (b.n < s->size) {
        size_t want = s->size - b.n < sizeof piece ? (size_t)(s->size - b.n) : sizeof piece;
        ssize_t n = pread(s->fd, piece, want, (off_t)b.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return cu_fail(f, CU_IO, "%s: %s", s->name, n < 0 ? strerror(errno) : "it became shorter");
        cu_buf_put(&b, piece, (size_t)n);
        CU_TRY(cu_buf_err(&b));
    }
    if (s->size) /* else its header is not written yet */
        archive_put(a, s->name, cu_buf_view(&b));
    return CU_OK;
}

static cu_err put_tiles(archive *a, const char *log_dir, const frozen_log *log, cu_fault *f)
{
    char path[4400], tile[TILE_PATH_MAX], name[200];
    cu_log *l;
    cu_bytes content;
    snprintf(path, sizeof path, "%.4200s/%s", log_dir, log->name);
    CU_TRY(cu_log_open(path, &l, f));
    cu_err e = CU_OK;
    for (int level = TILE_ENTRIES; e == CU_OK && tile_width(level, 0, log->size); level++)
        for (uint64_t i = 0; e == CU_OK && tile_width(level, i, log->size); i++) {
            tile_path(level, i, tile_width(level, i, log->size), tile);
            snprintf(name, sizeof name, "log/%s/%s", log->name, tile);
            e = tile_load(l, level, i, log->size, &content);
            if (e == CU_OK)
                archive_put(a, name, content);
            else
                (void)cu_fail(f, e, "%.200s of log %s: %s", tile, log->name, cu_err_text(e));
        }
    cu_log_close(l);
    return e;
}

static cu_err digest_of(int fd, uint64_t size, cu_sha256 *out)
{
    uint8_t piece[65536];
    uint64_t at = 0;
    cu_sha256_state s;
    cu_sha256_begin(&s);
    while (at < size) {
        ssize_t n = pread(fd, piece, size - at < sizeof piece ? (size_t)(size - at) : sizeof piece, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return CU_IO;
        cu_sha256_add(&s, cu_bytes_of(piece, (size_t)n));
        at += (uint64_t)n;
    }
    cu_sha256_end(&s, out);
    return CU_OK;
}

/* One that is gone meanwhile is left out. */
static cu_err put_file(archive *a, const char *path, const char *name, cu_fault *f)
{
    struct stat st;
    cu_sha256 digest;
    int fd CU_CLEAN_FD = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return CU_OK;
    if (fd < 0 || fstat(fd, &st) != 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return CU_OK;
    cu_err e = digest_of(fd, (uint64_t)st.st_size, &digest);
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s could not be read", path);
    archive_put_file(a, name, fd, (uint64_t)st.st_size, &digest);
    return CU_OK;
}

static bool wanted(const char *s, uint64_t most)
{
    bool plain = s[0] != '.' && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(s) && !strstr(s, ".tmp");
    return plain && (most == UINT64_MAX || strtoull(s, NULL, 10) <= most);
}

/* Files of a folder; most: of those named by a size, the largest one. */
static cu_err put_folder(archive *a, const char *base, const char *folder, const char *as, uint64_t most, cu_fault *f)
{
    char dir[4300], path[4700], name[200];
    snprintf(dir, sizeof dir, "%.4200s/%s", base, folder);
    DIR *d = opendir(dir);
    cu_err e = d || errno == ENOENT ? CU_OK : cu_fail(f, cu_errno_err(errno), "%.200s: %s", dir, strerror(errno));
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));) {
        if (!wanted(en->d_name, most))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, en->d_name);
        snprintf(name, sizeof name, "%s/%.99s", as, en->d_name);
        e = put_file(a, path, name, f);
    }
    if (d)
        closedir(d);
    return e;
}

static cu_err put_secrets(archive *a, const frozen *z, const backup_keys *keys)
{
    char name[FROZEN_NAME + 8];
    for (size_t i = 0; i < z->secret_n; i++) {
        cu_buf box CU_CLEAN_BUF = CU_BUF(z->secret[i].content.n + CU_SEAL_EXTRA);
        snprintf(name, sizeof name, "sealed/%s", z->secret[i].name);
        if (z->secret[i].content.n > BACKUP_SECRET_MAX)
            return CU_TOO_BIG;
        CU_TRY(cu_seal(keys->seal, cu_str(z->secret[i].name), cu_buf_view(&z->secret[i].content), &box));
        archive_put(a, name, cu_buf_view(&box));
    }
    return CU_OK;
}

/* A checkpoint is the last file of its log, as it is when the log is written. */
static cu_err put_growing(archive *a, const cu_backup_with *with, const frozen *z, cu_fault *f)
{
    uint64_t anchor = 0;
    for (size_t i = 0; i < z->logs_n; i++) {
        CU_TRY(put_tiles(a, with->log_dir, &z->logs[i], f));
        if (strcmp(z->logs[i].name, "anchor") == 0)
            anchor = z->logs[i].size;
    }
    CU_TRY(put_folder(a, with->log_dir, "anchor/cosigned", "log/anchor/cosigned", anchor, f));
    CU_TRY(put_folder(a, with->log_dir, "anchor/timestamps", "log/anchor/timestamps", anchor, f));
    CU_TRY(put_folder(a, with->state_dir, "evidence/populations", "evidence/populations", UINT64_MAX, f));
    CU_TRY(put_folder(a, with->state_dir, "evidence/samples", "evidence/samples", UINT64_MAX, f));
    CU_TRY(put_folder(a, with->state_dir, "questionnaires", "questionnaires", UINT64_MAX, f));
    return put_folder(a, with->state_dir, "bundles", "bundles", UINT64_MAX, f);
}

static cu_err put_all(archive *a, const cu_backup_with *with, const frozen *z, const backup_head *h, const backup_keys *keys, cu_fault *f)
{
    char hex[65];
    cu_buf head CU_CLEAN_BUF = CU_BUF(BACKUP_HEAD_MAX);
    backup_head_text(h, &head);
    CU_TRY(cu_buf_err(&head));
    archive_put(a, "backup.json", cu_buf_view(&head));
    for (size_t i = 0; i < z->segments_n; i++)
        CU_TRY(put_segment(a, &z->segments[i], f));
    for (size_t i = 0; i < z->plain_n; i++)
        archive_put(a, z->plain[i].name, cu_buf_view(&z->plain[i].content));
    CU_TRY(put_growing(a, with, z, f));
    if (!h->secrets)
        return CU_OK;
    CU_TRY(put_secrets(a, z, keys));
    backup_authentic(keys, archive_manifest_so_far(a), hex);
    archive_put(a, "authentic", cu_str(hex));
    return CU_OK;
}

static cu_err write_frozen(const cu_backup_with *with, const frozen *z, int fd, cu_backup_report *out, cu_fault *f)
{
    archive *a;
    backup_keys keys = {0};
    backup_head h = {.entries = z->entries, .secrets = with->passphrase.n != 0};
    cu_time_text(cu_now_ns(), h.made);
    if (h.secrets) {
        cu_random(h.salt, sizeof h.salt);
        CU_TRY(backup_keys_derive(with->passphrase, h.salt, &keys));
    }
    cu_err e = archive_new(fd, 0, &a);
    if (e == CU_OK && (e = put_all(a, with, z, &h, &keys, f)) != CU_OK)
        archive_drop(a);
    else if (e == CU_OK) {
        out->members = archive_files(a);
        e = archive_end(a, &out->bytes, &out->manifest);
    }
    cu_wipe(&keys, sizeof keys);
    out->entries = h.entries;
    out->secrets = h.secrets;
    memcpy(out->made, h.made, sizeof out->made);
    return e;
}

cu_err cu_backup_make(const cu_backup_with *with, int fd, cu_backup_report *out, cu_fault *f)
{
    frozen z;
    *out = (cu_backup_report){0};
    if (f)
        *f = (cu_fault){0};
    if (with->passphrase.n && (with->passphrase.n < CU_BACKUP_PASSPHRASE_MIN || with->passphrase.n > CU_BACKUP_PASSPHRASE_MAX))
        return cu_fail(f, CU_CONFIG, "a passphrase has %u to %u bytes", CU_BACKUP_PASSPHRASE_MIN, CU_BACKUP_PASSPHRASE_MAX);
    cu_err e = freeze(with, &z, f);
    if (e == CU_OK)
        e = write_frozen(with, &z, fd, out, f);
    frozen_free(&z);
    if (e == CU_OK && fsync(fd) != 0 && errno != EINVAL)
        e = cu_errno_err(errno);
    return e == CU_OK || (f && f->code) ? e : cu_fail(f, e, "the backup could not be written: %s", cu_err_text(e));
}
