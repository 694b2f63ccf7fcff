#include "world.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/pack.h"
#include "ledger/signer.h"
#include "merkle.h"
#include "tiles.h"

#define BATCH_LEAVES 300

char world_base[160];
const char *world_go;
unsigned world_go_every = 500;
uint64_t world_checked, world_go_checked;

void world_at(world *w, const char *name)
{
    snprintf(w->root, sizeof w->root, "%.120s/%.60s", world_base, name);
    snprintf(w->spool, sizeof w->spool, "%s/spool", w->root);
    snprintf(w->log, sizeof w->log, "%s/log", w->root);
    snprintf(w->state, sizeof w->state, "%s/signer", w->root);
}

void world_make(const world *w)
{
    CU_ASSERT(mkdir(w->root, 0755) == 0 && mkdir(w->spool, 0755) == 0 && mkdir(w->log, 0755) == 0 && mkdir(w->state, 0700) == 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

void world_remove(const world *w)
{
    CU_ASSERT(nftw(w->root, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT);
}

void world_copy(const world *from, const world *to)
{
    char line[500];
    snprintf(line, sizeof line, "cp -a --sparse=always '%s' '%s'", from->root, to->root);
    CU_ASSERT(system(line) == 0);
}

static void be_signer(const world *w, int listen_fd, int parent)
{
    static volatile int stop;
    cu_fault f = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    in_signer = true;
    int dir = open(w->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _exit(dir < 0 || cu_signer_run(listen_fd, dir, &stop, &f) != CU_OK);
}

/* Once it answers it has its keys: from then on it makes calls only while we wait for it, and the order of all
 * calls is always the same. */
static bool is_up(int fd)
{
    cu_buf keys CU_CLEAN_BUF = CU_BUF(32768);
    cu_fault f;
    bool was = armed;
    armed = false;
    cu_err e = cu_signer_keys(fd, "custos.local/f/up", false, &keys, &f);
    armed = was;
    return e == CU_OK;
}

bool signer_start(const world *w, signer_at *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    socklen_t n = sizeof a;
    int parent = getpid();
    *s = (signer_at){-1, -1};
    int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l < 0 || bind(l, (void *)&a, sizeof a.sun_family) != 0 || listen(l, 4) != 0 || getsockname(l, (void *)&a, &n) != 0) {
        cu_close_fd(&l);
        return false;
    }
    s->pid = fork();
    if (s->pid == 0)
        be_signer(w, l, parent);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = s->pid > 0 && s->fd >= 0 && connect(s->fd, (void *)&a, n) == 0;
    cu_close_fd(&l); /* the signer's is the only one now: when it dies, we see the end */
    if (connected && is_up(s->fd))
        return true;
    signer_stop(s);
    return false;
}

void signer_stop(signer_at *s)
{
    cu_close_fd(&s->fd);
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = -1;
}

void acknowledge(const char id[CU_ID_LEN])
{
    CU_ASSERT(inject->acked < ACKS_MAX);
    memcpy(inject->ack[inject->acked], id, CU_ID_LEN);
    inject->ack_at[inject->acked] = inject->recorded;
    inject->acked++;
}

/* --- the workload --- */

typedef struct {
    const world *w;
    uint32_t rng, n;
    int spool;
    cu_spool_writer *writer;
    cu_sequencer *sequencer;
    signer_at signer;
} work;

static uint32_t draw(work *k, uint32_t below)
{
    k->rng ^= k->rng << 13;
    k->rng ^= k->rng >> 17;
    k->rng ^= k->rng << 5;
    return k->rng % below;
}

static cu_err stage_one(cu_spool_writer *w, const char *tenant, unsigned n, size_t size, char id[CU_ID_LEN])
{
    static char fill[8192], body[9000];
    uint64_t ticket;
    memset(fill, 'x', sizeof fill);
    snprintf(body, sizeof body, "{\"n\":%u,\"x\":\"%.*s\"}", n, (int)(size < sizeof fill ? size : sizeof fill), fill);
    const cu_leaf_in in = {.type = CU_LIT("test.entry"), .tenant = cu_str(tenant), .actor = CU_LIT("test"), .body = cu_str(body)};
    return cu_spool_stage(w, &in, id, &ticket);
}

cu_err world_write(cu_spool_writer *w, const char *tenant, unsigned n, size_t size)
{
    char id[CU_ID_LEN];
    cu_err e = stage_one(w, tenant, n, size, id);
    if (e == CU_OK) {
        cu_spool_seal(w);
        e = cu_spool_commit(w);
    }
    if (e == CU_OK)
        acknowledge(id);
    else
        inject->refused++;
    return e;
}

static bool have_writer(work *k)
{
    cu_fault f;
    for (int i = 0; i < 3 && !k->writer; i++)
        if (cu_spool_open(k->spool, "gw", &k->writer, &f) != CU_OK)
            k->writer = NULL;
    return k->writer;
}

static const char *tenant_of(work *k)
{
    static const char *const names[] = {"acme", "org", "acme", "b2"};
    return names[draw(k, 4)];
}

static void write_batch(work *k, unsigned n, size_t size)
{
    static char ids[BATCH_LEAVES][CU_ID_LEN];
    if (!have_writer(k))
        return;
    unsigned staged = 0;
    for (; staged < n && stage_one(k->writer, tenant_of(k), k->n++, size, ids[staged]) == CU_OK;)
        staged++;
    cu_spool_seal(k->writer);
    if (cu_spool_commit(k->writer) == CU_OK) {
        for (unsigned i = 0; i < staged; i++)
            acknowledge(ids[i]);
    } else {
        inject->refused += staged;
    }
}

static void drop_sequencer(work *k)
{
    cu_sequencer_close(k->sequencer);
    k->sequencer = NULL;
    signer_stop(&k->signer);
}

static bool have_sequencer(work *k, cu_fault *f)
{
    if (k->sequencer)
        return true;
    if (!signer_start(k->w, &k->signer))
        return false;
    const cu_sequencer_with with = {.spool_dir = k->w->spool, .log_dir = k->w->log, .origin_base = "custos.local/f", .signer_fd = k->signer.fd};
    if (cu_sequencer_open(&with, &k->sequencer, f) == CU_OK)
        return true;
    k->sequencer = NULL;
    drop_sequencer(k);
    return false;
}

/* As the daemon does: after a failure everything is opened anew. */
static void sequence(work *k)
{
    uint64_t took;
    for (int i = 0; i < 4; i++) {
        cu_fault f = {0};
        if (have_sequencer(k, &f) && cu_sequencer_round(k->sequencer, &took, &f) == CU_OK)
            return;
        if (f.code == CU_CORRUPT) {
            inject->alarms++;
            snprintf(inject->alarm, sizeof inject->alarm, "%s", f.text);
        }
        if (k->sequencer)
            drop_sequencer(k);
    }
}

/* As the daemon does, beside the sequencer: a failure leaves what was. */
static void pack(work *k)
{
    cu_packer *p;
    cu_fault f = {0};
    unsigned packed;
    if (cu_packer_open(k->w->log, &p, &f) != CU_OK)
        return;
    if (cu_packer_step(p, 4, &packed, &f) == CU_CORRUPT) {
        inject->alarms++;
        snprintf(inject->alarm, sizeof inject->alarm, "%s", f.text);
    }
    cu_packer_close(p);
}

static void step(work *k)
{
    cu_fault f;
    unsigned ready;
    switch (draw(k, 10)) {
    case 0: case 1: case 2:
        if (have_writer(k))
            (void)!world_write(k->writer, tenant_of(k), k->n++, draw(k, 200));
        break;
    case 3: case 4:
        write_batch(k, 2 + draw(k, 4), draw(k, 2) ? 6000 : 50);
        break;
    case 5:
        cu_spool_close(k->writer);
        k->writer = NULL;
        break;
    case 6:
        (void)!cu_spool_prepare(k->spool, &ready, &f);
        break;
    default:
        sequence(k);
    }
}

/* The key is replaced between two rounds; the old one signs on for a while, or not. */
static void rotate(work *k, uint32_t seed)
{
    char before[65], now[65];
    cu_fault f = {0};
    if (!have_sequencer(k, &f))
        return;
    cu_err e = cu_signer_rotate(k->signer.fd, seed % 2 ? 0 : 3600, before, now, &f);
    if (e == CU_OK)
        inject->rotated++;
    else if (e != CU_STATE)
        drop_sequencer(k);
}

void workload(const world *w, uint32_t seed)
{
    work k = {.w = w, .rng = seed * 2654435761u + 1, .signer = {-1, -1}};
    k.spool = open(w->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    armed = true;
    write_batch(&k, 1 + draw(&k, 3), 40);
    sequence(&k);
    if (seed % 4 == 3) /* over the edge of a tile */
        write_batch(&k, 290, 10);
    if (seed % 8 == 3) { /* and packed, before the rest */
        sequence(&k);
        pack(&k);
    }
    for (unsigned i = 0, n = 4 + seed % 5; i < n; i++) {
        if (seed >= WORLD_ROTATES && i == n / 2)
            rotate(&k, seed);
        step(&k);
    }
    write_batch(&k, 2, 30);
    sequence(&k);
    sequence(&k);
    if (seed % 4 == 3) {
        pack(&k);
        sequence(&k);
    }
    cu_spool_close(k.writer);
    drop_sequencer(&k);
    armed = false;
    close(k.spool);
}

int workload_child(const world *w, uint32_t seed)
{
    int status = 0, pid = fork(), other;
    if (pid == 0) {
        workload(w, seed);
        _exit(0);
    }
    CU_ASSERT(pid > 0);
    for (int st; (other = waitpid(-1, &st, 0)) > 0 || errno == EINTR;)
        if (other == pid)
            status = st;
    return status;
}

/* --- what must hold --- */

static bool wrong(char why[WHY_MAX], const char *what, const char *detail)
{
    snprintf(why, WHY_MAX, "%s: %.500s", what, detail);
    return false;
}

static bool segments_left(const world *w)
{
    DIR *d = opendir(w->spool);
    bool left = false;
    for (struct dirent *e; d && (e = readdir(d));)
        left = left || strstr(e->d_name, ".seg");
    closedir(d);
    return left;
}

cu_err world_recover(const world *w, cu_fault *f)
{
    signer_at signer;
    cu_sequencer *s;
    uint64_t took = 1;
    if (!signer_start(w, &signer))
        return cu_fail(f, CU_IO, "no signer");
    const cu_sequencer_with with = {.spool_dir = w->spool, .log_dir = w->log, .origin_base = "custos.local/f", .signer_fd = signer.fd};
    cu_err e = cu_sequencer_open(&with, &s, f);
    if (e == CU_OK) {
        for (int i = 0; i < 6 && e == CU_OK && (took || segments_left(w)); i++)
            e = cu_sequencer_round(s, &took, f);
        cu_sequencer_close(s);
    }
    signer_stop(&signer);
    if (e == CU_OK && segments_left(w))
        e = cu_fail(f, CU_STATE, "segments remain in the spool");
    return e;
}

typedef struct {
    bool found[ACKS_MAX];
    uint32_t acked;
    char (*ids)[CU_ID_LEN];
    size_t n, cap;
    char *why;
} search;

static cu_err look(void *arg, uint64_t index, cu_bytes bytes, const cu_sha256 *hash)
{
    search *s = arg;
    cu_leaf leaf;
    if (cu_leaf_parse(bytes, &leaf) != CU_OK || leaf.id.n != CU_ID_LEN - 1)
        return CU_SYNTAX;
    for (uint32_t i = 0; i < s->acked; i++)
        if (cu_eq_str(leaf.id, inject->ack[i]))
            s->found[i] = true;
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 512;
        s->ids = realloc(s->ids, s->cap * sizeof *s->ids);
        CU_ASSERT(s->ids);
    }
    memcpy(s->ids[s->n], leaf.id.p, CU_ID_LEN - 1);
    s->ids[s->n++][CU_ID_LEN - 1] = 0;
    return CU_OK;
}

/* Each signed checkpoint of this log must be a state that the log went through. */
static bool one_history(cu_log *l, const char *origin, uint64_t size, uint32_t recorded, char why[WHY_MAX])
{
    char what[300];
    cu_sha256 root;
    l->size = size;
    for (uint32_t i = 0; i < inject->signed_n; i++) {
        const cu_checkpoint *cp = &inject->cp[i];
        if (strcmp(cp->origin, origin) != 0 || inject->signed_at[i] > recorded)
            continue;
        snprintf(what, sizeof what, "%.200s at %llu of %llu", origin, (unsigned long long)cp->size, (unsigned long long)size);
        if (cp->size > size)
            return wrong(why, "a signed checkpoint is larger than the log", what);
        if (merkle_root(tile_node, l, cp->size, &root) != CU_OK || memcmp(&root, &cp->root, sizeof root) != 0)
            return wrong(why, "FORK: a signed checkpoint is of another history", what);
    }
    return true;
}

static bool check_log(const world *w, const char *name, search *s, uint32_t recorded, cu_buf *vkeys, char why[WHY_MAX])
{
    char dir[320], origin[100], line[800];
    cu_log *l;
    cu_checkpoint cp;
    cu_fault f = {0};
    snprintf(dir, sizeof dir, "%s/%.70s", w->log, name);
    snprintf(origin, sizeof origin, "custos.local/f/%.70s", name);
    if (access(dir, F_OK) != 0)
        return true;
    if (cu_log_open(dir, &l, &f) != CU_OK)
        return wrong(why, "a log cannot be opened", f.text);
    bool ok = true, empty = faccessat(l->dirfd, "checkpoint", F_OK, 0) != 0;
    if (!empty && cu_log_checkpoint(l, &cp, NULL, &f) != CU_OK)
        ok = wrong(why, "a checkpoint cannot be read", f.text);
    if (ok && !empty && s && cu_log_each(l, 0, cp.size, look, s, &f) != CU_OK)
        ok = wrong(why, "entries cannot be read", f.text);
    if (ok)
        ok = one_history(l, origin, empty ? 0 : cp.size, recorded, why);
    cu_buf_str(vkeys, l->keys_text);
    if (ok && !empty && world_go && world_checked % world_go_every == 0) {
        snprintf(line, sizeof line, "'%.300s' '%s' >'%.160s/go.out' 2>&1", world_go, dir, world_base);
        world_go_checked++;
        if (system(line) != 0)
            ok = wrong(why, "the third-party verifier is not content", dir);
    }
    cu_log_close(l);
    return ok;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, CU_ID_LEN);
}

static bool ids_hold(search *s, uint32_t recorded, char why[WHY_MAX])
{
    for (uint32_t i = 0; i < s->acked; i++)
        if (!s->found[i] && inject->ack_at[i] <= recorded)
            return wrong(why, "LOST: an acknowledged entry is not in the log", inject->ack[i]);
    if (s->n)
        qsort(s->ids, s->n, sizeof *s->ids, by_id);
    for (size_t i = 1; i < s->n; i++)
        if (memcmp(s->ids[i], s->ids[i - 1], CU_ID_LEN) == 0)
            return wrong(why, "an entry is in the log twice", s->ids[i]);
    return true;
}

bool world_holds(const world *w, uint32_t recorded, char why[WHY_MAX])
{
    static const char *const names[] = {"org", "t/acme", "t/b2"};
    search s = {.acked = inject->acked, .why = why};
    cu_buf vkeys CU_CLEAN_BUF = CU_BUF(4096);
    cu_verify_report r;
    cu_fault f = {0};
    bool ok = true;
    world_checked++;
    for (size_t i = 0; i < 3 && ok; i++)
        ok = check_log(w, names[i], &s, recorded, &vkeys, why);
    ok = ok && check_log(w, "anchor", NULL, recorded, &vkeys, why) && ids_hold(&s, recorded, why);
    free(s.ids);
    if (ok && s.n && (cu_verify_dir(w->log, cu_buf_cstr(&vkeys), NULL, NULL, &r, &f) != CU_OK || r.broken))
        ok = wrong(why, "our verifier is not content", f.text);
    return ok;
}

bool world_check(const world *w, uint32_t recorded, char why[WHY_MAX])
{
    cu_fault f = {0};
    why[0] = 0;
    uint32_t signed_n = inject->signed_n; /* what recovery signs is held against the log as well */
    cu_err e = world_recover(w, &f);
    if (e != CU_OK) {
        inject->signed_n = signed_n;
        return wrong(why, "recovery halts", f.code ? f.text : cu_err_text(e));
    }
    for (uint32_t i = signed_n; i < inject->signed_n; i++)
        inject->signed_at[i] = 0;
    bool ok = world_holds(w, recorded, why);
    inject->signed_n = signed_n;
    return ok;
}
