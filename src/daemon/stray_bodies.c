/* Files of bodies that no entry speaks of: a worker was killed between a file and its entry, or before the file was
 * whole. What the log does not know is not kept: an entry says that it was not, and the file goes. And bodies that were
 * to be kept and have neither: the worker was killed before the file was begun. */
#include "capture.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "store/body_keys.h"
#include "store/content.h"

#define AT_ONCE 512u
#define STRAY_NS (900ull * 1000000000) /* a worker that lives has written the entry long before */

typedef struct {
    char exchange[CU_ID_LEN];
    unsigned part;
} body_file;

/* Workers make these files, and one may be no longer ours: what is no id never comes into an entry. */
static bool is_id(const char *s)
{
    for (size_t i = 0; s[i]; i++)
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'A' && s[i] <= 'Z')))
            return false;
    return strlen(s) == CU_ID_LEN - 1;
}

/* EXCHANGE.PART.PERSON, with a dot before it while it is not whole. */
static bool name_of(const char *name, body_file *out)
{
    name += name[0] == '.';
    cu_bytes person = cu_body_name_person(name);
    if (!person.n)
        return false;
    snprintf(out->exchange, sizeof out->exchange, "%.*s", CU_ID_LEN - 1, name);
    const char *part = name + CU_ID_LEN;
    size_t n = (size_t)((const char *)person.p - 1 - part);
    for (out->part = 0; out->part < CU_BODY_PARTS; out->part++)
        if (cu_eq_str(cu_bytes_of(part, n), cu_body_part_name(out->part)))
            return is_id(out->exchange);
    return false;
}

typedef struct {
    const char *part, *key;
    bool known, kept; /* an entry speaks of it; it is kept, under this key */
} spoken_of;

static void look(void *arg, const cu_store_body *b)
{
    spoken_of *s = arg;
    if (strcmp(b->part, s->part) != 0)
        return;
    s->known = true;
    s->kept = !*b->missing && strcmp(b->key, s->key) == 0;
}

static cu_err tell(app *a, const cu_body_key *k, const body_file *file)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_fmt(&b, "{\"class\":\"%s\",\"exchange\":\"%s\",\"part\":\"%s\",\"reason\":\"worker_ended\"}", cu_data_class_name(k->class), file->exchange,
               cu_body_part_name(file->part));
    pthread_mutex_lock(&a->lock);
    cu_err e = record(a, "content.not_captured", k->tenant, "daemon", &b);
    pthread_mutex_unlock(&a->lock);
    return e;
}

/* The entry first: cut short in between, the file goes the next time. */
static cu_err settle(app *a, const cu_body_key *k, int folder, const char *name, uint64_t before_ns, uint64_t *gone)
{
    struct stat st;
    body_file file;
    if (!name_of(name, &file))
        return CU_OK;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? CU_OK : cu_errno_err(errno);
    if ((uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec >= before_ns)
        return CU_OK;
    spoken_of s = {.part = cu_body_part_name(file.part), .key = k->id};
    CU_TRY(cu_store_bodies(a->store, file.exchange, look, &s));
    if (s.kept && name[0] != '.')
        return CU_OK;
    if (!s.known)
        CU_TRY(tell(a, k, &file));
    if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
        return cu_errno_err(errno);
    ++*gone;
    return CU_OK;
}

static cu_err settle_folder(app *a, const cu_body_key *k, uint64_t before_ns)
{
    int fd = openat(a->bodies_fd, k->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        cu_err e = errno == ENOENT ? CU_OK : cu_errno_err(errno);
        cu_close_fd(&fd);
        return e;
    }
    uint64_t gone = 0;
    cu_err e = CU_OK;
    for (struct dirent *en; e == CU_OK && (en = readdir(d));)
        e = settle(a, k, fd, en->d_name, before_ns, &gone);
    if (gone) {
        if (fsync(fd) != 0 && e == CU_OK)
            e = CU_IO;
        cu_say(CU_LOG_WARN, "%llu bodies of tenant %s that no entry spoke of (a worker was killed) are removed; entries say so", (unsigned long long)gone, k->tenant);
    }
    closedir(d);
    return e;
}

typedef struct {
    struct {
        char exchange[CU_ID_LEN], part[16], tenant[64], class[32];
    } v[AT_ONCE];
    size_t n;
} awaited;

static void add_awaited(void *arg, const cu_store_body *b)
{
    awaited *w = arg;
    if (w->n == AT_ONCE)
        return;
    snprintf(w->v[w->n].exchange, sizeof w->v->exchange, "%s", b->exchange);
    snprintf(w->v[w->n].part, sizeof w->v->part, "%s", b->part);
    snprintf(w->v[w->n].tenant, sizeof w->v->tenant, "%s", b->tenant);
    snprintf(w->v[w->n++].class, sizeof w->v->class, "%s", b->class);
}

/* After the files: what has one was told with it. More than fit wait for the next time. */
static cu_err tell_awaited(app *a, uint64_t before_ns)
{
    char before[CU_TIME_LEN];
    awaited *w = calloc(1, sizeof *w);
    cu_time_text(before_ns, before);
    cu_err e = w ? cu_store_awaited_bodies(a->store, before, AT_ONCE, add_awaited, w) : CU_NOMEM;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; e == CU_OK && i < w->n; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(512);
        cu_buf_fmt(&b, "{\"class\":\"%s\",\"exchange\":\"%s\",\"part\":\"%s\",\"reason\":\"worker_ended\"}", w->v[i].class, w->v[i].exchange, w->v[i].part);
        e = record(a, "content.not_captured", w->v[i].tenant, "daemon", &b);
    }
    pthread_mutex_unlock(&a->lock);
    if (e == CU_OK && w->n)
        cu_say(CU_LOG_WARN, "%zu bodies that were to be kept have no file (a worker was killed); entries say so", w->n);
    free(w);
    return e;
}

cu_err capture_settle(app *a)
{
    cu_body_key *k;
    size_t n;
    uint64_t now = cu_now_ns(), before = now > STRAY_NS ? now - STRAY_NS : 0;
    if (a->drained_ns < before)
        before = a->drained_ns; /* what was written later may have an entry that waits in the spool */
    if (!before)
        return CU_OK;
    cu_err e = cu_body_keys_list(a->body_keys, NULL, &k, &n);
    for (size_t i = 0; e == CU_OK && i < n; i++)
        if (!k[i].destroyed)
            e = settle_folder(a, &k[i], before);
    free(k);
    return e == CU_OK ? tell_awaited(a, before) : e;
}
