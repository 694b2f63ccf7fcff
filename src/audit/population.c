#include "audit/population.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "ledger/log.h"
#include "tiles.h"

#define HELD (256u << 10) /* bytes of rows before they are written */

typedef struct {
    cu_population *p;
    cu_listing_log *log;
    cu_hasher *digest;
    cu_buf rows;
    int fd;
} run;

static cu_err flush(run *r)
{
    cu_bytes rows = cu_buf_view(&r->rows);
    CU_TRY(cu_buf_err(&r->rows));
    cu_hasher_add(r->digest, rows);
    cu_err e = r->fd >= 0 ? cu_write_all(r->fd, rows) : CU_OK;
    cu_buf_reset(&r->rows);
    return e;
}

static cu_err take(void *arg, uint64_t index, cu_bytes bytes, const cu_sha256 *hash)
{
    run *r = arg;
    cu_leaf leaf;
    if (cu_leaf_parse(bytes, &leaf) != CU_OK)
        return CU_CORRUPT;
    if (!cu_population_wants(r->p, &leaf))
        return CU_OK;
    r->log->first = r->log->count ? r->log->first : index;
    r->log->last = index;
    r->log->count++;
    cu_listing_row(&leaf, r->log->name, index, hash, &r->rows);
    return r->rows.n >= HELD ? flush(r) : CU_OK;
}

/* To the size that is asked for, or to the checkpoint. */
static cu_err read_log(run *r, cu_log *l, cu_fault *f)
{
    cu_checkpoint cp;
    cu_sha256 root;
    CU_TRY(cu_log_checkpoint(l, &cp, NULL, f));
    if (r->log->size > cp.size)
        return cu_fail(f, CU_CORRUPT, "the log has %llu entries, fewer than the %llu when it was listed", (unsigned long long)cp.size,
                       (unsigned long long)r->log->size);
    bool again = r->log->size != 0;
    if (!again) {
        r->log->size = cp.size;
        r->log->root = cp.root;
    }
    cu_err e = merkle_root(tile_node, l, r->log->size, &root);
    if (e != CU_OK)
        return cu_fail(f, e, "a tile is missing or cut short");
    if (memcmp(&root, &r->log->root, sizeof root) != 0)
        return cu_fail(f, CU_CORRUPT, "its history is not the one that was signed");
    return cu_log_each(l, 0, r->log->size, take, r, f);
}

static cu_err read_named(run *r, const char *log_dir, cu_fault *f)
{
    char path[4200], why[200];
    cu_log *l;
    cu_fault inner = {0};
    snprintf(path, sizeof path, "%.4000s/%.*s", log_dir, CU_FMT(r->log->name));
    r->log->count = r->log->first = r->log->last = 0;
    CU_TRY(cu_log_open(path, &l, f));
    cu_err e = read_log(r, l, &inner);
    cu_log_close(l);
    if (e == CU_OK)
        return CU_OK;
    snprintf(why, sizeof why, "%.190s", inner.code ? inner.text : cu_err_text(e));
    return cu_fail(f, e, "log %.*s: %s", CU_FMT(r->log->name), why);
}

cu_err cu_population_run(const char *log_dir, cu_population *p, int fd, cu_fault *f)
{
    run r = {.p = p, .fd = fd, .rows = CU_BUF(HELD + CU_LISTING_ROW_MAX), .digest = cu_hasher_new(CU_NONE)};
    cu_err e = r.digest ? CU_OK : CU_NOMEM;
    p->count = 0;
    for (size_t i = 0; i < p->logs_n && e == CU_OK; i++) {
        r.log = &p->logs[i];
        e = read_named(&r, log_dir, f);
        p->count += p->logs[i].count;
    }
    if (e == CU_OK && (e = flush(&r)) != CU_OK)
        (void)cu_fail(f, e, "the listing could not be written: %s", cu_err_text(e));
    if (e == CU_OK)
        cu_hasher_end(r.digest, &p->digest);
    else
        cu_hasher_drop(r.digest);
    cu_buf_free(&r.rows);
    return e;
}

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

cu_err cu_listing_rows(int fd, const uint64_t *rows, size_t n, cu_row_fn each, void *arg, cu_fault *f)
{
    uint64_t sorted[CU_SAMPLE_MAX], row = 0;
    size_t next = 0, held = 0;
    char *line = NULL;
    FILE *in = n <= CU_SAMPLE_MAX && lseek(fd, 0, SEEK_SET) == 0 ? fdopen(dup(fd), "r") : NULL;
    if (!in)
        return cu_fail(f, CU_IO, "the listing cannot be read: %s", strerror(errno));
    memcpy(sorted, rows, n * sizeof *rows);
    qsort(sorted, n, sizeof *sorted, by_number);
    cu_err e = CU_OK;
    for (ssize_t got; next < n && e == CU_OK && (got = getline(&line, &held, in)) > 0; row++)
        if (row == sorted[next]) {
            next++;
            e = each(arg, row, cu_bytes_of(line, (size_t)got));
        }
    free(line);
    fclose(in);
    if (e == CU_OK && next < n)
        e = cu_fail(f, CU_NOT_FOUND, "the listing has no row %llu", (unsigned long long)sorted[next]);
    return e;
}
