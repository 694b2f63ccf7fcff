/* Rows 2, 4, 8, 9, 10 and 14. */
#include "rows.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/signer.h"
#include "segment.h"

__attribute__((format(printf, 1, 2))) static bool run(const char *fmt, ...)
{
    char line[1200];
    va_list v;
    va_start(v, fmt);
    vsnprintf(line, sizeof line, fmt, v);
    va_end(v);
    return system(line) == 0;
}

/* --- 4: no space --- */

static void fill(const char *root, size_t leave)
{
    static const uint8_t block[4096];
    char path[240];
    snprintf(path, sizeof path, "%s/filler", root);
    int fd CU_CLEAN_FD = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    off_t n = 0;
    CU_ASSERT(fd >= 0);
    for (ssize_t k; (k = write(fd, block, sizeof block)) > 0;)
        n += k;
    CU_ASSERT(ftruncate(fd, n > (off_t)leave ? n - (off_t)leave : 0) == 0);
}

void row_space(row *r, const how_much *h)
{
    world w;
    char why[WHY_MAX], filler[260];
    uint32_t steps = 0;
    world_at(&w, "space");
    true_space = true;
    for (uint32_t seed = 1; seed <= (h->whole ? 6 : 1); seed++)
        for (size_t leave = 0; leave < (7u << 20); leave += leave < 40 * 4096 ? 4096 : (h->whole ? 48 : 512) * 4096, steps++) {
            CU_ASSERT(mkdir(w.root, 0755) == 0);
            if (mount("tmpfs", w.root, "tmpfs", 0, "size=20m") != 0) {
                rmdir(w.root);
                r->not_run = "no right to mount a small file system";
                true_space = false;
                return;
            }
            CU_ASSERT(mkdir(w.spool, 0755) == 0 && mkdir(w.log, 0755) == 0 && mkdir(w.state, 0700) == 0);
            snprintf(filler, sizeof filler, "%s/filler", w.root);
            inject_clear();
            CU_ASSERT(workload_child(&w, seed) == 0); /* a log that is there before the disk is full */
            fill(w.root, leave);
            uint32_t before = inject->kernel_errors;
            CU_ASSERT(workload_child(&w, seed + 1) == 0);
            r->injected += inject->kernel_errors - before;
            if (leave == 0 && inject->kernel_errors == before)
                row_wrong(r, "seed %u: the disk was full and no call said so", seed);
            CU_ASSERT(unlink(filler) == 0);
            if (inject->alarms)
                row_wrong(r, "seed %u, %zu bytes left: a false alarm: %s", seed, leave, inject->alarm);
            else if (!world_check(&w, UINT32_MAX, why))
                row_wrong(r, "seed %u, %zu bytes left: %s", seed, leave, why);
            CU_ASSERT(umount(w.root) == 0 && rmdir(w.root) == 0);
        }
    true_space = false;
}

/* --- 2: a disk that lies after fsync failed --- */

static void sync_once(row *r, const world *w, const char *small, size_t leave, uint32_t seed)
{
    char why[WHY_MAX], image[260], loop[64] = "";
    snprintf(image, sizeof image, "%s/image", small);
    CU_ASSERT(mkdir(small, 0755) == 0 && mkdir(w->root, 0755) == 0);
    bool up = mount("tmpfs", small, "tmpfs", 0, "size=40m") == 0 && run("truncate -s 256M '%s' && mkfs.ext4 -q -F -E lazy_itable_init=1 -J size=4 '%s'", image, image);
    FILE *p = up ? popen("losetup -f", "r") : NULL;
    up = p && fgets(loop, sizeof loop, p);
    if (p)
        pclose(p);
    loop[strcspn(loop, "\n")] = 0;
    up = up && run("losetup '%s' '%s'", loop, image);
    if (!up || mount(loop, w->root, "ext4", 0, "errors=continue") != 0) {
        r->not_run = "needs root, loop devices and mkfs.ext4";
    } else {
        CU_ASSERT(mkdir(w->spool, 0755) == 0 && mkdir(w->log, 0755) == 0 && mkdir(w->state, 0700) == 0);
        inject_clear();
        CU_ASSERT(workload_child(w, seed) == 0);
        sync();
        fill(small, leave);
        uint32_t before = inject->kernel_errors;
        for (uint32_t i = 1; i < 8; i++)
            workload_child(w, seed + i);
        uint32_t errors = inject->kernel_errors - before;
        r->injected += errors;
        /* the disk as it is without the page cache, and room again */
        char filler[260];
        snprintf(filler, sizeof filler, "%s/filler", small);
        umount(w->root);
        unlink(filler);
        run("e2fsck -p '%s' >'%s.out' 2>&1", loop, image);
        inject->alarms = 0;
        if (mount(loop, w->root, "ext4", 0, NULL) != 0)
            row_wrong(r, "%zu bytes left: the file system cannot be mounted again", leave);
        else if (!world_check(w, UINT32_MAX, why))
            row_wrong(r, "seed %u, %zu bytes left, %u errors, %u refused: %s", seed, leave, errors, inject->refused, why);
        umount(w->root);
    }
    if (loop[0])
        run("losetup -d '%s' 2>/dev/null", loop);
    umount(small);
    rmdir(small);
    rmdir(w->root);
}

