#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/ids.h"

#define PART ((size_t)256 << 10) /* bytes */

void cu_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

cu_err cu_errno_err(int e)
{
    switch (e) {
    case 0: return CU_OK;
    case ENOSPC:
    case EDQUOT: return CU_NOSPC;
    case ENOENT:
    case ENOTDIR: return CU_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS: return CU_DENIED;
    case EEXIST: return CU_EXISTS;
    case ENOMEM: return CU_NOMEM;
    case ETIMEDOUT: return CU_TIMEOUT;
    default: return CU_IO;
    }
}

cu_err cu_file_read(int dirfd, const char *path, cu_buf *out)
{
    int fd CU_CLEAN_FD = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cu_errno_err(errno);
    for (;;) {
        size_t room = out->ceiling - out->n;
        size_t want = room < 65536 ? room + 1 : 65536;
        uint8_t block[65536];
        ssize_t got = read(fd, block, want > sizeof block ? sizeof block : want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cu_errno_err(errno);
        if (got == 0)
            return cu_buf_err(out);
        cu_buf_put(out, block, (size_t)got);
        CU_TRY(cu_buf_err(out));
    }
}

cu_err cu_write_all(int fd, cu_bytes content)
{
    while (content.n) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cu_errno_err(errno);
        content = cu_slice(content, (size_t)n, content.n);
    }
    return CU_OK;
}

cu_err cu_file_settle(int fd, uint64_t from, uint64_t n)
{
    if (sync_file_range(fd, (off_t)from, (off_t)n, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) == 0)
        return CU_OK;
    /* a file system that cannot: the fsync that follows does it */
    return errno == ENOSYS || errno == EINVAL || errno == ESPIPE || errno == EOPNOTSUPP ? CU_OK : cu_errno_err(errno);
}

cu_err cu_file_sync_name(int dirfd, const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == path)
        snprintf(dir, sizeof dir, "/");
    else if (slash)
        snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    else
        snprintf(dir, sizeof dir, ".");
    int fd CU_CLEAN_FD = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return cu_errno_err(errno);
    return CU_OK;
}

static cu_err write_synced(int dirfd, const char *path, cu_bytes content, mode_t mode)
{
    int fd CU_CLEAN_FD = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return cu_errno_err(errno);
    if (fchmod(fd, mode) != 0)
        return cu_errno_err(errno);
    for (size_t at = 0, n; at < content.n; at += n) {
        n = content.n - at < PART ? content.n - at : PART;
        CU_TRY(cu_write_all(fd, cu_slice(content, at, at + n)));
        if (content.n > PART)
            CU_TRY(cu_file_settle(fd, at, n));
    }
    return fsync(fd) == 0 ? CU_OK : cu_errno_err(errno);
}

cu_err cu_file_put(int dirfd, const char *path, cu_bytes content, mode_t mode)
{
    char tmp[PATH_MAX], id[CU_ID_LEN];
    cu_id_new(id);
    if ((size_t)snprintf(tmp, sizeof tmp, "%s.%s.tmp", path, id) >= sizeof tmp)
        return CU_TOO_BIG;
    cu_err e = write_synced(dirfd, tmp, content, mode);
    if (e == CU_OK && renameat(dirfd, tmp, dirfd, path) != 0)
        e = cu_errno_err(errno);
    if (e != CU_OK)
        unlinkat(dirfd, tmp, 0);
    return e;
}

cu_err cu_file_replace(int dirfd, const char *path, cu_bytes content, mode_t mode)
{
    CU_TRY(cu_file_put(dirfd, path, content, mode));
    return cu_file_sync_name(dirfd, path);
}

cu_err cu_mkdirs(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return CU_TOO_BIG;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, mode) != 0 && errno != EEXIST)
            return cu_errno_err(errno);
    }
    struct stat st;
    if (stat(path, &st) != 0)
        return cu_errno_err(errno);
    return S_ISDIR(st.st_mode) ? CU_OK : CU_EXISTS;
}
