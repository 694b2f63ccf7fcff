/* Code of one tenant in an answer to another: what tenants send is learnt, what they get is looked at. */
#include "gateway.h"

/* Of tenants with names; probes come beside them and are always looked at. */
static bool has_others(const gw_exchange *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->bundle->b.tenants_n; i++)
        n += !cu_bundle_is_probe(x->bundle->b.tenants[i].name);
    return x->bundle->b.leak_detector && gw.leaks && (n > 1 || cu_bundle_is_probe(x->tenant->name));
}

/* Strings of the client's own words: not what tools are, nor the instructions that come with the
 * client, which every tenant has. */
void gw_leak_learn(gw_exchange *x, const cu_json_strings *s)
{
    static const char *const others[] = {"system", "tools", "instructions", "systemInstruction", "system_instruction"};
    bool own = true;
    if (!has_others(x) || x->code.whole.class < CU_DATA_CONFIDENTIAL)
        return;
    uint32_t owner = cu_leak_owner(gw.leaks, x->tenant->name);
    for (size_t i = 0; i < s->n; i++) {
        const cu_json_string *v = &s->v[i];
        if (v->depth == 1 && v->flags & CU_JSON_KEY) {
            own = true;
            for (size_t k = 0; k < sizeof others / sizeof *others; k++)
                own &= !cu_json_is(x->body, *v, others[k]);
        }
        if (own && !(v->flags & (CU_JSON_KEY | CU_JSON_OPAQUE)) && v->end - v->start >= CU_LEAK_MIN_TEXT)
            cu_leaks_learn(gw.leaks, owner, cu_slice(x->body, v->start, v->end)); /* the reader knows escapes */
    }
}

void gw_leak_begin(gw_exchange *x)
{
    if (!has_others(x))
        return;
    x->leak = cu_arena_raw(&x->arena, sizeof *x->leak);
    if (x->leak)
        cu_leak_watch_begin(x->leak, gw.leaks, cu_leak_owner(gw.leaks, x->tenant->name));
}

void gw_leak_feed(gw_exchange *x, cu_bytes answer)
{
    if (x->leak)
        cu_leak_watch_feed(x->leak, answer);
}

static cu_bytes tenant_of(const gw_exchange *x, uint32_t owner)
{
    for (size_t i = 0; i < x->bundle->b.tenants_n; i++)
        if (cu_leak_owner(gw.leaks, x->bundle->b.tenants[i].name) == owner)
            return x->bundle->b.tenants[i].name;
    return CU_LIT("unknown");
}

/* In the organisation's log: neither tenant's may name the other. */
void gw_leak_end(gw_exchange *x)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(2048);
    uint32_t owner, count;
    if (!x->leak || !cu_leak_watch_alarm(x->leak, &owner, &count))
        return;
    cu_bytes from = tenant_of(x, owner);
    bool probe = cu_bundle_is_probe(x->tenant->name) || cu_bundle_is_probe(from);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "about", x->id);
    cu_buf_json_kv(&b, "code_of", from);
    cu_buf_json_kv_u64(&b, "fingerprints", count);
    cu_buf_json_kv_bool(&b, "probe", probe);
    cu_buf_json_kv(&b, "shown_to", x->tenant->name);
    cu_buf_json_kv(&b, "vendor", x->vendor->name);
    cu_buf_byte(&b, '}');
    if (!probe)
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0, "custos: the answer %s holds code that another tenant sent", x->id);
    gw_record_own(probe ? "probe.leak_suspected" : "isolation.leak_suspected", &b);
    x->leak = NULL;
}
