/* A report as PDF: custos-pdf makes it, in a process of its own that has nothing but the report. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "report_desk.h"

#define PATIENCE_MS 90000

typedef struct {
    int in, out, err;
} ends;

static void drop(ends *e)
{
    const int all[] = {e->in, e->out, e->err};
    for (size_t i = 0; i < 3; i++)
        if (all[i] >= 0)
            close(all[i]);
}

/* Memory files rather than pipes: nobody waits for the other. */
static cu_err open_ends(ends *e, const char *report, cu_fault *f)
{
    e->in = memfd_create("report", MFD_CLOEXEC);
    e->out = memfd_create("pdf", MFD_CLOEXEC);
    e->err = memfd_create("trouble", MFD_CLOEXEC);
    if (e->in < 0 || e->out < 0 || e->err < 0)
        return cu_fail(f, CU_IO, "no memory for a report: %s", strerror(errno));
    CU_TRY(cu_write_all(e->in, cu_str(report)));
    return lseek(e->in, 0, SEEK_SET) == 0 ? CU_OK : cu_fail(f, CU_IO, "a report could not be handed over: %s", strerror(errno));
}

static bool beside_us(char path[PATH_MAX + 16])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (slash)
        memcpy(slash + 1, "custos-pdf", sizeof "custos-pdf");
    return slash;
}

static cu_err start(const ends *e, const char *digest, const char *mark, pid_t *pid, cu_fault *f)
{
    char path[PATH_MAX + 16];
    char *const argv[] = {(char[]){"custos-pdf"}, strdup(digest), strdup(mark), NULL};
    char *const env[] = {(char[]){"LC_ALL=C.UTF-8"}, NULL}; /* nothing of ours: keys of providers stand in it */
    posix_spawn_file_actions_t a;
    posix_spawn_file_actions_init(&a);
    int rc = posix_spawn_file_actions_adddup2(&a, e->in, 0);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(&a, e->out, 1);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(&a, e->err, 2);
    rc = rc ? rc : posix_spawn_file_actions_addclosefrom_np(&a, 3);
    rc = rc ? rc : !argv[1] || !argv[2] ? ENOMEM : !beside_us(path) ? ENOENT : posix_spawn(pid, path, &a, NULL, argv, env);
    posix_spawn_file_actions_destroy(&a);
    free(argv[1]);
    free(argv[2]);
    return rc ? cu_fail(f, CU_IO, "custos-pdf, which belongs beside custos-server, cannot be run: %s", strerror(rc)) : CU_OK;
}

static bool ended_well(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0), status = -1;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (fd < 0 || poll(&p, 1, PATIENCE_MS) != 1)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (fd >= 0)
        close(fd);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static cu_err take(int fd, cu_buf *out, cu_fault *f)
{
    struct stat s;
    if (fstat(fd, &s) != 0 || s.st_size < 0)
        return cu_fail(f, CU_IO, "a PDF could not be read: %s", strerror(errno));
    void *p = s.st_size ? mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0) : NULL;
    if (p == MAP_FAILED)
        return cu_fail(f, CU_IO, "a PDF could not be read: %s", strerror(errno));
    cu_buf_put(out, p, (size_t)s.st_size);
    if (p)
        munmap(p, (size_t)s.st_size);
    return cu_buf_err(out) == CU_OK ? CU_OK : cu_fail(f, cu_buf_err(out), "the PDF is too large; ask for a shorter period");
}

cu_err report_print(const char *report, const char *digest, const char *mark, cu_buf *out, cu_fault *f)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* a report takes a processor for seconds */
    ends e = {-1, -1, -1};
    pid_t pid;
    cu_buf why CU_CLEAN_BUF = CU_BUF(4096);
    pthread_mutex_lock(&one);
    cu_err rc = open_ends(&e, report, f);
    if (rc == CU_OK)
        rc = start(&e, digest, mark, &pid, f);
    if (rc == CU_OK && !ended_well(pid)) {
        cu_fault ignored = {0};
        (void)!take(e.err, &why, &ignored);
        rc = cu_fail(f, CU_IO, "no PDF was made: %.200s", why.n ? cu_buf_cstr(&why) : "it took too much time or memory; ask for a shorter period");
    }
    if (rc == CU_OK)
        rc = take(e.out, out, f);
    drop(&e);
    pthread_mutex_unlock(&one);
    return rc;
}
