/* The trace that an exchange belongs to: the client's, or a new one. The daemon makes the span of it from
 * the entries; here it only gets its name. */
#include "gateway.h"

static void random_hex(char *out, size_t bytes)
{
    uint8_t r[16];
    cu_random(r, bytes);
    cu_hex(out, r, bytes);
}

void gw_trace_begin(gw_exchange *x)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(x->r, ngx_http_custos_module);
    if (conf->trace == GW_TRACE_OFF)
        return;
    if (!cu_trace_read(gw_header(x->r, "traceparent"), &x->trace)) {
        x->trace = (cu_trace){.sampled = true};
        random_hex(x->trace.trace, 16);
    }
    random_hex(x->span, 8);
}

/* Member trace: TRACE-SPAN or TRACE-SPAN-PARENT. Nothing when the client asked not to be traced. */
void gw_put_trace(cu_buf *b, const gw_exchange *x)
{
    if (x->span[0] && x->trace.sampled) {
        char text[72];
        snprintf(text, sizeof text, "%s-%s%s%s", x->trace.trace, x->span, x->trace.parent[0] ? "-" : "", x->trace.parent);
        cu_buf_json_kv_str(b, "trace", text);
    }
}

/* What goes upstream; empty: nothing. */
ngx_int_t gw_trace_upstream(gw_exchange *x, ngx_str_t *out)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(x->r, ngx_http_custos_module);
    ngx_str_null(out);
    if (conf->trace != GW_TRACE_UPSTREAM || !x->span[0])
        return NGX_OK;
    out->data = ngx_pnalloc(x->r->pool, CU_TRACE_LEN);
    if (!out->data)
        return NGX_ERROR;
    cu_trace_write(&x->trace, x->span, (char *)out->data);
    out->len = CU_TRACE_LEN - 1;
    return NGX_OK;
}
