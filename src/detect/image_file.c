/* An image on disk, mapped: what is not needed is not read, and all processes share one copy. Whoever writes
 * one replaces the file (cu_file_replace), never its bytes, so that nothing changes under a reader. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "engine.h"

#define IMAGE_MAX ((size_t)256 << 20)

/* An image is code for the matching library: whoever could write the file could run in the reader. */
static cu_err check_file(const struct stat *st, const char *path, bool own, cu_fault *f)
{
    if (!S_ISREG(st->st_mode) || (uintmax_t)st->st_size > IMAGE_MAX || st->st_size == 0)
        return cu_fail(f, CU_DENIED, "%.200s is no image of rules", path);
    if (!own && ((st->st_mode & 022) || (st->st_uid != geteuid() && st->st_uid != 0)))
        return cu_fail(f, CU_DENIED, "%.200s can be written by others; it is not read", path);
    return CU_OK;
}

cu_err cu_image_open(int dirfd, const char *path, bool own, cu_engine **out, cu_fault *f)
{
    struct stat st;
    *out = NULL;
    int fd CU_CLEAN_FD = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        cu_err e = cu_errno_err(errno);
        return cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    }
    CU_TRY(check_file(&st, path, own, f));
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, cu_err_text(cu_errno_err(errno)));
    cu_bytes file = cu_bytes_of(at, (size_t)st.st_size);
    cu_err e = cu_image_decode(file, out, f);
    if (e == CU_OK)
        (*out)->mapped = file;
    else
        cu_image_close(file);
    return e;
}

void cu_image_close(cu_bytes mapped)
{
    if (mapped.p)
        munmap((void *)(uintptr_t)mapped.p, mapped.n);
}
