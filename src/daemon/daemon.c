#include "daemon/daemon.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/resource.h>
#include <unistd.h>
#include "accounts.h"
#include "base/file.h"
#include "base/log.h"
#include "catalog/overlay.h"
#include "capture.h"
#include "drift.h"
#include "health.h"
#include "inspect/code.h"
#include "master.h"
#include "metrics.h"
#include "policy_facts.h"
#include "report_desk.h"
#include "notify.h"
#include "watch.h"
#include "trace.h"

#define SEQUENCER_NICE 10 /* what it seals is durable already: while it catches up, gateways on the same cores go first */
#define ROUND_MS 200 /* also after one that took something: most of what a small round costs is its files */
#define RETRY_MS 1000
#define PREPARE_MS 500u
#define TRIM_MS 60000u

static cu_err open_dir(const char *base, const char *name, int *fd, cu_fault *f)
{
    char path[4300];
    snprintf(path, sizeof path, "%s/%s", base, name);
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd >= 0 ? CU_OK : cu_fail(f, cu_errno_err(errno), "%.200s: %s", path, strerror(errno));
}

static int connect_signer(const app *a)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval wait = {5, 0};
    int n = snprintf(at.sun_path, sizeof at.sun_path, "%.90s/signer/sock", a->run_dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (n <= 0 || fd < 0 || connect(fd, (void *)&at, sizeof at) != 0) {
        cu_close_fd(&fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return fd;
}

/* Where the logs of this installation come from; made once, and kept. */
static cu_err load_origin(app *a, cu_fault *f)
{
    char path[4300];
    uint8_t r[8];
    cu_buf b CU_CLEAN_BUF = CU_BUF(64);
    snprintf(path, sizeof path, "%s/origin", a->config->state_dir);
    cu_err e = cu_file_read(AT_FDCWD, path, &b);
    if (e == CU_NOT_FOUND) {
        char hex[17];
        cu_random(r, sizeof r);
        cu_hex(hex, r, sizeof r);
        cu_buf_fmt(&b, "custos.local/%s", hex);
        e = cu_file_replace(AT_FDCWD, path, cu_buf_view(&b), 0644);
    }
    if (e != CU_OK)
        return cu_fail(f, e, "%.200s: %s", path, cu_err_text(e));
    snprintf(a->origin, sizeof a->origin, "%s", cu_buf_cstr(&b));
    return CU_OK;
}

/* As root the daemon keeps its uid, for its files, and gives up what else root may do: the signer's
 * folder is closed to it. The spool it shares with the workers through their group. */
static cu_err drop_capabilities(cu_fault *f)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    struct passwd *www = getuid() == 0 ? getpwnam("www-data") : NULL;
    if (getuid() != 0)
        return CU_OK;
    if (!www || setgroups(1, &www->pw_gid) != 0)
        return cu_fail(f, CU_DENIED, "the daemon could not join the group of www-data");
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return cu_fail(f, CU_DENIED, "the daemon could not give up its capabilities: %s", strerror(errno));
    return CU_OK;
}

static void set_trouble(app *a, const char *text)
{
    pthread_mutex_lock(&a->lock);
    if (strcmp(a->trouble, text) != 0) {
        snprintf(a->trouble, sizeof a->trouble, "%s", text);
        if (text[0])
            cu_say(CU_LOG_ERROR, "%s", text);
        else
            cu_say(CU_LOG_INFO, "sequencing goes on");
    }
    pthread_mutex_unlock(&a->lock);
}

static cu_err judge(void *arg, const cu_leaf *l, cu_fault *f)
{
    cu_err e = cu_events_check(((app *)arg)->events, l->type, l->tenant, l->body, f);
    if (e != CU_OK)
        cu_say(CU_LOG_WARN, "a sealed entry does not fit: %.*s: %s", l->type.n < 64 ? (int)l->type.n : 64, (const char *)l->type.p, f->text);
    return e;
}

static bool step_of(void *arg, cu_bytes type, cu_bytes *reg, cu_bytes *state)
{
    return cu_events_step(((app *)arg)->events, type, reg, state);
}

static void take_numbers(app *a, const cu_leaf *l)
{
    metrics_take(a->metrics, l);
    traces_take(a->traces, l);
}

static cu_err project(void *arg, cu_bytes log, uint64_t index, cu_bytes leaf)
{
    app *a = arg;
    cu_leaf l;
    CU_TRY(cu_leaf_parse(leaf, &l));
    if (!cu_bundle_is_probe(l.tenant))
        take_numbers(a, &l);
    CU_TRY(states_take(a, log, index, &l));
    CU_TRY(questions_take(a, log, index, &l));
    accounts_take(a, &l);
    return cu_store_take_leaf(a->store, log, index, &l);
}

static void begin_publishing(void *arg)
{
    ((app *)arg)->publishing = true;
}

static uint64_t delivered(void *arg, cu_bytes log)
{
    return cu_store_delivered(((app *)arg)->store, log);
}

static void pause_ms(const app *a, unsigned ms)
{
    for (unsigned t = 0; t < ms && !*a->stop; t += ms < 20 ? ms : 20)
        usleep(ms < 20 ? ms * 1000 : 20000);
}

static cu_err one_round(app *a, cu_sequencer *s, uint64_t *took, cu_fault *f)
{
    const uint64_t written = a->written;
    CU_TRY(cu_store_begin(a->store));
    cu_err e = cu_sequencer_round(s, took, f);
    cu_err end = cu_store_end(a->store);
    a->behind = e != CU_OK || end != CU_OK || cu_sequencer_behind(s);
    if (!a->behind)
        a->taken = written;
    a->publishing = false;
    log_key_tell(a);
    if (e == CU_OK && end == CU_OK && cu_store_repaired(a->store)) {
        pthread_mutex_lock(&a->lock);
        end = publish_bundle(a, f);
        pthread_mutex_unlock(&a->lock);
    }
    return e == CU_OK ? end : e;
}

/* Rounds until something fails; then the caller opens everything anew. */
static cu_err sequence(app *a, int signer, cu_fault *f)
{
    char spool[4300];
    cu_sequencer *s;
    uint64_t took;
    snprintf(spool, sizeof spool, "%s/spool", a->config->state_dir);
    const cu_sequencer_with with = {.spool_dir = spool, .log_dir = a->config->log_dir, .origin_base = a->origin, .signer_fd = signer,
                                    .on_recalled = log_key_recalled, .on_publish = begin_publishing, .on_entry = project, .delivered = delivered, .arg = a};
    CU_TRY(attest_show_signer(a, signer, f));
    CU_TRY(cu_sequencer_open(&with, &s, f));
    cu_err e = CU_OK;
    bool last = false;
    while (e == CU_OK && !last) {
        a->awaited = false;
        last = *a->stop; /* one more round after the stop: what was written before it is sealed */
        log_key_serve(a, signer);
        e = attest_show_signer(a, signer, f);
        uint64_t began = cu_now_ns();
        if (e == CU_OK)
            e = one_round(a, s, &took, f);
        if (e == CU_OK) {
            a->sealed_ns = cu_now_ns();
            if (!cu_sequencer_behind(s))
                a->caught_up = true;
            if (took == 0)
                a->drained_ns = began;
            set_trouble(a, "");
        }
        for (unsigned ms = 0; e == CU_OK && !cu_sequencer_behind(s) && !last && ms < ROUND_MS && !a->awaited; ms += 5)
            pause_ms(a, 5);
    }
    cu_sequencer_close(s);
    return e;
}

static void *sequencer_thread(void *arg)
{
    app *a = arg;
    bool ended = false;
    (void)!setpriority(PRIO_PROCESS, (id_t)gettid(), SEQUENCER_NICE); /* of this thread alone */
    attest_wait(a);
    while (!ended) {
        cu_fault f = {0};
        int signer CU_CLEAN_FD = connect_signer(a);
        cu_err e = signer >= 0 ? sequence(a, signer, &f) : cu_fail(&f, CU_IO, "the signer does not answer");
        ended = *a->stop;
        a->publishing = false;
        if (e != CU_OK) {
            a->behind = true;
            char text[320];
            snprintf(text, sizeof text, "%s%.280s", e == CU_CORRUPT ? "sequencing halted, a person must look: " : "", f.text);
            set_trouble(a, text);
            pause_ms(a, e == CU_CORRUPT ? 5 * RETRY_MS : RETRY_MS);
        }
    }
    return NULL;
}

/* Keeps zeroed segments ahead of the writers, and memory small. */
static void *prepare_thread(void *arg)
{
    app *a = arg;
    for (unsigned turns = 1; !*a->stop; turns++) {
        unsigned ready;
        cu_fault f = {0};
        (void)!cu_spool_prepare(a->spool_fd, &ready, &f);
        a->ready_segments = ready;
        pause_ms(a, PREPARE_MS);
        if (turns % (TRIM_MS / PREPARE_MS) == 0)
            malloc_trim(0); /* what is free between what is in use goes back as well */
    }
    return NULL;
}

static cu_err load_catalogue(app *a, cu_fault *f)
{
    const char *catalog = cu_catalog_dir();
    if (!catalog)
        return cu_fail(f, CU_NOT_FOUND, "the catalogue is not beside the program; set CUSTOS_CATALOG");
    cu_arena_init(&a->arena, 256u << 20);
    CU_TRY(cu_overlay_use(catalog, a->config->catalog, f));
    CU_TRY(cu_events_load(catalog, &a->arena, &a->events, f));
    CU_TRY(rules_open(a, f));
    CU_TRY(cu_control_listings_load(catalog, &a->arena, &a->listings, f));
    CU_TRY(cu_catalogue_load(catalog, a->events, &a->arena, &a->catalogue, f));
    CU_TRY(cu_vendor_form_load(catalog, a->events, a->catalogue, &a->arena, &a->vendor_form, f));
    CU_TRY(cu_runbooks_load(catalog, a->events, &a->arena, &a->runbooks, f));
    CU_TRY(cu_timeline_load(catalog, a->events, a->catalogue, &a->arena, &a->timeline, f));
    CU_TRY(cu_policies_load(catalog, a->events, a->catalogue, policy_fact_known, &a->arena, &a->policies, f));
    CU_TRY(cu_reports_load(catalog, a->events, a->catalogue, report_fact_known, &a->arena, &a->reports, f));
    CU_TRY(cu_checklist_load(catalog, a->catalogue, &a->arena, &a->checklist, f));
    return questions_open(a, catalog, f);
}

static cu_err open_all(app *a, cu_fault *f)
{
    char path[4300];
    CU_TRY(cu_run_dir(a->config, a->run_dir, sizeof a->run_dir));
    a->metrics = metrics_new();
    if (!a->metrics)
        return CU_NOMEM;
    CU_TRY(open_dir(a->config->state_dir, "spool", &a->spool_fd, f));
    CU_TRY(open_dir(a->config->state_dir, "keystore", &a->keystore_fd, f));
    CU_TRY(master_key_load(a->keystore_fd, a->config->master_key, a->master, f));
    CU_TRY(load_origin(a, f));
    CU_TRY(load_catalogue(a, f));
    snprintf(path, sizeof path, "%s/store.db", a->config->state_dir);
    CU_TRY(cu_store_open(path, &a->store, f));
    cu_store_judge(a->store, &(cu_store_rules){judge, step_of, a});
    CU_TRY(accounts_open(a, f));
    CU_TRY(sessions_open(a));
    CU_TRY(states_open(a, f));
    CU_TRY(questions_fill(a, f));
    snprintf(path, sizeof path, "%s/vault.db", a->config->state_dir);
    mode_t was = umask(0077);
    cu_err e = cu_vault_open(path, &a->vault, f);
    umask(was);
    CU_TRY(e);
    CU_TRY(capture_open(a, f));
    return cu_spool_open(a->spool_fd, "daemon", &a->spool, f);
}

static cu_err begin(app *a, cu_fault *f)
{
    cu_buf body CU_CLEAN_BUF = CU_BUF(256);
    cu_buf_fmt(&body, "{\"version\":\"%s\"}", CUSTOS_VERSION);
    cu_err e = record(a, "daemon.started", CU_TENANT_ORG, "daemon", &body);
    if (e != CU_OK)
        return cu_fail(f, e, "the start could not be recorded: %s", cu_err_text(e));
    CU_TRY(backup_restored(a, f));
    CU_TRY(rules_publish(a, f));
    CU_TRY(publish_assessments(a, f));
    CU_TRY(publish_purposes(a, f));
    CU_TRY(drift_begin(a, f));
    CU_TRY(guard_prepare(a, f));
    return publish_bundle(a, f);
}

/* nginx's workers speak to the API as www-data. */
static cu_err start_apis(app *a, api **inner, api **outer, cu_fault *f)
{
    char path[4300];
    struct passwd *www = getuid() == 0 ? getpwnam("www-data") : NULL;
    CU_TRY(api_start(a, "admin.sock", 0600, true, inner, f));
    CU_TRY(api_start(a, "api.sock", 0660, false, outer, f));
    snprintf(path, sizeof path, "%s/api.sock", a->run_dir);
    if (www && chown(path, 0, www->pw_gid) != 0)
        return cu_fail(f, cu_errno_err(errno), "api.sock: %s", strerror(errno));
    return CU_OK;
}

static void close_all(app *a)
{
    cu_spool_close(a->spool);
    states_close(a);
    questions_close(a);
    accounts_close(a);
    sessions_close(a);
    cu_store_close(a->store);
    cu_vault_close(a->vault);
    capture_close(a);
    cu_wipe(a->master, sizeof a->master);
    rules_release(a, a->rules);
    cu_code_close(a->code);
    cu_arena_free(&a->arena);
    metrics_free(a->metrics);
    cu_buf_free(&a->recalled);
    cu_close_fd(&a->spool_fd);
    cu_close_fd(&a->keystore_fd);
}

/* A list, a report or a set of rules takes megabytes for a moment, in whichever thread it is made: glibc would keep
 * them for each of sixteen threads, and what is large in pieces that nothing else fits in. */
static void give_memory_back(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 << 10); /* fixed: else it grows with what was freed */
}

