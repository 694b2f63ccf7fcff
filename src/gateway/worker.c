/* What is set up once: rules and memo in the master, spool, bundle and timers in each worker.
 * Directories are opened by the master: a worker under its own uid may not be able to reach them
 * by path. */
#include "gateway.h"
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define MEMO_BYTES ((size_t)32 << 20)
#define BEGUN_BYTES ((size_t)32 << 20) /* about 250 beginnings of conversations */
#define SESSION_BYTES ((size_t)32 << 20) /* about 2,000 sessions; pages that were never written cost nothing */
#define LEAK_BYTES ((size_t)32 << 20)
#define REFRESH_MS 200
#define ARENAS_READY 64u /* 1 MiB at most */
#define RULES "rules.image"
#define RULES_RETRY_NS (10ull * 1000000000)

gw_worker gw = {.spool_fd = -1, .run_fd = -1, .bodies_fd = -1};
static ngx_event_t timer;
static struct stat rules_seen;
static uint64_t rules_again_ns; /* after a failure: not before this */

static bool open_dir(ngx_cycle_t *cycle, const ngx_str_t *path, int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = open((const char *)path->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno, "custos: %V cannot be opened", path);
    return *fd >= 0;
}

/* For the life of the process. */
static ngx_int_t open_tools(ngx_cycle_t *cycle, const gw_main_conf *conf)
{
    static cu_arena forever;
    char path[4200];
    cu_fault f = {0};
    cu_arena_init(&forever, 4u << 20);
    snprintf(path, sizeof path, "%s/tools.yaml", (const char *)conf->catalog.data);
    if (cu_tools_load(path, &forever, &gw.tools, &f) == CU_OK)
        return NGX_OK;
    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "custos: %s", f.text);
    return NGX_ERROR;
}

bool gw_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_size == b->st_size;
}

/* Same rules, same digest: it keys the memo and stands in every record. */
static void take_rules(cu_engine *e)
{
    gw.engine = e;
    memcpy(gw.rules_digest, cu_engine_digest(e), sizeof gw.rules_digest);
}

/* The rules that the daemon put in force; without a daemon, the shipped ones. */
static ngx_int_t open_rules(ngx_cycle_t *cycle, const gw_main_conf *conf)
{
    cu_fault f = {0};
    cu_engine *e = NULL;
    bool own = fstatat(gw.run_fd, RULES, &rules_seen, 0) == 0;
    if ((own ? cu_engine_read_image(gw.run_fd, RULES, &e, &f) : cu_engine_open((const char *)conf->catalog.data, NULL, NULL, &e, &f)) != CU_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "custos: %s", f.text);
        return NGX_ERROR;
    }
    take_rules(e);
    return NGX_OK;
}

static void *share(size_t n, int more)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | more, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void gw_rules_refresh(void)
{
    struct stat st;
    cu_fault f = {0};
    cu_engine *e = NULL;
    cu_scratch *s = NULL;
    if (fstatat(gw.run_fd, RULES, &st, 0) != 0 || gw_same_file(&st, &rules_seen) || cu_mono_ns() < rules_again_ns || !gw_scan_rules_free())
        return;
    cu_err err = cu_engine_read_image(gw.run_fd, RULES, &e, &f);
    if (err == CU_OK)
        err = cu_scratch_new(e, &s);
    if (err == CU_OK)
        err = gw_scan_rules(e);
    if (err != CU_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "custos: new rules: %s; the ones before stay", f.code ? f.text : cu_err_text(err));
        cu_engine_free(e);
        rules_again_ns = cu_mono_ns() + RULES_RETRY_NS;
        return;
    }
    rules_seen = st;
    cu_scratch_free(gw.scratch);
    cu_engine_free(gw.engine);
    gw.scratch = s;
    take_rules(e);
}

