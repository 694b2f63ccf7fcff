#include "stage.h"
#include <stdio.h>
#include <stdlib.h>

#define STAGE_HEAD "custos-stage 1\n"

cursor_entry *cursor_of(cursors *c, const char *segment)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->v[i].segment, segment) == 0)
            return &c->v[i];
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 16;
        cursor_entry *v = realloc(c->v, cap * sizeof *v);
        if (!v)
            return NULL;
        c->v = v;
        c->cap = cap;
    }
    c->v[c->n] = (cursor_entry){0};
    snprintf(c->v[c->n].segment, SEGMENT_NAME_MAX, "%s", segment);
    return &c->v[c->n++];
}

static writer_entry *writer_of(cursors *c, cu_bytes writer, uint64_t epoch)
{
    writer_entry *oldest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < c->writers_n; i++) {
        writer_entry *w = &c->writers[i];
        if (!cu_eq_str(writer, w->writer))
            continue;
        if (w->epoch == epoch)
            return w;
        n++;
        if (!oldest || w->epoch < oldest->epoch)
            oldest = w;
    }
    if (n >= WRITER_EPOCHS) {
        oldest->epoch = epoch;
        oldest->next = 0;
        return oldest;
    }
    if (c->writers_n == c->writers_cap) {
        size_t cap = c->writers_cap ? c->writers_cap * 2 : 16;
        writer_entry *v = realloc(c->writers, cap * sizeof *v);
        if (!v)
            return NULL;
        c->writers = v;
        c->writers_cap = cap;
    }
    writer_entry *w = &c->writers[c->writers_n++];
    *w = (writer_entry){.epoch = epoch};
    snprintf(w->writer, sizeof w->writer, "%.*s", CU_FMT(writer));
    return w;
}

bool cursors_take(cursors *c, cu_bytes writer, uint64_t epoch, uint64_t seq, cu_err *e)
{
    writer_entry *w = writer.n < sizeof w->writer ? writer_of(c, writer, epoch) : NULL;
    *e = w ? CU_OK : CU_NOMEM;
    if (!w || seq < w->next)
        return false;
    if (seq > w->next) {
        *e = CU_CORRUPT;
        return false;
    }
    w->next = seq + 1;
    return true;
}

void cursors_drop(cursors *c, const char *segment)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->v[i].segment, segment) == 0) {
            c->v[i] = c->v[--c->n];
            return;
        }
}

void cursors_free(cursors *c)
{
    free(c->v);
    free(c->writers);
    *c = (cursors){0};
}

void cursors_text(const cursors *c, cu_buf *out)
{
    for (size_t i = 0; i < c->n; i++) {
        const cu_spool_cursor *a = &c->v[i].at;
        char hex[65];
        cu_hex(hex, a->prev.b, sizeof a->prev);
        cu_buf_fmt(out, "cursor %s %s %llu %llu %llu %llu %s\n", c->v[i].segment,
                   a->writer[0] ? a->writer : "-", (unsigned long long)a->epoch,
                   (unsigned long long)a->number, (unsigned long long)a->at,
                   (unsigned long long)a->batch, hex);
    }
    for (size_t i = 0; i < c->writers_n; i++)
        cu_buf_fmt(out, "writer %s %llu %llu\n", c->writers[i].writer,
                   (unsigned long long)c->writers[i].epoch, (unsigned long long)c->writers[i].next);
}

static bool line_of(cu_bytes *text, char *line, size_t n)
{
    size_t end = cu_find(*text, CU_LIT("\n"), 0);
    if (end == (size_t)-1 || end >= n)
        return false;
    memcpy(line, text->p, end);
    line[end] = 0;
    *text = cu_slice(*text, end + 1, text->n);
    return true;
}

