/* Archives and compressed files through libarchive, one member after another as a stream; nothing is
 * unpacked to disk. Recognised by their first bytes. Each ceiling is there against a hostile archive;
 * beyond one the scan of this archive ends, is complained about and counts as incomplete. */
#include "scan.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_NESTED 3u                       /* an archive in an archive in an archive */
#define MAX_MEMBERS 10000u                  /* of the outermost one, with all that it holds */
#define MAX_UNPACKED ((uint64_t)1 << 30)    /* bytes, likewise */
#define MAX_RATIO 200u                      /* of a member, once it is larger than RATIO_FROM */
#define RATIO_FROM ((uint64_t)1 << 20)
#define BLOCK 16384u
#define MEMBER_NAME 4096u

bool cu_archive_magic(cu_bytes h)
{
    static const struct {
        const char *magic;
        size_t n, at;
    } known[] = {
        {"PK\003\004", 4, 0}, {"PK\005\006", 4, 0}, {"\x1f\x8b\x08", 3, 0},
        {"\xfd" "7zXZ\0", 6, 0}, {"\x28\xb5\x2f\xfd", 4, 0}, {"7z\xbc\xaf\x27\x1c", 6, 0},
        {"ustar", 5, 257}, {"!<arch>\n", 8, 0}, {"1AY&SY", 6, 4},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (h.n >= known[i].at + known[i].n && memcmp(h.p + known[i].at, known[i].magic, known[i].n) == 0)
            return known[i].at != 4 || memcmp(h.p, "BZh", 3) == 0;
    return false;
}

typedef struct {
    cu_worker *w;
    struct archive *a;
    const cu_reader *reader;
    uint8_t *head;            /* read before it was known to be an archive; NULL: read again */
    size_t head_n, head_at;
    const char *path;
    char *name;               /* of the current member: path!member */
    uint64_t in_before, out;  /* of the current member: input read before it, bytes unpacked */
    const char *ceiling;      /* which one was met; NULL: none */
    bool read_failed;
    uint8_t block[BLOCK];
} opened;

static la_ssize_t give(struct archive *a, void *arg, const void **block)
{
    opened *o = arg;
    size_t n = o->head_n - o->head_at;
    (void)a;
    if (n) {
        *block = o->head + o->head_at;
        n = n < BLOCK ? n : BLOCK;
        o->head_at += n;
        return (la_ssize_t)n;
    }
    ssize_t got = cu_read_full(o->reader, o->block, BLOCK);
    *block = o->block;
    o->read_failed |= got < 0;
    return got;
}

static la_int64_t seek_to(struct archive *a, void *arg, la_int64_t offset, int whence)
{
    opened *o = arg;
    (void)a;
    off_t at = lseek(o->reader->fd, offset, whence);
    return at < 0 ? ARCHIVE_FATAL : at;
}

/* What a member gives is counted here; at a ceiling it looks as if it ended. */
static ssize_t read_member(void *arg, uint8_t *to, size_t n)
{
    opened *o = arg;
    if (o->ceiling || cu_scan_stopped(o->w->scan))
        return 0;
    la_ssize_t got = archive_read_data(o->a, to, n);
    if (got < 0) {
        errno = EIO;
        return -1;
    }
    o->out += (uint64_t)got;
    o->w->unpacked += (uint64_t)got;
    uint64_t in = (uint64_t)archive_filter_bytes(o->a, -1) - o->in_before + BLOCK;
    if (o->w->unpacked > MAX_UNPACKED)
        o->ceiling = "1 GiB unpacked";
    else if (o->out > RATIO_FROM && o->out / in > MAX_RATIO)
        o->ceiling = "200 times its packed size";
    return got;
}

static const char *why_not(void *arg)
{
    opened *o = arg;
    const char *why = archive_error_string(o->a);
    return o->read_failed ? "the archive cannot be read" : why ? why : "damaged in the archive";
}

static bool new_archive(opened *o)
{
    struct archive *a = o->a = archive_read_new();
    if (!a)
        return false;
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_ar(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    archive_read_set_read_callback(a, give);
    if (!o->head)
        archive_read_set_seek_callback(a, seek_to);
    archive_read_set_callback_data(a, o);
    return archive_read_open1(a) == ARCHIVE_OK;
}

/* "a.zip!dir/file"; a compressed file holds one member, its own name without the ending. */
static void name_member(opened *o, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry), *slash = strrchr(o->path, '/');
    char plain[MEMBER_NAME];
    if (!name)
        name = archive_entry_pathname_utf8(entry);
    if (archive_format(o->a) == ARCHIVE_FORMAT_RAW) {
        snprintf(plain, sizeof plain, "%s", slash ? slash + 1 : o->path);
        char *inner = strrchr(plain, '!'), *from = inner ? inner + 1 : plain, *dot = strrchr(from, '.');
        if (dot && dot > from)
            *dot = 0;
        memmove(plain, from, strlen(from) + 1);
        name = plain;
    }
    snprintf(o->name, strlen(o->path) + MEMBER_NAME + 2, "%s!%.*s", o->path, (int)MEMBER_NAME,
             name ? name : "?");
}

static cu_err scan_member(opened *o)
{
    cu_scan_source src = {.path = o->name, .named = strlen(o->path) + 1, .generated = cu_generated_name(o->name)};
    cu_reader r = {read_member, o, -1, why_not};
    o->out = 0;
    o->in_before = (uint64_t)archive_filter_bytes(o->a, -1);
    o->w->depth++;
    cu_err e = cu_scan_source_read(o->w, &r, &src, NULL, 0);
    o->w->depth--;
    return e == CU_IO ? CU_OK : e;
}

static bool has_content(struct archive_entry *entry)
{
    return archive_entry_filetype(entry) == AE_IFREG || archive_entry_filetype(entry) == 0;
}

static cu_err each_member(opened *o)
{
    struct archive_entry *entry;
    int rc;
    while ((rc = archive_read_next_header(o->a, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
        if (cu_scan_stopped(o->w->scan))
            return CU_OK;
        if (!has_content(entry))
            continue;
        if (++o->w->members > MAX_MEMBERS)
            o->ceiling = "10,000 members";
        if (o->ceiling)
            return CU_OK;
        name_member(o, entry);
        CU_TRY(scan_member(o));
        if (o->ceiling)
            return CU_OK;
    }
    if (rc != ARCHIVE_EOF) {
        const char *why = archive_error_string(o->a);
        cu_worker_complain(o->w, o->path, "damaged archive, what could be read was scanned: %.200s",
                           o->read_failed ? "it cannot be read" : why ? why : "unknown reason");
    }
    return CU_OK;
}

static cu_err beyond(cu_worker *w, const char *path, const char *ceiling)
{
    cu_worker_complain(w, path, "the rest of this archive was not scanned: beyond the ceiling of %s",
                       ceiling);
    atomic_store(&w->scan->cut_short, true);
    return CU_OK;
}

static cu_err scan_opened(opened *o)
{
    cu_worker *w = o->w;
    cu_err e = CU_OK;
    if (!new_archive(o)) {
        const char *why = o->a ? archive_error_string(o->a) : NULL;
        cu_worker_complain(w, o->path, "this archive cannot be opened: %.200s", why ? why : "out of memory");
    } else {
        cu_count(&w->scan->count.archives, 1);
        e = each_member(o);
    }
    archive_read_free(o->a);
    if (e == CU_OK && o->ceiling)
        e = beyond(w, o->path, o->ceiling);
    return e;
}

cu_err cu_archive_scan(cu_worker *w, const cu_reader *r, cu_bytes head, const cu_scan_source *src)
{
    if (w->depth >= MAX_NESTED)
        return beyond(w, src->path, "3 archives around each other");
    if (w->depth == 0)
        w->members = w->unpacked = 0;
    opened *o = calloc(1, sizeof *o);
    size_t room = strlen(src->path) + MEMBER_NAME + 2;
    if (!o || !(o->name = malloc(room))) {
        free(o);
        return CU_NOMEM;
    }
    o->w = w;
    o->reader = r;
    o->path = src->path;
    if (r->fd < 0 || lseek(r->fd, 0, SEEK_SET) != 0) {
        o->head = malloc(head.n); /* the buffer it stands in is needed for the members */
        o->head_n = o->head ? head.n : 0;
        if (o->head)
            memcpy(o->head, head.p, head.n);
    }
    cu_err e = r->fd >= 0 || o->head ? scan_opened(o) : CU_NOMEM;
    free(o->head);
    free(o->name);
    free(o);
    return e;
}
