/* What runs against what was approved: SHA-256 of each part of the installation, held against the record of the register
 * `release` that is approved. What the first start of a state folder finds is taken as installed. */
#include "release.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "node.h"

#define DAY_S 86400u
#define FILES_MAX 4096u
#define DEPTH_MAX 16u

/* Names of the digests in an entry. */
enum { CATALOGUE, COMMAND, CONSOLE, INJECTED, MODULE, PRINTER, PROGRAM, RULES, VERIFIER, PARTS };
static const char *const part_names[PARTS] = {"catalogue", "command", "console", "injected", "module", "printer", "program", "rules", "verifier"};

typedef struct {
    char digest[PARTS][2 * CU_SHA256_LEN + 1]; /* "": it is not there */
    char running[2 * CU_SHA256_LEN + 1];       /* of the program that runs, which a file may have replaced */
    unsigned files;
} installed;

/* A look: at the content, or only at what tells that a file was touched. */
typedef struct {
    installed *in;
    cu_sha256_state *touched;  /* NULL: the content */
} look;

static cu_err digest_file(const char *path, char hex[2 * CU_SHA256_LEN + 1])
{
    uint8_t part[65536];
    cu_sha256_state h;
    cu_sha256 d;
    ssize_t n;
    int fd CU_CLEAN_FD = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cu_errno_err(errno);
    cu_sha256_begin(&h);
    while ((n = read(fd, part, sizeof part)) > 0)
        cu_sha256_add(&h, cu_bytes_of(part, (size_t)n));
    cu_sha256_end(&h, &d);
    cu_hex(hex, d.b, sizeof d.b);
    return n == 0 ? CU_OK : CU_IO;
}

static void touch(look *l, const char *path)
{
    struct stat st;
    struct { uint64_t v[6]; } s = {{0}};
    if (stat(path, &st) == 0)
        s.v[0] = (uint64_t)st.st_size, s.v[1] = (uint64_t)st.st_ino, s.v[2] = (uint64_t)st.st_mtim.tv_sec, s.v[3] = (uint64_t)st.st_mtim.tv_nsec,
        s.v[4] = (uint64_t)st.st_ctim.tv_sec, s.v[5] = (uint64_t)st.st_ctim.tv_nsec;
    cu_sha256_add(l->touched, cu_str(path));
    cu_sha256_add(l->touched, cu_bytes_of(&s, sizeof s));
}

static void one_file(look *l, const char *path, char hex[2 * CU_SHA256_LEN + 1])
{
    hex[0] = 0;
    l->in->files++;
    if (l->touched)
        touch(l, path);
    else if (digest_file(path, hex) != CU_OK)
        hex[0] = 0;
}

/* --- folders --- */

typedef struct {
    char *v[FILES_MAX];
    size_t n;
} paths;

