/* Rows 5 to 7: what an operator does to a log that is at rest. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/signer.h"
#include "rows.h"
#include "tiles.h"

#define FILES_MAX 200

typedef struct {
    char path[FILES_MAX][360];
    size_t n;
    cu_buf vkeys;
} files;

static void list(const char *dir, files *out)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[360];
        struct stat st;
        if (e->d_name[0] == '.' || (size_t)snprintf(path, sizeof path, "%.250s/%.100s", dir, e->d_name) >= sizeof path || stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            list(path, out);
            continue;
        }
        CU_ASSERT(out->n < FILES_MAX);
        char signed_one[360]; /* a log that has published nothing has nothing to protect */
        snprintf(signed_one, sizeof signed_one, "%.300s/checkpoint", dir);
        if (strncmp(e->d_name, "vkey", 4) == 0 && access(signed_one, F_OK) != 0)
            continue;
        if (strcmp(e->d_name, "vkey") == 0)
            CU_ASSERT(cu_file_read(AT_FDCWD, path, &out->vkeys) == CU_OK);
        if (strcmp(e->d_name, "cursors") != 0 && strcmp(e->d_name, "lock") != 0) /* of the sequencer, not of a log */
            snprintf(out->path[out->n++], sizeof path, "%s", path);
    }
    closedir(d);
}

/* With keys one trusts; a key file that was changed is seen by who takes the keys from the logs. */
static bool caught(const world *w, const files *all, bool key_file)
{
    cu_verify_report r;
    cu_fault f;
    return cu_verify_dir(w->log, key_file ? NULL : (const char *)all->vkeys.p, NULL, NULL, &r, &f) != CU_OK || r.broken;
}

static void flip_file(row *r, const world *w, const files *all, const char *path, uint32_t step)
{
    struct stat st;
    int fd CU_CLEAN_FD = open(path, O_RDWR);
    bool key_file = strstr(path, "/vkey");
    CU_ASSERT(fd >= 0 && fstat(fd, &st) == 0);
    for (off_t at = 0; at < st.st_size; at++)
        for (int bit = 0; bit < 8; bit++) {
            uint8_t was, is;
            if ((uint32_t)(at * 8 + bit) % step)
                continue;
            CU_ASSERT(pread(fd, &was, 1, at) == 1);
            is = was ^ (uint8_t)(1 << bit);
            CU_ASSERT(pwrite(fd, &is, 1, at) == 1);
            r->injected++;
            if (!caught(w, all, key_file))
                row_wrong(r, "bit %d of byte %lld of %s was turned over, and that was not seen", bit, (long long)at, path + strlen(w->root));
            CU_ASSERT(pwrite(fd, &was, 1, at) == 1);
        }
}

void row_bits(row *r, const how_much *h)
{
    world w;
    static const uint32_t seeds[] = {1, 2, 3}; /* the last has a packed bundle */
    for (size_t k = 0; k < sizeof seeds / sizeof *seeds; k++) {
        uint32_t seed = seeds[k];
        if (seed == 2 && !h->whole)
            continue;
        files all = {.vkeys = CU_BUF(4096)};
        fresh(&w, "bits", seed);
        list(w.log, &all);
        cu_buf_cstr(&all.vkeys);
        if (caught(&w, &all, false) || caught(&w, &all, true))
            row_wrong(r, "the log is broken before anything was done to it");
        for (size_t i = 0; i < all.n; i++)
            if (seed != 3 || strstr(all.path[i], ".gz"))
                flip_file(r, &w, &all, all.path[i], h->whole ? seed == 3 ? 3 : 1 : seed == 3 ? 211 : 13);
        cu_buf_free(&all.vkeys);
        world_remove(&w);
    }
}

/* --- 6 --- */

static void expect(row *r, const world *w, const files *all, const char *what, const char *path)
{
    r->injected++;
    if (!caught(w, all, strstr(path, "/vkey") != NULL))
        row_wrong(r, "%s: %s: not seen", path + strlen(w->root), what);
}

static void put(const char *path, const cu_buf *b, size_t n)
{
    int fd CU_CLEAN_FD = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CU_ASSERT(fd >= 0 && write(fd, b->p, n) == (ssize_t)n);
}

static void spoil(row *r, const world *w, const files *all, const char *path, uint32_t step)
{
    char other[400];
    cu_buf b CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
    CU_ASSERT(cu_file_read(AT_FDCWD, path, &b) == CU_OK);
    size_t end = b.n - (strstr(path, "/vkey") != NULL); /* a key without its newline is the same key */
    for (size_t n = 0; n < end; n += 1 + (end - n > 64 ? step : 0)) {
        put(path, &b, n);
        expect(r, w, all, "cut short", path);
    }
    unlink(path);
    expect(r, w, all, "missing", path);
    cu_buf_byte(&b, 'x');
    put(path, &b, b.n);
    if (strstr(path, "/tile/"))
        expect(r, w, all, "one byte more", path);
    put(path, &b, b.n - 1);
    const char *part = strstr(path, ".p/");
    if (!part)
        return;
    int width = atoi(part + 3);
    for (int v = width - 1; v <= width + 1; v += 2) {
        snprintf(other, sizeof other, "%.*s.p/%d", (int)(part - path), path, v);
        if (access(other, F_OK) == 0 || v == 0)
            continue;
        CU_ASSERT(rename(path, other) == 0);
        expect(r, w, all, "of another width", path);
        CU_ASSERT(rename(other, path) == 0);
    }
    for (int v = width + 1; v <= 256; v += v < 250 ? 9 : 1) { /* the tile of a longer log beside it */
        if (v == 256)
            snprintf(other, sizeof other, "%.*s", (int)(part - path), path);
        else
            snprintf(other, sizeof other, "%.*s.p/%d", (int)(part - path), path, v);
        put(other, &b, b.n - 1);
        expect(r, w, all, "an extra tile, wider", other);
        unlink(other);
    }
}

