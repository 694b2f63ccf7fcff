#include "base/clock.h"
#include <string.h>
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

static void digits(char *to, unsigned v, int n)
{
    for (; n > 0; v /= 10)
        to[--n] = (char)('0' + v % 10);
}

/* Gregorian date of a day counted from 1970-01-01, the years taken to begin in March so that the leap
 * day is the last of its year. */
static void date_of(uint64_t day, unsigned *year, unsigned *month, unsigned *of_month)
{
    uint64_t z = day + 719468, era = z / 146097;
    unsigned in_era = (unsigned)(z % 146097);
    unsigned y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;
    *of_month = in_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (unsigned)(era * 400) + y + (*month <= 2);
}

void cu_time_text(uint64_t ns, char out[CU_TIME_LEN])
{
    uint64_t s = ns / 1000000000ULL;
    unsigned year, month, day, in_day = (unsigned)(s % 86400);
    date_of(s / 86400, &year, &month, &day);
    memcpy(out, "0000-00-00T00:00:00.000Z", CU_TIME_LEN);
    digits(out, year, 4);
    digits(out + 5, month, 2);
    digits(out + 8, day, 2);
    digits(out + 11, in_day / 3600, 2);
    digits(out + 14, in_day / 60 % 60, 2);
    digits(out + 17, in_day % 60, 2);
    digits(out + 20, (unsigned)(ns / 1000000ULL % 1000), 3);
}
