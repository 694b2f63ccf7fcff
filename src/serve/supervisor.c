/* Children in process groups of their own, restarted with back-off. PR_SET_PDEATHSIG and the
 * child-subreaper flag see to it that nothing outlives the supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "catalog/rules.h"
#include "layout.h"
#include "resolve.h"
#include "serve/nginx_conf.h"

#define STOP_MS 5000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
#define NAMES_MS 3000 /* nginx waits this long for the vendors' names to resolve */
#define GRACE_MS 10000 /* up this long: the next failure begins the back-off anew */

enum { SIGNER, DAEMON, SINK, NGINX, PROBER, CHILDREN };

typedef struct {
    const char *name;
    pid_t pid;
    unsigned restarts, backoff;
    uint64_t started, due; /* monotonic ns; due: when to start it again */
} child;

typedef struct {
    const cu_config *c;
    char run[PATH_MAX], self[PATH_MAX];
    child child[CHILDREN];
    int children;      /* without the prober when nothing is scheduled */
    int signals, lock;
    cu_names names;
    cu_vendor_addresses *in_conf; /* CU_VENDOR_UPSTREAMS per vendor: the addresses that nginx was started with */
    bool stopping;
    const char *state;
} supervisor;

/* --- status.json --- */

/* With no address for any of its upstreams a vendor cannot be used. */
static bool lost(const supervisor *s, size_t vendor, bool *refused)
{
    const cu_vendor_addresses *a = &s->in_conf[vendor * CU_VENDOR_UPSTREAMS];
    unsigned n = 0;
    *refused = false;
    for (size_t k = 0; k < s->c->vendors[vendor].upstreams_n; k++) {
        n += a[k].n;
        *refused |= a[k].refused;
    }
    return n == 0;
}

/* Names of those whose name does not resolve, or leads to forbidden addresses. */
static void put_lost(const supervisor *s, bool which, cu_buf *b)
{
    bool refused;
    for (size_t i = 0, n = 0; atomic_load(&s->names.looked) && i < s->c->vendors_n; i++)
        if (lost(s, i, &refused) && refused == which)
            cu_buf_fmt(b, "%s\"%s\"", n++ ? "," : "", s->c->vendors[i].name);
}

static void write_status(supervisor *s)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    char path[PATH_MAX + 32];
    cu_buf_fmt(&b, "{\"pid\":%d,\"state\":\"%s\",\"children\":[", getpid(), s->state);
    for (int i = 0; i < s->children; i++)
        cu_buf_fmt(&b, "%s{\"name\":\"%s\",\"state\":\"%s\",\"pid\":%d,\"restarts\":%u}", i ? "," : "", s->child[i].name,
                   s->child[i].pid ? "running" : "waiting", s->child[i].pid, s->child[i].restarts);
    cu_buf_str(&b, "],\"vendors_unresolved\":[");
    put_lost(s, false, &b);
    cu_buf_str(&b, "],\"vendors_private\":[");
    put_lost(s, true, &b);
    cu_buf_str(&b, "]}\n");
    snprintf(path, sizeof path, "%s/status.json", s->run);
    if (b.err || cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0644) != CU_OK)
        cu_say(CU_LOG_WARN, "status.json could not be written");
}

/* --- nginx.conf --- */

/* The sink says on which port it listens. */
static uint16_t sink_port(const supervisor *s)
{
    char path[PATH_MAX + 32];
    cu_buf b CU_CLEAN_BUF = CU_BUF(32);
    snprintf(path, sizeof path, "%s/sink.port", s->run);
    return cu_file_read(AT_FDCWD, path, &b) == CU_OK ? (uint16_t)atoi(cu_buf_cstr(&b)) : 0;
}

/* Made by the daemon before its first bundle. */
static cu_err bundle_key(const supervisor *s, cu_buf *out, cu_fault *f)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/keystore/bundle.pub", s->c->state_dir);
    cu_err e = cu_file_read(AT_FDCWD, path, out);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
}

static void warn_lost(const cu_config_vendor *v, const cu_vendor_addresses *a)
{
    for (size_t k = 0; k < v->upstreams_n; k++)
        if (a[k].refused)
            cu_say(CU_LOG_WARN, "vendor %s: the name %s leads to an address that is not public, which is not used; allow_private: true in its entry "
                   "allows it", v->name, v->upstreams[k].host);
        else if (a[k].n == 0)
            cu_say(CU_LOG_WARN, "vendor %s: the name %s does not resolve; %s until it does", v->name, v->upstreams[k].host,
                   v->upstreams_n > 1 ? "this upstream is not used" : "its requests are refused");
}

