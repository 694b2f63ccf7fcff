/* Whether an answer holds code of another tenant. Of what a tenant sends keyed fingerprints are kept
 * (winnowing, Schleimer/Wilkerson/Aiken 2003, over runs of SHINGLE tokens) in memory that the workers
 * share: numbers under a random key of that memory, never text. White space, comments, quotes, escapes
 * and line numbers do not count. A fingerprint that two tenants sent, or that a model wrote before
 * anybody sent it, belongs to nobody. Bounded: old ones give way. */
#ifndef CUSTOS_REDACT_LEAK_H
#define CUSTOS_REDACT_LEAK_H

#include "base/bytes.h"

#define CU_LEAK_SHINGLE 24u   /* tokens of one fingerprint */
#define CU_LEAK_WINDOW 12u    /* of so many neighbours the least is kept */
#define CU_LEAK_MIN_TEXT 400u /* bytes; shorter texts are not learnt */
#define CU_LEAK_ALARM 12u     /* different fingerprints of one other tenant: some ten lines of code */
#define CU_LEAK_OWNERS 8u     /* tenants counted in one answer */

typedef struct cu_leaks cu_leaks;

/* Formats size bytes at region (zeroed by the caller, shared between processes) once. */
cu_leaks *cu_leaks_init(void *region, size_t size);
/* What tells tenants apart in the table; never 0. */
uint32_t cu_leak_owner(const cu_leaks *l, cu_bytes tenant);
/* text: unescaped, as the tenant sent it. Known texts cost one pass of a hash. */
void cu_leaks_learn(cu_leaks *l, uint32_t owner, cu_bytes text);

/* Reading state of one text; zeroed at its beginning. */
typedef struct {
    uint64_t token, ring[CU_LEAK_SHINGLE], rolling, window[CU_LEAK_WINDOW], picked, least;
    uint32_t tokens, shingles, names, length, least_at;
    uint8_t names_ring[CU_LEAK_SHINGLE], state, line, after_slash, digits, begun;
} cu_leak_reader;

/* One answer, as it comes in. */
typedef struct {
    cu_leaks *leaks;
    uint32_t owner;            /* of the tenant that gets the answer */
    cu_leak_reader reader;
    struct {
        uint32_t owner, count;
    } hits[CU_LEAK_OWNERS];
    uint64_t recent[64];       /* fingerprints counted already */
    unsigned recent_n;
    struct {                   /* where in the JSON of the answer */
        uint8_t state, key[24], key_n, escape, hex_left;
        uint32_t hex;
        bool wanted, value_next, in_list;
    } json;
} cu_leak_watch;

void cu_leak_watch_begin(cu_leak_watch *w, cu_leaks *l, uint32_t owner);
/* Bytes of an answer as they came from the provider: JSON, or SSE with JSON in it, cut anywhere. */
void cu_leak_watch_feed(cu_leak_watch *w, cu_bytes bytes);
/* Text itself; the join of two calls is no boundary. */
void cu_leak_watch_text(cu_leak_watch *w, cu_bytes text);
/* True when one other tenant's fingerprints reach CU_LEAK_ALARM. */
bool cu_leak_watch_alarm(const cu_leak_watch *w, uint32_t *owner, uint32_t *count);

#endif
