/* Only what was added: lines of a unified diff, and of git's index against HEAD. */
#include "scan.h"
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "diff.h"
#include "odb.h"

/* --- a diff --- */
typedef struct {
    cu_job job;
    char *path;
    cu_bytes text;
    cu_diff_run *runs;
    size_t runs_n;
    cu_lines *added;
    size_t added_n;
    uint8_t memory[]; /* all of the above */
} piece_job;

typedef struct {
    const cu_diff_run *v;
    size_t n;
} run_list;

/* The run in which `at` lies: the last that does not begin behind it. */
static const cu_diff_run *run_at(const run_list *l, size_t at)
{
    size_t low = 0, high = l->n;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (l->v[mid].text <= at)
            low = mid;
        else
            high = mid;
    }
    return &l->v[low];
}

static void advance_run(const cu_passage *p, cu_place *c, size_t to)
{
    const cu_diff_run *r = run_at(p->map, to);
    if (c->at < r->text || c->line == 0)
        *c = (cu_place){r->text, r->raw, r->line, r->column};
    uint64_t before = c->line;
    cu_advance_plain(p, c, to);
    c->raw += c->line - before; /* the mark in front of each line */
}

static cu_err run_piece(cu_worker *w, cu_job *j)
{
    const piece_job *b = (const piece_job *)j;
    run_list runs = {b->runs, b->runs_n};
    cu_scan_source src = {.path = b->path, .generated = cu_generated_name(b->path)};
    cu_passage p = {.text = b->text, .advance = advance_run, .map = &runs, .source = &src,
                    .only = b->added, .only_n = b->added_n};
    uint64_t reported = 0;
    cu_count(&w->scan->count.bytes, b->text.n);
    return cu_emit(w, &p, (cu_place){0}, b->text.n, &reported);
}

static void drop_piece(cu_job *j)
{
    piece_job *b = (piece_job *)j;
    if (b->text.n)
        explicit_bzero(b->memory, b->text.n);
    free(b->added);
    free(b->runs);
    free(b->path);
    free(b);
}

static void add_ranges(piece_job *b, const cu_diff_piece *p)
{
    for (size_t i = 0; i < p->runs_n; i++) {
        size_t from = p->runs[i].text, to = i + 1 < p->runs_n ? p->runs[i + 1].text : p->text.n;
        uint64_t lines = 0;
        if (!p->runs[i].added)
            continue;
        for (size_t k = from; k < to; k++)
            lines += p->text.p[k] == '\n';
        if (to > from && p->text.p[to - 1] == 0 && to - from > 1)
            to--; /* the wall behind the hunk */
        bool open = to > from && p->text.p[to - 1] != '\n';
        b->added[b->added_n++] = (cu_lines){p->runs[i].line, p->runs[i].line + lines - (open ? 0 : lines > 0)};
    }
}

typedef struct {
    cu_scan *scan;
    char *last; /* path of the piece before: a large file has several */
} taking;

static cu_err add_piece(void *arg, const cu_diff_piece *p)
{
    taking *t = arg;
    cu_scan *s = t->scan;
    piece_job *b = calloc(1, sizeof *b + p->text.n);
    if (!b)
        return CU_NOMEM;
    b->job = (cu_job){.run = run_piece, .drop = drop_piece, .weight = p->text.n};
    b->path = strdup(p->path);
    b->runs = malloc(p->runs_n * sizeof *b->runs + 1);
    b->added = malloc(p->runs_n * sizeof *b->added + 1);
    if (!b->path || !b->runs || !b->added) {
        drop_piece(&b->job);
        return CU_NOMEM;
    }
    if (p->text.n)
        memcpy(b->memory, p->text.p, p->text.n);
    b->text = cu_bytes_of(b->memory, p->text.n);
    memcpy(b->runs, p->runs, p->runs_n * sizeof *b->runs);
    b->runs_n = p->runs_n;
    add_ranges(b, p);
    if (!t->last || strcmp(t->last, p->path) != 0) {
        free(t->last);
        t->last = strdup(p->path);
        cu_count(&s->count.files, 1);
    }
    return cu_queue_add(s->queue, &b->job);
}

static cu_err feed(cu_scan *s, int fd, cu_diff *d, cu_fault *f)
{
    uint8_t block[65536];
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR && !cu_scan_stopped(s))
            continue;
        if (n < 0)
            return cu_fail(f, cu_errno_err(errno), "the diff cannot be read: %s", strerror(errno));
        if (n == 0)
            return cu_diff_end(d, f);
        if (cu_scan_stopped(s))
            return CU_OK;
        CU_TRY(cu_diff_feed(d, cu_bytes_of(block, (size_t)n), f));
    }
}

cu_err cu_scan_diff(cu_scan *s, const char *path, cu_fault *f)
{
    cu_diff *d = NULL;
    bool input = strcmp(path, "-") == 0;
    int fd CU_CLEAN_FD = input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: cannot be read: %s", path, strerror(errno));
    taking t = {.scan = s};
    CU_TRY(cu_diff_new(add_piece, &t, &d));
    cu_err e = feed(s, fd, d, f);
    cu_diff_free(d);
    free(t.last);
    return cu_scan_finish_source(s, e, f);
}

