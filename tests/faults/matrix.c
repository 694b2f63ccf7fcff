/* faults [--whole] [--scale N] [--row N] [--go VERIFIER] [DIR]: the fault matrix. DIR: where its files are (a
 * memory file system is best); they are removed. faults --work DIR SEED, --check DIR SEED: the workload alone, and
 * what must hold of what it left. Prints a line a row and a total; exit status 1 when anything
 * did not hold. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "powercut.h"
#include "rows.h"

void row_wrong(row *r, const char *fmt, ...)
{
    va_list v;
    if (r->failed++ > 12)
        return;
    printf("  WRONG ");
    va_start(v, fmt);
    vprintf(fmt, v);
    va_end(v);
    printf("\n");
    fflush(stdout);
}

void fresh(world *w, const char *name, uint32_t seed)
{
    world_at(w, name);
    world_remove(w);
    world_make(w);
    inject_clear();
    CU_ASSERT(workload_child(w, seed) == 0);
}

/* --- 1: each fault at each call --- */

static void one_call(row *r, uint32_t seed, fault_kind k, uint32_t at, uint32_t second)
{
    world w;
    char why[WHY_MAX];
    world_at(&w, "calls");
    world_make(&w);
    inject_clear();
    inject->kind = k;
    inject->at = at;
    inject->second = second;
    inject->delay_us = 300;
    int status = workload_child(&w, seed);
    const call c = inject->seen[at - 1];
    bool kills = k == F_KILL || k == F_KILL_AFTER;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (inject->fired == 0)
        row_wrong(r, "seed %u: %s at call %u was not injected", seed, fault_names[k], at);
    else if (!killed && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        row_wrong(r, "seed %u: %s at call %u (%s): the process ended with status %x", seed, fault_names[k], at, call_names[c.kind], status);
    else if (kills && !c.signer && !killed)
        row_wrong(r, "seed %u: %s at call %u did not kill", seed, fault_names[k], at);
    else if (inject->alarms)
        row_wrong(r, "seed %u: %s at call %u (%s): a false alarm: %s", seed, fault_names[k], at, call_names[c.kind], inject->alarm);
    else if (!world_check(&w, UINT32_MAX, why))
        row_wrong(r, "seed %u: %s at call %u (%s of %s): %s", seed, fault_names[k], at, call_names[c.kind], c.signer ? "signer" : "writer and sequencer", why);
    r->injected += inject->fired > 1 && !second ? 1 : inject->fired; /* a fault that stays counts once */
    world_remove(&w);
}

static uint32_t count_calls(uint32_t seed, call seen[CALLS_MAX])
{
    world w;
    char why[WHY_MAX];
    fresh(&w, "dry", seed);
    uint32_t n = inject->calls;
    CU_ASSERT(n > 0 && n <= CALLS_MAX && inject->fired == 0 && inject->refused == 0);
    memcpy(seen, inject->seen, n * sizeof *seen);
    if (!world_check(&w, UINT32_MAX, why)) {
        printf("without a fault, seed %u: %s\n", seed, why);
        exit(2);
    }
    world_remove(&w);
    return n;
}

void row_calls(row *r, const how_much *h)
{
    static call seen[CALLS_MAX];
    static const fault_kind kinds[] = {F_KILL, F_KILL_AFTER, F_EIO, F_EIO_DONE, F_ENOSPC, F_EINTR, F_SHORT, F_SHORT_BLOCK, F_DELAY, F_EIO_ON, F_ENOSPC_ON};
    uint32_t seeds = h->whole ? h->scale : 2;
    for (uint32_t seed = 1; seed <= seeds; seed++) {
        uint32_t n = count_calls(seed, seen);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            uint32_t step = !h->whole ? 4 : 1;
            if (kinds[k] == F_DELAY || n > 1000) /* 255 names of partial tiles that are not there are tried */
                step *= 4;
            for (uint32_t at = 1 + seed % step; at <= n; at += step)
                if (inject_applies(kinds[k], &seen[at - 1]))
                    one_call(r, seed, kinds[k], at, kinds[k] == F_EIO && at + 7 <= n && at % 2 ? at + 7 : 0);
        }
    }
}

/* --- 11: the key is replaced --- */

