#include "sheet.h"
#include <stdlib.h>
#include <string.h>
#include "print/pdf.h"

#define FONT "DejaVu Sans"

static void put_margins(sheet *s)
{
    char number[40];
    const sheet_face small = {.size = 7.5, .soft = true};
    PangoLayout *l = sheet_layout(s, s->title, small, SHEET_WIDTH);
    sheet_show(s, l, SHEET_LEFT, 30, true);
    g_object_unref(l);
    snprintf(number, sizeof number, "Page %u of %u", s->page, s->pages);
    const struct { const char *text; double y; } at_right[] = {{s->right, 30}, {number, SHEET_H - 36}};
    for (size_t i = 0; i < 2; i++) {
        l = sheet_layout(s, at_right[i].text, small, SHEET_WIDTH);
        pango_layout_set_alignment(l, PANGO_ALIGN_RIGHT);
        sheet_show(s, l, SHEET_LEFT, at_right[i].y, true);
        g_object_unref(l);
    }
    l = sheet_layout(s, s->foot, small, SHEET_WIDTH - 60);
    sheet_show(s, l, SHEET_LEFT, SHEET_H - 36, true);
    g_object_unref(l);
    l = sheet_layout(s, s->mark, (sheet_face){.size = 7.5, .bold = true}, SHEET_WIDTH);
    sheet_show(s, l, SHEET_LEFT, SHEET_H - 50, false);
    g_object_unref(l);
}

bool sheet_open(sheet *s, cairo_write_func_t write, void *arg)
{
    s->surface = cairo_pdf_surface_create_for_stream(write, arg, SHEET_W, SHEET_H);
    s->cr = cairo_create(s->surface);
    s->context = pango_cairo_create_context(s->cr);
    cairo_font_options_t *o = cairo_font_options_create();
    cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(s->context, o);
    cairo_font_options_destroy(o);
    s->page = 1;
    s->y = SHEET_TOP;
    put_margins(s);
    return cairo_status(s->cr) == CAIRO_STATUS_SUCCESS;
}

void sheet_close(sheet *s)
{
    g_object_unref(s->context);
    cairo_destroy(s->cr);
    cairo_surface_finish(s->surface);
}

void sheet_break(sheet *s)
{
    if (s->page >= CU_PDF_PAGES) {
        s->full = true; /* what follows is written over this page, and the whole is refused */
        s->y = SHEET_TOP;
        return;
    }
    cairo_show_page(s->cr);
    s->page++;
    s->y = SHEET_TOP;
    put_margins(s);
    if (s->again)
        s->again(s->arg);
}

void sheet_room(sheet *s, double height)
{
    if (s->y + height > SHEET_BOTTOM)
        sheet_break(s);
}

/* Controls would show as boxes or turn the direction of what follows. */
static char *shown(const char *text)
{
    char *out = strdup(text ? text : "");
    for (unsigned char *p = (unsigned char *)out; p && *p; p++) {
        bool turns = p[0] == 0xE2 && p[1] == 0x80 && ((p[2] >= 0x8E && p[2] <= 0x8F) || (p[2] >= 0xA8 && p[2] <= 0xAE));
        bool isolates = p[0] == 0xE2 && p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9;
        if ((*p < ' ' && *p != '\n') || *p == 0x7f)
            *p = '?';
        else if (turns || isolates)
            memcpy(p, "???", 3);
    }
    return out;
}

/* What is broken because it is long is an id or a digest: no hyphen may come into it. */
static void set_attributes(PangoLayout *l, const sheet_link *links, size_t n)
{
    PangoAttrList *list = pango_attr_list_new();
    pango_attr_list_insert(list, pango_attr_insert_hyphens_new(FALSE));
    for (size_t i = 0; i < n; i++) {
        PangoAttribute *a = pango_attr_weight_new(PANGO_WEIGHT_BOLD);
        a->start_index = links[i].from;
        a->end_index = links[i].to;
        pango_attr_list_insert(list, a);
    }
    pango_layout_set_attributes(l, list);
    pango_attr_list_unref(list);
}

