/* Answers into a worksheet: each cell's element is replaced, or put where it belongs in its row; no other byte changes. A cell is
 * written as an inline string (ECMA-376 part 1, 18.18.11), which no program takes for a formula. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "container.h"

typedef struct {
    uint32_t row, col;
    cu_bytes text;
} write_cell;

typedef struct {
    cu_bytes in;
    cu_buf *out;
    cu_fault *f;
    write_cell *v; /* by row and column */
    size_t n, next;
    size_t copied; /* how far `in` is in out */
    uint32_t row, col;
    size_t cell_at;
    char style[24];
    bool replaced, in_row;
} filling;

static int by_place(const void *a, const void *b)
{
    const write_cell *x = a, *y = b;
    return x->row != y->row ? (x->row < y->row ? -1 : 1) : x->col < y->col ? -1 : x->col > y->col;
}

static void put_name(cu_buf *b, uint32_t row, uint32_t col)
{
    char letters[8];
    size_t n = sizeof letters;
    for (uint32_t c = col + 1; c; c = (c - 1) / 26)
        letters[--n] = (char)('A' + (c - 1) % 26);
    cu_buf_put(b, letters + n, sizeof letters - n);
    cu_buf_u64(b, row + 1);
}

static void put_cell(filling *w, const char *p, const write_cell *c)
{
    cu_buf_fmt(w->out, "<%sc r=\"", p);
    put_name(w->out, c->row, c->col);
    cu_buf_fmt(w->out, "\"%s t=\"inlineStr\"><%sis><%st xml:space=\"preserve\">", w->style, p, p);
    xml_escape(w->out, c->text);
    cu_buf_fmt(w->out, "</%st></%sis></%sc>", p, p, p);
}

static void copy_to(filling *w, size_t at)
{
    if (at > w->copied)
        cu_buf_add(w->out, cu_slice(w->in, w->copied, at));
    w->copied = at > w->copied ? at : w->copied;
}

/* What belongs into this row before that column. */
static void put_missing(filling *w, const char *p, uint32_t before, size_t at)
{
    while (w->next < w->n && w->v[w->next].row == w->row && w->v[w->next].col < before) {
        copy_to(w, at);
        w->style[0] = 0;
        put_cell(w, p, &w->v[w->next++]);
    }
}

static uint32_t column_of(const char *ref)
{
    uint32_t c = 0;
    for (; ref && *ref >= 'A' && *ref <= 'Z' && c < CU_QFILE_COL; ref++)
        c = c * 26 + (uint32_t)(*ref - 'A') + 1;
    return c - 1;
}

static cu_err start(xml *x, const char *name, const char **attributes)
{
    filling *w = x->arg;
    const char *r = xml_attribute(attributes, "r"), *s = xml_attribute(attributes, "s");
    if (strcmp(name, "row") == 0) {
        w->row = r ? (uint32_t)strtoul(r, NULL, 10) - 1 : w->row + 1;
        w->col = UINT32_MAX;
    } else if (strcmp(name, "c") == 0) {
        w->col = r ? column_of(r) : w->col + 1;
        put_missing(w, x->prefix, w->col, x->at);
        w->replaced = w->next < w->n && w->v[w->next].row == w->row && w->v[w->next].col == w->col;
        w->cell_at = x->at;
        w->style[0] = 0;
        if (s && strlen(s) < 9 && strspn(s, "0123456789") == strlen(s))
            snprintf(w->style, sizeof w->style, " s=\"%s\"", s);
    }
    return CU_OK;
}

static cu_err end(xml *x, const char *name)
{
    filling *w = x->arg;
    if (strcmp(name, "c") == 0 && w->replaced) {
        copy_to(w, w->cell_at);
        put_cell(w, x->prefix, &w->v[w->next++]);
        w->copied = x->at + x->tag_n; /* of an empty element the end has the same place */
        w->replaced = false;
    } else if (strcmp(name, "row") == 0 && w->next < w->n && w->v[w->next].row == w->row) {
        if (!x->tag_n) /* an empty element: its end is no tag of its own */
            return cu_fail(w->f, CU_SYNTAX, "row %u has no cells to write beside", w->row + 1);
        put_missing(w, x->prefix, UINT32_MAX, x->at);
    }
    return CU_OK;
}

static cu_err collect(const cu_qdocument *d, uint32_t table, const cu_qfilling *fillings, filling *w)
{
    for (size_t i = 0; i < d->asked_n; i++) {
        const cu_qasked *q = &d->asked[i];
        if (q->table != table || !q->has_answer_cell)
            continue;
        if (fillings[i].text.n && !q->existing.n)
            w->v[w->n++] = (write_cell){q->row, q->answer_col, fillings[i].text};
        if (fillings[i].choice && q->choice_col != CU_QNO_COL)
            w->v[w->n++] = (write_cell){q->row, q->choice_col, cu_str(fillings[i].choice)};
    }
    qsort(w->v, w->n, sizeof *w->v, by_place);
    return CU_OK;
}

cu_err xlsx_fill(cu_bytes in, const cu_qdocument *d, uint32_t table, const cu_qfilling *fillings, cu_buf *out, cu_fault *f)
{
    filling w = {.in = in, .out = out, .f = f, .row = UINT32_MAX, .v = calloc(d->asked_n * 2 + 1, sizeof *w.v)};
    xml x = {.start = start, .end = end, .arg = &w, .f = f};
    if (!w.v)
        return CU_NOMEM;
    cu_err e = collect(d, table, fillings, &w);
    if (e == CU_OK)
        e = xml_read(&x, in, "a worksheet");
    if (e == CU_OK && w.next != w.n)
        e = cu_fail(f, CU_STATE, "an answer has no row to go to");
    if (e == CU_OK) {
        copy_to(&w, in.n);
        e = cu_buf_err(out);
    }
    free(w.v);
    return e;
}
