#include "odb.h"
#include "scan.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "base/digest.h"
#include "base/file.h"

#define MAX_ALTERNATES 16
#define MAX_OBJECT ((size_t)256 << 20)

typedef struct {
    git_odb_backend parent;
    char *dir; /* objects/ */
} loose;

/* An object as it is inflated: "TYPE SIZE\0content" (gitformat-loose). */
typedef struct {
    int fd;
    z_stream z;
    bool ended;
    uint8_t in[16384];
} stream;

static int open_loose(const loose *l, const git_oid *id)
{
    char hex[41], *path = NULL;
    cu_hex(hex, id->id, 20);
    if (asprintf(&path, "%s/%.2s/%s", l->dir, hex, hex + 2) < 0)
        return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    return fd;
}

/* Fills `to`, or as much as there is; -1 when the stream is broken or cut off. */
static ssize_t inflate_some(stream *s, uint8_t *to, size_t n)
{
    s->z.next_out = to;
    s->z.avail_out = (uInt)n;
    while (s->z.avail_out && !s->ended) {
        if (s->z.avail_in == 0) {
            ssize_t got = read(s->fd, s->in, sizeof s->in);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return -1;
            s->z.next_in = s->in;
            s->z.avail_in = (uInt)got;
        }
        int rc = inflate(&s->z, Z_NO_FLUSH);
        s->ended = rc == Z_STREAM_END;
        if (rc != Z_OK && rc != Z_STREAM_END)
            return -1;
    }
    return (ssize_t)(n - s->z.avail_out);
}

static bool read_head(stream *s, size_t *size, git_object_t *type)
{
    char head[40];
    size_t n = 0;
    do
        if (n == sizeof head || inflate_some(s, (uint8_t *)head + n, 1) != 1)
            return false;
    while (head[n++]);
    char *space = strchr(head, ' '), *end;
    if (!space || space[1] < '0' || space[1] > '9')
        return false;
    *space = 0;
    errno = 0;
    unsigned long long v = strtoull(space + 1, &end, 10);
    *type = git_object_string2type(head);
    *size = (size_t)v;
    return !*end && !errno && *type != GIT_OBJECT_INVALID;
}

static int corrupt(const char *what)
{
    git_error_set_str(GIT_ERROR_ODB, what);
    return GIT_ERROR;
}

static int inflate_all(stream *s, loose *l, void **data, size_t *size, git_object_t *type)
{
    uint8_t beyond;
    if (!read_head(s, size, type))
        return corrupt("the loose object is damaged or cut off");
    if (!data)
        return 0;
    if (*size > MAX_OBJECT)
        return corrupt("the loose object is too large");
    uint8_t *p = git_odb_backend_data_alloc(&l->parent, *size + 1);
    if (!p)
        return corrupt("out of memory");
    for (size_t at = 0; at < *size;) {
        size_t want = *size - at < (size_t)1 << 30 ? *size - at : (size_t)1 << 30;
        ssize_t n = inflate_some(s, p + at, want);
        if (n <= 0)
            break;
        at += (size_t)n;
        if (at == *size && inflate_some(s, &beyond, 1) == 0) { /* its checksum was right */
            p[at] = 0;
            *data = p;
            return 0;
        }
    }
    if (*size == 0 && inflate_some(s, &beyond, 1) == 0) {
        *data = p;
        return 0;
    }
    git_odb_backend_data_free(&l->parent, p);
    return corrupt("the loose object is damaged or cut off");
}

static int read_loose(void **data, size_t *size, git_object_t *type, git_odb_backend *b, const git_oid *id)
{
    int fd CU_CLEAN_FD = open_loose((loose *)b, id);
    if (fd < 0)
        return GIT_ENOTFOUND;
    stream *s = calloc(1, sizeof *s);
    if (!s)
        return corrupt("out of memory");
    s->fd = fd;
    int rc = inflateInit(&s->z) == Z_OK ? inflate_all(s, (loose *)b, data, size, type)
                                        : corrupt("out of memory");
    inflateEnd(&s->z);
    free(s);
    return rc;
}

static int read_loose_header(size_t *size, git_object_t *type, git_odb_backend *b, const git_oid *id)
{
    return read_loose(NULL, size, type, b, id);
}

static int loose_exists(git_odb_backend *b, const git_oid *id)
{
    int fd CU_CLEAN_FD = open_loose((loose *)b, id);
    return fd >= 0;
}

