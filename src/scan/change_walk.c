#include "change.h"
#include <git2.h>
#include <stdlib.h>
#include "base/digest.h"
#include "scan.h"

#define DEPTH 64u
#define ENTRIES 400000u /* that are looked at: a folder can name one folder many times */
#define SUBMODULE 0160000u

const char *cu_change_kind_name(cu_change_kind k)
{
    static const char *const names[CU_CHANGE_KINDS] = {"added", "deleted", "modified", "renamed"};
    return names[k];
}

bool change_is_binary(cu_bytes t)
{
    return t.n && memchr(t.p, 0, t.n < 8000 ? t.n : 8000) != NULL;
}

/* --- a commit: "tree ID\nparent ID\n…" (git's own form) --- */

static bool take_line(cu_bytes *t, cu_bytes word, uint8_t id[CU_OBJECT_ID])
{
    size_t n = word.n + 2 * CU_OBJECT_ID;
    if (t->n <= n || memcmp(t->p, word.p, word.n) != 0 || t->p[n] != '\n' || !cu_unhex(id, CU_OBJECT_ID, cu_slice(*t, word.n, n)))
        return false;
    *t = cu_slice(*t, n + 1, t->n);
    return true;
}

cu_err change_commit_read(cu_bytes t, change_commit *out)
{
    out->parents_n = 0;
    if (!take_line(&t, CU_LIT("tree "), out->tree))
        return CU_CORRUPT;
    while (out->parents_n < CU_CHANGE_PARENTS && take_line(&t, CU_LIT("parent "), out->parents[out->parents_n]))
        out->parents_n++;
    return t.n > 7 && memcmp(t.p, "author ", 7) == 0 ? CU_OK : CU_CORRUPT;
}

/* --- folders --- */

typedef struct {
    change_walk *w;
    cu_change *out;
    char path[4096];
    size_t n;
} walking;

static cu_err bad(const walking *k, cu_err e, const char *what)
{
    return cu_fail(k->w->f, e, "folder /%.100s of the commit %s", k->n ? k->path : "", what);
}

static cu_err add(walking *k, const cu_tree_entry *before, const cu_tree_entry *after)
{
    cu_change *c = k->out;
    if (c->n == CU_CHANGE_FILES)
        return cu_fail(k->w->f, CU_TOO_BIG, "the change touches more than %u files", CU_CHANGE_FILES);
    cu_change_file *x = &c->files[c->n++];
    *x = (cu_change_file){.path = cu_arena_str(k->w->a, cu_bytes_of(k->path, k->n)), .kind = !before ? CU_CHANGE_ADDED : after ? CU_CHANGE_MODIFIED : CU_CHANGE_DELETED};
    const cu_tree_entry *const side[2] = {before, after};
    for (unsigned i = 0; i < 2; i++)
        if (side[i]) {
            memcpy(x->id[i], side[i]->id, CU_OBJECT_ID);
            x->mode[i] = side[i]->mode;
        }
    return x->path ? CU_OK : CU_NOMEM;
}

static cu_err compare(walking *k, const uint8_t *before, const uint8_t *after, unsigned depth);

/* One name that differs; either side may be NULL, and be a folder or not. */
static cu_err differs(walking *k, const cu_tree_entry *before, const cu_tree_entry *after, unsigned depth)
{
    const cu_tree_entry *x = after ? after : before;
    size_t n = k->n;
    if (x->name.n == 0 || memchr(x->name.p, '/', x->name.n) || cu_eq_str(x->name, ".") || cu_eq_str(x->name, ".."))
        return bad(k, CU_CORRUPT, "holds a name that no file may have");
    if (n + 1 + x->name.n >= sizeof k->path)
        return bad(k, CU_TOO_BIG, "holds a name that is too long");
    if (n)
        k->path[k->n++] = '/';
    memcpy(k->path + k->n, x->name.p, x->name.n);
    k->n += x->name.n;
    k->path[k->n] = 0;
    cu_err e = x->tree ? compare(k, before ? before->id : NULL, after ? after->id : NULL, depth + 1) : add(k, before, after);
    k->path[k->n = n] = 0;
    return e;
}

/* The next entry, which must stand behind the one before it: else two programs could read two things. */
static cu_err step(walking *k, cu_tree_entry *e)
{
    const cu_tree_entry was = *e;
    if (++k->w->entries > ENTRIES)
        return bad(k, CU_TOO_BIG, "is one too many to be looked at");
    *e = cu_tree_next(was.left);
    if (e->bad || (!e->over && was.name.p && cu_tree_order(&was, e) >= 0))
        return bad(k, CU_CORRUPT, "is malformed");
    return CU_OK;
}