void row_real_sync(row *r, const how_much *h)
{
    world w;
    char small[200];
    world_at(&w, "ext4");
    snprintf(small, sizeof small, "%.120s/small", world_base);
    for (uint32_t i = 0; i < (h->whole ? 16 : 1) && !r->not_run; i++)
        sync_once(r, &w, small, i * 65536, i + 1);
}

/* --- 8: two sequencers --- */

static cu_err second_opens(const world *w, cu_fault *f)
{
    signer_at signer;
    cu_sequencer *s = NULL;
    if (!signer_start(w, &signer))
        return CU_INTERNAL;
    const cu_sequencer_with with = {.spool_dir = w->spool, .log_dir = w->log, .origin_base = "custos.local/f", .signer_fd = signer.fd};
    cu_err e = cu_sequencer_open(&with, &s, f);
    if (e == CU_OK)
        cu_sequencer_close(s);
    signer_stop(&signer);
    return e;
}

/* The first is stopped at its call `at`; meanwhile a second one tries. */
static void stopped(row *r, uint32_t seed, uint32_t at)
{
    world w;
    char why[WHY_MAX];
    cu_fault f = {0};
    int status;
    world_at(&w, "two");
    world_make(&w);
    inject_clear();
    inject->kind = F_STOP;
    inject->at = at;
    int pid = fork();
    if (pid == 0) {
        workload(&w, seed);
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, WUNTRACED) == pid);
    if (!WIFSTOPPED(status)) { /* the rest of the calls were the signer's */
        if (inject->fired || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            row_wrong(r, "seed %u, not stopped at call %u: ended with %x", seed, at, status);
        world_remove(&w);
        return;
    }
    bool holds = false; /* the lock, as seen from outside */
    char lock[260];
    snprintf(lock, sizeof lock, "%s/lock", w.log);
    FILE *locks = fopen("/proc/locks", "r");
    struct stat st;
    for (char line[200]; locks && stat(lock, &st) == 0 && fgets(line, sizeof line, locks);) {
        unsigned long long ino;
        const char *colon = strrchr(line, ':');
        holds = holds || (strstr(line, "FLOCK") && colon && sscanf(colon + 1, "%llu", &ino) == 1 && ino == st.st_ino);
    }
    if (locks)
        fclose(locks);
    bool was_armed = armed;
    cu_err e = second_opens(&w, &f);
    armed = was_armed;
    if (holds && e != CU_STATE)
        row_wrong(r, "seed %u: a second sequencer was let in while the first was stopped at call %u: %s", seed, at, cu_err_text(e));
    r->injected += inject->fired;
    kill(pid, SIGCONT);
    for (int other; (other = waitpid(-1, &status, 0)) > 0 || errno == EINTR;)
        if (other == pid && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
            row_wrong(r, "seed %u, stopped at call %u: ended with %x", seed, at, status);
    if (inject->alarms)
        row_wrong(r, "seed %u, stopped at call %u: a false alarm: %s", seed, at, inject->alarm);
    else if (!world_check(&w, UINT32_MAX, why))
        row_wrong(r, "seed %u, stopped at call %u: %s", seed, at, why);
    world_remove(&w);
}

void row_two(row *r, const how_much *h)
{
    for (uint32_t seed = 1; seed <= (h->whole ? 4 : 1); seed++) {
        world w;
        static call seen[CALLS_MAX];
        if (seed == 3)
            continue;
        fresh(&w, "dry", seed);
        uint32_t n = inject->calls;
        memcpy(seen, inject->seen, n * sizeof *seen);
        world_remove(&w);
        for (uint32_t at = 1; at <= n; at += h->whole ? 1 : 23)
            if (!seen[at - 1].signer)
                stopped(r, seed, at);
    }
}

/* --- 9: the clock --- */

#define HOUR ((int64_t)3600 * 1000000000)

/* Writers and sequencer at work, and before each of the steps the clock may stand elsewhere. mode 0: the sequencer
 * keeps up; 1: it comes late, after a restart of the writer. */
static void clocked(row *r, uint32_t seed, int64_t by, int64_t boot, int when, int mode)
{
    world w;
    char why[WHY_MAX];
    cu_fault f = {0};
    signer_at signer;
    cu_spool_writer *writer;
    cu_sequencer *s;
    uint64_t took;
    world_at(&w, "clock");
    world_make(&w);
    inject_clear();
    int fd CU_CLEAN_FD = open(w.spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CU_ASSERT(signer_start(&w, &signer));
    const cu_sequencer_with with = {.spool_dir = w.spool, .log_dir = w.log, .origin_base = "custos.local/f", .signer_fd = signer.fd};
    CU_ASSERT(cu_sequencer_open(&with, &s, &f) == CU_OK && cu_spool_open(fd, "gw", &writer, &f) == CU_OK);
    cu_err e = CU_OK;
    for (int i = 0; i < 12 && e == CU_OK; i++) {
        if (i == when) {
            inject->clock_ns += by;
            inject->boot_ns += boot;
            r->injected++;
        }
        if (i == 4 || i == 8) { /* the writer was restarted */
            cu_spool_close(writer);
            CU_ASSERT(cu_spool_open(fd, "gw", &writer, &f) == CU_OK);
        }
        e = world_write(writer, (i + (int)seed) % 3 ? "acme" : "org", (unsigned)i, 30);
        for (int k = 0; k < (mode == 0 ? 1 : i == 5 || i == 9 ? 3 : 0) && e == CU_OK; k++)
            e = cu_sequencer_round(s, &took, &f);
    }
    cu_spool_close(writer);
    cu_sequencer_close(s);
    signer_stop(&signer);
    if (e != CU_OK)
        row_wrong(r, "clock by %lld h before step %d, mode %d: %s %s", (long long)(by / HOUR), when, mode, cu_err_text(e), f.text);
    else if (!world_check(&w, UINT32_MAX, why))
        row_wrong(r, "clock by %lld h before step %d, mode %d: %s", (long long)(by / HOUR), when, mode, why);
    world_remove(&w);
}

void row_clock(row *r, const how_much *h)
{
    static const int64_t by[] = {HOUR, -HOUR, 24 * HOUR, -24 * HOUR, 0};
    for (uint32_t seed = 0; seed < (h->whole ? 3 : 1); seed++)
        for (size_t k = 0; k < sizeof by / sizeof *by; k++)
            for (int when = 0; when < 12; when++)
                for (int mode = 0; mode < 2; mode++)
                    clocked(r, seed, by[k], by[k] ? 0 : -HOUR / 60, when, mode);
}

/* --- 10: segments --- */

typedef struct {
    char name[16][SEGMENT_NAME_MAX];
    size_t n;
} segments;

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list_segments(const world *w, segments *out)
{
    DIR *d = opendir(w->spool);
    out->n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        if (strstr(e->d_name, ".seg") && out->n < 16)
            snprintf(out->name[out->n++], SEGMENT_NAME_MAX, "%.90s", e->d_name);
    closedir(d);
    qsort(out->name, out->n, SEGMENT_NAME_MAX, by_text);
}

/* Three writers' lives, each of two segments, nothing sequenced yet. */
static void spooled(const world *w)
{
    cu_fault f;
    cu_spool_writer *writer;
    int fd CU_CLEAN_FD = open(w->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned life = 0; life < 3; life++) {
        CU_ASSERT(cu_spool_open(fd, "gw", &writer, &f) == CU_OK);
        for (unsigned i = 0; i < 260; i++) /* 4 KiB a batch: more than a segment of 1 MiB */
            if (inject->acked < ACKS_MAX - 4 && i % 2 == 0)
                CU_ASSERT(world_write(writer, i % 4 ? "org" : "acme", i, 10) == CU_OK);
            else
                CU_ASSERT(cu_spool_write(writer, &(cu_leaf_in){.type = CU_LIT("test.entry"), .tenant = CU_LIT("acme"), .actor = CU_LIT("test"),
                                                               .body = CU_LIT("{}")}, NULL) == CU_OK);
        cu_spool_close(writer);
        usleep(2000);
    }
}

static void path_of(const world *w, const char *name, char out[400])
{
    snprintf(out, 400, "%s/%s", w->spool, name);
}

/* What was done is undone, and then everything must be in the log: a halt lost nothing. */
static void after(row *r, const world *w, const char *what, bool undo(const world *w, const segments *s), const segments *s, bool may_pass)
{
    char why[WHY_MAX];
    cu_fault f = {0};
    inject->signed_n = 0;
    cu_err e = world_recover(w, &f);
    r->injected++;
    if (e == CU_OK && !may_pass)
        row_wrong(r, "%s: not seen", what);
    else if (e != CU_OK && f.code != CU_CORRUPT)
        row_wrong(r, "%s: %s", what, f.text);
    else if (e != CU_OK && undo && !undo(w, s))
        row_wrong(r, "%s: the segment is gone although it was not read", what);
    else if (!world_check(w, UINT32_MAX, why))
        row_wrong(r, "%s: %s", what, why);
}

static segments now; /* of the world in hand */
static size_t one, two;

static bool remove_copy(const world *w, const segments *s)
{
    char path[400];
    path_of(w, "gw-7.0000000000001.000000.seg", path);
    unlink(path);
    snprintf(path, 400, "%s/%.20s.999999.seg", w->spool, now.name[one]);
    unlink(path);
    return true;
}

static void copied(row *r, const world *w, bool foreign)
{
    char from[400], to[400];
    path_of(w, now.name[one], from);
    if (foreign)
        path_of(w, "gw-7.0000000000001.000000.seg", to);
    else
        snprintf(to, sizeof to, "%s/%.18s.999999.seg", w->spool, now.name[one]);
    CU_ASSERT(run("cp --sparse=always '%s' '%s'", from, to));
    after(r, w, foreign ? "a segment under another writer's name as well" : "a segment twice", remove_copy, &now, true);
}

static bool put_back(const world *w, const segments *s)
{
    char a[400], b[400];
    path_of(w, s->name[one], a);
    path_of(w, "away", b);
    return rename(b, a) == 0;
}

static void missing(row *r, const world *w)
{
    char a[400], b[400];
    path_of(w, now.name[one], a);
    path_of(w, "away", b);
    CU_ASSERT(rename(a, b) == 0);
    /* the second segment of a life without the first shows at once; a life without its end, or none of it, does
     * not show here but in the heartbeats of the next */
    bool first = strstr(now.name[one], ".000000.seg");
    if (!first) {
        r->injected++;
        cu_fault f = {0};
        char why[WHY_MAX];
        inject->signed_n = 0;
        if (world_recover(w, &f) != CU_OK)
            row_wrong(r, "the end of a life is missing: %s", f.text);
        else if (!put_back(w, &now) || !world_check(w, UINT32_MAX, why))
            row_wrong(r, "a segment that comes later: %s", why);
        return;
    }
    after(r, w, "the first segment of a life is missing", put_back, &now, false);
}

static bool swap_back(const world *w, const segments *s)
{
    char a[400], b[400], c[400];
    path_of(w, s->name[one], a);
    path_of(w, s->name[two], b);
    path_of(w, "between", c);
    return rename(a, c) == 0 && rename(b, a) == 0 && rename(c, b) == 0;
}

void row_segments(row *r, const how_much *h)
{
    world w, base;
    world_at(&base, "spooled");
    world_at(&w, "segments");
    world_make(&base);
    inject_clear();
    spooled(&base);
    list_segments(&base, &now);
    CU_ASSERT(now.n == 6);
    for (one = 0; one < now.n; one++) {
        for (int what = 0; what < 3; what++) {
            world_copy(&base, &w);
            if (what < 2)
                copied(r, &w, what == 1);
            else
                missing(r, &w);
            world_remove(&w);
        }
        for (two = one + 1; two < now.n; two++) {
            world_copy(&base, &w);
            CU_ASSERT(swap_back(&w, &now));
            after(r, &w, "two segments under each other's name", swap_back, &now, true);
            world_remove(&w);
        }
    }
    world_remove(&base);
}

/* --- 14: a disk that takes seconds --- */

static void *commit(void *arg)
{
    return (void *)(uintptr_t)cu_spool_commit(arg);
}

static void slow(row *r, uint64_t us)
{
    world w;
    char id[CU_ID_LEN], why[WHY_MAX];
    cu_fault f;
    cu_spool_writer *writer;
    uint64_t ticket, second = 0;
    pthread_t t;
    void *e;
    static char ids[70000][CU_ID_LEN];
    size_t n = 0;
    const cu_leaf_in in = {.type = CU_LIT("test.entry"), .tenant = CU_LIT("acme"), .actor = CU_LIT("test"), .body = CU_LIT("{\"n\":1}")};
    world_at(&w, "slow");
    world_make(&w);
    inject_clear();
    int fd CU_CLEAN_FD = open(w.spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CU_ASSERT(cu_spool_open(fd, "gw", &writer, &f) == CU_OK && world_write(writer, "acme", 0, 10) == CU_OK);
    CU_ASSERT(cu_spool_stage(writer, &in, id, &ticket) == CU_OK);
    cu_spool_seal(writer);
    inject->kind = F_DELAY;
    inject->at = 1;
    inject->delay_us = us;
    armed = true;
    uint64_t began = cu_mono_ns();
    CU_ASSERT(pthread_create(&t, NULL, commit, writer) == 0);
    while (!inject->fired)
        usleep(100);
    /* requests go on arriving: the open batch fills, and then each is refused; none counts as durable */
    cu_err last = CU_OK;
    size_t refused = 0;
    while (cu_mono_ns() - began < us * 1000 * 8 / 10) {
        last = cu_spool_stage(writer, &in, ids[n], &second);
        if (last == CU_OK && n < 69999)
            n++;
        else
            refused++, usleep(50);
        if (cu_spool_committed(writer) >= ticket)
            break;
    }
    bool early = cu_spool_committed(writer) >= ticket;
    pthread_join(t, &e);
    armed = false;
    r->injected += inject->fired;
    if (early || last != CU_TOO_BIG || refused == 0 || n * 2 > CU_SPOOL_BATCH_MAX)
        row_wrong(r, "a durable write of %llu ms: early %d, %zu taken, %zu refused, %s", (unsigned long long)us / 1000, early, n, refused, cu_err_text(last));
    if ((uintptr_t)e != CU_OK)
        row_wrong(r, "a durable write of %llu ms failed", (unsigned long long)us / 1000);
    acknowledge(id);
    cu_spool_seal(writer);
    CU_ASSERT(cu_spool_commit(writer) == CU_OK && cu_spool_committed(writer) >= second);
    for (size_t i = 0; i < n; i += n / 400 + 1)
        acknowledge(ids[i]);
    cu_spool_close(writer);
    if (!world_check(&w, UINT32_MAX, why))
        row_wrong(r, "after a durable write of %llu ms: %s", (unsigned long long)us / 1000, why);
    world_remove(&w);
}

void row_slow(row *r, const how_much *h)
{
    static const unsigned seconds[] = {1, 2, 5, 10, 30};
    for (size_t i = 0; i < (h->whole ? 5 : 1); i++)
        slow(r, (uint64_t)seconds[i] * 1000000);
}