/* Abbreviated names, as people type them. */
static int find_prefix(git_oid *out, git_odb_backend *b, const git_oid *shortened, size_t n)
{
    char hex[41], full[41], *path = NULL;
    int found = 0;
    cu_hex(hex, shortened->id, 20);
    if (n < 4 || n > 40 || asprintf(&path, "%s/%.2s", ((loose *)b)->dir, hex) < 0)
        return GIT_ENOTFOUND;
    DIR *d = opendir(path);
    free(path);
    for (const struct dirent *e; d && (e = readdir(d));) {
        if (strlen(e->d_name) != 38 || strncmp(e->d_name, hex + 2, n - 2) != 0)
            continue;
        snprintf(full, sizeof full, "%.2s%.38s", hex, e->d_name);
        found += git_oid_fromstr(out, full) == 0;
    }
    if (d)
        closedir(d);
    return found == 1 ? 0 : found ? GIT_EAMBIGUOUS : GIT_ENOTFOUND;
}

static int read_prefix(git_oid *out, void **data, size_t *size, git_object_t *type, git_odb_backend *b,
                       const git_oid *shortened, size_t n)
{
    int rc = find_prefix(out, b, shortened, n);
    return rc ? rc : read_loose(data, size, type, b, out);
}

/* Loose objects are asked for one by one. */
static int no_foreach(git_odb_backend *b, git_odb_foreach_cb cb, void *arg)
{
    (void)b;
    (void)cb;
    (void)arg;
    return 0;
}

static void free_loose(git_odb_backend *b)
{
    free(((loose *)b)->dir);
    free(b);
}

static bool add_folder(git_odb *odb, const char *dir)
{
    git_odb_backend *packs = NULL;
    loose *l = calloc(1, sizeof *l);
    if (!l || !(l->dir = strdup(dir)) || git_odb_init_backend(&l->parent, GIT_ODB_BACKEND_VERSION) != 0) {
        free(l);
        return false;
    }
    l->parent.read = read_loose;
    l->parent.read_header = read_loose_header;
    l->parent.read_prefix = read_prefix;
    l->parent.exists = loose_exists;
    l->parent.exists_prefix = find_prefix;
    l->parent.foreach = no_foreach;
    l->parent.free = free_loose;
    if (git_odb_add_backend(odb, &l->parent, 1) != 0) {
        free_loose(&l->parent);
        return false;
    }
    return git_odb_backend_pack(&packs, dir) == 0 && git_odb_add_backend(odb, packs, 2) == 0;
}

/* The folder's own, and those that info/alternates names. */
static bool add_all(git_odb *odb, const char *dir, int *left)
{
    cu_buf name CU_CLEAN_BUF = CU_BUF(65536), list CU_CLEAN_BUF = CU_BUF(65536);
    if (--*left < 0 || !add_folder(odb, dir))
        return false;
    cu_buf_fmt(&name, "%s/info/alternates", dir);
    if (cu_file_read(AT_FDCWD, cu_buf_cstr(&name), &list) != CU_OK)
        return true;
    char *rest = NULL, *text = strdup(cu_buf_cstr(&list));
    bool fine = text != NULL;
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line && fine;
         line = strtok_r(NULL, "\n", &rest)) {
        if (*line == '#')
            continue;
        cu_buf_reset(&name);
        cu_buf_fmt(&name, "%s%s%s", *line == '/' ? "" : dir, *line == '/' ? "" : "/", line);
        fine = add_all(odb, cu_buf_cstr(&name), left);
    }
    free(text);
    return fine;
}

bool cu_repository_open(const char *path, bool search, git_repository **repo, git_odb **odb)
{
    git_buf dir = {0};
    int left = MAX_ALTERNATES;
    *repo = NULL;
    *odb = NULL;
    cu_git_needed();
    bool fine = git_repository_open_ext(repo, path, search ? 0 : GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0 &&
                git_repository_item_path(&dir, *repo, GIT_REPOSITORY_ITEM_OBJECTS) == 0 &&
                git_odb_new(odb) == 0 && add_all(*odb, dir.ptr, &left) &&
                git_repository_set_odb(*repo, *odb) == 0;
    git_buf_dispose(&dir);
    if (fine)
        return true;
    git_odb_free(*odb);
    git_repository_free(*repo);
    *odb = NULL;
    *repo = NULL;
    return false;
}
