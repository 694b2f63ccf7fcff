/* Every commit once, parents first. Not libgit2's walk: that gives up as a whole at the first damaged
 * commit, and at the border of a shallow clone. */
#include "history.h"
#include <fcntl.h>
#include <stdlib.h>
#include "base/digest.h"
#include "base/file.h"

static cu_err push(cu_history *h, const uint8_t *id, uint32_t *index)
{
    bool added;
    CU_TRY(cu_ids_add(&h->commits, id, index, &added));
    cu_commit *c = cu_ids_at(&h->commits, *index);
    if (added)
        c->parent = CU_IDS_NONE;
    if (c->state != CU_COMMIT_NEW)
        return CU_OK;
    if (h->stack_n == h->stack_cap) {
        size_t cap = h->stack_cap ? 2 * h->stack_cap : 256;
        uint32_t *v = realloc(h->stack, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        h->stack = v;
        h->stack_cap = cap;
    }
    h->stack[h->stack_n++] = *index;
    return CU_OK;
}

static bool take_id(cu_bytes *t, cu_bytes key, uint8_t id[CU_OBJECT_ID])
{
    size_t n = key.n + 2 * CU_OBJECT_ID;
    if (!cu_starts(*t, key) || t->n <= n || t->p[n] != '\n' ||
        !cu_unhex(id, CU_OBJECT_ID, cu_slice(*t, key.n, n)))
        return false;
    *t = cu_slice(*t, n + 1, t->n);
    return true;
}

/* "author NAME <MAIL> SECONDS ZONE": the seconds stand behind the last '>' of the line. */
static int64_t author_time(cu_bytes t)
{
    const uint8_t *nl = t.n ? memchr(t.p, '\n', t.n) : NULL;
    size_t n = nl ? (size_t)(nl - t.p) : t.n;
    const uint8_t *close = n ? memrchr(t.p, '>', n) : NULL;
    int64_t seconds = 0;
    if (!cu_starts(t, CU_LIT("author ")) || !close)
        return 0;
    for (const uint8_t *p = close + 2; p < t.p + n && *p >= '0' && *p <= '9'; p++)
        if (seconds < INT64_MAX / 100)
            seconds = seconds * 10 + (*p - '0');
    return seconds;
}

/* Reads one commit and puts its parents on the stack, the first one on top. */
static cu_err parse(cu_history *h, uint32_t index, cu_bytes t, bool *good)
{
    cu_commit *c = cu_ids_at(&h->commits, index);
    bool border = h->shallow.n && cu_ids_find(&h->shallow, c->id) != CU_IDS_NONE;
    uint8_t id[CU_OBJECT_ID];
    size_t base = h->stack_n;
    *good = take_id(&t, CU_LIT("tree "), c->tree);
    for (bool first = true; *good && take_id(&t, CU_LIT("parent "), id); first = false) {
        uint32_t parent;
        if (border)
            continue;
        CU_TRY(push(h, id, &parent));
        if (first)
            c->parent = parent;
    }
    for (size_t a = base, b = h->stack_n; a + 1 < b; a++, b--) {
        uint32_t swapped = h->stack[a];
        h->stack[a] = h->stack[b - 1];
        h->stack[b - 1] = swapped;
    }
    c->time = author_time(t);
    return CU_OK;
}

static cu_err expand(cu_history *h, uint32_t index)
{
    cu_commit *c = cu_ids_at(&h->commits, index);
    git_odb_object *o = NULL;
    git_oid oid;
    bool good = false;
    git_oid_fromraw(&oid, c->id);
    if (git_odb_read(&o, h->odb, &oid) != 0) {
        c->state = CU_COMMIT_BROKEN;
        return cu_history_broken(h, c->id, "(a commit) cannot be read");
    }
    c->state = CU_COMMIT_OPEN;
    cu_err e = CU_OK;
    if (git_odb_object_type(o) == GIT_OBJECT_COMMIT)
        e = parse(h, index, cu_bytes_of(git_odb_object_data(o), git_odb_object_size(o)), &good);
    git_odb_object_free(o);
    if (e == CU_OK && !good) {
        c->state = CU_COMMIT_BROKEN;
        e = cu_history_broken(h, c->id, "is no commit, or a malformed one");
    }
    return e;
}

/* Depth first from the tips on the stack; a commit is taken when all its parents were. */
static cu_err run_stack(cu_history *h, bool hidden)
{
    while (h->stack_n && !cu_scan_stopped(h->scan)) {
        uint32_t index = h->stack[h->stack_n - 1];
        cu_commit *c = cu_ids_at(&h->commits, index);
        if (c->state == CU_COMMIT_NEW) {
            CU_TRY(expand(h, index));
            continue;
        }
        h->stack_n--;
        if (c->state != CU_COMMIT_OPEN)
            continue;
        c->state = CU_COMMIT_DONE;
        c->hidden = hidden;
        if (hidden)
            continue;
        cu_count(&h->scan->count.commits, 1);
        CU_TRY(cu_history_tree(h, index));
    }
    return CU_OK;
}

static cu_err push_object(cu_history *h, const git_oid *id)
{
    uint32_t index;
    return push(h, id->id, &index);
}

static int push_ref(git_reference *ref, void *arg)
{
    cu_history *h = arg;
    git_object *o = NULL;
    cu_err e = CU_OK;
    /* a tag of a single file, and a ref that points nowhere, hold no commits */
    if (git_reference_peel(&o, ref, GIT_OBJECT_COMMIT) == 0)
        e = push_object(h, git_object_id(o));
    else if (git_reference_type(ref) == GIT_REFERENCE_DIRECT && git_reference_target(ref) &&
             !git_odb_exists(h->odb, git_reference_target(ref)))
        e = cu_history_broken(h, git_reference_target(ref)->id, "(a ref points to it) is missing");
    git_object_free(o);
    git_reference_free(ref);
    return e == CU_OK ? 0 : -(int)e - 1000;
}

static cu_err push_all(cu_history *h)
{
    git_reference *head = NULL;
    int rc = git_reference_foreach(h->repo, push_ref, h);
    if (rc <= -1000)
        return (cu_err)(-rc - 1000);
    if (git_repository_head(&head, h->repo) == 0 && (rc = push_ref(head, h)) <= -1000)
        return (cu_err)(-rc - 1000);
    return CU_OK;
}

static cu_err push_name(cu_history *h, const char *name, const char *range, cu_fault *f)
{
    git_object *o = NULL, *commit = NULL;
    if (git_revparse_single(&o, h->repo, name) != 0 || git_object_peel(&commit, o, GIT_OBJECT_COMMIT) != 0) {
        git_object_free(o);
        return cu_fail(f, CU_NOT_FOUND, "--range %.100s: \"%.100s\" names no commit", range, name);
    }
    cu_err e = push_object(h, git_object_id(commit));
    git_object_free(commit);
    git_object_free(o);
    return e;
}

/* "A..B", "A..", "..B" or "B". */
static cu_err push_range(cu_history *h, const char *range, cu_fault *f)
{
    const char *dots = strstr(range, "..");
    if (strstr(range, "..."))
        return cu_fail(f, CU_CONFIG, "--range %.200s: write A..B, with two dots", range);
    if (!dots)
        return push_name(h, range, range, f);
    char *from = dots == range ? strdup("HEAD") : strndup(range, (size_t)(dots - range));
    if (!from)
        return CU_NOMEM;
    cu_err e = push_name(h, from, range, f);
    free(from);
    if (e == CU_OK)
        e = run_stack(h, true);
    return e == CU_OK ? push_name(h, dots[2] ? dots + 2 : "HEAD", range, f) : e;
}

/* Commits of a shallow clone whose parents were left out on purpose. */
static cu_err read_shallow(cu_history *h)
{
    cu_buf name CU_CLEAN_BUF = CU_BUF(65536), b CU_CLEAN_BUF = CU_BUF((size_t)16 << 20);
    cu_buf_fmt(&name, "%s/shallow", git_repository_commondir(h->repo));
    if (cu_file_read(AT_FDCWD, cu_buf_cstr(&name), &b) != CU_OK)
        return CU_OK;
    for (size_t i = 0; i + 2 * CU_OBJECT_ID <= b.n; i += 2 * CU_OBJECT_ID + 1) {
        uint8_t id[CU_OBJECT_ID];
        uint32_t index;
        bool added;
        if (cu_unhex(id, sizeof id, cu_bytes_of(b.p + i, 2 * CU_OBJECT_ID)))
            CU_TRY(cu_ids_add(&h->shallow, id, &index, &added));
    }
    return CU_OK;
}

cu_err cu_history_commits(cu_history *h, const char *range, cu_fault *f)
{
    CU_TRY(read_shallow(h));
    CU_TRY(range ? push_range(h, range, f) : push_all(h));
    return run_stack(h, false);
}
