/* What a worker counts itself, where things happen and not where they are recorded: a heartbeat puts it
 * into the log every minute and at the end, and whoever holds both against each other sees what is missing.
 * Counted is by epoch of the writer, as entries are. The figures lie in a file of the run directory that all
 * processes map: what a worker counted that was killed, its successor's first heartbeats carry. */
#include "gateway.h"
#include <fcntl.h>
#include <sys/mman.h>
#include "base/file.h"

#define INTERVAL_NS (60ull * 1000000000)
#define MAGIC "CUCOUNT1"
#define WRITERS 256u /* gw-0 to gw-255; a writer of a higher number counts for itself alone */

typedef struct {
    uint64_t epoch, n[GW_COUNTS];
} figures;

/* Of one writer's name, which one process holds at a time. */
typedef struct {
    figures own;
    figures before; /* of the epoch before, when it came to no end; epoch 0: none */
} slot;

typedef struct {
    char magic[8];
    uint64_t size;
    slot slots[WRITERS];
} table;

static table *counts;
static slot alone, *mine;
static uint64_t last_ns;

bool gw_count_open(int run_fd)
{
    int fd CU_CLEAN_FD = openat(run_fd, "counts", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (counts)
        return true; /* a reload keeps it */
    if (fd < 0 || ftruncate(fd, sizeof *counts) != 0)
        return false;
    void *p = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return false;
    counts = p;
    if (memcmp(counts->magic, MAGIC, 8) != 0 || counts->size != sizeof *counts) {
        memset(counts, 0, sizeof *counts);
        counts->size = sizeof *counts;
        memcpy(counts->magic, MAGIC, 8);
    }
    return true;
}

/* The slot of the name that this process holds; its lock keeps others out. */
static slot *slot_of(void)
{
    const char *name = cu_spool_name(gw.spool), *dash = strrchr(name, '-');
    unsigned long n = dash && dash[1] >= '0' && dash[1] <= '9' ? strtoul(dash + 1, NULL, 10) : WRITERS;
    return counts && n < WRITERS ? &counts->slots[n] : &alone;
}

/* In the order of the names: of an epoch before with its number, of this one with what came before and why. */
static void put(cu_buf *b, const figures *f, const figures *before, const char *reason)
{
    cu_buf_fmt(b, "{\"answered\":%llu", (unsigned long long)f->n[GW_ANSWERED]);
    if (before && before->epoch) {
        cu_buf_str(b, ",\"before\":");
        put(b, before, NULL, NULL);
    }
    if (!reason)
        cu_buf_fmt(b, ",\"epoch\":%llu", (unsigned long long)f->epoch);
    cu_buf_fmt(b, ",\"forwarded\":%llu,\"left_out\":%llu", (unsigned long long)f->n[GW_FORWARDS], (unsigned long long)f->n[GW_LEFT_OUT]);
    if (reason)
        cu_buf_fmt(b, ",\"reason\":\"%s\"", reason);
    cu_buf_fmt(b, ",\"refused\":%llu,\"requests\":%llu,\"void\":%llu}", (unsigned long long)f->n[GW_REFUSALS], (unsigned long long)f->n[GW_REQUESTS],
               (unsigned long long)f->n[GW_VOID]);
}

static void beat(const char *reason)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    put(&b, &mine->own, &mine->before, reason);
    gw_record_own("writer.heartbeat", &b);
    if (last_ns) /* the first one carried it, and is durable by now */
        mine->before = (figures){0};
    last_ns = cu_mono_ns();
}

/* After a write that failed the chain begins anew, and so do the counts; a successor begins one as well. */
static void follow_epoch(void)
{
    uint64_t epoch = gw.spool ? cu_spool_epoch(gw.spool) : 0;
    if (!mine)
        mine = gw.spool ? slot_of() : &alone;
    if (mine->own.epoch == epoch)
        return;
    if (mine->own.epoch)
        mine->before = mine->own;
    mine->own = (figures){.epoch = epoch};
    last_ns = 0;
}

void gw_count(gw_counted what)
{
    follow_epoch();
    mine->own.n[what]++;
}

void gw_count_tick(void)
{
    follow_epoch();
    if (last_ns == 0 || cu_mono_ns() - last_ns >= INTERVAL_NS)
        beat(last_ns ? "interval" : "start");
}

void gw_count_end(void)
{
    follow_epoch();
    if (!gw.spool)
        return;
    beat("end");
    *mine = (slot){0};
}
