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
#include "base/buf.h"
#include "base/file.h"
#include "ignore.h"
#include "scan.h"

#define MAX_DEPTH 500u
#define MAX_PATH ((size_t)1 << 20)

typedef struct {
    const cu_walker *w;
    cu_buf path;          /* as it is shown */
    cu_buf inside;        /* inside the working tree; empty: its root, or none */
    bool in_tree;
} walk;

typedef struct {
    char *memory;         /* type byte, name, NUL; one behind the other */
    size_t used, cap;
    char **v;
    size_t n, v_cap;
    bool gitignore, git;  /* there is a .gitignore; a .git */
} names;

void cu_folder_hold(cu_folder *f)
{
    atomic_fetch_add_explicit(&f->holders, 1, memory_order_relaxed);
}

void cu_folder_release(cu_folder *f)
{
    if (f && atomic_fetch_sub_explicit(&f->holders, 1, memory_order_acq_rel) == 1) {
        close(f->fd);
        free(f);
    }
}

static cu_err folder_of(int fd, cu_folder **out)
{
    *out = malloc(sizeof **out);
    if (!*out) {
        close(fd);
        return CU_NOMEM;
    }
    (*out)->fd = fd;
    atomic_init(&(*out)->holders, 1);
    return CU_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a + 1, *(char *const *)b + 1);
}

static cu_err add_name(names *l, const struct dirent *d)
{
    size_t n = strlen(d->d_name) + 2;
    if (strcmp(d->d_name, ".git") == 0) {
        l->git = true;
        return CU_OK;
    }
    l->gitignore |= strcmp(d->d_name, ".gitignore") == 0;
    if (l->used + n > l->cap) {
        size_t cap = (l->cap ? l->cap : 2048) * 2;
        char *p = realloc(l->memory, cap);
        if (!p)
            return CU_NOMEM;
        l->memory = p;
        l->cap = cap;
    }
    l->memory[l->used] = (char)d->d_type;
    memcpy(l->memory + l->used + 1, d->d_name, n - 1);
    l->used += n;
    l->n++;
    return CU_OK;
}

static cu_err sort_names(names *l)
{
    l->v = malloc((l->n + 1) * sizeof *l->v);
    if (!l->v)
        return CU_NOMEM;
    char *p = l->memory;
    for (size_t i = 0; i < l->n; i++, p += strlen(p + 1) + 2)
        l->v[i] = p;
    qsort(l->v, l->n, sizeof *l->v, by_name);
    return CU_OK;
}

/* All names of a folder; CU_IO with errno when it cannot be read. */
static cu_err list(int fd, names *l)
{
    const struct dirent *d;
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own < 0 ? NULL : fdopendir(own);
    cu_err e = CU_OK;
    if (!dir) {
        cu_close_fd(&own);
        return CU_IO;
    }
    while (e == CU_OK && (errno = 0, d = readdir(dir)))
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            e = add_name(l, d);
    if (e == CU_OK && errno)
        e = CU_IO;
    int kept = errno;
    closedir(dir);
    errno = kept;
    return e == CU_OK ? sort_names(l) : e;
}

static cu_err tell(walk *w, const char *what)
{
    return w->w->trouble(w->w->arg, cu_buf_cstr(&w->path), what);
}

/* A file or folder may be gone, or have become a link, since the folder was listed. */
static bool gone(int e)
{
    return e == ENOENT || e == ELOOP || e == ENOTDIR;
}

static cu_err folder(walk *w, cu_folder *f, cu_ignore *ignore, unsigned depth);

