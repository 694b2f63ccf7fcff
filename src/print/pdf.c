/* The document, from its title to the heads of the logs. */
#include "print/pdf.h"
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "comply/reports.h"
#include "sheet.h"
#include "table.h"

#define TEXT_MAX ((size_t)8 << 20)
#define LINKS_MAX 512u

typedef struct {
    sheet s;
    const json_t *doc;
    json_t *notes;      /* sources of figures, by number */
    cu_buf line;
    unsigned headings;
} printing;

static const char *text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static const sheet_face body = {.size = 9.5}, soft = {.size = 9.5, .soft = true}, fine = {.size = 8};

static void heading(printing *p, const char *number, const char *text)
{
    char name[24];
    cu_buf_reset(&p->line);
    cu_buf_fmt(&p->line, "%.20s%s%.300s", number, *number ? "  " : "", text);
    p->s.y += 14;
    sheet_room(&p->s, 70); /* never alone at the foot of a page */
    snprintf(name, sizeof name, "h%u", ++p->headings);
    sheet_dest(&p->s, name);
    char dest[40];
    snprintf(dest, sizeof dest, "dest='%s'", name);
    cairo_pdf_surface_add_outline(p->s.surface, CAIRO_PDF_OUTLINE_ROOT, cu_buf_cstr(&p->line), dest, CAIRO_PDF_OUTLINE_FLAG_OPEN);
    sheet_text(&p->s, "H2", cu_buf_cstr(&p->line), (sheet_face){.size = 12, .bold = true}, 0, NULL, 0);
    p->s.y += 4;
}

/* A figure is followed by the number of its source, which leads there. */
static void paragraph(printing *p, const json_t *runs)
{
    sheet_link links[LINKS_MAX];
    size_t n = 0, i;
    unsigned first = (unsigned)json_array_size(p->notes) + 1;
    json_t *r;
    char name[24];
    cu_buf_reset(&p->line);
    json_array_foreach((json_t *)(uintptr_t)runs, i, r) {
        cu_buf_str(&p->line, text_of(r, "t"));
        if (!json_object_get(r, "source") || n == LINKS_MAX)
            continue;
        json_array_append(p->notes, r);
        links[n].from = (unsigned)p->line.n;
        cu_buf_fmt(&p->line, "\xc2\xa0[%zu]", json_array_size(p->notes));
        links[n].from += 2; /* not the space */
        links[n].to = (unsigned)p->line.n;
        snprintf(links[n++].dest, sizeof links->dest, "s%zu", json_array_size(p->notes));
    }
    p->s.y += 4;
    sheet_room(&p->s, 30);
    for (size_t k = 0; k < n; k++) {
        snprintf(name, sizeof name, "f%zu", first + k);
        sheet_dest(&p->s, name);
    }
    sheet_text(&p->s, "P", cu_buf_cstr(&p->line), body, 0, links, n);
    p->s.y += 3;
}

static void said(printing *p, const char *label, const char *text)
{
    cu_buf_reset(&p->line);
    cu_buf_fmt(&p->line, "%s: %s", label, text);
    sheet_text(&p->s, "P", cu_buf_cstr(&p->line), fine, 0, NULL, 0);
    p->s.y += 2;
}

static void front(printing *p)
{
    cu_buf period CU_CLEAN_BUF = CU_BUF(256);
    sheet_text(&p->s, "H1", text_of(p->doc, "title"), (sheet_face){.size = 20, .bold = true}, 0, NULL, 0);
    p->s.y += 4;
    sheet_text(&p->s, "P", text_of(p->doc, "means"), soft, 0, NULL, 0);
    p->s.y += 8;
    sheet_text(&p->s, "P", "Draft from records. Nobody has signed it.", (sheet_face){.size = 9.5, .bold = true}, 0, NULL, 0);
    p->s.y += 8;
    said(p, "Of", text_of(p->doc, "organisation"));
    cu_buf_fmt(&period, "%.24s to %.24s", text_of(p->doc, "from"), text_of(p->doc, "to"));
    said(p, "Period", cu_buf_cstr(&period));
    said(p, "As of", text_of(p->doc, "as_of"));
    if (*p->s.mark)
        said(p, "Copy", p->s.mark);
}

static void sources(printing *p)
{
    json_t *x;
    size_t i;
    char name[24];
    cu_buf text CU_CLEAN_BUF = CU_BUF(TEXT_MAX);
    sheet_break(&p->s);
    heading(p, "", "Where each figure comes from");
    json_array_foreach(p->notes, i, x) {
        sheet_link back = {0};
        cu_buf_reset(&text);
        cu_buf_fmt(&text, "[%zu]", i + 1);
        back.to = (unsigned)text.n;
        snprintf(back.dest, sizeof back.dest, "f%zu", i + 1);
        cu_buf_str(&text, "  ");
        cu_paper_source(json_object_get(x, "source"), &text);
        sheet_room(&p->s, 24);
        snprintf(name, sizeof name, "s%zu", i + 1);
        sheet_dest(&p->s, name);
        sheet_text(&p->s, "P", cu_buf_cstr(&text), fine, 0, &back, 1);
        p->s.y += 2;
    }
}

