/* ledger.durable.64: records made durable through the spool, 64 at a time, against bare
 * pwritev2(RWF_DSYNC) of the same bytes into a file that was written before. Interleaved, one
 * process, one disk. Prints one JSON object. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "ledger/spool.h"

#define BATCH 64
#define ROUNDS 12
#define COMMITS 60
#define BLOCK 4096u

static void die(const char *what, const cu_fault *f)
{
    fprintf(stderr, "bench-ledger: %s: %s\n", what, f ? f->text : "failed");
    exit(2);
}

/* About 1 KB a leaf, like exchange.request with findings. */
static size_t fill_body(char *body, size_t cap)
{
    uint8_t r[380];
    char hex[761];
    cu_random(r, sizeof r);
    cu_hex(hex, r, sizeof r);
    return (size_t)snprintf(body, cap, "{\"commit\":\"%s\"}", hex);
}

static double ours(cu_spool_writer *w, size_t *bytes)
{
    char body[1024];
    size_t n = fill_body(body, sizeof body);
    cu_leaf_in leaf = {.type = CU_LIT("exchange.request"), .tenant = CU_LIT("acme"),
                       .actor = CU_LIT("bench"), .body = {(const uint8_t *)body, n}};
    uint64_t start = cu_mono_ns(), ticket;
    for (int c = 0; c < COMMITS; c++) {
        for (int i = 0; i < BATCH; i++)
            if (cu_spool_stage(w, &leaf, NULL, &ticket) != CU_OK)
                die("stage", NULL);
        cu_spool_seal(w);
        if (cu_spool_commit(w) != CU_OK)
            die("commit", NULL);
    }
    *bytes = BATCH * (n + 260);
    return (double)(cu_mono_ns() - start) / 1e9;
}

static double bare(int fd, size_t bytes, off_t *at, off_t size)
{
    size_t len = (bytes + BLOCK - 1) / BLOCK * BLOCK;
    void *p = aligned_alloc(BLOCK, len);
    if (!p)
        die("memory", NULL);
    memset(p, 'x', len);
    uint64_t start = cu_mono_ns();
    for (int c = 0; c < COMMITS; c++) {
        struct iovec v = {p, len};
        if (*at + (off_t)len > size)
            *at = 0;
        if (pwritev2(fd, &v, 1, *at, RWF_DSYNC) != (ssize_t)len)
            die("bare write", NULL);
        *at += (off_t)len;
    }
    free(p);
    return (double)(cu_mono_ns() - start) / 1e9;
}

static int open_bare(const char *dir, off_t size)
{
    char path[4096];
    static uint8_t zeros[1 << 16];
    snprintf(path, sizeof path, "%s/bare", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        die("open", NULL);
    for (off_t i = 0; i < size; i += (off_t)sizeof zeros)
        if (cu_write_all(fd, cu_bytes_of(zeros, sizeof zeros)) != CU_OK)
            die("prepare", NULL);
    fsync(fd);
    close(fd);
    fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
    return fd >= 0 ? fd : open(path, O_WRONLY | O_CLOEXEC);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: bench-ledger DIR", NULL);
    cu_fault f = {0};
    unsigned ready;
    off_t at = 0, size = (off_t)64 << 20;
    int dirfd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0 || cu_spool_prepare(dirfd, &ready, &f) != CU_OK)
        die("prepare", &f);
    cu_spool_writer *w;
    if (cu_spool_open(dirfd, "bench", &w, &f) != CU_OK)
        die("open", &f);
    int fd = open_bare(argv[1], size);
    double a = 0, b = 0;
    size_t bytes;
    ours(w, &bytes);
    bare(fd, bytes, &at, size);
    for (int i = 0; i < ROUNDS; i++) {
        a += ours(w, &bytes);
        b += bare(fd, bytes, &at, size);
        if (cu_spool_prepare(dirfd, &ready, &f) != CU_OK)
            die("prepare", &f);
    }
    double n = (double)ROUNDS * COMMITS * BATCH;
    printf("{\"ours\":%.0f,\"bare\":%.0f,\"ratio\":%.4f}\n", n / a, n / b, b / a);
    cu_spool_close(w);
    return 0;
}