/* --- the index --- */
typedef struct {
    cu_job job;
    const char *git_dir;
    uint8_t id[20];
    char *path;
    cu_lines *added;
    size_t n;
} staged_job;

static cu_err run_staged(cu_worker *w, cu_job *j)
{
    const staged_job *b = (const staged_job *)j;
    cu_scan_source src = {.path = b->path, .generated = cu_generated_name(b->path)};
    bool clean;
    return cu_object_scan(w, b->git_dir, b->id, &src, b->added, b->n, &clean);
}

static void drop_staged(cu_job *j)
{
    staged_job *b = (staged_job *)j;
    free(b->path);
    free(b->added);
    free(b);
}

static cu_err collect(staged_job *b, git_patch *patch)
{
    size_t hunks = git_patch_num_hunks(patch);
    b->added = malloc(hunks * sizeof *b->added + 1);
    if (!b->added)
        return CU_NOMEM;
    for (size_t i = 0; i < hunks; i++) {
        const git_diff_hunk *h;
        size_t lines;
        if (git_patch_get_hunk(&h, &lines, patch, i) != 0 || h->new_lines <= 0)
            continue;
        b->added[b->n++] = (cu_lines){(uint64_t)h->new_start, (uint64_t)h->new_start + (uint64_t)h->new_lines - 1};
    }
    return CU_OK;
}

/* The whole file is scanned, because what stands around a value counts; reported is what lies in
 * added lines. */
static cu_err add_staged(cu_scan *s, const char *git_dir, git_diff *diff, size_t i)
{
    const git_diff_delta *delta = git_diff_get_delta(diff, i);
    git_patch *patch = NULL;
    if (delta->status == GIT_DELTA_DELETED || (delta->new_file.mode & 0170000) == 0160000)
        return CU_OK;
    staged_job *b = calloc(1, sizeof *b);
    if (!b || !(b->path = strdup(delta->new_file.path))) {
        free(b);
        return CU_NOMEM;
    }
    b->job = (cu_job){.run = run_staged, .drop = drop_staged, .weight = sizeof *b};
    b->git_dir = git_dir;
    memcpy(b->id, delta->new_file.id.id, sizeof b->id);
    cu_err e = CU_OK;
    bool whole = delta->status == GIT_DELTA_ADDED;
    if (!whole && git_patch_from_diff(&patch, diff, i) == 0 && patch &&
        !(git_patch_get_delta(patch)->flags & GIT_DIFF_FLAG_BINARY))
        e = collect(b, patch);
    git_patch_free(patch);
    if (e != CU_OK || (b->added && b->n == 0)) { /* a mode or a name changed, lines went */
        drop_staged(&b->job);
        return e;
    }
    return cu_queue_add(s->queue, &b->job);
}

/* NULL when there is no commit yet. */
static int head_tree(git_repository *repo, git_tree **out)
{
    git_object *o = NULL;
    *out = NULL;
    int unborn = git_repository_head_unborn(repo);
    if (unborn)
        return unborn < 0 ? -1 : 0;
    int rc = git_revparse_single(&o, repo, "HEAD^{tree}");
    *out = (git_tree *)o;
    return rc;
}

static cu_err git_failed(const char *repo, const char *what, cu_fault *f)
{
    const git_error *g = git_error_last();
    return cu_fail(f, CU_CORRUPT, "%.100s: %s: %.150s", repo, what, g ? g->message : "");
}

static cu_err diff_index(cu_scan *s, git_repository *repo, const char *name, cu_fault *f)
{
    git_diff_options o = GIT_DIFF_OPTIONS_INIT;
    git_diff_find_options find = GIT_DIFF_FIND_OPTIONS_INIT;
    git_tree *tree = NULL;
    git_diff *diff = NULL;
    cu_err e = CU_OK;
    o.context_lines = 0;
    o.max_size = (git_off_t)CU_SCAN_MAX_BLOB;
    find.flags = GIT_DIFF_FIND_RENAMES;
    if (head_tree(repo, &tree) != 0)
        e = git_failed(name, "HEAD cannot be read", f);
    else if (git_diff_tree_to_index(&diff, repo, tree, NULL, &o) != 0 ||
             git_diff_find_similar(diff, &find) != 0)
        e = git_failed(name, "the index cannot be compared with HEAD", f);
    for (size_t i = 0; e == CU_OK && i < git_diff_num_deltas(diff) && !cu_scan_stopped(s); i++)
        e = add_staged(s, git_repository_path(repo), diff, i);
    git_diff_free(diff);
    git_tree_free(tree);
    return e;
}

cu_err cu_scan_staged(cu_scan *s, const char *path, cu_fault *f)
{
    git_repository *repo = NULL;
    git_odb *odb = NULL;
    if (!cu_repository_open(path, true, &repo, &odb)) {
        const git_error *g = git_error_last();
        return cu_fail(f, CU_NOT_FOUND, "%.100s: no git repository: %.150s", path, g ? g->message : "");
    }
    cu_err e = diff_index(s, repo, path, f);
    e = cu_scan_finish_source(s, e, f);
    cu_queue_forget_git(s->queue);
    git_odb_free(odb);
    git_repository_free(repo);
    return e;
}
