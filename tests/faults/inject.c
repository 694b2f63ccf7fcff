#include "inject.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "ledger/signer.h"

const char *const fault_names[F_KINDS] = {"none", "SIGKILL before", "SIGKILL after", "EIO", "EIO although done", "ENOSPC", "EINTR", "short",
                                          "short, whole blocks", "delay", "EIO from here on", "ENOSPC from here on", "SIGSTOP"};
const char *const call_names[C_KINDS] = {"write", "pwritev2", "fsync", "open", "create", "rename", "unlink", "mkdir", "read", "pread", "fchmod",
                                         "faccessat", "flock", "syncfs"};
inject_shared *inject;
bool armed, in_signer, true_space;
const inject_record *recorder;
static bool failing[C_KINDS];

void inject_make(const char *file)
{
    int fd = file ? open(file, O_RDWR | O_CREAT, 0600) : -1;
    CU_ASSERT(!file || (fd >= 0 && ftruncate(fd, sizeof *inject) == 0));
    inject = mmap(NULL, sizeof *inject, PROT_READ | PROT_WRITE, MAP_SHARED | (file ? 0 : MAP_ANONYMOUS), fd, 0);
    CU_ASSERT(inject != MAP_FAILED);
    if (fd >= 0)
        close(fd);
}

void inject_clear(void)
{
    size_t used = inject->calls < CALLS_MAX ? inject->calls : CALLS_MAX;
    memset(inject->seen, 0, used * sizeof *inject->seen);
    inject->kind = F_NONE;
    inject->at = inject->second = 0;
    inject->delay_us = 0;
    inject->clock_ns = inject->boot_ns = 0;
    inject->calls = inject->fired = inject->kernel_errors = inject->acked = inject->refused = inject->signed_n = inject->alarms = inject->rotated = 0;
    memset(failing, 0, sizeof failing);
}

static bool transfers(int kind)
{
    return kind == C_WRITE || kind == C_PWRITE || kind == C_READ || kind == C_PREAD;
}

bool inject_applies(fault_kind k, const call *c)
{
    bool grows = c->kind == C_WRITE || c->kind == C_PWRITE || c->kind == C_FSYNC || c->kind == C_CREATE || c->kind == C_RENAME || c->kind == C_MKDIR;
    switch (k) {
    case F_SHORT: return transfers(c->kind) && c->bytes >= 2;
    case F_SHORT_BLOCK: return transfers(c->kind) && c->bytes >= 8192;
    case F_ENOSPC: case F_ENOSPC_ON: return grows;
    case F_EINTR: return transfers(c->kind) || c->kind == C_OPEN || c->kind == C_CREATE || c->kind == C_FSYNC || c->kind == C_FLOCK;
    case F_EIO_DONE: return grows || c->kind == C_UNLINK;
    default: return true;
    }
}

/* What is to happen to the call that is about to be made. */
static fault_kind next(call_kind kind, size_t bytes)
{
    if (!armed)
        return F_NONE;
    uint32_t i = __atomic_add_fetch(&inject->calls, 1, __ATOMIC_SEQ_CST);
    if (i <= CALLS_MAX)
        inject->seen[i - 1] = (call){(uint8_t)kind, in_signer, bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes};
    fault_kind k = i == inject->at ? inject->kind : i == inject->second ? F_EIO : F_NONE;
    if (k == F_NONE && failing[kind])
        k = inject->kind;
    if (k == F_NONE)
        return k;
    if (k == F_STOP && in_signer) { /* which of the two makes the n-th call differs from run to run: its maker is to stop */
        inject->at = i + 1;
        return F_NONE;
    }
    inject->fired++;
    if (k == F_EIO_ON || k == F_ENOSPC_ON) {
        failing[kind] = true;
        return k == F_EIO_ON ? F_EIO : F_ENOSPC;
    }
    if (k == F_KILL)
        raise(SIGKILL);
    if (k == F_STOP)
        raise(SIGSTOP);
    if (k == F_DELAY)
        usleep((useconds_t)inject->delay_us);
    return k == F_STOP || k == F_DELAY ? F_NONE : k;
}

