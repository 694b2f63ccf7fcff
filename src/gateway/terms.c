/* What the request asks of the vendor, against the terms of the plan; and the tools that it offers,
 * against the scope of the key. */
#include "gateway.h"
#include "policy/terms.h"
#include "wire/flags.h"

static bool in_scope(void *arg, cu_bytes name)
{
    return cu_scope_holds(((const gw_exchange *)arg)->key->scopes.tools, name);
}

static cu_flag flag_of(cu_member m)
{
    return m == CU_MEMBER_TRUE ? CU_FLAG_TRUE : m == CU_MEMBER_FALSE ? CU_FLAG_FALSE : m == CU_MEMBER_OTHER ? CU_FLAG_OTHER : CU_FLAG_ABSENT;
}

static void read_flags(const gw_exchange *x, const cu_json_strings *s, cu_request_flags *f)
{
    cu_bytes collect = cu_member_text(x->body, s, "provider", "data_collection", "deny");
    cu_member conversation = cu_member_flag(x->body, s, "conversation");
    *f = (cu_request_flags){.conversation = x->route->conversation || (gw_keeps_answers(x) && conversation != CU_MEMBER_ABSENT && conversation != CU_MEMBER_NULL),
                            .store = flag_of(cu_member_flag(x->body, s, "store")), .background = flag_of(cu_member_flag(x->body, s, "background")),
                            .keeps_by_default = gw_keeps_answers(x)};
    if (collect.p)
        f->collect = cu_eq_str(collect, "deny") ? CU_FLAG_FALSE : CU_FLAG_TRUE;
}

static void record_mismatch(gw_exchange *x, const char *flag, const char *done)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1024);
    cu_buf_byte(&b, '{');
    cu_buf_json_kv_str(&b, "done", done);
    cu_buf_json_kv_str(&b, "exchange", x->id);
    cu_buf_json_kv_str(&b, "flag", flag);
    cu_buf_json_kv(&b, "plan", x->vendor->plan);
    cu_buf_json_kv(&b, "vendor", x->vendor->name);
    cu_buf_byte(&b, '}');
    gw_record_event(x, "request.flag_mismatch", &b);
}

ngx_int_t gw_check_terms(gw_exchange *x, cu_json_strings *s)
{
    cu_request_flags flags;
    bool settable;
    if (x->key->scopes.tools.n && !cu_tool_names(x->body, s, in_scope, x))
        return gw_refuse(x, 400, "invalid_request_error", cu_decision_name(CU_DECISION_TOOL_SCOPE), "custos: the request offers a tool that this "
                         "key may not use; its tools are %.200s", cu_arena_str(&x->arena, x->key->scopes.tools));
    read_flags(x, s, &flags);
    const char *flag = cu_terms_mismatch(x->vendor, &flags, &settable);
    if (!flag)
        return NGX_OK;
    if (x->vendor->mismatch == CU_MISMATCH_RECORD) {
        record_mismatch(x, flag, "recorded");
        return NGX_OK;
    }
    cu_bytes body;
    if (x->vendor->mismatch == CU_MISMATCH_SET && settable && cu_member_set_false(x->body, s, flag, &x->arena, &body) == CU_OK) {
        x->body = body;
        x->body_set = true;
        record_mismatch(x, flag, "set");
        return NGX_OK;
    }
    record_mismatch(x, flag, "refused");
    return gw_refuse(x, 400, "invalid_request_error", cu_decision_name(CU_DECISION_TERMS), "custos: %s in the request contradicts what is agreed "
                     "with the vendor %.*s; %s", flag, CU_FMT(x->vendor->name),
                     strcmp(flag, "conversation") == 0 ? "send the whole conversation instead" : "set it to false");
}
