/* make-log DIR COUNT [ROUNDS [leave]]: spool, signer and sequencer at work in DIR: COUNT leaves for two
 * tenants, sequenced in ROUNDS rounds. Can be called again on the same DIR. With `leave`, the
 * leaves stay in the spool. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/signer.h"

static volatile int stop;
static int listen_fd, state_fd;

static void *signer(void *arg)
{
    cu_fault f = {0};
    if (cu_signer_run(listen_fd, state_fd, &stop, &f) != CU_OK)
        fprintf(stderr, "signer: %s\n", f.text);
    return arg;
}

static int connect_signer(const char *dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s/s", dir);
    unlink(a.sun_path);
    listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listen_fd, (void *)&a, sizeof a) != 0 || listen(listen_fd, 4) != 0 ||
        connect(fd, (void *)&a, sizeof a) != 0)
        return -1;
    unlink(a.sun_path);
    return fd;
}

static cu_err write_leaves(cu_spool_writer *w, int from, int to)
{
    for (int i = from; i < to; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"n\":%d}", i);
        const cu_leaf_in in = {.type = CU_LIT("test.entry"), .tenant = i % 3 ? CU_LIT("acme") : CU_LIT("org"),
                               .actor = CU_LIT("test"), .body = cu_str(body)};
        CU_TRY(cu_spool_write(w, &in, NULL));
    }
    return CU_OK;
}

static int failed(const char *what, cu_err e, const cu_fault *f)
{
    fprintf(stderr, "%s: %s %s\n", what, cu_err_text(e), f->text);
    return 1;
}

int main(int argc, char **argv)
{
    char spool[512], log[512], state[512];
    int count = argc > 2 ? atoi(argv[2]) : 100, rounds = argc > 3 ? atoi(argv[3]) : 3;
    cu_fault f = {0};
    cu_spool_writer *w;
    cu_sequencer *s;
    pthread_t t;
    uint64_t took;
    if (argc < 2)
        return 2;
    snprintf(spool, sizeof spool, "%s/spool", argv[1]);
    snprintf(log, sizeof log, "%s/log", argv[1]);
    snprintf(state, sizeof state, "%s/signer", argv[1]);
    if (cu_mkdirs(spool, 0755) || cu_mkdirs(state, 0700))
        return 2;
    state_fd = open(state, O_RDONLY | O_DIRECTORY);
    int fd = connect_signer(argv[1]), dirfd = open(spool, O_RDONLY | O_DIRECTORY);
    pthread_create(&t, NULL, signer, NULL);
    const cu_sequencer_with with = {.spool_dir = spool, .log_dir = log, .origin_base = "custos.test/0", .signer_fd = fd};
    cu_err e = cu_spool_open(dirfd, "test", &w, &f);
    if (e == CU_OK)
        e = cu_sequencer_open(&with, &s, &f);
    if (e != CU_OK)
        return failed("open", e, &f);
    if (argc > 4) {
        e = write_leaves(w, 0, count);
        cu_spool_close(w);
        return e == CU_OK ? 0 : failed("write", e, &f);
    }
    for (int r = 0; r < rounds && e == CU_OK; r++) {
        e = write_leaves(w, count * r / rounds, count * (r + 1) / rounds);
        if (e == CU_OK)
            e = cu_sequencer_round(s, &took, &f);
    }
    if (e != CU_OK)
        return failed("round", e, &f);
    cu_spool_close(w);
    if ((e = cu_sequencer_round(s, &took, &f)) != CU_OK || (e = cu_sequencer_round(s, &took, &f)) != CU_OK)
        return failed("last round", e, &f);
    cu_sequencer_close(s);
    close(fd);
    stop = 1;
    pthread_join(t, NULL);
    return 0;
}