static cu_err write_conf(supervisor *s, cu_fault *f)
{
    cu_buf key CU_CLEAN_BUF = CU_BUF(256);
    CU_TRY(bundle_key(s, &key, f));
    for (size_t i = 0; i < s->c->vendors_n; i++) {
        cu_names_get(&s->names, i, &s->in_conf[i * CU_VENDOR_UPSTREAMS]);
        warn_lost(&s->c->vendors[i], &s->in_conf[i * CU_VENDOR_UPSTREAMS]);
    }
    char path[PATH_MAX + 32], spool[PATH_MAX + 32], bodies[PATH_MAX + 32], web[PATH_MAX + 32], module[PATH_MAX];
    cu_buf b CU_CLEAN_BUF = CU_BUF(4u << 20);
    snprintf(spool, sizeof spool, "%s/spool", s->c->state_dir);
    snprintf(bodies, sizeof bodies, "%s/bodies", s->c->state_dir);
    snprintf(web, sizeof web, "%s/web", s->run);
    const cu_nginx_with with = {.config = s->c, .run_dir = s->run, .spool_dir = spool, .bodies_dir = bodies, .catalog_dir = cu_catalog_dir(), .injected_image = cu_injected_image_path(),
                                .web_dir = web, .module_path = module, .bundle_key = cu_buf_cstr(&key), .sink_port = sink_port(s),
                                .root = getuid() == 0, .addresses = s->in_conf};
    if (!cu_program_module(module, sizeof module))
        return cu_fail(f, CU_NOT_FOUND, "the nginx module is not beside the program; build it with make");
    CU_TRY(cu_nginx_conf(&with, &b, f));
    snprintf(path, sizeof path, "%s/nginx.conf", s->run);
    cu_err e = cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0644);
    return e == CU_OK ? CU_OK : cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
}

/* --- children --- */

static void exec_child(const supervisor *s, int which, pid_t parent)
{
    sigset_t none;
    char conf[PATH_MAX + 32];
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    const char *config = s->c->file ? s->c->file : "";
    if (which == NGINX) {
        snprintf(conf, sizeof conf, "%s/nginx.conf", s->run);
        execlp("nginx", "nginx", "-p", s->run, "-e", "stderr", "-c", conf, (char *)NULL);
        execl("/usr/sbin/nginx", "nginx", "-p", s->run, "-e", "stderr", "-c", conf, (char *)NULL);
    } else if (config[0]) {
        execl(s->self, "custos", s->child[which].name, "--config", config, (char *)NULL);
    } else {
        execl(s->self, "custos", s->child[which].name, (char *)NULL);
    }
    fprintf(stderr, "custos: %s cannot be started: %s\n", s->child[which].name, strerror(errno));
    _exit(127);
}

static void start(supervisor *s, int which)
{
    child *k = &s->child[which];
    cu_fault f = {0};
    pid_t parent = getpid();
    k->due = 0;
    k->started = cu_mono_ns();
    if (which == NGINX && write_conf(s, &f) != CU_OK) {
        cu_say(CU_LOG_ERROR, "%s", f.text);
        k->due = k->started + (uint64_t)BACKOFF_MAX_MS * 1000000;
        return;
    }
    pid_t pid = fork();
    if (pid == 0)
        exec_child(s, which, parent);
    k->pid = pid > 0 ? pid : 0;
    if (pid < 0)
        k->due = k->started + (uint64_t)BACKOFF_MAX_MS * 1000000;
}

static void schedule(supervisor *s, child *k, int status)
{
    uint64_t now = cu_mono_ns();
    if (now - k->started > (uint64_t)GRACE_MS * 1000000)
        k->backoff = 0;
    k->backoff = k->backoff ? k->backoff * 2 : BACKOFF_MIN_MS;
    if (k->backoff > BACKOFF_MAX_MS)
        k->backoff = BACKOFF_MAX_MS;
    k->due = now + (uint64_t)k->backoff * 1000000;
    k->restarts++;
    if (!s->stopping)
        cu_say(CU_LOG_WARN, "%s ended (%s %d); starting it again in %u ms", k->name, WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), k->backoff);
}

