#include "probe_lab.h"
#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"

#define START_MS 30000u
#define STOP_MS 10000u

struct probe_lab {
    char dir[64], program[120], file[96], run_dir[4096], url[64];
    char credential[41];
    cu_arena arena;
    cu_config config;
    pid_t pid;
    upstreams *up;
    probe inside;
};

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd CU_CLEAN_FD = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && bind(fd, (void *)&at, sizeof at) == 0 && getsockname(fd, (void *)&at, &n) == 0 ? ntohs(at.sin_port) : 0;
}

static void put_vendor(cu_buf *b, const struct probe_lab *l, const char *name, upstream_kind kind, const char *assessment)
{
    bool tls = kind >= UPSTREAM_GOOD;
    cu_buf_fmt(b, "  %s:\n    api: anthropic\n    base_url: %s:%u\n%s", name, tls ? "https://localhost" : "http://127.0.0.1", upstreams_port(l->up, kind), assessment);
}

/* Vendors with terms, with a credential, and one whose first address does not answer. */
static void put_own_terms(cu_buf *b, const struct probe_lab *l)
{
    unsigned plain = upstreams_port(l->up, UPSTREAM_PLAIN), dead = free_port();
    cu_buf_fmt(b, "  terms:\n    api: openai\n    base_url: http://127.0.0.1:%u/v1\n    plan: team\n    plans: {team: {training: none, retention: none, mismatch: refuse}}\n"
                  "    assessment: {decision: approved, by: custos probe}\n", plain);
    cu_buf_fmt(b, "  strict:\n    api: anthropic\n    base_url: http://127.0.0.1:%u\n    assessment: {decision: approved, by: custos probe, soc2: none}\n", plain);
    cu_buf_fmt(b, "  keyed:\n    api: anthropic\n    base_url: http://127.0.0.1:%u\n    credential: file:%s/credential\n    assessment: {decision: approved, by: custos probe}\n",
               plain, l->dir);
    cu_buf_fmt(b, "  slow:\n    api: anthropic\n    base_url: http://127.0.0.1:%u\n    assessment: {decision: approved, by: custos probe}\n", upstreams_port(l->up, UPSTREAM_SLOW));
    cu_buf_fmt(b, "  two:\n    api: anthropic\n    base_url: http://127.0.0.1:%u\n    upstreams: [\"http://127.0.0.1:%u\"]\n    assessment: {decision: approved, by: custos probe}\n",
               dead, plain);
    cu_buf_fmt(b, "notify:\n  channels:\n    - {name: probe, role: security, kinds: [incidents, findings], webhook: \"http://127.0.0.1:%u/told\", secret: \"file:%s/hook\"}\n",
               upstreams_port(l->up, UPSTREAM_HOOK), l->dir);
}

/* Secrets that only this run knows: a provider's credential and that of a webhook. */
static bool write_secrets(struct probe_lab *l)
{
    char path[96], word[32];
    probe_word(l->credential, sizeof l->credential - 1);
    snprintf(path, sizeof path, "%s/credential", l->dir);
    bool ok = cu_file_replace(AT_FDCWD, path, cu_str(l->credential), 0600) == CU_OK;
    probe_word(word, 31);
    snprintf(path, sizeof path, "%s/hook", l->dir);
    return ok && cu_file_replace(AT_FDCWD, path, cu_str(word), 0600) == CU_OK;
}

/* What the running configuration says of vendors without an assessment holds here too. */
static bool write_config(struct probe_lab *l, const cu_config *c)
{
    static const char approved[] = "    assessment: {decision: approved, by: custos probe}\n";
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    uint16_t port = free_port();
    snprintf(l->url, sizeof l->url, "http://127.0.0.1:%u", port);
    cu_buf_fmt(&b, "state_dir: %s/state\nworkers: 1\nlisten:\n  - address: 127.0.0.1:%u\ntrusted_ca: %s/ca.pem\nallow_unassessed: %s\nprobes: {schedule: false}\n"
               "holders: {acknowledgement: refuse, training: suspend, grace_days: 1}\n"
               "capture: {tenants: {default: {keep: {internal: 1, confidential: 1}}}}\n",
               l->dir, port, l->dir, c->allow_unassessed ? "true" : "false");
    cu_buf_str(&b, "tenants:\n  - name: default\n  - {name: " PROBE_LAB_PURPOSES ", actions: {EMAIL_ADDRESS: allow, PHONE_NUMBER: {allow: custos probe}}}\n");
    cu_buf_str(&b, "repositories:\n  - {name: probe/vault, class: restricted}\n  - {name: probe/consent, class: confidential}\n  - name: probe/app\n    class: confidential\n    paths:\n"
                   "      - {path: vault/**, class: restricted}\nvendors:\n");
    put_vendor(&b, l, "approved", UPSTREAM_PLAIN, approved);
    put_vendor(&b, l, "refused", UPSTREAM_PLAIN, "    assessment: {decision: refused, by: custos probe}\n");
    put_vendor(&b, l, "unassessed", UPSTREAM_PLAIN, "");
    put_vendor(&b, l, "expired", UPSTREAM_PLAIN, "    assessment: {decision: approved, by: custos probe, until: 2020-01-01}\n");
    put_vendor(&b, l, "redirect", UPSTREAM_REDIRECT, approved);
    put_vendor(&b, l, "good-tls", UPSTREAM_GOOD, approved);
    put_vendor(&b, l, "old-tls", UPSTREAM_OLD_TLS, approved);
    put_vendor(&b, l, "self-signed", UPSTREAM_SELF_SIGNED, approved);
    put_vendor(&b, l, "wrong-name", UPSTREAM_WRONG_NAME, approved);
    put_vendor(&b, l, "expired-tls", UPSTREAM_EXPIRED, approved);
    put_own_terms(&b, l);
    snprintf(l->file, sizeof l->file, "%s/custos.yaml", l->dir);
    return port && b.err == CU_OK && cu_file_replace(AT_FDCWD, l->file, cu_buf_view(&b), 0644) == CU_OK;
}

