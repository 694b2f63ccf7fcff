/* Reading segments back: whole batches, in order, and nothing that was not written by this writer
 * into this segment. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "segment.h"

typedef struct {
    int fd;
    uint64_t size;
    uint8_t salt[16];
    uint8_t *room; /* SEGMENT_BLOCK aligned, CU_SPOOL_BATCH_MAX */
} reader;

static bool read_at(const reader *r, uint64_t at, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = pread(r->fd, r->room + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        done += (size_t)k;
    }
    return true;
}

static bool all_zero(const reader *r, uint64_t at)
{
    if (at + SEGMENT_BLOCK > r->size || !read_at(r, at, SEGMENT_BLOCK))
        return true;
    for (size_t i = 0; i < SEGMENT_BLOCK; i++)
        if (r->room[i])
            return false;
    return true;
}

/* A header that is not written yet has nothing behind it: a writer begins with it. */
static bool nothing_after_header(const reader *r)
{
    for (uint64_t at = SEGMENT_BLOCK; at + SEGMENT_BLOCK <= r->size; at += SEGMENT_BLOCK)
        if (!all_zero(r, at))
            return false;
    return true;
}

static cu_err no_header(const reader *r, const char *segment, const cu_spool_cursor *c, cu_fault *f)
{
    if (c->at == 0 && nothing_after_header(r))
        return CU_TORN;
    return cu_fail(f, CU_CORRUPT, "the header of spool segment %s is damaged and there are batches behind it; "
                   "keep the file and compare it with a backup", segment);
}

static cu_err read_header(reader *r, const char *segment, cu_spool_cursor *c, cu_fault *f)
{
    segment_header h;
    cu_sha256 digest;
    if (r->size < SEGMENT_BLOCK || !read_at(r, 0, SEGMENT_BLOCK))
        return cu_fail(f, CU_IO, "spool segment %s cannot be read", segment);
    memcpy(&h, r->room, sizeof h);
    segment_header_digest(&h, &digest);
    if (memcmp(h.magic, SEGMENT_MAGIC, 8) != 0 || memcmp(&digest, &h.digest, sizeof digest) != 0)
        return no_header(r, segment, c, f);
    h.writer[sizeof h.writer - 1] = 0;
    if (c->at && (c->epoch != h.epoch || c->number != h.number))
        return cu_fail(f, CU_CORRUPT, "spool segment %s was exchanged while it was read", segment);
    memcpy(c->writer, h.writer, sizeof c->writer);
    c->epoch = h.epoch;
    c->number = h.number;
    memcpy(r->salt, h.salt, sizeof r->salt);
    if (c->at == 0)
        c->at = SEGMENT_BLOCK;
    return CU_OK;
}

/* A valid batch at `at`: header in *h, payload behind it in r->room. */
static bool batch_at(const reader *r, uint64_t at, batch_header *h)
{
    cu_sha256 leaves, digest;
    if (at + SEGMENT_BLOCK > r->size || !read_at(r, at, SEGMENT_BLOCK))
        return false;
    memcpy(h, r->room, sizeof *h);
    if (h->magic != BATCH_MAGIC || memcmp(h->salt, r->salt, sizeof h->salt) != 0 ||
        h->length > CU_SPOOL_BATCH_MAX - sizeof *h)
        return false;
    size_t n = segment_padded(sizeof *h + h->length);
    if (at + n > r->size || !read_at(r, at, n))
        return false;
    if (!batch_leaves_digest(cu_bytes_of(r->room + sizeof *h, h->length), h->count, &leaves))
        return false;
    batch_digest(h, &leaves, &digest);
    return memcmp(&digest, &h->digest, sizeof digest) == 0;
}

/* Bytes that are read at once from `at` on: whole blocks. */
static size_t window_at(const reader *r, uint64_t at)
{
    uint64_t left = (r->size - at) / SEGMENT_BLOCK * SEGMENT_BLOCK;
    return left < CU_SPOOL_BATCH_MAX ? (size_t)left : CU_SPOOL_BATCH_MAX / SEGMENT_BLOCK * SEGMENT_BLOCK;
}

/* The first block from `at` on that begins like a batch; r->size when there is none. What cannot be
 * read counts as such, and is looked at by itself. */
