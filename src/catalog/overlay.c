#include "catalog/overlay.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"

static const char *shipped_dir, *customer_dir;

static bool is_for_customers(const char *name)
{
    static const char *const names[] = {"criteria.yaml", "controls.yaml", "checklist.yaml", "vendors.yaml", "policies.yaml", "questions.yaml", "runbooks.yaml", "timeline.yaml",
                                        "reports.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

cu_err cu_overlay_use(const char *shipped, const char *customer, cu_fault *f)
{
    DIR *d = customer ? opendir(customer) : NULL;
    cu_err e = CU_OK;
    shipped_dir = shipped;
    customer_dir = NULL;
    if (customer && !d)
        return cu_fail(f, cu_errno_err(errno), "catalog: %.200s: %s", customer, strerror(errno));
    for (struct dirent *en; d && e == CU_OK && (en = readdir(d));)
        if (en->d_name[0] != '.' && !is_for_customers(en->d_name))
            e = cu_fail(f, CU_CONFIG, "catalog: %.150s/%.60s is no file that is read; there are criteria, controls, checklist, vendors, policies, questions, runbooks, timeline and reports (.yaml)",
                        customer, en->d_name);
    if (d)
        closedir(d);
    if (e == CU_OK)
        customer_dir = customer;
    return e;
}

/* --- merging --- */

static cu_err merge(cu_arena *a, const cu_yaml *base, const cu_yaml *over, const cu_yaml **out);

/* A copy whose children are still the other's. */
static cu_yaml *copy(cu_arena *a, const cu_yaml *n)
{
    cu_yaml *c = cu_arena_alloc(a, sizeof *c);
    if (c) {
        *c = *n;
        c->next = NULL;
    }
    return c;
}

static cu_bytes name_of(const cu_yaml *item)
{
    static const char *const keys[] = {"id", "name", "type"};
    for (size_t i = 0; i < 3; i++)
        if (cu_yaml_text(item, keys[i], CU_NONE).n)
            return cu_yaml_text(item, keys[i], CU_NONE);
    return CU_NONE;
}

static bool named(const cu_yaml *list)
{
    for (const cu_yaml *n = list->first; n; n = n->next)
        if (n->kind != CU_YAML_MAP || !name_of(n).n)
            return false;
    return list->first != NULL;
}

static const cu_yaml *item_of(const cu_yaml *list, cu_bytes name)
{
    for (const cu_yaml *n = list->first; n; n = n->next)
        if (cu_eq(name_of(n), name))
            return n;
    return NULL;
}

static void append(cu_yaml ***end, cu_yaml *n)
{
    **end = n;
    *end = &n->next;
}

static bool removed(const cu_yaml *item)
{
    return cu_eq_str(cu_yaml_text(item, "remove", CU_NONE), "true");
}

static cu_err merge_lists(cu_arena *a, const cu_yaml *base, const cu_yaml *over, const cu_yaml **out)
{
    cu_yaml *list = copy(a, base), **end = list ? &list->first : NULL;
    if (!list)
        return CU_NOMEM;
    list->first = NULL;
    for (const cu_yaml *n = base->first; n; n = n->next) {
        const cu_yaml *other = item_of(over, name_of(n)), *merged = n;
        if (other && removed(other))
            continue;
        if (other)
            CU_TRY(merge(a, n, other, &merged));
        cu_yaml *c = copy(a, merged);
        if (!c)
            return CU_NOMEM;
        append(&end, c);
    }
    for (const cu_yaml *n = over->first; n; n = n->next) {
        cu_yaml *c = item_of(base, name_of(n)) ? NULL : copy(a, n);
        if (!c && !item_of(base, name_of(n)))
            return CU_NOMEM;
        if (c)
            append(&end, c);
    }
    *out = list;
    return CU_OK;
}

static cu_err merge_maps(cu_arena *a, const cu_yaml *base, const cu_yaml *over, const cu_yaml **out)
{
    char key[128];
    cu_yaml *map = copy(a, over), **end = map ? &map->first : NULL;
    if (!map)
        return CU_NOMEM;
    map->first = NULL;
    map->key = base->key;
    for (int side = 0; side < 2; side++)
        for (const cu_yaml *n = (side ? over : base)->first; n; n = n->next) {
            snprintf(key, sizeof key, "%.*s", (int)(n->key.n < sizeof key ? n->key.n : sizeof key - 1), (const char *)n->key.p);
            const cu_yaml *other = cu_yaml_get(side ? base : over, key), *merged = n;
            if (side && other)
                continue; /* merged already */
            if (other)
                CU_TRY(merge(a, n, other, &merged));
            cu_yaml *c = copy(a, merged);
            if (!c)
                return CU_NOMEM;
            append(&end, c);
        }
    *out = map;
    return CU_OK;
}

static cu_err merge(cu_arena *a, const cu_yaml *base, const cu_yaml *over, const cu_yaml **out)
{
    if (base->kind == CU_YAML_MAP && over->kind == CU_YAML_MAP)
        return merge_maps(a, base, over, out);
    if (base->kind == CU_YAML_LIST && over->kind == CU_YAML_LIST && named(base) && (named(over) || !over->first))
        return merge_lists(a, base, over, out);
    *out = over;
    return CU_OK;
}

/* Each node says where it stands. */
static void mark(cu_yaml *n, const char *file)
{
    n->file = file;
    for (cu_yaml *k = n->first; k; k = k->next)
        mark(k, file);
}

cu_err cu_overlay_apply(const char *path, cu_arena *a, const cu_yaml **root, cu_fault *f)
{
    size_t n = shipped_dir ? strlen(shipped_dir) : 0;
    char file[4200];
    cu_yaml *over;
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_YAML_MAX_BYTES);
    if (!customer_dir || strncmp(path, shipped_dir, n) != 0 || path[n] != '/' || !is_for_customers(path + n + 1))
        return CU_OK;
    snprintf(file, sizeof file, "%.4000s/%s", customer_dir, path + n + 1);
    cu_err e = cu_file_read(AT_FDCWD, file, &text);
    if (e == CU_NOT_FOUND)
        return CU_OK;
    cu_fault inner = {0};
    if (e == CU_OK)
        e = cu_yaml_parse_own(cu_buf_view(&text), a, &over, &inner);
    if (e != CU_OK)
        return cu_fail(f, e, "%.300s:%u: %s", file, inner.line, inner.text[0] ? inner.text : cu_err_text(e));
    char *kept = cu_arena_str(a, cu_str(file));
    if (!kept)
        return CU_NOMEM;
    mark(over, kept);
    return merge(a, *root, over, root);
}
