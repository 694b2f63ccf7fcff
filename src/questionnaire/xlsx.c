/* Workbooks: ECMA-376 part 1, 18.3 (sheets), 18.4 (shared strings). Values are taken as they are stored; no formula is worked out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "container.h"

typedef struct {
    cu_arena *a;
    cu_fault *f;
    cu_bytes *strings;
    size_t strings_n, strings_cap;
    struct {
        cu_bytes name, relation;
    } sheets[CU_QFILE_TABLES];
    size_t sheets_n;
    struct {
        cu_bytes id, target;
    } relations[CU_QFILE_TABLES * 4];
    size_t relations_n;
    cu_buf text;
    bool in_item, in_text, in_phonetic;
} book;

/* --- shared strings --- */

static cu_err string_start(xml *x, const char *name, const char **attributes)
{
    book *b = x->arg;
    b->in_item |= strcmp(name, "si") == 0;
    b->in_phonetic |= strcmp(name, "rPh") == 0;
    b->in_text = strcmp(name, "t") == 0;
    return CU_OK;
}

static cu_err string_end(xml *x, const char *name)
{
    book *b = x->arg;
    b->in_text = false;
    if (strcmp(name, "rPh") == 0)
        b->in_phonetic = false;
    if (strcmp(name, "si") != 0)
        return CU_OK;
    b->in_item = false;
    if (cu_buf_err(&b->text) != CU_OK)
        return cu_fail(b->f, CU_TOO_BIG, "text %zu of the workbook has more than %zu bytes; a question and its answer are shorter", b->strings_n + 1, CU_QCELL_MAX);
    if (b->strings_n == b->strings_cap) {
        size_t cap = b->strings_cap ? b->strings_cap * 2 : 256;
        cu_bytes *v = cap <= CU_QFILE_CELLS * 2 ? cu_arena_raw(b->a, cap * sizeof *v) : NULL;
        if (!v)
            return cu_fail(b->f, CU_TOO_BIG, "the workbook has too many texts");
        if (b->strings_n)
            memcpy(v, b->strings, b->strings_n * sizeof *v);
        b->strings = v;
        b->strings_cap = cap;
    }
    b->strings[b->strings_n++] = cu_arena_dup(b->a, cu_buf_view(&b->text));
    cu_buf_reset(&b->text);
    return CU_OK;
}

static cu_err string_text(xml *x, cu_bytes piece)
{
    book *b = x->arg;
    if (b->in_item && b->in_text && !b->in_phonetic)
        cu_buf_add(&b->text, piece);
    return CU_OK;
}

/* --- which sheets there are --- */

static cu_err ignore_end(xml *x, const char *name)
{
    return CU_OK;
}

static cu_err workbook_start(xml *x, const char *name, const char **attributes)
{
    book *b = x->arg;
    const char *sheet = xml_attribute(attributes, "name"), *state = xml_attribute(attributes, "state"), *id = NULL;
    if (strcmp(name, "sheet") != 0 || (state && strcmp(state, "visible") != 0))
        return CU_OK;
    for (const char **at = attributes; at[0]; at += 2) /* r:id, whatever its prefix; sheetId is another */
        if (strlen(at[0]) > 3 && strcmp(at[0] + strlen(at[0]) - 3, ":id") == 0)
            id = at[1];
    if (!sheet || !id)
        return cu_fail(b->f, CU_SYNTAX, "a sheet of the workbook has no name or relation");
    if (b->sheets_n == CU_QFILE_TABLES)
        return cu_fail(b->f, CU_TOO_BIG, "the workbook has more than %u sheets", CU_QFILE_TABLES);
    b->sheets[b->sheets_n].name = cu_arena_dup(b->a, cu_str(sheet));
    b->sheets[b->sheets_n++].relation = cu_arena_dup(b->a, cu_str(id));
    return CU_OK;
}

