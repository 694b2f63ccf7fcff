#include "audit/export.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "job.h"
#include "readme.h"
#include "tiles.h"

/* --- what the bundle will hold --- */

static cu_err open_source(job *j, size_t i)
{
    char path[4300];
    source *s = &j->sources[i];
    *s = (source){.name = j->with->logs[i], .note = CU_BUF(CU_NOTE_MAX), .first_in = UINT64_MAX, .last_in = UINT64_MAX};
    snprintf(path, sizeof path, "%.4000s/%.80s", j->with->log_dir, s->name);
    CU_TRY(cu_log_open(path, &s->l, j->f));
    return cu_log_checkpoint(s->l, &s->cp, &s->note, j->f);
}

typedef struct {
    job *j;
    size_t log;
} scan_of;

static cu_err scan(void *arg, uint64_t index, cu_bytes bytes, const cu_sha256 *hash)
{
    const scan_of *o = arg;
    job *j = o->j;
    source *s = &j->sources[o->log];
    cu_leaf leaf;
    (void)hash;
    if (cu_leaf_parse(bytes, &leaf) != CU_OK)
        return cu_fail(j->f, CU_CORRUPT, "log %s, entry %llu is no leaf", s->name, (unsigned long long)index);
    bool began = cu_cmp(leaf.ts, cu_str(j->with->from)) >= 0, ended = cu_cmp(leaf.ts, cu_str(j->with->to)) >= 0;
    if (began && s->first_in == UINT64_MAX)
        s->first_in = index;
    if (!ended)
        s->last_in = index;
    if (began && !ended) {
        CU_TRY(export_tally_add(&j->tally, leaf.ts, leaf.type));
        j->result->entries++;
        if (cu_eq_str(leaf.type, "key.destroyed"))
            export_destroyed_line(&leaf, cu_str(s->name), index, &j->destroyed);
    }
    return job_note_document(j, o->log, index, &leaf, bytes);
}

static cu_err scan_all(job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        scan_of o = {j, i};
        source *s = &j->sources[i];
        s->l->size = s->cp.size;
        CU_TRY(cu_log_each(s->l, 0, s->cp.size, scan, &o, j->f));
    }
    job_settle_documents(j);
    return cu_buf_err(&j->destroyed);
}

/* --- logs --- */

/* Bundles of the entries first .. last: those of the period, the one before and the one after. */
static bool period(const source *s, uint64_t *first, uint64_t *last)
{
    if (s->cp.size == 0)
        return false;
    uint64_t in = s->first_in == UINT64_MAX ? s->cp.size : s->first_in;           /* none: behind the end */
    uint64_t before = in ? in - 1 : 0;
    uint64_t after = s->last_in == UINT64_MAX ? 0 : s->last_in + 1 < s->cp.size ? s->last_in + 1 : s->last_in;
    *first = (before < after ? before : after) / TILE_WIDTH;
    *last = (before < after ? after : before) / TILE_WIDTH;
    return true;
}

static cu_err put_tile(job *j, source *s, int level, uint64_t index)
{
    char name[EXPORT_NAME_MAX + 100], path[TILE_PATH_MAX];
    cu_bytes tile;
    cu_err e = tile_load(s->l, level, index, s->cp.size, &tile);
    tile_path(level, index, tile_width(level, index, s->cp.size), path);
    if (e != CU_OK)
        return cu_fail(j->f, e, "log %s, %s: %s", s->name, path, cu_err_text(e));
    snprintf(name, sizeof name, "log/%.72s/%s", s->name, path);
    archive_put(j->out, name, tile);
    return CU_OK;
}

static cu_err put_named(job *j, const source *s, const char *file, bool must)
{
    char name[120];
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    cu_err e = cu_file_read(s->l->dirfd, file, &b);
    if (e == CU_NOT_FOUND && !must)
        return CU_OK;
    if (e != CU_OK)
        return cu_fail(j->f, e, "log %s, %s: %s", s->name, file, cu_err_text(e));
    snprintf(name, sizeof name, "log/%.72s/%s", s->name, file);
    archive_put(j->out, name, cu_buf_view(&b));
    return CU_OK;
}

