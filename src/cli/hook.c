/* `custos hook install` and `hook remove`: a pre-commit hook that scans what is about to be committed, or one that
 * asks a gate about what is about to be pushed (pre-receive in a bare repository, pre-push elsewhere).
 * A hook that is there already runs after it. */
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "verb.h"
#include "verbs.h"

#define MARK "# custos hook"
#define BEFORE ".before-custos"

/* Where git looks for hooks: core.hooksPath, else hooks/ of the common directory. */
static cu_err hook_path(const char *repo, bool gate, cu_arena *a, char **path, cu_fault *f)
{
    git_repository *r = NULL;
    git_config *c = NULL, *snapshot = NULL;
    const char *set = NULL;
    git_libgit2_init();
    if (git_repository_open_ext(&r, repo, 0, NULL) != 0)
        return cu_fail(f, CU_NOT_FOUND, "%.200s is in no git repository", repo);
    if (git_repository_config(&c, r) == 0 && git_config_snapshot(&snapshot, c) == 0)
        git_config_get_string(&set, snapshot, "core.hooksPath");
    const char *work = git_repository_workdir(r), *name = !gate ? "pre-commit" : git_repository_is_bare(r) ? "pre-receive" : "pre-push";
    *path = set && set[0] == '/' ? cu_arena_fmt(a, "%s/%s", set, name)
            : set                ? cu_arena_fmt(a, "%s%s/%s", work ? work : "", set, name)
                                 : cu_arena_fmt(a, "%shooks/%s", git_repository_commondir(r), name);
    git_config_free(snapshot);
    git_config_free(c);
    git_repository_free(r);
    git_libgit2_shutdown();
    return *path ? CU_OK : CU_NOMEM;
}

/* True when the file is a hook that this verb wrote. */
static bool is_ours(const char *path)
{
    cu_buf text CU_CLEAN_BUF = CU_BUF(65536);
    return cu_file_read(AT_FDCWD, path, &text) == CU_OK && cu_find(cu_buf_view(&text), CU_LIT(MARK), 0) != (size_t)-1;
}

/* In single quotes for a shell. */
static void quote(cu_buf *b, const char *s)
{
    cu_buf_byte(b, '\'');
    for (; *s; s++)
        if (*s == '\'')
            cu_buf_str(b, "'\\''");
        else
            cu_buf_byte(b, (uint8_t)*s);
    cu_buf_byte(b, '\'');
}

/* What the gate is asked of. */
typedef struct {
    const char *env, *branch;
    char config[PATH_MAX];
} gate_hook;

/* Of a line of pre-push and of pre-receive the second word is the commit that is to stand at the third. */
static void put_gate(cu_buf *b, const char *self, const gate_hook *g)
{
    cu_buf_str(b, "#!/bin/sh\n" MARK ": asks the gate about what is about to be pushed; `custos hook remove --gate` takes it out.\n"
                  "lines=$(cat)\nstatus=0\nwhile read -r _ commit ref _; do\n  [ \"$ref\" = refs/heads/");
    quote(b, g->branch);
    cu_buf_str(b, " ] || continue\n  case $commit in *[!0]*) ;; *) continue ;; esac # a deletion\n  ");
    quote(b, self);
    cu_buf_str(b, " gate --env ");
    quote(b, g->env);
    cu_buf_str(b, " --commit \"$commit\" --config ");
    quote(b, g->config);
    cu_buf_str(b, " </dev/null >&2 || status=1\ndone <<END\n$lines\nEND\n[ $status -eq 0 ] || exit $status\n"
                  "if [ -x \"$0" BEFORE "\" ]; then\n  printf '%s\\n' \"$lines\" | \"$0" BEFORE "\" \"$@\"\nfi\n");
}

static void put_scan(cu_buf *b, const char *self)
{
    cu_buf_str(b, "#!/bin/sh\n" MARK ": scans what is about to be committed; `custos hook remove` takes it out.\n");
    quote(b, self);
    cu_buf_str(b, " scan --staged\nstatus=$?\nif [ $status -ne 0 ]; then\n"
                   "  echo 'custos: the commit was stopped; accept a finding with a comment custos:allow RULE reason' >&2\n"
                   "  exit $status\nfi\nif [ -x \"$0" BEFORE "\" ]; then\n  exec \"$0" BEFORE "\" \"$@\"\nfi\n");
}

