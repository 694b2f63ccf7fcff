/* `custos scan`: finds personal data and secrets in files, changes and git history. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ids.h"
#include "catalog/rules.h"
#include "detect/detect.h"
#include "record.h"
#include "scan_code.h"
#include "scan/run.h"
#include "verb.h"
#include "verbs.h"

typedef struct {
    const cu_run *run;
    cu_arena arena;
    const cu_rules *rules;
    cu_engine *engine;           /* NULL with --code */
    scan_code *code;
    cu_report *report;
    cu_accept *accept;
    record *record;              /* NULL: not asked for */
    cu_scan_options o;
    bool *only_rules;
    cu_severity fail_on;
    char *output, *output_tmp;   /* --output, and where it is written first (NULL: directly) */
    uint64_t begun;              /* ns */
    bool shown;                  /* a progress line stands on the terminal */
    pthread_mutex_t said;
} scan;

static volatile int stop_asked;

static void on_signal(int sig)
{
    (void)sig;
    stop_asked = 1;
}

static void clear_progress(scan *s)
{
    if (s->shown)
        fputs("\r\033[K", stderr);
    s->shown = false;
}

/* Control characters of a file name do not reach the terminal. */
static void complain(void *arg, const char *path, const char *what)
{
    scan *s = arg;
    cu_buf name CU_CLEAN_BUF = CU_BUF((size_t)8 << 20);
    cu_report_name(path, &name);
    pthread_mutex_lock(&s->said);
    clear_progress(s);
    fprintf(stderr, "custos scan: %s: %s\n", cu_buf_cstr(&name), what);
    pthread_mutex_unlock(&s->said);
}

static void progress(void *arg, const cu_scan_summary *now, uint64_t total)
{
    scan *s = arg;
    if (!now) {
        pthread_mutex_lock(&s->said);
        clear_progress(s);
        pthread_mutex_unlock(&s->said);
        return;
    }
    double seconds = (double)(cu_mono_ns() - s->begun) / 1e9, rate = (double)now->bytes / seconds;
    pthread_mutex_lock(&s->said);
    fprintf(stderr, "\r\033[K%llu %s, %.0f MB/s, %llu findings",
            (unsigned long long)(now->blobs ? now->blobs : now->files), now->blobs ? "blobs" : "files",
            rate / 1e6, (unsigned long long)now->findings);
    if (total > now->bytes && rate > 0)
        fprintf(stderr, ", %.0f %%, %.0f s left", 100.0 * (double)now->bytes / (double)total,
                (double)(total - now->bytes) / rate);
    fflush(stderr);
    s->shown = true;
    pthread_mutex_unlock(&s->said);
}

/* A type, a class (secret, pii) or a rule's id. */
static bool take_name(scan *s, cu_bytes name)
{
    cu_type t = cu_type_by_name(name);
    bool secret = cu_eq_str(name, "secret"), pii = cu_eq_str(name, "pii"), known = secret || pii;
    for (unsigned i = 0; i < CU_TYPE_COUNT; i++)
        if (i == (unsigned)t || (secret && cu_type_class((cu_type)i) == CU_CLASS_SECRET) ||
            (pii && cu_type_class((cu_type)i) == CU_CLASS_PII))
            s->o.only[i] = known = true;
    for (size_t i = 0; i < s->rules->n; i++)
        if (cu_eq_str(name, s->rules->v[i].id))
            s->only_rules[i] = known = true;
    return known;
}

static int read_only_option(scan *s)
{
    const char *only = cu_run_option(s->run, "only");
    s->only_rules = cu_arena_alloc(&s->arena, s->rules->n + 1);
    if (!s->only_rules)
        return cu_run_fail(s->run, CU_NOMEM, "out of memory");
    s->o.only_rules = s->only_rules;
    for (unsigned t = 0; t < CU_TYPE_COUNT; t++)
        s->o.only[t] = !only;
    for (size_t i = 0; s->code && i < s->rules->n; i++)
        s->only_rules[i] = !only;
    for (const char *p = only; p && *p;) {
        const char *comma = strchr(p, ',');
        cu_bytes name = cu_bytes_of(p, comma ? (size_t)(comma - p) : strlen(p));
        if (!take_name(s, name))
            return cu_run_fail(s->run, CU_CONFIG, "--only: \"%.*s\" is no type, no class (secret, pii) "
                               "and no rule", (int)(name.n < 200 ? name.n : 200), (const char *)name.p);
        p += name.n + (comma != NULL);
    }
    return CU_EXIT_FINE;
}

