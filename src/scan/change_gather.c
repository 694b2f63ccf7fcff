/* The side that has the repository. */
#include <git2.h>
#include "base/digest.h"
#include "change.h"
#include "odb.h"
#include "scan.h"

typedef struct {
    git_repository *repo;
    git_odb *odb;
    cu_arena *a;
    cu_buf *out;
    const uint8_t **had;
    size_t had_n;
    cu_fault *f;
} gathering;

static cu_err failed(cu_fault *f, cu_err e, const char *name, const char *what)
{
    const git_error *g = git_error_last();
    return cu_fail(f, e, "%.120s: %s%s%.150s", name, what, g ? ": " : "", g ? g->message : "");
}

static bool has(const gathering *g, const uint8_t id[CU_OBJECT_ID])
{
    for (size_t i = g->had_n; i; i--)
        if (memcmp(g->had[i - 1], id, CU_OBJECT_ID) == 0)
            return true;
    return false;
}

/* TYPE, four bytes of length, content. */
static cu_err put(gathering *g, const uint8_t id[CU_OBJECT_ID], char type, cu_bytes text)
{
    cu_bytes name = cu_arena_dup(g->a, cu_bytes_of(id, CU_OBJECT_ID));
    const uint8_t head[5] = {(uint8_t)type, (uint8_t)(text.n >> 24), (uint8_t)(text.n >> 16), (uint8_t)(text.n >> 8), (uint8_t)text.n};
    if (!name.p)
        return CU_NOMEM;
    if (g->had_n == CU_CHANGE_OBJECTS || g->out->n + text.n > CU_CHANGE_BYTES)
        return cu_fail(g->f, CU_TOO_BIG, "the change is too large to be shown");
    g->had[g->had_n++] = name.p;
    cu_buf_put(g->out, head, sizeof head);
    cu_buf_add(g->out, text);
    return cu_buf_err(g->out);
}

static cu_err get(void *arg, const uint8_t id[CU_OBJECT_ID], char type, cu_bytes *out)
{
    gathering *g = arg;
    git_oid oid;
    git_odb_object *o = NULL;
    const git_object_t want = type == 'c' ? GIT_OBJECT_COMMIT : type == 't' ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB;
    git_oid_fromraw(&oid, id);
    if (git_odb_read(&o, g->odb, &oid) != 0 || git_odb_object_type(o) != want) {
        git_odb_object_free(o);
        return CU_NOT_FOUND;
    }
    *out = cu_arena_dup(g->a, cu_bytes_of(git_odb_object_data(o), git_odb_object_size(o)));
    git_odb_object_free(o);
    return !out->p ? cu_fail(g->f, CU_TOO_BIG, "the change is too large to be shown") : has(g, id) ? CU_OK : put(g, id, type, *out);
}

/* --- which commits --- */

static cu_err commit_of(gathering *g, const char *rev, git_oid *out)
{
    git_object *o = NULL, *c = NULL;
    cu_err e = git_revparse_single(&o, g->repo, rev) == 0 && git_object_peel(&c, o, GIT_OBJECT_COMMIT) == 0 ? CU_OK : failed(g->f, CU_NOT_FOUND, rev, "no commit of this repository");
    if (e == CU_OK)
        git_oid_cpy(out, git_object_id(c));
    git_object_free(c);
    git_object_free(o);
    return e;
}

static cu_err base_of(gathering *g, const char *base, const git_oid *id, const change_commit *c, git_oid *out)
{
    if (!base) {
        git_oid_fromraw(out, c->parents[0]);
        return CU_OK;
    }
    CU_TRY(commit_of(g, base, out));
    return git_graph_descendant_of(g->repo, id, out) == 1 ? CU_OK : cu_fail(g->f, CU_CONFIG, "%.60s does not stand behind the commit", base);
}