static cu_err met(walk *w, cu_folder *in, char type, const char *name, cu_ignore *ignore,
                  unsigned depth)
{
    struct stat st;
    if (type == DT_UNKNOWN) {
        if (fstatat(in->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return gone(errno) ? CU_OK : tell(w, strerror(errno));
        type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_FIFO;
    }
    if (type != DT_DIR && type != DT_REG) /* links, pipes and devices are not followed or opened */
        return CU_OK;
    if (ignore && cu_ignore_matches(ignore, cu_buf_cstr(&w->inside), type == DT_DIR)) {
        if (w->w->ignored)
            w->w->ignored(w->w->arg);
        return CU_OK;
    }
    if (type == DT_REG)
        return w->w->file(w->w->arg, in, name, cu_buf_cstr(&w->path));
    int fd = openat(in->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return gone(errno) ? CU_OK : tell(w, strerror(errno));
    cu_folder *below;
    CU_TRY(folder_of(fd, &below));
    cu_err e = folder(w, below, ignore, depth + 1);
    cu_folder_release(below);
    return e;
}

static cu_err each(walk *w, cu_folder *f, const names *l, cu_ignore *ignore, unsigned depth)
{
    cu_err e = CU_OK;
    size_t path_n = w->path.n, inside_n = w->inside.n;
    for (size_t i = 0; i < l->n && e == CU_OK; i++) {
        if (w->w->stop && w->w->stop(w->w->arg))
            break;
        const char *name = l->v[i] + 1;
        if (path_n && w->path.p[path_n - 1] != '/')
            cu_buf_byte(&w->path, '/');
        cu_buf_str(&w->path, name);
        if (w->in_tree && inside_n)
            cu_buf_byte(&w->inside, '/');
        if (w->in_tree)
            cu_buf_str(&w->inside, name);
        e = cu_buf_err(&w->path);
        if (e == CU_OK)
            e = met(w, f, l->v[i][0], name, ignore, depth);
        w->path.n = path_n;
        w->inside.n = inside_n;
    }
    return e;
}

/* info/exclude and core.excludesFile of the repository at `top`. */
static cu_err repository_excludes(const char *top, cu_ignore **out)
{
    git_repository *repo = NULL;
    git_config *config = NULL;
    git_buf found = {0};
    *out = NULL;
    cu_err e = CU_OK;
    cu_git_needed();
    if (git_repository_open_ext(&repo, top, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) != 0)
        return CU_OK;
    if (git_repository_config_snapshot(&config, repo) == 0 &&
        (git_config_get_path(&found, config, "core.excludesfile") == 0 ||
         git_config_find_xdg(&found) == 0)) {
        /* without the setting, git/ignore beside git/config */
        char *last = strrchr(found.ptr, '/'), *xdg = last && strcmp(last, "/config") == 0
            ? strndup(found.ptr, (size_t)(last - found.ptr) + 8) : NULL;
        if (xdg)
            memcpy(xdg + (last - found.ptr), "/ignore", 8);
        e = cu_ignore_read(AT_FDCWD, xdg ? xdg : found.ptr, 0, *out, out);
        free(xdg);
    }
    git_buf_dispose(&found);
    if (e == CU_OK && git_repository_item_path(&found, repo, GIT_REPOSITORY_ITEM_INFO) == 0) {
        char *file = NULL;
        if (asprintf(&file, "%s/exclude", found.ptr) >= 0)
            e = cu_ignore_read(AT_FDCWD, file, 0, *out, out);
        free(file);
        git_buf_dispose(&found);
    }
    git_config_free(config);
    git_repository_free(repo);
    return e;
}

/* A repository inside what is walked has rules of its own. */
static cu_err enter_repository(walk *w, cu_folder *f, cu_ignore **ignore)
{
    char link[64], top[PATH_MAX];
    w->in_tree = true;
    cu_buf_reset(&w->inside);
    *ignore = NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", f->fd);
    ssize_t n = readlink(link, top, sizeof top - 1);
    if (n <= 0)
        return CU_OK;
    top[n] = 0;
    return repository_excludes(top, ignore);
}

static cu_err folder(walk *w, cu_folder *f, cu_ignore *ignore, unsigned depth)
{
    names l = {0};
    cu_ignore *own = ignore, *end = ignore;
    bool was_in_tree = w->in_tree;
    cu_buf outer = w->inside;
    if (depth > MAX_DEPTH)
        return tell(w, "folders are nested too deeply");
    cu_err e = list(f->fd, &l);
    if (e == CU_IO)
        e = tell(w, strerror(errno));
    bool nested = l.git && depth > 0;
    if (e == CU_OK && nested) {
        w->inside = CU_BUF(MAX_PATH);
        e = enter_repository(w, f, &own);
        end = NULL;
    }
    if (e == CU_OK && l.gitignore && w->in_tree)
        e = cu_ignore_read(f->fd, ".gitignore", w->inside.n ? w->inside.n + 1 : 0, own, &own);
    if (e == CU_OK)
        e = each(w, f, &l, own, depth);
    cu_ignore_free_until(own, end);
    if (nested) {
        cu_buf_free(&w->inside);
        w->inside = outer;
        w->in_tree = was_in_tree;
    }
    free(l.memory);
    free(l.v);
    return e;
}

/* The working tree in which `real` lies, and its patterns down to the folder above `real`. */
static cu_err find_tree(walk *w, const char *real, cu_ignore **out)
{
    char at[PATH_MAX];
    struct stat st;
    size_t top = strlen(real);
    *out = NULL;
    for (;; top--) {
        snprintf(at, sizeof at, "%.*s/.git", (int)top, real);
        if (strlen(at) < sizeof at - 1 && lstat(at, &st) == 0)
            break;
        while (top && real[top - 1] != '/')
            top--;
        if (top == 0)
            return CU_OK;
    }
    snprintf(at, sizeof at, "%.*s", top ? (int)top : 1, top ? real : "/");
    w->in_tree = true;
    CU_TRY(repository_excludes(at, out));
    const char *inside = real + top + (real[top] == '/');
    for (const char *p = inside; *p;) {
        snprintf(at, sizeof at, "%.*s/.gitignore", (int)(p > inside ? p - real - 1 : (ptrdiff_t)top), real);
        CU_TRY(cu_ignore_read(AT_FDCWD, at, (size_t)(p - inside), *out, out));
        const char *slash = strchr(p, '/');
        p = slash ? slash + 1 : p + strlen(p);
    }
    cu_buf_str(&w->inside, inside);
    return cu_buf_err(&w->inside);
}

static cu_err walk_folder(walk *w, const char *root)
{
    char real[PATH_MAX];
    cu_ignore *ignore = NULL;
    cu_folder *top;
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return tell(w, strerror(errno));
    CU_TRY(folder_of(fd, &top));
    cu_err e = realpath(root, real) ? find_tree(w, real, &ignore) : CU_OK;
    if (e == CU_OK)
        e = folder(w, top, ignore, 0);
    cu_ignore_free_until(ignore, NULL);
    cu_folder_release(top);
    return e;
}

cu_err cu_walk(const char *root, const cu_walker *walker)
{
    walk w = {.w = walker, .path = CU_BUF(MAX_PATH), .inside = CU_BUF(MAX_PATH)};
    struct stat st;
    size_t n = strlen(root);
    cu_err e;
    cu_buf_put(&w.path, root, n);
    if (stat(root, &st) != 0)
        e = tell(&w, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        e = walk_folder(&w, root);
    else
        e = walker->file(walker->arg, NULL, root, root);
    cu_buf_free(&w.path);
    cu_buf_free(&w.inside);
    return e;
}
