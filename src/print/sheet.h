/* A column of text on pages: where the pen stands, when a page is full, and what stands in the margins. */
#ifndef CUSTOS_PRINT_SHEET_H
#define CUSTOS_PRINT_SHEET_H

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdbool.h>
#include <stdio.h>

/* Points, 72 an inch. A4. */
#define SHEET_W 595.28
#define SHEET_H 841.89
#define SHEET_LEFT 45.0
#define SHEET_TOP 62.0
#define SHEET_BOTTOM (SHEET_H - 57.0)
#define SHEET_WIDTH (SHEET_W - 2 * SHEET_LEFT)

typedef struct {
    cairo_surface_t *surface;
    cairo_t *cr;
    PangoContext *context;
    double y;
    unsigned page, pages;            /* pages: of the whole, from a first pass; 0 in that pass */
    const char *title, *right, *foot, *mark;
    void (*again)(void *arg);        /* draws what stands at the head of a page that a break began; NULL: nothing */
    void *arg;
    bool full;                       /* more pages than may be */
} sheet;

/* Of a text, what leads elsewhere: bytes [from, to) to the destination with this name. */
typedef struct {
    unsigned from, to;
    char dest[24];
} sheet_link;

typedef struct {
    double size;
    bool bold, soft;
} sheet_face;

bool sheet_open(sheet *s, cairo_write_func_t write, void *arg);
void sheet_close(sheet *s);
void sheet_break(sheet *s);
void sheet_room(sheet *s, double height);   /* a new page when less is left */

/* Text is what people typed: never markup, control characters shown as ?. */
PangoLayout *sheet_layout(sheet *s, const char *text, sheet_face face, double width);
double sheet_height(PangoLayout *l);
void sheet_show(sheet *s, PangoLayout *l, double x, double y, bool soft);
/* A paragraph below the pen, across pages where it must, each part an element of this kind. */
void sheet_text(sheet *s, const char *tag, const char *text, sheet_face face, double x, const sheet_link *links, size_t links_n);
void sheet_dest(sheet *s, const char *name);
void sheet_begin(sheet *s, const char *tag);
void sheet_end(sheet *s, const char *tag);

#endif
