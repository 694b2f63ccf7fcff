#include "policy/access.h"
#include "policy/glob.h"
#include "policy/path.h"

#define OWN_CLASS SIZE_MAX

/* --- where --- */

static bool is_for(const cu_access_repo *r, cu_bytes tenant)
{
    return r->tenant.n == 0 || cu_eq(r->tenant, tenant);
}

static const cu_access_repo *by_name(const cu_access *x, cu_bytes tenant, cu_bytes name)
{
    for (size_t i = 0; i < x->repos_n && name.n; i++)
        if (is_for(&x->repos[i], tenant) && cu_glob_name(x->repos[i].name, name))
            return &x->repos[i];
    return NULL;
}

static bool plain(cu_bytes glob)
{
    return !memchr(glob.p, '*', glob.n) && !memchr(glob.p, '?', glob.n);
}

static cu_bytes last_part(cu_bytes name)
{
    size_t i = name.n;
    while (i && name.p[i - 1] != '/')
        i--;
    return cu_slice(name, i, name.n);
}

/* dir: absolute, without its slash. */
static bool lies_in(const cu_access_repo *r, cu_bytes dir)
{
    cu_bytes at = cu_path_absolute(dir) && dir.n ? cu_slice(dir, dir.p[0] == '/' ? 1 : 0, dir.n) : dir;
    for (size_t i = 0; i < r->directories.n; i++) {
        cu_bytes g = r->directories.v[i];
        while (g.n && g.p[0] == '/')
            g = cu_slice(g, 1, g.n);
        while (g.n && g.p[g.n - 1] == '/')
            g.n--;
        if (cu_glob_name(g, at))
            return true;
    }
    return r->directories.n == 0 && plain(r->name) && cu_glob_name(last_part(r->name), last_part(at));
}

/* The repository whose working copy dir lies in: the innermost folder counts. */
static const cu_access_repo *by_directory(const cu_access *x, cu_bytes tenant, cu_bytes dir, cu_bytes *root)
{
    for (; dir.n; dir.n--) {
        for (size_t i = 0; i < x->repos_n; i++)
            if (is_for(&x->repos[i], tenant) && lies_in(&x->repos[i], dir)) {
                *root = dir;
                return &x->repos[i];
            }
        while (dir.n && dir.p[dir.n - 1] != '/')
            dir.n--;
        if (dir.n == 0)
            break;
    }
    return NULL;
}

cu_err cu_access_scene_of(const cu_access *x, cu_bytes tenant, cu_bytes header, cu_bytes cwd, cu_arena *a, cu_access_scene *out)
{
    cu_buf room CU_CLEAN_BUF = CU_BUF(2 * CU_PATH_MAX);
    *out = (cu_access_scene){.class = CU_DATA_UNKNOWN};
    if (cwd.n && cwd.n <= CU_PATH_MAX) {
        cu_path_join(CU_NONE, cwd, &room);
        CU_TRY(room.err);
        out->cwd = cu_arena_dup(a, cu_buf_view(&room));
        CU_TRY(out->cwd.p ? CU_OK : CU_NOMEM);
    }
    cu_bytes root = CU_NONE;
    const cu_access_repo *told = by_name(x, tenant, header), *found = by_directory(x, tenant, out->cwd, &root);
    if (told && (!found || told->class >= found->class)) {
        out->repo = told;
        out->name = header;
        out->root = found == told ? root : out->cwd;
    } else if (found) {
        out->repo = found;
        out->name = found->name;
        out->root = root;
    } else {
        out->name = header;
        out->root = out->cwd;
    }
    if (out->repo)
        out->class = out->repo->class;
    return CU_OK;
}

cu_access_place cu_access_whole(const cu_access_scene *s)
{
    return (cu_access_place){s->repo, s->name, OWN_CLASS, s->class};
}

static void class_by_path(cu_access_place *p, cu_bytes rel, bool pattern)
{
    for (size_t i = 0; i < p->repo->paths_n; i++) {
        const cu_access_path *e = &p->repo->paths[i];
        bool fits = pattern ? cu_glob_meets(e->glob, rel) : cu_glob_path(e->glob, rel);
        /* a pattern may also mean what has the repository's own class: it can only get stricter */
        if (!fits || (pattern && e->class <= p->class) || (p->path != OWN_CLASS && e->class <= p->class))
            continue;
        p->path = i;
        p->class = e->class;
    }
}