/* Once: a reload keeps it. */
static ngx_int_t open_shared(void)
{
    if (!gw.memo) {
        void *p = share(MEMO_BYTES, MAP_POPULATE); /* every place of it is hit soon, and a fault costs more than a look */
        if (!p)
            return NGX_ERROR;
        gw.memo = cu_memo_init(p, MEMO_BYTES);
        p = share(BEGUN_BYTES, 0);
        if (!p)
            return NGX_ERROR;
        gw.beginnings = cu_begun_init(p, BEGUN_BYTES);
        p = share(SESSION_BYTES, 0);
        if (!p)
            return NGX_ERROR;
        gw.sessions = cu_sessions_init(p, SESSION_BYTES);
    }
    if (!gw.leaks) {
        void *p = share(LEAK_BYTES, 0);
        if (!p)
            return NGX_ERROR;
        gw.leaks = cu_leaks_init(p, LEAK_BYTES);
    }
    return gw_count_open(gw.run_fd) ? gw_shared_open(gw.run_fd) : NGX_ERROR;
}

ngx_int_t gw_init_module(ngx_cycle_t *cycle)
{
    gw_main_conf *conf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_custos_module);
    if (!conf || conf->catalog.len == 0)
        return NGX_OK;
    if (!open_dir(cycle, &conf->spool, &gw.spool_fd) || !open_dir(cycle, &conf->run, &gw.run_fd) || !open_dir(cycle, &conf->bodies, &gw.bodies_fd))
        return NGX_ERROR;
    if (!gw.engine && (open_rules(cycle, conf) != NGX_OK || open_tools(cycle, conf) != NGX_OK))
        return NGX_ERROR;
    if (!cu_unhex(gw.bundle_key, sizeof gw.bundle_key, cu_bytes_of(conf->bundle_key.data, conf->bundle_key.len))) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "custos: custos_bundle_key must be 64 hex digits");
        return NGX_ERROR;
    }
    if (gw_guard_open(cycle, conf) != NGX_OK || gw_injected_open(cycle, conf) != NGX_OK)
        return NGX_ERROR;
    if (gw_balance_open(conf, gw.run_fd) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno, "custos: the state of the upstreams cannot be kept in the run directory");
        return NGX_ERROR;
    }
    return open_shared();
}

static void tick(ngx_event_t *ev)
{
    gw_bundle_refresh();
    gw_running_review();
    gw_rules_refresh();
    gw_health_refresh(ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_http_custos_module));
    gw_count_tick();
    bool was = gw.no_space;
    gw.no_space = cu_spool_space(gw.spool_fd) != CU_OK;
    if (was != gw.no_space)
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, gw.no_space ? "custos: no space for evidence: requests are refused"
                                                                  : "custos: space for evidence is back");
    if (!ngx_exiting)
        ngx_add_timer(ev, REFRESH_MS);
}

ngx_int_t gw_init_process(ngx_cycle_t *cycle)
{
    static ngx_connection_t dummy;
    cu_fault f = {0};
    if (gw.spool_fd < 0 || (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE))
        return NGX_OK;
    if (cu_scratch_new(gw.engine, &gw.scratch) != CU_OK || cu_spool_open(gw.spool_fd, "gw", &gw.spool, &f) != CU_OK ||
        gw_guard_start() != CU_OK || gw_injected_start() != CU_OK || gw_commit_init(cycle) != NGX_OK || gw_scan_init(cycle) != NGX_OK || gw_judge_init(cycle) != NGX_OK || gw_capture_init(cycle) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "custos: the worker cannot start: %s", f.text);
        return NGX_ERROR;
    }
    gw_shared_worker();
    cu_arena_keep_ready(ARENAS_READY);
    /* Large bodies come and go: pages that are given back to the kernel have to be zeroed again. */
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_ARENA_MAX, 1); /* what the scanning thread allocates the event loop frees */
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no worker outlives its master */
    if (ngx_process == NGX_PROCESS_WORKER && getppid() != ngx_parent)
        return NGX_ERROR;
    dummy.fd = (ngx_socket_t)-1;
    timer.handler = tick;
    timer.data = &dummy;
    timer.log = cycle->log;
    timer.cancelable = 1;
    tick(&timer);
    return NGX_OK;
}

void gw_exit_process(ngx_cycle_t *cycle)
{
    if (gw.spool)
        gw_capture_close();
    gw_count_end();
    cu_spool_close(gw.spool);
    gw.spool = NULL;
    gw_guard_stop();
    gw_injected_stop();
    cu_scratch_free(gw.scratch);
}
