/* Where to: the vendor that takes this model or path, and whether it may be used. */
#include "gateway.h"

ngx_int_t gw_choose_vendor(gw_exchange *x)
{
    gw_main_conf *conf = ngx_http_get_module_main_conf(x->r, ngx_http_custos_module);
    gw_vendor *v = conf->vendors.elts;
    x->vendor = cu_decide_vendor(&x->bundle->b, cu_str(cu_api_name(x->api)), gw_of(&x->prefix), x->model);
    for (ngx_uint_t i = 0; x->vendor && i < conf->vendors.nelts; i++)
        if (cu_eq(x->vendor->name, gw_of(&v[i].name)))
            x->address = &v[i];
    if (!x->vendor || !x->address)
        return gw_refuse(x, 400, "invalid_request_error", "no_vendor", "custos: no vendor is configured for this model or path");
    cu_decision d = cu_decide_vendor_state(x->vendor, cu_now_ns(), &x->vendor_state);
    if (d != CU_DECISION_ALLOW)
        return gw_refuse(x, 400, "invalid_request_error", cu_decision_name(d), "custos: the vendor %.*s may not be used: its assessment %s",
                         CU_FMT(x->vendor->name), d == CU_DECISION_VENDOR_EXPIRED ? "has expired" : "was refused");
    return NGX_OK;
}
