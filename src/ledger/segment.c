/* The pool of pre-zeroed segments. Zeroing ahead matters: writing into an extent that was only
 * allocated makes the file system journal its conversion at every commit. */
#include "segment.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/file.h"

#define OWN_SEGMENT ((uint64_t)4 << 20) /* when no ready one is at hand: quick to make */

size_t segment_padded(size_t n)
{
    return (n + SEGMENT_BLOCK - 1) / SEGMENT_BLOCK * SEGMENT_BLOCK;
}

void segment_header_digest(const segment_header *h, cu_sha256 *out)
{
    cu_sha256_of(cu_bytes_of(h, offsetof(segment_header, digest)), out);
}

void batch_digest(const batch_header *h, const cu_sha256 *leaves, cu_sha256 *out)
{
    cu_sha256_of3(cu_bytes_of(h, offsetof(batch_header, digest)), cu_bytes_of(leaves->b, sizeof leaves->b), CU_NONE, out);
}

bool batch_leaves_digest(cu_bytes payload, uint32_t count, cu_sha256 *out)
{
    cu_sha256_state all;
    size_t at = 0;
    uint32_t n = 0;
    cu_sha256_begin(&all);
    for (; payload.n - at >= 2; n++) {
        size_t length = (size_t)payload.p[at] << 8 | payload.p[at + 1];
        cu_sha256 one;
        if (length > payload.n - at - 2)
            return false;
        cu_sha256_of(cu_slice(payload, at + 2, at + 2 + length), &one);
        cu_sha256_add(&all, cu_bytes_of(one.b, sizeof one.b));
        at += 2 + length;
    }
    cu_sha256_end(&all, out);
    return at == payload.n && n == count;
}

#define SMALLEST (CU_SPOOL_BATCH_MAX + SEGMENT_BLOCK) /* a full batch must fit behind the header */

/* min(64 MiB, 1/32 of the file system), at least SMALLEST. */
static uint64_t segment_size(int dirfd)
{
    struct statvfs v;
    uint64_t size = CU_SPOOL_SEGMENT;
    if (fstatvfs(dirfd, &v) == 0 && v.f_blocks) {
        uint64_t share = (uint64_t)v.f_blocks * v.f_frsize / 32;
        size = share < size ? share : size;
    }
    size = size / SEGMENT_BLOCK * SEGMENT_BLOCK;
    return size < SMALLEST ? SMALLEST : size;
}

static cu_err write_zeros(int fd, uint64_t size)
{
    static const uint8_t zeros[256 << 10];
    for (uint64_t at = 0; at < size; at += sizeof zeros) {
        uint64_t n = size - at < sizeof zeros ? size - at : sizeof zeros;
        CU_TRY(cu_write_all(fd, cu_bytes_of(zeros, n)));
        CU_TRY(cu_file_settle(fd, at, n)); /* gateways write beside it */
    }
    return fsync(fd) == 0 ? CU_OK : cu_errno_err(errno);
}

static cu_err make_zeroed(int dirfd, const char *name, uint64_t size)
{
    char tmp[SEGMENT_NAME_MAX], id[CU_ID_LEN];
    cu_id_new(id);
    snprintf(tmp, sizeof tmp, "making.%s", id);
    int fd CU_CLEAN_FD = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
    if (fd < 0)
        return cu_errno_err(errno);
    cu_err e = fchmod(fd, 0660) == 0 ? write_zeros(fd, size) : cu_errno_err(errno);
    if (e == CU_OK && renameat(dirfd, tmp, dirfd, name) != 0)
        e = cu_errno_err(errno);
    if (e != CU_OK)
        unlinkat(dirfd, tmp, 0);
    return e;
}

static DIR *list(int dirfd)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d && fd >= 0)
        close(fd);
    return d;
}

static bool take_ready(int dirfd, const char *name)
{
    DIR *d = list(dirfd);
    bool taken = false;
    for (struct dirent *e; d && !taken && (e = readdir(d));)
        taken = strncmp(e->d_name, "ready.", 6) == 0 && renameat(dirfd, e->d_name, dirfd, name) == 0;
    if (d)
        closedir(d);
    return taken;
}

cu_err segment_take(int dirfd, const char *name, int *fd, uint64_t *size)
{
    struct stat st;
    if (!take_ready(dirfd, name))
        CU_TRY(make_zeroed(dirfd, name, OWN_SEGMENT < segment_size(dirfd) ? OWN_SEGMENT
                                                                          : segment_size(dirfd)));
    *fd = openat(dirfd, name, O_RDWR | O_DIRECT | O_CLOEXEC);
    if (*fd < 0) /* a file system without direct I/O: buffered, still RWF_DSYNC */
        *fd = openat(dirfd, name, O_RDWR | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return cu_errno_err(errno);
    *size = (uint64_t)st.st_size;
    return fsync(dirfd) == 0 ? CU_OK : cu_errno_err(errno);
}

static uint64_t reserve_of(const struct statvfs *v)
{
    uint64_t total = (uint64_t)v->f_blocks * v->f_frsize, need = (uint64_t)32 << 20;
    return total / 16 < need ? total / 16 : need;
}

uint64_t cu_spool_reserve(int dirfd)
{
    struct statvfs v;
    return fstatvfs(dirfd, &v) == 0 ? reserve_of(&v) : 0;
}

cu_err cu_spool_space(int dirfd)
{
    struct statvfs v;
    if (fstatvfs(dirfd, &v) != 0)
        return cu_errno_err(errno);
    return (uint64_t)v.f_bavail * v.f_frsize < reserve_of(&v) ? CU_NOSPC : CU_OK;
}

/* A segment that was being made when its maker was killed. */
static void drop_if_abandoned(int dirfd, const char *name)
{
    struct stat st;
    if (strncmp(name, "making.", 7) == 0 && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (uint64_t)st.st_mtim.tv_sec + 600 < cu_now_ns() / 1000000000)
        unlinkat(dirfd, name, 0);
}

cu_err cu_spool_prepare(int dirfd, unsigned *ready, cu_fault *f)
{
    DIR *d = list(dirfd);
    *ready = 0;
    if (!d)
        return cu_fail(f, cu_errno_err(errno), "the spool directory cannot be read");
    for (struct dirent *e; (e = readdir(d));) {
        *ready += strncmp(e->d_name, "ready.", 6) == 0;
        drop_if_abandoned(dirfd, e->d_name);
    }
    closedir(d);
    while (*ready < CU_SPOOL_READY) {
        char name[SEGMENT_NAME_MAX], id[CU_ID_LEN];
        CU_TRY(cu_spool_space(dirfd));
        cu_id_new(id);
        snprintf(name, sizeof name, "ready.%s", id);
        cu_err e = make_zeroed(dirfd, name, segment_size(dirfd));
        if (e != CU_OK)
            return cu_fail(f, e, "a spool segment cannot be prepared: %s", cu_err_text(e));
        ++*ready;
    }
    return CU_OK;
}