static bool fails(fault_kind k)
{
    errno = k == F_ENOSPC ? ENOSPC : k == F_EINTR ? EINTR : EIO;
    return k == F_EIO || k == F_ENOSPC || k == F_EINTR;
}

static size_t cut(fault_kind k, size_t n)
{
    return k == F_SHORT && n >= 2 ? n / 2 : k == F_SHORT_BLOCK && n >= 8192 ? n / 8192 * 4096 : n;
}

/* After the call: its result, or what is reported instead. */
static long result(fault_kind k, long r)
{
    int e = errno;
    if (armed && r < 0 && (e == ENOSPC || e == EIO || e == EROFS))
        inject->kernel_errors++;
    if (k == F_KILL_AFTER)
        raise(SIGKILL);
    errno = k == F_EIO_DONE ? EIO : e;
    return k == F_EIO_DONE ? -1 : r;
}

#define RECORD(call) do { if (armed && recorder && r >= 0) recorder->call; } while (0)

/* A wrapper and what it wraps; the linker joins them. */
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    fault_kind k = next(C_WRITE, n);
    if (fails(k))
        return -1;
    off_t at = armed && recorder ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t r = __real_write(fd, p, cut(k, n));
    if (at >= 0)
        RECORD(wrote(fd, p, (size_t)r, at, false));
    return result(k, r);
}

ssize_t __real_pwritev64v2(int fd, const struct iovec *v, int n, off_t at, int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *v, int n, off_t at, int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *v, int n, off_t at, int flags)
{
    struct iovec one = *v;
    fault_kind k = next(C_PWRITE, one.iov_len);
    CU_ASSERT(n == 1);
    if (fails(k))
        return -1;
    one.iov_len = cut(k, one.iov_len);
    if (armed && recorder)
        recorder->begins(fd, one.iov_base, one.iov_len, at);
    ssize_t r = __real_pwritev64v2(fd, &one, 1, at, flags);
    RECORD(wrote(fd, one.iov_base, (size_t)r, at, (flags & RWF_DSYNC) != 0));
    return result(k, r);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    fault_kind k = next(C_FSYNC, 0);
    if (fails(k))
        return -1;
    int r = __real_fsync(fd);
    RECORD(synced(fd));
    return (int)result(k, r);
}

int __real_syncfs(int fd);
int __wrap_syncfs(int fd);
int __wrap_syncfs(int fd)
{
    fault_kind k = next(C_SYNCFS, 0);
    if (fails(k))
        return -1;
    int r = __real_syncfs(fd);
    RECORD(synced_all());
    return (int)result(k, r);
}

int __real_openat64(int dirfd, const char *path, int flags, ...);
int __wrap_openat64(int dirfd, const char *path, int flags, ...);
int __wrap_openat64(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list v;
        va_start(v, flags);
        mode = va_arg(v, mode_t);
        va_end(v);
    }
    fault_kind k = next(flags & O_CREAT ? C_CREATE : C_OPEN, 0);
    if (fails(k))
        return -1;
    bool fresh = armed && recorder && flags & O_CREAT && faccessat(dirfd, path, F_OK, 0) != 0;
    int r = __real_openat64(dirfd, path, flags, mode);
    if (fresh)
        RECORD(created(dirfd, path, r));
    if (k == F_EIO_DONE && r >= 0)
        close(r);
    return (int)result(k, r);
}

int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to)
{
    fault_kind k = next(C_RENAME, 0);
    if (fails(k))
        return -1;
    int r = __real_renameat(a, from, b, to);
    RECORD(renamed(a, from, b, to));
    return (int)result(k, r);
}

