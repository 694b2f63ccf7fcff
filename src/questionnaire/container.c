/* ZIP containers: all of it in memory, so that nothing of a name can reach the disk. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>
#include "container.h"

static cu_err too_large(cu_fault *f)
{
    return cu_fail(f, CU_TOO_BIG, "the file unpacks to far more than a questionnaire holds (more than %zu MiB, or %u times its size); "
                                  "save only the sheets that ask something", CU_QFILE_UNPACKED >> 20, CU_QFILE_RATIO);
}

static cu_err read_member(struct archive *z, cu_bytes file, cu_arena *a, size_t *unpacked, member *m, cu_fault *f)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_QFILE_UNPACKED);
    uint8_t piece[16384];
    la_ssize_t n;
    while ((n = archive_read_data(z, piece, sizeof piece)) > 0) {
        *unpacked += (size_t)n;
        if (*unpacked > CU_QFILE_UNPACKED || (*unpacked > (size_t)8 << 20 && *unpacked / CU_QFILE_RATIO > file.n))
            return too_large(f);
        cu_buf_put(&b, piece, (size_t)n);
    }
    CU_TRY(cu_buf_err(&b));
    if (n < 0)
        return cu_fail(f, CU_CORRUPT, "a member of the file cannot be unpacked; save it again");
    m->content = cu_arena_dup(a, cu_buf_view(&b));
    return m->content.p ? CU_OK : CU_NOMEM;
}

static cu_err take(struct archive *z, struct archive_entry *e, cu_bytes file, cu_arena *a, size_t *unpacked, container *out, cu_fault *f)
{
    const char *name = archive_entry_pathname(e);
    member *m = &out->v[out->n];
    if (out->n == CU_QFILE_MEMBERS)
        return cu_fail(f, CU_TOO_BIG, "the file has more than %u members", CU_QFILE_MEMBERS);
    if (archive_entry_is_encrypted(e))
        return cu_fail(f, CU_UNSUPPORTED, "the file is encrypted; save it without a password");
    if (!name || !*name || strlen(name) > 400 || name[0] == '/' || strstr(name, ".."))
        return cu_fail(f, CU_SYNTAX, "a member of the file has no proper name");
    if (archive_entry_filetype(e) != AE_IFREG)
        return archive_entry_filetype(e) == AE_IFDIR ? CU_OK : cu_fail(f, CU_SYNTAX, "a member of the file is neither file nor folder");
    if (container_find(out, cu_str(name)))
        return cu_fail(f, CU_DUPLICATE, "the file holds a member twice");
    m->name = cu_arena_dup(a, cu_str(name));
    m->modified_s = archive_entry_mtime(e) > 0 ? (uint64_t)archive_entry_mtime(e) : 0;
    CU_TRY(read_member(z, file, a, unpacked, m, f));
    out->n++;
    return m->name.p ? CU_OK : CU_NOMEM;
}

cu_err container_read(cu_bytes file, cu_arena *a, container *out, cu_fault *f)
{
    struct archive *z = archive_read_new();
    struct archive_entry *e;
    size_t unpacked = 0;
    int rc = ARCHIVE_FATAL;
    cu_err err = CU_OK;
    *out = (container){.v = cu_arena_alloc(a, CU_QFILE_MEMBERS * sizeof *out->v)};
    if (z && out->v) {
        archive_read_support_format_zip(z);
        rc = archive_read_open_memory(z, file.p, file.n);
    }
    while (rc == ARCHIVE_OK && err == CU_OK && ((rc = archive_read_next_header(z, &e)) == ARCHIVE_OK || rc == ARCHIVE_WARN)) {
        err = take(z, e, file, a, &unpacked, out, f);
        rc = ARCHIVE_OK;
    }
    archive_read_free(z);
    if (err == CU_OK && (rc != ARCHIVE_EOF || !out->n))
        err = cu_fail(f, CU_CORRUPT, "the file is no whole ZIP container; save it again as XLSX or DOCX");
    return err;
}

member *container_find(const container *c, cu_bytes name)
{
    for (size_t i = 0; i < c->n; i++)
        if (cu_eq(c->v[i].name, name))
            return &c->v[i];
    return NULL;
}

static la_ssize_t put(struct archive *z, void *to, const void *p, size_t n)
{
    cu_buf_put(to, p, n);
    return cu_buf_err(to) == CU_OK ? (la_ssize_t)n : -1;
}

static bool write_member(struct archive *z, const member *m)
{
    char name[404];
    struct archive_entry *e = archive_entry_new();
    if (!e)
        return false;
    snprintf(name, sizeof name, "%.*s", CU_FMT(m->name));
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, (la_int64_t)m->content.n);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_mtime(e, (time_t)m->modified_s, 0);
    bool ok = archive_write_header(z, e) == ARCHIVE_OK && archive_write_data(z, m->content.p, m->content.n) == (la_ssize_t)m->content.n;
    archive_entry_free(e);
    return ok;
}

cu_err container_write(const container *c, cu_buf *out, cu_fault *f)
{
    struct archive *z = archive_write_new();
    bool ok = z && archive_write_set_format_zip(z) == ARCHIVE_OK && archive_write_set_options(z, "zip:compression=deflate") == ARCHIVE_OK &&
              archive_write_set_bytes_per_block(z, 0) == ARCHIVE_OK && archive_write_open(z, out, NULL, put, NULL) == ARCHIVE_OK;
    for (size_t i = 0; ok && i < c->n; i++)
        ok = write_member(z, &c->v[i]);
    ok = ok && archive_write_close(z) == ARCHIVE_OK;
    archive_write_free(z);
    return ok ? CU_OK : cu_fail(f, CU_IO, "the file could not be packed");
}
