/* CSV: RFC 4180, and what Excel writes: a separator of the country, UTF-8 with or without a mark, UTF-16, or Windows-1252. */
#include <stdio.h>
#include <string.h>
#include "container.h"

cu_bytes trimmed(cu_bytes b)
{
    while (b.n && (b.p[0] <= ' ' || (b.n > 1 && b.p[0] == 0xc2 && b.p[1] == 0xa0)))
        b = cu_slice(b, b.p[0] <= ' ' ? 1 : 2, b.n);
    while (b.n && (b.p[b.n - 1] <= ' ' || (b.n > 1 && b.p[b.n - 2] == 0xc2 && b.p[b.n - 1] == 0xa0)))
        b.n -= b.p[b.n - 1] <= ' ' ? 1 : 2;
    return b;
}

cu_err cells_add(cell_list *l, const cu_qcell *c, cu_fault *f)
{
    if (c->text.n > CU_QCELL_MAX)
        return cu_fail(f, CU_TOO_BIG, "row %u, column %u holds more than %zu bytes; a question and its answer are shorter", c->row + 1, c->col + 1, CU_QCELL_MAX);
    if (*l->total >= CU_QFILE_CELLS || c->row >= CU_QFILE_ROW || c->col >= CU_QFILE_COL)
        return cu_fail(f, CU_TOO_BIG, "the file has more than %u cells; keep the sheet with the questions", CU_QFILE_CELLS);
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        cu_qcell *v = cu_arena_raw(l->a, cap * sizeof *v);
        if (!v)
            return CU_NOMEM;
        if (l->n)
            memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    ++*l->total;
    l->v[l->n] = *c;
    l->v[l->n].text = cu_arena_dup(l->a, trimmed(c->text));
    return l->v[l->n++].text.p || !c->text.n ? CU_OK : CU_NOMEM;
}

static void put_utf8(cu_buf *b, uint32_t c)
{
    if (c == 0 || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
        c = 0xfffd;
    if (c < 0x80) {
        cu_buf_byte(b, (uint8_t)c);
    } else if (c < 0x800) {
        cu_buf_byte(b, (uint8_t)(0xc0 | c >> 6));
        cu_buf_byte(b, (uint8_t)(0x80 | (c & 63)));
    } else {
        if (c < 0x10000) {
            cu_buf_byte(b, (uint8_t)(0xe0 | c >> 12));
        } else {
            cu_buf_byte(b, (uint8_t)(0xf0 | c >> 18));
            cu_buf_byte(b, (uint8_t)(0x80 | (c >> 12 & 63)));
        }
        cu_buf_byte(b, (uint8_t)(0x80 | (c >> 6 & 63)));
        cu_buf_byte(b, (uint8_t)(0x80 | (c & 63)));
    }
}

static void from_utf16(cu_buf *b, cu_bytes t, bool big)
{
    for (size_t i = 0; i + 1 < t.n; i += 2) {
        uint32_t c = big ? (uint32_t)t.p[i] << 8 | t.p[i + 1] : (uint32_t)t.p[i + 1] << 8 | t.p[i];
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < t.n) {
            uint32_t d = big ? (uint32_t)t.p[i + 2] << 8 | t.p[i + 3] : (uint32_t)t.p[i + 3] << 8 | t.p[i + 2];
            if (d >= 0xdc00 && d < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (d - 0xdc00);
                i += 2;
            }
        }
        put_utf8(b, c);
    }
}

/* What 0x80 to 0x9f stand for in Windows-1252 (the table of WHATWG's encoding standard); the rest is Latin-1. */
static void from_1252(cu_buf *b, cu_bytes t)
{
    static const uint16_t high[32] = {0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
                                      0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178};
    for (size_t i = 0; i < t.n; i++)
        put_utf8(b, t.p[i] >= 0x80 && t.p[i] < 0xa0 ? high[t.p[i] - 0x80] : t.p[i]);
}

static cu_err to_utf8(cu_bytes file, cu_arena *a, cu_bytes *out)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(CU_QFILE_MAX * 3);
    bool little = file.n > 1 && file.p[0] == 0xff && file.p[1] == 0xfe, big = file.n > 1 && file.p[0] == 0xfe && file.p[1] == 0xff;
    if (cu_starts(file, CU_LIT("\xef\xbb\xbf")))
        file = cu_slice(file, 3, file.n);
    if (little || big)
        from_utf16(&b, cu_slice(file, 2, file.n), big);
    else if (!cu_utf8_valid(file, NULL))
        from_1252(&b, file);
    else
        cu_buf_add(&b, file);
    CU_TRY(cu_buf_err(&b));
    *out = cu_arena_dup(a, cu_buf_view(&b));
    return out->p ? CU_OK : CU_NOMEM;
}

