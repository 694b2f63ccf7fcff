/* What a worker counts itself, where things happen and not where they are recorded: a heartbeat puts it
 * into the log every minute and at the end, and whoever holds both against each other sees what is missing.
 * Counted is by epoch of the writer, as entries are. */
#include "gateway.h"

#define INTERVAL_NS (60ull * 1000000000)

static struct {
    uint64_t epoch, n[GW_COUNTS], last_ns;
} own;

static void beat(const char *reason)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_fmt(&b, "{\"answered\":%llu,\"forwarded\":%llu,\"left_out\":%llu,\"reason\":\"%s\",\"refused\":%llu,\"requests\":%llu,\"void\":%llu}",
               (unsigned long long)own.n[GW_ANSWERED], (unsigned long long)own.n[GW_FORWARDS], (unsigned long long)own.n[GW_LEFT_OUT], reason,
               (unsigned long long)own.n[GW_REFUSALS], (unsigned long long)own.n[GW_REQUESTS], (unsigned long long)own.n[GW_VOID]);
    own.last_ns = cu_mono_ns();
    gw_record_own("writer.heartbeat", &b);
}

/* After a write that failed the chain begins anew, and so do the counts. */
static void follow_epoch(void)
{
    uint64_t epoch = gw.spool ? cu_spool_epoch(gw.spool) : 0;
    if (own.epoch == epoch)
        return;
    memset(&own, 0, sizeof own);
    own.epoch = epoch;
}

void gw_count(gw_counted what)
{
    follow_epoch();
    own.n[what]++;
}

void gw_count_tick(void)
{
    follow_epoch();
    if (own.last_ns == 0 || cu_mono_ns() - own.last_ns >= INTERVAL_NS)
        beat(own.last_ns ? "interval" : "start");
}

void gw_count_end(void)
{
    follow_epoch();
    if (gw.spool)
        beat("end");
}
