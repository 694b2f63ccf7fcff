/* custos log list, show, tail: entries as they are sealed, read from disk without the daemon. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin.h"
#include "ledger/log.h"

#define LOGS_MAX 4096u
#define TAIL_MS 300u

typedef struct {
    char name[80];
    uint64_t next; /* of tail */
} log_name;

typedef struct {
    log_name *v;
    size_t n;
    char dir[4096];
} log_names;

typedef struct {
    const char *type, *actor, *since, *until;
    bool json;
    const char *log;
    uint64_t limit, shown;
} filter;

static volatile sig_atomic_t ended;

static void end(int sig)
{
    ended = sig;
}

static void add_log(log_names *l, const char *only, const char *name)
{
    char path[4300];
    log_name *v;
    snprintf(path, sizeof path, "%s/%s/checkpoint", l->dir, name);
    if ((only && strcmp(only, name) != 0 && (strncmp(name, "t/", 2) != 0 || strcmp(only, name + 2) != 0)) || access(path, R_OK) != 0 ||
        l->n == LOGS_MAX || !(v = realloc(l->v, (l->n + 1) * sizeof *v)))
        return;
    l->v = v;
    v[l->n] = (log_name){0};
    snprintf(v[l->n++].name, sizeof v->name, "%s", name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const log_name *)a)->name, ((const log_name *)b)->name);
}

static int open_logs(const cu_run *r, const char *only, log_names *l)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096], path[4300], name[80];
    int rc = cu_run_option(r, "dir") ? 0 : cu_open_config(r, &a, &c, run_dir);
    if (rc)
        return rc;
    snprintf(l->dir, sizeof l->dir, "%s", cu_run_option(r, "dir") ? cu_run_option(r, "dir") : c.log_dir);
    add_log(l, only, "org");
    if (only && strcmp(only, "anchor") == 0)
        add_log(l, only, "anchor"); /* its entries are about the others; only when asked for */
    snprintf(path, sizeof path, "%s/t", l->dir);
    DIR *d = opendir(path);
    for (struct dirent *en; d && (en = readdir(d));)
        if (en->d_name[0] != '.' && strlen(en->d_name) < 70) {
            snprintf(name, sizeof name, "t/%.70s", en->d_name);
            add_log(l, only, name);
        }
    if (d)
        closedir(d);
    if (l->n == 0)
        return cu_run_fail(r, CU_NOT_FOUND, "there is no such log under %.200s, or nothing is sealed in it yet", l->dir);
    qsort(l->v, l->n, sizeof *l->v, by_name);
    return 0;
}

/* "key.*" fits key.issued. */
static bool type_fits(const char *want, cu_bytes type)
{
    size_t n = want ? strlen(want) : 0;
    return n == 0 || (want[n - 1] == '*' ? cu_starts(type, cu_bytes_of(want, n - 1)) : cu_eq_str(type, want));
}

/* Times compare as texts; a shorter one stands for its beginning. */
static bool fits(const filter *w, const cu_leaf *l)
{
    return type_fits(w->type, l->type) && (!w->actor || cu_eq_str(l->actor, w->actor)) && (!w->since || cu_cmp(l->ts, cu_str(w->since)) >= 0) &&
           (!w->until || cu_cmp(l->ts, cu_str(w->until)) < 0);
}

static cu_err each(void *arg, uint64_t index, cu_bytes leaf)
{
    filter *w = arg;
    cu_leaf l;
    if (cu_leaf_parse(leaf, &l) != CU_OK)
        return CU_CORRUPT;
    if (!fits(w, &l) || (w->limit && w->shown == w->limit))
        return CU_OK;
    w->shown++;
    if (w->json)
        printf("{\"log\":\"%s\",\"index\":%llu,\"entry\":%.*s}\n", w->log, (unsigned long long)index, CU_FMT(leaf));
    else
        printf("%.*s %-12s %8llu %-24.*s %-30.*s %.*s\n", CU_FMT(l.ts), w->log, (unsigned long long)index, CU_FMT(l.type), CU_FMT(l.actor),
               l.body.n < 160 ? (int)l.body.n : 160, (const char *)l.body.p);
    return ferror(stdout) ? CU_IO : CU_OK;
}

static cu_err read_log(const log_names *all, log_name *l, filter *w, cu_fault *f)
{
    char dir[4300];
    cu_log *log;
    cu_checkpoint cp;
    snprintf(dir, sizeof dir, "%s/%s", all->dir, l->name);
    w->log = l->name;
    CU_TRY(cu_log_open(dir, &log, f));
    cu_err e = cu_log_checkpoint(log, &cp, NULL, f);
    if (e == CU_OK && cp.size > l->next)
        e = cu_log_walk(log, l->next, cp.size, each, w, f);
    if (e == CU_OK)
        l->next = cp.size;
    cu_log_close(log);
    return e;
}

static cu_err read_all(log_names *all, filter *w, cu_fault *f)
{
    for (size_t i = 0; i < all->n; i++)
        CU_TRY(read_log(all, &all->v[i], w, f));
    return fflush(stdout) == 0 ? CU_OK : CU_IO;
}

