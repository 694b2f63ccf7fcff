/* Answers into a text document: into the last paragraph of the table's cell; below a question that stands outside of tables, into the
 * empty paragraph that follows it or one of its own. No other byte changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "container.h"

typedef struct {
    uint32_t place;
    cu_bytes text;
} write_at;

typedef struct {
    cu_bytes in;
    cu_buf *out;
    write_at *cells, *paragraphs; /* by place */
    size_t cells_n, paragraphs_n, next_cell, next_paragraph, copied;
    unsigned nested;
    uint32_t cell, paragraph;
} filling;

static int by_place(const void *a, const void *b)
{
    const write_at *x = a, *y = b;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void copy_to(filling *w, size_t at)
{
    if (at > w->copied)
        cu_buf_add(w->out, cu_slice(w->in, w->copied, at));
    w->copied = at > w->copied ? at : w->copied;
}

/* One run; a line of the answer a line of the run. */
static void put_run(cu_buf *b, const char *p, cu_bytes text)
{
    cu_buf_fmt(b, "<%sr>", p);
    for (size_t from = 0; from <= text.n;) {
        const uint8_t *nl = from < text.n ? memchr(text.p + from, '\n', text.n - from) : NULL;
        size_t to = nl ? (size_t)(nl - text.p) : text.n;
        if (from)
            cu_buf_fmt(b, "<%sbr/>", p);
        cu_buf_fmt(b, "<%st xml:space=\"preserve\">", p);
        xml_escape(b, cu_slice(text, from, to));
        cu_buf_fmt(b, "</%st>", p);
        from = to + 1;
    }
    cu_buf_fmt(b, "</%sr>", p);
}

static cu_err start(xml *x, const char *name, const char **attributes)
{
    filling *w = x->arg;
    w->nested += strcmp(name, "tbl") == 0;
    return CU_OK;
}

/* A paragraph of its own, before the end of the cell: of a cell's last paragraph nothing has to be known. */
static cu_err end_cell(filling *w, const xml *x)
{
    if (w->next_cell < w->cells_n && w->cells[w->next_cell].place == w->cell) {
        if (!x->tag_n)
            return cu_fail(x->f, CU_SYNTAX, "a cell of a table has no paragraph to write into");
        copy_to(w, x->at);
        cu_buf_fmt(w->out, "<%sp>", x->prefix);
        put_run(w->out, x->prefix, w->cells[w->next_cell++].text);
        cu_buf_fmt(w->out, "</%sp>", x->prefix);
    }
    w->cell++;
    return CU_OK;
}

static void end_paragraph(filling *w, const xml *x)
{
    if (w->next_paragraph < w->paragraphs_n && w->paragraphs[w->next_paragraph].place == w->paragraph) {
        copy_to(w, x->at + x->tag_n);
        cu_buf_fmt(w->out, "<%sp>", x->prefix);
        put_run(w->out, x->prefix, w->paragraphs[w->next_paragraph++].text);
        cu_buf_fmt(w->out, "</%sp>", x->prefix);
    }
    w->paragraph++;
}

static cu_err end(xml *x, const char *name)
{
    filling *w = x->arg;
    if (strcmp(name, "tbl") == 0 && w->nested)
        w->nested--;
    if (w->nested == 1 && strcmp(name, "tc") == 0)
        CU_TRY(end_cell(w, x));
    if (w->nested == 0 && strcmp(name, "p") == 0)
        end_paragraph(w, x);
    return CU_OK;
}

static void collect(const cu_qdocument *d, const cu_qfilling *fillings, filling *w)
{
    for (size_t i = 0; i < d->asked_n; i++) {
        const cu_qasked *q = &d->asked[i];
        if (!q->has_answer_cell)
            continue;
        write_at *list = d->tables[q->table].flowing ? w->paragraphs : w->cells;
        size_t *n = d->tables[q->table].flowing ? &w->paragraphs_n : &w->cells_n;
        if (fillings[i].text.n && !q->existing.n)
            list[(*n)++] = (write_at){q->answer_place, fillings[i].text};
    }
    qsort(w->cells, w->cells_n, sizeof *w->cells, by_place);
    qsort(w->paragraphs, w->paragraphs_n, sizeof *w->paragraphs, by_place);
}

cu_err docx_fill(cu_bytes in, const cu_qdocument *d, const cu_qfilling *fillings, cu_buf *out, cu_fault *f)
{
    filling w = {.in = in, .out = out, .cells = calloc(d->asked_n + 1, sizeof *w.cells), .paragraphs = calloc(d->asked_n + 1, sizeof *w.paragraphs)};
    xml x = {.start = start, .end = end, .arg = &w, .f = f};
    cu_err e = w.cells && w.paragraphs ? CU_OK : CU_NOMEM;
    if (e == CU_OK) {
        collect(d, fillings, &w);
        e = xml_read(&x, in, "the document");
    }
    if (e == CU_OK && (w.next_cell != w.cells_n || w.next_paragraph != w.paragraphs_n))
        e = cu_fail(f, CU_STATE, "an answer has no place to go to");
    if (e == CU_OK) {
        copy_to(&w, in.n);
        e = cu_buf_err(out);
    }
    free(w.cells);
    free(w.paragraphs);
    return e;
}
