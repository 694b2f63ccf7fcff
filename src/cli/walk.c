#include "walk.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

#define MAX_DEPTH 200

typedef struct {
    cu_walk_fn fn;
    void *arg;
    uint64_t *ignored;
    cu_fault *fault;
    git_repository *repo;
    char top[PATH_MAX];   /* canonical form of the root */
    size_t given;         /* length of the root as it was named */
} walk;

/* The path inside the repository is the canonical root plus what stands behind the named one. */
static bool ignored(walk *w, const char *path, bool folder)
{
    char full[PATH_MAX];
    int no = 0;
    if (!w->repo || strlen(path) <= w->given)
        return false;
    const char *work = git_repository_workdir(w->repo);
    const char *below = path + w->given;
    int n = snprintf(full, sizeof full, "%s%s%s%s", w->top, *below == '/' ? "" : "/", below,
                     folder ? "/" : "");
    if (!work || n < 0 || (size_t)n >= sizeof full || strncmp(full, work, strlen(work)) != 0)
        return false;
    return git_ignore_path_is_ignored(&no, w->repo, full + strlen(work)) == 0 && no;
}

static cu_err one(walk *w, int dirfd, const char *name, const char *path, int depth);

static int visible(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
           strcmp(d->d_name, ".git") != 0;
}

static cu_err folder(walk *w, int fd, const char *path, int depth)
{
    struct dirent **names;
    if (depth > MAX_DEPTH)
        return cu_fail(w->fault, CU_DEPTH, "%s: folders are nested too deeply", path);
    int n = scandirat(fd, ".", &names, visible, alphasort);
    if (n < 0)
        return w->fn(w->arg, -1, path);
    cu_err e = CU_OK;
    for (int i = 0; i < n; i++) {
        char *below = NULL;
        size_t len = strlen(path);
        if (e == CU_OK && asprintf(&below, "%s%s%s", path, len && path[len - 1] == '/' ? "" : "/",
                                   names[i]->d_name) < 0)
            e = CU_NOMEM;
        if (e == CU_OK)
            e = one(w, fd, names[i]->d_name, below, depth + 1);
        free(below);
        free(names[i]);
    }
    free(names);
    return e;
}

static cu_err one(walk *w, int dirfd, const char *name, const char *path, int depth)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, depth ? AT_SYMLINK_NOFOLLOW : 0) != 0)
        return w->fn(w->arg, -1, path);
    bool is_folder = S_ISDIR(st.st_mode);
    /* A pipe or device is read when it was named, never when it was met. */
    if (depth && !is_folder && !S_ISREG(st.st_mode))
        return CU_OK;
    if (depth && ignored(w, path, is_folder)) {
        ++*w->ignored;
        return CU_OK;
    }
    int fd CU_CLEAN_FD = openat(dirfd, name, O_RDONLY | O_CLOEXEC |
                                                 (depth ? O_NOFOLLOW | O_NONBLOCK : 0));
    if (fd < 0)
        return w->fn(w->arg, -1, path);
    return is_folder ? folder(w, fd, path, depth) : w->fn(w->arg, fd, path);
}

cu_err cu_walk(const char *root, cu_walk_fn fn, void *arg, uint64_t *count, cu_fault *f)
{
    walk w = {.fn = fn, .arg = arg, .ignored = count, .fault = f, .given = strlen(root)};
    while (w.given > 1 && root[w.given - 1] == '/')
        w.given--;
    /* A pipe (`<(command)`) has no path of its own, but can be read. */
    bool real = realpath(root, w.top) != NULL;
    git_libgit2_init();
    if (!real || git_repository_open_ext(&w.repo, w.top, 0, NULL) != 0)
        w.repo = NULL;
    cu_err e = one(&w, AT_FDCWD, root, root, 0);
    git_repository_free(w.repo);
    git_libgit2_shutdown();
    return e;
}