cu_err cu_daemon_run(const cu_config *c, volatile int *stop, cu_fault *f)
{
    app *a = calloc(1, sizeof *a);
    pthread_t sequencer, prepare, watch, notify, packing;
    api *inner = NULL, *outer = NULL;
    health *checks = NULL;
    traces *spans = NULL;
    if (!a)
        return CU_NOMEM;
    a->config = c;
    a->stop = stop;
    a->spool_fd = a->keystore_fd = a->bodies_fd = -1;
    a->started_ns = cu_now_ns();
    a->recalled = CU_BUF(1u << 20);
    give_memory_back();
    curl_global_init(CURL_GLOBAL_DEFAULT); /* before any thread */
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->reloading, NULL);
    pthread_mutex_init(&a->desk_lock, NULL);
    pthread_mutex_init(&a->code_lock, NULL);
    cu_err e = open_all(a, f);
    if (e == CU_OK)
        e = begin(a, f);
    if (e == CU_OK)
        e = drop_capabilities(f); /* before any thread is started: they belong to threads */
    if (e == CU_OK)
        e = attest_start(a, f);
    if (e == CU_OK)
        e = health_start(a, &checks, f);
    if (e == CU_OK)
        e = traces_start(a, &spans, f);
    if (e == CU_OK)
        e = start_apis(a, &inner, &outer, f);
    if (e == CU_OK && (pthread_create(&sequencer, NULL, sequencer_thread, a) != 0 || pthread_create(&prepare, NULL, prepare_thread, a) != 0 ||
                       pthread_create(&watch, NULL, watch_thread, a) != 0 || pthread_create(&notify, NULL, notify_thread, a) != 0 ||
                       pthread_create(&packing, NULL, pack_thread, a) != 0))
        e = cu_fail(f, CU_NOMEM, "a thread could not be started");
    if (e == CU_OK) {
        while (!*stop)
            usleep(50000);
        pthread_join(sequencer, NULL);
        pthread_join(prepare, NULL);
        pthread_join(watch, NULL);
        pthread_join(notify, NULL);
        pthread_join(packing, NULL);
    }
    api_stop(outer);
    api_stop(inner);
    *stop = 1;
    health_stop(checks);
    attest_stop(a);
    traces_stop(spans);
    close_all(a);
    free(a);
    return e;
}
