/* One source of bytes: what it is, and its text in chunks that overlap, so that no seam loses or
 * doubles a finding. Where chunks end depends on the source alone, never on threads. */
#include "scan.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

ssize_t cu_read_full(const cu_reader *r, uint8_t *to, size_t want)
{
    size_t have = 0;
    while (have < want) {
        ssize_t n = r->read(r->arg, to + have, want - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

ssize_t cu_memory_read(void *arg, uint8_t *to, size_t n)
{
    cu_memory_reader *m = arg;
    if (n > m->left.n)
        n = m->left.n;
    if (n)
        memcpy(to, m->left.p, n);
    m->left = cu_slice(m->left, n, m->left.n);
    return (ssize_t)n;
}

static cu_err failed(cu_worker *w, const cu_reader *r, const cu_scan_source *src)
{
    const char *why = r->why ? r->why(r->arg) : errno == EIO ? "input or output failed" : strerror(errno);
    cu_worker_complain(w, src->path, "%.200s", why);
    cu_text_used(w, CU_SCAN_CHUNK); /* something may have come before it failed */
    return CU_IO;
}

/* The text as it stands in the file. w->text holds `have` bytes. */
static cu_err scan_plain(cu_worker *w, const cu_reader *r, cu_passage *p, size_t have, size_t skip,
                         bool ended)
{
    cu_place start = {.line = 1};
    uint64_t reported = 0;
    if (skip) { /* the mark takes no column */
        memmove(w->text, w->text + skip, have - skip);
        have -= skip;
        start.raw = skip;
    }
    for (bool first = true;; first = false) {
        ssize_t n = ended ? 0 : cu_read_full(r, w->text + have, CU_SCAN_CHUNK - have);
        if (n < 0)
            return failed(w, r, p->source);
        if (n && first && r->fd >= 0)
            posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        cu_count(&w->scan->count.bytes, (uint64_t)n);
        have += (size_t)n;
        cu_text_used(w, have);
        bool last = have < CU_SCAN_CHUNK;
        p->text = cu_bytes_of(w->text, have);
        CU_TRY(cu_emit(w, p, start, last ? have : have - CU_SCAN_AHEAD, &reported));
        if (last || cu_scan_stopped(w->scan))
            return CU_OK;
        size_t next = have - CU_SCAN_AHEAD - CU_SCAN_BEHIND;
        cu_advance_plain(p, &start, next);
        start.at = 0;
        memmove(w->text, w->text + next, have - next);
        have -= next;
    }
}

typedef struct {
    cu_encoding encoding;
    cu_bytes raw;
    uint64_t raw_base; /* of raw, in the source */
    bool last;
} decoded;

static void advance_decoded(const cu_passage *p, cu_place *c, size_t to)
{
    const decoded *d = p->map;
    while (c->at < to) {
        cu_step s = cu_decode_step(d->encoding, cu_slice(d->raw, (size_t)(c->raw - d->raw_base),
                                                         d->raw.n), d->last);
        if (s.raw == 0)
            break;
        c->at += s.n;
        c->raw += s.raw;
        c->line += s.newline;
        c->column = s.newline ? 0 : c->column + s.column;
    }
}

static cu_err scan_decoded(cu_worker *w, const cu_reader *r, cu_passage *p, cu_encoding e, size_t have,
                           size_t skip, bool ended)
{
    if (!w->raw && !(w->raw = malloc(CU_SCAN_RAW)))
        return CU_NOMEM;
    decoded d = {.encoding = e, .raw_base = skip};
    cu_place start = {.line = 1, .raw = skip};
    uint64_t reported = 0;
    have -= skip;
    memcpy(w->raw, w->text + skip, have);
    p->advance = advance_decoded;
    p->map = &d;
    for (;;) {
        ssize_t n = ended ? 0 : cu_read_full(r, w->raw + have, CU_SCAN_RAW - have);
        size_t used;
        if (n < 0)
            return failed(w, r, p->source);
        cu_count(&w->scan->count.bytes, (uint64_t)n);
        have += (size_t)n;
        d.last = have < CU_SCAN_RAW;
        d.raw = cu_bytes_of(w->raw, have);
        size_t text = cu_decode(e, d.raw, d.last, w->text, &used);
        cu_text_used(w, text);
        p->text = cu_bytes_of(w->text, text);
        /* text that is nothing but escapes shrinks to a sixth */
        size_t ahead = text / 4 < CU_SCAN_AHEAD ? text / 4 : CU_SCAN_AHEAD;
        size_t behind = text / 8 < CU_SCAN_BEHIND ? text / 8 : CU_SCAN_BEHIND;
        CU_TRY(cu_emit(w, p, start, d.last ? text : text - ahead, &reported));
        if (d.last || cu_scan_stopped(w->scan))
            return CU_OK;
        advance_decoded(p, &start, text - ahead - behind);
        size_t next = (size_t)(start.raw - d.raw_base);
        memmove(w->raw, w->raw + next, have - next);
        have -= next;
        d.raw_base = start.raw;
        start.at = 0;
    }
}

/* Decides by content, not by name: archive, encoded, binary, plain. */
static cu_err scan_head(cu_worker *w, const cu_reader *r, cu_passage *p, size_t have)
{
    cu_bytes head = cu_bytes_of(w->text, have);
    size_t skip = 0;
    if (have < CU_SCAN_HEAD && cu_accept_own_file(head)) { /* a baseline does not flag itself */
        cu_count(&w->scan->count.ignored, 1);
        w->passed_by = true;
        return CU_OK;
    }
    if (w->scan->o.archives && cu_archive_magic(head))
        return cu_archive_scan(w, r, head, p->source);
    cu_encoding e = cu_encoding_of(cu_slice(head, 0, have < CU_SCAN_BINARY_HEAD ? have
                                                                                 : CU_SCAN_BINARY_HEAD),
                                   &skip);
    if (e == CU_ENCODED_BINARY) {
        cu_count(&w->scan->count.binary, 1);
        w->passed_by = true;
        return CU_OK;
    }
    if (e == CU_ENCODED_NOT && w->scan->o.archives && cu_notebook_name(p->source->path))
        e = CU_ENCODED_JSON;
    cu_count(&w->scan->count.files, 1);
    cu_count(&w->scan->count.bytes, have);
    return e == CU_ENCODED_NOT ? scan_plain(w, r, p, have, skip, have < CU_SCAN_HEAD)
                               : scan_decoded(w, r, p, e, have, skip, have < CU_SCAN_HEAD);
}

cu_err cu_scan_source_read(cu_worker *w, const cu_reader *r, const cu_scan_source *src,
                           const cu_lines *only, size_t only_n)
{
    cu_passage p = {.source = src, .only = only, .only_n = only_n, .advance = cu_advance_plain};
    if (w->depth == 0) {
        w->raw_findings = 0;
        w->passed_by = false;
    }
    ssize_t n = cu_read_full(r, w->text, CU_SCAN_HEAD);
    if (n < 0)
        return failed(w, r, src);
    cu_text_used(w, (size_t)n);
    return scan_head(w, r, &p, (size_t)n);
}