static void become(const struct probe_lab *l, pid_t parent)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (null < 0 || getppid() != parent || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(1);
    execl(l->program, "custos", "serve", "--quiet", "--config", l->file, (char *)NULL);
    _exit(127);
}

static bool runs(const struct probe_lab *l)
{
    char path[4200];
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    snprintf(path, sizeof path, "%s/status.json", l->run_dir);
    return cu_file_read(AT_FDCWD, path, &b) == CU_OK && strstr(cu_buf_cstr(&b), "\"state\":\"running\",\"children\"");
}

static bool wait_running(const struct probe_lab *l)
{
    for (uint64_t began = cu_mono_ns(); (cu_mono_ns() - began) / 1000000 < START_MS; usleep(50000)) {
        if (runs(l))
            return true;
        if (waitpid(l->pid, NULL, WNOHANG) != 0)
            return false;
    }
    return false;
}

static bool begin(probe *p, struct probe_lab *l)
{
    cu_fault f = {0};
    pid_t parent = getpid();
    char ca[96];
    snprintf(l->dir, sizeof l->dir, "/tmp/custos-probe-XXXXXX");
    if (!mkdtemp(l->dir) || chmod(l->dir, 0755) != 0)
        return (probe_say(p, PROBE_FAILED, "no folder could be made in /tmp"), false);
    snprintf(ca, sizeof ca, "%s/ca.pem", l->dir);
    if (!(l->up = upstreams_start(ca)))
        return (probe_say(p, PROBE_FAILED, "servers on loopback could not be started"), false);
    if (p->foreign)
        return true;
    char program[96];
    snprintf(program, sizeof program, "%s/program", l->dir);
    if (!probe_install(program, l->program, sizeof l->program))
        return (probe_say(p, PROBE_FAILED, "the program could not be copied: %.60s", strerror(errno)), false);
    if (!write_secrets(l) || !write_config(l, p->config) || cu_config_load(l->file, false, &l->arena, &l->config, &f) != CU_OK ||
        cu_run_dir(&l->config, l->run_dir, sizeof l->run_dir) != CU_OK)
        return (probe_say(p, PROBE_FAILED, "the second Custos could not be configured: %.60s", f.text), false);
    l->pid = fork();
    if (l->pid == 0)
        become(l, parent);
    if (l->pid < 0 || !wait_running(l))
        return (probe_say(p, PROBE_FAILED, "the second Custos did not start"), false);
    l->inside = (probe){.config = &l->config, .run_dir = l->run_dir, .url = l->url};
    if (!probe_find_sink(&l->inside) || !probe_new_key(&l->inside, "probe-a", 3600, 0, l->inside.key_a, l->inside.id_a))
        return (probe_say(p, PROBE_FAILED, "the second Custos gave no key"), false);
    return true;
}

bool probe_lab_setup(probe *p)
{
    if (p->lab)
        return true;
    p->lab = calloc(1, sizeof *p->lab);
    if (!p->lab)
        return (probe_say(p, PROBE_FAILED, "no memory"), false);
    cu_arena_init(&p->lab->arena, (size_t)64 << 20);
    if (begin(p, p->lab))
        return true;
    char why[sizeof p->saw];
    snprintf(why, sizeof why, "%s", p->saw);
    probe_lab_end(p);
    snprintf(p->saw, sizeof p->saw, "%s", why);
    return false;
}

probe *probe_lab_inside(probe *p) { return p->foreign ? p : &p->lab->inside; }
upstreams *probe_lab_upstreams(probe *p) { return p->lab->up; }
const char *probe_lab_credential(const probe *p) { return p->lab->credential; }
const char *probe_lab_dir(const probe *p) { return p->lab->dir; }

pid_t probe_lab_pid(const probe *p, const char *name)
{
    char path[4200];
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    json_t *x;
    size_t i;
    pid_t pid = 0;
    snprintf(path, sizeof path, "%s/status.json", p->lab->run_dir);
    if (cu_file_read(AT_FDCWD, path, &b) != CU_OK)
        return 0;
    json_t *all = json_loadb((const char *)b.p, b.n, 0, NULL);
    json_array_foreach(json_object_get(all, "children"), i, x) {
        const char *its = json_string_value(json_object_get(x, "name"));
        if (its && strcmp(its, name) == 0)
            pid = (pid_t)json_integer_value(json_object_get(x, "pid"));
    }
    json_decref(all);
    return pid;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) { return remove(path) != 0 && errno != ENOENT; }

static void stop(pid_t pid)
{
    kill(pid, SIGTERM);
    for (uint64_t began = cu_mono_ns(); (cu_mono_ns() - began) / 1000000 < STOP_MS; usleep(20000))
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

void probe_lab_end(probe *p)
{
    struct probe_lab *l = p->lab;
    if (!l)
        return;
    if (l->pid > 0)
        stop(l->pid);
    upstreams_stop(l->up);
    json_decref(l->inside.seen);
    if (l->run_dir[0])
        nftw(l->run_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (strncmp(l->dir, "/tmp/custos-probe-", 18) == 0)
        nftw(l->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    cu_arena_free(&l->arena);
    cu_wipe(l, sizeof *l);
    free(l);
    p->lab = NULL;
}