/* g NULL: the hook that scans. */
static cu_err write_hook(const char *path, const gate_hook *g, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(4 * PATH_MAX);
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return cu_fail(f, CU_IO, "the program cannot find itself");
    self[n] = 0;
    if (g)
        put_gate(&b, self, g);
    else
        put_scan(&b, self);
    CU_TRY(cu_buf_err(&b));
    cu_err e = cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0755);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
}

static cu_err install(const char *path, const gate_hook *g, cu_arena *a, cu_fault *f)
{
    struct stat st;
    char *dir = cu_arena_str(a, cu_str(path)), *before = cu_arena_fmt(a, "%s" BEFORE, path);
    if (!dir || !before)
        return CU_NOMEM;
    *strrchr(dir, '/') = 0;
    CU_TRY(cu_mkdirs(dir, 0755));
    if (lstat(path, &st) == 0 && !is_ours(path)) {
        if (lstat(before, &st) == 0)
            return cu_fail(f, CU_EXISTS, "%.200s exists already; move it away first", before);
        if (rename(path, before) != 0)
            return cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    }
    return write_hook(path, g, f);
}

static cu_err remove_hook(const char *path, cu_arena *a, cu_fault *f)
{
    char *before = cu_arena_fmt(a, "%s" BEFORE, path);
    if (!before)
        return CU_NOMEM;
    if (!is_ours(path))
        return cu_fail(f, CU_NOT_FOUND, "there is no hook of custos at %.200s", path);
    if (unlink(path) != 0 || (access(before, F_OK) == 0 && rename(before, path) != 0))
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    return CU_OK;
}

static cu_err read_gate(const cu_run *r, gate_hook *g, cu_fault *f)
{
    const char *config = cu_run_option(r, "config"), *branch = cu_run_option(r, "branch");
    g->env = cu_run_option(r, "gate");
    g->branch = branch ? branch : "main";
    if (!config || !realpath(config, g->config))
        return cu_fail(f, CU_CONFIG, "--gate needs --config FILE, the custos.yaml that the hook asks with");
    return CU_OK;
}

static int run(const cu_run *r, bool put)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_fault f = {0};
    char *path = NULL;
    gate_hook g = {0};
    bool gate = cu_run_option(r, "gate") != NULL;
    cu_arena_init(&a, 1u << 20);
    if (r->args_n > 1)
        return cu_run_fail(r, CU_CONFIG, "name one repository, or none for the one you are in");
    cu_err e = gate && put ? read_gate(r, &g, &f) : CU_OK;
    if (e == CU_OK)
        e = hook_path(r->args_n ? r->args[0] : ".", gate, &a, &path, &f);
    if (e == CU_OK)
        e = put ? install(path, gate ? &g : NULL, &a, &f) : remove_hook(path, &a, &f);
    if (e != CU_OK)
        return cu_run_fault(r, e, &f);
    printf("%s %s\n", put ? "installed" : "removed", path);
    return CU_EXIT_FINE;
}

static int run_install(const cu_run *r)
{
    return run(r, true);
}

static int run_remove(const cu_run *r)
{
    return run(r, false);
}

const cu_verb cu_verb_hook_install = {
    .name = "hook install", .group = "find", .operands = "[REPOSITORY]", .run = run_install,
    .summary = "install a git hook that scans each commit before it is made, or asks a gate before a push",
    .details = "A hook that is there already is kept and runs after it. With --gate, what is pushed to the branch must pass that environment's gate: in a bare "
               "repository for everybody who pushes (pre-receive), elsewhere for who pushes from there (pre-push, which git push --no-verify passes by).",
    .options = {{"gate", "ENV", "ask the gate of this environment"}, {"branch", "NAME", "of what is pushed to this branch; main otherwise"},
                {"config", "FILE", "custos.yaml; needed with --gate"}},
};

const cu_verb cu_verb_hook_remove = {
    .name = "hook remove", .group = "find", .operands = "[REPOSITORY]", .run = run_remove,
    .summary = "take the hook out again, and puts back the one that was there before",
    .options = {{"gate", NULL, "the hook that asks a gate"}},
};
