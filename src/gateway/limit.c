/* What the caller may use: requests and concurrency before the body is read, tokens and spend once
 * the model is known, and the settlement when the answer has ended. */
#include "gateway.h"

/* Who is counted: the key, when it has limits, and its tenant, when that has. */
static size_t holders_of(const gw_exchange *x, gw_holder h[GW_HOLDERS])
{
    static const cu_limits none;
    const struct {
        const char *kind;
        cu_bytes name;
        const cu_limits *limits;
    } all[GW_HOLDERS] = {{"key", x->key->id, &x->key->limits}, {"tenant", x->tenant->name, &x->tenant->limits}};
    size_t n = 0;
    for (size_t i = 0; i < GW_HOLDERS; i++) {
        cu_sha256 d;
        if (memcmp(all[i].limits, &none, sizeof none) == 0)
            continue;
        cu_sha256_of3(cu_str(all[i].kind), CU_LIT(":"), all[i].name, &d);
        memcpy(&h[n].id, &d, sizeof h[n].id);
        h[n].kind = all[i].kind;
        h[n++].limits = all[i].limits;
    }
    return n;
}

static void record_hit(gw_exchange *x, const char *limit, const char *of)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(512);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "exchange", x->id);
    cu_buf_json_kv_str(&b, "limit", limit);
    cu_buf_json_kv_str(&b, "of", of);
    cu_buf_byte(&b, '}');
    gw_record_event(x, "limit.hit", &b);
}

static ngx_int_t refuse(gw_exchange *x, const gw_holder *h, const gw_limit_hit *hit)
{
    const char *limit = cu_limit_name(hit->kind), *of = h[hit->holder].kind;
    x->retry_after = (unsigned)((hit->wait_ns + 999999999) / 1000000000);
    record_hit(x, limit, of);
    return gw_refuse(x, 429, "rate_limit_error", limit, "custos: the limit %s of this %s is reached; try again in %u s", limit, of, x->retry_after);
}

static ngx_int_t broken(gw_exchange *x)
{
    return gw_refuse(x, 503, "api_error", "limits_unavailable", "custos: the use of this key cannot be counted at the moment, so the request "
                     "was not forwarded; try again");
}

ngx_int_t gw_limit_request(gw_exchange *x)
{
    gw_holder h[GW_HOLDERS];
    gw_limit_hit hit;
    size_t n = holders_of(x, h);
    if (n == 0)
        return NGX_OK;
    if (!gw_holders_begin(h, n, cu_now_ns(), &hit))
        return broken(x);
    if (hit.kind != CU_LIMIT_NONE)
        return refuse(x, h, &hit);
    x->counted = true;
    return NGX_OK;
}

static uint64_t estimated(uint64_t bytes)
{
    return bytes / 4;
}

ngx_int_t gw_limit_tokens(gw_exchange *x)
{
    gw_holder h[GW_HOLDERS];
    gw_limit_hit hit;
    const cu_bundle_price *price = cu_price_of(&x->bundle->b, x->model);
    uint64_t tokens = estimated(x->body.n), spend = price ? cu_price_cost(price, tokens, 0, 0, 0) : 0, now = cu_now_ns();
    if (!x->counted || x->model.n == 0)
        return NGX_OK;
    if (!price && (x->key->limits.spend_per_day || x->tenant->limits.spend_per_day))
        return gw_refuse(x, 400, "invalid_request_error", "no_price", "custos: this caller has a limit on spend, and the price of this model is not "
                         "known; add the model to prices in custos.yaml");
    size_t n = holders_of(x, h);
    if (!gw_holders_reserve(h, n, tokens, spend, now, &hit))
        return broken(x);
    if (hit.kind != CU_LIMIT_NONE)
        return refuse(x, h, &hit);
    x->reserved = (gw_reserved){tokens, spend, now};
    return NGX_OK;
}

/* As the provider says. When it says nothing, or the answer broke off before it did, an estimate that
 * is rather high: a quarter of the bytes, or one token an event. */
void gw_limit_usage(const gw_exchange *x, gw_used *u)
{
    const cu_answer *a = &x->answer;
    const cu_bundle_price *price = cu_price_of(&x->bundle->b, x->model);
    *u = (gw_used){.input = a->input_tokens, .output = a->output_tokens, .cache_read = a->cache_read_tokens, .cache_write = a->cache_creation_tokens};
    if (x->model.n == 0 || !x->recorded || x->r->headers_out.status >= 400) { /* a list of models, or an error: nothing was used */
        *u = (gw_used){0};
        return;
    }
    bool nothing = u->input + u->output + u->cache_read + u->cache_write == 0;
    if (nothing)
        u->input = estimated(x->body_bytes);
    uint64_t seen = x->sse ? a->events : estimated(x->answer_bytes);
    u->estimated = nothing || (!x->finished && u->output < seen);
    if (u->estimated && u->output < seen)
        u->output = seen;
    u->spend = price ? cu_price_cost(price, u->input, u->output, u->cache_read, u->cache_write) : 0;
}

void gw_limit_end(gw_exchange *x)
{
    gw_holder h[GW_HOLDERS];
    gw_used u;
    if (!x->counted)
        return;
    x->counted = false;
    gw_limit_usage(x, &u);
    gw_holders_end(h, holders_of(x, h), &x->reserved, u.input + u.output + u.cache_read + u.cache_write, u.spend, cu_now_ns());
}
