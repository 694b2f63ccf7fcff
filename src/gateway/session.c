/* Conversations that the provider keeps: what was replaced in an earlier request of the same tenant
 * comes back in this answer. */
#include "gateway.h"

static cu_surrogate_key key_of(const gw_exchange *x)
{
    cu_surrogate_key k = {.key_id = (char)x->tenant->key_id};
    memcpy(k.key, x->tenant->surrogate_key, sizeof k.key);
    return k;
}

void gw_session_recall(gw_exchange *x, cu_bytes before)
{
    cu_surrogate_key k = key_of(x);
    if (before.n && gw.sessions && cu_session_recall(gw.sessions, &k, before, &x->redaction.issued, &x->arena) == CU_NOMEM)
        ngx_log_error(NGX_LOG_WARN, x->r->connection->log, 0, "custos: values of an earlier request could not be recalled");
    cu_wipe(&k, sizeof k);
}

/* A conversation has its name before the answer has one, and holds the values of all its requests: those
 * of this one are added before it is forwarded, because the provider may keep it even if its answer is torn. */
void gw_session_join(gw_exchange *x, cu_bytes conversation)
{
    if (conversation.n == 0 || !gw.sessions)
        return;
    bool alone = gw_joining_lock();
    gw_session_recall(x, conversation);
    cu_surrogate_key k = key_of(x);
    if (!alone || cu_session_keep(gw.sessions, &k, conversation, &x->redaction.issued) != CU_OK)
        ngx_log_error(NGX_LOG_WARN, x->r->connection->log, 0, "custos: values of this request could not be kept for its conversation");
    if (alone)
        gw_joining_unlock();
    cu_wipe(&k, sizeof k);
}

/* As soon as the answer says its id: the next request may name it before this stream has ended. */
void gw_session_keep(gw_exchange *x)
{
    const cu_answer *a = x->restorer ? cu_restorer_answer(x->restorer) : &x->answer;
    if (!x->keeps_session || !gw.sessions || !a->response_id[0])
        return;
    cu_surrogate_key k = key_of(x);
    if (cu_session_keep(gw.sessions, &k, cu_str(a->response_id), &x->redaction.issued) != CU_OK)
        ngx_log_error(NGX_LOG_WARN, x->r->connection->log, 0, "custos: values of this request could not be kept for the next one");
    cu_wipe(&k, sizeof k);
    x->keeps_session = false;
}
