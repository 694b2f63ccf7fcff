/* Files, folders and standard input. */
#include "scan.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "walk.h"

typedef struct {
    cu_job job;
    cu_folder *in;      /* NULL: the path was named */
    size_t name;        /* where the name begins in the path; of what was met */
    size_t named;       /* as in cu_scan_source */
    char path[];
} file_job;

static ssize_t read_fd(void *arg, uint8_t *to, size_t n)
{
    return read(*(int *)arg, to, n);
}

static void drop_file(cu_job *j)
{
    cu_folder_release(((file_job *)j)->in);
    free(j);
}

static int open_file(const file_job *f)
{
    if (!f->in && strcmp(f->path, "-") == 0)
        return dup(STDIN_FILENO);
    /* what was met may have become a link or a pipe meanwhile */
    return f->in ? openat(f->in->fd, f->path + f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
                 : open(f->path, O_RDONLY | O_CLOEXEC);
}

static cu_err run_file(cu_worker *w, cu_job *j)
{
    const file_job *f = (const file_job *)j;
    int fd CU_CLEAN_FD = open_file(f);
    if (fd < 0) {
        if (!f->in || (errno != ENOENT && errno != ELOOP)) /* it may be gone since it was listed */
            cu_worker_complain(w, f->path, "cannot be read: %s", strerror(errno));
        return CU_OK;
    }
    cu_scan_source src = {.path = f->path, .named = f->named, .generated = cu_generated_name(f->path)};
    cu_reader r = {read_fd, &fd, fd, NULL};
    cu_err e = cu_scan_source_read(w, &r, &src, NULL, 0);
    return e == CU_IO ? CU_OK : e;
}

static cu_err add_file(void *arg, cu_folder *in, const char *name, const char *path)
{
    cu_scan *s = arg;
    size_t n = strlen(path);
    file_job *f = malloc(sizeof *f + n + 1);
    if (!f)
        return CU_NOMEM;
    *f = (file_job){.job = {.run = run_file, .drop = drop_file, .weight = n}, .in = in};
    f->name = in ? n - strlen(name) : 0;
    f->named = in ? s->root_bytes : path[0] == '/' ? (size_t)(strrchr(path, '/') - path) : 0;
    memcpy(f->path, path, n + 1);
    if (in)
        cu_folder_hold(in);
    return cu_queue_add(s->queue, &f->job);
}

static cu_err trouble(void *arg, const char *path, const char *what)
{
    return cu_scan_complain(arg, path, "cannot be read: %s", what);
}

static void ignored(void *arg)
{
    cu_count(&((cu_scan *)arg)->count.ignored, 1);
}

static bool stop(void *arg)
{
    return cu_scan_stopped(arg);
}

/* --- how much there is, for the progress: a walk of its own beside the scan --- */
typedef struct {
    cu_scan *scan;
    const char *root;
    atomic_bool over;
    pthread_t thread;
    bool runs;
} census;

static cu_err weigh(void *arg, cu_folder *in, const char *name, const char *path)
{
    census *c = arg;
    struct stat st;
    (void)path;
    if (fstatat(in ? in->fd : AT_FDCWD, name, &st, in ? AT_SYMLINK_NOFOLLOW : 0) == 0 &&
        S_ISREG(st.st_mode))
        atomic_fetch_add(&c->scan->bytes_total, (uint64_t)st.st_size);
    return CU_OK;
}

static cu_err no_trouble(void *arg, const char *path, const char *what)
{
    (void)arg;
    (void)path;
    (void)what;
    return CU_OK;
}

static bool census_over(void *arg)
{
    census *c = arg;
    return atomic_load(&c->over) || cu_scan_stopped(c->scan);
}

static void *take_census(void *arg)
{
    census *c = arg;
    cu_walker w = {.file = weigh, .trouble = no_trouble, .stop = census_over, .arg = c};
    if (cu_walk(c->root, &w) != CU_OK)
        return NULL;
    return NULL;
}

cu_err cu_scan_path(cu_scan *s, const char *path, cu_fault *f)
{
    cu_walker w = {.file = add_file, .trouble = trouble, .ignored = ignored, .stop = stop, .arg = s};
    census c = {.scan = s, .root = path};
    bool input = strcmp(path, "-") == 0;
    s->root_bytes = strlen(path);
    if (s->o.progress && !input)
        c.runs = pthread_create(&c.thread, NULL, take_census, &c) == 0;
    cu_err e = input ? add_file(s, NULL, path, path) : cu_walk(path, &w);
    e = cu_scan_finish_source(s, e, f);
    atomic_store(&c.over, true);
    if (c.runs)
        pthread_join(c.thread, NULL);
    return e;
}
