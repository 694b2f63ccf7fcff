#include "table.h"
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "comply/reports.h"

#define GAP 6.0
#define PAD 3.0
#define LOOKED_AT 300u  /* rows, for the widths */
#define NARROW 24.0
#define CELL_MAX 65536u /* bytes */
#define PIECE_MAX 8000u /* bytes of a cell that are laid out at a time, more than a page holds: a word without an end takes the square of its length */

typedef struct {
    sheet *s;
    const json_t *table;
    size_t n;
    double x[TABLE_COLUMNS], w[TABLE_COLUMNS];
    cu_buf source;
} grid;

static const sheet_face head_face = {.size = 7.5, .bold = true}, cell_face = {.size = 7.5};

/* The last column says where the row stands in the log. */
static const char *cell_of(grid *g, const json_t *row, size_t i)
{
    if (i + 1 < g->n) {
        const char *text = json_string_value(json_array_get(json_object_get(row, "cells"), i));
        return text ? text : "";
    }
    cu_buf_reset(&g->source);
    if (json_object_get(row, "source"))
        cu_paper_source(json_object_get(row, "source"), &g->source);
    return cu_buf_cstr(&g->source);
}

static void name_of(const grid *g, size_t i, char out[80])
{
    const char *name = json_string_value(json_array_get(json_object_get(g->table, "columns"), i));
    snprintf(out, 80, "%.79s", i + 1 < g->n && name ? name : "record");
    for (char *c = out; *c; c++)
        *c = *c == '_' ? ' ' : *c;
}

static double natural(sheet *s, const char *text, sheet_face face)
{
    int w;
    PangoLayout *l = sheet_layout(s, text, face, -1);
    pango_layout_get_size(l, &w, NULL);
    g_object_unref(l);
    return (double)w / PANGO_SCALE + 1;
}

/* Columns that need less than an even share keep what they need; the others share the rest evenly. */
static void share(grid *g, double room)
{
    bool fixed[TABLE_COLUMNS] = {false};
    size_t open = g->n;
    for (bool again = true; again && open;) {
        again = false;
        for (size_t i = 0; i < g->n; i++)
            if (!fixed[i] && g->w[i] <= room / (double)open) {
                fixed[i] = again = true;
                room -= g->w[i];
                open--;
                break;
            }
    }
    for (size_t i = 0; i < g->n; i++)
        if (!fixed[i])
            g->w[i] = room / (double)open > NARROW ? room / (double)open : NARROW;
}

static void set_widths(grid *g)
{
    char name[80];
    json_t *rows = json_object_get(g->table, "rows"), *row;
    size_t k;
    for (size_t i = 0; i < g->n; i++) {
        name_of(g, i, name);
        g->w[i] = natural(g->s, name, head_face);
    }
    json_array_foreach(rows, k, row)
        for (size_t i = 0; i < g->n && k < LOOKED_AT; i++) {
            const char *text = cell_of(g, row, i);
            double w = strlen(text) > 400 ? SHEET_WIDTH : natural(g->s, text, cell_face);
            g->w[i] = w > g->w[i] ? w : g->w[i];
        }
    share(g, SHEET_WIDTH - GAP * (double)(g->n - 1));
    for (size_t i = 0; i < g->n; i++)
        g->x[i] = i ? g->x[i - 1] + g->w[i - 1] + GAP : SHEET_LEFT;
}

static void rule(sheet *s, double y, double grey)
{
    cairo_set_source_rgb(s->cr, grey, grey, grey);
    cairo_set_line_width(s->cr, 0.5);
    cairo_move_to(s->cr, SHEET_LEFT, y);
    cairo_line_to(s->cr, SHEET_LEFT + SHEET_WIDTH, y);
    cairo_stroke(s->cr);
}

