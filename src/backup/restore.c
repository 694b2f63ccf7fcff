/* Reads a backup into a new folder. Every byte of the file is somebody else's until the list at its end, and
 * with a passphrase the keyed digest of that list, have been held against what was read. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "erasures.h"
#include "form.h"
#include "stream.h"

#define SEALED "sealed/"
#define GROWTH 200u              /* how many times the file's size its members may have, beyond … */
#define GROWTH_FREE (64ull << 20) /* … this many bytes */

typedef struct {
    const cu_restore_with *with;
    const char *dir;            /* being filled */
    stream *in;
    backup_head head;
    backup_keys keys;
    bool authentic, ended;
    uint64_t bytes, most;
} reading;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    return remove(path);
}

static void drop_tree(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What a backup may hold; a name from elsewhere is none of ours. */
static bool known_place(const char *name)
{
    static const char *const places[] = {"spool/", "log/", "evidence/populations/", "evidence/samples/", "questionnaires/", "bundles/"};
    static const char *const files[] = {"origin", "store.db"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(name, places[i], strlen(places[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(name, files[i]) == 0)
            return true;
    return false;
}

static bool known_secret(const char *name)
{
    return strncmp(name, "keystore/", 9) == 0 || strncmp(name, "signer/", 7) == 0 || strcmp(name, "vault.db") == 0;
}

static cu_err create(const reading *r, const char *name, mode_t mode, int *fd, cu_fault *f)
{
    char path[4400];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", r->dir, name) >= sizeof path)
        return cu_fail(f, CU_TOO_BIG, "the path of %.99s is too long", name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    cu_err e = cu_mkdirs(path, strncmp(name, "log/", 4) == 0 ? 0755 : 0700);
    *slash = '/';
    *fd = e == CU_OK ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode) : -1;
    if (*fd >= 0)
        return CU_OK;
    int was = errno;
    if (was == EEXIST || was == EISDIR || was == ENOTDIR)
        return cu_fail(f, CU_DUPLICATE, "the backup has %.99s twice, or a file where it has a folder", name);
    return cu_fail(f, e == CU_OK ? cu_errno_err(was) : e, "%.99s cannot be made: %s", name, strerror(was));
}

static cu_err take_plain(reading *r, const char *name, cu_fault *f)
{
    int fd CU_CLEAN_FD = -1;
    CU_TRY(create(r, name, strncmp(name, "log/", 4) == 0 ? 0644 : 0600, &fd, f));
    return stream_copy(r->in, fd, NULL, f);
}

static cu_err give_to_signer(const reading *r, const char *name, int fd, cu_fault *f)
{
    char path[4400];
    uid_t uid = r->with->signer_uid;
    if (strncmp(name, "signer/", 7) != 0 || uid == 0 || getuid() != 0)
        return CU_OK;
    snprintf(path, sizeof path, "%.4200s/signer", r->dir);
    return fchown(fd, uid, uid) == 0 && chown(path, uid, uid) == 0 ? CU_OK : cu_fail(f, cu_errno_err(errno), "%.99s cannot be given to the signer: %s", name, strerror(errno));
}

static cu_err take_secret(reading *r, const char *name, uint64_t size, cu_fault *f)
{
    int fd CU_CLEAN_FD = -1;
    if (!r->head.secrets)
        return cu_fail(f, CU_SYNTAX, "the backup has %.99s, though it says that it has no secrets", name);
    if (r->with->without_secrets)
        return stream_skip(r->in, NULL, f);
    if (size > BACKUP_SECRET_MAX + CU_SEAL_EXTRA)
        return cu_fail(f, CU_TOO_BIG, "%.99s is larger than it can be", name);
    cu_buf box CU_CLEAN_BUF = CU_BUF((size_t)size), text CU_CLEAN_BUF = CU_BUF((size_t)size + 1);
    CU_TRY(stream_member(r->in, &box, NULL, f));
    const char *inner = name + strlen(SEALED);
    if (cu_unseal(r->keys.seal, cu_str(inner), cu_buf_view(&box), &text) != CU_OK)
        return cu_fail(f, CU_DENIED, "%.99s does not open: the passphrase is not the one that the backup was made with, or the file was altered", name);
    CU_TRY(create(r, inner, 0600, &fd, f));
    cu_err e = cu_write_all(fd, cu_buf_view(&text));
    return e == CU_OK ? give_to_signer(r, inner, fd, f) : cu_fail(f, e, "%.99s cannot be written: %s", inner, cu_err_text(e));
}

static cu_err take_head(reading *r, const char *name, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(BACKUP_HEAD_MAX);
    if (strcmp(name, "backup.json") != 0)
        return cu_fail(f, CU_SYNTAX, "this is no backup: it does not begin with backup.json");
    CU_TRY(stream_member(r->in, &b, NULL, f));
    if (backup_head_parse(cu_buf_view(&b), &r->head) != CU_OK)
        return cu_fail(f, CU_SYNTAX, "backup.json is not what this version of Custos writes");
    if (!r->head.secrets || r->with->without_secrets)
        return CU_OK;
    if (!r->with->passphrase.n)
        return cu_fail(f, CU_CONFIG, "the backup has secrets under a passphrase: give it (--passphrase-file), or leave them out (--without-secrets): then the log "
                                     "can be read and verified, and not continued");
    return backup_keys_derive(r->with->passphrase, r->head.salt, &r->keys);
}

static cu_err take_authentic(reading *r, cu_fault *f)
{
    char want[65];
    cu_buf b CU_CLEAN_BUF = CU_BUF(64);
    backup_authentic(&r->keys, stream_manifest_so_far(r->in), want);
    CU_TRY(stream_member(r->in, &b, NULL, f));
    r->authentic = true;
    if (r->with->without_secrets)
        return CU_OK;
    return b.n == 64 && cu_equal_ct(b.p, want, 64) ? CU_OK
                                                   : cu_fail(f, CU_SIGNATURE, "the members are not those that were written with this passphrase: the backup was altered");
}

static cu_err take_manifest(reading *r, uint64_t size, cu_backup_report *out, cu_fault *f)
{
    cu_bytes want;
    cu_buf b CU_CLEAN_BUF = CU_BUF(EXPORT_MANIFEST_MAX);
    out->members = stream_members(r->in);
    CU_TRY(stream_manifest(r->in, &want));
    if (size != want.n)
        return cu_fail(f, CU_CORRUPT, "manifest.json is not the list of what the backup holds: it was altered or something is missing");
    /* its own line is added behind what `want` shows, so compare against a copy */
    cu_buf copy CU_CLEAN_BUF = CU_BUF(EXPORT_MANIFEST_MAX);
    cu_buf_add(&copy, want);
    CU_TRY(cu_buf_err(&copy));
    CU_TRY(stream_member(r->in, &b, NULL, f));
    if (!cu_eq(cu_buf_view(&b), cu_buf_view(&copy)))
        return cu_fail(f, CU_CORRUPT, "manifest.json is not the list of what the backup holds: it was altered or something is missing");
    cu_sha256_of(cu_buf_view(&b), &out->manifest);
    r->ended = true;
    return CU_OK;
}

static cu_err take_member(reading *r, const char *name, uint64_t size, cu_backup_report *out, cu_fault *f)
{
    r->bytes += size;
    if (r->bytes > r->most)
        return cu_fail(f, CU_TOO_BIG, "%.99s: the backup unpacks to more than %u times its size", name, GROWTH);
    if (r->ended || (r->authentic && strcmp(name, "manifest.json") != 0))
        return cu_fail(f, CU_SYNTAX, "%.99s stands behind the end of the backup", name);
    if (stream_members(r->in) == 0)
        return take_head(r, name, f);
    if (stream_members(r->in) == BACKUP_MEMBERS_MAX)
        return cu_fail(f, CU_TOO_BIG, "the backup has more than %u members", BACKUP_MEMBERS_MAX);
    if (strcmp(name, "manifest.json") == 0)
        return take_manifest(r, size, out, f);
    if (strcmp(name, "authentic") == 0 && r->head.secrets)
        return take_authentic(r, f);
    if (strncmp(name, SEALED, strlen(SEALED)) == 0 && known_secret(name + strlen(SEALED)))
        return take_secret(r, name, size, f);
    return known_place(name) ? take_plain(r, name, f) : cu_fail(f, CU_SYNTAX, "%.99s has no place in a backup", name);
}

static cu_err read_all(reading *r, cu_backup_report *out, cu_fault *f)
{
    char name[EXPORT_NAME_MAX + 1];
    uint64_t size;
    cu_err e;
    while ((e = stream_next(r->in, name, &size, f)) == CU_OK)
        CU_TRY(take_member(r, name, size, out, f));
    if (e != CU_NOT_FOUND)
        return e;
    if (!r->ended || (r->head.secrets && !r->authentic))
        return cu_fail(f, CU_TORN, "the backup ends without %s: it is incomplete", r->ended ? "its keyed digest" : "manifest.json");
    out->entries = r->head.entries;
    out->secrets = r->head.secrets && !r->with->without_secrets;
    out->bytes = r->bytes;
    memcpy(out->made, r->head.made, sizeof out->made);
    return CU_OK;
}

/* The first start in the folder reads this, and says it in the log. */
static cu_err leave_note(const reading *r, const cu_backup_report *out)
{
    char path[4400], hex[65];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    cu_hex(hex, out->manifest.b, sizeof out->manifest.b);
    cu_buf_fmt(&b, "{\"entries\":%llu,\"erased\":%llu,\"made\":\"%s\",\"manifest\":\"%s\",\"secrets\":%s}", (unsigned long long)out->entries,
               (unsigned long long)out->erased, out->made, hex, out->secrets ? "true" : "false");
    snprintf(path, sizeof path, "%.4200s/restored.json", r->dir);
    CU_TRY(cu_buf_err(&b));
    return cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0600);
}

static cu_err into_place(const char *dir, const char *to, cu_fault *f)
{
    int fd CU_CLEAN_FD = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) != 0 || chmod(dir, 0755) != 0 || rename(dir, to) != 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", to, strerror(errno));
    return CU_OK;
}

static cu_err fill(int fd, reading *r, cu_backup_report *out, cu_fault *f)
{
    cu_err e = stream_open(fd, CU_NONE, &r->in);
    if (e == CU_OK)
        e = read_all(r, out, f);
    stream_close(r->in);
    cu_wipe(&r->keys, sizeof r->keys);
    if (e == CU_OK && r->with->erasures_from)
        e = erasures_repeat(r->dir, r->with->erasures_from, &out->erased, f);
    return e == CU_OK ? leave_note(r, out) : e;
}

cu_err cu_backup_restore(int fd, const char *to, const cu_restore_with *with, cu_backup_report *out, cu_fault *f)
{
    char dir[4220], place[4200];
    *out = (cu_backup_report){0};
    *f = (cu_fault){0};
    size_t n = strlen(to);
    while (n > 1 && to[n - 1] == '/')
        n--;
    if (n == 0 || n > 4000)
        return cu_fail(f, CU_CONFIG, "a folder to restore into is needed");
    snprintf(place, sizeof place, "%.*s", (int)n, to);
    snprintf(dir, sizeof dir, "%s.partial", place);
    if (rmdir(place) != 0 && errno != ENOENT)
        return cu_fail(f, CU_EXISTS, "%.200s: %s; restore into a new or an empty folder", place, strerror(errno));
    if (mkdir(dir, 0700) != 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s%s", dir, strerror(errno), errno == EEXIST ? "; it is left of a restore that was broken off: remove it" : "");
    struct stat st;
    reading r = {.with = with, .dir = dir, .most = GROWTH_FREE + (fstat(fd, &st) == 0 ? (uint64_t)st.st_size * GROWTH : 0)};
    cu_err e = fill(fd, &r, out, f);
    if (e == CU_OK)
        e = into_place(dir, place, f);
    if (e != CU_OK)
        drop_tree(dir);
    return e == CU_OK || f->code ? e : cu_fail(f, e, "the backup could not be restored: %s", cu_err_text(e));
}
