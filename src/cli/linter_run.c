#include "linter_run.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"

#define MAX_WORDS 4096u
#define FILE_MAX_BYTES ((rlim_t)256 << 20)
#define PROCESSES 512u
#define NOT_STARTED 127

typedef struct {
    char scratch[64];
    char home[80], tmp[80];
    int out[2], told[2]; /* output; one byte when the network is gone */
    pid_t pid;
} run;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static void clean(run *r)
{
    for (int i = 0; i < 2; i++) {
        if (r->out[i] >= 0)
            close(r->out[i]);
        if (r->told[i] >= 0)
            close(r->told[i]);
    }
    if (*r->scratch)
        nftw(r->scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
#define CLEAN_RUN __attribute__((cleanup(clean)))

static cu_err words_of(const cu_config_linter *l, const char *const *paths, size_t n, const char **argv, cu_fault *f)
{
    size_t at = 0;
    for (size_t i = 0; l->words[i]; i++) {
        bool here = strcmp(l->words[i], "{paths}") == 0;
        if (at + (here ? n : 1) >= MAX_WORDS)
            return cu_fail(f, CU_TOO_BIG, "linter %s: more than %u words", l->name, MAX_WORDS);
        for (size_t k = 0; here && k < n; k++)
            argv[at++] = paths[k];
        if (!here)
            argv[at++] = l->words[i];
    }
    argv[at] = NULL;
    return CU_OK;
}

static void limit(int what, rlim_t v)
{
    struct rlimit l = {v, v};
    setrlimit(what, &l);
}

/* A user namespace of its own is what lets an ordinary account have a network of its own: an empty one. */
static bool without_network(void)
{
    return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

static _Noreturn void child(const cu_config_linter *l, run *r, const char **argv)
{
    char *env[] = {r->home, r->tmp, (char[]){"PATH=/usr/local/bin:/usr/bin:/bin"}, (char[]){"LANG=C.UTF-8"}, NULL};
    int null = open("/dev/null", O_RDWR);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bool gone = without_network();
    if (write(r->told[1], gone ? "n" : "y", 1) != 1 || null < 0 || dup2(null, 0) < 0 || dup2(r->out[1], 1) < 0 || dup2(null, 2) < 0)
        _exit(NOT_STARTED);
    close_range(3, ~0u, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, l->seconds + 1);
    limit(RLIMIT_DATA, (rlim_t)l->memory_mib << 20);
    limit(RLIMIT_FSIZE, FILE_MAX_BYTES);
    limit(RLIMIT_NOFILE, 1024);
    limit(RLIMIT_NPROC, PROCESSES);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    execve(argv[0], (char *const *)(uintptr_t)argv, env);
    _exit(NOT_STARTED);
}

static cu_err begin(const cu_config_linter *l, run *r, const char **argv, cu_fault *f)
{
    snprintf(r->scratch, sizeof r->scratch, "/tmp/custos-linter-XXXXXX");
    if (!mkdtemp(r->scratch)) {
        *r->scratch = 0;
        return cu_fail(f, cu_errno_err(errno), "linter %s: no folder under /tmp: %s", l->name, strerror(errno));
    }
    snprintf(r->home, sizeof r->home, "HOME=%s", r->scratch);
    snprintf(r->tmp, sizeof r->tmp, "TMPDIR=%s", r->scratch);
    if (access(argv[0], X_OK) != 0)
        return cu_fail(f, cu_errno_err(errno), "linter %s: %s: %s", l->name, argv[0], strerror(errno));
    if (pipe2(r->out, O_CLOEXEC) != 0 || pipe2(r->told, O_CLOEXEC) != 0)
        return cu_fail(f, cu_errno_err(errno), "linter %s: no pipe: %s", l->name, strerror(errno));
    r->pid = fork();
    if (r->pid == 0)
        child(l, r, argv);
    if (r->pid < 0)
        return cu_fail(f, cu_errno_err(errno), "linter %s: not started: %s", l->name, strerror(errno));
    setpgid(r->pid, r->pid);
    close(r->out[1]);
    close(r->told[1]);
    r->out[1] = r->told[1] = -1;
    return CU_OK;
}

/* To the end of its output, or of its time. */
static cu_err gather(const cu_config_linter *l, run *r, cu_buf *out, cu_fault *f)
{
    uint64_t until = cu_mono_ns() + (uint64_t)l->seconds * 1000000000u;
    for (;;) {
        uint64_t now = cu_mono_ns();
        struct pollfd p = {.fd = r->out[0], .events = POLLIN};
        if (now >= until)
            return cu_fail(f, CU_TIMEOUT, "linter %s: stopped after %u seconds", l->name, l->seconds);
        int ready = poll(&p, 1, (int)((until - now) / 1000000 + 1));
        if (ready < 0 && errno != EINTR)
            return cu_fail(f, cu_errno_err(errno), "linter %s: %s", l->name, strerror(errno));
        if (ready <= 0)
            continue;
        uint8_t *to = cu_buf_room(out, 65536);
        if (!to)
            return cu_fail(f, CU_TOO_BIG, "linter %s: stopped, its output is too large", l->name);
        ssize_t n = read(r->out[0], to, 65536);
        if (n == 0)
            return CU_OK;
        if (n > 0)
            out->n += (size_t)n;
    }
}

static cu_err ended(const cu_config_linter *l, run *r, bool fine, cu_fault *f)
{
    int status = 0;
    pid_t got = 0;
    for (int i = 0; fine && i < 200 && got == 0; i++) { /* it closed its output, so it is about to end */
        got = waitpid(r->pid, &status, WNOHANG);
        if (got == 0)
            usleep(10000);
    }
    kill(-r->pid, SIGKILL); /* what it started does not outlive it */
    if (got == 0 && waitpid(r->pid, &status, 0) < 0)
        return cu_fail(f, cu_errno_err(errno), "linter %s: %s", l->name, strerror(errno));
    if (WIFSIGNALED(status))
        return cu_fail(f, CU_STATE, "linter %s: ended by signal %d", l->name, WTERMSIG(status));
    if (WEXITSTATUS(status) >= 126)
        return cu_fail(f, CU_STATE, "linter %s: could not be started (status %d)", l->name, WEXITSTATUS(status));
    return CU_OK;
}

cu_err linter_run(const cu_config_linter *l, const char *const *paths, size_t paths_n, cu_buf *out, bool *networked, cu_fault *f)
{
    run r CLEAN_RUN = {.out = {-1, -1}, .told = {-1, -1}};
    const char *argv[MAX_WORDS + 1];
    char told = 'y';
    CU_TRY(words_of(l, paths, paths_n, argv, f));
    CU_TRY(begin(l, &r, argv, f));
    cu_err e = gather(l, &r, out, f);
    if (read(r.told[0], &told, 1) != 1)
        told = 'y';
    *networked = told != 'n';
    cu_err e2 = ended(l, &r, e == CU_OK, e == CU_OK ? f : NULL);
    if (e == CU_OK && e2 == CU_OK && out->n == 0)
        return cu_fail(f, CU_STATE, "linter %s: wrote nothing", l->name);
    return e == CU_OK ? e2 : e;
}
