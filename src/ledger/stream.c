#include "stream.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>
#include "base/file.h"

#define PIECE (256u << 10)
#define GROWTH 100u                 /* how many times its compressed size a bundle may have, beyond … */
#define GROWTH_FREE (1ull << 30)    /* … this many bytes */

struct stream {
    int fd;
    cu_bytes memory;
    ZSTD_DCtx *z;                   /* NULL: a plain tar */
    bool begun, frame_ended;
    uint8_t in[PIECE], out[PIECE];
    ZSTD_inBuffer zin;
    size_t at, n;                   /* of out */
    uint64_t read, grown;           /* bytes before and after decompression */
    char name[EXPORT_NAME_MAX + 1];
    uint64_t size, left;            /* of the member */
    uint64_t members;
    cu_hasher *digest;
    cu_buf manifest;
};

cu_err stream_open(int fd, cu_bytes memory, stream **out)
{
    stream *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return CU_NOMEM;
    s->fd = fd;
    s->memory = memory;
    s->manifest = CU_BUF(EXPORT_MANIFEST_MAX);
    cu_buf_str(&s->manifest, EXPORT_MANIFEST_HEAD);
    return CU_OK;
}

void stream_close(stream *s)
{
    if (!s)
        return;
    ZSTD_freeDCtx(s->z);
    cu_hasher_drop(s->digest);
    cu_buf_free(&s->manifest);
    free(s);
}

/* More of the input; n 0: its end. */
static cu_err input(stream *s, size_t *n)
{
    if (s->fd < 0) {
        *n = s->memory.n < sizeof s->in ? s->memory.n : sizeof s->in;
        if (*n)
            memcpy(s->in, s->memory.p, *n);
        s->memory = cu_slice(s->memory, *n, s->memory.n);
    } else {
        ssize_t got;
        do
            got = read(s->fd, s->in, sizeof s->in);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return cu_errno_err(errno);
        *n = (size_t)got;
    }
    s->read += *n;
    return CU_OK;
}

static cu_err begin(stream *s)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    size_t n;
    CU_TRY(input(s, &n));
    s->begun = true;
    s->zin = (ZSTD_inBuffer){s->in, n, 0};
    if (n < sizeof magic || memcmp(s->in, magic, sizeof magic) != 0)
        return CU_OK;
    s->z = ZSTD_createDCtx();
    return s->z && !ZSTD_isError(ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, EXPORT_WINDOW_LOG)) ? CU_OK : CU_NOMEM;
}

static cu_err refill_plain(stream *s)
{
    size_t n = s->zin.size - s->zin.pos;
    if (n == 0)
        CU_TRY(input(s, &n));
    else
        s->zin.pos = s->zin.size;
    memcpy(s->out, s->in, n);
    s->n = n;
    return CU_OK;
}

static cu_err refill_zstd(stream *s)
{
    ZSTD_outBuffer out = {s->out, sizeof s->out, 0};
    while (out.pos == 0) {
        if (s->zin.pos == s->zin.size) {
            size_t n;
            CU_TRY(input(s, &n));
            s->zin = (ZSTD_inBuffer){s->in, n, 0};
            if (n == 0)
                return s->frame_ended ? CU_OK : CU_TORN;
        }
        if (s->frame_ended) /* one frame is a bundle; what stands behind it belongs to nobody */
            return CU_SYNTAX;
        size_t left = ZSTD_decompressStream(s->z, &out, &s->zin);
        if (ZSTD_isError(left))
            return CU_SYNTAX;
        s->frame_ended = left == 0;
    }
    s->n = out.pos;
    return CU_OK;
}

/* Bytes into out; at the end n stays 0. */
static cu_err refill(stream *s)
{
    s->at = s->n = 0;
    if (!s->begun)
        CU_TRY(begin(s));
    CU_TRY(s->z ? refill_zstd(s) : refill_plain(s));
    s->grown += s->n;
    return s->grown > GROWTH_FREE && s->grown / GROWTH > s->read ? CU_TOO_BIG : CU_OK;
}

/* What is at hand of the next `most` bytes. */
static cu_err some(stream *s, uint64_t most, cu_bytes *out)
{
    if (s->at == s->n)
        CU_TRY(refill(s));
    size_t n = s->n - s->at;
    if (n > most)
        n = (size_t)most;
    *out = cu_bytes_of(s->out + s->at, n);
    s->at += n;
    return n ? CU_OK : CU_TORN;
}