/* A row that is higher than a page goes on with the lines that are left, as a row of its own. */
static void put_row(grid *g, PangoLayout *const *cells, bool is_head, bool tagged)
{
    double high = 0;
    for (size_t i = 0; i < g->n; i++)
        high = sheet_height(cells[i]) > high ? sheet_height(cells[i]) : high;
    if (!is_head)
        sheet_room(g->s, high + 2 * PAD);
    if (tagged)
        sheet_begin(g->s, "TR");
    for (size_t i = 0; i < g->n; i++) {
        if (tagged)
            sheet_begin(g->s, is_head ? "TH" : "TD");
        sheet_show(g->s, cells[i], g->x[i], g->s->y + PAD, false);
        if (tagged)
            sheet_end(g->s, is_head ? "TH" : "TD");
    }
    if (tagged)
        sheet_end(g->s, "TR");
    g->s->y += high + 2 * PAD;
    rule(g->s, g->s->y, is_head ? 0.2 : 0.75);
}

static void put_head(grid *g, bool tagged)
{
    PangoLayout *cells[TABLE_COLUMNS];
    char name[80];
    for (size_t i = 0; i < g->n; i++) {
        name_of(g, i, name);
        cells[i] = sheet_layout(g->s, name, head_face, g->w[i]);
    }
    put_row(g, cells, true, tagged);
    for (size_t i = 0; i < g->n; i++)
        g_object_unref(cells[i]);
}

static void head_again(void *arg)
{
    put_head(arg, false); /* once is enough for who listens */
}

/* Bytes of a cell that fit below each other into so much height; at least one line. */
static size_t fits(PangoLayout *l, double height)
{
    PangoLayoutIter *at = pango_layout_get_iter(l);
    PangoRectangle box;
    size_t end = strlen(pango_layout_get_text(l));
    bool first = true;
    do {
        pango_layout_iter_get_line_extents(at, NULL, &box);
        if (!first && (double)(box.y + box.height) / PANGO_SCALE > height) {
            end = (size_t)pango_layout_iter_get_index(at);
            break;
        }
        first = false;
    } while (pango_layout_iter_next_line(at));
    pango_layout_iter_free(at);
    return end;
}

static char *piece(const char *text, size_t most)
{
    size_t n = strnlen(text, most);
    while (text[n] && n && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return strndup(text, n);
}

/* Cells of one row, in as many pieces as pages need. */
static void put_cells(grid *g, char *text[TABLE_COLUMNS])
{
    const double most = SHEET_BOTTOM - SHEET_TOP - 60;
    size_t done[TABLE_COLUMNS] = {0};
    for (bool more = true; more && !g->s->full;) {
        PangoLayout *cells[TABLE_COLUMNS];
        more = false;
        for (size_t i = 0; i < g->n; i++) {
            char *part = piece(text[i] + done[i], PIECE_MAX);
            cells[i] = sheet_layout(g->s, part, cell_face, g->w[i]);
            size_t take = fits(cells[i], most);
            if (part && part[take]) {
                part[take] = 0;
                g_object_unref(cells[i]);
                cells[i] = sheet_layout(g->s, part, cell_face, g->w[i]);
            }
            free(part);
            done[i] += take;
            more |= text[i][done[i]] != 0;
        }
        put_row(g, cells, false, true);
        for (size_t i = 0; i < g->n; i++)
            g_object_unref(cells[i]);
    }
}

void table_put(sheet *s, const json_t *table)
{
    grid g = {.s = s, .table = table, .n = json_array_size(json_object_get(table, "columns")) + 1, .source = CU_BUF(CELL_MAX)};
    json_t *row;
    size_t k;
    g.n = g.n > TABLE_COLUMNS ? TABLE_COLUMNS : g.n;
    set_widths(&g);
    s->y += 4;
    sheet_room(s, 60);
    sheet_begin(s, "Table");
    put_head(&g, true);
    s->again = head_again;
    s->arg = &g;
    json_array_foreach(json_object_get(table, "rows"), k, row) {
        char *text[TABLE_COLUMNS];
        bool ok = true;
        for (size_t i = 0; i < g.n; i++)
            ok &= (text[i] = strdup(cell_of(&g, row, i))) != NULL;
        if (ok && !s->full)
            put_cells(&g, text);
        for (size_t i = 0; i < g.n; i++)
            free(text[i]);
    }
    s->again = NULL;
    sheet_end(s, "Table");
    s->y += 6;
    cu_buf_free(&g.source);
}