static cu_err put_log(job *j, source *s)
{
    char name[120];
    uint64_t first = 0, last = 0;
    bool any = period(s, &first, &last);
    CU_TRY(put_named(j, s, "vkey", true));
    CU_TRY(put_named(j, s, "vkeys", false));
    snprintf(name, sizeof name, "log/%.72s/checkpoint", s->name);
    archive_put(j->out, name, cu_buf_view(&s->note));
    for (uint64_t t = 0; t * TILE_WIDTH < s->cp.size; t++) {
        CU_TRY(put_tile(j, s, 0, t));
        if (any && t >= first && t <= last)
            CU_TRY(put_tile(j, s, TILE_ENTRIES, t));
    }
    for (int level = 1; s->cp.size >> (8 * level); level++)
        for (uint64_t t = 0; tile_width(level, t, s->cp.size); t++)
            CU_TRY(put_tile(j, s, level, t));
    return CU_OK;
}

/* --- the whole --- */

static void put_head(job *j)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(65536);
    export_head h = {.from = cu_str(j->with->from), .to = cu_str(j->with->to), .tenant = cu_str(j->with->tenant), .logs_n = j->n};
    for (size_t i = 0; i < j->n; i++)
        h.logs[i] = cu_str(j->sources[i].name);
    export_head_text(&h, &b);
    archive_put(j->out, "bundle.json", cu_buf_view(&b));
    archive_put(j->out, "README.txt", cu_str(export_readme));
}

static cu_err put_all(job *j)
{
    cu_buf counts CU_CLEAN_BUF = CU_BUF((size_t)64 << 20);
    put_head(j);
    CU_TRY(job_put_documents(j));
    CU_TRY(job_anchor(j));
    for (size_t i = 0; i < j->n; i++) {
        CU_TRY(put_log(j, &j->sources[i]));
        CU_TRY(archive_err(j->out)); /* a full disk is not read for to the end */
    }
    CU_TRY(job_put_listings(j));
    export_tally_text(&j->tally, &counts);
    archive_put(j->out, "counts.json", cu_buf_view(&counts));
    archive_put(j->out, "keys-destroyed.jsonl", cu_buf_view(&j->destroyed));
    return cu_buf_err(&counts);
}

static cu_err run(job *j, int fd)
{
    for (size_t i = 0; i < j->with->logs_n; i++) {
        j->n = i + 1;
        CU_TRY(open_source(j, i));
    }
    CU_TRY(scan_all(j));
    CU_TRY(archive_new(fd, j->with->keep_free, &j->out));
    cu_err e = put_all(j);
    j->result->files = archive_files(j->out) + 1;
    if (e != CU_OK)
        archive_drop(j->out);
    else
        e = archive_end(j->out, &j->result->bytes, &j->result->manifest);
    if (e == CU_NOSPC)
        return cu_fail(j->f, e, "there is no room for the bundle (%llu MiB stay free for evidence): name a shorter period or one tenant, or remove bundles that were "
                                "made before (evidence/exports)", (unsigned long long)j->with->keep_free >> 20);
    return e == CU_OK || j->f->code ? e : cu_fail(j->f, e, "the bundle could not be written: %s", cu_err_text(e));
}

cu_err cu_export_write(const cu_export_with *with, int fd, cu_export_result *out, cu_fault *f)
{
    job j = {.with = with, .result = out, .f = f, .destroyed = CU_BUF((size_t)256 << 20)};
    *out = (cu_export_result){0};
    if (with->logs_n == 0 || with->logs_n > CU_LISTING_LOGS)
        return cu_fail(f, CU_TOO_BIG, "a bundle holds 1 to %u logs; export tenant by tenant", CU_LISTING_LOGS);
    cu_arena_init(&j.arena, (size_t)256 << 20);
    j.sources = calloc(with->logs_n, sizeof *j.sources);
    cu_err e = j.sources ? run(&j, fd) : CU_NOMEM;
    for (size_t i = 0; i < j.n && j.sources; i++) {
        cu_log_close(j.sources[i].l);
        cu_buf_free(&j.sources[i].note);
    }
    free(j.sources);
    export_tally_free(&j.tally);
    cu_buf_free(&j.destroyed);
    cu_arena_free(&j.arena);
    return e == CU_OK || (f && f->code) ? e : cu_fail(f, e, "the export failed: %s", cu_err_text(e));
}
