/* forge-log STATE edit|drop|reorder|back: the operator who has the signing key. Writes the log org of STATE
 * anew with one entry edited, dropped, or two in another order, re-chains the writers, signs it all with
 * the stolen key, and a new anchor log over it; for `back`, goes on honestly, with one more entry that
 * claims to be a day old. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/signer.h"
#include "tiles.h"

static volatile int stop;
static int listen_fd, state_fd;

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void *signer(void *arg)
{
    cu_fault f = {0};
    if (cu_signer_run(listen_fd, state_fd, &stop, &f) != CU_OK)
        die(f.text);
    return arg;
}

/* In the folder $S. */
static void sh(const char *command)
{
    if (system(command) != 0)
        die(command);
}

/* All entries, in the order in which the anchor log brought them, but what the operator changes; by one
 * writer of his own. */
static void replay(const char *log_dir, cu_spool_writer *w, const char *how)
{
    cu_fault f = {0};
    cu_log *l;
    cu_checkpoint cp;
    char path[1024];
    snprintf(path, sizeof path, "%.900s/org", log_dir);
    if (cu_log_open(path, &l, &f) != CU_OK || cu_log_checkpoint(l, &cp, NULL, &f) != CU_OK)
        die(f.text);
    for (uint64_t i = 0; i < cp.size; i++) {
        cu_buf b CU_CLEAN_BUF = CU_BUF(CU_LEAF_MAX);
        cu_leaf leaf;
        uint64_t which = i;
        if (strcmp(how, "reorder") == 0 && i < 2)
            which = 1 - i;
        if (strcmp(how, "drop") == 0 && i == 1)
            continue;
        if (cu_log_entry(l, which, &b, &f) != CU_OK || cu_leaf_parse(cu_buf_view(&b), &leaf) != CU_OK)
            die("entry");
        const cu_leaf_in in = {.type = leaf.type, .id = leaf.id, .tenant = leaf.tenant, .actor = leaf.actor,
                               .body = strcmp(how, "edit") == 0 && i == 1 ? CU_LIT("{\"edited\":true}") : leaf.body};
        if (cu_spool_write(w, &in, NULL) != CU_OK)
            die("write");
    }
    cu_log_close(l);
}

int main(int argc, char **argv)
{
    char path[1024], log_dir[1024], spool[1024], origin[128];
    cu_fault f = {0};
    cu_spool_writer *w;
    cu_sequencer *s;
    pthread_t t;
    uint64_t took;
    int pair[2];
    cu_buf base CU_CLEAN_BUF = CU_BUF(64);
    if (argc != 3)
        return 2;
    bool back = strcmp(argv[2], "back") == 0;
    snprintf(log_dir, sizeof log_dir, "%.900s/log", argv[1]);
    snprintf(path, sizeof path, "%.900s/origin", argv[1]);
    if (cu_file_read(AT_FDCWD, path, &base) != CU_OK)
        die("origin");
    snprintf(origin, sizeof origin, "%s", cu_buf_cstr(&base));
    snprintf(spool, sizeof spool, "%.900s/forged-spool", argv[1]);
    if (cu_mkdirs(spool, 0700) != CU_OK)
        die("spool");
    setenv("S", argv[1], 1);
    sh("chown -R $(id -u) \"$S/signer\" && chmod 600 \"$S\"/signer/*");
    int dirfd = open(spool, O_RDONLY | O_DIRECTORY);
    if (cu_spool_open(dirfd, "op", &w, &f) != CU_OK)
        die(f.text);
    if (back) {
        const cu_leaf_in in = {.type = CU_LIT("test.entry"), .tenant = CU_LIT("org"), .actor = CU_LIT("op"), .body = CU_LIT("{}"),
                               .ts_ns = cu_now_ns() - 86400ull * 1000000000};
        if (cu_spool_write(w, &in, NULL) != CU_OK)
            die("write");
    } else {
        replay(log_dir, w, argv[2]);
        /* a signer without memory: the key is all he needs */
        sh("cd \"$S\" && rm -rf signer/last-* && sed -i /^origin/d signer/keys && mkdir kept && cp -a log/anchor/cosigned log/anchor/timestamps kept/ "
           "&& rm -rf log && mkdir -p log/anchor && cp -a kept/cosigned kept/timestamps log/anchor/ && rm -rf kept");
    }
    cu_spool_close(w);
    snprintf(path, sizeof path, "%.900s/signer", argv[1]);
    state_fd = open(path, O_RDONLY | O_DIRECTORY);
    struct sockaddr_storage none = {.ss_family = AF_UNIX};
    listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t n = sizeof none;
    if (bind(listen_fd, (void *)&none, sizeof(sa_family_t)) != 0 || listen(listen_fd, 4) != 0 || getsockname(listen_fd, (void *)&none, &n) != 0)
        die("listen");
    pair[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(pair[0], (void *)&none, n) != 0)
        die("connect");
    pthread_create(&t, NULL, signer, NULL);
    const cu_sequencer_with with = {.spool_dir = spool, .log_dir = log_dir, .origin_base = origin, .signer_fd = pair[0]};
    if (cu_sequencer_open(&with, &s, &f) != CU_OK || cu_sequencer_round(s, &took, &f) != CU_OK)
        die(f.text);
    cu_sequencer_close(s);
    close(pair[0]);
    stop = 1;
    pthread_join(t, NULL);
    return 0;
}
