/* custos prober: runs each probe when it is due. A child of custos serve; every run is a process of its own. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
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

static void become(const cu_run *r, const char *name, pid_t parent)
{
    const char *config = cu_run_option(r, "config");
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || !freopen("/dev/null", "w", stdout))
        _exit(1);
    if (config)
        execl(self, "custos", "probe", name, "--scheduled", "--config", config, (char *)NULL);
    else
        execl(self, "custos", "probe", name, "--scheduled", (char *)NULL);
    _exit(127);
}

/* Exit status of the run, -1 when it was ended. */
static int run_probe(const cu_run *r, const char *name)
{
    int status = 0;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(r, name, parent);
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

static void look(const cu_run *r, const cu_config *c, time_t *last)
{
    for (size_t i = 0; i < probe_cases_n && !ended; i++) {
        time_t now = time(NULL);
        if (last[i] <= now && now - last[i] < (time_t)probe_cases[i].every)
            continue;
        last[i] = now;
        int rc = run_probe(r, probe_cases[i].name);
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
    pause_s(c.probes.after);
    json_t *runs = ended ? NULL : probe_last_runs(run_dir);
    for (size_t i = 0; i < probe_cases_n; i++)
        last[i] = time_of(json_string_value(json_object_get(json_object_get(runs, probe_cases[i].name), "at")));
    json_decref(runs);
    for (; !ended; pause_s(LOOK_S))
        look(r, &c, last);
    free(last);
    return CU_EXIT_FINE;
}

const cu_verb cu_verb_prober = {
    .name = "prober", .group = "internal", .operands = "", .run = run, .summary = "runs probes when they are due",
    .options = {{"config", "FILE", "configuration; ./custos.yaml or the defaults otherwise"}},
};