static void gather(paths *p, const char *dir, unsigned depth)
{
    char path[PATH_MAX];
    struct stat st;
    DIR *d = depth < DEPTH_MAX ? opendir(dir) : NULL;
    for (struct dirent *en; d && (en = readdir(d));) {
        if (strcmp(en->d_name, ".") == 0 || strcmp(en->d_name, "..") == 0 || snprintf(path, sizeof path, "%s/%s", dir, en->d_name) >= (int)sizeof path || stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            gather(p, path, depth + 1);
        else if (p->n < FILES_MAX && (p->v[p->n] = strdup(path)))
            p->n++;
    }
    if (d)
        closedir(d);
}

static int by_path(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Of a folder: of lines `SHA-256  name`, in the order of the names, as sha256sum writes them. */
static void one_folder(look *l, const char *dir, char hex[2 * CU_SHA256_LEN + 1])
{
    paths *p = calloc(1, sizeof *p);
    cu_sha256_state h;
    cu_sha256 d;
    hex[0] = 0;
    if (!p)
        return;
    gather(p, dir, 0);
    qsort(p->v, p->n, sizeof *p->v, by_path);
    cu_sha256_begin(&h);
    for (size_t i = 0; i < p->n; i++) {
        char of[2 * CU_SHA256_LEN + 1];
        one_file(l, p->v[i], of);
        cu_sha256_add(&h, cu_str(of));
        cu_sha256_add(&h, CU_LIT("  "));
        cu_sha256_add(&h, cu_str(p->v[i] + strlen(dir) + 1));
        cu_sha256_add(&h, CU_LIT("\n"));
        free(p->v[i]);
    }
    cu_sha256_end(&h, &d);
    if (p->n)
        cu_hex(hex, d.b, sizeof d.b);
    free(p);
}

/* --- the installation --- */

static void beside(look *l, unsigned part, const char *first, const char *second)
{
    char path[PATH_MAX];
    if (cu_program_file((const char *const[]){first, second, NULL}, path, sizeof path))
        one_file(l, path, l->in->digest[part]);
}

/* What runs is read again only where it is another file than the one that lies there now. */
static void running_program(look *l)
{
    char path[PATH_MAX];
    struct stat there, runs;
    installed *in = l->in;
    bool same = in->digest[PROGRAM][0] && cu_program_file((const char *const[]){"custos-server", NULL}, path, sizeof path) && stat(path, &there) == 0 &&
                stat("/proc/self/exe", &runs) == 0 && there.st_dev == runs.st_dev && there.st_ino == runs.st_ino;
    if (!same) {
        one_file(l, "/proc/self/exe", in->running);
        return;
    }
    in->files++;
    memcpy(in->running, in->digest[PROGRAM], sizeof in->running);
}

static void look_at_all(look *l)
{
    char path[PATH_MAX];
    beside(l, PROGRAM, "custos-server", NULL);
    beside(l, COMMAND, "custos", NULL);
    beside(l, PRINTER, "custos-pdf", NULL);
    beside(l, VERIFIER, "custos-verify", "../verify/custos-verify");
    if (cu_program_module(path, sizeof path))
        one_file(l, path, l->in->digest[MODULE]);
    if (*cu_rules_image_path())
        one_file(l, cu_rules_image_path(), l->in->digest[RULES]);
    if (*cu_injected_image_path())
        one_file(l, cu_injected_image_path(), l->in->digest[INJECTED]);
    if (cu_catalog_dir())
        one_folder(l, cu_catalog_dir(), l->in->digest[CATALOGUE]);
    if (cu_program_web(path, sizeof path))
        one_folder(l, path, l->in->digest[CONSOLE]);
    if (!l->touched)
        running_program(l);
}

static void measure(installed *in)
{
    look l = {.in = in};
    *in = (installed){0};
    look_at_all(&l);
}

static json_t *fields_of(const installed *in)
{
    json_t *v = json_pack("{s:s,s:i}", "version", CUSTOS_VERSION, "files", (int)in->files);
    for (unsigned i = 0; i < PARTS; i++)
        json_object_set_new(v, part_names[i], json_string(in->digest[i]));
    return v;
}

/* Names of the parts that are not as the record says. */
static json_t *differences(const installed *in, const json_t *record)
{
    json_t *v = json_array();
    for (unsigned i = 0; i < PARTS; i++)
        if (strcmp(in->digest[i], desk_text(record, part_names[i])) != 0)
            json_array_append_new(v, json_string(part_names[i]));
    if (strcmp(in->running, desk_text(record, "program")) != 0)
        json_array_append_new(v, json_string("running"));
    return v;
}

static bool same_files(const installed *in, const json_t *record)
{
    bool same = true;
    for (unsigned i = 0; i < PARTS; i++)
        same &= strcmp(in->digest[i], desk_text(record, part_names[i])) == 0;
    return same;
}

/* --- the register --- */

static const char *id_of(const json_t *record)
{
    const char *s = json_string_value(json_object_get(record, "id"));
    return s ? s : "";
}

static void replaced(app *a, const json_t *record) { (void)desk_note(a, "release.replaced", json_pack("{s:s}", "release", id_of(record))); }

/* The newest record that is approved, owned; the others are replaced. NULL: none. */
static json_t *approved(app *a)
{
    json_t *all = desk_list(a, "release", "approved", false), *x, *newest = NULL;
    size_t i;
    json_array_foreach(all, i, x)
        if (i == 0)
            newest = json_incref(x);
        else
            replaced(a, x);
    json_decref(all);
    return newest;
}

/* What was found and is not there any more waits for nobody. False: nothing waits that is like what is there. */
static bool waits(app *a, const installed *in)
{
    json_t *all = desk_list(a, "release", "found", false), *x;
    size_t i;
    bool there = false;
    json_array_foreach(all, i, x)
        if (!there && same_files(in, x))
            there = true;
        else
            replaced(a, x);
    json_decref(all);
    return there;
}

static bool tell(app *a, const char *type, json_t *body)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    cu_buf_str(&b, text ? text : "");
    free(text);
    json_decref(body);
    return node_tell(a, type, &b);
}

static void tell_mismatch(app *a, const installed *in, const json_t *record, const json_t *parts)
{
    char *text = json_dumps(parts, JSON_COMPACT);
    cu_say(CU_LOG_ERROR, "program files are not those that were approved: %s", text ? text : "");
    free(text);
    if (!same_files(in, record) && !waits(a, in))
        (void)desk_note(a, "release.found", fields_of(in));
    (void)tell(a, "release.mismatch", json_pack("{s:O,s:s}", "differs", parts, "release", id_of(record)));
}

bool release_check(app *a, json_t *out)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* the watch and who asks */
    installed in;
    pthread_mutex_lock(&one);
    measure(&in);
    json_t *record = approved(a);
    if (!record && desk_note(a, "release.installed", fields_of(&in)))
        record = approved(a);
    json_t *parts = record ? differences(&in, record) : json_array();
    bool good = record && json_array_size(parts) == 0;
    if (good) {
        (void)waits(a, &in);
        good = tell(a, "release.verified", json_pack("{s:i,s:s}", "files", (int)in.files, "release", id_of(record)));
    } else if (record) {
        tell_mismatch(a, &in, record, parts);
    }
    if (out)
        json_array_extend(out, parts);
    json_decref(parts);
    json_decref(record);
    pthread_mutex_unlock(&one);
    return good;
}

void release_watch(app *a)
{
    static char before[2 * CU_SHA256_LEN + 1]; /* of this thread */
    char now[sizeof before];
    installed in = {0};
    cu_sha256_state h;
    cu_sha256 d;
    look l = {.in = &in, .touched = &h};
    cu_sha256_begin(&h);
    look_at_all(&l);
    cu_sha256_end(&h, &d);
    cu_hex(now, d.b, sizeof d.b);
    if (strcmp(now, before) == 0 && (!older_than(a, "release.verified", DAY_S) || !older_than(a, "release.mismatch", DAY_S)))
        return;
    memcpy(before, now, sizeof before);
    (void)release_check(a, NULL);
}

cu_err release_check_approval(desk_step *s, cu_fault *f)
{
    installed in;
    measure(&in);
    return same_files(&in, s->now) ? CU_OK : cu_fail(f, CU_STATE, "other files than these are installed now");
}

void release_decided(app *a) { (void)release_check(a, NULL); }