static cu_err exactly(stream *s, uint8_t *to, size_t n)
{
    for (size_t at = 0; at < n;) {
        cu_bytes part;
        CU_TRY(some(s, n - at, &part));
        memcpy(to + at, part.p, part.n);
        at += part.n;
    }
    return CU_OK;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* Behind the second empty block there is nothing. */
static cu_err end(stream *s)
{
    uint8_t block[EXPORT_BLOCK];
    cu_bytes more;
    CU_TRY(exactly(s, block, sizeof block));
    cu_err e = all_zero(block, sizeof block) ? some(s, 1, &more) : CU_SYNTAX;
    if (e == CU_TORN && (!s->z || s->frame_ended))
        return CU_NOT_FOUND;
    return e == CU_OK ? CU_SYNTAX : e;
}

static cu_err explain(const stream *s, cu_err e, cu_fault *f)
{
    const char *what = e == CU_TORN      ? "the file is cut short"
                       : e == CU_TOO_BIG ? "it unpacks to more than 100 times its size"
                       : e == CU_SYNTAX  ? "this is not what Custos writes: a header, the padding or the compression is different"
                                         : cu_err_text(e);
    return e == CU_OK || e == CU_NOT_FOUND ? e : cu_fail(f, e, "behind %.99s: %s", s->name[0] ? s->name : "the beginning", what);
}

cu_err stream_next(stream *s, char name[EXPORT_NAME_MAX + 1], uint64_t *size, cu_fault *f)
{
    uint8_t block[EXPORT_BLOCK];
    CU_ASSERT(s->left == 0 && !s->digest);
    cu_err e = exactly(s, block, sizeof block);
    if (e == CU_OK && all_zero(block, sizeof block))
        return explain(s, end(s), f);
    if (e == CU_OK)
        e = export_header_parse(block, name, size);
    if (e != CU_OK)
        return explain(s, e, f);
    memcpy(s->name, name, sizeof s->name);
    s->size = s->left = *size;
    s->digest = cu_hasher_new(CU_NONE);
    return s->digest ? CU_OK : CU_NOMEM;
}

static cu_err finish(stream *s, cu_sha256 *digest)
{
    uint8_t block[EXPORT_BLOCK];
    cu_sha256 own;
    size_t pad = (EXPORT_BLOCK - s->size % EXPORT_BLOCK) % EXPORT_BLOCK;
    CU_TRY(exactly(s, block, pad));
    cu_hasher_end(s->digest, &own);
    s->digest = NULL;
    export_manifest_line(s->name, s->size, &own, s->members == 0, &s->manifest);
    s->members++;
    if (digest)
        *digest = own;
    return all_zero(block, pad) ? cu_buf_err(&s->manifest) : CU_SYNTAX;
}

static cu_err body(stream *s, cu_buf *out, int fd)
{
    while (s->left) {
        cu_bytes part;
        CU_TRY(some(s, s->left, &part));
        cu_hasher_add(s->digest, part);
        if (out)
            cu_buf_add(out, part);
        if (fd >= 0)
            CU_TRY(cu_write_all(fd, part));
        s->left -= part.n;
    }
    return out ? cu_buf_err(out) : CU_OK;
}

cu_err stream_member(stream *s, cu_buf *out, cu_sha256 *digest, cu_fault *f)
{
    if (s->size > out->ceiling - out->n)
        return cu_fail(f, CU_TOO_BIG, "%.99s is larger than it can be", s->name);
    cu_err e = body(s, out, -1);
    return explain(s, e == CU_OK ? finish(s, digest) : e, f);
}

cu_err stream_skip(stream *s, cu_sha256 *digest, cu_fault *f)
{
    cu_err e = body(s, NULL, -1);
    return explain(s, e == CU_OK ? finish(s, digest) : e, f);
}

cu_err stream_copy(stream *s, int fd, cu_sha256 *digest, cu_fault *f)
{
    cu_err e = body(s, NULL, fd);
    return explain(s, e == CU_OK ? finish(s, digest) : e, f);
}

cu_bytes stream_manifest_so_far(const stream *s)
{
    return cu_buf_view(&s->manifest);
}

cu_err stream_manifest(stream *s, cu_bytes *out)
{
    cu_buf_str(&s->manifest, EXPORT_MANIFEST_FOOT);
    *out = cu_buf_view(&s->manifest);
    return cu_buf_err(&s->manifest);
}

uint64_t stream_members(const stream *s)
{
    return s->members;
}