static void row_rotation(row *r, const how_much *h)
{
    static call seen[CALLS_MAX];
    static const fault_kind kinds[] = {F_KILL, F_KILL_AFTER, F_EIO, F_EIO_DONE, F_ENOSPC_ON};
    for (uint32_t seed = WORLD_ROTATES; seed < WORLD_ROTATES + (h->whole ? 6 : 2); seed++) {
        if (seed % 4 == 3)
            continue;
        uint32_t n = count_calls(seed, seen), step = h->whole ? 2 : 31;
        CU_ASSERT(inject->rotated == 1);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (uint32_t at = 1 + k % step; at <= n; at += step)
                if (inject_applies(kinds[k], &seen[at - 1]))
                    one_call(r, seed, kinds[k], at, 0);
    }
}

/* --- 3: the power goes away --- */

static void one_cut(row *r, const char *what, uint32_t seed, uint32_t k, cut_kind kind, uint32_t nth)
{
    world to;
    char why[WHY_MAX];
    uint32_t lost;
    world_at(&to, "cut");
    powercut_build(&to, k, kind, seed * 1000003 + k * 31 + nth, &lost);
    r->injected++;
    if (!world_check(&to, k, why))
        row_wrong(r, "seed %u%s: power cut before operation %u of %u, %s, %u lost (nth %u): %s", seed, what, k, powercut_operations(), cut_names[kind], lost, nth, why);
    world_remove(&to);
}

static void all_cuts(row *r, const char *what, uint32_t seed, unsigned times, uint32_t step)
{
    uint32_t acked = inject->acked, signed_n = inject->signed_n;
    for (uint32_t k = 1 + seed % step; k <= powercut_operations(); k += step) {
        bool open = powercut_open_at(k) > 0;
        for (cut_kind kind = 0; kind < CUT_KINDS; kind++) {
            bool by_chance = kind == CUT_RANDOM || kind == CUT_JOURNAL || kind == CUT_TORN_512 || kind == CUT_TORN_4096;
            if (!open && kind != CUT_DROP)
                continue; /* nothing to lose: all are alike */
            for (uint32_t nth = 0; nth < (by_chance ? times : 1); nth++)
                one_cut(r, what, seed, k, kind, nth);
        }
    }
    CU_ASSERT(inject->acked == acked && inject->signed_n == signed_n);
}

static void record_run(world *w, uint32_t seed)
{
    world_at(w, "recorded");
    world_remove(w);
    world_make(w);
    inject_clear();
    powercut_begin(w);
    CU_ASSERT(workload_child(w, seed) == 0);
    powercut_end();
}

void row_powercut(row *r, const how_much *h)
{
    world w;
    for (uint32_t seed = 1; seed <= (h->whole ? h->scale : 2); seed++) {
        if (seed % 4 == 3 && !h->whole)
            continue;
        record_run(&w, seed);
        all_cuts(r, "", seed, h->whole ? 6 : 1, h->whole ? seed % 4 == 3 ? 5 : 1 : 4);
        world_remove(&w);
    }
}

/* A process is killed or a call fails; it goes on; then the power goes away. */
void row_powercut_after(row *r, const how_much *h)
{
    static const fault_kind kinds[] = {F_KILL, F_KILL_AFTER, F_EIO, F_EIO_DONE};
    static call seen[CALLS_MAX];
    world w;
    for (uint32_t seed = 1; seed <= (h->whole ? h->scale : 1); seed++) {
        if (seed % 4 == 3)
            continue;
        uint32_t n = count_calls(seed, seen);
        for (uint32_t i = 0; i < (h->whole ? 24 : 4); i++) {
            char what[80];
            world_at(&w, "recorded");
            world_remove(&w);
            world_make(&w);
            inject_clear();
            powercut_begin(&w);
            inject->kind = kinds[i % 4];
            inject->at = 1 + (seed * 7919 + i * 104729) % n;
            while (!inject_applies(inject->kind, &seen[inject->at - 1]))
                inject->at = inject->at % n + 1;
            snprintf(what, sizeof what, ", after %s at call %u (%s)", fault_names[inject->kind], inject->at, call_names[seen[inject->at - 1].kind]);
            workload_child(&w, seed);
            if (inject->fired != 1)
                row_wrong(r, "seed %u%s: not injected", seed, what);
            r->injected += inject->fired;
            CU_ASSERT(workload_child(&w, seed + 1000) == 0);
            powercut_end();
            all_cuts(r, what, seed, 1, h->whole ? 7 : 29);
            world_remove(&w);
        }
    }
}