int __real_unlinkat(int dirfd, const char *path, int flags);
int __wrap_unlinkat(int dirfd, const char *path, int flags);
int __wrap_unlinkat(int dirfd, const char *path, int flags)
{
    fault_kind k = next(C_UNLINK, 0);
    if (fails(k))
        return -1;
    int r = __real_unlinkat(dirfd, path, flags);
    RECORD(removed(dirfd, path, flags & AT_REMOVEDIR));
    return (int)result(k, r);
}

int __real_mkdirat(int dirfd, const char *path, mode_t mode);
int __wrap_mkdirat(int dirfd, const char *path, mode_t mode);
int __wrap_mkdirat(int dirfd, const char *path, mode_t mode)
{
    fault_kind k = next(C_MKDIR, 0);
    if (fails(k))
        return -1;
    int r = __real_mkdirat(dirfd, path, mode);
    RECORD(made(dirfd, path));
    return (int)result(k, r);
}

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
    fault_kind k = next(C_READ, n);
    return fails(k) ? -1 : result(k, __real_read(fd, p, cut(k, n)));
}

ssize_t __wrap___read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __wrap___read_chk(int fd, void *p, size_t n, size_t room)
{
    CU_ASSERT(n <= room);
    return __wrap_read(fd, p, n);
}

ssize_t __real_pread64(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at)
{
    fault_kind k = next(C_PREAD, n);
    return fails(k) ? -1 : result(k, __real_pread64(fd, p, cut(k, n), at));
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    fault_kind k = next(C_CHMOD, 0);
    return fails(k) ? -1 : (int)result(k, __real_fchmod(fd, mode));
}

int __real_faccessat(int dirfd, const char *path, int how, int flags);
int __wrap_faccessat(int dirfd, const char *path, int how, int flags);
int __wrap_faccessat(int dirfd, const char *path, int how, int flags)
{
    fault_kind k = next(C_ACCESS, 0);
    return fails(k) ? -1 : (int)result(k, __real_faccessat(dirfd, path, how, flags));
}

int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);
int __wrap_flock(int fd, int how)
{
    fault_kind k = next(C_FLOCK, 0);
    return fails(k) ? -1 : (int)result(k, __real_flock(fd, how));
}

/* A small file system, so that segments are small. */
int __real_fstatvfs64(int fd, struct statvfs *v);
int __wrap_fstatvfs64(int fd, struct statvfs *v);
int __wrap_fstatvfs64(int fd, struct statvfs *v)
{
    if (true_space)
        return __real_fstatvfs64(fd, v);
    *v = (struct statvfs){.f_bsize = 4096, .f_frsize = 4096, .f_blocks = 8192, .f_bfree = 6144, .f_bavail = 6144};
    return 0;
}

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
    int r = __real_clock_gettime(id, t);
    int64_t add = !inject ? 0 : id == CLOCK_REALTIME ? inject->clock_ns : id == CLOCK_BOOTTIME ? inject->boot_ns : 0;
    int64_t ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + add;
    t->tv_sec = ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
    return r;
}

/* Every signature that left the signer: all of them must be of one history. */
cu_err __real_cu_signer_sign(int fd, const cu_checkpoint *cp, const cu_sha256 *proof, size_t n, uint64_t *known, cu_buf *note, cu_fault *f);
cu_err __wrap_cu_signer_sign(int fd, const cu_checkpoint *cp, const cu_sha256 *proof, size_t n, uint64_t *known, cu_buf *note, cu_fault *f);
cu_err __wrap_cu_signer_sign(int fd, const cu_checkpoint *cp, const cu_sha256 *proof, size_t n, uint64_t *known, cu_buf *note, cu_fault *f)
{
    cu_err e = __real_cu_signer_sign(fd, cp, proof, n, known, note, f);
    if (e == CU_OK && inject) {
        CU_ASSERT(inject->signed_n < SIGNED_MAX);
        inject->cp[inject->signed_n] = *cp;
        inject->signed_at[inject->signed_n] = inject->recorded;
        inject->signed_n++;
    }
    return e;
}