/* "85" or "0.85"; "1" is a decimal. */
static bool percent(const char *text, unsigned *out)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= 0 && v <= 100))
        return false;
    *out = (unsigned)((v <= 1 ? v * 100 : v) + 0.5);
    return true;
}

static bool severity(const char *text, cu_severity *out)
{
    for (int i = 0; i <= CU_SEVERITY_CRITICAL; i++)
        if (strcmp(cu_severity_name((cu_severity)i), text) == 0) {
            *out = (cu_severity)i;
            return true;
        }
    return false;
}

static int read_numbers(scan *s)
{
    const char *min = cu_run_option(s->run, "min-confidence"), *jobs = cu_run_option(s->run, "jobs");
    const char *fail_on = cu_run_option(s->run, "fail-on");
    if (min && !percent(min, &s->o.min_confidence))
        return cu_run_fail(s->run, CU_CONFIG, "--min-confidence is a percentage (85) or a part of one (0.85)");
    if (!min)
        s->o.min_confidence = CU_DETECT_DEFAULT_MIN;
    s->o.jobs = cu_scan_default_jobs();
    if (jobs) {
        char *end;
        unsigned long n = strtoul(jobs, &end, 10);
        if (*end || end == jobs || *jobs == '-' || n < 1 || n > CU_SCAN_MAX_JOBS)
            return cu_run_fail(s->run, CU_CONFIG, "--jobs is a number of threads, 1 to %u", CU_SCAN_MAX_JOBS);
        s->o.jobs = (unsigned)n;
    }
    if (fail_on && !severity(fail_on, &s->fail_on))
        return cu_run_fail(s->run, CU_CONFIG, "--fail-on is info, low, medium, high or critical");
    return CU_EXIT_FINE;
}

/* Values are for a person at a terminal who asked for them. */
static int check_values(const scan *s)
{
    const char *ci = getenv("CI");
    if (!cu_run_option(s->run, "show-values"))
        return CU_EXIT_FINE;
    if ((ci && (strcmp(ci, "true") == 0 || strcmp(ci, "1") == 0)) || s->output || !isatty(STDOUT_FILENO))
        return cu_run_fail(s->run, CU_DENIED, "--show-values prints secrets: only to a terminal, never in "
                                              "a build, a file or a pipe");
    fprintf(stderr, "custos scan: values are shown as they are; do not paste this anywhere\n");
    return CU_EXIT_FINE;
}

static int check_sources(const scan *s)
{
    const cu_run *r = s->run;
    const char *history = cu_run_option(r, "history"), *staged = cu_run_option(r, "staged");
    if (!history && (cu_run_option(r, "range") || cu_run_option(r, "state")))
        return cu_run_fail(r, CU_CONFIG, "--range and --state belong to --history");
    if (history && staged)
        return cu_run_fail(r, CU_CONFIG, "--history or --staged, not both");
    if (cu_run_option(r, "linters") && (!cu_run_option(r, "code") || history || staged || cu_run_option(r, "diff")))
        return cu_run_fail(r, CU_CONFIG, "--linters belongs to --code with PATHs: linters see files as they are now");
    if (cu_run_option(r, "code") && (cu_run_option(r, "rules") || cu_run_option(r, "record")))
        return cu_run_fail(r, CU_CONFIG, "--rules and --record belong to a scan for data, not to --code");
    if ((history || staged) && r->args_n > 1)
        return cu_run_fail(r, CU_CONFIG, "name one repository, or none for the one you are in");
    if (!history && !staged && !cu_run_option(r, "diff") && r->args_n == 0)
        return cu_run_fail(r, CU_CONFIG, "name a file or folder, or - for standard input");
    return CU_EXIT_FINE;
}

