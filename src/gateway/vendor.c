/* Where to: the vendor that takes this model or path, and whether it may be used, by whom, and how. */
#include "gateway.h"
#include "wire/json.h"

static void record_denied(gw_exchange *x, cu_decision d)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "bundle", x->bundle->digest);
    cu_buf_json_kv_str(&b, "decision", cu_decision_name(d));
    cu_buf_json_kv_str(&b, "exchange", x->id);
    cu_buf_json_kv(&b, "vendor", x->vendor->name);
    cu_buf_json_kv_str(&b, "vendor_state", cu_vendor_state_name(x->vendor_state));
    cu_buf_byte(&b, '}');
    gw_record_event(x, "route.denied", &b);
}

static ngx_int_t deny(gw_exchange *x, cu_decision d)
{
    const char *why = d == CU_DECISION_VENDOR_EXPIRED      ? "may not be used: its assessment has expired"
                      : d == CU_DECISION_VENDOR_REFUSED    ? "may not be used: its assessment was refused"
                      : d == CU_DECISION_VENDOR_UNASSESSED ? "may not be used: it has no assessment; add one to custos.yaml"
                      : d == CU_DECISION_VENDOR_SCOPE      ? "is not among those that this key may use"
                                                           : "may be used with this key, but not with this model";
    if (d != CU_DECISION_MODEL_SCOPE)
        record_denied(x, d);
    return gw_refuse(x, 400, "invalid_request_error", cu_decision_name(d), "custos: the vendor %.*s %s", CU_FMT(x->vendor->name), why);
}

/* The model's name is compared with lists: as it is meant, not as it is spelled. */
static bool unescape_model(gw_exchange *x)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(x->model.n + 16);
    if (x->model.n == 0 || !memchr(x->model.p, '\\', x->model.n))
        return true;
    cu_json_unescape(x->model, &b);
    x->model = cu_arena_dup(&x->arena, cu_buf_view(&b));
    return cu_buf_err(&b) == CU_OK && x->model.p;
}

ngx_int_t gw_choose_vendor(gw_exchange *x)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(x->r, ngx_http_custos_module);
    gw_vendor *v = conf->vendors.elts;
    if (!unescape_model(x))
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    x->vendor = cu_decide_vendor(&x->bundle->b, cu_str(cu_api_name(x->api)), gw_of(&x->prefix), x->model);
    for (ngx_uint_t i = 0; x->vendor && i < conf->vendors.nelts; i++)
        if (cu_eq(x->vendor->name, gw_of(&v[i].name)))
            x->address = &v[i];
    if (!x->vendor || !x->address)
        return gw_refuse(x, 400, "invalid_request_error", "no_vendor", "custos: no vendor is configured for this model or path");
    cu_decision d = cu_decide_vendor_state(x->vendor, cu_now_ns(), &x->vendor_state);
    if (d == CU_DECISION_ALLOW)
        d = cu_decide_scope(x->key, x->vendor->name, x->model);
    if (x->vendor->pins.n)
        gw_pin_init(x->r);
    if (d != CU_DECISION_ALLOW)
        return deny(x, d);
    ngx_int_t rc = gw_breaker_check(x);
    return rc == NGX_OK ? gw_limit_tokens(x) : rc;
}

/* A vendor without a SOC 2 report gets no personal data and no secrets, not even replaced ones: what
 * would be replaced is blocked. What the tenant allows by name stays allowed. */
cu_act gw_act(const gw_exchange *x, cu_type type)
{
    cu_act act = (cu_act)x->tenant->act[type];
    return x->vendor->strict && act == CU_ACT_REPLACE && cu_type_class(type) != CU_CLASS_NONE ? CU_ACT_BLOCK : act;
}

/* Whether the API keeps an answer unless the request says that it must not. */
bool gw_keeps_answers(const gw_exchange *x)
{
    return x->route->stateful;
}