static cu_err relation_start(xml *x, const char *name, const char **attributes)
{
    book *b = x->arg;
    const char *id = xml_attribute(attributes, "Id"), *target = xml_attribute(attributes, "Target"), *mode = xml_attribute(attributes, "TargetMode");
    if (strcmp(name, "Relationship") != 0 || !id || !target || (mode && strcmp(mode, "External") == 0))
        return CU_OK; /* what lies outside is never looked at */
    if (b->relations_n == CU_QFILE_TABLES * 4)
        return cu_fail(b->f, CU_TOO_BIG, "the workbook has more than %u relations", CU_QFILE_TABLES * 4);
    b->relations[b->relations_n].id = cu_arena_dup(b->a, cu_str(id));
    char *full = target[0] == '/' ? cu_arena_fmt(b->a, "%s", target + 1) : cu_arena_fmt(b->a, "xl/%s", target);
    b->relations[b->relations_n++].target = cu_str(full);
    return CU_OK;
}

/* --- cells --- */

typedef struct {
    book *b;
    cell_list cells;
    uint32_t row, col;
    char kind[12];
    bool in_cell, in_value, in_phonetic;
    cu_buf value;
    size_t merges;
    bool sorted;
} sheet;

static bool place_of(const char *ref, uint32_t *row, uint32_t *col)
{
    uint64_t c = 0, r = 0;
    const char *p = ref;
    for (; *p >= 'A' && *p <= 'Z' && c <= CU_QFILE_COL; p++)
        c = c * 26 + (uint64_t)(*p - 'A') + 1;
    for (; *p >= '0' && *p <= '9' && r <= CU_QFILE_ROW; p++)
        r = r * 10 + (uint64_t)(*p - '0');
    *row = (uint32_t)r - 1;
    *col = (uint32_t)c - 1;
    return c >= 1 && c <= CU_QFILE_COL && r >= 1 && r <= CU_QFILE_ROW && (*p == 0 || *p == ':');
}

static cu_qcell *cell_at(const cell_list *l, uint32_t row, uint32_t col)
{
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const cu_qcell *c = &l->v[mid];
        if (c->row == row && c->col == col)
            return &l->v[mid];
        if (c->row < row || (c->row == row && c->col < col))
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static cu_err take_merge(sheet *s, const char *ref)
{
    uint32_t r, c, r2, c2;
    const char *colon = ref ? strchr(ref, ':') : NULL;
    if (++s->merges > 100000)
        return cu_fail(s->b->f, CU_TOO_BIG, "a sheet has more than 100000 merged areas");
    if (!colon || !place_of(ref, &r, &c) || !place_of(colon + 1, &r2, &c2) || r2 < r || c2 < c)
        return cu_fail(s->b->f, CU_SYNTAX, "a merged area of a sheet has no proper place");
    cu_qcell *at = cell_at(&s->cells, r, c);
    if (at) {
        at->rows = r2 - r + 1;
        at->cols = c2 - c + 1;
    }
    return CU_OK;
}

static cu_err cell_start(xml *x, const char *name, const char **attributes)
{
    sheet *s = x->arg;
    if (strcmp(name, "row") == 0) {
        const char *r = xml_attribute(attributes, "r");
        uint32_t was = s->row;
        s->row = r ? (uint32_t)strtoul(r, NULL, 10) - 1 : s->row + 1;
        s->col = UINT32_MAX;
        if (s->row >= CU_QFILE_ROW || (was != UINT32_MAX && s->row <= was))
            return cu_fail(s->b->f, CU_SYNTAX, "a row of a sheet stands where it cannot stand");
    } else if (strcmp(name, "c") == 0) {
        const char *r = xml_attribute(attributes, "r"), *t = xml_attribute(attributes, "t");
        uint32_t row = s->row, was = s->col;
        s->col++;
        if (s->row == UINT32_MAX || (r && (!place_of(r, &row, &s->col) || row != s->row || (was != UINT32_MAX && s->col <= was))))
            return cu_fail(s->b->f, CU_SYNTAX, "a cell of row %u stands where it cannot stand", s->row + 1);
        snprintf(s->kind, sizeof s->kind, "%s", t ? t : "n");
        s->in_cell = true;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        s->in_value = s->in_cell;
    } else if (strcmp(name, "rPh") == 0) {
        s->in_phonetic = true;
    } else if (strcmp(name, "mergeCell") == 0) {
        return take_merge(s, xml_attribute(attributes, "ref"));
    }
    return CU_OK;
}

static cu_err cell_text(xml *x, cu_bytes piece)
{
    sheet *s = x->arg;
    if (s->in_value && !s->in_phonetic)
        cu_buf_add(&s->value, piece);
    return CU_OK;
}

static cu_err cell_end(xml *x, const char *name)
{
    sheet *s = x->arg;
    cu_qcell c = {.row = s->row, .col = s->col, .cols = 1, .rows = 1, .text = cu_buf_view(&s->value)};
    if (strcmp(name, "rPh") == 0)
        s->in_phonetic = false;
    if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)
        s->in_value = false;
    if (strcmp(name, "c") != 0)
        return CU_OK;
    s->in_cell = false;
    if (cu_buf_err(&s->value) != CU_OK)
        return cu_fail(s->b->f, CU_TOO_BIG, "row %u, column %u holds more than %zu bytes", s->row + 1, s->col + 1, CU_QCELL_MAX);
    if (strcmp(s->kind, "s") == 0) {
        char number[16];
        snprintf(number, sizeof number, "%.*s", c.text.n < 12 ? (int)c.text.n : 12, c.text.p ? (const char *)c.text.p : "");
        size_t i = strtoul(number, NULL, 10);
        if (i >= s->b->strings_n)
            return cu_fail(s->b->f, CU_SYNTAX, "row %u, column %u names a text that the workbook does not have", s->row + 1, s->col + 1);
        c.text = s->b->strings[i];
    }
    cu_err e = cells_add(&s->cells, &c, s->b->f);
    cu_buf_reset(&s->value);
    return e;
}

