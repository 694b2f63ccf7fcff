/* A request that is larger than a TLS record goes to the provider in several writes. Each would be packets of its
 * own, and a provider that wakes, for every 16 KB: so the socket holds back what does not fill a segment (TCP_CORK)
 * until all is written. When it can take no more in between, what fills segments leaves all the same. */
#include "gateway.h"
#include <ngx_http_ssl_module.h>

#define ONE_WRITE 16384 /* bytes: what nginx gives to TLS at once */
#define ONE_READ 65536  /* bytes: of a connection that has sent so much; OpenSSL gives the room back when it is empty */

static ngx_http_upstream_init_pt next_upstream; /* keepalive's, which is the same for each upstream */
static ngx_http_upstream_init_peer_pt next_peer;

static bool several_writes(const ngx_chain_t *c)
{
    off_t n = 0;
    for (; c && n <= ONE_WRITE; c = c->next)
        n += ngx_buf_size(c->buf);
    return n > ONE_WRITE;
}

static ngx_int_t write_gathered(void *data, ngx_chain_t *in)
{
    const ngx_chain_writer_ctx_t *w = data;
    ngx_connection_t *c = w->connection;
    bool several = several_writes(in) || several_writes(w->out); /* out: what the turn before left */
    if (several && c->tcp_nopush != NGX_TCP_NOPUSH_SET && ngx_tcp_nopush(c->fd) != -1)
        c->tcp_nopush = NGX_TCP_NOPUSH_SET;
    ngx_int_t rc = ngx_chain_writer(data, in);
    if (rc == NGX_OK && c->tcp_nopush == NGX_TCP_NOPUSH_SET) {
        if (ngx_tcp_push(c->fd) == -1)
            return NGX_ERROR;
        c->tcp_nopush = NGX_TCP_NOPUSH_UNSET;
    }
    return rc;
}

static ngx_int_t init_peer(ngx_http_request_t *r, ngx_http_upstream_srv_conf_t *us)
{
    r->upstream->output.output_filter = write_gathered;
    return next_peer(r, us);
}

static ngx_int_t init_upstream(ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *us)
{
    if (next_upstream(cf, us) != NGX_OK)
        return NGX_ERROR;
    next_peer = us->peer.init;
    us->peer.init = init_peer;
    return NGX_OK;
}

/* custos_gather; in an upstream block, behind keepalive */
char *gw_gather_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_upstream_srv_conf_t *us = ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module);
    if (!us->peer.init_upstream || us->peer.init_upstream == init_upstream)
        return (char *)(uintptr_t) "stands once, behind keepalive";
    next_upstream = us->peer.init_upstream;
    us->peer.init_upstream = init_upstream;
    return NGX_CONF_OK;
}

/* What a client sends comes in TLS records of 16 KB at most, and OpenSSL asks the kernel for each. */
void gw_gather_reads(const ngx_http_core_main_conf_t *core)
{
    ngx_http_core_srv_conf_t **server = core->servers.elts;
    for (ngx_uint_t i = 0; i < core->servers.nelts; i++) {
        const ngx_http_ssl_srv_conf_t *tls = server[i]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];
        if (tls->ssl.ctx)
            SSL_CTX_set_default_read_buffer_len(tls->ssl.ctx, ONE_READ);
    }
}