static cu_err merge(walking *k, cu_bytes old, cu_bytes now, unsigned depth)
{
    cu_tree_entry b = {.left = old}, a = {.left = now};
    CU_TRY(step(k, &b));
    CU_TRY(step(k, &a));
    while (!a.over || !b.over) {
        int c = a.over ? -1 : b.over ? 1 : cu_tree_order(&b, &a);
        bool unchanged = c == 0 && memcmp(b.id, a.id, CU_OBJECT_ID) == 0 && b.mode == a.mode;
        if (!unchanged)
            CU_TRY(differs(k, c <= 0 ? &b : NULL, c >= 0 ? &a : NULL, depth));
        if (c <= 0)
            CU_TRY(step(k, &b));
        if (c >= 0)
            CU_TRY(step(k, &a));
    }
    return CU_OK;
}

static cu_err folder(walking *k, const uint8_t *id, cu_bytes *out)
{
    *out = CU_NONE;
    cu_err e = id ? k->w->get(k->w->arg, id, 't', out) : CU_OK;
    return e == CU_NOT_FOUND ? bad(k, CU_CORRUPT, "is missing") : e;
}

static cu_err compare(walking *k, const uint8_t *before, const uint8_t *after, unsigned depth)
{
    cu_bytes old, now;
    if (before && after && memcmp(before, after, CU_OBJECT_ID) == 0)
        return CU_OK;
    if (depth > DEPTH)
        return bad(k, CU_DEPTH, "is nested too deeply");
    CU_TRY(folder(k, before, &old));
    CU_TRY(folder(k, after, &now));
    return merge(k, old, now, depth);
}

/* A file that is gone and one that is new, with the same content, are one that was renamed. */
static void pair_renames(cu_change *c)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < c->n && c->files[i].kind == CU_CHANGE_ADDED; j++) {
            cu_change_file *to = &c->files[i], *from = &c->files[j];
            if (from->kind != CU_CHANGE_DELETED || memcmp(from->id[0], to->id[1], CU_OBJECT_ID) != 0)
                continue;
            to->kind = CU_CHANGE_RENAMED;
            to->from = from->path;
            to->mode[0] = from->mode[0];
            memcpy(to->id[0], from->id[0], CU_OBJECT_ID);
            from->path = NULL;
            from->kind = CU_CHANGE_KINDS;
        }
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->files[i].path)
            c->files[n++] = c->files[i];
    c->n = n;
}

cu_err change_files(change_walk *w, const uint8_t *before, const uint8_t after[CU_OBJECT_ID], cu_change *out)
{
    walking *k = cu_arena_alloc(w->a, sizeof *k);
    out->files = cu_arena_alloc(w->a, CU_CHANGE_FILES * sizeof *out->files);
    if (!k || !out->files)
        return CU_NOMEM;
    *k = (walking){.w = w, .out = out};
    CU_TRY(compare(k, before, after, 0));
    pair_renames(out);
    for (size_t i = 0; i < out->n; i++) /* another repository's commit: its name is all there is */
        for (unsigned s = 0; s < 2; s++)
            if (out->files[i].mode[s] == SUBMODULE) {
                char hex[2 * CU_OBJECT_ID + 1];
                cu_hex(hex, out->files[i].id[s], CU_OBJECT_ID);
                char *text = cu_arena_fmt(w->a, "Subproject commit %s\n", hex);
                if (!text)
                    return CU_NOMEM;
                out->files[i].text[s] = cu_str(text);
            }
    return CU_OK;
}

/* --- lines --- */

typedef struct {
    cu_change_line_fn each;
    void *arg;
    cu_err err;
} telling;

static int on_hunk(const git_diff_delta *d, const git_diff_hunk *h, void *arg)
{
    telling *t = arg;
    (void)d;
    t->err = t->each(t->arg, '@', (uint32_t)h->old_start, (uint32_t)h->new_start, CU_NONE);
    return t->err == CU_OK ? 0 : -1;
}

static int on_line(const git_diff_delta *d, const git_diff_hunk *h, const git_diff_line *l, void *arg)
{
    telling *t = arg;
    size_t n = l->content_len;
    (void)d;
    (void)h;
    if (l->origin != GIT_DIFF_LINE_ADDITION && l->origin != GIT_DIFF_LINE_DELETION && l->origin != GIT_DIFF_LINE_CONTEXT)
        return 0;
    n -= n && l->content[n - 1] == '\n';
    t->err = t->each(t->arg, l->origin, l->old_lineno > 0 ? (uint32_t)l->old_lineno : 0, l->new_lineno > 0 ? (uint32_t)l->new_lineno : 0, cu_bytes_of(l->content, n));
    return t->err == CU_OK ? 0 : -1;
}

cu_err cu_change_lines(const cu_change_file *x, cu_change_line_fn each, void *arg)
{
    telling t = {.each = each, .arg = arg};
    git_diff_options o = GIT_DIFF_OPTIONS_INIT;
    if (x->left_out || cu_eq(x->text[0], x->text[1]))
        return CU_OK;
    cu_git_needed();
    o.flags = GIT_DIFF_FORCE_TEXT;
    int rc = git_diff_buffers(x->text[0].p, x->text[0].n, "a", x->text[1].p, x->text[1].n, "a", &o, NULL, NULL, on_hunk, on_line, &t);
    return t.err != CU_OK ? t.err : rc == 0 ? CU_OK : CU_NOMEM;
}
