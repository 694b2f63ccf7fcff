#include "scan_linters.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "linter_run.h"

#define ARENA ((size_t)512 << 20)

struct scan_linters {
    cu_arena arena;
    cu_config config;
    cu_linter_report *report; /* one a linter */
    scan_linter_result *v;    /* by path */
    size_t n, rules_n;
    char cwd[PATH_MAX];
};

/* a/./b//c and a/x/../b as one path from the root. */
static char *absolute(scan_linters *l, const char *path)
{
    char *to = cu_arena_fmt(&l->arena, "%s%s%s", path[0] == '/' ? "" : l->cwd, path[0] == '/' ? "" : "/", path);
    size_t n = 0;
    for (const char *p = to; p && *p;) {
        size_t len = strcspn(p + 1, "/");
        bool up = len == 2 && p[1] == '.' && p[2] == '.', stay = len == 0 || (len == 1 && p[1] == '.');
        while (up && n && to[--n] != '/')
            ;
        if (!up && !stay) {
            memmove(to + n, p, len + 1);
            n += len + 1;
        }
        p += len + 1;
    }
    if (to)
        to[n] = 0;
    return to;
}

static int by_path(const void *a, const void *b)
{
    const scan_linter_result *x = a, *y = b;
    int c = strcmp(x->path, y->path);
    return c ? c : (x->r->line > y->r->line) - (x->r->line < y->r->line);
}

static cu_err one(scan_linters *l, size_t i, const char *const *paths, size_t n, cu_fault *f)
{
    const cu_config_linter *c = &l->config.linters[i];
    cu_buf out CU_CLEAN_BUF = CU_BUF(CU_LINTER_MAX_BYTES + 65536);
    bool networked = false;
    CU_TRY(linter_run(c, paths, n, &out, &networked, f));
    if (networked)
        fprintf(stderr, "custos scan: linter %s ran with the network: this system does not let it be taken away\n", c->name);
    CU_TRY(cu_linter_parse(c->name, c->junit ? CU_LINTER_JUNIT : CU_LINTER_SARIF, cu_buf_view(&out), &l->arena, &l->report[i], f));
    for (size_t k = 0; k < l->report[i].n; k++) {
        cu_linter_result *r = &l->report[i].v[k];
        l->v[l->n++] = (scan_linter_result){absolute(l, r->path), r, (uint32_t)l->rules_n + r->rule, false};
        if (!l->v[l->n - 1].path)
            return CU_NOMEM;
    }
    l->rules_n += l->report[i].rules_n;
    return CU_OK;
}

static cu_err run_all(scan_linters *l, const char *config, const char *const *paths, size_t n, cu_fault *f)
{
    CU_TRY(cu_config_load(config, false, &l->arena, &l->config, f));
    if (!l->config.linters_n)
        return cu_fail(f, CU_CONFIG, "--linters: %s names no linters", l->config.file ? l->config.file : "the configuration");
    if (!getcwd(l->cwd, sizeof l->cwd))
        return cu_fail(f, CU_NOT_FOUND, "the current folder has no name");
    l->report = cu_arena_alloc(&l->arena, l->config.linters_n * sizeof *l->report);
    l->v = cu_arena_alloc(&l->arena, l->config.linters_n * CU_LINTER_MAX_RESULTS * sizeof *l->v);
    if (!l->report || !l->v)
        return CU_NOMEM;
    for (size_t i = 0; i < l->config.linters_n; i++)
        CU_TRY(one(l, i, paths, n, f));
    qsort(l->v, l->n, sizeof *l->v, by_path);
    return CU_OK;
}

cu_err scan_linters_run(const char *config, const char *const *paths, size_t n, scan_linters **out, cu_fault *f)
{
    scan_linters *l = calloc(1, sizeof *l);
    *out = NULL;
    if (!l)
        return CU_NOMEM;
    cu_arena_init(&l->arena, ARENA);
    cu_err e = run_all(l, config, paths, n, f);
    if (e != CU_OK) {
        scan_linters_free(l);
        return f->code ? e : cu_fail(f, e, "linters: %s", cu_err_text(e));
    }
    *out = l;
    return CU_OK;
}

void scan_linters_free(scan_linters *l)
{
    if (!l)
        return;
    cu_arena_free(&l->arena);
    free(l);
}

size_t scan_linters_rules(const scan_linters *l)
{
    return l->rules_n;
}

const cu_rule *scan_linters_rule(const scan_linters *l, size_t i)
{
    size_t k = 0;
    while (i >= l->report[k].rules_n)
        i -= l->report[k++].rules_n;
    return &l->report[k].rules[i];
}

size_t scan_linters_of(scan_linters *l, const char *path, scan_linter_result **from)
{
    char whole[2 * PATH_MAX];
    cu_arena a CU_CLEAN_ARENA;
    scan_linters view = {.n = l->n};
    cu_arena_init(&a, 64u << 10);
    view.arena = a;
    memcpy(view.cwd, l->cwd, sizeof view.cwd);
    char *abs = absolute(&view, path);
    a = view.arena;
    snprintf(whole, sizeof whole, "%s", abs ? abs : "");
    size_t low = 0, high = l->n, n = 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(l->v[mid].path, whole) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    while (low + n < l->n && strcmp(l->v[low + n].path, whole) == 0)
        n++;
    *from = l->v + low;
    return n;
}

const scan_linter_result *scan_linters_at(const scan_linters *l, size_t i)
{
    return &l->v[i];
}

size_t scan_linters_index(const scan_linters *l, const scan_linter_result *r)
{
    return (size_t)(r - l->v);
}

size_t scan_linters_left(const scan_linters *l, const char **example)
{
    size_t n = 0;
    *example = NULL;
    for (size_t i = 0; i < l->n; i++)
        if (!l->v[i].taken) {
            n++;
            *example = l->v[i].path;
        }
    return n;
}