PangoLayout *sheet_layout(sheet *s, const char *text, sheet_face face, double width)
{
    PangoLayout *l = pango_layout_new(s->context);
    PangoFontDescription *d = pango_font_description_from_string(FONT);
    char *plain = shown(text);
    pango_font_description_set_absolute_size(d, face.size * PANGO_SCALE);
    pango_font_description_set_weight(d, face.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(l, d);
    pango_font_description_free(d);
    pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_width(l, width < 0 ? -1 : (int)(width * PANGO_SCALE));
    pango_layout_set_spacing(l, (int)(face.size * 0.25 * PANGO_SCALE));
    pango_layout_set_auto_dir(l, FALSE);
    set_attributes(l, NULL, 0);
    pango_layout_set_text(l, plain ? plain : "", -1);
    free(plain);
    return l;
}

double sheet_height(PangoLayout *l)
{
    int h;
    pango_layout_get_size(l, NULL, &h);
    return (double)h / PANGO_SCALE;
}

static void ink(sheet *s, bool soft)
{
    double v = soft ? 0.27 : 0;
    cairo_set_source_rgb(s->cr, v, v, v);
}

void sheet_show(sheet *s, PangoLayout *l, double x, double y, bool soft)
{
    ink(s, soft);
    cairo_move_to(s->cr, x, y);
    pango_cairo_show_layout(s->cr, l);
}

void sheet_begin(sheet *s, const char *tag)
{
    cairo_tag_begin(s->cr, tag, NULL);
}

void sheet_end(sheet *s, const char *tag)
{
    cairo_tag_end(s->cr, tag);
}

void sheet_dest(sheet *s, const char *name)
{
    char text[80];
    snprintf(text, sizeof text, "name='%s' x=%d y=%d internal", name, (int)SHEET_LEFT, (int)s->y - 10);
    cairo_tag_begin(s->cr, CAIRO_TAG_DEST, text);
    cairo_tag_end(s->cr, CAIRO_TAG_DEST);
}

/* --- a paragraph --- */

static const sheet_link *link_at(const sheet_link *links, size_t n, unsigned at)
{
    for (size_t i = 0; i < n; i++)
        if (at >= links[i].from && at < links[i].to)
            return &links[i];
    return NULL;
}

/* Runs end where a link does, because each link is a run with a weight of its own (bold). */
static void show_run(sheet *s, PangoLayout *l, PangoGlyphItem *run, double x, double y, const sheet_link *link)
{
    char attributes[48];
    const char *tag = link ? CAIRO_TAG_LINK : "Span";
    snprintf(attributes, sizeof attributes, "dest='%s'", link ? link->dest : "");
    cairo_tag_begin(s->cr, tag, link ? attributes : NULL);
    cairo_move_to(s->cr, x, y);
    pango_cairo_show_glyph_item(s->cr, pango_layout_get_text(l), run);
    cairo_tag_end(s->cr, tag);
}

static void show_line(sheet *s, PangoLayout *l, PangoLayoutIter *at, double x, double shift, const sheet_link *links, size_t n)
{
    PangoLayoutLine *line = pango_layout_iter_get_line_readonly(at);
    double base = (double)pango_layout_iter_get_baseline(at) / PANGO_SCALE + shift, pen = x;
    for (GSList *r = line->runs; r; r = r->next) {
        PangoGlyphItem *run = r->data;
        show_run(s, l, run, pen, base, link_at(links, n, (unsigned)run->item->offset));
        pen += (double)pango_glyph_string_get_width(run->glyphs) / PANGO_SCALE;
    }
}

/* As many lines as the page holds, from the one that `at` stands at; false: none is left. */
static bool show_lines(sheet *s, const char *tag, PangoLayout *l, PangoLayoutIter *at, double x, const sheet_link *links, size_t n)
{
    PangoRectangle box;
    bool more = true;
    pango_layout_iter_get_line_extents(at, NULL, &box);
    double from = (double)box.y / PANGO_SCALE, shift = s->y - from, low = s->y;
    sheet_begin(s, tag);
    while (more) {
        pango_layout_iter_get_line_extents(at, NULL, &box);
        double bottom = (double)(box.y + box.height) / PANGO_SCALE + shift;
        if (bottom > SHEET_BOTTOM && low > s->y)
            break;
        show_line(s, l, at, x, shift, links, n);
        low = bottom;
        more = pango_layout_iter_next_line(at);
    }
    sheet_end(s, tag);
    s->y = low;
    return more;
}

void sheet_text(sheet *s, const char *tag, const char *text, sheet_face face, double x, const sheet_link *links, size_t links_n)
{
    PangoLayout *l = sheet_layout(s, text, face, SHEET_WIDTH - x);
    set_attributes(l, links, links_n);
    PangoLayoutIter *at = pango_layout_get_iter(l);
    ink(s, face.soft);
    sheet_room(s, face.size * 1.5);
    while (show_lines(s, tag, l, at, SHEET_LEFT + x, links, links_n)) {
        sheet_break(s);
        ink(s, face.soft);
        if (s->full)
            break;
    }
    pango_layout_iter_free(at);
    g_object_unref(l);
}
