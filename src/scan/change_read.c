/* The side that has only objects and the commit's name. */
#include <git2.h>
#include <stdlib.h>
#include "base/digest.h"
#include "change.h"
#include "scan.h"

typedef struct {
    uint8_t id[CU_OBJECT_ID];
    char type;
    bool seen;
    cu_bytes text;
} object;

typedef struct {
    object *v;
    size_t n;
    uint8_t base[CU_OBJECT_ID];
    cu_fault *f;
} objects;

static int by_id(const void *a, const void *b)
{
    return memcmp(((const object *)a)->id, ((const object *)b)->id, CU_OBJECT_ID);
}

static object *find(const objects *o, const uint8_t id[CU_OBJECT_ID], char type)
{
    object key;
    memcpy(key.id, id, CU_OBJECT_ID);
    object *x = bsearch(&key, o->v, o->n, sizeof *o->v, by_id);
    return x && x->type == type ? x : NULL;
}

/* libgit2 notices texts that were made to have one digest (SHA-1 with detection of collisions). */
static cu_err name(object *x, cu_fault *f)
{
    git_oid id;
    const git_object_t type = x->type == 'c' ? GIT_OBJECT_COMMIT : x->type == 't' ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB;
    if (git_odb_hash(&id, x->text.p, x->text.n, type) != 0)
        return cu_fail(f, CU_CORRUPT, "an object has no digest that can be trusted");
    memcpy(x->id, id.id, CU_OBJECT_ID);
    return CU_OK;
}

static cu_err split(cu_bytes in, cu_arena *a, objects *o)
{
    const size_t head = strlen(CU_CHANGE_MAGIC) + CU_OBJECT_ID;
    if (in.n < head || memcmp(in.p, CU_CHANGE_MAGIC, strlen(CU_CHANGE_MAGIC)) != 0)
        return cu_fail(o->f, CU_SYNTAX, "this is not what custos change writes");
    if (in.n > CU_CHANGE_BYTES + head)
        return cu_fail(o->f, CU_TOO_BIG, "the change is larger than %zu MiB", CU_CHANGE_BYTES >> 20);
    memcpy(o->base, in.p + strlen(CU_CHANGE_MAGIC), CU_OBJECT_ID);
    o->v = cu_arena_alloc(a, CU_CHANGE_OBJECTS * sizeof *o->v);
    if (!o->v)
        return CU_NOMEM;
    for (size_t at = head; at < in.n;) {
        const uint8_t *p = in.p + at;
        if (in.n - at < 5 || !memchr("ctb", p[0], 3) || o->n == CU_CHANGE_OBJECTS)
            return cu_fail(o->f, CU_SYNTAX, "an object is malformed");
        size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
        if (n > in.n - at - 5)
            return cu_fail(o->f, CU_SYNTAX, "an object is cut off");
        o->v[o->n] = (object){.type = (char)p[0], .text = cu_bytes_of(p + 5, n)};
        CU_TRY(name(&o->v[o->n++], o->f));
        at += 5 + n;
    }
    qsort(o->v, o->n, sizeof *o->v, by_id);
    return CU_OK;
}

static cu_err get(void *arg, const uint8_t id[CU_OBJECT_ID], char type, cu_bytes *out)
{
    const object *x = find(arg, id, type);
    if (!x)
        return CU_NOT_FOUND;
    *out = x->text;
    return CU_OK;
}

static cu_err commit_of(const objects *o, const uint8_t id[CU_OBJECT_ID], change_commit *out)
{
    object *x = find(o, id, 'c');
    return !x ? cu_fail(o->f, CU_CORRUPT, "a commit between base and commit is missing")
           : change_commit_read(x->text, out) != CU_OK ? cu_fail(o->f, CU_CORRUPT, "a commit is malformed") : CU_OK;
}

/* From the commit along its parents, over what was sent, to the base. */
static cu_err follow(objects *o, const uint8_t id[CU_OBJECT_ID], cu_arena *a, size_t *commits)
{
    object **left = cu_arena_alloc(a, (o->n + 1) * sizeof *left);
    change_commit c;
    size_t n = 0;
    bool met = false;
    if (!left)
        return CU_NOMEM;
    object *x = find(o, id, 'c');
    if (!x)
        return cu_fail(o->f, CU_CORRUPT, "the commit itself is missing");
    x->seen = true;
    for (left[n++] = x; n;) {
        CU_TRY(commit_of(o, left[--n]->id, &c));
        ++*commits;
        for (size_t i = 0; i < c.parents_n; i++) {
            object *p = find(o, c.parents[i], 'c');
            if (memcmp(c.parents[i], o->base, CU_OBJECT_ID) == 0)
                met = true;
            else if (p && !p->seen) {
                p->seen = true;
                left[n++] = p;
            }
        }
    }
    return met ? CU_OK : cu_fail(o->f, CU_CORRUPT, "the base does not stand behind the commit");
}

static cu_err files(objects *o, const uint8_t id[CU_OBJECT_ID], cu_arena *a, cu_change *out)
{
    static const uint8_t none[CU_OBJECT_ID];
    change_commit head, before;
    change_walk w = {.get = get, .arg = o, .a = a, .f = o->f};
    CU_TRY(commit_of(o, id, &head));
    if (memcmp(o->base, none, CU_OBJECT_ID) == 0) {
        out->commits = 1;
        return head.parents_n ? cu_fail(o->f, CU_CORRUPT, "the commit has a parent, and no base was named") : change_files(&w, NULL, head.tree, out);
    }
    cu_hex(out->base, o->base, CU_OBJECT_ID);
    CU_TRY(follow(o, id, a, &out->commits));
    CU_TRY(commit_of(o, o->base, &before));
    return change_files(&w, before.tree, head.tree, out);
}

static void fill(const objects *o, cu_change_file *x)
{
    for (unsigned s = 0; s < 2 && !x->left_out; s++) {
        if (!x->mode[s] || x->text[s].p)
            continue;
        object *b = find(o, x->id[s], 'b');
        x->left_out = !b ? "too large" : change_is_binary(b->text) ? "binary" : NULL;
        if (b && !x->left_out)
            x->text[s] = b->text;
    }
}

cu_err cu_change_read(cu_bytes in, const char *commit, cu_arena *a, cu_change *out, cu_fault *f)
{
    objects o = {.f = f};
    uint8_t id[CU_OBJECT_ID];
    *out = (cu_change){0};
    if (!cu_unhex(id, sizeof id, cu_str(commit)))
        return cu_fail(f, CU_UNSUPPORTED, "only commits with SHA-1 names can be shown");
    cu_git_needed();
    cu_hex(out->id, id, sizeof id);
    CU_TRY(split(in, a, &o));
    CU_TRY(files(&o, id, a, out));
    for (size_t i = 0; i < out->n; i++)
        fill(&o, &out->files[i]);
    return CU_OK;
}