/* Each commit between the two: the reader follows them from one to the other. */
static cu_err put_commits(gathering *g, const git_oid *id, const git_oid *base, size_t *n)
{
    git_revwalk *walk = NULL;
    git_oid at;
    cu_bytes text;
    cu_err e = git_revwalk_new(&walk, g->repo) == 0 && git_revwalk_push(walk, id) == 0 && git_revwalk_hide(walk, base) == 0 ? CU_OK : failed(g->f, CU_CORRUPT, "git", "no walk from base to commit");
    while (e == CU_OK && git_revwalk_next(&at, walk) == 0)
        e = ++*n > CU_CHANGE_COMMITS ? cu_fail(g->f, CU_TOO_BIG, "more than %u commits stand between base and commit", CU_CHANGE_COMMITS) : get(g, at.id, 'c', &text);
    git_revwalk_free(walk);
    return e;
}

/* --- files --- */

static cu_err put_text(gathering *g, const uint8_t id[CU_OBJECT_ID], unsigned mode)
{
    git_oid oid;
    size_t size;
    git_object_t type;
    cu_bytes text;
    git_oid_fromraw(&oid, id);
    if ((mode & 0170000) == 0160000 || mode == 0 || has(g, id))
        return CU_OK;
    if (git_odb_read_header(&size, &type, g->odb, &oid) != 0)
        return failed(g->f, CU_CORRUPT, "git", "a file of the commit cannot be read");
    return size > CU_CHANGE_FILE || g->out->n + size + 5 > CU_CHANGE_BYTES ? CU_OK : get(g, id, 'b', &text);
}

static cu_err gather(gathering *g, const char *rev, const char *base, cu_change *what)
{
    git_oid id, from;
    cu_bytes text;
    change_commit head, before;
    change_walk w = {.get = get, .arg = g, .a = g->a, .f = g->f};
    CU_TRY(commit_of(g, rev, &id));
    cu_buf_add(g->out, CU_LIT(CU_CHANGE_MAGIC));
    uint8_t *at = cu_buf_room(g->out, CU_OBJECT_ID);
    if (!at)
        return CU_NOMEM;
    memset(at, 0, CU_OBJECT_ID);
    g->out->n += CU_OBJECT_ID;
    CU_TRY(get(g, id.id, 'c', &text));
    if (change_commit_read(text, &head) != CU_OK)
        return cu_fail(g->f, CU_CORRUPT, "%.60s is no commit that can be read", rev);
    git_oid_tostr(what->id, sizeof what->id, &id);
    if (head.parents_n == 0 && !base) {
        what->commits = 1;
        CU_TRY(change_files(&w, NULL, head.tree, what));
    } else {
        CU_TRY(base_of(g, base, &id, &head, &from));
        memcpy(g->out->p + strlen(CU_CHANGE_MAGIC), from.id, CU_OBJECT_ID);
        git_oid_tostr(what->base, sizeof what->base, &from);
        cu_err e = get(g, from.id, 'c', &text);
        if (e == CU_NOT_FOUND)
            return cu_fail(g->f, e, "the commit before %.60s is not in this repository: a pipeline needs a checkout that is two deep or more", rev);
        CU_TRY(e);
        if (change_commit_read(text, &before) != CU_OK)
            return cu_fail(g->f, CU_CORRUPT, "the commit before %.60s cannot be read", rev);
        CU_TRY(put_commits(g, &id, &from, &what->commits));
        CU_TRY(change_files(&w, before.tree, head.tree, what));
    }
    for (size_t i = 0; i < what->n; i++)
        for (unsigned s = 0; s < 2; s++)
            CU_TRY(put_text(g, what->files[i].id[s], what->files[i].mode[s]));
    return CU_OK;
}

cu_err cu_change_gather(const char *repo, const char *rev, const char *base, cu_buf *out, cu_change *what, cu_arena *a, cu_fault *f)
{
    gathering g = {.a = a, .out = out, .f = f, .had = cu_arena_alloc(a, CU_CHANGE_OBJECTS * sizeof *g.had)};
    *what = (cu_change){0};
    if (!g.had)
        return CU_NOMEM;
    cu_err e = cu_repository_open(repo, true, &g.repo, &g.odb) ? gather(&g, rev, base, what) : failed(f, CU_NOT_FOUND, repo, "no git repository");
    git_odb_free(g.odb);
    git_repository_free(g.repo);
    return e == CU_NOT_FOUND && !f->code ? cu_fail(f, CU_CORRUPT, "an object of the commit is not in this repository") : e;
}
