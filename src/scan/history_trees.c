#include "history.h"
#include "tree_entry.h"
#include <stdlib.h>

#define MAX_DEPTH 512u
#define KEPT_MAX 16384u /* bytes */
#define PATH_BLOCK ((size_t)64 << 10)

static size_t path_slot(const cu_paths *p, uint64_t seed, cu_bytes s)
{
    uint64_t h = seed;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 0x100000001b3u;
    h ^= h >> 29;
    for (size_t i = h & (p->slots_n - 1);; i = (i + 1) & (p->slots_n - 1))
        if (!p->slots[i] || cu_eq(cu_str(p->v[p->slots[i] - 1]), s))
            return i;
}

static cu_err widen(cu_paths *p, uint64_t seed)
{
    size_t n = p->slots_n ? 2 * p->slots_n : 1024;
    uint32_t *slots = calloc(n, sizeof *slots);
    char **v = realloc(p->v, n * sizeof *v);
    if (v)
        p->v = v;
    if (!slots || !v) {
        free(slots);
        return CU_NOMEM;
    }
    free(p->slots);
    p->slots = slots;
    p->slots_n = n;
    for (uint32_t i = 0; i < p->n; i++)
        p->slots[path_slot(p, seed, cu_str(p->v[i]))] = i + 1;
    return CU_OK;
}

static char *keep(cu_paths *p, cu_bytes s)
{
    if (p->used + s.n + 1 > p->room) {
        size_t room = s.n + 1 > PATH_BLOCK ? s.n + 1 : PATH_BLOCK;
        char **blocks = realloc(p->blocks, (p->blocks_n + 1) * sizeof *blocks);
        if (!blocks)
            return NULL;
        p->blocks = blocks;
        if (!(p->block = malloc(room)))
            return NULL;
        blocks[p->blocks_n++] = p->block;
        p->used = 0;
        p->room = room;
    }
    char *at = p->block + p->used;
    if (s.n)
        memcpy(at, s.p, s.n);
    at[s.n] = 0;
    p->used += s.n + 1;
    return at;
}

static cu_err intern(cu_paths *p, uint64_t seed, cu_bytes s, uint32_t *index)
{
    if (p->n + 1 >= p->slots_n - p->slots_n / 4)
        CU_TRY(widen(p, seed));
    size_t slot = path_slot(p, seed, s);
    if (!p->slots[slot]) {
        if (!(p->v[p->n] = keep(p, s)))
            return CU_NOMEM;
        p->slots[slot] = ++p->n;
    }
    *index = p->slots[slot] - 1;
    return CU_OK;
}

void cu_paths_free(cu_paths *p)
{
    for (size_t i = 0; i < p->blocks_n; i++)
        free(p->blocks[i]);
    free(p->blocks);
    free(p->v);
    free(p->slots);
}

void cu_history_forget_trees(cu_history *h)
{
    for (size_t i = 0; i < CU_TREES_KEPT; i++) {
        git_odb_object_free(h->kept[i]);
        h->kept[i] = NULL;
    }
}

/* What is new in one commit is old in the next. */
static git_odb_object **kept_at(cu_history *h, const uint8_t *id)
{
    return &h->kept[id[0] % CU_TREES_KEPT];
}

static cu_err read_tree(cu_history *h, const uint8_t *id, git_odb_object **out)
{
    git_oid oid;
    git_odb_object **kept = kept_at(h, id);
    *out = NULL;
    git_oid_fromraw(&oid, id);
    if (*kept && git_oid_equal(git_odb_object_id(*kept), &oid))
        return git_odb_object_dup(out, *kept) == 0 ? CU_OK : CU_NOMEM;
    if (git_odb_read(out, h->odb, &oid) != 0)
        return cu_history_broken(h, id, "(a folder) cannot be read");
    if (git_odb_object_type(*out) == GIT_OBJECT_TREE) {
        if (git_odb_object_size(*out) > KEPT_MAX)
            return CU_OK;
        git_odb_object_free(*kept);
        return git_odb_object_dup(kept, *out) == 0 ? CU_OK : CU_NOMEM;
    }
    git_odb_object_free(*out);
    *out = NULL;
    return cu_history_broken(h, id, "is no folder");
}