static cu_err read_sheet(book *b, const member *m, cu_bytes name, size_t *total, cu_qtable *out)
{
    sheet s = {.b = b, .cells = {.a = b->a, .total = total}, .row = UINT32_MAX, .col = UINT32_MAX, .value = CU_BUF(CU_QCELL_MAX)};
    xml x = {.start = cell_start, .end = cell_end, .text = cell_text, .arg = &s, .f = b->f};
    cu_err e = xml_read(&x, m->content, "a worksheet");
    cu_buf_free(&s.value);
    *out = (cu_qtable){.name = name, .member = m->name, .cells = s.cells.v, .n = s.cells.n};
    return e;
}

static cu_err read_parts(book *b, const container *c)
{
    const member *strings = container_find(c, CU_LIT("xl/sharedStrings.xml")), *workbook = container_find(c, CU_LIT("xl/workbook.xml"));
    const member *relations = container_find(c, CU_LIT("xl/_rels/workbook.xml.rels"));
    xml s = {.start = string_start, .end = string_end, .text = string_text, .arg = b, .f = b->f};
    xml w = {.start = workbook_start, .end = ignore_end, .arg = b, .f = b->f}, r = {.start = relation_start, .end = ignore_end, .arg = b, .f = b->f};
    if (!workbook || !relations)
        return cu_fail(b->f, CU_SYNTAX, "the workbook does not say which sheets it has");
    if (strings)
        CU_TRY(xml_read(&s, strings->content, "the list of texts"));
    CU_TRY(xml_read(&w, workbook->content, "the workbook"));
    return xml_read(&r, relations->content, "the list of relations");
}

static cu_err read_sheets(book *b, const container *c, cu_qdocument *d)
{
    size_t total = 0;
    for (size_t i = 0; i < b->sheets_n; i++) {
        const member *m = NULL;
        for (size_t k = 0; k < b->relations_n && !m; k++)
            if (cu_eq(b->relations[k].id, b->sheets[i].relation))
                m = container_find(c, b->relations[k].target);
        if (m && !cu_starts(m->name, CU_LIT("xl/chartsheets/")))
            CU_TRY(read_sheet(b, m, b->sheets[i].name, &total, &d->tables[d->tables_n++]));
    }
    return d->tables_n ? CU_OK : cu_fail(b->f, CU_SYNTAX, "the workbook has no visible sheet");
}

cu_err xlsx_read(const container *c, cu_arena *a, cu_qdocument *d, cu_fault *f)
{
    book *b = cu_arena_alloc(a, sizeof *b);
    if (!b)
        return CU_NOMEM;
    b->a = a;
    b->f = f;
    b->text = CU_BUF(CU_QCELL_MAX);
    cu_err e = read_parts(b, c);
    cu_buf_free(&b->text);
    return e == CU_OK ? read_sheets(b, c, d) : e;
}
