/* The writer of a spool: stage in memory, commit a batch with one durable write. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/file.h"
#include "segment.h"

#define MAX_WRITERS 256

typedef struct {
    uint8_t *p;      /* SEGMENT_BLOCK aligned; a batch header comes first */
    size_t n;        /* with the header */
    uint32_t count;
    uint64_t last;   /* ticket */
    cu_sha256_state leaves; /* over the digests of its leaves */
} batch;

struct cu_spool_writer {
    int dirfd, lock;
    char name[40];
    uint64_t epoch, seq;     /* of the next leaf */
    cu_sha256 prev_leaf;
    batch two[2];
    batch *open, *sealed;    /* sealed: NULL when no commit is due or running */
    cu_buf leaf;
    uint64_t ticket;         /* last one given out */
    _Atomic uint64_t committed, failed;
    _Atomic bool broken;     /* a commit failed and the chain has to begin anew */
    /* of the committing thread */
    int fd;
    uint64_t size, at, segment_epoch, number, batch_no;
    uint8_t salt[16];
    cu_sha256 prev_batch;
};

static cu_err take_name(cu_spool_writer *w, const char *role, cu_fault *f)
{
    for (int i = 0; i < MAX_WRITERS; i++) {
        char lock[64];
        snprintf(w->name, sizeof w->name, "%.24s-%d", role, i);
        snprintf(lock, sizeof lock, "%s.lock", w->name);
        w->lock = openat(w->dirfd, lock, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
        if (w->lock < 0)
            return cu_fail(f, cu_errno_err(errno), "spool: %s: %s", lock, strerror(errno));
        if (flock(w->lock, LOCK_EX | LOCK_NB) == 0)
            return CU_OK;
        close(w->lock);
        w->lock = -1;
    }
    return cu_fail(f, CU_STATE, "spool: all %d writer names of %s are taken", MAX_WRITERS, role);
}

bool cu_spool_writer_gone(int dirfd, const char *writer)
{
    char lock[64];
    snprintf(lock, sizeof lock, "%s.lock", writer);
    int fd CU_CLEAN_FD = openat(dirfd, lock, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    return flock(fd, LOCK_SH | LOCK_NB) == 0;
}

/* The epoch that was used last under this name stands in the lock file: the next one is greater, whatever
 * the clock says. Segments are read in the order of their epochs, and one epoch is one chain. */
static cu_err last_epoch(cu_spool_writer *w)
{
    char text[32] = "";
    ssize_t n;
    do
        n = pread(w->lock, text, sizeof text - 1, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return cu_errno_err(errno);
    w->epoch = strtoull(text, NULL, 10);
    return CU_OK;
}

static cu_err keep_epoch(cu_spool_writer *w)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%013llu\n", (unsigned long long)w->epoch);
    struct iovec v = {text, (size_t)n};
    ssize_t k;
    do
        k = pwritev2(w->lock, &v, 1, 0, RWF_DSYNC);
    while (k < 0 && errno == EINTR);
    return k == n ? CU_OK : k < 0 ? cu_errno_err(errno) : CU_NOSPC;
}

static void new_epoch(cu_spool_writer *w)
{
    uint64_t now = cu_now_ns() / 1000000;
    w->epoch = now > w->epoch ? now : w->epoch + 1;
    w->seq = 0;
    w->prev_leaf = (cu_sha256){0};
}

static void empty(batch *b)
{
    b->n = sizeof(batch_header);
    b->count = 0;
    cu_sha256_begin(&b->leaves);
}

cu_err cu_spool_open(int dirfd, const char *role, cu_spool_writer **out, cu_fault *f)
{
    cu_spool_writer *w = calloc(1, sizeof *w);
    if (!w)
        return CU_NOMEM;
    w->fd = w->lock = -1;
    w->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
    w->leaf = CU_BUF(2 * CU_LEAF_MAX);
    cu_err e = w->dirfd < 0 ? cu_errno_err(errno) : take_name(w, role, f);
    for (int i = 0; i < 2 && e == CU_OK; i++) {
        w->two[i].p = aligned_alloc(SEGMENT_BLOCK, CU_SPOOL_BATCH_MAX);
        e = w->two[i].p ? CU_OK : CU_NOMEM;
        empty(&w->two[i]);
    }
    w->open = &w->two[0];
    if (e == CU_OK)
        e = last_epoch(w);
    new_epoch(w);
    if (e != CU_OK) {
        cu_spool_close(w);
        return e;
    }
    *out = w;
    return CU_OK;
}

void cu_spool_settle(cu_spool_writer *w)
{
    if (!atomic_load(&w->broken) || w->sealed)
        return;
    empty(w->open);
    atomic_store(&w->failed, w->ticket);
    new_epoch(w);
    atomic_store(&w->broken, false);
}

cu_err cu_spool_stage(cu_spool_writer *w, const cu_leaf_in *in, char *id_out, uint64_t *ticket)
{
    char id[CU_ID_LEN];
    cu_spool_settle(w);
    if (in->id.n == 0)
        cu_id_new(id);
    else if (in->id.n == CU_ID_LEN - 1)
        snprintf(id, sizeof id, "%.*s", CU_FMT(in->id));
    else
        return CU_SYNTAX;
    cu_buf_reset(&w->leaf);
    CU_TRY(cu_leaf_encode(in, id, w->name, w->epoch, w->seq, &w->prev_leaf, &w->leaf));
    if (w->open->n + 2 + w->leaf.n > CU_SPOOL_BATCH_MAX)
        return CU_TOO_BIG;
    uint8_t *to = w->open->p + w->open->n;
    to[0] = (uint8_t)(w->leaf.n >> 8);
    to[1] = (uint8_t)w->leaf.n;
    memcpy(to + 2, w->leaf.p, w->leaf.n);
    w->open->n += 2 + w->leaf.n;
    w->open->count++;
    w->open->last = *ticket = ++w->ticket;
    cu_sha256_of(cu_buf_view(&w->leaf), &w->prev_leaf);
    cu_sha256_add(&w->open->leaves, cu_bytes_of(w->prev_leaf.b, sizeof w->prev_leaf.b));
    w->seq++;
    if (id_out)
        memcpy(id_out, id, sizeof id);
    return CU_OK;
}

bool cu_spool_wants_commit(const cu_spool_writer *w)
{
    return !w->sealed && w->open->count > 0;
}

void cu_spool_seal(cu_spool_writer *w)
{
    CU_ASSERT(!w->sealed);
    cu_spool_settle(w);
    if (w->open->count == 0)
        return;
    w->sealed = w->open;
    w->open = w->open == &w->two[0] ? &w->two[1] : &w->two[0];
    empty(w->open);
}

static cu_err write_durably(int fd, const void *p, size_t n, uint64_t at)
{
    for (size_t done = 0; done < n;) {
        struct iovec v = {(char *)(uintptr_t)p + done, n - done};
        ssize_t k = pwritev2(fd, &v, 1, (off_t)(at + done), RWF_DSYNC);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k == 0 ? CU_IO : cu_errno_err(errno);
        if (k % SEGMENT_BLOCK != 0)
            return CU_NOSPC; /* a short write can only mean that there was no room */
        done += (size_t)k;
    }
    return CU_OK;
}

static cu_err next_segment(cu_spool_writer *w)
{
    char name[SEGMENT_NAME_MAX];
    cu_close_fd(&w->fd);
    if (w->segment_epoch != w->epoch) {
        CU_TRY(keep_epoch(w));
        w->number = 0;
    }
    w->segment_epoch = w->epoch;
    snprintf(name, sizeof name, "%s.%013llu.%06llu.seg", w->name, (unsigned long long)w->epoch,
             (unsigned long long)w->number);
    CU_TRY(segment_take(w->dirfd, name, &w->fd, &w->size));
    uint8_t *block = aligned_alloc(SEGMENT_BLOCK, SEGMENT_BLOCK);
    if (!block)
        return CU_NOMEM;
    segment_header h = {.epoch = w->epoch, .number = w->number++};
    memcpy(h.magic, SEGMENT_MAGIC, 8);
    memcpy(h.writer, w->name, sizeof h.writer);
    cu_random(h.salt, sizeof h.salt);
    segment_header_digest(&h, &h.digest);
    memset(block, 0, SEGMENT_BLOCK);
    memcpy(block, &h, sizeof h);
    cu_err e = write_durably(w->fd, block, SEGMENT_BLOCK, 0);
    free(block);
    memcpy(w->salt, h.salt, sizeof w->salt);
    w->at = SEGMENT_BLOCK;
    w->batch_no = 0;
    w->prev_batch = (cu_sha256){0};
    return e;
}

static cu_err write_batch(cu_spool_writer *w, batch *b, const cu_sha256 *leaves)
{
    size_t n = segment_padded(b->n);
    if (w->fd < 0 || w->at + n > w->size)
        CU_TRY(next_segment(w));
    if (w->at + n > w->size)
        return CU_NOSPC;
    batch_header h = {.magic = BATCH_MAGIC, .length = (uint32_t)(b->n - sizeof h), .count = b->count,
                      .batch = w->batch_no, .prev = w->prev_batch};
    memcpy(h.salt, w->salt, sizeof h.salt);
    batch_digest(&h, leaves, &h.digest);
    memcpy(b->p, &h, sizeof h);
    memset(b->p + b->n, 0, n - b->n);
    CU_TRY(write_durably(w->fd, b->p, n, w->at));
    w->at += n;
    w->batch_no++;
    w->prev_batch = h.digest;
    return CU_OK;
}

cu_err cu_spool_commit(cu_spool_writer *w)
{
    batch *b = w->sealed;
    if (!b)
        return CU_OK;
    cu_sha256 leaves;
    cu_sha256_end(&b->leaves, &leaves);
    cu_err e = write_batch(w, b, &leaves);
    if (e != CU_OK) { /* never again on a segment that failed */
        cu_close_fd(&w->fd);
        e = write_batch(w, b, &leaves);
    }
    if (e == CU_OK) {
        atomic_store(&w->committed, b->last);
    } else {
        cu_close_fd(&w->fd);
        atomic_store(&w->failed, b->last);
        atomic_store(&w->broken, true);
    }
    w->sealed = NULL;
    return e;
}

uint64_t cu_spool_committed(const cu_spool_writer *w)
{
    return atomic_load(&w->committed);
}

uint64_t cu_spool_failed(const cu_spool_writer *w)
{
    return atomic_load(&w->failed);
}

cu_err cu_spool_write(cu_spool_writer *w, const cu_leaf_in *in, char *id_out)
{
    uint64_t ticket;
    CU_TRY(cu_spool_stage(w, in, id_out, &ticket));
    cu_spool_seal(w);
    return cu_spool_commit(w);
}

uint64_t cu_spool_epoch(const cu_spool_writer *w)
{
    return w->epoch;
}

const char *cu_spool_name(const cu_spool_writer *w)
{
    return w->name;
}

void cu_spool_close(cu_spool_writer *w)
{
    if (!w)
        return;
    if (w->two[1].p && cu_spool_wants_commit(w)) {
        cu_spool_seal(w);
        (void)!cu_spool_commit(w);
    }
    for (int i = 0; i < 2; i++)
        free(w->two[i].p);
    cu_buf_free(&w->leaf);
    cu_close_fd(&w->fd);
    cu_close_fd(&w->lock);
    cu_close_fd(&w->dirfd);
    free(w);
}