/* nginx's workers survive their master: the whole group goes. */
static void reap(supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < s->children; i++)
            if (s->child[i].pid == pid) {
                kill(-pid, SIGKILL);
                s->child[i].pid = 0;
                schedule(s, &s->child[i], status);
                write_status(s);
            }
}

static void start_due(supervisor *s)
{
    uint64_t now = cu_mono_ns();
    for (int i = 0; i < s->children && !s->stopping; i++)
        if (!s->child[i].pid && s->child[i].due && s->child[i].due <= now) {
            start(s, i);
            write_status(s);
        }
}

static bool any_left(const supervisor *s)
{
    for (int i = 0; i < s->children; i++)
        if (s->child[i].pid)
            return true;
    return false;
}

/* nginx first, so that what it recorded is still sequenced; then the rest; then by force. */
static void stop_all(supervisor *s)
{
    uint64_t began = cu_mono_ns();
    bool rest = false;
    s->stopping = true;
    s->state = "stopping";
    write_status(s);
    for (int i = NGINX; i < s->children; i++)
        if (s->child[i].pid)
            kill(s->child[i].pid, SIGTERM);
    while (any_left(s)) {
        uint64_t ms = (cu_mono_ns() - began) / 1000000;
        if (!rest && (!s->child[NGINX].pid || ms > 2000)) {
            rest = true;
            for (int i = 0; i < NGINX; i++)
                if (s->child[i].pid)
                    kill(s->child[i].pid, SIGTERM);
        }
        for (int i = 0; ms > STOP_MS && i < s->children; i++)
            if (s->child[i].pid)
                kill(-s->child[i].pid, SIGKILL);
        usleep(10000);
        reap(s);
    }
}

/* --- readiness --- */

/* A worker says hello; with TLS, or when only asked whether the port is taken, a connection is enough. */
static bool says_hello(int fd, const cu_config_listen *l)
{
    static const char ask[] = "GET /api/hello HTTP/1.0\r\n\r\n";
    struct timeval wait = {2, 0};
    char got[16] = "";
    if (l->tls_cert)
        return true;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    return write(fd, ask, sizeof ask - 1) == (ssize_t)sizeof ask - 1 && read(fd, got, 12) == 12 && memcmp(got + 9, "200", 3) == 0;
}

static bool answers(const cu_config_listen *l, bool hello)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *a = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", l->port);
    const char *host = strcmp(l->host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(l->host, "::") == 0 ? "::1" : l->host;
    if (getaddrinfo(host, port, &hints, &a) != 0)
        return false;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0 && (!hello || says_hello(fd, l));
    if (fd >= 0)
        close(fd);
    freeaddrinfo(a);
    return ok;
}

static bool exists(const supervisor *s, const char *name)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", s->run, name);
    return access(path, F_OK) == 0;
}

static bool ready(const supervisor *s)
{
    return exists(s, "bundle") && exists(s, "admin.sock") && exists(s, "api.sock") && answers(&s->c->listen[0], true);
}

/* --- start --- */

static cu_err take_lock(supervisor *s, cu_fault *f)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/lock", s->c->state_dir);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        return cu_fail(f, CU_STATE, "another custos serve is running with the state directory %.200s", s->c->state_dir);
    return CU_OK;
}

/* A taken port is the most frequent mistake: said before anything is started. */
static cu_err check_ports(const supervisor *s, cu_fault *f)
{
    for (size_t i = 0; i < s->c->listen_n; i++)
        if (answers(&s->c->listen[i], false))
            return cu_fail(f, CU_STATE, "%s is in use by another program; stop it, or choose another listen address",
                           s->c->listen[i].text);
    return CU_OK;
}

static void forget_old_run(const supervisor *s)
{
    static const char *const names[] = {"bundle", "admin.sock", "api.sock", "sink.port", "status.json", "rules.image", "upstreams"};
    char path[PATH_MAX + 32];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", s->run, names[i]);
        unlink(path);
    }
}

static cu_err open_signals(supervisor *s, cu_fault *f)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals < 0 ? cu_fail(f, cu_errno_err(errno), "signalfd: %s", strerror(errno)) : CU_OK;
}

/* True when it is time to stop. */
static bool wait_signals(supervisor *s, int ms)
{
    struct pollfd p = {s->signals, POLLIN, 0};
    struct signalfd_siginfo si;
    bool stop = false;
    poll(&p, 1, ms);
    while (read(s->signals, &si, sizeof si) == (ssize_t)sizeof si)
        stop |= si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT || si.ssi_signo == SIGHUP;
    reap(s);
    return stop;
}

