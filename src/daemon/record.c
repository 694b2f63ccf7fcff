/* What the daemon writes into the log: only what the registry of events describes. */
#include "app.h"
#include "base/log.h"

cu_err record_under(app *a, const char *type, const char *tenant, const char *actor, cu_bytes body, const char *id)
{
    cu_fault f = {0};
    const cu_leaf_in in = {.type = cu_str(type), .tenant = cu_str(tenant), .actor = cu_str(actor), .body = body, .id = cu_str(id)};
    if (cu_events_check(a->events, in.type, in.tenant, body, &f) != CU_OK) {
        cu_say(CU_LOG_ERROR, "%s is not written: %s", type, f.text);
        return CU_INTERNAL;
    }
    return cu_spool_write(a->spool, &in, NULL);
}

cu_err record_as(app *a, const char *type, const char *tenant, const char *actor, cu_bytes body, char *id_out)
{
    cu_fault f = {0};
    const cu_leaf_in in = {.type = cu_str(type), .tenant = cu_str(tenant), .actor = cu_str(actor), .body = body};
    if (cu_events_check(a->events, in.type, in.tenant, body, &f) != CU_OK) {
        cu_say(CU_LOG_ERROR, "%s is not written: %s", type, f.text);
        return CU_INTERNAL;
    }
    return cu_spool_write(a->spool, &in, id_out);
}

cu_err record(app *a, const char *type, const char *tenant, const char *actor, const cu_buf *body)
{
    CU_TRY(cu_buf_err(body));
    return record_as(a, type, tenant, actor, cu_buf_view(body), NULL);
}
