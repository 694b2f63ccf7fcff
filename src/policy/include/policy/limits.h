/* What a caller may use, as arithmetic on a clock that is handed in: no I/O, no memory of its own.
 * A minute is a bucket that drains steadily (so that there is no burst at the turn of a minute), a
 * day is a calendar day in UTC. */
#ifndef CUSTOS_POLICY_LIMITS_H
#define CUSTOS_POLICY_LIMITS_H

#include "policy/bundle.h"

/* What one caller has used. All zero: nothing. */
typedef struct {
    uint64_t at_ns;           /* when the two levels were right */
    uint64_t requests, tokens; /* levels of the minute's buckets, in 60,000,000,000ths */
    uint64_t day;             /* days since 1970-01-01 */
    uint64_t day_tokens, day_spend;
} cu_usage;

#define CU_LIMIT_KINDS(X)                   \
    X(NONE, "none")                         \
    X(CONCURRENT, "concurrent")             \
    X(REQUESTS, "requests_per_minute")      \
    X(TOKENS, "tokens_per_minute")          \
    X(TOKENS_DAY, "tokens_per_day")         \
    X(SPEND_DAY, "spend_per_day")

typedef enum {
#define X(name, text) CU_LIMIT_##name,
    CU_LIMIT_KINDS(X)
#undef X
} cu_limit_kind;

const char *cu_limit_name(cu_limit_kind k);

/* Which limit one more request would exceed, and after how long it may be tried again. running:
 * requests of this caller that are under way. */
cu_limit_kind cu_limit_request(const cu_limits *l, cu_usage *u, uint64_t running, uint64_t now_ns, uint64_t *wait_ns);
/* The same for tokens and spend: what is used already must be below the limit, so that one large
 * request passes and the next one waits. */
cu_limit_kind cu_limit_tokens(const cu_limits *l, cu_usage *u, uint64_t now_ns, uint64_t *wait_ns);

/* Counts. A reservation is taken back by what was reserved and charged by what was used. */
void cu_usage_request(const cu_limits *l, cu_usage *u, uint64_t now_ns);
void cu_usage_tokens(const cu_limits *l, cu_usage *u, uint64_t tokens, uint64_t spend, uint64_t now_ns);
void cu_usage_give_back(const cu_limits *l, cu_usage *u, uint64_t tokens, uint64_t spend, uint64_t reserved_ns, uint64_t now_ns);

/* --- prices --- */
/* NULL: none fits. */
const cu_bundle_price *cu_price_of(const cu_bundle *b, cu_bytes model);
/* Rounded up, in millionths of the unit of the table. */
uint64_t cu_price_cost(const cu_bundle_price *p, uint64_t input, uint64_t output, uint64_t cache_read, uint64_t cache_write);

#endif
