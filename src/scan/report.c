#include "report_form.h"
#include "report_writer.h"
#include <stdlib.h>
#include <string.h>

/* One entry a format, in one of two tables: those that write each finding as it comes, and those that
 * keep a state. */
static const cu_report_writer *const writers[CU_REPORT_COUNT] = {
    [CU_REPORT_TEXT] = &cu_report_text,
    [CU_REPORT_JSON] = &cu_report_json,
    [CU_REPORT_JSONL] = &cu_report_jsonl,
};
static const cu_report_form *const forms[CU_REPORT_COUNT] = {
    [CU_REPORT_SARIF] = &cu_report_sarif,
    [CU_REPORT_CSV] = &cu_report_csv,
    [CU_REPORT_HTML] = &cu_report_html,
};

cu_report_format cu_report_format_by_name(const char *name)
{
    static const char *const names[CU_REPORT_COUNT] = {"text", "json", "jsonl", "sarif", "csv", "html"};
    unsigned i = 0;
    while (i < CU_REPORT_COUNT && strcmp(names[i], name) != 0)
        i++;
    return (cu_report_format)i;
}

cu_err cu_report_new(const cu_report_options *o, cu_report **out)
{
    if ((unsigned)o->format >= CU_REPORT_COUNT)
        return CU_UNSUPPORTED;
    *out = calloc(1, sizeof **out);
    if (!*out)
        return CU_NOMEM;
    (*out)->o = *o;
    cu_err e = forms[o->format] ? forms[o->format]->open(o, &(*out)->own) : CU_OK;
    if (e != CU_OK) {
        free(*out);
        *out = NULL;
    }
    return e;
}

void cu_report_free(cu_report *r)
{
    if (!r)
        return;
    if (forms[r->o.format])
        forms[r->o.format]->close(r->own);
    else if (writers[r->o.format]->free)
        writers[r->o.format]->free(r);
    free(r);
}

cu_err cu_report_begin(cu_report *r, cu_buf *out)
{
    if (forms[r->o.format])
        return forms[r->o.format]->begin(r->own, out);
    const cu_report_writer *w = writers[r->o.format];
    return w->begin ? w->begin(r, out) : CU_OK;
}

cu_err cu_report_finding(cu_report *r, const cu_scan_finding *f, cu_buf *out)
{
    return forms[r->o.format] ? forms[r->o.format]->finding(r->own, f, out)
                              : writers[r->o.format]->finding(r, f, out);
}

bool cu_report_serial(const cu_report *r)
{
    return forms[r->o.format] ? forms[r->o.format]->serial : writers[r->o.format]->serial;
}

const char *cu_report_between(const cu_report *r)
{
    return forms[r->o.format] ? forms[r->o.format]->between : writers[r->o.format]->between;
}

cu_err cu_report_end(cu_report *r, const cu_scan_summary *s, cu_buf *out)
{
    if (forms[r->o.format])
        return forms[r->o.format]->end(r->own, s, out);
    const cu_report_writer *w = writers[r->o.format];
    return w->end ? w->end(r, s, out) : CU_OK;
}

/* U+0080 to U+009F, and the marks that turn the direction of writing (U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069). */
static bool harmful(const uint8_t *p, size_t n)
{
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    if (n != 3 || p[0] != 0xe2)
        return false;
    return (p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae))) ||
           (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

void cu_report_visible(cu_bytes t, cu_buf *out)
{
    for (size_t i = 0; i < t.n;) {
        if (t.p[i] < 0x80) {
            bool fine = (t.p[i] >= 0x20 && t.p[i] != 0x7f) || t.p[i] == '\t';
            cu_buf_byte(out, fine ? t.p[i] : '?');
            i++;
            continue;
        }
        size_t n = 2;
        while (n <= 4 && !(i + n <= t.n && cu_utf8_valid(cu_slice(t, i, i + n), NULL)))
            n++;
        if (n > 4 || harmful(t.p + i, n))
            cu_buf_byte(out, '?');
        else
            cu_buf_put(out, t.p + i, n);
        i += n > 4 ? 1 : n;
    }
}

void cu_report_name(const char *path, cu_buf *out)
{
    cu_buf escaped CU_CLEAN_BUF = CU_BUF((size_t)8 << 20);
    cu_buf_json_escape(&escaped, cu_str(path));
    cu_report_visible(cu_buf_view(&escaped), out);
}

void cu_report_line(const cu_report *r, const cu_scan_finding *f, cu_buf *out)
{
    cu_bytes t = f->line_text, value = cu_slice(t, f->in_line, f->in_line_end);
    size_t from = 0;
    while (from < f->in_line && (t.p[from] == ' ' || t.p[from] == '\t'))
        from++;
    cu_report_visible(cu_slice(t, from, f->in_line), out);
    if (f->in_line_end == f->in_line && f->type == CU_TYPE_CODE) {
        cu_report_visible(cu_slice(t, f->in_line, t.n), out);
        return;
    }
    if (r->o.values) {
        cu_report_visible(value, out);
    } else {
        size_t kept = f->value.n >= 12 ? 2 : 0;
        if (kept && (value.p[0] >= 0x80 || value.p[1] >= 0x80))
            kept = 0; /* no half of a character */
        cu_report_visible(cu_slice(value, 0, kept), out);
        cu_buf_str(out, "…");
    }
    cu_report_visible(cu_slice(t, f->in_line_end, t.n), out);
}
