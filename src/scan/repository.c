#include "scan/repository.h"
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the host begins. A password may hold any character, also those that should have been escaped:
 * what stands before the last @ is taken for one, unless nothing but a query is left behind it. */
static const char *behind_user(const char *s)
{
    const char *at = strrchr(s, '@');
    return at && (strchr(at, '/') || at < s + strcspn(s, "?#")) ? at + 1 : s;
}

/* host and path of "scheme://user@host:port/path" and "user@host:path"; false for a folder's path. */
static bool split(const char *s, cu_bytes *host, cu_bytes *path)
{
    const char *scheme = strstr(s, "://");
    const char *begin = scheme ? behind_user(scheme + 3) : s;
    if (scheme && strncmp(s, "file:", 5) == 0)
        return false;
    size_t n = strcspn(begin, scheme ? "/" : ":/");
    if (!scheme && begin[n] != ':')
        return false;
    const char *at = memrchr(begin, '@', n), *from = at ? at + 1 : begin;
    cu_bytes h = cu_bytes_of(from, (size_t)(begin + n - from));
    const uint8_t *port = h.n && h.p[0] != '[' ? memchr(h.p, ':', h.n) : NULL;
    if (port)
        h.n = (size_t)(port - h.p);
    *host = h;
    begin += n + (begin[n] != 0);
    *path = cu_bytes_of(begin, strcspn(begin, "?#"));
    return true;
}

static bool plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

typedef struct {
    char *out;
    size_t n;
} name;

/* One part of the name, or nothing for an empty one. A name that would be too long loses its front. */
static void add_part(name *t, cu_bytes part)
{
    if (part.n > CU_REPOSITORY_NAME)
        part.n = CU_REPOSITORY_NAME;
    if (part.n == 0)
        return;
    if (t->n + (t->n > 0) + part.n > CU_REPOSITORY_NAME)
        t->n = 0;
    if (t->n)
        t->out[t->n++] = '/';
    for (size_t i = 0; i < part.n; i++)
        t->out[t->n++] = (char)(plain(part.p[i]) && !(i == 0 && part.p[0] == '.') ? part.p[i] : '_');
}

static cu_bytes without_git(cu_bytes b)
{
    while (b.n && b.p[b.n - 1] == '/')
        b.n--;
    if (b.n > 4 && memcmp(b.p + b.n - 4, ".git", 4) == 0)
        b.n -= b.n > 5 && b.p[b.n - 5] == '/' ? 5 : 4; /* a folder that is called .git says nothing */
    return b;
}

static void add_parts(name *t, cu_bytes path)
{
    for (size_t i = 0; i < path.n;) {
        const uint8_t *slash = memchr(path.p + i, '/', path.n - i);
        size_t end = slash ? (size_t)(slash - path.p) : path.n;
        add_part(t, cu_slice(path, i, end));
        i = end + 1;
    }
}

void cu_repository_name(const char *address, char out[CU_REPOSITORY_NAME + 1])
{
    cu_bytes host = CU_NONE, path = CU_NONE;
    name t = {out, 0};
    if (split(address, &host, &path)) {
        add_part(&t, host);
        add_parts(&t, without_git(path));
    } else {
        cu_bytes folder = without_git(cu_str(address));
        const uint8_t *slash = folder.n ? memrchr(folder.p, '/', folder.n) : NULL;
        add_part(&t, slash ? cu_slice(folder, (size_t)(slash - folder.p) + 1, folder.n) : folder);
    }
    out[t.n] = 0;
}

static bool folder_of(const char *path, char out[PATH_MAX])
{
    struct stat st;
    if (!realpath(path, out) || stat(out, &st) != 0)
        return false;
    if (!S_ISDIR(st.st_mode)) {
        char *slash = strrchr(out, '/');
        slash[slash == out] = 0;
    }
    return true;
}

static void name_by_remote(git_repository *repo, char out[CU_REPOSITORY_NAME + 1])
{
    git_remote *remote = NULL;
    git_strarray all = {0};
    if (git_remote_lookup(&remote, repo, "origin") != 0 && git_remote_list(&all, repo) == 0 && all.count)
        (void)!git_remote_lookup(&remote, repo, all.strings[0]);
    const char *url = remote ? git_remote_url(remote) : NULL;
    if (url)
        cu_repository_name(url, out);
    git_strarray_dispose(&all);
    git_remote_free(remote);
}

static void read_git(const char *folder, cu_scan_repository *out)
{
    git_repository *repo = NULL;
    git_oid id;
    if (git_repository_open_ext(&repo, folder, 0, NULL) != 0)
        return;
    const char *tree = git_repository_workdir(repo);
    const char *root = tree ? tree : git_repository_path(repo);
    size_t n = strlen(root);
    while (n > 1 && root[n - 1] == '/')
        n--;
    snprintf(out->root, sizeof out->root, "%.*s", (int)n, root);
    name_by_remote(repo, out->name);
    if (git_reference_name_to_id(&id, repo, "HEAD") == 0)
        git_oid_tostr(out->commit, sizeof out->commit, &id);
    git_repository_free(repo);
}

void cu_scan_repository_of(const char *path, cu_scan_repository *out)
{
    *out = (cu_scan_repository){0};
    if (!folder_of(path, out->root)) {
        out->root[0] = 0;
        return;
    }
    char folder[PATH_MAX];
    memcpy(folder, out->root, sizeof folder);
    git_libgit2_init();
    read_git(folder, out);
    git_libgit2_shutdown();
    if (!out->name[0])
        cu_repository_name(out->root, out->name);
}
