#include "powercut.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPS_MAX 20000u
#define BYTES_MAX ((size_t)64 << 20)
#define NODES_MAX 4096u

const char *const cut_names[CUT_KINDS] = {"all dropped", "all kept", "dropped and reordered", "names without bytes", "bytes without names",
                                          "names as a journal keeps them", "torn at 512 B", "torn at 4 KiB"};

typedef enum { OP_WRITE, OP_WRITE_DURABLE, OP_BEGIN, OP_SYNC, OP_SYNC_ALL, OP_CREATE, OP_MKDIR, OP_RENAME, OP_REMOVE } op_kind;

typedef struct {
    op_kind kind;
    ino_t ino, dir;      /* ino: written, synced, created, moved; dir: of the name */
    char name[120], to[120];
    uint64_t at, n;
    size_t bytes;        /* offset of its bytes in the store; SIZE_MAX: zeros */
} op;

typedef struct {
    ino_t root, spool, log, state;
    size_t used;
    op v[OPS_MAX];
    uint8_t store[BYTES_MAX];
} recording;
static recording *rec;

static ino_t inode_of(int fd)
{
    struct stat st;
    CU_ASSERT(fstat(fd, &st) == 0);
    return st.st_ino;
}

static bool is_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static op *add(op_kind kind)
{
    uint32_t i = inject->recorded;
    CU_ASSERT(i < OPS_MAX);
    rec->v[i] = (op){.kind = kind};
    return &rec->v[i];
}

static void done(void)
{
    inject->recorded++;
}

/* The directory of a path, and the name in it. */
static ino_t split(int dirfd, const char *path, char name[120])
{
    char dir[200];
    struct stat st;
    const char *slash = strrchr(path, '/');
    snprintf(name, 120, "%s", slash ? slash + 1 : path);
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    CU_ASSERT(fstatat(dirfd, dir, &st, 0) == 0);
    return st.st_ino;
}

static ino_t inode_at(int dirfd, const char *path)
{
    struct stat st;
    CU_ASSERT(fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0);
    return st.st_ino;
}

static void note_bytes(op_kind kind, int fd, const void *p, size_t n, off_t at)
{
    if (!is_file(fd) || n == 0)
        return;
    op *o = add(kind);
    const uint8_t *b = p;
    o->ino = inode_of(fd);
    o->at = (uint64_t)at;
    o->n = n;
    o->bytes = SIZE_MAX;
    if (b[0] || memcmp(b, b + 1, n - 1) != 0) {
        CU_ASSERT(rec->used + n <= BYTES_MAX);
        memcpy(rec->store + rec->used, b, n);
        o->bytes = rec->used;
        rec->used += n;
    }
    done();
}

static void wrote(int fd, const void *p, size_t n, off_t at, bool durable)
{
    note_bytes(durable ? OP_WRITE_DURABLE : OP_WRITE, fd, p, n, at);
}

static void begins(int fd, const void *p, size_t n, off_t at)
{
    note_bytes(OP_BEGIN, fd, p, n, at);
}

static void synced(int fd)
{
    add(OP_SYNC)->ino = inode_of(fd);
    done();
}

static void synced_all(void)
{
    add(OP_SYNC_ALL);
    done();
}

static void created(int dirfd, const char *path, int fd)
{
    op *o = add(OP_CREATE);
    o->dir = split(dirfd, path, o->name);
    o->ino = inode_of(fd);
    done();
}

static void made(int dirfd, const char *path)
{
    op *o = add(OP_MKDIR);
    o->dir = split(dirfd, path, o->name);
    o->ino = inode_at(dirfd, path);
    done();
}

static void renamed(int fromfd, const char *from, int tofd, const char *to)
{
    op *o = add(OP_RENAME);
    o->dir = split(fromfd, from, o->name);
    CU_ASSERT(split(tofd, to, o->to) == o->dir);
    o->ino = inode_at(tofd, to);
    done();
}

static void removed(int dirfd, const char *path, bool dir)
{
    op *o = add(OP_REMOVE);
    o->dir = split(dirfd, path, o->name);
    done();
}

