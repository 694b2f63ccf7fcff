/* Text documents: ECMA-376 part 1, 17.3 (paragraphs) and 17.4 (tables). Tables become tables; paragraphs outside of them become one
 * table of a single column, in their order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "container.h"

typedef struct {
    cu_arena *a;
    cu_fault *f;
    cu_qdocument *d;
    cell_list *lists;     /* of each table */
    cu_buf text;
    size_t total;
    unsigned nested;      /* tables around us */
    uint32_t table, row, col, cells, paragraphs, span, order;
    bool in_text, in_cell, merged_on;
} reading_text;

static cu_err add_table(reading_text *r, bool flowing)
{
    if (r->d->tables_n == CU_QFILE_TABLES)
        return cu_fail(r->f, CU_TOO_BIG, "the document has more than %u tables", CU_QFILE_TABLES);
    r->d->tables[r->d->tables_n] = (cu_qtable){.name = flowing ? CU_LIT("Text") : CU_LIT("Table"), .member = CU_LIT("word/document.xml"), .flowing = flowing};
    r->lists[r->d->tables_n] = (cell_list){.a = r->a, .total = &r->total};
    r->table = (uint32_t)r->d->tables_n++;
    return CU_OK;
}

static cu_err start(xml *x, const char *name, const char **attributes)
{
    reading_text *r = x->arg;
    const char *val = xml_attribute(attributes, "val");
    if (strcmp(name, "tbl") == 0 && r->nested++ == 0) {
        r->row = UINT32_MAX;
        return add_table(r, false);
    }
    if (r->nested == 1 && strcmp(name, "tr") == 0) {
        r->row++;
        r->col = 0;
    } else if (r->nested == 1 && strcmp(name, "tc") == 0) {
        cu_buf_reset(&r->text);
        r->in_cell = true;
        r->merged_on = false;
        r->span = 1;
    } else if (r->nested == 1 && r->in_cell && strcmp(name, "gridSpan") == 0 && val) {
        unsigned long n = strtoul(val, NULL, 10);
        r->span = n >= 1 && n <= 1000 ? (uint32_t)n : 1;
    } else if (r->nested == 1 && r->in_cell && strcmp(name, "vMerge") == 0) {
        r->merged_on = !val || strcmp(val, "continue") == 0;
    } else if (r->nested == 0 && strcmp(name, "p") == 0) {
        cu_buf_reset(&r->text);
    } else if (strcmp(name, "br") == 0 || strcmp(name, "tab") == 0) {
        cu_buf_byte(&r->text, ' ');
    }
    r->in_text = strcmp(name, "t") == 0;
    return CU_OK;
}

static cu_err too_long(reading_text *r)
{
    return cu_fail(r->f, CU_TOO_BIG, "paragraph or cell %u of the document has more than %zu bytes", r->paragraphs + r->cells + 1, CU_QCELL_MAX);
}

static cu_err end(xml *x, const char *name)
{
    reading_text *r = x->arg;
    r->in_text = false;
    if (strcmp(name, "tbl") == 0 && r->nested)
        r->nested--;
    if (r->nested == 1 && strcmp(name, "tc") == 0) {
        cu_qcell c = {.row = r->row, .col = r->col, .cols = r->span, .rows = 1, .place = r->cells++, .order = r->order++, .text = cu_buf_view(&r->text)};
        r->in_cell = false;
        r->col += r->span;
        if (r->text.err)
            return too_long(r);
        return r->merged_on ? CU_OK : cells_add(&r->lists[r->table], &c, r->f);
    }
    if (strcmp(name, "p") == 0 && r->nested)
        cu_buf_byte(&r->text, '\n');
    if (strcmp(name, "p") == 0 && r->nested == 0) {
        cu_qcell c = {.row = r->paragraphs, .cols = 1, .rows = 1, .place = r->paragraphs, .order = r->order++, .text = cu_buf_view(&r->text)};
        r->paragraphs++;
        return r->text.err ? too_long(r) : cells_add(&r->lists[0], &c, r->f);
    }
    return CU_OK;
}

static cu_err text(xml *x, cu_bytes piece)
{
    reading_text *r = x->arg;
    if (r->in_text)
        cu_buf_add(&r->text, piece);
    return CU_OK;
}

cu_err docx_read(const container *c, cu_arena *a, cu_qdocument *d, cu_fault *f)
{
    const member *m = container_find(c, CU_LIT("word/document.xml"));
    reading_text r = {.a = a, .f = f, .d = d, .lists = cu_arena_alloc(a, CU_QFILE_TABLES * sizeof *r.lists), .text = CU_BUF(CU_QCELL_MAX)};
    xml x = {.start = start, .end = end, .text = text, .arg = &r, .f = f};
    if (!m || !r.lists)
        return m ? CU_NOMEM : cu_fail(f, CU_SYNTAX, "the document has no text");
    cu_err e = add_table(&r, true);
    if (e == CU_OK)
        e = xml_read(&x, m->content, "the document");
    cu_buf_free(&r.text);
    for (size_t i = 0; i < d->tables_n; i++) {
        d->tables[i].cells = r.lists[i].v;
        d->tables[i].n = r.lists[i].n;
    }
    return e;
}
