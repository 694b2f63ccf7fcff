/* Use against capacity: measured each minute, sealed each hour. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "comply/status.h"
#include "node.h"

#define WEEK_NS (7ull * 86400 * 1000000000)
#define SAMPLES_MAX 400u /* of a week */
#define DAY_MS 86400000ull
#define NO_FORECAST UINT64_MAX

typedef struct {
    uint64_t cpus, disk_free_mib, disk_percent, files_percent, load_percent, memory_percent, queue_seconds, segments, days_left;
} measures;

static void measure_disk(const app *a, measures *m)
{
    struct statvfs v;
    if (statvfs(a->config->state_dir, &v) != 0)
        return;
    uint64_t usable = v.f_blocks - v.f_bfree + v.f_bavail;
    m->disk_free_mib = (uint64_t)v.f_bavail * v.f_frsize >> 20;
    m->disk_percent = usable ? 100 - (uint64_t)v.f_bavail * 100 / usable : 0;
    m->files_percent = v.f_files ? 100 - (uint64_t)v.f_favail * 100 / v.f_files : 0;
}

/* The number behind a name in /proc/meminfo, in KiB. */
static uint64_t memory_line(const char *name)
{
    char line[200];
    size_t n = strlen(name);
    uint64_t kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, n) == 0)
            kib = strtoull(line + n, NULL, 10);
    if (file)
        (void)fclose(file);
    return kib;
}

static void measure_machine(measures *m)
{
    double load[3] = {0};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t all = memory_line("MemTotal:"), left = memory_line("MemAvailable:");
    m->cpus = cpus > 0 ? (uint64_t)cpus : 1;
    if (getloadavg(load, 3) == 3)
        m->load_percent = (uint64_t)(load[1] * 100) / m->cpus;
    m->memory_percent = all && left <= all ? (all - left) * 100 / all : 0;
}

/* --- how long the disk lasts --- */

typedef struct {
    uint64_t index, ms;
    bool found;
} oldest;

static void take_older(void *arg, const cu_store_entry *x)
{
    oldest *o = arg;
    o->index = x->index;
    o->found = cu_status_time(cu_str(x->ts), &o->ms);
}

static uint64_t free_then(const app *a, uint64_t index)
{
    char dir[4300];
    cu_log *l;
    cu_fault f = {0};
    cu_leaf leaf;
    uint64_t mib = 0;
    cu_buf text CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
    snprintf(dir, sizeof dir, "%s/%s", a->config->log_dir, CU_TENANT_ORG);
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return 0;
    if (cu_log_entry(l, index, &text, &f) == CU_OK && cu_leaf_parse(cu_buf_view(&text), &leaf) == CU_OK) {
        json_t *body = json_loadb((const char *)leaf.body.p, leaf.body.n, 0, NULL);
        mib = (uint64_t)json_integer_value(json_object_get(body, "disk_free_mib"));
        json_decref(body);
    }
    cu_log_close(l);
    return mib;
}

/* The slope between now and the oldest sample of a week; a sample of the last hour says too little. */
static uint64_t forecast(const app *a, uint64_t free_mib)
{
    char from[CU_TIME_LEN];
    oldest o = {0};
    uint64_t total, now = cu_now_ns() / 1000000;
    cu_time_text(cu_now_ns() - WEEK_NS, from);
    const cu_store_entry_filter w = {.log = CU_TENANT_ORG, .type = "capacity.sample", .from = from};
    if (cu_store_entries(a->store, &w, 0, SAMPLES_MAX, take_older, &o, &total) != CU_OK || !o.found || now < o.ms + DAY_MS / 24)
        return NO_FORECAST;
    uint64_t then = free_then(a, o.index);
    return then > free_mib ? free_mib * (now - o.ms) / (then - free_mib) / DAY_MS : NO_FORECAST;
}

static void measure(const app *a, measures *m)
{
    uint64_t now = cu_now_ns();
    *m = (measures){.segments = a->ready_segments, .days_left = NO_FORECAST};
    measure_disk(a, m);
    measure_machine(m);
    m->queue_seconds = a->sealed_ns && now > a->sealed_ns ? (now - a->sealed_ns) / 1000000000 : 0;
    m->days_left = forecast(a, m->disk_free_mib);
}

static void put_measures(const measures *m, cu_buf *b)
{
    cu_buf_fmt(b, "{\"cpus\":%llu", (unsigned long long)m->cpus);
    if (m->days_left != NO_FORECAST)
        cu_buf_json_kv_u64(b, "days_left", m->days_left);
    cu_buf_json_kv_u64(b, "disk_free_mib", m->disk_free_mib);
    cu_buf_json_kv_u64(b, "disk_percent", m->disk_percent);
    cu_buf_json_kv_u64(b, "files_percent", m->files_percent);
    cu_buf_json_kv_u64(b, "load_percent", m->load_percent);
    cu_buf_json_kv_u64(b, "memory_percent", m->memory_percent);
    cu_buf_json_kv_u64(b, "queue_seconds", m->queue_seconds);
    cu_buf_json_kv_u64(b, "segments", m->segments);
    cu_buf_byte(b, '}');
}

/* --- thresholds --- */

typedef struct {
    const char *resource;
    uint64_t value, limit;
} crossing;

static bool crossed(const app *a, const measures *m, crossing *out)
{
    const cu_config_capacity *c = &a->config->capacity;
    const struct {
        const char *name;
        uint64_t value, limit;
        bool at_least;
    } all[] = {{"disk_percent", m->disk_percent, c->disk_percent, false}, {"disk_free_mib", m->disk_free_mib, a->config->probes.min_free_mib, true},
               {"files_percent", m->files_percent, c->files_percent, false}, {"load_percent", m->load_percent, c->load_percent, false},
               {"memory_percent", m->memory_percent, c->memory_percent, false}, {"queue_seconds", m->queue_seconds, c->queue_seconds, false},
               {"days_left", m->days_left, c->days_left, true}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].limit && (all[i].at_least ? all[i].value < all[i].limit : all[i].value > all[i].limit)) {
            *out = (crossing){all[i].name, all[i].value, all[i].limit};
            return true;
        }
    return false;
}

void capacity_look(app *a, bool sample)
{
    measures m;
    crossing x = {0};
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    measure(a, &m);
    bool over = crossed(a, &m, &x);
    if (over != told_after(a, "capacity.threshold", "capacity.cleared")) {
        cu_buf_str(&b, "{");
        if (over)
            cu_buf_fmt(&b, "\"limit\":%llu,\"resource\":\"%s\",\"value\":%llu", (unsigned long long)x.limit, x.resource, (unsigned long long)x.value);
        cu_buf_byte(&b, '}');
        (void)node_tell(a, over ? "capacity.threshold" : "capacity.cleared", &b);
    }
    cu_buf_reset(&b);
    put_measures(&m, &b);
    if (sample)
        (void)node_tell(a, "capacity.sample", &b);
}

void capacity_json(app *a, cu_buf *out)
{
    measures m;
    measure(a, &m);
    put_measures(&m, out);
}
