#include "policy/limits.h"
#include "policy/decide.h"

#define DAY_NS (86400ull * 1000000000)
#define ONE 60000000000ull /* of a bucket's level: what drains in a nanosecond at a limit of one a minute is a whole number */

__extension__ typedef unsigned __int128 wide;

const char *cu_limit_name(cu_limit_kind k)
{
    static const char *const names[] = {
#define X(name, text) text,
        CU_LIMIT_KINDS(X)
#undef X
    };
    return (unsigned)k < sizeof names / sizeof *names ? names[k] : "unknown";
}

/* limit a minute drains; without a limit there is no level to keep. */
static uint64_t drained(uint64_t level, uint64_t limit, uint64_t elapsed_ns)
{
    wide gone = (wide)elapsed_ns * limit;
    return limit == 0 || gone >= level ? 0 : level - (uint64_t)gone;
}

/* Brings the usage to now. A clock that went back changes nothing: no day begins twice. */
static void advance(const cu_limits *l, cu_usage *u, uint64_t now_ns)
{
    if (now_ns > u->at_ns) {
        u->requests = drained(u->requests, l->requests_per_minute, now_ns - u->at_ns);
        u->tokens = drained(u->tokens, l->tokens_per_minute, now_ns - u->at_ns);
        u->at_ns = now_ns;
    }
    if (now_ns / DAY_NS > u->day) {
        u->day = now_ns / DAY_NS;
        u->day_tokens = u->day_spend = 0;
    }
}

/* How long until the level has fallen by `by`. */
static uint64_t time_to_drain(uint64_t by, uint64_t limit)
{
    uint64_t ns = by / limit + (by % limit != 0);
    return ns > DAY_NS ? DAY_NS : ns;
}

cu_limit_kind cu_limit_request(const cu_limits *l, cu_usage *u, uint64_t running, uint64_t now_ns, uint64_t *wait_ns)
{
    advance(l, u, now_ns);
    *wait_ns = 0;
    if (l->concurrent && running >= l->concurrent) {
        *wait_ns = 1000000000; /* nobody knows when one ends */
        return CU_LIMIT_CONCURRENT;
    }
    uint64_t full = l->requests_per_minute * ONE;
    if (full && u->requests > full - ONE) {
        *wait_ns = time_to_drain(u->requests - (full - ONE), l->requests_per_minute);
        return CU_LIMIT_REQUESTS;
    }
    return CU_LIMIT_NONE;
}

cu_limit_kind cu_limit_tokens(const cu_limits *l, cu_usage *u, uint64_t now_ns, uint64_t *wait_ns)
{
    advance(l, u, now_ns);
    *wait_ns = 0;
    uint64_t full = l->tokens_per_minute * ONE;
    if (full && u->tokens >= full) {
        *wait_ns = time_to_drain(u->tokens - full + 1, l->tokens_per_minute);
        return CU_LIMIT_TOKENS;
    }
    *wait_ns = DAY_NS - now_ns % DAY_NS;
    if (l->tokens_per_day && u->day_tokens >= l->tokens_per_day)
        return CU_LIMIT_TOKENS_DAY;
    if (l->spend_per_day && u->day_spend >= l->spend_per_day)
        return CU_LIMIT_SPEND_DAY;
    *wait_ns = 0;
    return CU_LIMIT_NONE;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

void cu_usage_request(const cu_limits *l, cu_usage *u, uint64_t now_ns)
{
    advance(l, u, now_ns);
    if (l->requests_per_minute)
        u->requests = plus(u->requests, ONE);
}

static uint64_t level_of(uint64_t tokens)
{
    return tokens > UINT64_MAX / ONE ? UINT64_MAX : tokens * ONE;
}

void cu_usage_tokens(const cu_limits *l, cu_usage *u, uint64_t tokens, uint64_t spend, uint64_t now_ns)
{
    advance(l, u, now_ns);
    if (l->tokens_per_minute)
        u->tokens = plus(u->tokens, level_of(tokens));
    u->day_tokens = plus(u->day_tokens, tokens);
    u->day_spend = plus(u->day_spend, spend);
}

void cu_usage_give_back(const cu_limits *l, cu_usage *u, uint64_t tokens, uint64_t spend, uint64_t reserved_ns, uint64_t now_ns)
{
    advance(l, u, now_ns);
    /* what has drained meanwhile of the reservation is gone already; giving it all back may only
     * empty the bucket, never make room for more than a minute's worth */
    u->tokens = minus(u->tokens, level_of(tokens));
    if (reserved_ns / DAY_NS == u->day) {
        u->day_tokens = minus(u->day_tokens, tokens);
        u->day_spend = minus(u->day_spend, spend);
    }
}

const cu_bundle_price *cu_price_of(const cu_bundle *b, cu_bytes model)
{
    for (size_t i = 0; i < b->prices_n; i++)
        if (cu_name_fits(b->prices[i].models, model))
            return &b->prices[i];
    return NULL;
}

uint64_t cu_price_cost(const cu_bundle_price *p, uint64_t input, uint64_t output, uint64_t cache_read, uint64_t cache_write)
{
    wide sum = (wide)input * p->input + (wide)output * p->output + (wide)cache_read * p->cache_read + (wide)cache_write * p->cache_write;
    sum = (sum + 999999) / 1000000;
    return sum > (uint64_t)1 << 50 ? (uint64_t)1 << 50 : (uint64_t)sum;
}
