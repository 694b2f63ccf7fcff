/* The anchor log names every tenant, so a bundle does not hold it: for each of its checkpoints that
 * matters (the newest, and those of the period that witnesses or time stamps speak for) the bundle holds
 * the signed text, what was said about it, and the entry about each log of the bundle with its proof. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "job.h"
#include "tiles.h"

#define VIEWS_MAX 20000u  /* checkpoints kept on disk that are looked at */
#define SHOWN_MAX 1000u   /* and that go into a bundle */
#define NOWHERE UINT64_MAX

typedef struct {
    uint64_t size;
    char at[CU_TIME_LEN];            /* of the last entry it covers */
    uint64_t last[CU_LISTING_LOGS];  /* newest entry about each log, or NOWHERE */
    bool shown;
} view;

typedef struct {
    job *j;
    cu_log *l;
    cu_checkpoint cp;
    cu_buf note;
    view *views;
    size_t n, next;
    uint64_t last[CU_LISTING_LOGS], last_size[CU_LISTING_LOGS];
} anchor;

static int by_size(const void *x, const void *y)
{
    const view *a = x, *b = y;
    return (a->size > b->size) - (a->size < b->size);
}

/* Files named by a size, in anchor/cosigned or anchor/timestamps. */
static cu_err list_views(anchor *a, const char *folder)
{
    int fd = openat(a->l->dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d)
        return errno == ENOENT ? CU_OK : cu_errno_err(errno);
    for (struct dirent *e; (e = readdir(d)) && a->n < VIEWS_MAX;) {
        char *end;
        uint64_t size = strtoull(e->d_name, &end, 10);
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && *end == 0 && size > 0 && size < a->cp.size)
            a->views[a->n++] = (view){.size = size};
    }
    closedir(d);
    return CU_OK;
}

static cu_err find_views(anchor *a)
{
    size_t n = 0;
    a->views = calloc(VIEWS_MAX + 1, sizeof *a->views);
    if (!a->views)
        return CU_NOMEM;
    CU_TRY(list_views(a, "cosigned"));
    CU_TRY(list_views(a, "timestamps"));
    a->views[a->n++] = (view){.size = a->cp.size};
    qsort(a->views, a->n, sizeof *a->views, by_size);
    for (size_t i = 0; i < a->n; i++)
        if (i + 1 == a->n || a->views[i].size != a->views[i + 1].size)
            a->views[n++] = a->views[i];
    a->n = n;
    return CU_OK;
}

static cu_err take(void *arg, uint64_t index, cu_bytes bytes, const cu_sha256 *hash)
{
    anchor *a = arg;
    cu_leaf leaf;
    cu_bytes name, size;
    (void)hash;
    if (cu_leaf_parse(bytes, &leaf) != CU_OK)
        return CU_CORRUPT;
    for (size_t i = 0; i < a->j->n && cu_body_member(leaf.body, CU_LIT("log"), &name) && cu_body_member(leaf.body, CU_LIT("size"), &size); i++)
        if (cu_eq_str(name, a->j->sources[i].name)) {
            char number[24];
            snprintf(number, sizeof number, "%.*s", size.n < sizeof number ? (int)size.n : 0, (const char *)size.p);
            uint64_t n = strtoull(number, NULL, 10);
            if (n <= a->j->sources[i].cp.size) { /* later ones speak of entries that the bundle does not hold */
                a->last[i] = index;
                a->last_size[i] = n;
            }
        }
    if (a->next < a->n && index + 1 == a->views[a->next].size) {
        view *v = &a->views[a->next++];
        snprintf(v->at, sizeof v->at, "%.*s", leaf.ts.n < sizeof v->at ? (int)leaf.ts.n : 0, (const char *)leaf.ts.p);
        memcpy(v->last, a->last, sizeof a->last);
    }
    return CU_OK;
}

/* The newest; those of the period; the one before it and the one after it, between which it lies. */
static void choose(anchor *a)
{
    size_t before = a->n, after = a->n, inside = 0, step = 1;
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->views[i].at, a->j->with->from) < 0)
            before = i;
        else if (strcmp(a->views[i].at, a->j->with->to) >= 0 && after == a->n)
            after = i;
        else
            inside += strcmp(a->views[i].at, a->j->with->to) < 0;
    }
    step += inside / SHOWN_MAX;
    for (size_t i = 0, k = 0; i < a->n; i++) {
        bool in = strcmp(a->views[i].at, a->j->with->from) >= 0 && strcmp(a->views[i].at, a->j->with->to) < 0;
        a->views[i].shown = i == before || i == after || i + 1 == a->n || (in && k++ % step == 0);
    }
}

static void put_if_there(anchor *a, const char *folder, const char *end, uint64_t size, const char *as, unsigned *counted)
{
    char path[80], name[80];
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    snprintf(path, sizeof path, "%s/%012llu%s", folder, (unsigned long long)size, end);
    if (cu_file_read(a->l->dirfd, path, &b) != CU_OK)
        return;
    snprintf(name, sizeof name, "anchor/%llu/%s", (unsigned long long)size, as);
    archive_put(a->j->out, name, cu_buf_view(&b));
    if (counted)
        ++*counted;
}

