/* A large upload is decrypted as fast as its client sends it, and nginx reads until nothing is left: 3.5 MB would keep
 * every other request and stream of this worker waiting. So a body is read in pieces, and between two of them the event
 * loop has a turn. The way out is cut by sendfile_max_chunk (serve/nginx_conf.c). */
#include "gateway.h"

#define PIECE ((size_t)256 << 10) /* bytes: decrypting them takes a fraction of a millisecond */

static const ngx_connection_t *just_read; /* a whole piece; only compared */

static ssize_t read_piece(ngx_connection_t *c, u_char *buf, size_t size)
{
    if (just_read == c) {
        just_read = NULL;
        c->read->ready = 0; /* the turn that comes says that it is, as ngx_ssl_recv() has it for data that TLS holds */
        if (c->read->posted) {
            ngx_delete_posted_event(c->read);
        }
        ngx_post_event(c->read, &ngx_posted_next_events);
        return NGX_AGAIN;
    }
    ssize_t n = ngx_ssl_recv(c, buf, size < PIECE ? size : PIECE);
    just_read = n == (ssize_t)PIECE ? c : NULL;
    return n;
}

void gw_pieces_begin(ngx_http_request_t *r)
{
    if (!r->stream && r->connection->ssl) /* HTTP/2 reads for all of its streams, 256 KB at once */
        r->connection->recv = read_piece;
}

void gw_pieces_end(ngx_http_request_t *r)
{
    if (r->connection->recv == read_piece)
        r->connection->recv = ngx_ssl_recv;
}