cu_err cu_access_file(const cu_access *x, const cu_access_scene *s, cu_bytes tenant, cu_bytes path, bool pattern, cu_buf *room,
                      cu_access_place *out)
{
    cu_bytes rel = CU_NONE, root = CU_NONE;
    *out = cu_access_whole(s);
    cu_buf_reset(room);
    cu_path_join(s->cwd, path, room);
    CU_TRY(room->err);
    cu_bytes at = cu_buf_view(room);
    if (at.n == 0)
        return CU_OK;
    bool absolute = cu_path_absolute(at);
    if (!absolute) {
        rel = at;
    } else if (!cu_path_below(s->root, at, &rel)) { /* elsewhere on the machine */
        out->repo = by_directory(x, tenant, at, &root);
        out->name = out->repo ? out->repo->name : CU_NONE;
        out->class = out->repo ? out->repo->class : CU_DATA_UNKNOWN;
        if (out->repo && !cu_path_below(root, at, &rel))
            return CU_INTERNAL;
    }
    if (out->repo && rel.n)
        class_by_path(out, rel, pattern);
    return CU_OK;
}

bool cu_access_has_files(const cu_access *x)
{
    for (size_t i = 0; i < x->repos_n; i++)
        if (x->repos[i].paths_n || x->repos[i].class == CU_DATA_RESTRICTED)
            return true;
    for (size_t i = 0; i < x->rules_n; i++)
        if (x->rules[i].act != CU_ACCESS_ALLOW)
            return true;
    return false;
}

/* --- who --- */

static bool in_group(const cu_access *x, cu_bytes group, cu_bytes user)
{
    for (size_t i = 0; i < x->groups_n; i++)
        for (size_t k = 0; cu_eq(x->groups[i].name, group) && k < x->groups[i].members.n; k++)
            if (cu_eq(x->groups[i].members.v[k], user))
                return true;
    return false;
}

static bool is_one(const cu_access *x, cu_bytes w, const cu_access_who *who)
{
    size_t colon = cu_find(w, CU_LIT(":"), 0);
    cu_bytes kind = cu_slice(w, 0, colon), value = cu_slice(w, colon + 1, w.n);
    if (cu_eq_str(kind, "user"))
        return !who->service && cu_eq(value, who->user);
    if (cu_eq_str(kind, "service"))
        return who->service && cu_eq(value, who->user);
    if (cu_eq_str(kind, "group"))
        return in_group(x, value, who->user);
    return cu_eq(value, cu_eq_str(kind, "key") ? who->key : who->tenant);
}

static bool who_fits(const cu_access *x, const cu_words *list, const cu_access_who *who)
{
    for (size_t i = 0; i < list->n; i++)
        if (is_one(x, list->v[i], who))
            return true;
    return list->n == 0;
}

static bool name_fits(const cu_words *list, cu_bytes name)
{
    for (size_t i = 0; i < list->n; i++)
        if (cu_glob_name(list->v[i], name))
            return true;
    return list->n == 0;
}

cu_access_verdict cu_access_decide(const cu_access *x, const cu_access_who *who, const cu_access_place *p, bool file)
{
    for (size_t i = 0; i < x->rules_n; i++) {
        const cu_access_rule *r = &x->rules[i];
        if ((r->classes == 0 || r->classes & 1u << p->class) && name_fits(&r->vendors, who->vendor) && name_fits(&r->plans, who->plan) &&
            name_fits(&r->repositories, p->name) && who_fits(x, &r->who, who))
            return (cu_access_verdict){(cu_access_act)r->act, r->id};
    }
    if (p->class == CU_DATA_RESTRICTED)
        return (cu_access_verdict){file ? CU_ACCESS_CUT : CU_ACCESS_REFUSE, CU_LIT("builtin.restricted")};
    return (cu_access_verdict){CU_ACCESS_ALLOW, CU_LIT("builtin.allow")};
}

cu_access_verdict cu_access_judge(const cu_access *x, const cu_scopes *scopes, const cu_access_who *who, const cu_access_place *p,
                                  bool file)
{
    cu_access_place known = *p;
    if (!p->repo)
        known.name = CU_NONE;
    /* a file beside every known working copy has a class, but no repository that a scope could name */
    bool elsewhere = !p->repo && file;
    if (!cu_scope_holds(scopes->classes, cu_str(cu_data_class_name(p->class))) || (!elsewhere && !cu_scope_holds(scopes->repos, known.name)))
        return (cu_access_verdict){file ? CU_ACCESS_CUT : CU_ACCESS_REFUSE, CU_LIT("builtin.key-scope")};
    return cu_access_decide(x, who, &known, file);
}
