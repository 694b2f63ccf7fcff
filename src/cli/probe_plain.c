/* net-plain-listen-refused: nothing that goes over a network may go in the clear. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "probe.h"

#define REFUSE_MS 20000u

static void become(const char *file, pid_t parent)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (n <= 0 || null < 0 || getppid() != parent || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(127);
    self[n] = 0;
    execl(self, "custos", "serve", "--quiet", "--config", file, (char *)NULL);
    _exit(127);
}

/* Exit status of a start with this file; -1: it was still there after a while, and was ended. */
static int start(const char *file)
{
    int status = 0;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(file, parent);
    for (uint64_t began = cu_mono_ns(); pid > 0 && (cu_mono_ns() - began) / 1000000 < REFUSE_MS; usleep(20000))
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
    if (pid > 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
        return -1;
    }
    return 127;
}

static void remove_lab(const char *dir, const char *file)
{
    char state[128];
    snprintf(state, sizeof state, "%s/state", dir);
    unlink(file);
    rmdir(state);
    rmdir(dir);
}

/* Whether a configuration with this part can be loaded. */
static bool loads(const char *dir, const char *file, const char *part)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_config c;
    cu_fault f;
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_arena_init(&a, (size_t)64 << 20);
    cu_buf_fmt(&b, "state_dir: %s/state\nworkers: 1\nprobes: {schedule: false}\n%s", dir, part);
    return cu_file_replace(AT_FDCWD, file, cu_buf_view(&b), 0600) == CU_OK && cu_config_load(file, false, &a, &c, &f) == CU_OK;
}

/* A configuration that would send or take requests in the clear: the start must be refused. Without that part it is
 * a good one, so that nothing else is the reason. */
static probe_verdict refused_start(probe *p)
{
    char dir[] = "/tmp/custos-plain-XXXXXX", file[96];
    if (!mkdtemp(dir))
        return probe_say(p, PROBE_FAILED, "no folder could be made in /tmp");
    snprintf(file, sizeof file, "%s/custos.yaml", dir);
    bool good = loads(dir, file, ""), bad = good && loads(dir, file, p->with);
    int rc = !good ? 127 : bad ? 0 : start(file);
    remove_lab(dir, file);
    return rc == 127 ? probe_say(p, PROBE_FAILED, "the second Custos could not be tried")
           : rc > 0  ? probe_say(p, PROBE_HELD, "it does not start")
                     : probe_say(p, PROBE_BROKEN, "it starts");
}

/* Every address of this Custos that is not loopback, asked without TLS. With --gateway: that address, as others on
 * the network see it. */
static probe_verdict in_the_clear(probe *p)
{
    const char *kept = p->url;
    unsigned asked = 0, answered = 0;
    for (size_t i = 0; i < (p->foreign ? 1 : p->config->listen_n); i++) {
        const cu_config_listen *l = &p->config->listen[i];
        char url[300];
        probe_answer a;
        if (!p->foreign && l->loopback)
            continue;
        snprintf(url, sizeof url, strchr(l->host, ':') ? "http://[%.200s]:%u" : "http://%.200s:%u", l->host, (unsigned)l->port);
        p->url = p->foreign ? kept : url;
        asked++;
        bool ok = probe_ask(p, p->key_a, "in the clear", &a);
        answered += ok && a.status > 0 && a.status < 400;
        probe_answer_free(&a);
    }
    p->url = kept;
    return answered ? probe_say(p, PROBE_BROKEN, "%u of %u addresses answer without TLS", answered, asked)
           : asked  ? probe_say(p, PROBE_HELD, "none of %u addresses answers without TLS", asked)
                    : probe_say(p, PROBE_HELD, "this Custos is reached from this machine only");
}

const probe_attack probe_plain_attacks[] = {
    {"listen-everywhere", "a start that would listen on all addresses without TLS", refused_start, "listen:\n  - address: 0.0.0.0:1\n"},
    {"provider-in-clear", "a start that would send requests to a provider without TLS", refused_start,
     "vendors:\n  clear:\n    api: anthropic\n    base_url: http://192.0.2.1:80\n    assessment: {decision: approved, by: custos probe}\n"},
    {"asked-in-clear", "requests without TLS to every address that others can reach", in_the_clear, NULL},
};
const size_t probe_plain_n = sizeof probe_plain_attacks / sizeof *probe_plain_attacks;