cu_err cursors_parse(cu_bytes *text, cursors *out)
{
    char line[512], segment[SEGMENT_NAME_MAX], writer[40], hex[65];
    unsigned long long epoch, number, at, batch;
    while (cu_starts(*text, CU_LIT("cursor "))) {
        if (!line_of(text, line, sizeof line) ||
            sscanf(line, "cursor %95s %39s %llu %llu %llu %llu %64s", segment, writer, &epoch, &number,
                   &at, &batch, hex) != 7)
            return CU_SYNTAX;
        cursor_entry *c = cursor_of(out, segment);
        if (!c)
            return CU_NOMEM;
        c->at = (cu_spool_cursor){.epoch = epoch, .number = number, .at = at, .batch = batch};
        snprintf(c->at.writer, sizeof c->at.writer, "%s", strcmp(writer, "-") == 0 ? "" : writer);
        if (!cu_unhex(c->at.prev.b, 32, cu_str(hex)))
            return CU_SYNTAX;
    }
    while (cu_starts(*text, CU_LIT("writer "))) {
        if (!line_of(text, line, sizeof line) ||
            sscanf(line, "writer %39s %llu %llu", writer, &epoch, &number) != 3)
            return CU_SYNTAX;
        writer_entry *w = writer_of(out, cu_str(writer), epoch);
        if (!w)
            return CU_NOMEM;
        w->next = number;
    }
    return CU_OK;
}

stage_log *stage_of(stage *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i].name, name) == 0)
            return &s->v[i];
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 8;
        stage_log *v = realloc(s->v, cap * sizeof *v);
        if (!v)
            return NULL;
        s->v = v;
        s->cap = cap;
    }
    s->v[s->n] = (stage_log){.entries = CU_BUF(STAGE_MAX)};
    snprintf(s->v[s->n].name, sizeof s->v[s->n].name, "%s", name);
    return &s->v[s->n++];
}

void stage_free(stage *s)
{
    for (size_t i = 0; i < s->n; i++)
        cu_buf_free(&s->v[i].entries);
    free(s->v);
    *s = (stage){0};
}

cu_err stage_encode(const stage *s, const cursors *c, cu_buf *out)
{
    cu_sha256 digest;
    char hex[65];
    cu_buf_str(out, STAGE_HEAD);
    cursors_text(c, out);
    for (size_t i = 0; i < s->n; i++) {
        const stage_log *l = &s->v[i];
        cu_buf_fmt(out, "log %s %llu %llu %zu\n", l->name, (unsigned long long)l->old_size,
                   (unsigned long long)l->count, l->entries.n);
        cu_buf_add(out, cu_buf_view(&l->entries));
    }
    cu_sha256_of(cu_buf_view(out), &digest);
    cu_hex(hex, digest.b, sizeof digest);
    cu_buf_fmt(out, "end %s\n", hex);
    return cu_buf_err(out);
}

cu_err stage_decode(cu_bytes text, stage *s, cursors *c)
{
    cu_sha256 digest, want;
    char line[512], name[72];
    if (text.n < 69 || !cu_starts(text, CU_LIT(STAGE_HEAD)) ||
        !cu_unhex(want.b, 32, cu_slice(text, text.n - 65, text.n - 1)))
        return CU_CORRUPT;
    text.n -= 69;
    cu_sha256_of(text, &digest);
    if (memcmp(&digest, &want, sizeof want) != 0)
        return CU_CORRUPT;
    text = cu_slice(text, sizeof STAGE_HEAD - 1, text.n);
    CU_TRY(cursors_parse(&text, c));
    while (text.n) {
        unsigned long long old_size, count, bytes;
        if (!line_of(&text, line, sizeof line) ||
            sscanf(line, "log %71s %llu %llu %llu", name, &old_size, &count, &bytes) != 4 || bytes > text.n)
            return CU_CORRUPT;
        stage_log *l = stage_of(s, name);
        if (!l)
            return CU_NOMEM;
        l->old_size = old_size;
        l->count = count;
        cu_buf_add(&l->entries, cu_slice(text, 0, bytes));
        CU_TRY(l->entries.err);
        text = cu_slice(text, bytes, text.n);
    }
    return CU_OK;
}