/* --- all --- */

static const struct {
    int number;
    const char *name;
    void (*run)(row *r, const how_much *h);
} rows[] = {
    {1, "kill, EIO, ENOSPC, EINTR, short, delay at every call", row_calls},
    {2, "fsync fails for real (ext4 on a loop on a full disk)", row_real_sync},
    {3, "power cut: dropped, reordered, torn", row_powercut},
    {3, "power cut after a kill or an error", row_powercut_after},
    {4, "true ENOSPC", row_space},
    {5, "each bit of a log turned over", row_bits},
    {6, "tiles cut short, missing, extra, of the wrong width", row_tiles},
    {7, "rollback, two directories, lost signer state", row_rollback},
    {8, "two sequencers; stopped and continued", row_two},
    {9, "clock steps, another boot", row_clock},
    {10, "segments twice, in another order, missing", row_segments},
    {11, "the key replaced, with a fault at each call", row_rotation},
    {14, "durable writes that take seconds", row_slow},
};

/* The workload by itself, and the check of what it left: something else injects, strace for one. */
static int alone(const char *what, const char *dir, uint32_t seed)
{
    world w;
    char file[200], why[WHY_MAX];
    bool work = strcmp(what, "--work") == 0;
    snprintf(world_base, sizeof world_base, "%s", dir);
    snprintf(file, sizeof file, "%s/happened", world_base);
    world_at(&w, "w");
    inject_make(file);
    if (work) {
        world_make(&w);
        workload(&w, seed);
        armed = false;
    } else if (access(w.state, F_OK) != 0) { /* ended before it began */
        return 3;
    } else if (inject->alarms || !world_check(&w, UINT32_MAX, why)) {
        printf("%s\n", inject->alarms ? inject->alarm : why);
        return 1;
    }
    printf("%u acknowledged, %u refused\n", inject->acked, inject->refused);
    return 0;
}

int main(int argc, char **argv)
{
    how_much h = {.scale = 12};
    int only = 0;
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (argc == 4 && (strcmp(argv[1], "--work") == 0 || strcmp(argv[1], "--check") == 0))
        return alone(argv[1], argv[2], (uint32_t)atoi(argv[3]));
    uint64_t injected = 0, failed = 0, not_run = 0;
    snprintf(world_base, sizeof world_base, "%s", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--whole") == 0)
            h.whole = true;
        else if (strcmp(argv[i], "--scale") == 0 && i + 1 < argc)
            h.scale = (unsigned)atoi(argv[++i]);
        else if (strcmp(argv[i], "--row") == 0 && i + 1 < argc)
            only = atoi(argv[++i]);
        else if (strcmp(argv[i], "--go") == 0 && i + 1 < argc)
            world_go = argv[++i];
        else
            snprintf(world_base, sizeof world_base, "%s", argv[i]);
    }
    strcat(world_base, "/custos-faults-XXXXXX");
    if (!mkdtemp(world_base)) {
        perror(world_base);
        return 2;
    }
    world_go_every = h.whole ? 500 : 200;
    inject_make(NULL);
    powercut_make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (only && rows[i].number != only)
            continue;
        row r = {.name = rows[i].name};
        uint64_t began = cu_mono_ns();
        rows[i].run(&r, &h);
        if (!r.not_run && r.injected == 0)
            row_wrong(&r, "nothing was injected");
        printf("%2d  %-56s %8llu injected  %llu wrong  %.1f s%s%s\n", rows[i].number, r.name, (unsigned long long)r.injected, (unsigned long long)r.failed,
               (double)(cu_mono_ns() - began) / 1e9, r.not_run ? "  NOT RUN: " : "", r.not_run ? r.not_run : "");
        fflush(stdout);
        injected += r.injected;
        failed += r.failed;
        not_run += r.not_run != NULL;
    }
    char go_out[200];
    snprintf(go_out, sizeof go_out, "%s/go.out", world_base);
    unlink(go_out);
    if (rmdir(world_base) != 0)
        printf("left behind: %s: %s\n", world_base, strerror(errno));
    printf("total: %llu faults injected, %llu wrong, %llu rows not run; %llu worlds verified by us, %llu logs by the third-party verifier\n", (unsigned long long)injected,
           (unsigned long long)failed, (unsigned long long)not_run, (unsigned long long)world_checked, (unsigned long long)world_go_checked);
    return failed ? 1 : 0;
}
