/* What the daemon writes into the log: only what the registry of events describes. */
#include <unistd.h>
#include "app.h"
#include "base/log.h"

#define TAKEN_MS 3000u

static cu_err write_checked(app *a, const cu_leaf_in *in, char *id_out)
{
    cu_fault f = {0};
    if (cu_events_check(a->events, in->type, in->tenant, in->body, &f) != CU_OK) {
        cu_say(CU_LOG_ERROR, "%.*s is not written: %s", CU_FMT(in->type), f.text);
        return CU_INTERNAL;
    }
    CU_TRY(cu_spool_write(a->spool, in, id_out));
    a->written++;
    return CU_OK;
}

cu_err record_under(app *a, const char *type, const char *tenant, const char *actor, cu_bytes body, const char *id)
{
    const cu_leaf_in in = {.type = cu_str(type), .tenant = cu_str(tenant), .actor = cu_str(actor), .body = body, .id = cu_str(id)};
    return write_checked(a, &in, NULL);
}

cu_err record_as(app *a, const char *type, const char *tenant, const char *actor, cu_bytes body, char *id_out)
{
    const cu_leaf_in in = {.type = cu_str(type), .tenant = cu_str(tenant), .actor = cu_str(actor), .body = body};
    return write_checked(a, &in, id_out);
}

cu_err record(app *a, const char *type, const char *tenant, const char *actor, const cu_buf *body)
{
    CU_TRY(cu_buf_err(body));
    return record_as(a, type, tenant, actor, cu_buf_view(body), NULL);
}

void record_wait(app *a)
{
    uint64_t written = a->written;
    if (a->taken < written)
        a->awaited = true;
    for (unsigned ms = 0; (a->taken < written || a->publishing) && !a->behind && !*a->stop && ms < TAKEN_MS; ms++)
        usleep(1000);
}
