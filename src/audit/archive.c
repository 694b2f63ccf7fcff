#include "archive.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zstd.h>
#include "base/file.h"
#include "export_form.h"

#define LEVEL 9
#define PIECE (128u << 10)
#define ASK_EVERY ((uint64_t)4 << 20) /* bytes written between two looks at what is free */

struct archive {
    int fd;
    ZSTD_CCtx *z;
    uint8_t out[PIECE];
    uint64_t files, bytes; /* bytes: compressed */
    uint64_t keep_free, asked; /* asked: bytes written when the file system was asked last */
    cu_buf manifest;
    cu_err err;
};

/* So much may be written before the next look, beside what must stay free. */
static cu_err room(archive *a)
{
    struct statvfs v;
    if (a->keep_free == 0 || (a->asked && a->bytes - a->asked < ASK_EVERY))
        return CU_OK;
    a->asked = a->bytes ? a->bytes : 1;
    if (fstatvfs(a->fd, &v) != 0)
        return cu_errno_err(errno);
    return (uint64_t)v.f_bavail * v.f_frsize < a->keep_free + ASK_EVERY ? CU_NOSPC : CU_OK;
}

cu_err archive_err(const archive *a)
{
    return a->err;
}

cu_err archive_new(int fd, uint64_t keep_free, archive **out)
{
    archive *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a)
        return CU_NOMEM;
    a->fd = fd;
    a->keep_free = keep_free;
    a->z = ZSTD_createCCtx();
    a->manifest = CU_BUF(EXPORT_MANIFEST_MAX);
    cu_buf_str(&a->manifest, EXPORT_MANIFEST_HEAD);
    if (!a->z || ZSTD_isError(ZSTD_CCtx_setParameter(a->z, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(a->z, ZSTD_c_windowLog, EXPORT_WINDOW_LOG)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(a->z, ZSTD_c_checksumFlag, 1))) {
        archive_drop(a);
        return CU_NOMEM;
    }
    *out = a;
    return CU_OK;
}

void archive_drop(archive *a)
{
    if (!a)
        return;
    ZSTD_freeCCtx(a->z);
    cu_buf_free(&a->manifest);
    free(a);
}

static void feed(archive *a, cu_bytes content, ZSTD_EndDirective end)
{
    ZSTD_inBuffer in = {content.p, content.n, 0};
    size_t left = 1;
    while (a->err == CU_OK && (end == ZSTD_e_end ? left != 0 : in.pos < in.size)) {
        ZSTD_outBuffer out = {a->out, sizeof a->out, 0};
        left = ZSTD_compressStream2(a->z, &out, &in, end);
        if (ZSTD_isError(left))
            a->err = CU_NOMEM;
        else if (out.pos && (a->err = room(a)) == CU_OK)
            a->err = cu_write_all(a->fd, cu_bytes_of(a->out, out.pos));
        a->bytes += out.pos;
    }
}

static void pad(archive *a, uint64_t size)
{
    static const uint8_t zeros[EXPORT_BLOCK];
    feed(a, cu_bytes_of(zeros, (EXPORT_BLOCK - size % EXPORT_BLOCK) % EXPORT_BLOCK), ZSTD_e_continue);
}

static void head(archive *a, const char *name, uint64_t size)
{
    uint8_t block[EXPORT_BLOCK];
    if (!export_header(name, size, block) && a->err == CU_OK)
        a->err = CU_TOO_BIG;
    feed(a, cu_bytes_of(block, sizeof block), ZSTD_e_continue);
}

static void list(archive *a, const char *name, uint64_t size, const cu_sha256 *digest)
{
    export_manifest_line(name, size, digest, a->files == 0, &a->manifest);
    a->files++;
    if (a->err == CU_OK)
        a->err = cu_buf_err(&a->manifest);
}

void archive_put(archive *a, const char *name, cu_bytes content)
{
    cu_sha256 digest;
    cu_sha256_of(content, &digest);
    head(a, name, content.n);
    feed(a, content, ZSTD_e_continue);
    pad(a, content.n);
    list(a, name, content.n, &digest);
}

void archive_put_file(archive *a, const char *name, int fd, uint64_t size, const cu_sha256 *digest)
{
    uint8_t piece[65536];
    cu_sha256 have;
    uint64_t at = 0;
    cu_hasher *h = cu_hasher_new(CU_NONE);
    if (!h || lseek(fd, 0, SEEK_SET) != 0) {
        a->err = h ? CU_IO : CU_NOMEM;
        cu_hasher_drop(h);
        return;
    }
    head(a, name, size);
    while (a->err == CU_OK && at < size) {
        size_t want = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
        ssize_t n = read(fd, piece, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            a->err = n < 0 ? CU_IO : CU_CORRUPT;
            break;
        }
        cu_hasher_add(h, cu_bytes_of(piece, (size_t)n));
        feed(a, cu_bytes_of(piece, (size_t)n), ZSTD_e_continue);
        at += (uint64_t)n;
    }
    cu_hasher_end(h, &have);
    if (a->err == CU_OK && memcmp(&have, digest, sizeof have) != 0)
        a->err = CU_CORRUPT;
    pad(a, size);
    list(a, name, size, digest);
}

cu_bytes archive_manifest_so_far(const archive *a)
{
    return cu_buf_view(&a->manifest);
}

uint64_t archive_files(const archive *a)
{
    return a->files;
}

cu_err archive_end(archive *a, uint64_t *bytes, cu_sha256 *manifest)
{
    static const uint8_t zeros[2 * EXPORT_BLOCK];
    cu_buf_str(&a->manifest, EXPORT_MANIFEST_FOOT);
    if (a->err == CU_OK)
        a->err = cu_buf_err(&a->manifest);
    if (a->err == CU_OK) {
        cu_bytes text = cu_buf_view(&a->manifest);
        cu_sha256_of(text, manifest);
        head(a, "manifest.json", text.n);
        feed(a, text, ZSTD_e_continue);
        pad(a, text.n);
        feed(a, cu_bytes_of(zeros, sizeof zeros), ZSTD_e_continue);
        feed(a, CU_NONE, ZSTD_e_end);
    }
    *bytes = a->bytes;
    cu_err e = a->err;
    archive_drop(a);
    return e;
}
