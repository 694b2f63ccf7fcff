/* A stream may be held for many minutes: once the provider has the whole request, only what the answer
 * needs is kept of it, however large it was. */
#include "gateway.h"

#define WORTH_IT 65536u   /* bytes; an answer that is no stream is over soon, and less is not copied for it */
#define KEPT_FIRST 2048u /* bytes: most streams need no more */

/* What is still asked for goes to memory of its own. */
static cu_err keep(gw_exchange *x, cu_arena *to)
{
    CU_TRY(cu_issued_move(&x->redaction.issued, to));
    x->model = cu_arena_dup(to, x->model);
    x->code.name = cu_arena_dup(to, x->code.name);
    return x->model.p && x->code.name.p ? CU_OK : CU_NOMEM;
}

void gw_release_body(gw_exchange *x)
{
    ngx_http_request_t *r = x->r;
    ngx_connection_t *c = r->upstream->peer.connection;
    cu_arena kept;
    if (!r->upstream->request_body_sent || x->released || (x->json && x->arena.used < WORTH_IT))
        return;
    if (c && c->ssl && !c->buffered)
        ngx_ssl_free_buffer(c); /* 16 KB; made again for the next request */
    cu_arena_init(&kept, x->arena.ceiling);
    kept.first = KEPT_FIRST;
    if (keep(x, &kept) != CU_OK) { /* what was copied so far lives as long as the rest */
        cu_arena_join(&x->arena, &kept);
        return;
    }
    for (ngx_chain_t *in = x->received; in; in = in->next)
        (void)ngx_pfree(r->pool, in->buf->start); /* declined when it is no block of its own */
    if (r->request_body->buf)
        (void)ngx_pfree(r->pool, r->request_body->buf->start);
    r->request_body->buf = NULL;
    r->request_body->bufs = x->received = NULL;
    r->upstream->request_bufs = NULL;
    x->body = x->redaction.body = x->before = x->conversation = CU_NONE;
    x->scan = NULL;
    x->begun = NULL;
    cu_arena_free(&x->arena);
    x->arena = kept;
    x->released = true;
}
