/* Addresses that keep trying keys which are not known. A bounded table in memory that is handed in,
 * on a clock that is handed in; callers lock. */
#ifndef CUSTOS_POLICY_LOCKOUT_H
#define CUSTOS_POLICY_LOCKOUT_H

#include "base/bytes.h"

#define CU_LOCKOUT_SETS 256u
#define CU_LOCKOUT_WAYS 4u
#define CU_LOCKOUT_GOOD 8u

typedef struct {
    uint8_t address[16];      /* IPv4 mapped, IPv6 cut to its /64: a host has as many below it as it likes */
    uint64_t since_ns, until_ns, seen_ns;
    uint32_t failures, good_n;
    uint64_t good[CU_LOCKOUT_GOOD]; /* keys that were good from there: they go on working */
} cu_lockout_entry;

typedef struct {
    uint64_t seed;            /* random, so that nobody outside can choose whose entry is pushed out */
    uint32_t used;
    cu_lockout_entry v[CU_LOCKOUT_SETS][CU_LOCKOUT_WAYS];
} cu_lockout;

/* After this many failures within so many seconds, an address waits as many seconds. failures 0: never. */
typedef struct {
    uint32_t failures, seconds;
} cu_lockout_rule;

/* How long the address must wait, 0 when it need not. key: first bytes of the presented key's hash. */
uint64_t cu_lockout_wait(cu_lockout *t, const uint8_t address[16], uint64_t key, uint64_t now_ns);
/* A key that is not known came from there. True: this was the one too many. */
bool cu_lockout_failed(cu_lockout *t, cu_lockout_rule rule, const uint8_t address[16], uint64_t now_ns);
/* A good key came from there. */
void cu_lockout_good(cu_lockout *t, const uint8_t address[16], uint64_t key, uint64_t now_ns);

#endif