static uint64_t next_magic(const reader *r, uint64_t at)
{
    while (at + SEGMENT_BLOCK <= r->size) {
        size_t n = window_at(r, at);
        if (!read_at(r, at, n))
            return at;
        for (size_t i = 0; i < n; i += SEGMENT_BLOCK) {
            batch_header h;
            memcpy(&h, r->room + i, sizeof h);
            if (h.magic == BATCH_MAGIC)
                return at + i;
        }
        at += n;
    }
    return r->size;
}

/* Nothing valid may follow an unreadable batch: else it was not torn but damaged. */
static bool valid_after(const reader *r, uint64_t at, uint64_t batch)
{
    batch_header h;
    for (at = next_magic(r, at + SEGMENT_BLOCK); at + SEGMENT_BLOCK <= r->size; at = next_magic(r, at + SEGMENT_BLOCK))
        if (batch_at(r, at, &h) && h.batch > batch)
            return true;
    return false;
}

static cu_err read_batches(reader *r, const char *segment, cu_spool_cursor *c, cu_buf *out,
                           unsigned *batches, cu_fault *f)
{
    batch_header h;
    for (;;) {
        if (!batch_at(r, c->at, &h)) {
            /* The usual end is a block of zeros; only then the rest need not be searched. A batch that
             * was being written when it was read is whole by the time the one after it is. */
            if (!all_zero(r, c->at) && valid_after(r, c->at, c->batch) && !batch_at(r, c->at, &h))
                return cu_fail(f, CU_CORRUPT, "spool segment %s is damaged at byte %llu: a batch "
                               "after it is whole; keep the file and compare it with a backup",
                               segment, (unsigned long long)c->at);
            if (!batch_at(r, c->at, &h))
                return CU_OK;
        }
        if (h.batch != c->batch || memcmp(&h.prev, &c->prev, sizeof h.prev) != 0)
            return cu_fail(f, CU_CORRUPT, "spool segment %s: batch %llu does not follow the one "
                           "before it", segment, (unsigned long long)h.batch);
        if (out->n + h.length > out->ceiling)
            return CU_OK;
        cu_buf_put(out, r->room + sizeof h, h.length);
        CU_TRY(cu_buf_err(out));
        c->at += segment_padded(sizeof h + h.length);
        c->batch++;
        c->prev = h.digest;
        ++*batches;
    }
}

static cu_err open_segment(int dirfd, const char *segment, reader *r, cu_fault *f)
{
    struct stat st;
    /* direct, like the writer: a page cached too early would hide what is on disk */
    r->fd = openat(dirfd, segment, O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (r->fd < 0)
        r->fd = openat(dirfd, segment, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &st) != 0)
        return cu_fail(f, cu_errno_err(errno), "spool segment %s: %s", segment, strerror(errno));
    r->size = (uint64_t)st.st_size;
    r->room = aligned_alloc(SEGMENT_BLOCK, CU_SPOOL_BATCH_MAX);
    return r->room ? CU_OK : CU_NOMEM;
}

static void close_segment(reader *r)
{
    free(r->room);
    cu_close_fd(&r->fd);
}

cu_err cu_spool_read(int dirfd, const char *segment, cu_spool_cursor *c, cu_buf *out,
                     unsigned *batches, cu_fault *f)
{
    reader r = {.fd = -1};
    *batches = 0;
    cu_err e = open_segment(dirfd, segment, &r, f);
    if (e == CU_OK)
        e = read_header(&r, segment, c, f);
    if (e == CU_OK)
        e = read_batches(&r, segment, c, out, batches, f);
    close_segment(&r);
    return e == CU_TORN ? CU_OK : e; /* a segment whose header is not written yet is empty */
}

cu_err cu_spool_check_end(int dirfd, const char *segment, const cu_spool_cursor *c, cu_fault *f)
{
    reader r = {.fd = -1};
    cu_spool_cursor at = *c;
    cu_err e = open_segment(dirfd, segment, &r, f);
    if (e == CU_OK)
        e = read_header(&r, segment, &at, f);
    if (e == CU_OK && (batch_at(&r, at.at, &(batch_header){0}) || valid_after(&r, at.at, at.batch)))
        e = cu_fail(f, CU_CORRUPT, "spool segment %s has a hole at byte %llu and batches behind it; keep the file and compare "
                    "it with a backup", segment, (unsigned long long)at.at);
    close_segment(&r);
    return e == CU_TORN ? CU_OK : e;
}
