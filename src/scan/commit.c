#include "scan/commit.h"
#include <git2.h>
#include <stdio.h>
#include "odb.h"

#define FILE_MAX ((int64_t)8 << 20) /* bytes of a file that is compared */

typedef struct {
    cu_commit_line_fn each;
    void *arg;
    size_t lines;
    cu_err err;
} reading;

static cu_err failed(cu_fault *f, cu_err e, const char *name, const char *what)
{
    const git_error *g = git_error_last();
    return cu_fail(f, e, "%.120s: %s%s%.150s", name, what, g ? ": " : "", g ? g->message : "");
}

static int on_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *arg)
{
    reading *r = arg;
    size_t n = line->content_len;
    (void)hunk;
    if (line->origin != GIT_DIFF_LINE_ADDITION || line->new_lineno < 1)
        return 0;
    while (n && (line->content[n - 1] == '\n' || line->content[n - 1] == '\r'))
        n--;
    r->err = ++r->lines > CU_COMMIT_LINES ? CU_TOO_BIG : r->each(r->arg, delta->new_file.path, (uint32_t)line->new_lineno, cu_bytes_of(line->content, n));
    return r->err == CU_OK ? 0 : -1;
}

static void read_trailers(const char *message, cu_commit *out)
{
    git_message_trailer_array t;
    if (git_message_trailers(&t, message) != 0)
        return;
    for (size_t i = 0; i < t.count && out->trailers_n < CU_COMMIT_TRAILERS; i++) {
        snprintf(out->trailers[out->trailers_n].key, sizeof out->trailers[0].key, "%s", t.trailers[i].key);
        snprintf(out->trailers[out->trailers_n++].value, sizeof out->trailers[0].value, "%s", t.trailers[i].value);
    }
    git_message_trailer_array_free(&t);
}

static void describe(git_commit *c, cu_commit *out)
{
    const git_signature *author = git_commit_author(c);
    const char *subject = git_commit_summary(c);
    git_oid_tostr(out->id, sizeof out->id, git_commit_id(c));
    snprintf(out->first[0], sizeof out->first[0], "%s", author && author->name ? author->name : "");
    snprintf(out->first[1], sizeof out->first[1], "%s", subject ? subject : "");
    out->at = git_commit_time(c);
    read_trailers(git_commit_message_raw(c) ? git_commit_message_raw(c) : "", out);
}

static int diff_of(git_repository *repo, git_commit *c, git_tree *before, git_diff **out)
{
    git_diff_options o = GIT_DIFF_OPTIONS_INIT;
    git_diff_find_options find = GIT_DIFF_FIND_OPTIONS_INIT;
    git_tree *now = NULL;
    o.context_lines = 0;
    o.max_size = FILE_MAX;
    find.flags = GIT_DIFF_FIND_RENAMES;
    int rc = git_commit_tree(&now, c);
    if (rc == 0)
        rc = git_diff_tree_to_tree(out, repo, before, now, &o) || git_diff_find_similar(*out, &find);
    git_tree_free(now);
    return rc;
}

/* The folder that the commit is compared with; NULL: it is the first. */
static cu_err tree_before(git_repository *repo, git_commit *c, const char *base, git_tree **out, cu_fault *f)
{
    git_object *o = NULL;
    git_commit *parent = NULL;
    cu_err e = CU_OK;
    if (base)
        e = git_revparse_single(&o, repo, base) == 0 && git_object_peel((git_object **)out, o, GIT_OBJECT_TREE) == 0 ? CU_OK : failed(f, CU_NOT_FOUND, base, "no commit of this repository");
    else if (git_commit_parentcount(c) > 0)
        e = git_commit_parent(&parent, c, 0) == 0 && git_commit_tree(out, parent) == 0 ? CU_OK : failed(f, CU_CORRUPT, "git", "the commit before it cannot be read");
    git_object_free(o);
    git_commit_free(parent);
    return e;
}

static cu_err read_commit(git_repository *repo, const char *name, const char *rev, const char *base, cu_commit *out, reading *r, cu_fault *f)
{
    git_object *o = NULL, *c = NULL;
    git_diff *diff = NULL;
    git_tree *before = NULL;
    cu_err e = CU_OK;
    if (git_revparse_single(&o, repo, rev) != 0 || git_object_peel(&c, o, GIT_OBJECT_COMMIT) != 0)
        e = failed(f, CU_NOT_FOUND, rev, "no commit of this repository");
    if (e == CU_OK)
        describe((git_commit *)c, out);
    if (e == CU_OK)
        e = tree_before(repo, (git_commit *)c, base, &before, f);
    if (e == CU_OK && diff_of(repo, (git_commit *)c, before, &diff) != 0)
        e = failed(f, CU_CORRUPT, name, "the commit cannot be compared with the one before it");
    if (e == CU_OK && git_diff_foreach(diff, NULL, NULL, NULL, on_line, r) != 0)
        e = r->err == CU_TOO_BIG ? cu_fail(f, CU_TOO_BIG, "%.64s adds more than %u lines", out->id, CU_COMMIT_LINES)
            : r->err != CU_OK    ? r->err
                                 : failed(f, CU_CORRUPT, name, "the commit cannot be read");
    git_diff_free(diff);
    git_tree_free(before);
    git_object_free(c);
    git_object_free(o);
    return e;
}

cu_err cu_commit_added(const char *repo, const char *rev, const char *base, cu_commit *out, cu_commit_line_fn each, void *arg, cu_fault *f)
{
    reading r = {.each = each, .arg = arg};
    git_repository *g = NULL;
    git_odb *odb = NULL;
    *out = (cu_commit){0};
    cu_err e = !cu_repository_open(repo, true, &g, &odb) ? failed(f, CU_NOT_FOUND, repo, "no git repository") : read_commit(g, repo, rev, base, out, &r, f);
    git_odb_free(odb);
    git_repository_free(g);
    return e;
}