static cu_err load_rules(scan *s, cu_fault *f)
{
    const char *extra = cu_run_option(s->run, "rules"), *catalog = cu_catalog_dir();
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the folder catalog/ was not found beside the program; set "
                                        "CUSTOS_CATALOG");
    if (cu_run_option(s->run, "code")) {
        scan_linters *linters = NULL;
        if (cu_run_option(s->run, "linters"))
            CU_TRY(scan_linters_run(cu_run_option(s->run, "config"), s->run->args, (size_t)s->run->args_n, &linters, f));
        CU_TRY(scan_code_open(catalog, linters, &s->code, f));
        s->rules = scan_code_rules(s->code);
        return CU_OK;
    }
    CU_TRY(cu_engine_open(catalog, extra, cu_engine_cache_dir(), &s->engine, f));
    s->rules = cu_engine_rules(s->engine);
    return CU_OK;
}

/* A regular file is replaced when the report is complete; a device or pipe is written to. */
static cu_err open_output(scan *s, cu_fault *f)
{
    struct stat st;
    char id[CU_ID_LEN];
    s->o.out = STDOUT_FILENO;
    if (!s->output)
        return CU_OK;
    if (stat(s->output, &st) != 0 || S_ISREG(st.st_mode)) {
        cu_id_new(id);
        s->output_tmp = cu_arena_fmt(&s->arena, "%s.%s.tmp", s->output, id);
        if (!s->output_tmp)
            return CU_NOMEM;
    }
    int how = s->output_tmp ? O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC : O_WRONLY | O_CLOEXEC;
    s->o.out = open(s->output_tmp ? s->output_tmp : s->output, how, 0666);
    if (s->o.out < 0) {
        s->output_tmp = NULL;
        return cu_fail(f, cu_errno_err(errno), "--output %.200s: %s", s->output, strerror(errno));
    }
    return CU_OK;
}

static cu_err close_output(scan *s, cu_err e, cu_fault *f)
{
    if (!s->output || s->o.out < 0)
        return e;
    if (close(s->o.out) != 0 && e == CU_OK)
        e = cu_fail(f, cu_errno_err(errno), "--output %.200s: %s", s->output, strerror(errno));
    if (s->output_tmp && e == CU_OK && rename(s->output_tmp, s->output) != 0)
        e = cu_fail(f, cu_errno_err(errno), "--output %.200s: %s", s->output, strerror(errno));
    if (s->output_tmp && e != CU_OK)
        unlink(s->output_tmp);
    return e;
}

/* .custosignore of the working directory counts without being named. */
static cu_err load_accepted(scan *s, cu_fault *f)
{
    const char *baseline = cu_run_option(s->run, "baseline"), *ignore = cu_run_option(s->run, "ignore-file");
    bool update = cu_run_option(s->run, "update-baseline") != NULL;
    if (update && !baseline)
        return cu_fail(f, CU_CONFIG, "--update-baseline needs --baseline FILE");
    if (!ignore && access(".custosignore", F_OK) == 0)
        ignore = ".custosignore";
    if (update && access(baseline, F_OK) != 0)
        CU_TRY(cu_accept_create(baseline, ignore, cu_now_ns(), &s->accept, f));
    else
        CU_TRY(cu_accept_load(baseline, ignore, cu_now_ns(), &s->accept, f));
    if (update)
        cu_accept_collect(s->accept);
    return CU_OK;
}