static cu_err put_consistency(anchor *a, uint64_t from, uint64_t to)
{
    char name[80];
    merkle_proof p;
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    a->l->size = a->cp.size;
    cu_err e = merkle_consistency(tile_node, a->l, from, to, &p);
    if (e != CU_OK)
        return cu_fail(a->j->f, e, "the anchor log's tiles: %s", cu_err_text(e));
    for (size_t i = 0; i < p.n; i++) {
        cu_base64(&b, cu_bytes_of(&p.v[i], sizeof p.v[i]));
        cu_buf_byte(&b, '\n');
    }
    snprintf(name, sizeof name, "anchor/%llu/consistency", (unsigned long long)to);
    archive_put(a->j->out, name, cu_buf_view(&b));
    return cu_buf_err(&b);
}

/* The text that view's proofs are for: the newest as it is, an older one as it was kept. */
static cu_err view_note(anchor *a, const view *v, cu_buf *note)
{
    static const char *const folders[] = {"cosigned", "timestamps"};
    char path[80];
    if (v->size == a->cp.size) {
        cu_buf_add(note, cu_buf_view(&a->note));
        return cu_buf_err(note);
    }
    cu_err e = CU_NOT_FOUND;
    for (size_t i = 0; i < 2 && e == CU_NOT_FOUND; i++) {
        snprintf(path, sizeof path, "%s/%012llu", folders[i], (unsigned long long)v->size);
        e = cu_file_read(a->l->dirfd, path, note);
    }
    return e == CU_OK ? CU_OK : cu_fail(a->j->f, e, "anchor/%s: %s", path, cu_err_text(e));
}

static cu_err put_view(anchor *a, const view *v, uint64_t before)
{
    char stem[180];
    cu_buf note CU_CLEAN_BUF = CU_BUF(CU_NOTE_MAX);
    cu_checkpoint cp = {.size = v->size};
    CU_TRY(view_note(a, v, &note));
    snprintf(stem, sizeof stem, "anchor/%llu/checkpoint", (unsigned long long)v->size);
    archive_put(a->j->out, stem, cu_buf_view(&note));
    put_if_there(a, "cosigned", "", v->size, "cosigned", &a->j->result->cosigned);
    put_if_there(a, "timestamps", "", v->size, "stamped", NULL);
    put_if_there(a, "timestamps", ".tsr", v->size, "stamped.tsr", &a->j->result->timestamps);
    if (before)
        CU_TRY(put_consistency(a, before, v->size));
    for (size_t i = 0; i < a->j->n; i++) {
        if (v->last[i] == NOWHERE)
            continue;
        snprintf(stem, sizeof stem, "anchor/%llu/%.80s", (unsigned long long)v->size, a->j->sources[i].name);
        CU_TRY(job_put_proven(a->j, stem, a->l, v->last[i], &cp, cu_buf_view(&note)));
    }
    return CU_OK;
}

/* Every log's newest checkpoint that is in this bundle stands in the anchor log. */
static bool all_anchored(const anchor *a)
{
    for (size_t i = 0; i < a->j->n; i++)
        if (a->last[i] == NOWHERE || a->last_size[i] != a->j->sources[i].cp.size)
            return false;
    return true;
}

static cu_err scan(anchor *a)
{
    cu_buf_reset(&a->note);
    free(a->views);
    a->views = NULL;
    a->n = a->next = 0;
    for (size_t i = 0; i < CU_LISTING_LOGS; i++)
        a->last[i] = NOWHERE;
    CU_TRY(cu_log_checkpoint(a->l, &a->cp, &a->note, a->j->f));
    CU_TRY(find_views(a));
    return cu_log_each(a->l, 0, a->cp.size, take, a, a->j->f);
}

static cu_err put_all(anchor *a)
{
    static const char *const files[] = {"vkey", "vkeys"};
    static const char *const extras[] = {"anchor/witness-policy", "anchor/tsa-ca.pem"};
    uint64_t before = 0;
    for (size_t i = 0; i < 2; i++) {
        char name[40];
        cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
        snprintf(name, sizeof name, "anchor/%s", files[i]);
        cu_err e = cu_file_read(a->l->dirfd, files[i], &b);
        if (e == CU_OK)
            archive_put(a->j->out, name, cu_buf_view(&b));
        else if (e != CU_NOT_FOUND || i == 0)
            return cu_fail(a->j->f, e, "anchor/%s: %s", files[i], cu_err_text(e));
    }
    for (size_t i = 0; i < 2; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(1u << 20);
        if (!a->j->with->extras[i])
            continue;
        cu_err e = cu_file_read(AT_FDCWD, a->j->with->extras[i], &b);
        if (e != CU_OK)
            return cu_fail(a->j->f, e, "%.200s: %s", a->j->with->extras[i], cu_err_text(e));
        archive_put(a->j->out, extras[i], cu_buf_view(&b));
    }
    for (size_t i = 0; i < a->n; i++)
        if (a->views[i].shown) {
            CU_TRY(put_view(a, &a->views[i], before));
            before = a->views[i].size;
        }
    return CU_OK;
}

cu_err job_anchor(job *j)
{
    char path[4200];
    anchor a = {.j = j, .note = CU_BUF(CU_NOTE_MAX)};
    snprintf(path, sizeof path, "%.4000s/anchor", j->with->log_dir);
    CU_TRY(cu_log_open(path, &a.l, j->f));
    cu_err e = scan(&a);
    for (unsigned ms = 0; e == CU_OK && !all_anchored(&a) && ms < j->with->wait_ms; ms += 100) {
        usleep(100000); /* a round publishes the logs first and the anchor log last */
        e = scan(&a);
    }
    if (e == CU_OK) {
        choose(&a);
        e = put_all(&a);
    }
    cu_buf_free(&a.note);
    free(a.views);
    cu_log_close(a.l);
    return e;
}