/* The separator that stands most often outside of quotes in the first records; Excel may say it in a first line "sep=;". */
static uint8_t separator(cu_bytes *t)
{
    static const uint8_t may[] = {',', ';', '\t', '|'};
    size_t seen[4] = {0}, best = 0;
    bool quoted = false;
    if (cu_starts(*t, CU_LIT("sep=")) && t->n > 5 && (t->p[5] == '\n' || t->p[5] == '\r')) {
        uint8_t c = t->p[4];
        *t = cu_slice(*t, t->p[5] == '\r' && t->n > 6 && t->p[6] == '\n' ? 7 : 6, t->n);
        return c;
    }
    for (size_t i = 0; i < t->n && i < 65536; i++) {
        quoted ^= t->p[i] == '"';
        for (size_t k = 0; k < 4 && !quoted; k++)
            seen[k] += t->p[i] == may[k];
    }
    for (size_t k = 1; k < 4; k++)
        if (seen[k] > seen[best])
            best = k;
    return may[best];
}

typedef struct {
    cu_bytes t;
    size_t i;
    uint8_t separator;
    cu_buf field;
} csv;

/* One field; quotes in quotes are doubled. *last: it ends its record. */
static cu_err field(csv *c, uint32_t row, bool *last, cu_fault *f)
{
    cu_buf_reset(&c->field);
    bool quoted = c->i < c->t.n && c->t.p[c->i] == '"';
    size_t began = c->i;
    c->i += quoted;
    for (;; c->i++) {
        if (c->i >= c->t.n) {
            if (quoted)
                return cu_fail(f, CU_SYNTAX, "the quote that opens at byte %zu (record %u) is never closed", began, row + 1);
            break;
        }
        uint8_t x = c->t.p[c->i];
        if (quoted && x == '"') {
            if (c->i + 1 >= c->t.n || c->t.p[c->i + 1] != '"') {
                quoted = false;
                continue;
            }
            c->i++;
        } else if (!quoted && (x == c->separator || x == '\n' || x == '\r')) {
            break;
        }
        cu_buf_byte(&c->field, x);
    }
    *last = c->i >= c->t.n || c->t.p[c->i] != c->separator;
    if (c->i + 1 < c->t.n && c->t.p[c->i] == '\r' && c->t.p[c->i + 1] == '\n')
        c->i++;
    c->i += c->i < c->t.n;
    return cu_buf_err(&c->field) == CU_OK ? CU_OK : cu_fail(f, CU_TOO_BIG, "record %u has a field of more than %zu bytes", row + 1, CU_QCELL_MAX);
}

static cu_err records(csv *c, cell_list *l, cu_fault *f)
{
    for (uint32_t row = 0; c->i < c->t.n; row++) {
        bool last = false;
        for (uint32_t col = 0; !last; col++) {
            CU_TRY(field(c, row, &last, f));
            const cu_qcell cell = {.row = row, .col = col, .cols = 1, .rows = 1, .text = cu_buf_view(&c->field)};
            if (cell.text.n || !last || col)
                CU_TRY(cells_add(l, &cell, f));
        }
    }
    return CU_OK;
}

cu_err csv_read(cu_bytes file, cu_arena *a, cu_qdocument *d, cu_fault *f)
{
    size_t total = 0;
    cell_list l = {.a = a, .total = &total};
    csv c = {.field = CU_BUF(CU_QCELL_MAX)};
    CU_TRY(to_utf8(file, a, &c.t));
    if (memchr(c.t.p, 0, c.t.n))
        return cu_fail(f, CU_SYNTAX, "the file is no text: CSV, XLSX and DOCX can be read");
    c.separator = separator(&c.t);
    cu_err e = records(&c, &l, f);
    cu_buf_free(&c.field);
    d->tables[0] = (cu_qtable){.name = CU_LIT("CSV"), .cells = l.v, .n = l.n};
    d->tables_n = 1;
    return e;
}

cu_err cu_qtable_csv(cu_bytes file, cu_arena *a, cu_qtable *out, cu_fault *f)
{
    cu_qdocument d = {.form = CU_QFORM_CSV, .tables = out};
    return file.n > CU_QFILE_MAX ? cu_fail(f, CU_TOO_BIG, "the file has more than %zu MiB", CU_QFILE_MAX >> 20) : csv_read(file, a, &d, f);
}

void cu_qcsv_cell(cu_buf *b, cu_bytes text)
{
    cu_buf_byte(b, '"');
    if (text.n && memchr("=+-@\t\r|%", text.p[0], 8))
        cu_buf_byte(b, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            cu_buf_byte(b, '"');
        cu_buf_byte(b, text.p[i]);
    }
    cu_buf_byte(b, '"');
}
