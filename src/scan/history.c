#include "history.h"
#include "odb.h"
#include <malloc.h>
#include <stdlib.h>
#include <time.h>
#include "base/digest.h"

typedef struct {
    cu_job job;
    cu_history *h;
    uint32_t blob;
} blob_job;

cu_err cu_history_broken(cu_history *h, const uint8_t *id, const char *what)
{
    char hex[2 * CU_OBJECT_ID + 1];
    const git_error *g = git_error_last();
    cu_hex(hex, id, CU_OBJECT_ID);
    return cu_scan_complain(h->scan, h->git_dir, "object %s %s%s%.160s", hex, what, g ? ": " : "",
                            g ? g->message : "");
}

static void time_text(int64_t seconds, char out[32])
{
    struct tm tm;
    time_t t = (time_t)seconds;
    if (!gmtime_r(&t, &tm) || tm.tm_year > 8099 || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
        memcpy(out, "1970-01-01T00:00:00Z", 21);
}

static cu_err run_blob(cu_worker *w, cu_job *j)
{
    const blob_job *b = (const blob_job *)j;
    cu_history *h = b->h;
    const cu_blob *blob = cu_ids_at(&h->blobs, b->blob);
    const cu_commit *c = cu_ids_at(&h->commits, blob->commit);
    char commit[2 * CU_OBJECT_ID + 1], when[32];
    bool clean;
    cu_hex(commit, c->id, CU_OBJECT_ID);
    time_text(c->time, when);
    cu_scan_source src = {.path = h->paths.v[blob->path], .commit = commit, .author_time = when};
    src.generated = cu_generated_name(src.path);
    cu_count(&w->scan->count.blobs, 1);
    CU_TRY(cu_object_scan(w, h->git_dir, blob->id, &src, NULL, 0, &clean));
    return clean && h->state ? cu_state_add(h->state, blob->id) : CU_OK;
}

static void drop_blob(cu_job *j)
{
    free(j);
}

static cu_err add_blob(cu_history *h, uint32_t index)
{
    const cu_blob *b = cu_ids_at(&h->blobs, index);
    h->added[index / 8] |= (uint8_t)(1u << (index % 8));
    if (h->state && cu_state_knows(h->state, b->id)) {
        cu_count(&h->scan->count.blobs, 1);
        return CU_OK;
    }
    blob_job *j = malloc(sizeof *j);
    if (!j)
        return CU_NOMEM;
    *j = (blob_job){{.run = run_blob, .drop = drop_blob, .weight = sizeof *j}, h, index};
    return cu_queue_add(h->scan->queue, &j->job);
}

static bool was_added(const cu_history *h, uint32_t index)
{
    return h->added[index / 8] >> (index % 8) & 1;
}

/* libgit2 tells the objects of a pack in the order in which they lie in it. */
static int on_object(const git_oid *id, void *arg)
{
    cu_history *h = arg;
    uint32_t index = cu_ids_find(&h->blobs, id->id);
    if (cu_scan_stopped(h->scan))
        return -1;
    if (index == CU_IDS_NONE || was_added(h, index))
        return 0;
    cu_err e = add_blob(h, index);
    return e == CU_OK ? 0 : -(int)e - 1000;
}

static cu_err scan_blobs(cu_history *h)
{
    h->added = calloc(h->blobs.n / 8 + 1, 1);
    if (!h->added)
        return CU_NOMEM;
    int rc = git_odb_foreach(h->odb, on_object, h);
    if (rc <= -1000)
        return (cu_err)(-rc - 1000);
    for (uint32_t i = 0; i < h->blobs.n && !cu_scan_stopped(h->scan); i++)
        if (!was_added(h, i)) /* missing ones: reading them says so */
            CU_TRY(add_blob(h, i));
    return CU_OK;
}

static void history_free(cu_history *h)
{
    cu_ids_free(&h->commits);
    cu_ids_free(&h->blobs);
    cu_ids_free(&h->trees);
    cu_ids_free(&h->shallow);
    cu_history_forget_trees(h);
    cu_paths_free(&h->paths);
    cu_buf_free(&h->path);
    free(h->stack);
    free(h->added);
    cu_state_free(h->state);
    git_odb_free(h->odb);
    git_repository_free(h->repo);
}

/* Little memory, whatever the size of the files: no cache, small windows, and no second hash of what zlib
 * has checked already (git's own reader does not hash either). */
static void set_limits(void)
{
    cu_git_needed();
    mallopt(M_ARENA_MAX, 1); /* objects are allocated by one thread and freed by another */
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0); /* a full cache of libgit2's costs more than it saves */
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)1 << 20);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)8 << 20);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
}

static cu_err run_history(cu_history *h, const char *range, const char *state, cu_fault *f)
{
    cu_scan *s = h->scan;
    if (state)
        CU_TRY(cu_state_load(s, state, &h->state, f));
    CU_TRY(cu_history_commits(h, range, f));
    cu_ids_free(&h->trees);
    cu_history_forget_trees(h);
    CU_TRY(scan_blobs(h));
    return CU_OK;
}

cu_err cu_scan_history(cu_scan *s, const char *repo, const char *range, const char *state, cu_fault *f)
{
    cu_history h = {.scan = s, .path = CU_BUF((size_t)1 << 20)};
    cu_ids_init(&h.commits, sizeof(cu_commit));
    cu_ids_init(&h.blobs, sizeof(cu_blob));
    cu_ids_init(&h.trees, CU_OBJECT_ID);
    cu_ids_init(&h.shallow, CU_OBJECT_ID);
    set_limits();
    if (!cu_repository_open(repo, true, &h.repo, &h.odb)) {
        const git_error *g = git_error_last();
        history_free(&h);
        return cu_fail(f, CU_NOT_FOUND, "%.100s: no git repository: %.150s", repo, g ? g->message : "");
    }
    h.git_dir = git_repository_path(h.repo);
    cu_err e = run_history(&h, range, state, f);
    e = cu_scan_finish_source(s, e, f);
    if (h.state && (e == CU_OK || e == CU_CORRUPT)) {
        cu_err e2 = cu_state_save(h.state, state, f);
        e = e == CU_OK ? e2 : e;
    }
    cu_queue_forget_git(s->queue);
    history_free(&h);
    return e;
}