static cu_err prepare(scan *s, cu_fault *f)
{
    const cu_run *r = s->run;
    cu_report_options o = {.format = cu_report_format_by_name(r->format), .rules = s->rules,
        .explain = cu_run_option(r, "explain") != NULL, .values = cu_run_option(r, "show-values") != NULL,
        .colour = !s->output && isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};
    CU_TRY(load_accepted(s, f));
    if (cu_report_new(&o, &s->report) == CU_UNSUPPORTED)
        return cu_fail(f, CU_UNSUPPORTED, "--format %s is not in this version", r->format);
    if (!s->report)
        return CU_NOMEM;
    s->o.rules = s->rules;
    s->o.engine = s->engine;
    s->o.look = s->code ? scan_code_look : NULL;
    s->o.look_arg = s->code;
    s->o.note = s->code ? scan_code_note : NULL;
    s->o.report = s->report;
    s->o.accept = s->accept;
    s->o.archives = !cu_run_option(r, "no-archives");
    s->o.complain = complain;
    s->o.complain_arg = s;
    s->o.stop = &stop_asked;
    s->o.found = s->record ? cu_record->found : NULL;
    s->o.found_arg = s->record;
    if (isatty(STDERR_FILENO) && !cu_run_option(r, "no-progress"))
        s->o.progress = progress;
    s->o.progress_arg = s;
    return open_output(s, f);
}

static cu_err run_sources(scan *s, cu_scan *c, cu_fault *f)
{
    const cu_run *r = s->run;
    const char *diff = cu_run_option(r, "diff"), *place = r->args_n ? r->args[0] : ".";
    if (cu_run_option(r, "history"))
        return cu_scan_history(c, place, cu_run_option(r, "range"), cu_run_option(r, "state"), f);
    if (diff)
        CU_TRY(cu_scan_diff(c, diff, f));
    if (cu_run_option(r, "staged"))
        return cu_scan_staged(c, place, f);
    for (int i = 0; i < r->args_n; i++)
        CU_TRY(cu_scan_path(c, r->args[i], f));
    return CU_OK;
}

static int outcome(scan *s, const cu_scan_summary *sum)
{
    const cu_run *r = s->run;
    bool changes = cu_run_option(r, "staged") || cu_run_option(r, "diff");
    uint64_t counted = 0;
    for (int i = (int)s->fail_on; i <= CU_SEVERITY_CRITICAL; i++)
        counted += sum->by_severity[i];
    if (sum->stopped)
        return cu_run_fail(r, CU_STATE, "stopped before the end: not everything was scanned");
    if (sum->bytes == 0 && sum->blobs == 0 && !changes)
        return cu_run_fail(r, CU_NOT_FOUND, "nothing was scanned: no readable text in what was named");
    if (sum->unreadable || (s->code && scan_code_left(s->code)))
        return CU_EXIT_FAILED;
    if (sum->bytes == 0 && changes)
        fprintf(stderr, "custos scan: nothing was added, so nothing was scanned\n");
    return counted ? CU_EXIT_FOUND : CU_EXIT_FINE;
}

/* What was not scanned to its end, or was nothing, is no state of a repository. */
static int record_outcome(scan *s, const cu_scan_summary *sum, int rc)
{
    bool nothing = sum->bytes == 0 && sum->blobs == 0 && !cu_run_option(s->run, "staged") && !cu_run_option(s->run, "diff");
    if (!s->record || sum->stopped || nothing)
        return rc;
    int sent = cu_record->send(s->record, sum, s->engine, &s->o);
    return sent == CU_EXIT_FINE ? rc : sent;
}

static int scan_now(scan *s)
{
    cu_scan *c = NULL;
    cu_scan_summary sum = {0};
    cu_fault f = {0}, f2 = {0};
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}; /* twice: at once */
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    s->begun = cu_mono_ns();
    cu_err e = prepare(s, &f);
    if (e == CU_OK)
        e = cu_scan_new(&s->o, &c, &f);
    if (e == CU_OK) {
        e = run_sources(s, c, &f);
        cu_err e2 = cu_scan_end(c, &sum, &f2);
        clear_progress(s);
        if (e2 == CU_IO || e2 == CU_NOSPC) /* told apart from a source that failed */
            return close_output(s, e2, &f2), cu_run_fail(s->run, e2, "the report could not be written to %s",
                                                      s->output ? s->output : "standard output");
        e = e == CU_OK ? e2 : e;
    }
    e = close_output(s, e, &f);
    if (e == CU_OK && !sum.stopped && cu_run_option(s->run, "update-baseline"))
        e = cu_accept_write(s->accept, cu_run_option(s->run, "baseline"), &f);
    return e == CU_OK ? record_outcome(s, &sum, outcome(s, &sum)) : cu_run_fault(s->run, e, &f);
}