static const inject_record record = {wrote, begins, synced, synced_all, created, made, renamed, removed};

void powercut_make(void)
{
    rec = mmap(NULL, sizeof *rec, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CU_ASSERT(rec != MAP_FAILED);
}

void powercut_begin(const world *w)
{
    rec->used = 0;
    rec->root = inode_at(AT_FDCWD, w->root);
    rec->spool = inode_at(AT_FDCWD, w->spool);
    rec->log = inode_at(AT_FDCWD, w->log);
    rec->state = inode_at(AT_FDCWD, w->state);
    inject->recorded = 0;
    recorder = &record;
}

void powercut_end(void)
{
    recorder = NULL;
}

uint32_t powercut_operations(void)
{
    return inject->recorded;
}

/* --- the disk after a cut --- */

static bool is_name(const op *o)
{
    return o->kind == OP_CREATE || o->kind == OP_MKDIR || o->kind == OP_RENAME || o->kind == OP_REMOVE;
}

/* Operation j is on disk for certain when the power goes away before k. */
static bool certain(uint32_t j, uint32_t k)
{
    const op *o = &rec->v[j];
    if (o->kind == OP_WRITE_DURABLE)
        return true;
    ino_t by = is_name(o) ? o->dir : o->ino;
    for (uint32_t m = j + 1; m < k; m++)
        if (rec->v[m].kind == OP_SYNC_ALL || (rec->v[m].kind == OP_SYNC && rec->v[m].ino == by))
            return true;
    return false;
}

uint32_t powercut_open_at(uint32_t k)
{
    uint32_t n = 0;
    for (uint32_t j = 0; j < k; j++)
        n += rec->v[j].kind != OP_SYNC && rec->v[j].kind != OP_SYNC_ALL && !certain(j, k) && !(rec->v[j].kind == OP_BEGIN && j + 1 < k);
    return n;
}

typedef struct {
    ino_t dir, ino;
    char name[120];
    bool is_dir, gone;
} entry;

typedef struct {
    entry names[NODES_MAX];
    size_t names_n;
    bool kept[OPS_MAX];   /* per operation */
    uint32_t rng;
    uint32_t lost;
} disk;
static disk d;

static uint32_t chance(void)
{
    d.rng ^= d.rng << 13;
    d.rng ^= d.rng >> 17;
    d.rng ^= d.rng << 5;
    return d.rng;
}

static entry *find(ino_t dir, const char *name)
{
    for (size_t i = 0; i < d.names_n; i++)
        if (!d.names[i].gone && d.names[i].dir == dir && strcmp(d.names[i].name, name) == 0)
            return &d.names[i];
    return NULL;
}

static void set_name(ino_t dir, const char *name, ino_t ino, bool is_dir)
{
    entry *e = find(dir, name);
    if (!e) {
        CU_ASSERT(d.names_n < NODES_MAX);
        e = &d.names[d.names_n++];
    }
    *e = (entry){.dir = dir, .ino = ino, .is_dir = is_dir};
    snprintf(e->name, sizeof e->name, "%s", name);
}

static void apply_name(const op *o)
{
    entry *e;
    switch (o->kind) {
    case OP_CREATE: case OP_MKDIR:
        set_name(o->dir, o->name, o->ino, o->kind == OP_MKDIR);
        break;
    case OP_RENAME:
        if ((e = find(o->dir, o->name)))
            e->gone = true;
        set_name(o->dir, o->to, o->ino, false);
        break;
    case OP_REMOVE:
        if ((e = find(o->dir, o->name)))
            e->gone = true;
        break;
    default:
        break;
    }
}

/* Which of the operations before k are on disk. */
static void choose(uint32_t k, cut_kind kind)
{
    uint32_t journal = kind == CUT_JOURNAL ? chance() % (k + 1) : 0;
    for (uint32_t j = 0; j < k; j++) {
        const op *o = &rec->v[j];
        bool keep = certain(j, k);
        if (o->kind == OP_BEGIN && j + 1 < k)
            keep = false; /* it was done, or failed: then its bytes may be there, by chance */
        if (!keep)
            switch (kind) {
            case CUT_DROP: break;
            case CUT_KEEP: keep = true; break;
            case CUT_NAMES: keep = is_name(o); break;
            case CUT_BYTES: keep = !is_name(o); break;
            case CUT_JOURNAL: keep = is_name(o) ? j < journal : chance() & 1; break;
            default: keep = chance() & 1;
            }
        d.kept[j] = keep;
        d.lost += !keep && o->kind != OP_SYNC && o->kind != OP_SYNC_ALL && o->kind != OP_BEGIN;
    }
}

static void put_bytes(int fd, const op *o, size_t sector, bool sure)
{
    static const uint8_t zeros[1 << 16];
    struct stat st;
    CU_ASSERT(fstat(fd, &st) == 0);
    for (uint64_t at = 0; at < o->n;) {
        uint64_t n = sector - (o->at + at) % sector < o->n - at ? sector - (o->at + at) % sector : o->n - at;
        bool lost = !sure && chance() & 1;
        d.lost += lost;
        if (!lost && o->bytes != SIZE_MAX)
            CU_ASSERT(pwrite(fd, rec->store + o->bytes + at, n, (off_t)(o->at + at)) == (ssize_t)n);
        else if (!lost && o->at + at < (uint64_t)st.st_size)
            for (uint64_t z = 0; z < n; z += sizeof zeros)
                CU_ASSERT(pwrite(fd, zeros, n - z < sizeof zeros ? n - z : sizeof zeros, (off_t)(o->at + at + z)) > 0);
        at += n;
    }
    if (o->at + o->n > (uint64_t)st.st_size && fstat(fd, &st) == 0 && o->at + o->n > (uint64_t)st.st_size)
        CU_ASSERT(ftruncate(fd, (off_t)(o->at + o->n)) == 0);
}

static void build_file(int dirfd, const entry *e, uint32_t k, cut_kind kind)
{
    int fd = openat(dirfd, e->name, O_RDWR | O_CREAT | O_EXCL, 0600);
    CU_ASSERT(fd >= 0);
    bool torn = kind == CUT_TORN_512 || kind == CUT_TORN_4096;
    for (uint32_t j = 0; j < k; j++) {
        const op *o = &rec->v[j];
        if (o->ino != e->ino || o->kind > OP_BEGIN)
            continue;
        bool sure = certain(j, k) && !(o->kind == OP_BEGIN);
        if (d.kept[j] || (torn && !sure && !(o->kind == OP_BEGIN && j + 1 < k)))
            put_bytes(fd, o, torn && !sure ? (kind == CUT_TORN_512 ? 512 : 4096) : (size_t)1 << 40, sure || !torn);
    }
    close(fd);
}

static void build_dir(int dirfd, ino_t ino, uint32_t k, cut_kind kind)
{
    for (size_t i = 0; i < d.names_n; i++) {
        const entry *e = &d.names[i];
        if (e->gone || e->dir != ino)
            continue;
        if (!e->is_dir) {
            build_file(dirfd, e, k, kind);
            continue;
        }
        CU_ASSERT(mkdirat(dirfd, e->name, 0755) == 0);
        int below = openat(dirfd, e->name, O_RDONLY | O_DIRECTORY);
        build_dir(below, e->ino, k, kind);
        close(below);
    }
}

void powercut_build(const world *to, uint32_t k, cut_kind kind, uint32_t seed, uint32_t *lost)
{
    const char *paths[] = {to->spool, to->log, to->state};
    const ino_t inos[] = {rec->spool, rec->log, rec->state};
    d.names_n = 0;
    d.lost = 0;
    d.rng = seed * 2654435761u + 7;
    choose(k, kind);
    for (uint32_t j = 0; j < k; j++)
        if (d.kept[j] && is_name(&rec->v[j]))
            apply_name(&rec->v[j]);
    world_make(to);
    for (int i = 0; i < 3; i++) {
        int fd = open(paths[i], O_RDONLY | O_DIRECTORY);
        build_dir(fd, inos[i], k, kind);
        close(fd);
    }
    *lost = d.lost;
}
