/* How well exchanges went, counted from the log. Times: RFC 3339, UTC, from <= at < to. */
#ifndef CUSTOS_STORE_SERVICE_H
#define CUSTOS_STORE_SERVICE_H

#include "store/store.h"

/* Of one day: exchanges that were let through and ended (or should have, before open_before), and how many of them had
 * no good answer: a status of 500 and more, a provider that failed, or no end. Whom the client left does not count. */
typedef void (*cu_store_day_fn)(void *arg, const char *day, uint64_t counted, uint64_t bad);
cu_err cu_store_availability(cu_store *s, const char *from, const char *to, const char *open_before, cu_store_day_fn each, void *arg) CU_MUST;

typedef struct {
    uint64_t counted, over; /* answered exchanges; those that took longer than the target */
    uint64_t ms;            /* the percentile by nearest rank; 0 of none */
} cu_store_gate;
/* Milliseconds until the gateway had forwarded a request. percent: 1 to 100. */
cu_err cu_store_gate_ms(cu_store *s, const char *from, const char *to, unsigned percent, uint64_t target, cu_store_gate *out) CU_MUST;

#endif