/* One file descriptor for each folder that is being read. */
static void raise_limits(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < 4096) {
        l.rlim_cur = l.rlim_max < 4096 ? l.rlim_max : 4096;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static int run_scan(const cu_run *r)
{
    scan s = {.run = r, .said = PTHREAD_MUTEX_INITIALIZER, .fail_on = CU_SEVERITY_INFO};
    cu_fault f = {0};
    const char *output = cu_run_option(r, "output");
    cu_arena_init(&s.arena, (size_t)64 << 20);
    s.output = output ? cu_arena_str(&s.arena, cu_str(output)) : NULL;
    s.o.out = -1;
    raise_limits();
    int rc = check_sources(&s);
    if (rc == CU_EXIT_FINE)
        rc = check_values(&s);
    if (rc == CU_EXIT_FINE)
        rc = read_numbers(&s);
    if (rc == CU_EXIT_FINE) {
        cu_err e = load_rules(&s, &f);
        rc = e == CU_OK ? read_only_option(&s) : cu_run_fault(r, e, &f);
    }
    if (rc == CU_EXIT_FINE && cu_record)
        rc = cu_record->begin(r, &s.record);
    if (rc == CU_EXIT_FINE)
        rc = scan_now(&s);
    if (s.record)
        cu_record->end(s.record);
    cu_report_free(s.report);
    cu_accept_free(s.accept);
    cu_engine_free(s.engine);
    scan_code_close(s.code);
    cu_arena_free(&s.arena);
    return rc;
}

const cu_verb cu_verb_scan = {
    .name = "scan", .group = "find", .operands = "PATH...", .run = run_scan,
    .summary = "find personal data, secrets and weak code in files, changes and git history",
    .details = "Honours .gitignore inside a git repository, opens archives and notebooks, skips binary "
               "files and counts them, and follows no symbolic link. A value is never printed. Exit "
               "status: 0 nothing found, 1 found, 2 something could not be scanned, or nothing was.",
    .formats = "text|json|jsonl|sarif|csv|html",
    .options = {{"code", NULL, "Look for weaknesses in program text instead, by the rules that generated code is held to."},
                {"linters", NULL, "With --code: run the linters that custos.yaml names as well, and merge what they find."},
                {"staged", NULL, "Scan the lines that git's index adds to HEAD; PATH names the repository."},
                {"diff", "FILE", "Scan the lines that a unified diff adds; - is standard input."},
                {"history", NULL, "Scan each file version of a git history once; PATH names the repository."},
                {"range", "A..B", "With --history: only what came after A, up to B."},
                {"state", "FILE", "With --history: remember what was clean, and scan only what is new."},
                {"baseline", "FILE", "Leave out what this baseline accepts."},
                {"update-baseline", NULL, "Take all that is found now into the baseline; reviews in it are kept."},
                {"ignore-file", "FILE", "Leave out what this file accepts."},
                {"rules", "DIR", "Rules of your own besides the shipped ones, in the folders secrets/ and pii/."},
                {"only", "TYPES", "Report only these types, classes (secret, pii) or rules."},
                {"min-confidence", "N", "Report only findings of at least N percent (85, or 0.85)."},
                {"jobs", "N", "Threads; as many as there are processors by default."},
                {"fail-on", "SEVERITY", "Exit 1 only for info, low, medium, high or critical and above."},
                {"explain", NULL, "Say why each finding is one."},
                {"show-values", NULL, "Print values as they are, to a terminal only."},
                {"no-progress", NULL, "No progress line on the terminal."},
                {"no-archives", NULL, "Do not open archives, compressed files and notebooks."},
                {"record", NULL, "Send the result (counts and keyed hashes) to a running Custos, which seals it.", true},
                {"repository", "NAME", "With --record: its name; git's remote, or the folder, otherwise.", true},
                {"tenant", "NAME", "With --record: whose log; the organisation's otherwise.", true},
                {"config", "FILE", "With --record and --linters: custos.yaml."},
                {"output", "FILE", "Write the report to FILE instead of standard output."}},
};
