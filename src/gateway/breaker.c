/* Circuit breaking, for each vendor that asks for it: after some requests in a row without an answer, no
 * more are sent for a while; then one is let through, and what becomes of it decides for all. Counted by
 * all workers together. What is no answer: none at all, 502, 503, 504 and 529; 500 and 429 can be the
 * doing of one caller, who must not stop the others. */
#include "gateway.h"
#include <sys/mman.h>

#define TRIAL_SECONDS 30 /* then the next is let through: the one before has not come to an end */

typedef struct {
    _Atomic uint32_t failures; /* in a row */
    _Atomic uint32_t open;
    _Atomic int64_t until, trial_until;
} state;

static state *states;
static unsigned states_n;

/* At each reload anew: the workers before keep their own. */
ngx_int_t gw_breaker_open(unsigned n)
{
    if (states)
        munmap(states, states_n * sizeof *states);
    states = NULL;
    states_n = n;
    if (n == 0)
        return NGX_OK;
    void *p = mmap(NULL, n * sizeof *states, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    states = p == MAP_FAILED ? NULL : p;
    return states ? NGX_OK : NGX_ERROR;
}

/* NULL: this vendor has none. */
static state *state_of(const gw_exchange *x, const gw_balance **b, const gw_breaker_rule **rule)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(x->r, ngx_http_custos_module);
    gw_balance *const *all = conf->balances.elts;
    unsigned n = x->vendor ? gw_balance_number(conf, x->vendor->name) : (unsigned)conf->balances.nelts;
    if (n >= conf->balances.nelts || n >= states_n || !states)
        return NULL;
    *b = all[n];
    *rule = gw_balance_breaker(all[n], &n);
    return (*rule)->failures ? &states[n] : NULL;
}

static void record(const gw_exchange *x, const char *type, const gw_breaker_rule *rule)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_fmt(&b, "{\"failures\":%u", rule->failures);
    cu_buf_json_kv(&b, "vendor", x->vendor->name);
    cu_buf_byte(&b, '}');
    gw_record_own(type, &b);
}

static ngx_int_t refuse(gw_exchange *x, int64_t wait)
{
    x->retry_after = wait > 0 ? (unsigned)wait : 1;
    return gw_refuse(x, 503, "overloaded_error", "route_open", "custos: the vendor %.*s does not answer at the moment, so the request was not sent; "
                     "try again in %u s", CU_FMT(x->vendor->name), x->retry_after);
}

ngx_int_t gw_breaker_check(gw_exchange *x)
{
    const gw_balance *b;
    const gw_breaker_rule *rule;
    state *s = state_of(x, &b, &rule);
    int64_t now = ngx_time();
    if (!s || !atomic_load(&s->open))
        return NGX_OK;
    if (atomic_load(&s->until) > now)
        return refuse(x, atomic_load(&s->until) - now);
    int64_t trial = atomic_load(&s->trial_until);
    if (trial <= now && atomic_compare_exchange_strong(&s->trial_until, &trial, now + TRIAL_SECONDS))
        return NGX_OK;
    return refuse(x, 1);
}

static void failed(gw_exchange *x, state *s, const gw_balance *b, const gw_breaker_rule *rule, time_t wait)
{
    uint32_t n = atomic_fetch_add(&s->failures, 1) + 1, closed = 0;
    if (n < rule->failures && !atomic_load(&s->open))
        return;
    time_t until = ngx_time() + (wait > rule->seconds ? wait : rule->seconds);
    atomic_store(&s->until, until);
    atomic_store(&s->trial_until, 0);
    gw_balance_show_breaker(b, until);
    if (atomic_compare_exchange_strong(&s->open, &closed, 1))
        record(x, "route.opened", rule);
}

/* wait: seconds that the provider asked for. */
void gw_breaker_note(gw_exchange *x, bool answered, time_t wait)
{
    const gw_balance *b;
    const gw_breaker_rule *rule;
    uint32_t open = 1;
    state *s = x->breaker_noted ? NULL : state_of(x, &b, &rule);
    if (!s)
        return;
    x->breaker_noted = true;
    if (!answered) {
        failed(x, s, b, rule, wait);
        return;
    }
    if (atomic_load(&s->failures))
        atomic_store(&s->failures, 0);
    if (atomic_compare_exchange_strong(&s->open, &open, 0)) {
        gw_balance_show_breaker(b, 0);
        record(x, "route.closed", rule);
    }
}