void row_tiles(row *r, const how_much *h)
{
    world w;
    static const uint32_t seeds[] = {1, 3, 2, 7, 5, 11};
    for (uint32_t i = 0; i < (h->whole ? 6 : 2); i++) {
        files all = {.vkeys = CU_BUF(4096)};
        fresh(&w, "tiles", seeds[i]);
        list(w.log, &all);
        cu_buf_cstr(&all.vkeys);
        /* partial tiles of earlier states may go or stay: only those of now are of the log */
        for (size_t k = 0; k < all.n; k++) {
            struct stat st;
            if (stat(all.path[k], &st) != 0)
                continue;
            const char *path = all.path[k];
            cu_buf b CU_CLEAN_BUF = CU_BUF(TILE_BYTES_MAX);
            CU_ASSERT(cu_file_read(AT_FDCWD, path, &b) == CU_OK);
            unlink(path);
            bool needed = caught(&w, &all, strstr(path, "/vkey") != NULL);
            put(path, &b, b.n);
            if (needed)
                spoil(r, &w, &all, path, h->whole ? 5 : 53);
        }
        if (caught(&w, &all, false))
            row_wrong(r, "the log was not put back as it was");
        cu_buf_free(&all.vkeys);
        world_remove(&w);
    }
}

/* --- 7 --- */

static cu_err one_more(const world *w, unsigned n, cu_fault *f)
{
    cu_spool_writer *writer;
    int fd CU_CLEAN_FD = open(w->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CU_TRY(cu_spool_open(fd, "gw", &writer, f));
    cu_err e = world_write(writer, n % 2 ? "org" : "acme", n, 20);
    cu_spool_close(writer);
    return e == CU_OK ? world_recover(w, f) : e;
}

static void move(const char *from, const char *to)
{
    CU_ASSERT(rename(from, to) == 0);
}

/* The log directory as it was n entries ago, the signer as it is. */
static void rolled_back(row *r, uint32_t seed, unsigned n)
{
    world w, old;
    char away[240];
    cu_fault f = {0};
    fresh(&w, "now", seed);
    world_at(&old, "then");
    world_copy(&w, &old);
    for (unsigned i = 0; i < n; i++)
        CU_ASSERT(one_more(&w, i, &f) == CU_OK);
    snprintf(away, sizeof away, "%s/away", w.root);
    move(w.log, away);
    move(old.log, w.log);
    r->injected++;
    /* the entries that the log knew no more and the new one: another history */
    if (one_more(&w, n, &f) == CU_OK && one_more(&w, n + 1, &f) == CU_OK)
        row_wrong(r, "seed %u: the log was set back by %u entries and the signer signed another history", seed, n);
    world_remove(&w);
    world_remove(&old);
}

/* Two directories, one signer. */
static void two_directories(row *r, uint32_t seed, unsigned n)
{
    world a, b;
    char line[900];
    cu_fault f = {0};
    fresh(&a, "first", seed);
    world_at(&b, "other");
    world_copy(&a, &b);
    snprintf(line, sizeof line, "rm -r '%s' && ln -s '%s' '%s'", b.state, a.state, b.state);
    CU_ASSERT(system(line) == 0);
    for (unsigned i = 0; i <= n; i++)
        CU_ASSERT(one_more(&a, i, &f) == CU_OK);
    r->injected++;
    if (one_more(&b, 0, &f) == CU_OK && one_more(&b, 1, &f) == CU_OK)
        row_wrong(r, "seed %u: two directories went different ways and the signer signed both", seed);
    unlink(b.state);
    world_remove(&a);
    world_remove(&b);
}

static void lost_signer(row *r, uint32_t seed)
{
    world w;
    char line[300];
    cu_fault f = {0};
    fresh(&w, "lost", seed);
    snprintf(line, sizeof line, "rm '%s'/*", w.state);
    CU_ASSERT(system(line) == 0);
    r->injected++;
    if (one_more(&w, 0, &f) == CU_OK || f.code != CU_CORRUPT)
        row_wrong(r, "seed %u: the signer lost its key and the log went on with another: %s", seed, f.text);
    world_remove(&w);
}

void row_rollback(row *r, const how_much *h)
{
    for (uint32_t seed = 1; seed <= (h->whole ? 20 : 2); seed++) {
        for (unsigned n = 1; n <= (h->whole ? 6 : 2); n++) {
            rolled_back(r, seed, n);
            two_directories(r, seed, n);
        }
        lost_signer(r, seed);
    }
}
