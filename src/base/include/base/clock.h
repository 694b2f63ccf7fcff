/* Time. Wall time is for people and leaves; durations use the monotonic clock. */
#ifndef CUSTOS_BASE_CLOCK_H
#define CUSTOS_BASE_CLOCK_H

#include <stdint.h>

uint64_t cu_now_ns(void);  /* nanoseconds since 1970-01-01T00:00:00Z */
uint64_t cu_mono_ns(void); /* nanoseconds, monotonic */
uint64_t cu_boot_ns(void); /* nanoseconds since boot, counting suspend: for clock steps */

#define CU_TIME_LEN 25
/* RFC 3339 in UTC with milliseconds: 2026-11-24T04:21:48.123Z; out gets CU_TIME_LEN bytes. */
void cu_time_text(uint64_t ns, char out[CU_TIME_LEN]);

#endif
