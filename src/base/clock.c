#include "base/clock.h"
#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

uint64_t cu_now_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t cu_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t cu_boot_ns(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

void cu_time_text(uint64_t ns, char out[CU_TIME_LEN])
{
    time_t s = (time_t)(ns / 1000000000ULL);
    struct tm t;
    char tmp[64];
    gmtime_r(&s, &t);
    size_t n = strftime(tmp, sizeof tmp, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(tmp + n, sizeof tmp - n, ".%03uZ", (unsigned)(ns / 1000000ULL % 1000));
    snprintf(out, CU_TIME_LEN, "%.24s", tmp);
}