/* Whether nginx needs new addresses: a name has come back, leads to forbidden ones only, or to none of
 * those in use. A resolver that does not answer changes nothing, and neither does one that turns the
 * order or names a few others: a reload is for what matters. */
static bool moved(const cu_vendor_addresses *used, const cu_vendor_addresses *now)
{
    if (now->n == 0)
        return now->refused && (used->n > 0 || !used->refused);
    for (unsigned i = 0; i < used->n; i++)
        for (unsigned j = 0; j < now->n; j++)
            if (strcmp(used->text[i], now->text[j]) == 0)
                return false;
    return true;
}

/* By a reload, which loses no request. */
static void reload_names(supervisor *s)
{
    cu_fault f = {0};
    bool news = false;
    for (size_t i = 0; i < s->c->vendors_n; i++) {
        cu_vendor_addresses now[CU_VENDOR_UPSTREAMS];
        cu_names_get(&s->names, i, now);
        for (size_t k = 0; k < s->c->vendors[i].upstreams_n; k++)
            news |= moved(&s->in_conf[i * CU_VENDOR_UPSTREAMS + k], &now[k]);
    }
    if (!news || !s->child[NGINX].pid)
        return;
    if (write_conf(s, &f) != CU_OK) {
        cu_say(CU_LOG_ERROR, "%s", f.text);
        return;
    }
    kill(s->child[NGINX].pid, SIGHUP);
    write_status(s);
}

static void run(supervisor *s, void (*on_ready)(const cu_config *c, const char *run_dir))
{
    bool told = false;
    uint64_t began = cu_mono_ns();
    start(s, SIGNER);
    start(s, SINK);
    start(s, DAEMON);
    write_status(s);
    for (;;) {
        if (wait_signals(s, told ? 250 : 20))
            break;
        /* nginx needs the sink's port for its configuration */
        if (!s->child[NGINX].pid && !s->child[NGINX].due && exists(s, "sink.port") && exists(s, "bundle") &&
            (atomic_load(&s->names.looked) || cu_mono_ns() - began > NAMES_MS * 1000000ull)) {
            start(s, NGINX);
            write_status(s);
        }
        start_due(s);
        reload_names(s);
        if (!told && s->child[NGINX].pid && ready(s)) {
            told = true;
            if (s->children > PROBER)
                start(s, PROBER);
            s->state = "running";
            write_status(s);
            if (on_ready)
                on_ready(s->c, s->run);
        }
    }
    stop_all(s);
}

cu_err cu_serve(const cu_config *c, void (*on_ready)(const cu_config *c, const char *run_dir), cu_fault *f)
{
    supervisor s = {.c = c, .lock = -1, .signals = -1, .state = "starting",
                    .child = {{.name = "signer"}, {.name = "daemon"}, {.name = "sink"}, {.name = "nginx"}, {.name = "prober"}}, .children = c->probes.schedule ? CHILDREN : PROBER};
    ssize_t n = readlink("/proc/self/exe", s.self, sizeof s.self - 1);
    if (n <= 0)
        return cu_fail(f, CU_IO, "the program cannot find itself");
    CU_TRY(cu_run_dir(c, s.run, sizeof s.run));
    CU_TRY(cu_mkdirs(c->state_dir, 0755));
    CU_TRY(take_lock(&s, f));
    CU_TRY(check_ports(&s, f));
    CU_TRY(layout_prepare(c, s.run, f));
    forget_old_run(&s);
    char web[PATH_MAX];
    if (cu_program_web(web, sizeof web))
        CU_TRY(layout_copy_web(web, s.run, f));
    CU_TRY(open_signals(&s, f));
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* a core would hold what is nowhere else in clear */
    cu_say_init("custos", CU_LOG_INFO);
    s.in_conf = calloc((c->vendors_n + 1) * CU_VENDOR_UPSTREAMS, sizeof *s.in_conf);
    CU_TRY(s.in_conf ? cu_names_start(&s.names, c, f) : CU_NOMEM);
    run(&s, on_ready);
    forget_old_run(&s);
    cu_names_stop(&s.names);
    free(s.in_conf);
    cu_close_fd(&s.signals);
    cu_close_fd(&s.lock);
    return CU_OK;
}
