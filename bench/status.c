/* status.growth and status.asof: the status engine over synthetic entries, from stored leaves. Prints one JSON
 * object: seconds to take 10^5 and 10^6 entries and judge everything, an entry's share of them and of memory,
 * and a question as of a moment in the middle. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "comply/status.h"
#include "ledger/leaf.h"

#define ASKED 50u

static void die(const char *what)
{
    fprintf(stderr, "bench-status: %s\n", what);
    exit(2);
}

/* Nine in ten are an exchange's two, the rest all that controls look at; two seconds apart. */
static cu_bytes type_of(const cu_catalogue *c, size_t i)
{
    const cu_control *k = &c->controls[i * 2654435761u % c->controls_n];
    if (i % 10)
        return i % 2 ? CU_LIT("exchange.request") : CU_LIT("exchange.response");
    return k->sources_n ? k->sources[i / 10 % k->sources_n].events[0] : CU_LIT("probe.completed");
}

static void make(const cu_catalogue *c, size_t i, cu_buf *leaf)
{
    char body[700], pad[401];
    const cu_sha256 zeros = {{0}};
    const cu_control *k = &c->controls[i % c->controls_n];
    bool probe = cu_eq(type_of(c, i), CU_LIT("probe.completed"));
    memset(pad, 'a', sizeof pad - 1);
    pad[sizeof pad - 1] = 0;
    if (probe && k->probes_n)
        snprintf(body, sizeof body, "{\"attacks\":1,\"broken\":0,\"failed\":0,\"held\":1,\"probe\":\"%.*s\",\"results\":[]}", CU_FMT(k->probes[0]));
    else
        snprintf(body, sizeof body, "{\"text\":\"%s\"}", pad);
    const cu_leaf_in in = {.type = type_of(c, i), .tenant = CU_LIT("acme"), .actor = CU_LIT("k_bench"), .body = cu_str(body), .ts_ns = (1700000000ull + i * 2) * 1000000000};
    cu_buf_reset(leaf);
    if (cu_leaf_encode(&in, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "gw-0", 1, i, &zeros, leaf) != CU_OK)
        die("a leaf");
}

/* Of this process: a machine that is busy with something else does not make the engine slower. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Seconds of the engine alone; the leaves are made beside the clock. */
static double replay(const cu_catalogue *c, size_t n, cu_status **out)
{
    cu_buf leaf CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX), all CU_CLEAN_BUF = CU_BUF((size_t)1 << 24);
    uint64_t spent = 0, at = (1700000000ull + n * 2) * 1000;
    if (cu_status_new(c, out) != CU_OK)
        die("memory");
    for (size_t i = 0; i < n; i++) {
        cu_leaf l;
        make(c, i, &leaf);
        uint64_t begin = cpu_ns();
        if (cu_leaf_parse(cu_buf_view(&leaf), &l) != CU_OK)
            die("parse");
        const cu_status_entry e = {CU_LIT("t/acme"), i, l.type, l.ts, l.body};
        if (cu_status_take(*out, &e) != CU_OK)
            die("take");
        spent += cpu_ns() - begin;
    }
    uint64_t begin = cpu_ns();
    if (cu_status_criteria_json(*out, at, &all) != CU_OK)
        die("judge");
    return (double)(spent + cpu_ns() - begin) / 1e9;
}

static double as_of(cu_status *s, size_t n)
{
    cu_buf all CU_CLEAN_BUF = CU_BUF((size_t)1 << 24);
    uint64_t begin = cpu_ns();
    for (unsigned i = 0; i < ASKED; i++) {
        cu_buf_reset(&all);
        if (cu_status_criteria_json(s, (1700000000ull + n * 2 * i / ASKED) * 1000, &all) != CU_OK)
            die("judge");
    }
    return (double)(cpu_ns() - begin) / 1e9 / ASKED;
}

static size_t held(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

int main(int argc, char **argv)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_events *events;
    cu_catalogue *c;
    cu_status *small, *large;
    cu_fault f = {0};
    cu_arena_init(&a, (size_t)64 << 20);
    if (argc != 2 || cu_events_load(argv[1], &a, &events, &f) != CU_OK || cu_catalogue_load(argv[1], events, &a, &c, &f) != CU_OK)
        die(argc == 2 ? f.text : "give the folder of the catalogue");
    double one = replay(c, 100000, &small);
    size_t before = held();
    double ten = replay(c, 1000000, &large), bytes = (double)(held() - before) / 1e6, asked = as_of(large, 1000000);
    printf("{\"small_s\":%.6f,\"large_s\":%.6f,\"asof_s\":%.6f,\"entry_us\":%.3f,\"entry_bytes\":%.1f}\n", one, ten, asked, ten, bytes);
    cu_status_free(small);
    cu_status_free(large);
    return 0;
}