static void heads(printing *p, const char *digest)
{
    json_t *x;
    size_t i;
    cu_buf text CU_CLEAN_BUF = CU_BUF(4096);
    heading(p, "", "The log it was read from");
    json_array_foreach(json_object_get(p->doc, "heads"), i, x) {
        cu_buf_reset(&text);
        cu_buf_fmt(&text, "%lld entries, root %.64s", (long long)json_integer_value(json_object_get(x, "size")), text_of(x, "root"));
        said(p, text_of(x, "log"), cu_buf_cstr(&text));
    }
    cu_buf_reset(&text);
    cu_buf_fmt(&text, "%.64s. The same period and moment give the same figures again: custos report make.", digest);
    said(p, "SHA-256 of this document as JSON", cu_buf_cstr(&text));
}

static void sections(printing *p)
{
    json_t *s, *x;
    size_t i, k;
    json_array_foreach(json_object_get(p->doc, "sections"), i, s) {
        heading(p, text_of(s, "number"), text_of(s, "heading"));
        json_array_foreach(json_object_get(s, "parts"), k, x) {
            if (p->s.full)
                return;
            if (!json_object_get(x, "table"))
                paragraph(p, json_object_get(x, "text"));
            else if (json_array_size(json_object_get(json_object_get(x, "table"), "rows")))
                table_put(&p->s, json_object_get(x, "table"));
            else
                sheet_text(&p->s, "P", text_of(json_object_get(x, "table"), "empty"), soft, 0, NULL, 0);
        }
    }
}

static void metadata(printing *p)
{
    char at[32];
    snprintf(at, sizeof at, "%.19sZ", text_of(p->doc, "as_of"));
    cairo_pdf_surface_set_metadata(p->s.surface, CAIRO_PDF_METADATA_TITLE, text_of(p->doc, "title"));
    cairo_pdf_surface_set_metadata(p->s.surface, CAIRO_PDF_METADATA_AUTHOR, text_of(p->doc, "organisation"));
    cairo_pdf_surface_set_metadata(p->s.surface, CAIRO_PDF_METADATA_SUBJECT, text_of(p->doc, "means"));
    cairo_pdf_surface_set_metadata(p->s.surface, CAIRO_PDF_METADATA_CREATOR, "Custos");
    cairo_pdf_surface_set_metadata(p->s.surface, CAIRO_PDF_METADATA_CREATE_DATE, at); /* of the document, so that it is the same again */
}

typedef struct {
    FILE *to;
} writing;

static cairo_status_t keep(void *arg, const unsigned char *data, unsigned n)
{
    writing *w = arg;
    return !w->to || fwrite(data, 1, n, w->to) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* How many pages there are is known when all are laid out: once for nobody, once for the file. */
static cu_err one_pass(const json_t *doc, const char *digest, const char *mark, FILE *out, unsigned *pages, cu_fault *f)
{
    writing w = {out};
    char foot[160];
    json_t *head = json_array_get(json_object_get(doc, "heads"), 0);
    printing p = {.doc = doc, .notes = json_array(), .line = CU_BUF(TEXT_MAX)};
    int n = snprintf(foot, sizeof foot, "Document %.16s", digest);
    if (head)
        snprintf(foot + n, sizeof foot - (size_t)n, ", log head %lld %.16s", (long long)json_integer_value(json_object_get(head, "size")), text_of(head, "root"));
    p.s = (sheet){.title = text_of(doc, "title"), .right = text_of(doc, "as_of"), .foot = foot, .mark = mark, .pages = *pages};
    bool ok = sheet_open(&p.s, keep, &w);
    metadata(&p);
    sheet_begin(&p.s, "Document");
    front(&p);
    sections(&p);
    sources(&p);
    heads(&p, digest);
    sheet_end(&p.s, "Document");
    *pages = p.s.page;
    sheet_close(&p.s);
    cairo_status_t status = cairo_surface_status(p.s.surface);
    cairo_surface_destroy(p.s.surface);
    json_decref(p.notes);
    cu_err e = cu_buf_err(&p.line);
    cu_buf_free(&p.line);
    if (p.s.full || e != CU_OK)
        return cu_fail(f, CU_TOO_BIG, "the report has more than %u pages or a text of more than %zu bytes; ask for a shorter period", CU_PDF_PAGES, TEXT_MAX);
    return ok && status == CAIRO_STATUS_SUCCESS ? CU_OK : cu_fail(f, CU_IO, "the PDF could not be written: %s", cairo_status_to_string(status));
}

cu_err cu_pdf_write(const json_t *doc, const char *digest, const char *mark, FILE *out, unsigned *pages, cu_fault *f)
{
    *pages = 0;
    if (!json_is_array(json_object_get(doc, "sections")))
        return cu_fail(f, CU_SYNTAX, "this is no report: an object with sections is expected (docs/formats/reports.md)");
    CU_TRY(one_pass(doc, digest, mark, NULL, pages, f));
    return one_pass(doc, digest, mark, out, pages, f);
}
