/* A compressed request body, decompressed before it is looked at. What it becomes is bounded by the
 * size that a plain body may have, and goes upstream as it is then. */
#include "gateway.h"
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

typedef struct {
    cu_bytes in;
    uint8_t *out;
    size_t room, n;
} job;

typedef enum { DONE, TOO_LARGE, MALFORMED } outcome;

static outcome gunzip(job *j)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)j->in.p, .avail_in = (uInt)j->in.n, .next_out = j->out, .avail_out = (uInt)j->room};
    if (inflateInit2(&z, 15 + 32) != Z_OK) /* gzip or zlib, by its head */
        return MALFORMED;
    int rc = inflate(&z, Z_FINISH);
    j->n = z.total_out;
    bool all = z.avail_in == 0, full = z.avail_out == 0;
    inflateEnd(&z);
    return rc == Z_STREAM_END && all ? DONE : full ? TOO_LARGE : MALFORMED;
}

static outcome unbrotli(job *j)
{
    BrotliDecoderState *s = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    size_t in_n = j->in.n, room = j->room;
    const uint8_t *in = j->in.p;
    uint8_t *out = j->out;
    if (!s)
        return MALFORMED;
    BrotliDecoderResult rc = BrotliDecoderDecompressStream(s, &in_n, &in, &room, &out, &j->n);
    BrotliDecoderDestroyInstance(s);
    return rc == BROTLI_DECODER_RESULT_SUCCESS && in_n == 0 ? DONE
           : rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT  ? TOO_LARGE
                                                            : MALFORMED;
}

static outcome unzstd(job *j)
{
    ZSTD_DStream *s = ZSTD_createDStream();
    ZSTD_inBuffer in = {j->in.p, j->in.n, 0};
    ZSTD_outBuffer out = {j->out, j->room, 0};
    size_t rc = 1, before;
    if (!s || ZSTD_isError(ZSTD_DCtx_setParameter(s, ZSTD_d_windowLogMax, 24))) { /* 16 MiB; RFC 8878 asks for at least 8 */
        ZSTD_freeDStream(s);
        return MALFORMED;
    }
    do {
        before = in.pos + out.pos;
        rc = ZSTD_decompressStream(s, &out, &in);
    } while (!ZSTD_isError(rc) && (in.pos < in.size || rc) && in.pos + out.pos > before);
    ZSTD_freeDStream(s);
    j->n = out.pos;
    return rc == 0 && in.pos == in.size ? DONE : !ZSTD_isError(rc) && out.pos == out.size ? TOO_LARGE : MALFORMED;
}

static const struct {
    const char *name;
    outcome (*decode)(job *j);
} encodings[] = {{"gzip", gunzip}, {"x-gzip", gunzip}, {"deflate", gunzip}, {"br", unbrotli}, {"zstd", unzstd}};

ngx_int_t gw_decode_body(gw_exchange *x)
{
    ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(x->r, ngx_http_core_module);
    cu_bytes name = gw_header(x->r, "content-encoding");
    size_t i = 0, max = (size_t)core->client_max_body_size, count = sizeof encodings / sizeof *encodings;
    if (name.n == 0 || cu_eq_str(name, "identity"))
        return NGX_OK;
    while (i < count && !(name.n == strlen(encodings[i].name) &&
                          ngx_strncasecmp((u_char *)(uintptr_t)name.p, (u_char *)(uintptr_t)encodings[i].name, name.n) == 0))
        i++;
    if (i == count)
        return gw_refuse(x, 415, "invalid_request_error", "content_encoding", "custos: this content-encoding cannot be checked here; "
                         "use gzip, deflate, br or zstd, or send the request without content-encoding");
    job j = {.in = x->body, .room = max + 1};
    j.out = cu_arena_raw(&x->arena, j.room);
    if (!j.out)
        return gw_refuse(x, 500, "api_error", "internal", "custos: out of memory");
    outcome o = encodings[i].decode(&j);
    if (o == MALFORMED)
        return gw_refuse(x, 400, "invalid_request_error", "content_encoding", "custos: the request body is not what its content-encoding says");
    if (o == TOO_LARGE || j.n > max)
        return gw_refuse(x, 413, "request_too_large", "too_large", "custos: the request body is larger than max_body_mib of this gateway "
                         "when it is decompressed");
    x->body = cu_bytes_of(j.out, j.n);
    x->redaction.body = x->body;
    x->decoded = true;
    return NGX_OK;
}
