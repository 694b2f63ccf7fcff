/* custos prober: runs each probe when it is due. A child of custos serve; every run is a process of its own. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "probe.h"

#define LOOK_S 5u           /* between two looks at what is due */
#define RUN_MAX_S 600u      /* one run; then it is ended, and its probe has no data */

static volatile sig_atomic_t ended;
static char self[4096]; /* read at the start: the file may be replaced later */

static void on_signal(int number) { ended = 1; }

static void pause_s(unsigned s)
{
    for (unsigned i = 0; i < 10 * s && !ended; i++)
        usleep(100000);
}

static time_t time_of(const char *text)
{
    struct tm tm = {0};
    return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
}

/* A run that somebody asked for; of one by schedule request is NULL. */
typedef struct {
    const char *name, *request;
    int value;                  /* what to read the value from, or -1 */
} order;

static void become(const cu_run *r, const order *o, pid_t parent)
{
    const char *config = cu_run_option(r, "config"), *argv[10] = {"custos", "probe", o->name};
    size_t n = 3;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || !freopen("/dev/null", "w", stdout) || (o->value >= 0 && dup2(o->value, 0) < 0))
        _exit(1);
    argv[n++] = o->request ? "--request" : "--scheduled";
    if (o->request)
        argv[n++] = o->request;
    if (o->value >= 0) {
        argv[n++] = "--value";
        argv[n++] = "-";
    }
    if (config) {
        argv[n++] = "--config";
        argv[n++] = config;
    }
    execv(self, (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* Exit status of the run, -1 when it was ended. */
static int run_probe(const cu_run *r, const order *o)
{
    int status = 0;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(r, o, parent);
    for (unsigned i = 0; pid > 0 && i < 10 * RUN_MAX_S && !ended; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        usleep(100000);
    }
    if (pid > 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
    }
    return -1;
}

/* --- what people ask for --- */

static bool tell_list(const char *run_dir)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    long status = 0;
    json_t *all = json_pack("{s:o}", "probes", probe_listing());
    char *text = json_dumps(all, JSON_COMPACT);
    bool ok = text && cu_admin_call(run_dir, "POST", "/api/v1/probe-list", cu_str(text), &status, &out, NULL) == CU_OK && status == 204;
    free(text);
    json_decref(all);
    return ok;
}

/* The value goes through a pipe, which holds it whole. */
static int pipe_of(const char *value)
{
    int fd[2];
    if (!value || pipe2(fd, O_CLOEXEC) != 0)
        return -1;
    bool ok = write(fd[1], value, strlen(value)) == (ssize_t)strlen(value);
    close(fd[1]);
    if (ok)
        return fd[0];
    close(fd[0]);
    return -1;
}

/* One run that waits; false: none does. */
static bool take_order(const cu_run *r, const char *run_dir, const char *state_dir, bool *listed)
{
    cu_buf out CU_CLEAN_BUF = CU_BUF(65536);
    long status = 0;
    if (cu_admin_call(run_dir, "POST", "/api/v1/probe-runs/next", CU_LIT("{}"), &status, &out, NULL) != CU_OK || status != 200) {
        *listed = *listed && status == 204; /* a daemon that began anew does not know them */
        return false;
    }
    json_t *asked = json_loadb((const char *)out.p, out.n, 0, NULL);
    const char *value = json_string_value(json_object_get(asked, "value"));
    order o = {.name = json_string_value(json_object_get(asked, "probe")), .request = json_string_value(json_object_get(asked, "id")), .value = pipe_of(value)};
    cu_wipe(out.p, out.n);
    if (o.name && o.request && (!value || o.value >= 0) && run_probe(r, &o) == -1)
        probe_restore_sweep(state_dir);
    if (o.value >= 0)
        close(o.value);
    json_decref(asked);
    return true;
}

/* Between two looks at what is due: what is asked for is begun within a second. */
static void wait_for_orders(const cu_run *r, const char *run_dir, const char *state_dir, bool *listed)
{
    for (unsigned s = 0; s < LOOK_S && !ended; s++, pause_s(1)) {
        *listed = *listed || tell_list(run_dir);
        while (!ended && take_order(r, run_dir, state_dir, listed))
            ;
    }
}

static void look(const cu_run *r, const cu_config *c, time_t *last)
{
    for (size_t i = 0; i < probe_cases_n && !ended; i++) {
        time_t now = time(NULL);
        if (last[i] <= now && now - last[i] < (time_t)probe_cases[i].every)
            continue;
        last[i] = now;
        int rc = run_probe(r, &(order){.name = probe_cases[i].name, .value = -1});
        if (rc == -1)
            probe_restore_sweep(c->state_dir);
        if (rc != CU_EXIT_FINE && !ended)
            cu_say(rc == CU_EXIT_FOUND ? CU_LOG_ERROR : CU_LOG_WARN, "probe %s: %s", probe_cases[i].name,
                   rc == CU_EXIT_FOUND ? "an attack got through; see custos probe list" : "it could not be run as a whole; there is no data");
    }
}

static int run(const cu_run *r)
{
    cu_arena a CU_CLEAN_ARENA = {0};
    cu_config c;
    char run_dir[4096];
    struct sigaction act = {.sa_handler = on_signal};
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        return cu_run_fail(r, CU_IO, "the program cannot find itself");
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    cu_say_init("custos prober", CU_LOG_INFO);
    int rc = cu_open_config(r, &a, &c, run_dir);
    time_t *last = calloc(probe_cases_n, sizeof *last);
    if (rc || !last) {
        free(last);
        return rc ? rc : CU_EXIT_FAILED;
    }
    bool listed = false;
    for (unsigned s = 0; s < c.probes.after && !ended; s += LOOK_S)
        wait_for_orders(r, run_dir, c.state_dir, &listed);
    json_t *runs = ended ? NULL : probe_last_runs(run_dir);
    for (size_t i = 0; i < probe_cases_n; i++)
        last[i] = time_of(json_string_value(json_object_get(json_object_get(runs, probe_cases[i].name), "at")));
    json_decref(runs);
    for (; !ended; wait_for_orders(r, run_dir, c.state_dir, &listed))
        look(r, &c, last);
    free(last);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_prober = {
    .name = "prober", .group = "internal", .operands = "", .run = run, .summary = "runs probes when they are due",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