static int read_filter(const cu_run *r, bool range, filter *w)
{
    const char *limit = cu_run_option(r, "limit");
    *w = (filter){.type = cu_run_option(r, "type"), .actor = cu_run_option(r, "actor"), .since = range ? cu_run_option(r, "since") : NULL,
                  .until = range ? cu_run_option(r, "until") : NULL, .json = r->json};
    w->limit = limit ? strtoull(limit, NULL, 10) : 0;
    if (limit && !w->limit)
        return cu_run_fail(r, CU_CONFIG, "--limit is a number of entries");
    return 0;
}

static int list(const cu_run *r)
{
    log_names all = {0};
    filter w;
    cu_fault f = {0};
    int rc = read_filter(r, true, &w);
    if (rc == 0)
        rc = open_logs(r, cu_run_option(r, "tenant"), &all);
    cu_err e = rc ? CU_OK : read_all(&all, &w, &f);
    free(all.v);
    return rc ? rc : e != CU_OK ? cu_run_fault(r, e, &f) : CU_EXIT_FINE;
}

/* From the end on, until it is interrupted. */
static int tail(const cu_run *r)
{
    log_names all = {0};
    filter w;
    cu_fault f = {0};
    int rc = read_filter(r, false, &w);
    if (rc == 0)
        rc = open_logs(r, cu_run_option(r, "tenant"), &all);
    filter none = {.type = "-"};
    cu_err e = rc ? CU_OK : read_all(&all, &none, &f);
    signal(SIGINT, end);
    signal(SIGTERM, end);
    while (rc == 0 && e == CU_OK && !ended && !(w.limit && w.shown == w.limit)) {
        usleep(TAIL_MS * 1000);
        e = read_all(&all, &w, &f);
    }
    free(all.v);
    return rc ? rc : e != CU_OK ? cu_run_fault(r, e, &f) : CU_EXIT_FINE;
}

static cu_err show_one(const cu_run *r, const char *dir, uint64_t index, cu_fault *f)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), proof CU_CLEAN_BUF = CU_BUF(65536), text CU_CLEAN_BUF = CU_BUF(1 << 18);
    cu_log *l;
    CU_TRY(cu_log_open(dir, &l, f));
    cu_err e = cu_log_entry(l, index, &leaf, f);
    if (e == CU_OK)
        e = cu_log_proof(l, index, &proof, f);
    cu_log_close(l);
    CU_TRY(e);
    if (r->json) {
        cu_buf_str(&text, "{\"entry\":");
        cu_buf_add(&text, cu_buf_view(&leaf));
        cu_buf_json_kv(&text, "proof", cu_buf_view(&proof));
        cu_buf_str(&text, "}");
    } else if (cu_run_option(r, "proof")) {
        cu_buf_add(&text, cu_buf_view(&proof));
    } else {
        cu_buf_add(&text, cu_buf_view(&leaf));
    }
    CU_TRY(cu_buf_err(&text));
    printf("%.*s%s", (int)text.n, (const char *)text.p, cu_run_option(r, "proof") ? "" : "\n");
    return CU_OK;
}

static int show(const cu_run *r)
{
    log_names all = {0};
    char dir[4300], *end_of;
    cu_fault f = {0};
    if (r->args_n != 2)
        return cu_run_fail(r, CU_CONFIG, "LOG and INDEX are needed, as custos log list shows them: org 12");
    uint64_t index = strtoull(r->args[1], &end_of, 10);
    if (*end_of || strchr(r->args[0], '.') || r->args[0][0] == '/')
        return cu_run_fail(r, CU_CONFIG, "LOG is org, anchor or t/TENANT, INDEX a number");
    int rc = open_logs(r, NULL, &all);
    free(all.v);
    if (rc)
        return rc;
    snprintf(dir, sizeof dir, "%s/%.100s", all.dir, r->args[0]);
    cu_err e = show_one(r, dir, index, &f);
    return e == CU_OK ? CU_EXIT_FINE : cu_run_fault(r, e, &f);
}

#define WHERE {"config", "FILE", "custos.yaml"}, {"dir", "LOG_DIR", "the folder of all logs; needs no configuration"}
#define FILTERS {"tenant", "NAME", "one log: a tenant's name, org or anchor"}, {"type", "TYPE", "one type, or several: key.*"}, \
                {"actor", "WHO", "one actor"}

const cu_verb cu_verb_log_list = {
    .name = "log list", .group = "prove", .operands = "", .run = list, .formats = "text|json", .summary = "list sealed entries, log by log",
    .details = "With --format json one object a line: log, index and entry, the entry as it is sealed.",
    .options = {WHERE, FILTERS, {"since", "TIME", "not before, like 2026-11-26 or 2026-11-26T09:00"}, {"until", "TIME", "before"},
                {"limit", "N", "at most so many"}},
};
const cu_verb cu_verb_log_tail = {
    .name = "log tail", .group = "prove", .operands = "", .run = tail, .formats = "text|json", .summary = "show entries as they are sealed",
    .options = {WHERE, FILTERS, {"limit", "N", "end after so many"}},
};
const cu_verb cu_verb_log_show = {
    .name = "log show", .group = "prove", .operands = "LOG INDEX", .run = show, .formats = "text|json",
    .summary = "show one entry, or its proof (a C2SP tlog-proof)", .options = {WHERE, {"proof", NULL, "the proof instead of the entry"}},
};