static cu_err add_blob(cu_history *h, const uint8_t *id, uint32_t commit)
{
    uint32_t index, path;
    bool added;
    CU_TRY(cu_ids_add(&h->blobs, id, &index, &added));
    if (!added)
        return CU_OK;
    CU_TRY(intern(&h->paths, h->blobs.seed, cu_buf_view(&h->path), &path));
    cu_blob *b = cu_ids_at(&h->blobs, index);
    b->path = path;
    b->commit = commit;
    return CU_OK;
}

static cu_err compare(cu_history *h, const uint8_t *id, const uint8_t *old, uint32_t commit,
                      unsigned depth);

static cu_err take(cu_history *h, const cu_tree_entry *e, const uint8_t *old, uint32_t commit, unsigned depth)
{
    size_t n = h->path.n;
    if (n)
        cu_buf_byte(&h->path, '/');
    cu_buf_add(&h->path, e->name);
    CU_TRY(cu_buf_err(&h->path));
    cu_err err = e->tree ? compare(h, e->id, old, commit, depth + 1) : add_blob(h, e->id, commit);
    h->path.n = n;
    return err;
}

static cu_err merge(cu_history *h, cu_bytes now, cu_bytes before, uint32_t commit, unsigned depth,
                    bool *bad)
{
    cu_tree_entry old = cu_tree_next(before);
    for (cu_tree_entry e = cu_tree_next(now); !e.over || e.bad; e = cu_tree_next(e.left)) {
        if (e.bad) {
            *bad = true;
            return CU_OK;
        }
        while (!old.over && cu_tree_order(&old, &e) < 0)
            old = cu_tree_next(old.left);
        bool same = !old.over && cu_tree_order(&old, &e) == 0;
        if (same && memcmp(old.id, e.id, CU_OBJECT_ID) == 0)
            continue;
        if (e.tree || e.file)
            CU_TRY(take(h, &e, same && old.tree ? old.id : NULL, commit, depth));
        if (cu_scan_stopped(h->scan))
            return CU_OK;
    }
    return CU_OK;
}

/* Each folder once a commit: a small repository can name one folder a billion times. */
static cu_err compare(cu_history *h, const uint8_t *id, const uint8_t *old, uint32_t commit,
                      unsigned depth)
{
    git_odb_object *now = NULL, *before = NULL;
    uint8_t tree[CU_OBJECT_ID];
    uint32_t index;
    bool added, bad = false;
    CU_TRY(cu_ids_add(&h->trees, id, &index, &added));
    if (!added)
        return CU_OK;
    if (depth > MAX_DEPTH)
        return cu_history_broken(h, id, "(a folder) is nested too deeply");
    memcpy(tree, id, sizeof tree);
    CU_TRY(read_tree(h, tree, &now));
    if (!now)
        return CU_OK;
    cu_err e = old ? read_tree(h, old, &before) : CU_OK;
    cu_bytes none = CU_NONE;
    if (e == CU_OK)
        e = merge(h, cu_bytes_of(git_odb_object_data(now), git_odb_object_size(now)),
                  before ? cu_bytes_of(git_odb_object_data(before), git_odb_object_size(before)) : none,
                  commit, depth, &bad);
    git_odb_object_free(now);
    git_odb_object_free(before);
    return e == CU_OK && bad ? cu_history_broken(h, tree, "(a folder) is malformed") : e;
}

cu_err cu_history_tree(cu_history *h, uint32_t index)
{
    const cu_commit *c = cu_ids_at(&h->commits, index), *parent = NULL;
    if (c->parent != CU_IDS_NONE)
        parent = cu_ids_at(&h->commits, c->parent);
    if (parent && parent->state != CU_COMMIT_DONE)
        parent = NULL;
    if (parent && memcmp(parent->tree, c->tree, CU_OBJECT_ID) == 0)
        return CU_OK;
    cu_ids_clear(&h->trees);
    cu_buf_reset(&h->path);
    return compare(h, c->tree, parent ? parent->tree : NULL, index, 0);
}
